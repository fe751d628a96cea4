//! Asking an index every judged query, and timing it.

use super::{Collection, EvalError, Latency, Progress, Returned, Run, Setting};
use crate::error::Error;
use crate::index::{Index, Judged, Snapshot};
use crate::note::Note;
use crate::query::{Cancel, Query, Sought};
use std::collections::HashSet;
use std::time::Instant;

/// Queries that are asked together.
const TOGETHER: usize = 256;
/// Hits asked for when searches are timed: a page.
const PAGE: usize = 10;
/// Most queries that are timed, spread over all of them.
const TIMED: usize = 1000;

/// The judged queries as one index is asked them.
pub(super) struct Questions {
    snapshot: Snapshot,
    asked: Vec<Asked>,
    /// Relevant notes that the index does not hold: no search can find them.
    pub(super) absent: usize,
}

/// One query.
struct Asked {
    id: String,
    query: Query,
    /// Whether the query is a note of the index, which is then not among its own answers.
    is_note: bool,
}

impl Asked {
    /// The query; a note is not among its own answers.
    fn query(&self) -> Query {
        self.query.clone().except(self.is_note.then_some(&self.id))
    }
}

impl Questions {
    /// What the collection asks this index.
    pub(super) fn new(collection: &Collection, index: &Index) -> Result<Self, EvalError> {
        let snapshot = index.snapshot();
        let notes: HashSet<String> = snapshot.ids().collect();
        let mut asked = Vec::with_capacity(collection.judgments.len());
        let mut absent = 0;
        for (id, grades) in collection.judgments.iter() {
            let relevant = grades.iter().filter(|(_, grade)| **grade > 0.0);
            absent += relevant.filter(|(note, _)| !notes.contains(*note)).count();
            let (query, is_note) = match collection.queries.get(id) {
                Some(query) => (query.clone(), notes.contains(id) && is_text_of(query, snapshot.get(id)?.as_ref())),
                None if notes.contains(id) => (Query::similar(id), true),
                None => {
                    let (name, query) = (collection.name.clone(), id.to_owned());
                    return Err(EvalError::UnknownQuery { name, query });
                }
            };
            asked.push(Asked { id: id.to_owned(), query, is_note });
        }
        Ok(Self { snapshot, asked, absent })
    }

    /// What a setting returns for each query, down to rank `depth`.
    pub(super) fn run(
        &self,
        setting: &Setting,
        depth: usize,
        cancel: Option<&Cancel>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Run, EvalError> {
        let mut run = Run::new(setting.name());
        let mut options = setting.options(depth);
        options.cancel = cancel.cloned();
        let doing = format!("searching, {}", run.name);
        let (mut done, of) = (0, self.asked.len() as u64);
        for some in self.asked.chunks(TOGETHER) {
            let answers = self.snapshot.search_batch(some.iter().map(Asked::query), &options)?;
            for (asked, answer) in some.iter().zip(answers) {
                let returned = answer.hits.into_iter().take(depth);
                let returned = returned.map(|hit| Returned { id: hit.id, score: hit.score });
                run.insert(&asked.id, returned.collect());
            }
            done += some.len() as u64;
            progress(Progress { doing: &doing, done, of });
        }
        Ok(run)
    }

    /// How long a setting takes for a page of hits, one query at a time, encoding it included.
    pub(super) fn latency(
        &self,
        setting: &Setting,
        cancel: Option<&Cancel>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Option<Latency>, EvalError> {
        let options = setting.options(PAGE);
        let doing = format!("timing, {}", setting.name());
        let chosen: Vec<&Asked> = self.asked.iter().step_by(self.asked.len().div_ceil(TIMED).max(1)).collect();
        let of = chosen.len() as u64;
        let mut times = Vec::with_capacity(chosen.len());
        for (number, asked) in chosen.into_iter().enumerate() {
            if cancel.is_some_and(Cancel::is_cancelled) {
                return Err(Error::Cancelled.into());
            }
            let query = asked.query();
            let start = Instant::now();
            self.snapshot.search(query, &options)?;
            times.push(start.elapsed());
            progress(Progress { doing: &doing, done: number as u64 + 1, of });
        }
        Ok(Latency::of(times))
    }
}

/// Whether a query is nothing but the text of a note, with its title or without. That it has the note's id does not say so:
/// many collections number both from 1.
fn is_text_of(query: &Query, note: Option<&Note>) -> bool {
    let ([term], Some(note)) = (query.terms.as_slice(), note) else { return false };
    let Sought::Text(text) = &term.sought else { return false };
    let words = || text.split_whitespace();
    let body = || note.text.split_whitespace();
    words().eq(body()) || words().eq(note.title.split_whitespace().chain(body()))
}

impl Collection {
    /// The judged queries as an index is asked them, to train on ([`Index::train`]): a query that is the text of a note, or
    /// asks what is like one, leaves that note out.
    ///
    /// # Errors
    /// [`EvalError::UnknownQuery`] for one that is neither among the queries nor a note.
    pub fn questions(&self, index: &Index) -> Result<Vec<Judged>, EvalError> {
        let Questions { asked, .. } = Questions::new(self, index)?;
        let judged = |Asked { id, query, is_note }: Asked| {
            let grades = self.judgments.of(&id).into_iter().flatten().map(|(note, grade)| (note.clone(), *grade));
            Judged::new(query.except(is_note.then_some(&id)), grades)
        };
        Ok(asked.into_iter().map(judged).collect())
    }
}
