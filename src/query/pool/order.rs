//! The order of a query with words, and one page of it.
//!
//! By words alone, notes come as their words score. Otherwise the pool comes first, in the order of its rule or head, and after
//! it all other notes by vectors: an order that no page changes, so that pages never repeat a note of one snapshot.

use super::super::dense::{Part, Search};
use super::super::group::found_anyway;
use super::super::search::{Page, Placed};
use super::super::words::Words;
use super::super::{Mode, SearchOptions, Stages};
use super::{Contender, Pool, features};
use crate::error::Result;
use crate::rank::Head;
use std::collections::HashSet;

/// One page of the order of a mode.
pub(in crate::query) fn page<'a>(
    search: &Search<'a>,
    words: &Words<'a>,
    (mode, head): (Mode, Option<&Head>),
    options: &SearchOptions,
) -> Result<Page<'a>> {
    let seen = options.after.as_ref().map_or(0, |cursor| cursor.seen as usize);
    let wanted = Wanted { seen, k: options.k };
    match mode {
        Mode::Lexical => by_words(search, words, wanted),
        Mode::Ranked => by_pool(search, words, head, wanted),
        _ => by_pool(search, words, None, wanted),
    }
}

/// Which places of the order a page takes.
#[derive(Clone, Copy)]
struct Wanted {
    seen: usize,
    k: usize,
}

impl Wanted {
    /// Places up to the end of the page, and one more that tells whether there is a next one.
    const fn reach(self) -> usize {
        self.seen.saturating_add(self.k).saturating_add(1)
    }

    /// The page out of the order's beginning.
    fn cut<'a>(self, placed: impl Iterator<Item = Placed<'a>>) -> (Vec<Placed<'a>>, bool) {
        let mut page: Vec<Placed<'a>> = placed.skip(self.seen).take(self.k.saturating_add(1)).collect();
        let more = page.len() > self.k;
        page.truncate(self.k);
        (page, more)
    }
}

/// Notes with some of the words, best first; others are no answer.
fn by_words<'a>(search: &Search<'a>, words: &Words<'a>, wanted: Wanted) -> Result<Page<'a>> {
    let mut matched = words.best(search, wanted.reach())?;
    let mut stages = Stages::nothing(search.segments.len());
    stages.rescored = matched.len() as u64;
    matched.retain(|matched| matched.score > 0.0);
    let placed = matched.iter().filter_map(|matched| {
        let segment = search.segments.get(matched.segment)?;
        Some(Placed { found: found_anyway(&search.aims, segment, matched.note), score: matched.score })
    });
    let (placed, more) = wanted.cut(placed);
    Ok(Page { placed, more, stages })
}

/// The pool in the order of a head, or else of the rule, then everything else by vectors.
fn by_pool<'a>(search: &Search<'a>, words: &Words<'a>, head: Option<&Head>, wanted: Wanted) -> Result<Page<'a>> {
    let pool = Pool::gather(search, words)?;
    let scores = match head {
        Some(head) => {
            let scores = head.scores(&features::table(search, words, &pool, head.schema())?)?;
            scores.into_iter().map(logistic).collect()
        }
        None => pool.contenders.iter().map(|contender| contender.fused).collect(),
    };
    let mut stages = pool.stages;
    let mut placed = in_order(pool.contenders, scores);
    if wanted.reach() > placed.len() {
        let (behind, looked) = rest(search, &placed, wanted)?;
        stages = looked;
        placed.extend(behind);
    }
    let (placed, more) = wanted.cut(placed.into_iter());
    Ok(Page { placed, more, stages })
}

/// Brings a head's score to 0..1; what orders notes stays in order.
fn logistic(score: f32) -> f32 {
    1.0 / (1.0 + (-score).exp())
}

/// The contenders, best first; of equals the one with the first id.
fn in_order(contenders: Vec<Contender<'_>>, scores: Vec<f32>) -> Vec<Placed<'_>> {
    let scored = contenders.into_iter().zip(scores);
    let mut placed: Vec<Placed<'_>> =
        scored.map(|(contender, score)| Placed { found: contender.found, score }).collect();
    placed.sort_by(|left, right| {
        let scores = right.score.total_cmp(&left.score);
        scores.then_with(|| left.found.id().cmp(&right.found.id()))
    });
    placed
}

/// The notes that are not in the pool, as far as the page reaches. Their scores lie below those of the pool.
fn rest<'a>(search: &Search<'a>, pool: &[Placed<'a>], wanted: Wanted) -> Result<(Vec<Placed<'a>>, Stages)> {
    let inside: HashSet<(usize, u32)> = pool.iter().map(|placed| placed.found.place()).collect();
    let lowest = pool.last().map_or(1.0, |placed| placed.score);
    // Among so many there are enough outside the pool.
    let (found, stages) = search.found(Part { k: wanted.reach(), after: None })?;
    let behind = found.into_iter().filter(|found| !inside.contains(&found.place()));
    let placed = behind.map(|found| Placed { score: lowest * f32::midpoint(1.0, found.score), found });
    Ok((placed.collect(), stages))
}
