//! Training the ranking head on judged queries, or on feedback, of the notes in the index.

use super::Index;
use super::commit::Commit;
use super::feedback::query_of;
use super::snapshot::Snapshot;
use super::target::target;
use super::writer::Writer;
use crate::error::{Error, Result};
use crate::query::{Cancel, Contest, Mode, Query, SearchOptions, contest};
use crate::rank::clicks::{Event, Propensity};
use crate::rank::gate::{Verdict, judge};
use crate::rank::train::{Reinforced, Report, Reward, Split, Supervised, reinforce_until, split, supervise_until};
use crate::rank::{Head, List, RankError, Schema, Shape};
use crate::segment::{load_feedback, store_head};
use index_format::EventRecord;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The share of the queries that only the gate sees.
const GATE_SHARE: f64 = 0.3;
/// The share of the others that says when to stop.
const STOP_SHARE: f64 = 0.2;

/// A query and how good notes are for it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Judged {
    /// The query.
    pub query: Query,
    /// Ids of notes with their grades: 0 is of no use, more is better. A note that is not named has grade 0.
    pub grades: Vec<(String, f32)>,
}

impl Judged {
    /// A query with graded notes.
    pub fn new<I: Into<String>>(query: impl Into<Query>, grades: impl IntoIterator<Item = (I, f32)>) -> Self {
        Self { query: query.into(), grades: grades.into_iter().map(|(id, grade)| (id.into(), grade)).collect() }
    }
}

/// How to train.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TrainOptions {
    /// What the judgments are called in the record that the head or the adapter keeps.
    pub data: String,
    /// Numeric fields of notes that the head may look at, besides what it looks at anyway.
    pub fields: Vec<String>,
    /// Everything random follows from this.
    pub seed: u64,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { data: "judgments".to_owned(), fields: Vec::new(), seed: 1 }
    }
}

impl TrainOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the judgments.
    #[must_use]
    pub fn data(mut self, name: impl Into<String>) -> Self {
        self.data = name.into();
        self
    }

    /// Lets the head look at a numeric field.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.fields.push(name.into());
        self
    }

    /// Seeds everything random.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// What a training did.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TrainReport {
    /// Whether the new head is in use now: only if it is better than the present one beyond chance.
    pub installed: bool,
    /// The new head against the present one on queries that neither stage has seen.
    pub verdict: Verdict,
    /// The two stages: supervised, then by reward.
    pub stages: Vec<Report>,
    /// Queries that were of no use: what they ask cannot be asked of this index, or nothing good for them is in it.
    pub unused: usize,
}

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

impl Snapshot {
    /// What a head learns from: for each query the candidates, their features and their grades. The features are those that
    /// any head can read, and `fields` of the notes. Queries that cannot be asked of this index are left out. `group` tells
    /// the lists of several collections apart.
    ///
    /// # Errors
    /// [`Error::Rank`] for fields that cannot be features; damage met on the way.
    pub fn lists(&self, judged: &[Judged], fields: &[String], group: u32) -> Result<Vec<List>> {
        self.lists_until(judged, &Schema::built_in().with_fields(fields)?, group, None)
    }

    fn lists_until(
        &self,
        judged: &[Judged],
        schema: &Schema,
        group: u32,
        cancel: Option<&Cancel>,
    ) -> Result<Vec<List>> {
        let list = |judged| match self.list(judged, schema, group) {
            _ if cancel.is_some_and(Cancel::is_cancelled) => Some(Err(Error::Cancelled)),
            Ok(list) => Some(Ok(list)),
            Err(error @ (Error::Damaged { .. } | Error::Rank(_))) => Some(Err(error)),
            Err(error) => {
                tracing::debug!(%error, "a judged query is left out");
                None
            }
        };
        judged.par_iter().filter_map(list).collect()
    }

