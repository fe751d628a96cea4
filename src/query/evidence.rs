//! From a found row to a hit a person can judge: id, title, the part that won, the passage closest to the query.

use super::aim::Aiming;
use super::group::Found;
use super::search::Placed;
use super::words::Words;
use super::{AimScore, Hit, Passage, Row, Snippet, StageScores};
use crate::error::Result;
use crate::lexical::best_window;
use crate::segment::LOCAL;
use crate::vector::kernels;
use index_format::layout::{ROW_PASSAGE, ROW_PICTURE, ROW_REGION, ROW_VECTOR};
use index_format::{ArchivedRecord, RowEntry};

/// Bytes of a snippet at most.
const SNIPPET: usize = 200;

/// The hit for a note in its place.
pub(super) fn evidence(placed: &Placed<'_>, aims: &[Aiming<'_>], words: &Words<'_>) -> Result<Hit> {
    let found = &placed.found;
    let record = found.segment.record(found.note)?;
    let entry = entry_of(found, found.space, found.candidate.row);
    let row = entry.zip(aims.get(found.aim)).map_or(Row::Global, |(entry, aim)| row_of(entry, aim));
    let closest = match (&row, entry) {
        (Row::Passage { .. }, Some(entry)) => Some((found.candidate.full, entry)),
        _ => best_passage(found, aims),
    };
    let passage = closest.and_then(|(score, entry)| passage_of(record, entry, score, words));
    Ok(Hit {
        id: record.id.to_string(),
        title: record.title.to_string(),
        score: placed.score,
        row,
        passage,
        aims: if aims.len() > 1 { aims.iter().map(|aim| score_in(found, aim)).collect() } else { Vec::new() },
        folded: Vec::new(),
        group: None,
        explanation: placed.why.clone(),
        stages: StageScores { coarse: found.candidate.coarse, full: found.candidate.full },
    })
}

fn entry_of<'a>(found: &Found<'a>, space: u16, row: u32) -> Option<&'a RowEntry> {
    found.segment.space(space).and_then(|space| space.view.rows.get(row as usize))
}

/// How a found note does in one of several aims.
fn score_in(found: &Found<'_>, aim: &Aiming<'_>) -> AimScore {
    let best = aim.best_row(found.segment, found.note);
    let row = best.and_then(|(space, candidate)| entry_of(found, space, candidate.row)).map(|entry| row_of(entry, aim));
    AimScore { space: aim.aim.name.clone(), score: best.map_or(0.0, |(_, candidate)| candidate.full), row }
}

fn row_of(entry: &RowEntry, aim: &Aiming<'_>) -> Row {
    match entry.part {
        ROW_PASSAGE => Row::Passage { ordinal: entry.ordinal, start: entry.start as usize, end: entry.end as usize },
        ROW_PICTURE => Row::Picture { ordinal: entry.ordinal },
        ROW_REGION => Row::Region { ordinal: entry.ordinal, cell: entry.start, side: entry.end },
        ROW_VECTOR => Row::Vector { space: aim.aim.name.clone(), ordinal: entry.ordinal },
        _ => Row::Global,
    }
}

fn passage_of(record: &ArchivedRecord, entry: &RowEntry, score: f32, words: &Words<'_>) -> Option<Passage> {
    let (start, end) = (entry.start as usize, entry.end as usize);
    let text = record.text.get(start..end)?;
    let found = if words.is_empty() { Vec::new() } else { words.query().matches(text) };
    let window = best_window(text, &found, &|term| words.worth(term), SNIPPET);
    let shown = text.get(window.clone())?.to_owned();
    let snippet = Snippet { start: start + window.start, end: start + window.end, text: shown };
    let matches = found.into_iter().map(|found| start + found.span.start..start + found.span.end).collect();
    Some(Passage { ordinal: entry.ordinal, start, end, score, text: text.to_owned(), matches, snippet })
}

/// The passage of a note that is closest to what the query asks of the encoder's spaces, compared in full width.
fn best_passage<'a>(found: &Found<'a>, aims: &[Aiming<'_>]) -> Option<(f32, &'a RowEntry)> {
    let axes = &aims.iter().find(|aim| aim.aim.space.is_none())?.axes;
    let space = found.segment.space(LOCAL)?;
    let rows = space.view.rows_of(found.note);
    let query = axes.full();
    let scored = |row: &u32| {
        let entry = space.view.rows.get(*row as usize).filter(|entry| entry.part == ROW_PASSAGE)?;
        let score = kernels::dot_f32(query, space.vector(*row)?);
        score.is_finite().then_some((score, entry))
    };
    // Of equals the last counts for `max_by`, and the first for a reader.
    rows.iter().rev().filter_map(scored).max_by(|left, right| left.0.total_cmp(&right.0))
}
