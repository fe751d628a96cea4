//! From rows to notes: the best row of each note, and the order of an answer.

use super::opened::Opened;
use super::search::Search;
use super::space::Candidate;
use crate::error::Result;
use crate::segment::LOCAL;
use crate::vector::kernels;
use std::cmp::Ordering;

/// A note with its best row so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) segment: &'a Opened<'a>,
    pub(super) space: u16,
    pub(super) note: u32,
    pub(super) candidate: Candidate,
    /// Whether the row just made it: rows with an equal estimate may have been left out.
    pub(super) at_cut: bool,
}

impl<'a> Found<'a> {
    /// The note's id; none where the file is damaged.
    fn id(&self) -> Option<&'a [u8]> {
        self.segment.id(self.note)
    }
}

/// One entry a note, with its best row. Unless all rows are among the candidates, the note's other rows are compared as
/// well: its score must not depend on which of its rows happened to be found, or a note could come back on a later page.
pub(super) fn best_of_each_note<'a>(search: &Search<'a>, mut found: Vec<Found<'a>>, complete: bool) -> Vec<Found<'a>> {
    if has_parts(search) {
        let note = |found: &Found<'_>| (found.segment.number, found.note);
        found.sort_unstable_by(|left, right| note(left).cmp(&note(right)).then_with(|| better_first(left, right)));
        found.dedup_by_key(|found| note(found));
        if !complete {
            found.iter_mut().for_each(|found| improve(search, found));
        }
    }
    // A damaged file can hold vectors that are no numbers; they match nothing.
    found.retain(|found| found.candidate.full.is_finite());
    found
}

/// Whether a note may have several rows among those searched: passages and pictures besides its whole.
fn has_parts(search: &Search<'_>) -> bool {
    search.spaces().contains(&LOCAL) && search.segments.iter().any(|segment| segment.space(LOCAL).is_some())
}

/// Between equal scores a passage says more than the whole, and the first of several passages comes first. What is no
/// number comes last.
fn better_first(left: &Found<'_>, right: &Found<'_>) -> Ordering {
    let key = |found: &Found<'_>| if found.candidate.full.is_nan() { f32::NEG_INFINITY } else { found.candidate.full };
    key(right)
        .total_cmp(&key(left))
        .then(right.space.cmp(&left.space))
        .then(left.candidate.row.cmp(&right.candidate.row))
}

/// Replaces the row by the note's best one.
fn improve(search: &Search<'_>, found: &mut Found<'_>) {
    let present = (found.space, found.candidate.row);
    for ordinal in search.spaces() {
        let Some(space) = found.segment.space(*ordinal) else { continue };
        for row in space.view.rows_of(found.note).iter().filter(|row| (*ordinal, **row) != present) {
            let Some(vector) = space.vector(*row) else { continue };
            let full = kernels::dot_f32(search.axes.full(), vector);
            let other = Found { space: *ordinal, candidate: Candidate { row: *row, coarse: full, full }, ..*found };
            if better_first(&other, found) == Ordering::Less {
                *found = other;
            }
        }
    }
}

/// The notes from the cursor on, without the note that asks; the first `k` and one more are in the order of the answer.
pub(super) fn ranked<'a>(search: &Search<'a>, mut found: Vec<Found<'a>>) -> Result<Vec<Found<'a>>> {
    if let Some(id) = &search.target.exclude {
        let mut own = Vec::with_capacity(search.segments.len());
        for segment in search.segments {
            own.push(segment.live.segment.find(id)?);
        }
        found.retain(|found| own.get(found.segment.number).copied().flatten() != Some(found.note));
    }
    if let Some(cursor) = &search.options.after {
        found.retain(|found| cursor.precedes(found.candidate.full, found.id().unwrap_or_default()));
    }
    let order = |left: &Found<'_>, right: &Found<'_>| {
        let scores = right.candidate.full.total_cmp(&left.candidate.full);
        scores.then_with(|| left.id().cmp(&right.id())).then(left.segment.number.cmp(&right.segment.number))
    };
    // An exact search finds every note, and few of them are shown: only those are sorted.
    let shown = search.options.k.saturating_add(1).min(found.len());
    if shown < found.len() {
        found.select_nth_unstable_by(shown, order);
    }
    if let Some(first) = found.get_mut(..shown) {
        first.sort_unstable_by(order);
    }
    Ok(found)
}
