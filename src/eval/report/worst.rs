//! The queries that went worst, each with what was right and what every system returned.

use super::{Metric, Report};
use crate::error::Result;
use crate::eval::Judgments;
use crate::index::{Index, Snapshot};
use crate::note::PictureSource;
use std::collections::BTreeMap;

/// Queries with the lowest mean over all systems.
const LOWEST: usize = 15;
/// Queries on which the last system loses most against the first.
const LOST: usize = 15;
/// Notes that are listed as right, and as returned by each system.
const LISTED: usize = 5;
/// Characters of a note's text that stand for a title.
const TITLE_CHARS: usize = 100;

/// A query that went badly.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Worst {
    /// Its place in [`Report::queries`].
    pub query: usize,
    /// What it asks; empty where that is not known.
    pub text: String,
    /// Whether it is here because the last system loses most on it against the first; else all systems are bad on it.
    pub lost: bool,
    /// Relevant notes, the best grades first; the first few.
    pub expected: Vec<Listed>,
    /// Relevant notes in all.
    pub relevant: usize,
    /// What each system returned: the first few.
    pub returned: Vec<Vec<Listed>>,
}

/// A note in a list.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Listed {
    /// Its id.
    pub id: String,
    /// Its title, or how its text begins; empty where that is not known.
    pub title: String,
    /// Its grade for the query; none where nobody judged it.
    pub grade: Option<f32>,
}

/// Which queries went worst in nDCG@10.
pub(super) fn choose(report: &Report, judgments: &Judgments) -> Vec<Worst> {
    let values: Vec<&[f64]> = report.systems.iter().map(|system| system.values(Metric::Ndcg10)).collect();
    let at = |system: &[f64], query: usize| system.get(query).copied().unwrap_or_default();
    let sum = |query: usize| values.iter().map(|system| at(system, query)).sum::<f64>();
    let gain = |query: usize| match values.as_slice() {
        [first, .., last] => at(last, query) - at(first, query),
        _ => 0.0,
    };
    let answerable = |query: &usize| {
        let grades = report.queries.get(*query).and_then(|query| judgments.of(query));
        grades.is_some_and(|grades| grades.values().any(|grade| *grade > 0.0))
    };
    let mut lowest: Vec<usize> = (0..report.queries.len()).filter(answerable).collect();
    let mut lost: Vec<usize> = lowest.iter().copied().filter(|query| gain(*query) < 0.0).collect();
    lost.sort_by(|a, b| gain(*a).total_cmp(&gain(*b)));
    lost.truncate(LOST);
    lowest.retain(|query| !lost.contains(query));
    lowest.sort_by(|a, b| sum(*a).total_cmp(&sum(*b)));
    lowest.truncate(LOWEST);
    let lost = lost.into_iter().map(|query| (query, true));
    let all = lost.chain(lowest.into_iter().map(|query| (query, false)));
    all.filter_map(|(query, lost)| one(report, judgments, query, lost)).collect()
}

fn one(report: &Report, judgments: &Judgments, query: usize, lost: bool) -> Option<Worst> {
    let id = report.queries.get(query)?;
    let grades = judgments.of(id)?;
    let listed = |id: &str| Listed { id: id.to_owned(), title: String::new(), grade: grades.get(id).copied() };
    let mut relevant: Vec<(&String, &f32)> = grades.iter().filter(|(_, grade)| **grade > 0.0).collect();
    relevant.sort_by(|a, b| b.1.total_cmp(a.1));
    let expected = relevant.iter().take(LISTED).map(|(id, _)| listed(id)).collect();
    let of =
        |system: &super::System| system.run.of(id).iter().take(LISTED).map(|returned| listed(&returned.id)).collect();
    let returned = report.systems.iter().map(of).collect();
    Some(Worst { query, text: String::new(), lost, expected, relevant: relevant.len(), returned })
}

impl Report {
    /// Fills in what the index knows: its size, its encoder, the worst queries with titles; and what queries ask.
    pub(in crate::eval) fn describe(
        &mut self,
        index: &Index,
        judgments: &Judgments,
        asked: impl Fn(&str) -> String,
    ) -> Result<()> {
        let snapshot = index.snapshot();
        let stats = snapshot.stats();
        (self.facts.notes, self.facts.encoder) = (stats.notes, stats.encoder);
        self.worst = choose(self, judgments);
        let mut titles = BTreeMap::new();
        for worst in &mut self.worst {
            worst.text = self.queries.get(worst.query).map(|query| asked(query)).unwrap_or_default();
            for listed in worst.expected.iter_mut().chain(worst.returned.iter_mut().flatten()) {
                if !titles.contains_key(&listed.id) {
                    titles.insert(listed.id.clone(), title(&snapshot, &listed.id)?);
                }
                listed.title = titles.get(&listed.id).cloned().unwrap_or_default();
            }
        }
        Ok(())
    }
}

/// What a note is called.
fn title(snapshot: &Snapshot, id: &str) -> Result<String> {
    let Some(note) = snapshot.get(id)? else { return Ok("not in the index".to_owned()) };
    if !note.title.is_empty() {
        return Ok(note.title);
    }
    let beginning: String = note.text.chars().take(TITLE_CHARS).collect();
    if !beginning.is_empty() {
        let more = if beginning.len() < note.text.len() { "…" } else { "" };
        return Ok(beginning + more);
    }
    let file = note.pictures.first().and_then(|picture| match &picture.source {
        PictureSource::Path(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
        _ => None,
    });
    Ok(file.unwrap_or_default())
}
