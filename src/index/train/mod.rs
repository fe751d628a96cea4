//! Training the ranking head on judged queries, or on feedback, of the notes in the index.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | trains, asks the gate, installs |
//! | `judged.rs` | what training is given and what it says; which queries only the gate sees |
//! | `lists.rs` | judged queries to candidates with features and grades |
//! | `choices.rs` | feedback to judged queries |

mod choices;
mod judged;
mod lists;

pub use judged::{Judged, TrainOptions, TrainReport};
pub(super) use judged::{decides, is_of_query, worth};

use super::Index;
use super::commit::Commit;
use super::snapshot::Snapshot;
use super::writer::Writer;
use crate::error::{Error, Result};
use crate::query::Cancel;
use crate::rank::gate::judge;
use crate::rank::train::{Reinforced, Report, Reward, Split, Supervised, reinforce_until, split, supervise_until};
use crate::rank::{Head, List, RankError, Schema, Shape};
use crate::segment::store_head;

/// The share of the queries that only the gate sees, where these are so few that one side would have none.
const GATE_SHARE: f64 = 0.3;
/// So few queries decide nothing, whatever part of them judges.
const FEW: usize = 20;
/// The share of the others that says when to stop.
const STOP_SHARE: f64 = 0.2;

impl Index {
    /// Commits what is written, trains a ranking head on judged queries, and puts it in the place of the present one if it is
    /// better on queries held out, by nDCG@10 and beyond chance (paired bootstrap, 95 %). The report says what came of it.
    ///
    /// `cancel` stops it with nothing changed but the first commit.
    ///
    /// # Errors
    /// [`Error::Rank`] where there is nothing to learn from, [`Error::Cancelled`], and those of [`Index::commit`].
    pub fn train(&self, judged: &[Judged], options: &TrainOptions, cancel: Option<&Cancel>) -> Result<TrainReport> {
        self.write(|writer| writer.train(judged, options, cancel))
    }

    /// As [`Index::train`], on the feedback in the index, with each choice weighted by how few look at the place it had.
    ///
    /// # Errors
    /// As [`Index::train`].
    pub fn train_on_feedback(&self, options: &TrainOptions, cancel: Option<&Cancel>) -> Result<TrainReport> {
        self.write(|writer| {
            let judged = writer.chosen()?;
            writer.train(&judged, options, cancel)
        })
    }

    /// Puts a head in the place of the present one, whatever it is worth, and commits.
    ///
    /// # Errors
    /// Those of [`Index::commit`].
    pub fn install_head(&self, head: &Head) -> Result<Commit> {
        self.write(|writer| writer.install_head(head))
    }

    /// Goes back to the head that comes with the library, and commits.
    ///
    /// # Errors
    /// Those of [`Index::commit`].
    pub fn remove_head(&self) -> Result<Commit> {
        self.write(Writer::remove_head)
    }
}

impl Writer {
    /// Commits what is written, trains a head, and installs it with a second commit if it is better than the present one.
    fn train(&mut self, judged: &[Judged], options: &TrainOptions, cancel: Option<&Cancel>) -> Result<TrainReport> {
        self.flush()?;
        self.publish()?;
        let snapshot = Snapshot::new(&self.shared);
        // Tables have what either head reads: the fields asked for, and those of the present head after them.
        let asked = Schema::built_in().with_fields(&options.fields)?;
        let schema = match snapshot.state.head() {
            Some(head) => head.over(&asked)?.schema().clone(),
            None => asked.clone(),
        };
        let mut graded = snapshot.lists_until(judged, &schema, 0, cancel)?;
        graded.retain(|(_, list)| list.orders_differ());
        let (deciding, lists): (Vec<bool>, Vec<List>) =
            graded.into_iter().map(|(judged, list)| (decides(&judged.query), list)).unzip();
        let unused = judged.len().saturating_sub(lists.len());
        let present = snapshot.state.head().map(|head| head.over(&schema)).transpose()?;
        let names: Vec<&str> = asked.features().iter().map(|feature| feature.name.as_str()).collect();
        let reads = |head: &Head, field: &str| head.features().any(|read| read.strip_prefix("field:") == Some(field));
        // A head cannot learn to read other fields: one that is to starts from nothing.
        let start = match &present {
            Some(head) if options.fields.iter().all(|field| reads(head, field)) => head.clone(),
            _ => Head::untrained(&schema, &names, Shape::default(), options.seed)?,
        };
        let outer = parts(&deciding, &lists, options.seed);
        let cancelled = || cancel.is_some_and(Cancel::is_cancelled);
        let (head, stages) = train(&start.trained_on(&options.data), &lists, &outer, options.seed, &cancelled)?;
        if cancelled() {
            return Err(Error::Cancelled);
        }
        let verdict = judge(present.as_ref(), &head, &lists, &outer.held_out, Reward::default(), options.seed)?;
        let installed = verdict.passes();
        if installed {
            // What was left out of notes is for the next report of a commit: this call makes none.
            self.skipped = self.install_head(&head)?.skipped;
        }
        Ok(TrainReport { installed, verdict, stages, unused })
    }

    /// Puts a head in the place of the present one, and commits.
    fn install_head(&mut self, head: &Head) -> Result<Commit> {
        self.flush()?;
        let bytes = head.to_bytes()?;
        let storage = self.shared.storage.as_ref();
        let file = store_head(storage, self.manifest.index_id, self.next_file, &bytes)?;
        self.next_file += 1;
        self.publish_with(|manifest| manifest.head = Some(file))?;
        Ok(self.report())
    }

    /// Goes back to the head of this build, and commits.
    fn remove_head(&mut self) -> Result<Commit> {
        self.flush()?;
        self.publish_with(|manifest| manifest.head = None)?;
        Ok(self.report())
    }
}

/// The lists to learn from and those that only the gate sees.
fn parts(deciding: &[bool], lists: &[List], seed: u64) -> Split {
    let of =
        |side: bool| deciding.iter().enumerate().filter(|(_, decides)| **decides == side).map(|(at, _)| at).collect();
    let parts = Split { train: of(false), held_out: of(true) };
    let one_sided = parts.train.is_empty() || parts.held_out.is_empty();
    // The report has figures then, if none that install a head.
    if one_sided && lists.len() < FEW { split(lists, GATE_SHARE, seed) } else { parts }
}

/// Both stages on the part of the lists that the gate does not see.
fn train(
    start: &Head,
    lists: &[List],
    outer: &Split,
    seed: u64,
    cancelled: &dyn Fn() -> bool,
) -> Result<(Head, Vec<Report>), RankError> {
    let learning: Vec<List> = outer.train.iter().filter_map(|number| lists.get(*number).cloned()).collect();
    let inner = split(&learning, STOP_SHARE, seed);
    let settings = Supervised { seed, ..Supervised::default() };
    let (first, supervised) = supervise_until(start, (&learning, &inner), &settings, cancelled)?;
    let settings = Reinforced { seed, ..Reinforced::default() };
    let (second, reinforced) = reinforce_until(&first, (&learning, &inner), &settings, cancelled)?;
    Ok((second, vec![supervised, reinforced]))
}
