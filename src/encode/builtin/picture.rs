//! The picture tower: a residual network (He et al. 2016) of 3.5 million signed bytes, from a picture to a row of the space.
//!
//! A picture is drawn out to a square of 96 pixels, whatever its proportion, so that nothing of it is cut off. States are matrices
//! of one row a place and one column a channel: a convolution is then a gathering of neighbours and one matrix product.

use super::{WIDTH, failed, floats, model_error, stored};
use crate::encode::EncodeError;
use crate::encode::resample::{CHANNELS, Filter, Window, resample, sides};
use crate::note::Pixels;
use candle_core::{Device, Result, Tensor};
use safetensors::tensor::{Dtype, SafeTensors};

pub(super) static WEIGHTS: &[u8] = include_bytes!("picture.safetensors");

/// Side of the pictures it reads.
const SIDE: usize = 96;
/// Pixels that become one place at the start, along a side; each later stage halves the side.
const PATCH: usize = 4;
/// Channels of each stage and the residual blocks in it.
const STAGES: [(usize, usize); 3] = [(64, 1), (128, 2), (256, 2)];
/// Channels of the last map, whose mean is what a picture is.
const WIDE: usize = 512;
/// Half the range of a level.
const HALF_RANGE: f32 = 127.5;

/// The tower, its weights spread out to floats.
pub(super) struct Tower {
    stages: Vec<Stage>,
    wide: Product,
    out: Product,
}

struct Stage {
    /// Squares of places that become one.
    down: Product,
    blocks: Vec<[Product; 2]>,
}

/// A matrix `[inputs, outputs]` and what is added to each row.
struct Product {
    weights: Tensor,
    bias: Tensor,
}

impl Tower {
    /// Reads the weights. Those compiled in cannot fail to be read in a build that passes its tests.
    pub(super) fn load() -> std::result::Result<Self, EncodeError> {
        let damaged = |why: String| model_error("weights of pictures", why);
        let file = SafeTensors::deserialize(WEIGHTS).map_err(|error| damaged(error.to_string()))?;
        let product = |name: String, inputs, outputs| Product::load(&file, &name, (inputs, outputs)).map_err(damaged);
        let (mut stages, mut channels) = (Vec::new(), CHANNELS);
        for (stage, (width, blocks)) in STAGES.into_iter().enumerate() {
            let span = if stage == 0 { PATCH } else { 2 };
            let down = product(format!("stage{stage}.down"), span * span * channels, width)?;
            let blocks = (0..blocks).map(|block| {
                let [first, second] = ["first", "second"].map(|half| format!("stage{stage}.block{block}.{half}"));
                Ok([product(first, 9 * width, width)?, product(second, 9 * width, width)?])
            });
            stages.push(Stage { down, blocks: blocks.collect::<std::result::Result<_, EncodeError>>()? });
            channels = width;
        }
        let wide = product("wide".to_owned(), channels, WIDE)?;
        Ok(Self { stages, wide, out: product("out".to_owned(), WIDE, WIDTH)? })
    }

    /// The row of a picture, not of unit length.
    pub(super) fn row(&self, picture: &Pixels) -> std::result::Result<Vec<f32>, EncodeError> {
        sides(picture).map_err(failed)?;
        self.computed(picture).map_err(|error| failed(error.to_string()))
    }

    fn computed(&self, picture: &Pixels) -> Result<Vec<f32>> {
        let (mut state, mut side) = (drawn_out(picture), SIDE);
        let mut channels = CHANNELS;
        for (number, stage) in self.stages.iter().enumerate() {
            let span = if number == 0 { PATCH } else { 2 };
            state = squares(&state, (side, channels), span);
            side /= span;
            channels = stage.down.outputs();
            let mut places = stage.down.forward(state, side * side)?.relu()?;
            for [first, second] in &stage.blocks {
                let around = neighbours(&values(&places)?, (side, channels));
                let inner = first.forward(around, side * side)?.relu()?;
                let around = neighbours(&values(&inner)?, (side, channels));
                places = (places + second.forward(around, side * side)?)?.relu()?;
            }
            state = values(&places)?;
        }
        let seen = self.wide.forward(state, side * side)?.relu()?.mean(0)?;
        values(&self.out.forward(values(&seen)?, 1)?)
    }
}

