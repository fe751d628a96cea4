//! Judgments: which notes are right for which query, and how right.

use super::EvalError;
use super::lines::{BYTES_MAX, Line, cell, shown};
use crate::disk::read_source;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

/// The grades of notes by query. Grades above 0 are relevant; what has no grade counts as 0.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Judgments {
    queries: BTreeMap<String, BTreeMap<String, f32>>,
}

/// How the lines of a file of judgments are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `query-id`, `corpus-id`, `score`, with tabs between them, under a header.
    Beir,
    /// Query, iteration, document, grade, with white space between them.
    Trec,
}

impl Judgments {
    /// No judgments.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a file of judgments: see [`Judgments::parse`].
    ///
    /// # Errors
    /// What the file system refuses, and those of [`Judgments::parse`].
    pub fn read(path: &Path) -> Result<Self, EvalError> {
        Self::parse(&read_source(path, BYTES_MAX)?, &path.display().to_string())
    }

    /// Judgments from the bytes of a file, in one of two forms, which the first line tells apart: three cells with tabs between
    /// them (query, note, grade; as the BEIR collections have them, the first line may be a header), or TREC's four cells with
    /// white space between them (query, a cell without meaning, note, grade). `name` is the file's, for messages.
    ///
    /// # Errors
    /// [`EvalError::Line`] for a line that is neither, a grade that is no number, and a note that is judged twice for a query
    /// with different grades.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self, EvalError> {
        let mut judgments = Self::new();
        let mut form = None;
        for line in Line::all(bytes, name) {
            let line = line?;
            let first = form.is_none();
            let form = *form.get_or_insert_with(|| Form::of(&line));
            let Some([query, note, grade]) = form.cells(&line) else {
                return Err(line.wrong(form.expected(line.text)));
            };
            if first && form == Form::Beir && grade.trim().parse::<f32>().is_err() {
                continue;
            }
            let grade = line.number(grade, "the grade")?;
            let before = judgments.insert(query, note, grade);
            if before.is_some_and(|before| before != grade) {
                let pair = format!("note {} of query {}", shown(note), shown(query));
                return Err(line.wrong(format!("{pair} is judged a second time, and otherwise; keep one of the lines")));
            }
        }
        Ok(judgments)
    }

    /// Judges a note for a query; gives the grade it had.
    pub fn insert(&mut self, query: impl Into<String>, note: impl Into<String>, grade: f32) -> Option<f32> {
        self.queries.entry(query.into()).or_default().insert(note.into(), grade)
    }

    /// The queries in ascending order of id, each with the grades of its notes.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, f32>)> {
        self.queries.iter().map(|(query, grades)| (query.as_str(), grades))
    }

    /// The grades for one query.
    #[must_use]
    pub fn of(&self, query: &str) -> Option<&BTreeMap<String, f32>> {
        self.queries.get(query)
    }

    /// Queries that have judgments.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queries.len()
    }

    /// Whether nothing is judged.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queries.is_empty()
    }

    /// The judgments in TREC's form. Grades are whole numbers there; others are rounded.
    ///
    /// # Errors
    /// [`EvalError::Id`] for an id that has white space in it.
    pub fn to_trec(&self) -> Result<String, EvalError> {
        let mut text = String::new();
        for (query, grades) in &self.queries {
            for (note, grade) in grades {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "{} 0 {} {}", cell(query)?, cell(note)?, grade.round());
            }
        }
        Ok(text)
    }
}

impl Form {
    fn of(line: &Line<'_>) -> Self {
        if line.text.split('\t').count() == 3 { Self::Beir } else { Self::Trec }
    }

    fn cells<'a>(self, line: &Line<'a>) -> Option<[&'a str; 3]> {
        match self {
            Self::Beir => {
                let cells: Vec<&str> = line.text.split('\t').take(4).collect();
                cells.try_into().ok().filter(|[query, note, _]: &[&str; 3]| !query.is_empty() && !note.is_empty())
            }
            Self::Trec => line.cells::<4>().map(|[query, _, note, grade]| [query, note, grade]),
        }
    }

    fn expected(self, found: &str) -> String {
        let expected = match self {
            Self::Beir => "query, note and grade with tabs between them",
            Self::Trec => "four cells (query, 0, note, grade), or three with tabs between them (query, note, grade)",
        };
        format!("expected {expected}, found {}", shown(found))
    }
}
