//! A run: what one system returned for each query, best first.

use super::EvalError;
use super::lines::{BYTES_MAX, Line, cell, is_space, shown};
use crate::disk::{read_source, write_whole};
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashSet};
use std::fmt::Write;
use std::path::Path;

/// What one system returned for each query, best first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// Name of the system.
    pub name: String,
    queries: BTreeMap<String, Vec<Returned>>,
}

/// One note of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Returned {
    /// The note's id.
    pub id: String,
    /// Its score.
    pub score: f32,
}

impl Run {
    /// A run of a system of this name, with nothing in it.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), queries: BTreeMap::new() }
    }

    /// Sets what was returned for a query, best first.
    pub fn insert(&mut self, query: impl Into<String>, returned: Vec<Returned>) {
        self.queries.insert(query.into(), returned);
    }

    /// What was returned for a query; nothing for one that is not in the run.
    #[must_use]
    pub fn of(&self, query: &str) -> &[Returned] {
        self.queries.get(query).map_or(&[], Vec::as_slice)
    }

    /// The queries in ascending order of id, each with what was returned for it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[Returned])> {
        self.queries.iter().map(|(query, returned)| (query.as_str(), returned.as_slice()))
    }

    /// Reads a run from a file in TREC's form: see [`Run::parse`].
    ///
    /// # Errors
    /// What the file system refuses, and those of [`Run::parse`].
    pub fn read(path: &Path) -> Result<Self, EvalError> {
        let mut run = Self::parse(&read_source(path, BYTES_MAX)?, &path.display().to_string())?;
        if run.name.is_empty() {
            run.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        }
        Ok(run)
    }

    /// A run from the bytes of a file in TREC's form, a line a note: query, a cell without meaning, note, rank, score, name of
    /// the system, with white space between them. As `trec_eval` does it, the order is by descending score in single
    /// precision, then by descending id; ranks are not looked at. `name` is the file's, for messages.
    ///
    /// # Errors
    /// [`EvalError::Line`] for a line that is none, a score that is no number, and a note that is returned twice for a query.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self, EvalError> {
        let mut run = Self::default();
        let mut seen = HashSet::new();
        for line in Line::all(bytes, name) {
            let line = line?;
            let Some([query, _, note, _, score, system]) = line.cells::<6>() else {
                let expected = "six cells (query, Q0, note, rank, score, name)";
                return Err(line.wrong(format!("expected {expected}, found {}", shown(line.text))));
            };
            if run.name.is_empty() {
                system.clone_into(&mut run.name);
            }
            let score = line.number(score, "the score")?;
            if !seen.insert((query, note)) {
                let pair = format!("note {} of query {}", shown(note), shown(query));
                return Err(line.wrong(format!("{pair} is in the run a second time; keep one of the lines")));
            }
            run.queries.entry(query.to_owned()).or_default().push(Returned { id: note.to_owned(), score });
        }
        for list in run.queries.values_mut() {
            // Scores are finite here, so that 0 and -0 are the only numbers on which orders could differ.
            let falling = |a: &Returned, b: &Returned| b.score.partial_cmp(&a.score).unwrap_or(Ordering::Equal);
            list.sort_unstable_by(|a, b| falling(a, b).then_with(|| b.id.cmp(&a.id)));
        }
        Ok(run)
    }

    /// The run in TREC's form. Programs that read it order by score and break ties in their own ways, so each score is less
    /// than the one before: where it was not, it becomes the next smaller number.
    ///
    /// # Errors
    /// [`EvalError::Id`] for an id that has white space in it.
    pub fn to_trec(&self) -> Result<String, EvalError> {
        let ends = |c: char| c.is_whitespace() || is_space(c);
        let system = self.name.split(ends).filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-");
        let system = if system.is_empty() { "run" } else { &system };
        let mut text = String::new();
        for (query, returned) in &self.queries {
            let mut above = f32::MAX;
            for (rank, Returned { id, score }) in (1..).zip(returned) {
                above = if *score < above { *score } else { above.next_down() };
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{} Q0 {} {rank} {above} {system}", cell(query)?, cell(id)?);
            }
        }
        Ok(text)
    }

    /// Writes the run to a file in TREC's form.
    ///
    /// # Errors
    /// Those of [`Run::to_trec`], and what the file system refuses.
    pub fn write(&self, path: &Path) -> Result<(), EvalError> {
        Ok(write_whole(path, self.to_trec()?.as_bytes())?)
    }
}
