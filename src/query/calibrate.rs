//! Measures what recall a space gives at what cost, when it is built: the curve from which searches are planned.
//!
//! Rows of the space serve as queries. They are held out: the graph is measured before they are put into it, so that to it
//! they are what a new query is. What is stored is the mean less half a standard error, so that chance in the draw seldom
//! promises too much.

use super::beam::{Reach, Scored};
use super::plan::{CURVE_K, EXACT_ROWS, Method, Plan};
use super::space::Candidate;
pub(crate) use super::space::Coarse;
use super::walk::HELD_MAX;
use crate::vector::{CodeParams, QueryCode, VectorError, Vectors, kernels};
use index_format::RecallPoint;
use rayon::prelude::*;

/// How far walks go that are tried, in rising cost.
const SLACKS: [f32; 18] =
    [0.0, 0.006, 0.012, 0.02, 0.03, 0.042, 0.055, 0.07, 0.09, 0.11, 0.135, 0.165, 0.2, 0.24, 0.29, 0.36, 0.45, 0.6];
/// Candidates rescored that are tried, in rising cost.
const RESCORED: [usize; 17] = [10, 12, 14, 17, 20, 24, 28, 34, 40, 56, 80, 112, 160, 320, 640, 1280, 2560];
/// A walk may hold so many times what it held for the query it held most for.
const HELD_ROOM: usize = 2;
/// Beyond this a curve is not followed: a caller who wants more gets an exact search.
const ENOUGH: f32 = 0.998;
/// Cosines that differ by no more are equal.
const TIE: f32 = 1e-6;
/// A smaller number to rescore is taken if it costs at most this much recall.
const RESCORE_LOSS: f32 = 0.002;
/// Queries that are compared with a row while it is near.
const BLOCK_QUERIES: usize = 16;

/// A row held out.
struct Query {
    vector: Vec<f32>,
    /// How many rows are right, and the cosine from which a row is: of several equal ones any will do.
    right: usize,
    from: f32,
}

/// The last rows of a space, held out as queries, and what a search for them among the others should find.
pub(crate) struct Trial {
    queries: Vec<Query>,
    inside: usize,
}

impl Trial {
    /// Compares the rows from `inside` on with all before; `None` for so few that they are searched exactly anyway. `stop`
    /// ends the work early, with a trial that means nothing.
    pub(crate) fn draw(vectors: &Vectors, inside: usize, stop: &(dyn Fn() -> bool + Sync)) -> Option<Self> {
        if inside <= EXACT_ROWS || inside >= vectors.len() {
            return None;
        }
        let (rows, held) = vectors.flat().split_at(inside * vectors.width());
        let block = |held: &[f32]| {
            let queries: Vec<&[f32]> = held.chunks_exact(vectors.width()).collect();
            let best = best_of(rows, &queries, stop);
            let query = |(vector, best): (&&[f32], Vec<f32>)| Query {
                vector: vector.to_vec(),
                right: best.len(),
                from: best.last().map_or(f32::INFINITY, |worst| worst - TIE),
            };
            queries.iter().zip(best).map(query).collect::<Vec<_>>()
        };
        let queries = held.par_chunks(BLOCK_QUERIES * vectors.width()).flat_map_iter(block).collect();
        Some(Self { queries, inside })
    }

    /// The rows held out, of the same vectors or of what codes are made of.
    ///
    /// # Errors
    /// None for vectors that were accepted before.
    pub(crate) fn held_out(&self, vectors: &Vectors) -> Result<Vectors, VectorError> {
        let held = vectors.flat().get(self.inside * vectors.width()..).unwrap_or_default();
        Vectors::from_flat(vectors.width(), held.to_vec())
    }

    /// Recall@10 that scanning the codes of the rows and rescoring five candidates a wanted row reaches. `queries` are the
    /// rows held out as codes are made of them.
    pub(crate) fn code_recall(
        &self,
        params: CodeParams,
        codes: &[i8],
        (vectors, queries): (&Vectors, &Vectors),
    ) -> f32 {
        let space = self.without(&Coarse { params, codes, vectors: vectors.flat(), links: None });
        let codes = codes_of(params, queries);
        let (found, _) = look(&space, &codes, (Method::Scan, 5 * CURVE_K));
        self.recall(&space, &codes, &found, 5 * CURVE_K)
    }

