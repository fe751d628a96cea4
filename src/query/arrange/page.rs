//! A page of the arrangement, and of what comes after it.

use super::super::search::{Page, Placed};
use super::super::{Cursor, SearchOptions};
use super::{Arranged, Arrangement, arranged};
use crate::duplicates::{dice, shingles};
use crate::error::Result;
use crate::segment::GLOBAL;
use crate::vector::kernels;
use std::time::{SystemTime, UNIX_EPOCH};

/// Hits that are arranged, unless a page is longer.
const POOL: usize = 100;

/// The hits of a page, each with the ids of those folded into it, and where the next page starts.
pub(in crate::query) struct Shown<'a> {
    pub(in crate::query) page: Page<'a>,
    pub(in crate::query) folded: Vec<Vec<String>>,
    pub(in crate::query) next: Option<Cursor>,
}

/// The page that is asked for, arranged as is asked for. `plain` gives pages of the order without arrangement.
pub(in crate::query) fn page<'a>(
    options: &SearchOptions,
    plain: impl Fn(&SearchOptions) -> Result<Page<'a>>,
) -> Result<Shown<'a>> {
    let seen = options.after.as_ref().map_or(0, |cursor| cursor.seen as usize);
    let Some(wanted) = options.arrangement().filter(|_| options.k > 0) else {
        return Ok(unarranged(plain(options)?, seen));
    };
    let pool = plain(&SearchOptions { k: options.k.max(POOL), after: None, ..options.clone() })?;
    let order = arrange(&wanted, &pool.placed)?;
    if seen > 0 && seen >= order.len() {
        // Where the arrangement ended, the cursor was that of the order behind it.
        return Ok(unarranged(plain(options)?, seen));
    }
    let behind = cursor(pool.placed.len(), pool.placed.last()).filter(|_| pool.more);
    let id = |place: &usize| pool.placed.get(*place).map(id_of).unwrap_or_default();
    let on_page = || order.iter().skip(seen).take(options.k);
    let folded = on_page().map(|arranged| arranged.under.iter().map(id).collect()).collect();
    let places: Vec<(usize, f32)> = on_page().map(|arranged| (arranged.place, arranged.score)).collect();
    let mut placed: Vec<Option<Placed<'a>>> = pool.placed.into_iter().map(Some).collect();
    let take = |(place, score): (usize, f32)| {
        let taken = placed.get_mut(place).and_then(Option::take);
        taken.map(|placed| Placed { score, ..placed })
    };
    let placed: Vec<Placed<'a>> = places.into_iter().filter_map(take).collect();
    let reached = seen.saturating_add(options.k);
    let next = if reached < order.len() { cursor(reached, placed.last()) } else { behind };
    Ok(Shown { page: Page { placed, more: next.is_some(), stages: pool.stages }, folded, next })
}

fn unarranged(page: Page<'_>, seen: usize) -> Shown<'_> {
    let next = cursor(seen.saturating_add(page.placed.len()), page.placed.last()).filter(|_| page.more);
    Shown { page, folded: Vec::new(), next }
}

/// The point after so many hits, of which this is the last.
pub(super) fn cursor(seen: usize, last: Option<&Placed<'_>>) -> Option<Cursor> {
    let seen = seen.min(u32::MAX as usize) as u32;
    last.map(|placed| Cursor { seen, score: placed.score, id: id_of(placed) })
}

fn id_of(placed: &Placed<'_>) -> String {
    String::from_utf8_lossy(placed.found.id().unwrap_or_default()).into_owned()
}

/// The order of the pool's hits.
fn arrange(wanted: &Arrangement, placed: &[Placed<'_>]) -> Result<Vec<Arranged>> {
    let scores: Vec<f32> = placed.iter().map(|placed| placed.score).collect();
    let (mut dates, mut texts) = (Vec::with_capacity(placed.len()), Vec::with_capacity(placed.len()));
    for Placed { found, .. } in placed {
        let record = found.segment.record(found.note)?;
        dates.push(record.created_ms.as_ref().map(|created| created.to_native()));
        let text = wanted.fold.map(|_| shingles(&record.title, &record.text));
        texts.push(text.unwrap_or_default());
    }
    let vectors: Vec<Option<&[f32]>> = placed.iter().map(whole).collect();
    let likeness = |one: usize, other: usize| {
        let vector = |place: usize| vectors.get(place).copied().flatten();
        let cosine = vector(one).zip(vector(other)).map_or(0.0, |(one, other)| kernels::dot_f32(one, other));
        if cosine.is_finite() { cosine } else { 0.0 }
    };
    let copies = |one: usize, other: usize| match (texts.get(one), texts.get(other)) {
        (Some(left), Some(right)) if left.is_empty() && right.is_empty() => likeness(one, other),
        (Some(left), Some(right)) => dice(left, right) as f32,
        _ => 0.0,
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
    Ok(arranged(wanted, (&scores, &dates, now), likeness, copies))
}

/// The vector of a note as a whole.
fn whole<'a>(placed: &Placed<'a>) -> Option<&'a [f32]> {
    let space = placed.found.segment.space(GLOBAL)?;
    space.vector(*space.view.rows_of(placed.found.note).first()?)
}
