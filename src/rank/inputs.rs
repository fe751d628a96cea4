//! From the raw features of a query's candidates to the numbers that the network reads.
//!
//! A feature gives three inputs a candidate (four where candidates often lack it): its squashed value, shifted and scaled
//! as the head says; how many standard deviations it lies from the mean of the query's candidates; where it lies between
//! the least and the greatest of them; and whether it is missing. Missing values are 0 in the first three. Two more inputs
//! a feature are the same for all candidates, the query's context: the mean and the spread of the feature.
//!
//! No input depends on the order of the candidates, to the last bit: sums are taken over integers.

use super::{Feature, Table};

/// Candidates computed side by side.
pub(super) const LANES: usize = 8;
/// Inputs a feature and candidate, besides the one for missing values.
const PER_FEATURE: usize = 3;
/// Which of them says how many standard deviations a value lies from the mean.
pub(super) const DEVIATION: usize = 1;
/// Inputs a feature and query.
const PER_CONTEXT: usize = 2;
/// Scaled values are cut here: one wild value must not drown the others.
const FARTHEST: f32 = 8.0;
/// Values closer together than this part of their size are the same value, told apart by rounding only.
const SAME: f64 = 1e-6;
/// Steps of the unit interval in which sums are taken.
const STEPS: f64 = (1_u64 << 32) as f64;

/// Shift and scale of one feature's squashed values over all training data: they bring its mean to 0 and its spread to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scaling {
    pub(super) shift: f32,
    pub(super) scale: f32,
}

impl Scaling {
    pub(super) const NONE: Self = Self { shift: 0.0, scale: 1.0 };

    fn apply(self, value: f32) -> f32 {
        ((value - self.shift) * self.scale).clamp(-FARTHEST, FARTHEST)
    }
}

/// What a head reads: features, the columns of a table that hold them, and their scalings. All of one length.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) features: Vec<Feature>,
    pub(super) columns: Vec<usize>,
    pub(super) scalings: Vec<Scaling>,
}

impl Reading {
    /// Inputs a candidate.
    pub(super) fn width(&self) -> usize {
        self.features.iter().map(inputs_of).sum()
    }

    /// Inputs a query.
    pub(super) fn context_width(&self) -> usize {
        self.features.len() * PER_CONTEXT
    }

    /// The inputs of each feature: the feature's number, and where its inputs of a candidate begin and end.
    pub(super) fn spans(&self) -> impl Iterator<Item = (usize, std::ops::Range<usize>)> + '_ {
        let mut end = 0;
        self.features.iter().enumerate().map(move |(number, feature)| {
            let start = end;
            end += inputs_of(feature);
            (number, start..end)
        })
    }

    /// The inputs of a query's candidates.
    pub(super) fn inputs(&self, table: &Table) -> Inputs {
        let mut inputs = Inputs::zero(table.len(), self.width(), self.context_width());
        let mut squashed = Vec::with_capacity(table.len());
        let spans = self.spans().map(|(_, span)| span);
        for (((feature, column), scaling), span) in
            self.features.iter().zip(&self.columns).zip(&self.scalings).zip(spans)
        {
            squashed.clear();
            squashed.extend(table.column(*column).map(|raw| feature.squash.apply(raw)));
            let spread = Spread::of(&squashed);
            for (candidate, value) in squashed.iter().enumerate() {
                let cells = match value {
                    Some(value) => [scaling.apply(*value), spread.deviation(*value), spread.place(*value), 0.0],
                    None => [0.0, 0.0, 0.0, 1.0],
                };
                for (input, cell) in span.clone().zip(cells) {
                    inputs.set(candidate, input, cell);
                }
            }
            let (mean, width) = spread.context(*scaling);
            inputs.context.extend([mean, width]);
        }
        inputs
    }

    /// The scalings that bring each feature to mean 0 and spread 1 over tables that count as much as their weights say.
    pub(super) fn measure<'a>(&self, tables: impl Iterator<Item = (&'a Table, f64)> + Clone) -> Vec<Scaling> {
        let measure = |(feature, column): (&Feature, &usize)| {
            let (mut total, mut sum, mut squares) = (0.0, 0.0, 0.0);
            for (table, weight) in tables.clone() {
                for value in table.column(*column).filter_map(|raw| feature.squash.apply(raw)) {
                    total += weight;
                    sum += weight * f64::from(value);
                    squares += weight * f64::from(value) * f64::from(value);
                }
            }
            if total <= 0.0 {
                return Scaling::NONE;
            }
            let mean = sum / total;
            let spread = (squares / total - mean * mean).max(0.0).sqrt();
            // What never varies in training must not be blown up where it does.
            let scale = if spread > 1e-6 * (1.0 + mean.abs()) { 1.0 / spread } else { 0.0 };
            Scaling { shift: mean as f32, scale: scale as f32 }
        };
        self.features.iter().zip(&self.columns).map(measure).collect()
    }
}

