//! The best-first walk over coarse codes (Malkov and Yashunin 2016, algorithm 2, on one layer).
//!
//! Everything it reads from a segment may be damaged, so every row number is checked before use; everything it needs per
//! query lives in a [`Scratch`] that threads keep between queries, so that a walk allocates nothing once warm.

use super::beam::{Beam, Reach, Scored};
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
    /// Accepted rows, best first.
    pub(super) found: Vec<Scored>,
    /// Codes compared.
    pub(super) scored: u32,
}

/// Rows a walk may hold. Among many deleted rows its list would grow with all of them, and inserting takes time with its
/// length; looking at every code is then faster.
pub(super) const HELD_MAX: usize = 16_384;

#[derive(Default)]
struct Scratch {
    /// One byte a row, so that the marks of a large space stay near: rows marked with the present epoch were seen.
    visited: Vec<u8>,
    epoch: u8,
    beam: Beam,
    fresh: Vec<u32>,
    scores: Vec<i32>,
}

impl Scratch {
    fn begin(&mut self, query: &QueryCode, rows: usize) {
        self.beam.begin(query);
        if self.visited.len() < rows {
            self.visited.resize(rows, self.epoch);
        }
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.visited.fill(0);
            self.epoch = 1;
        }
    }

    /// Marks a row; true the first time, false again or for a row that does not exist.
    #[inline]
    fn visit(&mut self, row: u32) -> bool {
        match self.visited.get_mut(row as usize) {
            Some(mark) if *mark != self.epoch => {
                *mark = self.epoch;
                true
            }
            _ => false,
        }
    }
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

/// One walk: where, from what, how far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk<'a> {
    pub(super) codes: Codes<'a>,
    pub(super) links: LinksView<'a>,
    pub(super) query: &'a QueryCode,
    pub(super) reach: Reach,
}

impl Walk<'_> {
    /// Walks from the entry towards the query until every row within reach has been followed. `stop` is asked every 64 hops
    /// and ends the walk early when it says so. `None` if more than [`HELD_MAX`] rows would have to be held.
    pub(super) fn run(&self, accept: impl Fn(u32) -> bool, stop: &dyn Fn() -> bool) -> Option<Walked> {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.begin(self.query, self.links.neighbours.len() / self.links.degree.max(1));
            self.run_with(scratch, accept, stop)
        })
    }

    fn run_with(&self, scratch: &mut Scratch, accept: impl Fn(u32) -> bool, stop: &dyn Fn() -> bool) -> Option<Walked> {
        let Self { codes, links, query, reach } = *self;
        let mut scored = 0;
        if let Some(code) = codes.of(links.entry).filter(|_| scratch.visit(links.entry)) {
            let entry = Scored { score: query.score(code), row: links.entry };
            scored += 1;
            scratch.beam.insert(entry, accept(entry.row), reach);
        }
        let mut hops = 0_u32;
        while let Some(nearest) = scratch.beam.follow() {
            hops += 1;
            if hops.is_multiple_of(64) && stop() {
                break;
            }
            gather(scratch, codes, links.slots(nearest));
            scored += self.expand(scratch, &accept);
            if scratch.beam.len() > HELD_MAX {
                return None;
            }
        }
        Some(Walked { found: scratch.beam.found(), scored })
    }

    /// Scores the gathered rows and opens those that may still matter, asking for their links ahead of their turn.
    fn expand(&self, scratch: &mut Scratch, accept: &impl Fn(u32) -> bool) -> u32 {
        let Scratch { beam: nearest, fresh, scores, .. } = scratch;
        self.query.score_many(self.codes.flat, fresh, scores);
        for (row, score) in fresh.iter().zip(scores.iter()) {
            let candidate = Scored { score: *score, row: *row };
            if nearest.wants(candidate, self.reach) {
                kernels::prefetch(self.links.slots(*row));
                nearest.insert(candidate, accept(*row), self.reach);
            }
        }
        fresh.len() as u32
    }
}

/// Collects the neighbours not seen before and asks for their codes ahead of the arithmetic. Unused slots name no row.
fn gather(scratch: &mut Scratch, codes: Codes<'_>, neighbours: &[u32]) {
    scratch.fresh.clear();
    for row in neighbours {
        if scratch.visit(*row)
            && let Some(code) = codes.of(*row)
        {
            kernels::prefetch(code);
            scratch.fresh.push(*row);
        }
    }
}
