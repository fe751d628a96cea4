//! The order of a query with words, and one page of it.
//!
//! By words alone, notes come as their words score. Otherwise the pool comes first, in the order of its rule or head, and after
//! it all other notes by vectors, from the last one shown on: pages never repeat a note of one snapshot.

use super::super::dense::{Part, Search};
use super::super::group::{Found, found_anyway};
use super::super::search::{Page, Placed};
use super::super::words::Words;
use super::super::{Cursor, Explanation, Fusion, Mode, SearchOptions, Stages};
use super::arranging::{Arranged, arranged};
use super::{Contender, Pool, explain, features};
use crate::error::Result;
use crate::rank::{Head, Table};
use std::collections::HashSet;

/// One page of the order of a mode.
pub(in crate::query) fn page<'a>(
    search: &Search<'a>,
    words: &Words<'a>,
    (mode, head): (Mode, Option<&Head>),
    options: &SearchOptions,
) -> Result<Page<'a>> {
    let seen = options.after.as_ref().map_or(0, |cursor| cursor.seen as usize);
    let fusion = if mode == Mode::Fused { options.fusion } else { Fusion::Scores };
    let wanted = Wanted { seen, k: options.k, after: options.after.as_ref(), fusion, explain: options.explain };
    let mut page = match mode {
        Mode::Lexical => by_words(search, words, wanted)?,
        mode => by_pool(search, words, (mode, head), (wanted, options))?,
    };
    if options.explain {
        explain::add_words(&mut page.placed, words)?;
    }
    Ok(page)
}

/// Which places of the order a page takes.
#[derive(Clone, Copy)]
struct Wanted<'a> {
    seen: usize,
    k: usize,
    /// The last hit of the page before.
    after: Option<&'a Cursor>,
    fusion: Fusion,
    explain: bool,
}

impl Wanted<'_> {
    /// Places up to the end of the page, and one more that tells whether there is a next one.
    const fn reach(self) -> usize {
        self.seen.saturating_add(self.k).saturating_add(1)
    }

    /// The page out of the order from a place on.
    fn cut<'a>(self, placed: impl Iterator<Item = Placed<'a>>, from: usize) -> (Vec<Placed<'a>>, bool) {
        let mut page: Vec<Placed<'a>> = placed.skip(from).take(self.k.saturating_add(1)).collect();
        let more = page.len() > self.k;
        page.truncate(self.k);
        (page, more)
    }
}

/// Notes with some of the words, best first; others are no answer.
fn by_words<'a>(search: &Search<'a>, words: &Words<'a>, wanted: Wanted<'_>) -> Result<Page<'a>> {
    let mut matched = words.best(search, wanted.reach())?;
    matched.retain(|matched| matched.score > 0.0);
    let placed = matched.iter().enumerate().filter_map(|(place, matched)| {
        let segment = search.segments.get(matched.segment)?;
        let why = Explanation { lexical: Some(place), ..Explanation::NOTHING };
        let found = found_anyway(&search.aims, segment, matched.note);
        Some(Placed { found, score: matched.score, folded: Vec::new(), why: wanted.explain.then(|| Box::new(why)) })
    });
    let (placed, more) = wanted.cut(placed, wanted.seen);
    Ok(Page { placed, more, stages: Stages::nothing(search.segments.len()) })
}

/// The pool in the order of a mode, arranged as the caller wishes, then everything else by vectors.
fn by_pool<'a>(
    search: &Search<'a>,
    words: &Words<'a>,
    (mode, head): (Mode, Option<&Head>),
    (wanted, options): (Wanted<'_>, &SearchOptions),
) -> Result<Page<'a>> {
    let pool = Pool::gather(search, words, wanted.fusion)?;
    let head = head.filter(|_| mode == Mode::Ranked);
    let table = head.map(|head| features::table(search, words, &pool, head.schema())).transpose()?;
    let ranked = head.zip(table.as_ref());
    let order = arrange(search, &pool, scored(&pool, mode, ranked)?, options)?;
    let copies: HashSet<(usize, u32)> = places_of(&pool, order.iter().flat_map(|(_, folded)| folded)).collect();
    let mut placed = Vec::with_capacity(order.len());
    for (place, ((candidate, score), folded)) in order.into_iter().enumerate() {
        let Some(contender) = pool.contenders.get(candidate) else { continue };
        let shown = (wanted.seen..wanted.seen.saturating_add(wanted.k)).contains(&place);
        let mut why = (wanted.explain && shown).then(|| Box::new(explain::of(contender, candidate)));
        if let Some((why, ranked)) = why.as_mut().zip(ranked) {
            search.limits.check()?;
            explain::add_head(why, ranked, candidate)?;
        }
        placed.push(Placed { found: contender.found, score, folded: ids_of(&pool, &folded), why });
    }
    let (mut from, mut stages) = (wanted.seen, pool.stages);
    if wanted.reach() > placed.len() {
        let last_shown = last_shown(search, wanted, placed.len())?;
        let (behind, looked) = rest(search, (&placed, &copies), wanted, last_shown.as_ref())?;
        stages = stages.and(looked);
        if last_shown.is_some() {
            placed.clear();
            from = 0;
        }
        placed.extend(behind);
    }
    let (placed, more) = wanted.cut(placed.into_iter(), from);
    Ok(Page { placed, more, stages })
}