impl Product {
    /// Reads signed bytes `[outputs, inputs]` with one scale an output.
    fn load(
        file: &SafeTensors<'_>,
        name: &str,
        (inputs, outputs): (usize, usize),
    ) -> std::result::Result<Self, String> {
        let read = |part: &str, kind, shape: &[usize]| stored(file, &format!("picture.{name}.{part}"), kind, shape);
        let scales = floats(read("scales", Dtype::F32, &[outputs])?);
        let bias = floats(read("bias", Dtype::F32, &[outputs])?);
        let codes = read("codes", Dtype::I8, &[outputs, inputs])?.chunks_exact(inputs);
        let rows =
            codes.zip(scales).flat_map(|(row, scale)| row.iter().map(move |code| f32::from(*code as i8) * scale));
        let build = || {
            let weights = Tensor::from_iter(rows, &Device::Cpu)?.reshape((outputs, inputs))?.t()?.contiguous()?;
            Ok(Self { weights, bias: Tensor::from_vec(bias, outputs, &Device::Cpu)? })
        };
        build().map_err(|error: candle_core::Error| error.to_string())
    }

    fn outputs(&self) -> usize {
        self.bias.elem_count()
    }

    /// `[count, inputs]` to `[count, outputs]`.
    fn forward(&self, rows: Vec<f32>, count: usize) -> Result<Tensor> {
        let inputs = rows.len() / count.max(1);
        Tensor::from_vec(rows, (count, inputs), &Device::Cpu)?.matmul(&self.weights)?.broadcast_add(&self.bias)
    }
}

fn values(tensor: &Tensor) -> Result<Vec<f32>> {
    tensor.flatten_all()?.to_vec1()
}

/// The picture as `SIDE` x `SIDE` pixels with levels from -1 to 1.
fn drawn_out(picture: &Pixels) -> Vec<f32> {
    let window = Window { across: 0..SIDE, down: 0..SIDE };
    let levels = resample(picture, (SIDE, SIDE), &window, Filter::Bicubic);
    levels.into_iter().map(|level| f32::from(level) / HALF_RANGE - 1.0).collect()
}

/// The places of each square of `span` x `span`, side by side.
fn squares(state: &[f32], (side, channels): (usize, usize), span: usize) -> Vec<f32> {
    let (rows, run) = (side * channels, span * channels);
    let mut out = Vec::with_capacity(state.len());
    for band in state.chunks_exact(span * rows) {
        for start in (0..rows).step_by(run) {
            let lines = band.chunks_exact(rows).filter_map(|line| line.get(start..start + run));
            lines.for_each(|line| out.extend_from_slice(line));
        }
    }
    out
}

/// Each place and the eight around it, side by side; beyond the edge there are zeros.
fn neighbours(state: &[f32], (side, channels): (usize, usize)) -> Vec<f32> {
    let (rows, run) = (side * channels, 3 * channels);
    let mut out = vec![0.0; state.len() * 9];
    for (place, around) in out.chunks_exact_mut(9 * channels).enumerate() {
        let (down, across) = (place / side, place % side);
        // At the left edge the first place of each line of three is missing, at the right edge the last one.
        let (from, skipped) = (across.saturating_sub(1), usize::from(across == 0));
        let until = (across + 2).min(side);
        for (line, target) in around.chunks_exact_mut(run).enumerate() {
            let Some(row) = (down + line).checked_sub(1).filter(|row| *row < side) else { continue };
            let source = state.get(row * rows + from * channels..row * rows + until * channels).unwrap_or_default();
            let target = target.iter_mut().skip(skipped * channels);
            target.zip(source).for_each(|(target, value)| *target = *value);
        }
    }
    out
}
