//! The order of a query with words: a pool of candidates from both ways of finding, every one of them scored both ways,
//! put in order by words, by a rule, or by a trained head.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | the pool: the best notes by vectors and by words, completed |
//! | `fuse.rs` | rules that make one score of two |
//! | `order.rs` | the order of a mode, and its pages |
//! | `features/` | what a head reads of the pool |
//! | `arranging.rs` | the order as the caller wishes it beyond its scores |
//! | `explain.rs` | how a hit came to its place |
//!
//! The pool is the same for every page: what comes after it stands in an order that does not depend on it.

mod arranging;
mod explain;
mod features;
mod fuse;
mod order;

use super::dense::{Part, Search};
use super::group::{Found, found_anyway};
use super::{Fusion, Stages, words::Words};
use crate::error::Result;
use crate::lexical::Matched;
use features::{Compared, Parts};
use std::collections::HashMap;

pub(super) use features::table;
pub(super) use order::page;

/// Notes taken from each of the two ways.
pub(super) const POOL: usize = 100;

/// A note that may be in the answer.
#[derive(Clone)]
pub(super) struct Contender<'a> {
    /// Its best row.
    pub(super) found: Found<'a>,
    /// Its vectors in the encoder's spaces.
    parts: Parts<'a>,
    /// What each of them says.
    compared: Compared,
    /// What they say together.
    pub(super) close: f32,
    /// What its words say.
    pub(super) matched: Matched,
    /// What the rule makes of both.
    pub(super) fused: f32,
    /// Its places among the best by vectors and by words, from 0; none beyond the first hundred.
    pub(super) places: [Option<u32>; 2],
}

impl<'a> Contender<'a> {
    fn new(search: &Search<'a>, found: Found<'a>, places: [Option<u32>; 2]) -> Self {
        let parts = Parts::of(&found);
        let compared = search.content().map_or(Compared::NOTHING, |aim| Compared::of(aim.axes.full(), &parts));
        // A note that is good as a whole and in one place is better than one that is either.
        let both = f32::midpoint(compared.whole, compared.passage);
        let in_both = search.aims.len() == 1 && search.looks_into_both() && both.is_finite();
        let close = if in_both { both } else { found.score };
        Self { found, parts, compared, close, matched: Matched::default(), fused: 0.0, places }
    }
}

/// The candidates of a query with words.
pub(super) struct Pool<'a> {
    /// In the order of the rule.
    pub(super) contenders: Vec<Contender<'a>>,
    /// How those that the vectors found were found.
    pub(super) stages: Stages,
}

impl<'a> Pool<'a> {
    /// The best notes by vectors and by words.
    pub(super) fn gather(search: &Search<'a>, words: &Words<'a>, fusion: Fusion) -> Result<Self> {
        let (mut close, stages) = search.found(Part { k: POOL, after: None })?;
        close.truncate(POOL);
        let mut pool = Self { contenders: Vec::with_capacity(2 * POOL), stages };
        let mut at: HashMap<(usize, u32), usize> = HashMap::with_capacity(2 * POOL);
        for (place, found) in (0_u32..).zip(close) {
            at.insert((found.segment.number, found.note), pool.contenders.len());
            pool.contenders.push(Contender::new(search, found, [Some(place), None]));
        }
        for (place, matched) in (0_u32..).zip(words.leading(search, POOL)?) {
            let key = (matched.segment, matched.note);
            let Some(contender) = (match at.get(&key) {
                Some(known) => pool.contenders.get_mut(*known),
                None => pool.admit(search, key),
            }) else {
                continue;
            };
            let [_, by_words] = &mut contender.places;
            *by_words = Some(place);
        }
        let places: Vec<_> = pool.contenders.iter().map(|contender| contender.found.place()).collect();
        for (contender, matched) in pool.contenders.iter_mut().zip(words.score(&places)?) {
            contender.matched = matched;
        }
        pool.sort(fusion);
        Ok(pool)
    }

    /// Brings the contenders into the order of the rule; of equals the one with the first id comes first.
    fn sort(&mut self, fusion: Fusion) {
        let fused = match fusion {
            Fusion::Scores => fuse::by_score(&self.contenders),
            Fusion::Ranks => fuse::by_rank(&self.contenders),
        };
        self.contenders.iter_mut().zip(fused).for_each(|(contender, fused)| contender.fused = fused);
        self.contenders.sort_by(|left, right| {
            right.fused.total_cmp(&left.fused).then_with(|| left.found.id().cmp(&right.found.id()))
        });
    }

    /// A note that only its words have found, with what the vectors say of it.
    fn admit(&mut self, search: &Search<'a>, (segment, note): (usize, u32)) -> Option<&mut Contender<'a>> {
        let segment = search.segments.get(segment)?;
        let found = found_anyway(&search.aims, segment, note);
        self.contenders.push(Contender::new(search, found, [None, None]));
        self.contenders.last_mut()
    }
}
