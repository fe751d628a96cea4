//! The notes closest to the target: candidates of each space, widening until enough notes are found, order.

use super::admit::Admitted;
use super::aim::Aiming;
use super::group::{Found, best_of_each_note, ranked};
use super::limits::Limits;
use super::opened::Opened;
use super::plan::{Method, plan, plan_among};
use super::space::Coarse;
use super::{Cursor, Stages};
use crate::error::Result;
use crate::segment::OpenSpace;
use std::sync::Arc;

/// How much the effort grows when an attempt found too few notes.
const WIDEN: usize = 4;

/// Effort of the first attempt where several spaces are searched together: a note that is good in all of them need not be
/// among the best of any.
const TOGETHER: usize = 4;

/// One search: what all its steps share.
pub(super) struct Search<'a> {
    pub(super) segments: &'a [Opened<'a>],
    pub(super) recall: f32,
    pub(super) limits: &'a Limits,
    pub(super) aims: Vec<Aiming<'a>>,
    /// By segment, notes that must not be in the answer.
    pub(super) excluded: Vec<Vec<u32>>,
    /// By segment, the only notes that may be in it, if a filter says so.
    pub(super) admitted: Option<Arc<[Admitted]>>,
}

/// Which part of the order of all notes is wanted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part<'a> {
    /// Most notes wanted.
    pub(super) k: usize,
    /// Where it starts.
    pub(super) after: Option<&'a Cursor>,
}

/// The candidates of one attempt over all segments and spaces.
struct Attempt<'a> {
    found: Vec<Found<'a>>,
    stages: Stages,
    exhaustive: bool,
    /// By aim, where there are several: no row that was not found scores more, as far as recall goes.
    floors: Vec<f32>,
}

impl<'a> Search<'a> {
    /// The notes of the page in their order, and at least one more if there is one. Tries harder until there are enough,
    /// or all have been looked at: each attempt multiplies the effort, and one that reaches all rows is exhaustive.
    pub(super) fn found(&self, part: Part<'_>) -> Result<(Vec<Found<'a>>, Stages)> {
        let live: usize = match &self.admitted {
            Some(admitted) => admitted.iter().map(|segment| segment.count).sum(),
            None => self.segments.iter().map(|segment| segment.live.live_notes()).sum(),
        };
        let Part { k, after } = part;
        let seen = after.map_or(0, |cursor| cursor.seen as usize);
        // One more than asked for tells whether there is a next page.
        let want = if k == 0 { 0 } else { k.saturating_add(seen).saturating_add(1).min(live) };
        let mut widen = if self.aims.len() > 1 { TOGETHER } else { 1 };
        loop {
            let attempt = self.attempt(want, widen)?;
            let page = ranked(self, part, attempt.found);
            let enough = page.len() > k && !cut_within_a_tie(&page, k) && self.settled(&page, k, &attempt.floors);
            if attempt.exhaustive || enough {
                return Ok((page, attempt.stages));
            }
            widen = widen.saturating_mul(WIDEN);
        }
    }

