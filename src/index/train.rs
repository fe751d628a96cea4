//! Training the ranking head on judged queries, or on feedback, of the notes in the index.

use super::commit::Commit;
use super::feedback::query_of;
use super::snapshot::Snapshot;
use super::target::target;
use super::writer::Writer;
use crate::error::{Error, Result};
use crate::query::{Contest, Mode, Query, SearchOptions, contest};
use crate::rank::gate::{Verdict, gate};
use crate::rank::train::{Reinforced, Report, Supervised, reinforce, split, supervise};
use crate::rank::{Head, List, RankError, Schema, Shape};
use crate::segment::{load_feedback, store_head};
use rayon::prelude::*;
use std::collections::HashMap;

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
    /// What the judgments are called in the record that the head keeps.
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

impl Snapshot {
    /// The lists that a head with this schema would learn from. Queries that cannot be asked are left out.
    pub(super) fn lists(&self, judged: &[Judged], schema: &Schema, group: u32) -> Vec<List> {
        judged.par_iter().filter_map(|judged| self.list(judged, schema, group).ok()).collect()
    }

    fn list(&self, judged: &Judged, schema: &Schema, group: u32) -> Result<List> {
        let options = SearchOptions::new().mode(Mode::Ranked);
        let Contest { table, ids } = contest(&self.scope(), &target(self, &judged.query)?, &options, schema)?;
        let mut grades: HashMap<&str, f32> = judged.grades.iter().map(|(id, grade)| (id.as_str(), *grade)).collect();
        let found = ids.iter().map(|id| grades.remove(id.as_str()).unwrap_or(0.0)).collect();
        let left_out = |id: &&str| judged.query.except.iter().any(|except| except == id);
        grades.retain(|id, grade| *grade > 0.0 && !left_out(&id));
        let mut unretrieved: Vec<f32> = grades.into_values().collect();
        unretrieved.sort_unstable_by(f32::total_cmp);
        Ok(List { table, grades: found, unretrieved, teacher: None, group })
    }

    /// The feedback in the index as judgments.
    pub(super) fn chosen(&self) -> Result<Vec<Judged>> {
        let mut judged = Vec::new();
        for file in &self.state.manifest.feedback {
            for event in load_feedback(self.storage.as_ref(), self.state.manifest.index_id, file)?.events {
                let weights = crate::rank::clicks::weights(event.shown.len(), &event.chosen);
                let grades = event.shown.iter().cloned().zip(weights).filter(|(_, weight)| *weight > 0.0);
                judged.push(Judged { query: query_of(&event), grades: grades.collect() });
            }
        }
        Ok(judged)
    }
}

impl Writer {
    /// Commits what is written, trains a head, and installs it with a second commit if it is better than the present one.
    pub(super) fn train(&mut self, judged: &[Judged], options: &TrainOptions) -> Result<TrainReport> {
        self.flush()?;
        self.publish()?;
        let snapshot = Snapshot::new(&self.shared);
        let present = snapshot.state.head();
        let schema = Schema::built_in().with_fields(&options.fields)?;
        let lists: Vec<List> = snapshot.lists(judged, &schema, 0);
        let lists: Vec<List> = lists.into_iter().filter(List::orders_differ).collect();
        let unused = judged.len() - lists.len();
        let start = present.for_schema(&schema, options.seed)?;
        let (head, stages, judging) = train(&start, &lists, options)?;
        let verdict = gate(&head, Some(&present), &judging, options.seed)?;
        let installed = verdict.passed;
        if installed {
            self.install_head(&head)?;
        }
        Ok(TrainReport { installed, verdict, stages, unused })
    }

    /// Puts a head in the place of the present one, and commits.
    pub(super) fn install_head(&mut self, head: &Head) -> Result<Commit> {
        self.flush()?;
        let bytes = head.to_bytes()?;
        let storage = self.shared.storage.as_ref();
        let file = store_head(storage, self.manifest.index_id, self.next_file, &bytes)?;
        self.next_file += 1;
        self.publish_with(|manifest| manifest.head = Some(file))?;
        Ok(self.report())
    }

    /// Goes back to the head of this build, and commits.
    pub(super) fn remove_head(&mut self) -> Result<Commit> {
        self.flush()?;
        self.publish_with(|manifest| manifest.head = None)?;
        Ok(self.report())
    }
}

/// Both stages on a part of the lists; the lists of the other part, for the gate.
fn train(start: &Head, lists: &[List], options: &TrainOptions) -> Result<(Head, Vec<Report>, Vec<List>), RankError> {
    let outer = split(lists, GATE_SHARE, options.seed);
    let taken = |numbers: &[usize]| -> Vec<List> { numbers.iter().filter_map(|number| lists.get(*number).cloned()).collect() };
    let (learning, judging) = (taken(&outer.train), taken(&outer.held_out));
    let inner = split(&learning, STOP_SHARE, options.seed);
    let settings = Supervised { seed: options.seed, ..Supervised::default() };
    let (first, supervised) = supervise(start, &learning, &inner, &settings)?;
    let settings = Reinforced { seed: options.seed, ..Reinforced::default() };
    let (second, reinforced) = reinforce(&first, &learning, &inner, &settings)?;
    Ok((second, vec![supervised, reinforced], judging))
}
