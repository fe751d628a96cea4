//! The queries with which a space is measured, and what a search for them should find.

use super::plan::CURVE_K;
use crate::vector::{kernels, normalise};
use rayon::prelude::*;

/// Cosines that differ by no more are equal.
const TIE: f32 = 1e-6;
/// Queries that are compared with a row while it is near.
const BLOCK_QUERIES: usize = 16;
/// Rows held out that are mixed to one far query.
const MIXED: usize = 4;
/// Length of the direction of no meaning in a far query, as a share of that of the mixture.
const MEANINGLESS: f32 = 1.0;

/// A query and what a search for it should find.
pub(super) struct Query {
    pub(super) vector: Vec<f32>,
    /// How many rows are right, and the cosine from which a row is: of several equal ones any will do.
    pub(super) right: usize,
    pub(super) from: f32,
}

/// Unit vectors between several rows held out each and a direction of no meaning, half as many as these: far from all rows,
/// as queries from elsewhere are.
pub(super) fn mixtures(held: &[f32], width: usize) -> Vec<f32> {
    let rows: Vec<&[f32]> = held.chunks_exact(width).collect();
    let mixture = |number: usize| {
        let mut sum = vec![0.0_f32; width];
        for part in 0..MIXED {
            // Rows lie in the order of the collection, so that a quarter of them apart there is little to share.
            let row =
                rows.get((2 * number + part * rows.len() / MIXED) % rows.len().max(1)).copied().unwrap_or_default();
            sum.iter_mut().zip(row).for_each(|(sum, component)| *sum += component);
        }
        // A row with its components moved on points anywhere, but is made of such numbers as rows are.
        let length = sum.iter().map(|component| component * component).sum::<f32>().sqrt();
        let moved = rows.get(2 * number).copied().unwrap_or_default().iter().cycle().skip(width / 3 + 1);
        sum.iter_mut().zip(moved).for_each(|(sum, component)| *sum += MEANINGLESS * length * component);
        // Rows that cancel out have no direction between them.
        normalise(&mut sum).is_ok().then_some(sum)
    };
    (0..rows.len() / 2).filter_map(mixture).flatten().collect()
}

/// What a search for each of the queries should find among the rows.
pub(super) fn judge(rows: &[f32], queries: &[f32], width: usize, stop: &(dyn Fn() -> bool + Sync)) -> Vec<Query> {
    let blocks = queries.par_chunks(BLOCK_QUERIES * width);
    blocks.flat_map_iter(|block| judge_block(rows, &block.chunks_exact(width).collect::<Vec<_>>(), stop)).collect()
}

fn judge_block(rows: &[f32], queries: &[&[f32]], stop: &(dyn Fn() -> bool + Sync)) -> Vec<Query> {
    let best = best_of(rows, queries, stop);
    let query = |(vector, best): (&&[f32], Vec<f32>)| Query {
        vector: vector.to_vec(),
        right: best.len(),
        from: best.last().map_or(f32::INFINITY, |worst| worst - TIE),
    };
    queries.iter().zip(best).map(query).collect()
}

/// The best exact cosines of each query with the rows, best first.
fn best_of(rows: &[f32], queries: &[&[f32]], stop: &(dyn Fn() -> bool + Sync)) -> Vec<Vec<f32>> {
    let width = queries.first().map_or(1, |query| query.len().max(1));
    let mut best = vec![Vec::with_capacity(CURVE_K + 1); queries.len()];
    for (number, row) in rows.chunks_exact(width).enumerate() {
        if number.is_multiple_of(1_024) && stop() {
            break;
        }
        for (query, best) in queries.iter().zip(&mut best) {
            let cosine = kernels::dot_f32(query, row);
            if best.len() < CURVE_K || best.last().is_some_and(|worst| *worst < cosine) {
                let place = best.partition_point(|held| *held >= cosine);
                best.insert(place, cosine);
                best.truncate(CURVE_K);
            }
        }
    }
    best
}
