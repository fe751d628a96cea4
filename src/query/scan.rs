//! Looking at every row: for spaces too small for a graph, and for answers that must be exact.

use super::beam::Scored;
use super::walk::Codes;
use crate::vector::{QueryCode, kernels};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Rows between two looks at the clock.
const STOP_ROWS: usize = 4_096;

/// The `keep` accepted rows whose codes are closest to the query's, best first, and how many codes were compared.
pub(super) fn scan_codes(
    codes: Codes<'_>,
    query: &QueryCode,
    keep: usize,
    accept: impl Fn(u32) -> bool,
    stop: &dyn Fn() -> bool,
) -> (Vec<Scored>, u32) {
    let mut best: BinaryHeap<Reverse<Scored>> = BinaryHeap::new();
    let mut scored = 0;
    for (row, code) in codes.flat.chunks_exact(codes.bytes.max(1)).enumerate() {
        if row % STOP_ROWS == STOP_ROWS - 1 && stop() {
            break;
        }
        let candidate = Scored { score: query.score(code), row: row as u32 };
        scored += 1;
        let full = best.len() >= keep;
        if full && best.peek().is_none_or(|Reverse(worst)| candidate.score <= worst.score) {
            continue;
        }
        if accept(candidate.row) {
            if full {
                best.pop();
            }
            best.push(Reverse(candidate));
        }
    }
    let mut found: Vec<Scored> = best.into_iter().map(|Reverse(scored)| scored).collect();
    found.sort_unstable_by(|left, right| right.cmp(left));
    (found, scored)
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
