//! The best-first walk over coarse codes (Malkov and Yashunin 2016, algorithm 2, on one layer).
//!
//! Everything it reads from a segment may be damaged, so every row number is checked before use; everything it needs per
//! query lives in a [`Scratch`] that threads keep between queries, so that a walk allocates nothing once warm.

use super::beam::{Beam, ByDistance, Reach, Scored};
use crate::vector::{QueryCode, kernels};
use index_format::LinksView;
use std::cell::RefCell;

/// Codes of a space, row-major.
#[derive(Debug, Clone, Copy)]
pub(super) struct Codes<'a> {
    /// Bytes of a code.
    pub(super) bytes: usize,
    pub(super) flat: &'a [i8],
}

impl<'a> Codes<'a> {
    #[inline]
    pub(super) fn of(&self, row: u32) -> Option<&'a [i8]> {
        let start = row as usize * self.bytes;
        self.flat.get(start..start + self.bytes)
    }
}

/// What a walk found.
#[derive(Debug, Default)]
pub(super) struct Walked {
    /// Accepted rows, in no order.
    pub(super) found: Vec<Scored>,
    /// Codes compared.
    pub(super) scored: u32,
    /// Whether it was given up because too many codes had to be compared.
    pub(super) given_up: bool,
}

#[derive(Default)]
struct Scratch {
    /// A bit a row.
    visited: Vec<u64>,
    /// Rows visited, in the order they were met.
    seen: Vec<u32>,
    beam: Beam,
    scores: Vec<i32>,
    near: Vec<Scored>,
}

impl Scratch {
    fn begin(&mut self, query: &QueryCode, rows: usize) {
        self.beam.begin(query);
        // Few rows are visited: taking their marks back is faster than clearing all.
        for row in self.seen.drain(..) {
            if let Some(word) = self.visited.get_mut(row as usize / 64) {
                *word = 0;
            }
        }
        if self.visited.len() < rows.div_ceil(64) {
            self.visited.resize(rows.div_ceil(64), 0);
        }
    }

    /// Marks the rows that exist, asks for their codes ahead of the arithmetic, and puts those not seen before behind the
    /// seen ones; returns where they start. Which rows are new is hard to foresee, so nothing branches on it.
    #[inline]
    fn visit(&mut self, rows: &[u32], codes: Codes<'_>) -> usize {
        let start = self.seen.len();
        self.seen.resize(start + rows.len(), 0);
        let mut end = start;
        for row in rows {
            // Unused slots name no row.
            let Some((code, word)) = codes.of(*row).zip(self.visited.get_mut(*row as usize / 64)) else { continue };
            kernels::prefetch(code);
            let bit = 1 << (row % 64);
            if let Some(place) = self.seen.get_mut(end) {
                *place = *row;
            }
            end += usize::from(*word & bit == 0);
            *word |= bit;
        }
        self.seen.truncate(end);
        start
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// One walk: where, for what, how far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk<'a> {
    pub(super) codes: Codes<'a>,
    pub(super) links: LinksView<'a>,
    pub(super) query: &'a QueryCode,
    pub(super) reach: Reach,
    /// How much lower than that of the last wanted row the estimated cosine of a row may be that is found.
    pub(super) margin: ByDistance,
}

impl Walk<'_> {
    /// Walks from its start towards the query until every row within reach has been followed. `stop` is asked every 64 hops
    /// and ends the walk early when it says so.
    pub(super) fn run(&self, accept: impl Fn(u32) -> bool, stop: &dyn Fn() -> bool) -> Walked {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.begin(self.query, self.links.neighbours.len() / self.links.degree.max(1));
            let given_up = self.run_with(scratch, accept, stop);
            let scored = scratch.seen.len() as u32 + self.links.starts;
            Walked { found: scratch.beam.found(self.query, self.margin), scored, given_up }
        })
    }

    fn run_with(&self, scratch: &mut Scratch, accept: impl Fn(u32) -> bool, stop: &dyn Fn() -> bool) -> bool {
        let start = self.start(scratch);
        self.open(scratch, &[start], &accept);
        let mut hops = 0_u32;
        while let Some(nearest) = scratch.beam.follow() {
            hops += 1;
            if hops.is_multiple_of(64) && stop() {
                break;
            }
            if scratch.seen.len() > self.reach.compared {
                return true;
            }
            // What comes next is most often known by now.
            if let Some(next) = scratch.beam.next() {
                kernels::prefetch(self.links.slots(next));
            }
            self.open(scratch, self.links.slots(nearest), &accept);
        }
        false
    }

    /// The best row to start from. Comparing rows that lie side by side costs a tenth of what the hops saved would.
    fn start(&self, scratch: &mut Scratch) -> u32 {
        let Scratch { seen, scores, .. } = scratch;
        seen.extend(0..self.links.starts);
        self.query.score_many(self.codes.flat, seen, scores);
        let best = seen.iter().zip(scores).max_by_key(|(_, score)| **score).map_or(self.links.entry, |(row, _)| *row);
        seen.clear();
        best
    }

    /// Compares the rows not seen before with the query, and opens those within reach.
    #[inline]
    fn open(&self, scratch: &mut Scratch, rows: &[u32], accept: &impl Fn(u32) -> bool) {
        let start = scratch.visit(rows, self.codes);
        let Scratch { beam, seen, scores, near, .. } = scratch;
        let fresh = seen.get(start..).unwrap_or_default();
        self.query.score_many(self.codes.flat, fresh, scores);
        within_reach(fresh, scores, beam.floor(), near);
        let ahead = beam.next();
        beam.extend(near, accept, self.reach);
        if let Some(next) = beam.next().filter(|next| Some(*next) != ahead) {
            kernels::prefetch(self.links.slots(next));
        }
    }
}

/// Puts the rows that score above the floor into `near`. Which do is hard to foresee, so nothing branches on it.
#[inline]
fn within_reach(rows: &[u32], scores: &[i32], floor: i32, near: &mut Vec<Scored>) {
    near.resize(rows.len(), Scored { score: 0, row: 0 });
    let mut end = 0;
    for (row, score) in rows.iter().zip(scores) {
        if let Some(place) = near.get_mut(end) {
            *place = Scored { score: *score, row: *row };
        }
        end += usize::from(*score > floor);
    }
    near.truncate(end);
}
