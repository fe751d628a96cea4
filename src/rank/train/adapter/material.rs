//! What an adapter is trained on and judged by: the rows of all notes, and queries with graded notes.

use super::super::super::random::Random;
use super::super::super::{List, RankError, Table};
use super::super::Split;
use crate::vector::Vectors;
use std::ops::Range;

/// So few queries decide nothing, whatever part of them judges.
const FEW: usize = 20;

/// A query and what is known of notes for it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Judged {
    /// The query in the encoder's own axes, of unit length.
    pub(crate) vector: Vec<f32>,
    /// Notes and their grades, 0 for those of no use; no note twice.
    pub(crate) grades: Vec<(u32, f32)>,
    /// Notes that are no answer to it, such as those it asks to be like.
    pub(crate) left_out: Vec<u32>,
    /// Whether it is one of those that only the outcome is judged by.
    pub(crate) decides: bool,
}

impl Judged {
    /// The grade of a note, 0 where nobody judged it.
    pub(super) fn grade(&self, note: u32) -> f32 {
        self.grades.iter().find(|(judged, _)| *judged == note).map_or(0.0, |(_, grade)| *grade)
    }

    /// Notes with a grade above 0.
    pub(super) fn useful(&self) -> impl Iterator<Item = (u32, f32)> {
        self.grades.iter().copied().filter(|(_, grade)| *grade > 0.0)
    }

    /// All grades.
    pub(super) fn all(&self) -> Vec<f32> {
        self.grades.iter().map(|(_, grade)| *grade).collect()
    }

    /// Graded candidates as a list of which only grades are read.
    pub(super) fn list(&self, notes: impl Iterator<Item = u32>) -> List {
        let table = Table::with_capacity(1, 0);
        let grades = notes.map(|note| self.grade(note)).collect();
        List { table, grades, unretrieved: Vec::new(), teacher: None, group: 0 }
    }
}

/// The rows of all notes, and judged queries.
#[derive(Debug)]
pub(crate) struct Material {
    /// Rows of unit length in the encoder's own axes, those of a note one after the other.
    pub(crate) rows: Vectors,
    /// By note, where its rows start; one more at the end.
    pub(crate) starts: Vec<usize>,
    /// Queries.
    pub(crate) queries: Vec<Judged>,
}

impl Material {
    pub(super) fn check(&self) -> Result<(), RankError> {
        let ascending = self.starts.first() == Some(&0) && self.starts.is_sorted();
        if !ascending || self.starts.last() != Some(&self.rows.len()) {
            return Err(RankError::Setting {
                setting: "starts of notes among rows",
                given: format!("{} for {} rows", self.starts.len(), self.rows.len()),
                remedy: "they ascend from 0 to the number of rows",
            });
        }
        let notes = self.notes() as u32;
        for (number, query) in self.queries.iter().enumerate() {
            if query.vector.len() != self.rows.width() {
                return Err(RankError::Width { expected: self.rows.width(), got: query.vector.len() });
            }
            let counts = |(note, grade): &(u32, f32)| *note < notes && (0.0..=1e6).contains(grade);
            if !query.vector.iter().all(|value| value.is_finite()) || !query.grades.iter().all(counts) {
                let why = "vectors are finite, and grades are of notes that are there, from 0 to a million";
                return Err(RankError::List { number, why });
            }
        }
        Ok(())
    }

    /// Number of notes.
    pub(super) fn notes(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// The rows of a note.
    pub(super) fn rows_of(&self, note: u32) -> Range<usize> {
        let at = note as usize;
        let start = self.starts.get(at).copied().unwrap_or_default();
        start..self.starts.get(at + 1).copied().unwrap_or(start)
    }

    /// Queries that have something to find, in three parts: to learn from, to stop by (`share` of those that do not decide),
    /// and to judge by.
    pub(super) fn parts(&self, share: f64, seed: u64) -> Result<Parts, RankError> {
        let finds = |query: &Judged| query.useful().any(|(note, _)| !self.rows_of(note).is_empty());
        let queries = self.queries.iter().enumerate().filter(|(_, query)| finds(query));
        let (gate, numbers): (Vec<_>, Vec<_>) = queries.partition(|(_, query)| query.decides);
        let plain = |of: Vec<(usize, &Judged)>| of.into_iter().map(|(number, _)| number).collect::<Vec<usize>>();
        let (mut gate, mut numbers) = (plain(gate), plain(numbers));
        let total = gate.len() + numbers.len();
        // The report has figures then, if none that install an adapter.
        if (gate.is_empty() || numbers.len() < 2) && (3..FEW).contains(&total) {
            numbers.append(&mut gate);
            gate = numbers.split_off(total.saturating_sub(total / 3));
        }
        if numbers.len() < 2 {
            return Err(RankError::NothingToLearn { lists: self.queries.len() });
        }
        if gate.is_empty() {
            return Err(RankError::NoHeldOut { lists: self.queries.len() });
        }
        Random::new(seed, 7).shuffle(&mut numbers);
        let most = numbers.len().saturating_sub(1);
        let count = ((numbers.len() as f64 * share).round() as usize).clamp(1, most);
        let mut stop = numbers.split_off(numbers.len().saturating_sub(count));
        stop.sort_unstable();
        numbers.sort_unstable();
        Ok(Parts { learn: Split { train: numbers, held_out: stop }, gate })
    }
}

/// Numbers of queries.
#[derive(Debug, Clone)]
pub(super) struct Parts {
    /// To learn from, and to stop by.
    pub(super) learn: Split,
    /// To judge the outcome by, seen by nothing else.
    pub(super) gate: Vec<usize>,
}
