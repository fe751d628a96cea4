//! From a found row to a hit a person can judge: id, title, the part that won, the passage closest to the query.

use super::axes::Axes;
use super::group::Found;
use super::{Hit, Passage, Row, StageScores};
use crate::error::Result;
use crate::segment::LOCAL;
use crate::vector::kernels;
use index_format::layout::{ROW_PASSAGE, ROW_PICTURE};
use index_format::{ArchivedRecord, RowEntry};

/// The hit for a found note.
pub(super) fn evidence(found: &Found<'_>, axes: &Axes) -> Result<Hit> {
    let record = found.segment.record(found.note)?;
    let entry = found.segment.space(found.space).and_then(|space| space.view.rows.get(found.candidate.row as usize));
    let row = entry.map_or(Row::Global, row_of);
    let passage = match (row, entry) {
        (Row::Passage { .. }, Some(entry)) => passage_of(record, entry, found.candidate.full),
        _ => best_passage(found, record, axes),
    };
    Ok(Hit {
        id: record.id.to_string(),
        title: record.title.to_string(),
        score: found.candidate.full,
        row,
        passage,
        stages: StageScores { coarse: found.candidate.coarse, full: found.candidate.full },
    })
}

const fn row_of(entry: &RowEntry) -> Row {
    match entry.part {
        ROW_PASSAGE => Row::Passage { ordinal: entry.ordinal, start: entry.start as usize, end: entry.end as usize },
        ROW_PICTURE => Row::Picture { ordinal: entry.ordinal },
        _ => Row::Global,
    }
}

fn passage_of(record: &ArchivedRecord, entry: &RowEntry, score: f32) -> Option<Passage> {
    let (start, end) = (entry.start as usize, entry.end as usize);
    let text = record.text.get(start..end)?.to_owned();
    Some(Passage { ordinal: entry.ordinal, start, end, score, text })
}

/// The passage of a note that is closest to the query, compared in full width.
fn best_passage(found: &Found<'_>, record: &ArchivedRecord, axes: &Axes) -> Option<Passage> {
    let space = found.segment.space(LOCAL)?;
    let rows = space.view.rows_of(found.note);
    let query = axes.full();
    let scored = |row: &u32| {
        let entry = space.view.rows.get(*row as usize).filter(|entry| entry.part == ROW_PASSAGE)?;
        let score = kernels::dot_f32(query, space.vector(*row)?);
        score.is_finite().then_some((score, entry))
    };
    // Of equals the last counts for `max_by`, and the first for a reader.
    let best = rows.iter().rev().filter_map(scored).max_by(|left, right| left.0.total_cmp(&right.0));
    best.and_then(|(score, entry)| passage_of(record, entry, score))
}
