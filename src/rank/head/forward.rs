//! Scores from inputs: the network in plain loops over blocks of candidates.
//!
//! As fast as the tensor library that trains the head, and unlike its products the same to the last bit wherever a candidate
//! stands in the table.

use super::super::inputs::{Inputs, LANES};
use super::weights::UNITS;
use super::{Shape, Weights};

/// A layer's weights, [`UNITS`] columns together, row after row.
#[derive(Debug, Clone)]
struct Layer {
    rows: usize,
    groups: Vec<[f32; UNITS]>,
}

impl Layer {
    fn of(weights: &[f32], units: usize) -> Self {
        let rows = weights.len() / units.max(1);
        let group = |start: usize| {
            weights.chunks_exact(units.max(1)).map(move |row| {
                let columns = row.get(start..).and_then(|rest| rest.first_chunk());
                columns.copied().unwrap_or([0.0; UNITS])
            })
        };
        Self { rows, groups: (0..units).step_by(UNITS).flat_map(group).collect() }
    }

    /// Units of one block of candidates: `start` and the products with `inputs`, a row an input or unit, then squareplus.
    fn forward(&self, start: &[f32], inputs: &[[f32; LANES]], out: &mut Vec<[f32; LANES]>) {
        out.clear();
        for (group, start) in self.groups.chunks_exact(self.rows.max(1)).zip(start.as_chunks::<UNITS>().0) {
            let mut sums = start.map(|value| [value; LANES]);
            for (weights, lanes) in group.iter().zip(inputs) {
                for (sum, weight) in sums.iter_mut().zip(weights) {
                    for (cell, input) in sum.iter_mut().zip(lanes) {
                        *cell += weight * input;
                    }
                }
            }
            out.extend(sums.map(|sum| sum.map(squareplus)));
        }
    }
}

/// Squareplus with its value at 0 taken away.
pub(super) fn squareplus(x: f32) -> f32 {
    0.5 * (x + (x * x + 4.0).sqrt()) - 1.0
}

/// A head's weights as scoring reads them.
#[derive(Debug, Clone)]
pub(super) struct Packed {
    first: Layer,
    second: Layer,
    context: Vec<f32>,
    first_bias: Vec<f32>,
    second_bias: Vec<f32>,
    last: Vec<f32>,
    skip: Vec<f32>,
}

impl Packed {
    pub(super) fn of(weights: &Weights) -> Self {
        let Shape { first, second } = weights.shape;
        Self {
            first: Layer::of(&weights.first, first),
            second: Layer::of(&weights.second, second),
            context: weights.context.clone(),
            first_bias: weights.first_bias.clone(),
            second_bias: weights.second_bias.clone(),
            last: weights.last.clone(),
            skip: weights.skip.clone(),
        }
    }

    /// What the first units of every candidate start from: their bias and what the query's context gives.
    pub(super) fn start(&self, context: &[f32]) -> Vec<f32> {
        let mut start = self.first_bias.clone();
        for (row, input) in self.context.chunks_exact(start.len().max(1)).zip(context) {
            for (sum, weight) in start.iter_mut().zip(row) {
                *sum += weight * input;
            }
        }
        start
    }

    pub(super) fn scores(&self, inputs: &Inputs) -> Vec<f32> {
        let start = self.start(&inputs.context);
        let (mut first, mut second) = (Vec::new(), Vec::new());
        let mut scores = Vec::with_capacity(inputs.candidates.next_multiple_of(LANES));
        for block in inputs.blocks() {
            self.first.forward(&start, block, &mut first);
            self.second.forward(&self.second_bias, &first, &mut second);
            let mut sums = [0.0; LANES];
            for (lanes, weight) in block.iter().zip(&self.skip).chain(second.iter().zip(&self.last)) {
                for (sum, value) in sums.iter_mut().zip(lanes) {
                    *sum += weight * value;
                }
            }
            scores.extend(sums);
        }
        scores.truncate(inputs.candidates);
        scores
    }
}