/// The contenders by number in the order of a mode, with scores as they are shown.
fn scored(pool: &Pool<'_>, mode: Mode, ranked: Option<(&Head, &Table)>) -> Result<Vec<(usize, f32)>> {
    let contenders = pool.contenders.iter();
    let scores = match ranked {
        Some((head, table)) => head.scores(table)?,
        None if mode == Mode::Dense => contenders.map(|contender| contender.found.score).collect(),
        None => contenders.map(|contender| contender.fused).collect(),
    };
    let shown = |(number, score): (usize, f32)| (number, if ranked.is_some() { logistic(score) } else { score });
    Ok(in_order(&pool.contenders, scores).into_iter().map(shown).collect())
}

/// The order as the caller wishes it beyond scores.
fn arrange(
    search: &Search<'_>,
    pool: &Pool<'_>,
    order: Vec<(usize, f32)>,
    options: &SearchOptions,
) -> Result<Arranged> {
    if options.arranges() {
        return arranged(search, &pool.contenders, order, options);
    }
    Ok(order.into_iter().map(|scored| (scored, Vec::new())).collect())
}

/// The places of contenders given by their numbers.
fn places_of<'p>(pool: &'p Pool<'_>, numbers: impl Iterator<Item = &'p usize>) -> impl Iterator<Item = (usize, u32)> {
    numbers.filter_map(|number| pool.contenders.get(*number)).map(|contender| contender.found.place())
}

/// The ids of contenders given by their numbers.
fn ids_of(pool: &Pool<'_>, numbers: &[usize]) -> Vec<String> {
    let id = |number: &usize| pool.contenders.get(*number).and_then(|contender| contender.found.id());
    numbers.iter().filter_map(id).map(|id| String::from_utf8_lossy(id).into_owned()).collect()
}

/// Brings a head's score to 0..1 for showing it. Far from 0 different scores become the same: the order is by those that the
/// head gave.
fn logistic(score: f32) -> f32 {
    1.0 / (1.0 + (-score).exp())
}

/// The numbers of the contenders with their scores, best first; of equals the one with the first id.
fn in_order(contenders: &[Contender<'_>], scores: Vec<f32>) -> Vec<(usize, f32)> {
    let mut order: Vec<(usize, f32)> = scores.into_iter().enumerate().collect();
    let id = |number: usize| contenders.get(number).and_then(|contender| contender.found.id());
    order.sort_by(|left, right| right.1.total_cmp(&left.1).then_with(|| id(left.0).cmp(&id(right.0))));
    order
}

/// The last hit of the page before as a point in the order by vectors, if that hit came after a pool of so many.
fn last_shown(search: &Search<'_>, wanted: Wanted<'_>, pool: usize) -> Result<Option<Cursor>> {
    let Some(cursor) = wanted.after.filter(|_| wanted.seen > pool) else { return Ok(None) };
    for segment in search.segments {
        let note = segment.live.segment.find(&cursor.id)?;
        if let Some(note) = note.filter(|note| !segment.live.deleted.contains(*note)) {
            let score = found_anyway(&search.aims, segment, note).score;
            return Ok(Some(Cursor { score, ..cursor.clone() }));
        }
    }
    // It has been deleted since: the page starts as many places further as were seen.
    Ok(None)
}

/// The notes that are not in the pool, from the last one shown or from the first, as far as the page reaches. Their scores
/// lie below those of the pool.
fn rest<'a>(
    search: &Search<'a>,
    (pool, copies): (&[Placed<'a>], &HashSet<(usize, u32)>),
    wanted: Wanted<'_>,
    last_shown: Option<&Cursor>,
) -> Result<(Vec<Placed<'a>>, Stages)> {
    let mut inside = copies.clone();
    inside.extend(pool.iter().map(|placed| placed.found.place()));
    let lowest = pool.last().map_or(1.0, |placed| placed.score);
    // Among so many there are enough outside the pool, even if all of it lies here.
    let part = match last_shown {
        Some(_) => Part { k: wanted.k.saturating_add(inside.len()), after: last_shown },
        None => Part { k: wanted.reach().saturating_add(copies.len()), after: None },
    };
    let (found, stages) = search.found(part)?;
    let behind = found.into_iter().filter(|found| !inside.contains(&found.place()));
    let place = |found: Found<'a>| {
        let why = wanted.explain.then(|| Box::new(Explanation::NOTHING));
        // Rounding may lift the cosine of equal vectors above 1.
        Placed { score: lowest * f32::midpoint(1.0, found.score.min(1.0)), found, folded: Vec::new(), why }
    };
    Ok((behind.take(wanted.reach()).map(place).collect(), stages))
}