    /// What is searched for in the encoder's spaces.
    pub(super) fn content(&self) -> Option<&Aiming<'a>> {
        self.aims.iter().find(|aim| aim.aim.space.is_none())
    }

    /// Whether whole notes and their parts are looked at.
    pub(super) fn looks_into_both(&self) -> bool {
        self.content().is_some_and(|aim| aim.spaces.len() > 1)
    }

    /// Whether a note must not be in the answer.
    pub(super) fn excludes(&self, segment: usize, note: u32) -> bool {
        self.excluded.get(segment).is_some_and(|notes| notes.contains(&note))
    }

    /// The notes of a segment that a filter lets through, if there is one.
    fn admitted(&self, segment: usize) -> Option<&Admitted> {
        self.admitted.as_ref()?.get(segment)
    }

    /// Whether a note is alive and may be in the answer.
    pub(super) fn allows(&self, segment: &Opened<'_>, note: u32) -> bool {
        let alive = match self.admitted(segment.number) {
            Some(admitted) => admitted.notes.contains(note),
            None => !segment.live.deleted.contains(note),
        };
        alive && !self.excludes(segment.number, note)
    }

    fn attempt(&self, want: usize, widen: usize) -> Result<Attempt<'a>> {
        let stages = Stages::nothing(self.segments.len());
        let mut attempt = Attempt { found: Vec::new(), stages, exhaustive: true, floors: Vec::new() };
        if self.aims.len() > 1 {
            attempt.floors.resize(self.aims.len(), 0.0);
        }
        for segment in self.segments {
            for (number, aim) in self.aims.iter().enumerate() {
                for ordinal in aim.spaces {
                    if let Some(space) = segment.space(*ordinal).filter(|_| want > 0) {
                        self.search_space(&mut attempt, number, (segment, *ordinal, space), [want, widen]);
                        self.limits.check()?;
                    }
                }
            }
        }
        attempt.found = best_of_each_note(self, attempt.found, attempt.exhaustive);
        Ok(attempt)
    }

    /// Whether enough of a page is better than any note that was found in no space can be: as much of it as the recall asks
    /// for (the threshold algorithm of Fagin, Lotem and Naor 2003, "Optimal aggregation algorithms for middleware").
    fn settled(&self, page: &[Found<'_>], k: usize, floors: &[f32]) -> bool {
        let unseen: f32 = self.aims.iter().zip(floors).map(|(aim, floor)| aim.counted(*floor)).sum();
        let sure = (self.recall * k as f32).ceil() as usize;
        floors.is_empty() || page.get(sure.saturating_sub(1)).is_none_or(|found| found.score >= unseen)
    }

    fn search_space(
        &self,
        attempt: &mut Attempt<'a>,
        aim: usize,
        (segment, ordinal, space): (&'a Opened<'a>, u16, &OpenSpace<'a>),
        [want, widen]: [usize; 2],
    ) {
        let Some(Aiming { axes, .. }) = self.aims.get(aim) else { return };
        let admitted = self.admitted(segment.number);
        let plan = match admitted {
            Some(admitted) => plan_among(space.meta, want, self.recall, widen, admitted.rows(segment, space)),
            None => plan(space.meta, want, self.recall, widen),
        };
        let note_of = |row: u32| space.view.rows.get(row as usize).map(|entry| entry.note);
        let deleted = segment.live.deleted.notes();
        let kept = |note: u32| deleted.binary_search(&note).is_err();
        let alive = |row: u32| deleted.is_empty() || note_of(row).is_some_and(kept);
        let stop = || self.limits.check().is_err();
        let coarse = Coarse::of(space.meta, &space.view);
        let candidates = match (admitted, plan.method) {
            (Some(admitted), _) => {
                let coded = || axes.coded(space);
                coarse.among((axes.full(), &coded), plan, (admitted, space), &stop)
            }
            (None, Method::Exact) => coarse.exact(axes.full(), alive, &stop),
            (None, _) => coarse.candidates((axes.full(), &axes.coded(space)), plan, alive, &stop),
        };
        attempt.stages.coarse += candidates.scored;
        attempt.stages.rescored += candidates.found.len() as u64;
        attempt.stages.exact &= candidates.exhaustive;
        attempt.stages.expected_recall = attempt.stages.expected_recall.min(plan.expected_recall);
        attempt.exhaustive &= candidates.exhaustive;
        if let Some(floor) = attempt.floors.get_mut(aim).filter(|_| !candidates.exhaustive) {
            *floor = floor.max(candidates.score_of(plan.wanted));
        }
        for candidate in candidates.found {
            let Some(note) = note_of(candidate.row) else { continue };
            let at_cut = candidate.coarse <= candidates.cut;
            let score = candidate.full;
            attempt.found.push(Found { segment, aim, space: ordinal, note, candidate, score, at_cut });
        }
    }
}

/// Whether the page ends among equal notes of which more may have been left out: then which of them come first by id is
/// not known yet.
fn cut_within_a_tie(page: &[Found<'_>], k: usize) -> bool {
    let Some(last) = k.checked_sub(1).and_then(|last| page.get(last)) else { return false };
    let tied = |found: &&Found<'_>| found.score == last.score;
    page.iter().filter(tied).any(|found| found.at_cut)
}