    /// The recall curve of the space, in rising cost.
    pub(crate) fn curve(&self, space: &Coarse<'_>, queries: &Vectors) -> Vec<RecallPoint> {
        let space = self.without(space);
        let codes = codes_of(space.params, queries);
        let mut curve: Vec<RecallPoint> = Vec::new();
        let mut add = |point: RecallPoint| {
            if curve.last().is_none_or(|last| point.recall > last.recall) {
                curve.push(point);
            }
            point.recall >= ENOUGH
        };
        if space.links.is_some() {
            let _enough = SLACKS.into_iter().any(|slack| add(self.walked(&space, &codes, slack)));
        } else {
            let _enough = RESCORED.into_iter().any(|rescored| add(self.scanned(&space, &codes, rescored)));
        }
        curve
    }

    /// The space without the rows held out.
    fn without<'a>(&self, space: &Coarse<'a>) -> Coarse<'a> {
        let codes = space.codes.get(..self.inside * space.params.bytes()).unwrap_or_default();
        Coarse { codes, ..*space }
    }

    /// The point for one slack: the smallest number to rescore that loses next to nothing.
    fn walked(&self, space: &Coarse<'_>, codes: &[QueryCode], slack: f32) -> RecallPoint {
        let reach = Reach { wanted: CURVE_K, slack, most: HELD_MAX };
        let (found, scored) = look(space, codes, (Method::Walk(reach), 1));
        let most = found.iter().map(Vec::len).max().unwrap_or(0);
        let recall_at = |rescored: usize| self.recall(space, codes, &found, rescored);
        let all = recall_at(most);
        let fewer = RESCORED.into_iter().take_while(|rescored| *rescored < most);
        let rescored = fewer.into_iter().find(|rescored| recall_at(*rescored) >= all - RESCORE_LOSS).unwrap_or(most);
        RecallPoint {
            slack,
            held: (most * HELD_ROOM) as u32,
            rescored: rescored.max(1) as u32,
            recall: recall_at(rescored),
            scored,
        }
    }

    /// The point for so many candidates of a scan.
    fn scanned(&self, space: &Coarse<'_>, codes: &[QueryCode], rescored: usize) -> RecallPoint {
        let (found, scored) = look(space, codes, (Method::Scan, rescored));
        let recall = self.recall(space, codes, &found, rescored);
        RecallPoint { slack: 0.0, held: 0, rescored: rescored as u32, recall, scored }
    }

    /// Recall@10 of the best of what was found for each query, less half a standard error.
    fn recall(&self, space: &Coarse<'_>, codes: &[QueryCode], found: &[Vec<Scored>], rescored: usize) -> f32 {
        let share = |((query, code), found): ((&Query, &QueryCode), &Vec<Scored>)| {
            let best = best(space.rescore((&query.vector, code), found, rescored));
            let hits = best.iter().filter(|cosine| **cosine >= query.from).count();
            hits as f32 / query.right.max(1) as f32
        };
        let shares: Vec<f32> = self.queries.par_iter().zip(codes).zip(found).map(share).collect();
        lower_mean(&shares)
    }
}

/// What is found for each query, and how many codes were compared for one, on average.
fn look(space: &Coarse<'_>, codes: &[QueryCode], (method, rescored): (Method, usize)) -> (Vec<Vec<Scored>>, u32) {
    let plan = Plan { method, rescored, expected_recall: 0.0 };
    let (found, scored): (Vec<_>, Vec<u32>) =
        codes.par_iter().map(|code| space.coarse(code, plan, |_| true, &|| false)).unzip();
    let total = scored.iter().map(|scored| u64::from(*scored)).sum::<u64>();
    (found, (total / codes.len().max(1) as u64) as u32)
}

fn codes_of(params: CodeParams, queries: &Vectors) -> Vec<QueryCode> {
    queries.iter().map(|query| params.query(query)).collect()
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

/// The mean less half a standard error, not below 0.
fn lower_mean(shares: &[f32]) -> f32 {
    let count = shares.len().max(2) as f32;
    let mean = shares.iter().sum::<f32>() / count;
    let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f32>() / (count - 1.0);
    (mean - (variance / count).sqrt() / 2.0).max(0.0)
}

/// The best exact cosines, best first.
fn best(found: Vec<Candidate>) -> Vec<f32> {
    let mut cosines: Vec<f32> = found.into_iter().map(|candidate| candidate.full).collect();
    cosines.sort_unstable_by(|left, right| right.total_cmp(left));
    cosines.truncate(CURVE_K);
    cosines
}
