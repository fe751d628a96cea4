//! The network after attention: wide in the middle, and the place where most of a model's work is done.

use super::super::problem::ModelProblem;
use super::super::weights::Scope;
use super::product::Packed;
use super::{Activation, Linear, elements, own_way};
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

/// Columns of the middle computed at once, and rows: what lies between the two products then never leaves the cache of a
/// core, where the whole middle of a batch would go out to memory and back several times.
const COLUMNS: usize = 384;
const ROWS: usize = 256;

/// `down(curve(up(x)))`, or, gated (Shazeer 2020), `down(curve(gate(x)) * up(x))`.
pub(in super::super) enum FeedForward {
    /// One pass over slices of the middle.
    Sliced(Sliced),
    /// One product after the other: what is not computed here on the CPU, and weights in blocks.
    Plain { up: Linear, down: Linear, activation: Activation },
    /// The same with a gate; gate and up side by side in one product.
    Gated { gate_up: Linear, down: Linear, activation: Activation },
}

/// A matrix `[outputs, inputs]` and its bias.
pub(in super::super) type Matrix = (Tensor, Option<Tensor>);

impl FeedForward {
    /// A plain network from the matrices under two names, `width` to `inner` and back.
    pub(in super::super) fn plain(
        (up, down): (Scope<'_>, Scope<'_>),
        (width, inner): (usize, usize),
        activation: Activation,
    ) -> std::result::Result<Self, ModelProblem> {
        if up.in_blocks("weight") {
            let (up, down) = (Linear::load(&up, width, inner)?, Linear::load(&down, inner, width)?);
            return Ok(Self::Plain { up, down, activation });
        }
        Ok(Self::new(vec![matrix(&up, inner, width)?], matrix(&down, width, inner)?, activation)?)
    }

    /// A gated network from the matrices under three names.
    pub(in super::super) fn gated(
        (gate, up, down): (Scope<'_>, Scope<'_>, Scope<'_>),
        (width, inner): (usize, usize),
        activation: Activation,
    ) -> std::result::Result<Self, ModelProblem> {
        if gate.in_blocks("weight") {
            let gate_up = Linear::stacked(&[(gate, inner), (up, inner)], width)?;
            return Ok(Self::Gated { gate_up, down: Linear::load(&down, inner, width)?, activation });
        }
        let ups = vec![matrix(&gate, inner, width)?, matrix(&up, inner, width)?];
        Ok(Self::new(ups, matrix(&down, width, inner)?, activation)?)
    }

    /// A gated network whose gate and up stand one above the other under one name.
    pub(in super::super) fn stacked(
        (both, down): (Scope<'_>, Scope<'_>),
        (width, inner): (usize, usize),
        activation: Activation,
    ) -> std::result::Result<Self, ModelProblem> {
        let (weight, bias) = matrix(&both, 2 * inner, width)?;
        let half = |start: usize| -> Result<Matrix> {
            let bias = bias.as_ref().map(|bias| bias.narrow(0, start, inner)).transpose()?;
            Ok((weight.narrow(0, start, inner)?, bias))
        };
        Ok(Self::new(vec![half(0)?, half(inner)?], matrix(&down, width, inner)?, activation)?)
    }

    /// From matrices: one up, or gate and up.
    pub(in super::super) fn new(ups: Vec<Matrix>, down: Matrix, activation: Activation) -> Result<Self> {
        if own_way(down.0.device()) {
            return Ok(Self::Sliced(Sliced::new(&ups, &down, activation)?));
        }
        let down = Linear::new(&down.0, down.1)?;
        match ups.as_slice() {
            [(up, bias)] => Ok(Self::Plain { up: Linear::new(up, bias.clone())?, down, activation }),
            [(gate, None), (up, None)] => {
                let gate_up = Linear::new(&Tensor::cat(&[gate, up], 0)?, None)?;
                Ok(Self::Gated { gate_up, down, activation })
            }
            [(gate, Some(of_gate)), (up, Some(of_up))] => {
                let bias = Tensor::cat(&[of_gate, of_up], 0)?;
                let gate_up = Linear::new(&Tensor::cat(&[gate, up], 0)?, Some(bias))?;
                Ok(Self::Gated { gate_up, down, activation })
            }
            _ => bail!("a network of one or two matrices up, all with a bias or none, not {}", ups.len()),
        }
    }

    /// `[tokens, width]` to the same.
    pub(in super::super) fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        match self {
            Self::Sliced(sliced) => rows.contiguous()?.apply_op1_no_bwd(sliced),
            Self::Plain { up, down, activation } => down.forward(&up.activated(rows, *activation)?),
            Self::Gated { gate_up, down, activation } => down.forward(&gated(&gate_up.forward(rows)?, *activation)?),
        }
    }

