//! One search over all live segments: what it asks for, which way it is ordered, its page.

use super::aim::{Aim, Aiming};
use super::dense::{Part, Search};
use super::evidence::evidence;
use super::group::Found;
use super::opened::Opened;
use super::options::{Limits, SearchOptions};
use super::{Answer, Cursor, Stages};
use crate::error::Result;
use crate::segment::{Deleted, Segment};
use std::sync::Arc;

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
    /// The words that are asked for, as they were written.
    pub(crate) wordings: Vec<Wording>,
}

/// A text whose words are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wording {
    pub(crate) text: String,
    /// How much it counts against the others, above 0.
    pub(crate) weight: f32,
}

/// The notes of a page in their order, and whether there are more.
pub(super) struct Page<'a> {
    pub(super) placed: Vec<Placed<'a>>,
    pub(super) more: bool,
    pub(super) stages: Stages,
}

/// A note in its place.
pub(super) struct Placed<'a> {
    pub(super) found: Found<'a>,
    /// What the order is by.
    pub(super) score: f32,
}

/// Searches the segments for the notes that match the target best.
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
    let excluded = excluded(segments, &target.exclude)?;
    let search = Search { segments: &opened, recall: options.recall, limits, aims, excluded };
    let Page { placed, more, stages } = dense(&search, options)?;
    placed.iter().for_each(|placed| placed.found.segment.prefetch(placed.found.note));
    let mut hits = Vec::with_capacity(placed.len());
    for placed in &placed {
        limits.check()?;
        hits.push(evidence(placed, &search.aims)?);
    }
    let seen = options.after.as_ref().map_or(0, |cursor| cursor.seen as usize);
    let next = hits.last().filter(|_| more).map(|hit| Cursor {
        seen: seen.saturating_add(hits.len()).min(u32::MAX as usize) as u32,
        score: hit.score,
        id: hit.id.clone(),
    });
    Ok(Answer { hits, stages, generation, next })
}

/// The notes closest to the target.
fn dense<'a>(search: &Search<'a>, options: &SearchOptions) -> Result<Page<'a>> {
    let (mut found, stages) = search.found(Part { k: options.k, after: options.after.as_ref() })?;
    let more = found.len() > options.k;
    found.truncate(options.k);
    let placed = found.into_iter().map(|found| Placed { score: found.score, found }).collect();
    Ok(Page { placed, more, stages })
}

/// By segment, the notes with these ids.
fn excluded(segments: &[LiveSegment], ids: &[String]) -> Result<Vec<Vec<u32>>> {
    let of_segment = |live: &LiveSegment| {
        let found = ids.iter().map(|id| live.segment.find(id));
        found.filter_map(Result::transpose).collect()
    };
    segments.iter().map(of_segment).collect()
}
