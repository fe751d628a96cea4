//! The numbers of a head, as they lie in its file.

use super::super::RankError;
use super::super::inputs::Reading;
use super::super::random::Random;
use super::Shape;

/// Units a layer may have.
const MAX_UNITS: usize = 256;
/// Units are computed in groups of this many.
pub(super) const UNITS: usize = 4;
/// Greatest size of a weight: with it no score can overflow, whatever the inputs.
pub(super) const GREATEST: f32 = 1e3;

/// Weights of the layers, row-major: a row an input, a column a unit.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Weights {
    pub(in super::super) shape: Shape,
    /// Inputs of a candidate by first units.
    pub(in super::super) first: Vec<f32>,
    /// Inputs of a query by first units.
    pub(in super::super) context: Vec<f32>,
    pub(in super::super) first_bias: Vec<f32>,
    /// First units by second units.
    pub(in super::super) second: Vec<f32>,
    pub(in super::super) second_bias: Vec<f32>,
    /// One a second unit.
    pub(in super::super) last: Vec<f32>,
    /// One an input of a candidate.
    pub(in super::super) skip: Vec<f32>,
}

impl Weights {
    /// Names of the parts in files, in the order of [`Weights::parts`].
    pub(super) const NAMES: [&'static str; 7] =
        ["first.weight", "first.context", "first.bias", "second.weight", "second.bias", "last.weight", "skip.weight"];

    /// Sizes of the parts, rows and columns; a row stands alone where there is one.
    pub(super) fn sizes(reading: &Reading, shape: Shape) -> [(usize, usize); 7] {
        let (inputs, context) = (reading.width(), reading.context_width());
        let Shape { first, second } = shape;
        [(inputs, first), (context, first), (1, first), (first, second), (1, second), (1, second), (1, inputs)]
    }

    /// Weights out of their parts, which have the sizes of [`Weights::sizes`].
    pub(in super::super) fn of_parts(shape: Shape, parts: [Vec<f32>; 7]) -> Self {
        let [first, context, first_bias, second, second_bias, last, skip] = parts;
        Self { shape, first, context, first_bias, second, second_bias, last, skip }
    }

    /// The parts with their rows.
    pub(in super::super) fn parts(&self) -> impl Iterator<Item = (usize, &Vec<f32>)> {
        let Shape { first, second } = self.shape;
        [
            (self.skip.len(), &self.first),
            (self.context.len() / first.max(1), &self.context),
            (1, &self.first_bias),
            (first, &self.second),
            (1, &self.second_bias),
            (1, &self.last),
            (1, &self.skip),
        ]
        .into_iter()
        .inspect(move |_| debug_assert_eq!(self.last.len(), second))
    }

    /// Refuses shapes that cannot be computed.
    pub(super) fn check_shape(shape: Shape) -> Result<(), RankError> {
        for units in [shape.first, shape.second] {
            if units == 0 || units > MAX_UNITS || !units.is_multiple_of(UNITS) {
                let given = format!("{} by {} units", shape.first, shape.second);
                let remedy = "layers have 4 to 256 units, a multiple of 4";
                return Err(RankError::Setting { setting: "the shape of the head", given, remedy });
            }
        }
        Ok(())
    }

    /// Weights to train from: layers of unit gain (He et al. 2015, arXiv 1502.01852), a last layer and a linear path of
    /// zeros, so that all scores are 0 and the linear path learns first.
    pub(super) fn random(reading: &Reading, shape: Shape, random: &mut Random) -> Result<Self, RankError> {
        Self::check_shape(shape)?;
        let mut draw = |(rows, columns): (usize, usize), fan_in: usize| -> Vec<f32> {
            let gain = (2.0 / fan_in as f64).sqrt();
            (0..rows * columns).map(|_| (gain * random.normal()) as f32).collect()
        };
        let [first, context, first_bias, second, second_bias, last, skip] = Self::sizes(reading, shape);
        let zeros = |(rows, columns): (usize, usize)| vec![0.0; rows * columns];
        let fan_in = first.0 + context.0;
        let parts = [
            draw(first, fan_in),
            draw(context, fan_in),
            zeros(first_bias),
            draw(second, second.0),
            zeros(second_bias),
            zeros(last),
            zeros(skip),
        ];
        Ok(Self::of_parts(shape, parts))
    }

    /// The same weights, none greater than a file may hold.
    pub(in super::super) fn bounded(mut self) -> Self {
        let parts = [
            &mut self.first,
            &mut self.context,
            &mut self.first_bias,
            &mut self.second,
            &mut self.second_bias,
            &mut self.last,
            &mut self.skip,
        ];
        parts.into_iter().flatten().for_each(|value| *value = value.clamp(-GREATEST, GREATEST));
        self
    }
}