    /// The same added to a residual.
    pub(super) fn onto(&self, rows: &Tensor, residual: &Tensor) -> Result<Tensor> {
        match self {
            Self::Sliced(sliced) => rows.contiguous()?.apply_op2_no_bwd(&residual.contiguous()?, sliced),
            Self::Plain { up, down, activation } => down.onto(&up.activated(rows, *activation)?, residual),
            Self::Gated { gate_up, down, activation } => {
                down.onto(&gated(&gate_up.forward(rows)?, *activation)?, residual)
            }
        }
    }
}

fn matrix(scope: &Scope<'_>, outputs: usize, inputs: usize) -> std::result::Result<Matrix, ModelProblem> {
    Ok((scope.tensor("weight", &[outputs, inputs])?, scope.optional("bias", &[outputs])?))
}

/// A network whose middle is computed slice by slice.
pub(in super::super) struct Sliced {
    slices: Vec<Slice>,
    bias: Vec<f32>,
    width: usize,
    activation: Activation,
}

/// Some columns of the middle: what leads to them, a gate first where there is one, and what leads from them.
struct Slice {
    ups: Vec<(Packed, Vec<f32>)>,
    down: Packed,
    columns: usize,
}

impl Sliced {
    fn new(ups: &[Matrix], (down, bias): &Matrix, activation: Activation) -> Result<Self> {
        let (width, inner) = down.dims2()?;
        let mut slices = Vec::with_capacity(inner.div_ceil(COLUMNS));
        for start in (0..inner).step_by(COLUMNS) {
            let columns = COLUMNS.min(inner - start);
            let up = |(weight, bias): &Matrix| {
                let bias = bias.as_ref().map(|bias| bias.narrow(0, start, columns)?.to_vec1()).transpose()?;
                Ok((Packed::new(&weight.narrow(0, start, columns)?)?, bias.unwrap_or_default()))
            };
            let ups = ups.iter().map(up).collect::<Result<_>>()?;
            slices.push(Slice { ups, down: Packed::new(&down.narrow(1, start, columns)?)?, columns });
        }
        let bias = bias.as_ref().map(Tensor::to_vec1).transpose()?.unwrap_or_default();
        Ok(Self { slices, bias, width, activation })
    }

    /// Replaces what is in `out`, or adds to it.
    fn run(&self, rows: &[f32], out: &mut [f32], add: bool) -> Result<()> {
        let size = ROWS * self.width;
        if rows.len() > size && rayon::current_num_threads() > 1 {
            let blocks = out.par_chunks_mut(size).zip(rows.par_chunks(size));
            return blocks.try_for_each(|(out, rows)| self.block(rows, out, add));
        }
        let mut blocks = out.chunks_mut(size).zip(rows.chunks(size));
        blocks.try_for_each(|(out, rows)| self.block(rows, out, add))
    }

    fn block(&self, rows: &[f32], out: &mut [f32], mut add: bool) -> Result<()> {
        let count = rows.len() / self.width.max(1);
        let mut bias = self.bias.as_slice();
        let mut middle = vec![0.0; count * COLUMNS];
        let mut gate = Vec::new();
        for Slice { ups, down, columns } in &self.slices {
            let inner = middle.get_mut(..count * columns).unwrap_or_default();
            for (number, (up, bias)) in ups.iter().enumerate() {
                up.multiply(rows, inner, bias, false)?;
                if number == 0 {
                    self.activation.apply(inner);
                }
                if number + 1 < ups.len() {
                    gate.clear();
                    gate.extend_from_slice(inner);
                }
            }
            inner.iter_mut().zip(&gate).for_each(|(inner, gate)| *inner *= gate);
            down.multiply(inner, out, std::mem::take(&mut bias), add)?;
            add = true;
        }
        Ok(())
    }

    fn count(&self, layout: &Layout) -> Result<Shape> {
        match layout.shape().dims2()? {
            (count, width) if width == self.width => Ok(Shape::from((count, width))),
            (_, width) => bail!("rows of width {width} for a network of {}", self.width),
        }
    }
}

impl CustomOp1 for Sliced {
    fn name(&self) -> &'static str {
        "feed-forward"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let shape = self.count(layout)?;
        let mut out = vec![0.0; shape.elem_count()];
        self.run(elements(storage, layout, "a network")?, &mut out, false)?;
        Ok((CpuStorage::F32(out), shape))
    }
}

impl CustomOp2 for Sliced {
    fn name(&self) -> &'static str {
        "feed-forward-onto"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let shape = self.count(l1)?;
        let mut out = elements::<f32>(s2, l2, "a residual")?.to_vec();
        if out.len() != shape.elem_count() {
            bail!("a residual of {} elements for a network of {}", out.len(), shape.elem_count());
        }
        self.run(elements(s1, l1, "a network")?, &mut out, true)?;
        Ok((CpuStorage::F32(out), shape))
    }
}

/// `curve(gate) * up` of rows that hold both side by side.
fn gated(rows: &Tensor, activation: Activation) -> Result<Tensor> {
    let halves = rows.chunk(2, 1)?;
    match halves.as_slice() {
        [gate, up] => activation.forward(&gate.contiguous()?)? * up.contiguous()?,
        _ => bail!("rows of shape {:?} have no halves", rows.dims()),
    }
}
