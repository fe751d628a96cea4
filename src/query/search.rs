//! One search over all live segments: candidates of each space, widening until enough notes are found, order.

use super::aim::{Aim, Aiming};
use super::evidence::evidence;
use super::group::{Found, best_of_each_note, ranked};
use super::opened::Opened;
use super::options::{Limits, SearchOptions};
use super::plan::{Method, plan};
use super::space::Coarse;
use super::{Answer, Cursor, Mode, Stages};
use crate::error::Result;
use crate::segment::{Deleted, OpenSpace, Segment};
use std::sync::Arc;

/// How much the effort grows when an attempt found too few notes.
const WIDEN: usize = 4;

/// Effort of the first attempt where several spaces are searched together: a note that is good in all of them need not be
/// among the best of any.
const TOGETHER: usize = 4;

/// A segment and its deleted notes.
#[derive(Debug, Clone)]
pub(crate) struct LiveSegment {
    /// The segment.
    pub(crate) segment: Arc<Segment>,
    /// Its deleted notes.
    pub(crate) deleted: Deleted,
}

impl LiveSegment {
    /// Notes that are not deleted.
    pub(crate) fn live_notes(&self) -> usize {
        (self.segment.meta().notes as usize).saturating_sub(self.deleted.notes().len())
    }
}

/// What is searched for.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// What is searched for in each space; at least one.
    pub(crate) aims: Vec<Aim>,
    /// Notes that must not be their own answer.
    pub(crate) exclude: Vec<String>,
}

/// One search: what all its steps share.
pub(super) struct Search<'a> {
    pub(super) segments: &'a [Opened<'a>],
    pub(super) target: &'a Target,
    pub(super) options: &'a SearchOptions,
    pub(super) limits: &'a Limits,
    pub(super) aims: Vec<Aiming<'a>>,
}

/// The candidates of one attempt over all segments and spaces.
struct Attempt<'a> {
    found: Vec<Found<'a>>,
    stages: Stages,
    exhaustive: bool,
    /// By aim, where there are several: no row that was not found scores more, as far as recall goes.
    floors: Vec<f32>,
}

/// Searches the segments for the notes closest to the target.
///
/// # Errors
/// Damage met on the way, and the limits of the call.
pub(crate) fn search(
    segments: &[LiveSegment],
    target: &Target,
    options: &SearchOptions,
    limits: &Limits,
    generation: u64,
) -> Result<Answer> {
    options.check()?;
    limits.check()?;
    let opened = Opened::all(segments, target.aims.iter().filter_map(|aim| aim.space))?;
    let aims = Aiming::all(&target.aims, options.granularity);
    let search = Search { segments: &opened, target, options, limits, aims };
    let seen = options.after.as_ref().map_or(0, |cursor| cursor.seen as usize);
    let (found, stages) = search.found(seen)?;
    let mut hits = Vec::with_capacity(options.k.min(found.len()));
    found.iter().take(options.k).for_each(|found| found.segment.prefetch(found.note));
    for found in found.iter().take(options.k) {
        limits.check()?;
        hits.push(evidence(found, &search.aims)?);
    }
    let more = found.len() > options.k;
    let next = hits.last().filter(|_| more).map(|hit| Cursor {
        seen: seen.saturating_add(hits.len()).min(u32::MAX as usize) as u32,
        score: hit.score,
        id: hit.id.clone(),
    });
    Ok(Answer { hits, stages, mode: Mode::Dense, generation, next })
}

impl<'a> Search<'a> {
    /// The notes of the page in their order, and at least one more if there is one. Tries harder until there are enough,
    /// or all have been looked at: each attempt multiplies the effort, and one that reaches all rows is exhaustive.
    fn found(&self, seen: usize) -> Result<(Vec<Found<'a>>, Stages)> {
        let live: usize = self.segments.iter().map(|segment| segment.live.live_notes()).sum();
        let k = self.options.k;
        // One more than asked for tells whether there is a next page.
        let want = if k == 0 { 0 } else { k.saturating_add(seen).saturating_add(1).min(live) };
        let mut widen = if self.aims.len() > 1 { TOGETHER } else { 1 };
        loop {
            let attempt = self.attempt(want, widen)?;
            let page = ranked(self, attempt.found)?;
            let enough = page.len() > k && !cut_within_a_tie(&page, k) && self.settled(&page, &attempt.floors);
            if attempt.exhaustive || enough {
                return Ok((page, attempt.stages));
            }
            widen = widen.saturating_mul(WIDEN);
        }
    }

    fn attempt(&self, want: usize, widen: usize) -> Result<Attempt<'a>> {
        let segments = self.segments.len();
        let stages = Stages { segments, coarse: 0, rescored: 0, exact: true, expected_recall: 1.0 };
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
    fn settled(&self, page: &[Found<'_>], floors: &[f32]) -> bool {
        let unseen: f32 = self.aims.iter().zip(floors).map(|(aim, floor)| aim.counted(*floor)).sum();
        let sure = (self.options.recall * self.options.k as f32).ceil() as usize;
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
        let plan = plan(space.meta, want, self.options.recall, widen);
        let note_of = |row: u32| space.view.rows.get(row as usize).map(|entry| entry.note);
        let deleted = segment.live.deleted.notes();
        let kept = |note: u32| deleted.binary_search(&note).is_err();
        let alive = |row: u32| deleted.is_empty() || note_of(row).is_some_and(kept);
        let stop = || self.limits.check().is_err();
        let coarse = Coarse::of(space.meta, &space.view);
        let candidates = match plan.method {
            Method::Exact => coarse.exact(axes.full(), alive, &stop),
            _ => coarse.candidates((axes.full(), &axes.coded(space)), plan, alive, &stop),
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