    fn list(&self, judged: &Judged, schema: &Schema, group: u32) -> Result<List> {
        let options = SearchOptions::new().mode(Mode::Ranked);
        let Contest { table, ids } =
            contest(&self.scope(), &target(self, &judged.query, options.mode)?, &options, schema)?;
        let mut grades: HashMap<&str, f32> = judged.grades.iter().map(|(id, grade)| (id.as_str(), *grade)).collect();
        let found = ids.iter().map(|id| grades.remove(id.as_str()).unwrap_or(0.0)).collect();
        let left_out = |id: &str| judged.query.except.iter().any(|except| except == id);
        grades.retain(|id, grade| *grade > 0.0 && !left_out(id));
        let mut unretrieved: Vec<f32> = grades.into_values().collect();
        unretrieved.sort_unstable_by(f32::total_cmp);
        Ok(List { table, grades: found, unretrieved, teacher: None, group })
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
        let mut lists = snapshot.lists_until(judged, &schema, 0, cancel)?;
        lists.retain(List::orders_differ);
        let unused = judged.len().saturating_sub(lists.len());
        let present = snapshot.state.head().map(|head| head.over(&schema)).transpose()?;
        let names: Vec<&str> = asked.features().iter().map(|feature| feature.name.as_str()).collect();
        let reads = |head: &Head, name: &str| head.features().any(|read| read == name);
        // A head cannot learn to read other fields: one that is to starts from nothing.
        let start = match &present {
            Some(head)
                if asked.features().iter().all(|wanted| wanted.field().is_none() || reads(head, &wanted.name)) =>
            {
                head.clone()
            }
            _ => Head::untrained(&schema, &names, Shape::default(), options.seed)?,
        };
        let outer = split(&lists, GATE_SHARE, options.seed);
        let cancelled = || cancel.is_some_and(Cancel::is_cancelled);
        let (head, stages) = train(&start.trained_on(&options.data), &lists, &outer, options.seed, &cancelled)?;
        if cancelled() {
            return Err(Error::Cancelled);
        }
        let verdict = judge(present.as_ref(), &head, &lists, &outer.held_out, Reward::default(), options.seed)?;
        let installed = verdict.passes();
        if installed {
            self.install_head(&head)?;
        }
        Ok(TrainReport { installed, verdict, stages, unused })
    }

    /// The feedback in the index as judgments: a choice counts the more, the fewer people look at where it stood.
    pub(super) fn chosen(&self) -> Result<Vec<Judged>> {
        let storage = self.shared.storage.as_ref();
        let mut events = Vec::new();
        for file in &self.manifest.feedback {
            events.extend(load_feedback(storage, self.manifest.index_id, file)?.events);
        }
        events.extend(self.events.iter().cloned());
        let shown: Vec<Event<&str>> = events.iter().map(seen).collect();
        let propensity = Propensity::estimate(&shown, Propensity::default().greatest).unwrap_or_default();
        // Events of one query are one list: what learns from some of them must not be judged by the others.
        let mut queries: BTreeMap<u64, (&EventRecord, Vec<(&str, f32)>)> = BTreeMap::new();
        for (event, seen) in events.iter().zip(&shown) {
            let (_, grades) = queries.entry(seen.query).or_insert_with(|| (event, Vec::new()));
            grades.extend(seen.shown.iter().copied().zip(propensity.grades(seen)));
        }
        Ok(queries.into_values().map(|(event, grades)| Judged::new(query_of(event), means(grades))).collect())
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

/// The mean grade of each note.
fn means(mut grades: Vec<(&str, f32)>) -> Vec<(&str, f32)> {
    grades.sort_by_key(|(id, _)| *id);
    let mean = |of: &[(&str, f32)]| of.iter().map(|(_, grade)| grade).sum::<f32>() / of.len() as f32;
    let notes = grades.chunk_by(|left, right| left.0 == right.0);
    notes.filter_map(|of| Some((of.first()?.0, mean(of)))).collect()
}

/// What somebody looked at. Equal queries have equal numbers.
fn seen(event: &EventRecord) -> Event<&str> {
    let mut hasher = DefaultHasher::new();
    format!("{:?}", event.terms).hash(&mut hasher);
    let chosen = event.chosen.iter().filter_map(|place| event.shown.get(*place as usize));
    Event {
        query: hasher.finish(),
        shown: event.shown.iter().map(String::as_str).collect(),
        chosen: chosen.map(String::as_str).collect(),
    }
}
