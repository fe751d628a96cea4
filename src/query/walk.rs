//! The best-first walk over coarse codes (Malkov and Yashunin 2016, algorithm 2, on one layer).
//!
//! Everything it reads from a segment may be damaged, so every row number is checked before use; everything it needs per
//! query lives in a [`Scratch`] that threads keep between queries, so that a walk allocates nothing once warm.

use crate::vector::{QueryCode, kernels};
use index_format::LinksView;
use std::cell::RefCell;
use std::cmp::Ordering;

/// A row and the dot product of its code with the query's; higher is closer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scored {
    pub(super) score: i32,
    pub(super) row: u32,
}

impl Scored {
    /// Both numbers in one, so that ordering compares once: score first, then row.
    const fn key(self) -> u64 {
        ((self.score as u32 ^ 1 << 31) as u64) << 32 | self.row as u64
    }

    const fn of(key: u64) -> Self {
        Self { score: ((key >> 32) as u32 ^ 1 << 31) as i32, row: key as u32 }
    }
}

impl Ord for Scored {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Scored {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

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

/// The best rows met so far, best first, in one sorted list: for the widths in use that is faster than two heaps. Rows that
/// are not accepted stay as long as they may lead to better ones, and do not count.
#[derive(Default)]
struct Beam {
    keys: Vec<u64>,
    marks: Vec<u8>,
    accepted: usize,
    /// All rows before this place have been followed.
    next: usize,
}

/// Rows the list may hold. Among many deleted rows it would grow with all of them, and inserting takes time with its
/// length; looking at every code is then faster.
pub(super) const BEAM_MAX: usize = 16_384;

const ACCEPTED: u8 = 1;
const FOLLOWED: u8 = 2;

impl Beam {
    fn clear(&mut self) {
        self.keys.clear();
        self.marks.clear();
        (self.accepted, self.next) = (0, 0);
    }

    /// Whether a row with this score would enter a beam of some width.
    #[inline]
    fn wants(&self, candidate: Scored, width: usize) -> bool {
        self.accepted < width || self.keys.last().is_none_or(|worst| *worst < candidate.key())
    }

    fn insert(&mut self, candidate: Scored, accepted: bool, width: usize) {
        let key = candidate.key();
        let place = self.keys.partition_point(|held| *held > key);
        self.keys.insert(place, key);
        self.marks.insert(place, if accepted { ACCEPTED } else { 0 });
        self.accepted += usize::from(accepted);
        self.next = self.next.min(place);
        // The worst accepted row is the last one of a full beam.
        let is_spare = |mark: &u8| mark & ACCEPTED == 0;
        while self.accepted > width || (self.accepted == width && self.marks.last().is_some_and(is_spare)) {
            self.keys.pop();
            let mark = self.marks.pop().unwrap_or_default();
            self.accepted -= usize::from(mark & ACCEPTED != 0);
        }
    }

    /// The best row that has not been followed; it counts as followed from now on.
    fn follow(&mut self) -> Option<u32> {
        while let Some(mark) = self.marks.get_mut(self.next) {
            self.next += 1;
            if *mark & FOLLOWED == 0 {
                *mark |= FOLLOWED;
                return self.keys.get(self.next - 1).map(|key| Scored::of(*key).row);
            }
        }
        None
    }

    /// The accepted rows, best first.
    fn found(&self) -> Vec<Scored> {
        let kept = self.keys.iter().zip(&self.marks).filter(|(_, mark)| **mark & ACCEPTED != 0);
        kept.map(|(key, _)| Scored::of(*key)).collect()
    }
}

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
    fn begin(&mut self, rows: usize) {
        self.beam.clear();
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

/// One walk: where, from what, how wide.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk<'a> {
    pub(super) codes: Codes<'a>,
    pub(super) links: LinksView<'a>,
    pub(super) query: &'a QueryCode,
    pub(super) beam: usize,
}

impl Walk<'_> {
    /// Walks from the entry towards the query, keeping the `beam` best accepted rows, until no open row is better than the
    /// worst of them. `stop` is asked every 64 hops and ends the walk early when it says so. `None` if more than
    /// [`BEAM_MAX`] rows would have to be kept.
    pub(super) fn run(&self, accept: impl Fn(u32) -> bool, stop: &dyn Fn() -> bool) -> Option<Walked> {
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.begin(self.links.neighbours.len() / self.links.degree.max(1));
            self.run_with(scratch, accept, stop)
        })
    }

    fn run_with(&self, scratch: &mut Scratch, accept: impl Fn(u32) -> bool, stop: &dyn Fn() -> bool) -> Option<Walked> {
        let Self { codes, links, query, .. } = *self;
        let beam = self.beam.max(1);
        let mut scored = 0;
        if let Some(code) = codes.of(links.entry).filter(|_| scratch.visit(links.entry)) {
            let entry = Scored { score: query.score(code), row: links.entry };
            scored += 1;
            scratch.beam.insert(entry, accept(entry.row), beam);
        }
        let mut hops = 0_u32;
        while let Some(nearest) = scratch.beam.follow() {
            hops += 1;
            if hops.is_multiple_of(64) && stop() {
                break;
            }
            gather(scratch, codes, links.slots(nearest));
            scored += self.expand(scratch, beam, &accept);
            if scratch.beam.keys.len() > BEAM_MAX {
                return None;
            }
        }
        Some(Walked { found: scratch.beam.found(), scored })
    }

    /// Scores the gathered rows and opens those that may still matter, asking for their links ahead of their turn.
    fn expand(&self, scratch: &mut Scratch, beam: usize, accept: &impl Fn(u32) -> bool) -> u32 {
        let Scratch { beam: nearest, fresh, scores, .. } = scratch;
        self.query.score_many(self.codes.flat, fresh, scores);
        for (row, score) in fresh.iter().zip(scores.iter()) {
            let candidate = Scored { score: *score, row: *row };
            if nearest.wants(candidate, beam) {
                kernels::prefetch(self.links.slots(*row));
                nearest.insert(candidate, accept(*row), beam);
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
