//! From rows to notes: the best row of each note, its score, and the order of an answer.

use super::aim::Aiming;
use super::dense::{Part, Search};
use super::opened::Opened;
use super::space::Candidate;
use crate::segment::GLOBAL;
use crate::vector::kernels;
use std::cmp::Ordering;

/// A note with its best row so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) segment: &'a Opened<'a>,
    /// The aim that the row was found for, by its place among those of the search.
    pub(super) aim: usize,
    pub(super) space: u16,
    pub(super) note: u32,
    pub(super) candidate: Candidate,
    /// What the order is by.
    pub(super) score: f32,
    /// Whether the row just made it: rows with an equal estimate may have been left out.
    pub(super) at_cut: bool,
}

impl<'a> Found<'a> {
    /// Segment and note.
    pub(super) const fn place(&self) -> (usize, u32) {
        (self.segment.number, self.note)
    }

    /// Whether it has a row where the query looks.
    pub(super) const fn has_row(&self) -> bool {
        self.candidate.row != NO_ROW
    }

    /// The note's id; none where the file is damaged.
    pub(super) fn id(&self) -> Option<&'a [u8]> {
        self.segment.id(self.note)
    }
}

/// One entry a note, with its best row. Unless all rows are among the candidates, the note's other rows are compared as
/// well: its score must not depend on which of its rows happened to be found, or a note could come back on a later page.
pub(super) fn best_of_each_note<'a>(search: &Search<'a>, mut found: Vec<Found<'a>>, complete: bool) -> Vec<Found<'a>> {
    match search.aims.as_slice() {
        [aim] if !has_parts(search, aim) => {}
        [aim] => {
            found.sort_unstable_by(|left, right| {
                left.place().cmp(&right.place()).then_with(|| better_first(left, right))
            });
            found.dedup_by_key(|found| found.place());
            if !complete {
                found.iter_mut().for_each(|found| improve(aim, found));
            }
        }
        aims => {
            found.sort_unstable_by_key(Found::place);
            found.dedup_by(|later, kept| {
                let same = later.place() == kept.place();
                kept.at_cut |= same && later.at_cut;
                same
            });
            found.iter_mut().for_each(|found| weigh(aims, found));
        }
    }
    // A damaged file can hold vectors that are no numbers; they match nothing.
    found.retain(|found| found.score.is_finite());
    found
}

/// Whether a note may have several rows among those searched: parts besides its whole, or several vectors of the caller's.
fn has_parts(search: &Search<'_>, aim: &Aiming<'_>) -> bool {
    let several =
        |space: &u16| *space != GLOBAL && search.segments.iter().any(|segment| segment.space(*space).is_some());
    aim.spaces.iter().any(several)
}

/// Stands for the row of a note that has none where the query looks.
const NO_ROW: u32 = u32::MAX;

/// A note that something else than its rows has found, with its best row and score; a note without a row where the query
/// looks scores 0, and its row is none.
pub(super) fn found_anyway<'a>(aims: &[Aiming<'a>], segment: &'a Opened<'a>, note: u32) -> Found<'a> {
    let candidate = Candidate { row: NO_ROW, coarse: 0.0, full: 0.0 };
    let mut found = Found { segment, aim: 0, space: GLOBAL, note, candidate, score: 0.0, at_cut: false };
    weigh(aims, &mut found);
    found
}

/// Scores a note in every aim by its best row there, 0 where it has none. The row that brings most is shown for it.
fn weigh(aims: &[Aiming<'_>], found: &mut Found<'_>) {
    let (mut score, mut most) = (0.0, f32::NEG_INFINITY);
    for (number, aim) in aims.iter().enumerate() {
        let Some((space, candidate)) = aim.best_row(found.segment, found.note) else { continue };
        let counted = aim.counted(candidate.full);
        score += counted;
        if counted > most {
            most = counted;
            (found.aim, found.space, found.candidate) = (number, space, candidate);
        }
    }
    found.score = score;
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
fn improve(aim: &Aiming<'_>, found: &mut Found<'_>) {
    let present = (found.space, found.candidate.row);
    for ordinal in aim.spaces {
        let Some(space) = found.segment.space(*ordinal) else { continue };
        for row in space.view.rows_of(found.note).iter().filter(|row| (*ordinal, **row) != present) {
            let Some(vector) = space.vector(*row) else { continue };
            let full = kernels::dot_f32(aim.axes.full(), vector);
            let candidate = Candidate { row: *row, coarse: full, full };
            let other = Found { space: *ordinal, candidate, score: full, ..*found };
            if better_first(&other, found) == Ordering::Less {
                *found = other;
            }
        }
    }
}

/// The notes from the cursor on, without those excluded; the first `k` and one more are in the order of the answer.
pub(super) fn ranked<'a>(search: &Search<'a>, part: Part<'_>, mut found: Vec<Found<'a>>) -> Vec<Found<'a>> {
    found.retain(|found| !search.excludes(found.segment.number, found.note));
    if let Some(cursor) = part.after {
        found.retain(|found| cursor.precedes(found.score, found.id().unwrap_or_default()));
    }
    let order = |left: &Found<'_>, right: &Found<'_>| {
        let scores = right.score.total_cmp(&left.score);
        scores.then_with(|| left.id().cmp(&right.id())).then(left.segment.number.cmp(&right.segment.number))
    };
    // An exact search finds every note, and few of them are shown: only those are sorted.
    let shown = part.k.saturating_add(1).min(found.len());
    if shown < found.len() {
        found.select_nth_unstable_by(shown, order);
    }
    if let Some(first) = found.get_mut(..shown) {
        first.sort_unstable_by(order);
    }
    found
}