fn inputs_of(feature: &Feature) -> usize {
    PER_FEATURE + usize::from(feature.sparse)
}

/// How the values of a feature lie among the candidates that have one. Mean and deviation are in units of the range.
struct Spread {
    least: f64,
    /// Greatest less least; 0 where all are the same or there are none.
    range: f64,
    mean: f64,
    deviation: f64,
}

impl Spread {
    fn of(values: &[Option<f32>]) -> Self {
        let known = || values.iter().flatten().map(|value| f64::from(*value));
        let count = known().count() as f64;
        if count == 0.0 {
            return Self { least: 0.0, range: 0.0, mean: 0.0, deviation: 0.0 };
        }
        let least = known().fold(f64::INFINITY, f64::min);
        let greatest = known().fold(f64::NEG_INFINITY, f64::max);
        if greatest - least <= SAME * least.abs().max(greatest.abs()) {
            return Self { least, range: 0.0, mean: 0.0, deviation: 0.0 };
        }
        let mut spread = Self { least, range: greatest - least, mean: 0.0, deviation: 0.0 };
        let whole = |share: f64| (share * STEPS) as i64;
        let sum: i64 = known().map(|value| whole(spread.share(value))).sum();
        spread.mean = sum as f64 / STEPS / count;
        let squares: i64 = known().map(|value| whole((spread.share(value) - spread.mean).powi(2))).sum();
        spread.deviation = (squares as f64 / STEPS / count).sqrt();
        spread
    }

    /// Between 0 for the least value and 1 for the greatest.
    fn share(&self, value: f64) -> f64 {
        (value - self.least) / self.range
    }

    /// Standard deviations from the mean.
    fn deviation(&self, value: f32) -> f32 {
        if self.deviation > 0.0 {
            (((self.share(value.into()) - self.mean) / self.deviation) as f32).clamp(-FARTHEST, FARTHEST)
        } else {
            0.0
        }
    }

    /// Between -1 for the least value and 1 for the greatest.
    fn place(&self, value: f32) -> f32 {
        if self.range > 0.0 { (2.0 * self.share(value.into()) - 1.0) as f32 } else { 0.0 }
    }

    /// Mean and standard deviation, scaled.
    fn context(&self, scaling: Scaling) -> (f32, f32) {
        let mean = self.least + self.mean * self.range;
        let width = (self.deviation * self.range) as f32 * scaling.scale;
        (scaling.apply(mean as f32), width.clamp(-FARTHEST, FARTHEST))
    }
}

/// The inputs of one query. Those of [`LANES`] candidates lie together: input after input, a lane a candidate; lanes past
/// the last candidate are 0.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Inputs {
    pub(super) candidates: usize,
    width: usize,
    blocks: Vec<[f32; LANES]>,
    /// The same for all candidates.
    pub(super) context: Vec<f32>,
}

impl Inputs {
    fn zero(candidates: usize, width: usize, context: usize) -> Self {
        let blocks = vec![[0.0; LANES]; candidates.div_ceil(LANES) * width];
        Self { candidates, width, blocks, context: Vec::with_capacity(context) }
    }

    fn set(&mut self, candidate: usize, input: usize, value: f32) {
        let block = self.blocks.get_mut(candidate / LANES * self.width + input);
        if let Some(lane) = block.and_then(|block| block.get_mut(candidate % LANES)) {
            *lane = value;
        }
    }

    /// The blocks in order, each `width` rows of lanes.
    pub(super) fn blocks(&self) -> std::slice::ChunksExact<'_, [f32; LANES]> {
        self.blocks.chunks_exact(self.width.max(1))
    }

    /// The inputs of one candidate.
    pub(super) fn of(&self, candidate: usize) -> impl Iterator<Item = f32> + '_ {
        let block = self.blocks().nth(candidate / LANES).unwrap_or_default();
        block.iter().map(move |lanes| lanes.get(candidate % LANES).copied().unwrap_or(0.0))
    }

    /// The mean of each input over the candidates.
    pub(super) fn mean(&self) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.width];
        for candidate in 0..self.candidates {
            for (sum, value) in sums.iter_mut().zip(self.of(candidate)) {
                *sum += f64::from(value);
            }
        }
        sums.into_iter().map(|sum| (sum / self.candidates.max(1) as f64) as f32).collect()
    }
}

#[cfg(test)]
#[path = "inputs_tests.rs"]
mod tests;
