//! Measures what recall a space gives at what cost, when it is built: the curve from which searches are planned.
//!
//! Rows of the space serve as queries, drawn evenly over them. Each counts as not there for its own walk: a walk that may
//! pass through its own query's links finds its neighbours more easily than one for a query nobody has seen. What is stored
//! is the mean less one standard error, so that chance in the draw does not promise too much.

use super::plan::{CURVE_K, EXACT_ROWS, Method, Plan};
use super::space::Candidate;
pub(crate) use super::space::Coarse;
use crate::vector::{CodeParams, Vectors};
use index_format::RecallPoint;
use rayon::prelude::*;

/// Rows that serve as queries.
const SAMPLE: usize = 200;
/// Beam widths tried, in rising cost.
const BEAMS: [usize; 16] = [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640, 896, 1280, 1792];
/// Beyond this a curve is not followed: a caller who wants more gets an exact search.
const ENOUGH: f32 = 0.998;
/// Cosines that differ by no more are equal.
const TIE: f32 = 1e-6;
/// A smaller number to rescore is taken if it costs at most this much recall.
const RESCORE_LOSS: f32 = 0.002;

struct Sample {
    query: Vec<f32>,
    row: u32,
    /// How many rows are right, and the cosine from which a row is: of several equal ones any will do.
    right: usize,
    from: f32,
}

/// Rows of a space that serve as queries, and what a search for them should find.
pub(crate) struct Trial(Vec<Sample>);

impl Trial {
    /// Draws rows and compares each with all others; `None` for so few that they are searched exactly anyway. `stop` ends
    /// the work early, with a trial that means nothing.
    pub(crate) fn draw(vectors: &Vectors, stop: &(dyn Fn() -> bool + Sync)) -> Option<Self> {
        let rows = vectors.len();
        if rows <= EXACT_ROWS {
            return None;
        }
        let count = SAMPLE.min(rows);
        let params = CodeParams { dims: 0, scale: 1.0 };
        let space = Coarse { params, codes: &[], vectors: vectors.flat(), links: None };
        let sample = |index: usize| {
            let row = index * rows / count;
            let query = vectors.row(row).to_vec();
            let truth = best(space.exact(&query, |other| other as usize != row, stop).found);
            let from = truth.last()? - TIE;
            Some(Sample { right: truth.len(), from, query, row: row as u32 })
        };
        Some(Self((0..count).into_par_iter().filter_map(sample).collect()))
    }

    /// Recall@10 that scanning these codes and rescoring five candidates a wanted row reaches.
    pub(crate) fn prefix_recall(&self, params: CodeParams, codes: &[i8], vectors: &Vectors) -> f32 {
        let space = Coarse { params, codes, vectors: vectors.flat(), links: None };
        measure(&space, &self.0, 5 * CURVE_K).recall
    }

    /// The recall curve of the space the rows were drawn from, in rising cost.
    pub(crate) fn curve(&self, space: &Coarse<'_>) -> Vec<RecallPoint> {
        let mut curve: Vec<RecallPoint> = Vec::new();
        for beam in BEAMS {
            let point = measure(space, &self.0, beam);
            if curve.last().is_none_or(|last| point.recall > last.recall) {
                curve.push(point);
            }
            if point.recall >= ENOUGH {
                break;
            }
        }
        curve
    }
}

/// The point for one beam: the smallest number to rescore that loses next to nothing.
fn measure(space: &Coarse<'_>, samples: &[Sample], beam: usize) -> RecallPoint {
    let method = if space.links.is_some() { Method::Walk { beam } } else { Method::Scan };
    let plan = Plan { method, rescored: beam, expected_recall: 0.0 };
    let walks: Vec<_> = samples
        .par_iter()
        .map(|sample| {
            // A row's own code is what its vector would be coded to as a query.
            let code = space.code_of(sample.row).unwrap_or_default();
            space.coarse(code, (plan, Some(sample.row)), |row| row != sample.row, &|| false)
        })
        .collect();
    let recall_at = |rescored: usize| {
        let shares: Vec<f32> = samples
            .par_iter()
            .zip(&walks)
            .map(|(sample, (found, _))| {
                let best = best(space.rescore(&sample.query, found, rescored));
                let hits = best.iter().filter(|cosine| **cosine >= sample.from).count();
                hits as f32 / sample.right.max(1) as f32
            })
            .collect();
        lower_mean(&shares)
    };
    let all = recall_at(beam);
    let fewer = BEAMS.iter().copied().take_while(|rescored| *rescored < beam);
    let rescored = fewer.into_iter().find(|rescored| recall_at(*rescored) >= all - RESCORE_LOSS).unwrap_or(beam);
    let scored = walks.iter().map(|(_, scored)| u64::from(*scored)).sum::<u64>() / walks.len().max(1) as u64;
    RecallPoint {
        beam: if space.links.is_some() { beam as u32 } else { 0 },
        rescored: rescored as u32,
        recall: recall_at(rescored),
        scored: scored as u32,
    }
}

/// The mean less one standard error, not below 0.
fn lower_mean(shares: &[f32]) -> f32 {
    let count = shares.len().max(2) as f32;
    let mean = shares.iter().sum::<f32>() / count;
    let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f32>() / (count - 1.0);
    (mean - (variance / count).sqrt()).max(0.0)
}

/// The best exact cosines, best first.
fn best(found: Vec<Candidate>) -> Vec<f32> {
    let mut cosines: Vec<f32> = found.into_iter().map(|candidate| candidate.full).collect();
    cosines.sort_unstable_by(|left, right| right.total_cmp(left));
    cosines.truncate(CURVE_K);
    cosines
}
