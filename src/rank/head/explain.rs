//! Why a candidate has its score: what each feature adds to, or takes from, the score of the query's mean candidate.
//!
//! Integrated gradients (Sundararajan, Taly and Yan 2017, "Axiomatic attribution for deep networks", arXiv 1703.01365)
//! along the straight line from the mean of the candidates' inputs to the candidate's own. The gradients of a feature's
//! inputs are summed to one number a feature. They add up to the difference of the two scores as closely as the line is
//! cut into steps; what rounding leaves is spread over the features by their size.

use super::super::{RankError, Table};
use super::forward::squareplus;
use super::{Head, Weights};

/// Steps of the line. The network is smooth: with this many the sum is off by less than a thousandth of the difference.
const STEPS: usize = 64;

/// The score of a candidate, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The candidate's score.
    pub score: f32,
    /// The score of the mean of the query's candidates.
    pub baseline: f32,
    /// What each feature adds, in the order of [`Head::features`]; together `score - baseline`.
    pub contributions: Vec<f32>,
}

impl Head {
    /// Takes the score of a candidate apart; none past the last candidate. Costs about twice what scoring 100 does.
    ///
    /// # Errors
    /// As [`Head::scores`].
    pub fn explain(&self, table: &Table, candidate: usize) -> Result<Option<Explanation>, RankError> {
        let inputs = self.inputs(table)?;
        if candidate >= inputs.candidates {
            return Ok(None);
        }
        let ends = [inputs.mean(), inputs.of(candidate).collect::<Vec<f32>>()];
        let path = Path::new(&self.weights, &self.packed.start(&inputs.context), &ends);
        let gradient = path.mean_gradient();
        let [mean, own] = &ends;
        let parts: Vec<f64> = own
            .iter()
            .zip(mean)
            .zip(&gradient)
            .map(|((own, mean), gradient)| f64::from(own - mean) * gradient)
            .collect();
        let sum = |span: std::ops::Range<usize>| parts.get(span).unwrap_or_default().iter().sum::<f64>();
        let mut contributions: Vec<f64> = self.reading.spans().map(|(_, span)| sum(span)).collect();
        let [baseline, score] = path.scores(&ends);
        close_gap(&mut contributions, score - baseline);
        let contributions = contributions.into_iter().map(|value| value as f32).collect();
        Ok(Some(Explanation { score: score as f32, baseline: baseline as f32, contributions }))
    }
}

/// Spreads what is missing to a sum over the summands by their size.
fn close_gap(parts: &mut [f64], sum: f64) {
    let gap = sum - parts.iter().sum::<f64>();
    let size: f64 = parts.iter().map(|part| part.abs()).sum();
    if size > 0.0 {
        parts.iter_mut().for_each(|part| *part += gap * part.abs() / size);
    }
}

/// The network along a straight line of inputs.
struct Path<'a> {
    weights: &'a Weights,
    /// First units before their function: at the start of the line, and by how much they change to its end.
    from: Vec<f64>,
    change: Vec<f64>,
}

impl<'a> Path<'a> {
    fn new(weights: &'a Weights, start: &[f32], [mean, own]: &[Vec<f32>; 2]) -> Self {
        let zeros = vec![0.0; start.len()];
        let biased: Vec<f64> = start.iter().map(|value| f64::from(*value)).collect();
        let from = product(biased, &weights.first, mean.iter().map(|value| f64::from(*value)));
        let steps = own.iter().zip(mean).map(|(own, mean)| f64::from(own - mean));
        Self { weights, from, change: product(zeros, &weights.first, steps) }
    }

    /// First units before their function, this far along the line.
    fn first_at(&self, way: f64) -> impl Iterator<Item = f64> + '_ {
        self.from.iter().zip(&self.change).map(move |(from, change)| from + way * change)
    }

    fn second_at(&self, way: f64) -> Vec<f64> {
        let bias = self.weights.second_bias.iter().map(|value| f64::from(*value)).collect();
        product(bias, &self.weights.second, self.first_at(way).map(|value| f64::from(squareplus(value as f32))))
    }

    /// Scores at both ends.
    fn scores(&self, ends: &[Vec<f32>; 2]) -> [f64; 2] {
        let linear = ends.each_ref().map(|inputs| dot(inputs.iter().copied(), &self.weights.skip));
        let [start, end] = [0.0, 1.0].map(|way| {
            let second = self.second_at(way);
            dot(second.iter().map(|value| squareplus(*value as f32)), &self.weights.last)
        });
        [linear[0] + start, linear[1] + end]
    }

    /// The gradient of the score by each input, its mean over the line (midpoints of equal steps).
    fn mean_gradient(&self) -> Vec<f64> {
        let mut first = vec![0.0; self.from.len()];
        for step in 0..STEPS {
            let way = (step as f64 + 0.5) / STEPS as f64;
            let second = self.second_at(way);
            let behind: Vec<f64> =
                second.iter().zip(&self.weights.last).map(|(x, weight)| slope(*x) * f64::from(*weight)).collect();
            let rows = self.weights.second.chunks_exact(behind.len().max(1));
            for ((sum, row), x) in first.iter_mut().zip(rows).zip(self.first_at(way)) {
                let through: f64 = row.iter().zip(&behind).map(|(weight, behind)| f64::from(*weight) * behind).sum();
                *sum += slope(x) * through / STEPS as f64;
            }
        }
        let rows = self.weights.first.chunks_exact(first.len().max(1));
        let through = |row: &[f32]| row.iter().zip(&first).map(|(weight, unit)| f64::from(*weight) * unit).sum::<f64>();
        rows.zip(&self.weights.skip).map(|(row, skip)| through(row) + f64::from(*skip)).collect()
    }
}

/// Derivative of squareplus.
fn slope(x: f64) -> f64 {
    0.5 * (1.0 + x / (x * x + 4.0).sqrt())
}

/// `start` and the products of `inputs` with a matrix of a row an input.
fn product(mut start: Vec<f64>, matrix: &[f32], inputs: impl Iterator<Item = f64>) -> Vec<f64> {
    for (row, input) in matrix.chunks_exact(start.len().max(1)).zip(inputs) {
        for (sum, weight) in start.iter_mut().zip(row) {
            *sum += f64::from(*weight) * input;
        }
    }
    start
}

fn dot(left: impl Iterator<Item = f32>, right: &[f32]) -> f64 {
    left.zip(right).map(|(left, right)| f64::from(left) * f64::from(*right)).sum()
}
