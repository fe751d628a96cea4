//! Looking at every row: for spaces too small for a graph, and for answers that must be exact.

use super::beam::Scored;
use super::walk::Codes;
use crate::vector::{QueryCode, kernels};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Rows between two looks at the clock.
const STOP_ROWS: usize = 4_096;

/// Rows compared at once where they do not lie side by side.
const BATCH: usize = 64;

/// The best of the rows that are offered.
struct Best {
    keep: usize,
    kept: BinaryHeap<Reverse<Scored>>,
}

impl Best {
    const fn new(keep: usize) -> Self {
        Self { keep, kept: BinaryHeap::new() }
    }

    /// Keeps a row that is accepted, if it is better than the worst kept.
    #[inline]
    fn offer(&mut self, candidate: Scored, accept: impl FnOnce(u32) -> bool) {
        let full = self.kept.len() >= self.keep;
        if full && self.kept.peek().is_none_or(|Reverse(worst)| candidate.score <= worst.score) {
            return;
        }
        if accept(candidate.row) {
            if full {
                self.kept.pop();
            }
            self.kept.push(Reverse(candidate));
        }
    }

    /// Best first.
    fn found(self) -> Vec<Scored> {
        let mut found: Vec<Scored> = self.kept.into_iter().map(|Reverse(scored)| scored).collect();
        found.sort_unstable_by(|left, right| right.cmp(left));
        found
    }
}

/// The `keep` accepted rows whose codes are closest to the query's, best first, and how many codes were compared.
pub(super) fn scan_codes(
    codes: Codes<'_>,
    query: &QueryCode,
    keep: usize,
    accept: impl Fn(u32) -> bool,
    stop: &dyn Fn() -> bool,
) -> (Vec<Scored>, u32) {
    let mut best = Best::new(keep);
    let mut scored = 0;
    for (row, code) in codes.flat.chunks_exact(codes.bytes.max(1)).enumerate() {
        if row % STOP_ROWS == STOP_ROWS - 1 && stop() {
            break;
        }
        scored += 1;
        best.offer(Scored { score: query.score(code), row: row as u32 }, &accept);
    }
    (best.found(), scored)
}

/// The `keep` of these rows whose codes are closest to the query's, best first.
pub(super) fn scan_rows(
    codes: Codes<'_>,
    query: &QueryCode,
    rows: &[u32],
    keep: usize,
    stop: &dyn Fn() -> bool,
) -> Vec<Scored> {
    let mut best = Best::new(keep);
    let mut scores = Vec::with_capacity(BATCH);
    let mut batches = rows.chunks(BATCH).peekable();
    let mut number = 0_usize;
    while let Some(batch) = batches.next() {
        number += 1;
        if number.is_multiple_of(STOP_ROWS / BATCH) && stop() {
            break;
        }
        for code in batches.peek().into_iter().flat_map(|next| next.iter()).filter_map(|row| codes.of(*row)) {
            kernels::prefetch(code);
        }
        query.score_many(codes.flat, batch, &mut scores);
        for (row, score) in batch.iter().zip(&scores) {
            best.offer(Scored { score: *score, row: *row }, |_| true);
        }
    }
    best.found()
}

/// These rows with their exact cosines.
pub(super) fn exact_rows(vectors: &[f32], query: &[f32], rows: Vec<u32>, stop: &dyn Fn() -> bool) -> Vec<(u32, f32)> {
    let mut found = Vec::with_capacity(rows.len());
    let vector = |row: u32| {
        let start = row as usize * query.len();
        vectors.get(start..start + query.len())
    };
    for (at, row) in rows.iter().enumerate() {
        if at % STOP_ROWS == STOP_ROWS - 1 && stop() {
            break;
        }
        if let Some(ahead) = rows.get(at + 2).and_then(|row| vector(*row)) {
            kernels::prefetch(ahead);
        }
        found.extend(vector(*row).map(|vector| (*row, kernels::dot_f32(query, vector))));
    }
    found
}

/// Every accepted row with its exact cosine.
pub(super) fn scan_vectors(
    vectors: &[f32],
    query: &[f32],
    accept: impl Fn(u32) -> bool,
    stop: &dyn Fn() -> bool,
) -> Vec<(u32, f32)> {
    let mut found = Vec::new();
    for (row, vector) in vectors.chunks_exact(query.len().max(1)).enumerate() {
        if row % STOP_ROWS == STOP_ROWS - 1 && stop() {
            break;
        }
        if accept(row as u32) {
            found.push((row as u32, kernels::dot_f32(query, vector)));
        }
    }
    found
}
