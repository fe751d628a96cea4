//! One transformer layer: attention and a feed-forward network, each with a residual, in the orders that families differ by.

use super::super::problem::ModelProblem;
use super::super::weights::Scope;
use super::{Activation, Attention, Bias, Heads, Linear, Mask, Norm, Turns, elements, own_way};
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor, bail};

/// What all layers of a forward pass share.
#[derive(Clone, Copy)]
pub(in super::super) struct Context<'a> {
    /// Where each sequence starts, and the number of tokens at the end.
    pub(in super::super) starts: &'a [usize],
    /// Rotary positions; a layer names its table by number.
    pub(in super::super) turns: &'a [Turns],
    /// Added to attention scores.
    pub(in super::super) bias: Option<&'a Bias>,
}

/// Where the norms of a layer stand.
pub(in super::super) enum Norms {
    /// After each residual: `norm(x + f(x))`, as BERT has it.
    Post { attention: Norm, feed_forward: Norm },
    /// Before each function: `x + f(norm(x))`. ModernBERT's first layer has none before attention.
    Pre { attention: Option<Norm>, feed_forward: Norm },
    /// Before and after each function, as Gemma has it: `x + after(f(before(x)))`.
    Both { attention: [Norm; 2], feed_forward: [Norm; 2] },
}

/// The network after attention.
pub(in super::super) enum FeedForward {
    /// `down(curve(up(x)))`.
    Plain { up: Linear, down: Linear, activation: Activation },
    /// `down(curve(gate(x)) * up(x))` (Shazeer 2020); gate and up side by side in one product.
    Gated { gate_up: Linear, down: Linear, activation: Activation },
}

impl FeedForward {
    /// A gated network from three matrices without padding between them.
    pub(in super::super) fn gated(
        (gate, up, down): (Scope<'_>, Scope<'_>, Scope<'_>),
        (width, inner): (usize, usize),
        activation: Activation,
    ) -> std::result::Result<Self, ModelProblem> {
        let gate_up = Linear::stacked(&[(gate, inner), (up, inner)], width)?;
        Ok(Self::Gated { gate_up, down: Linear::load(&down, inner, width)?, activation })
    }

    /// A plain network from two matrices.
    pub(in super::super) fn plain(
        (up, down): (Scope<'_>, Scope<'_>),
        (width, inner): (usize, usize),
        activation: Activation,
    ) -> std::result::Result<Self, ModelProblem> {
        let (up, down) = (Linear::load(&up, width, inner)?, Linear::load(&down, inner, width)?);
        Ok(Self::Plain { up, down, activation })
    }

    /// What the last matrix is given, and that matrix.
    fn inner(&self, rows: &Tensor) -> Result<(Tensor, &Linear)> {
        match self {
            Self::Plain { up, down, activation } => Ok((up.activated(rows, *activation)?, down)),
            Self::Gated { gate_up, down, activation } => Ok((gated(&gate_up.forward(rows)?, *activation)?, down)),
        }
    }

    /// `[tokens, width]` to the same.
    pub(in super::super) fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        let (inner, down) = self.inner(rows)?;
        down.forward(&inner)
    }
}

/// One layer.
pub(in super::super) struct Block {
    pub(in super::super) heads: Heads,
    pub(in super::super) mask: Mask,
    /// Queries, keys and values side by side.
    pub(in super::super) project: Linear,
    /// Norms of the single heads of queries and keys.
    pub(in super::super) head_norms: Option<(Norm, Norm)>,
    /// Number of its table of rotary positions.
    pub(in super::super) turns: Option<usize>,
    pub(in super::super) out: Linear,
    pub(in super::super) feed_forward: FeedForward,
    pub(in super::super) norms: Norms,
}

impl Block {
    /// `[tokens, width]` to the same.
    pub(in super::super) fn forward(&self, rows: &Tensor, context: &Context<'_>) -> Result<Tensor> {
        match &self.norms {
            Norms::Post { attention, feed_forward } => {
                let rows = attention.forward(&self.out.onto(&self.attend(rows, context)?, rows)?)?;
                let (inner, down) = self.feed_forward.inner(&rows)?;
                feed_forward.forward(&down.onto(&inner, &rows)?)
            }
            Norms::Pre { attention, feed_forward } => {
                let attended = match attention {
                    Some(norm) => self.attend(&norm.forward(rows)?, context)?,
                    None => self.attend(rows, context)?,
                };
                let rows = self.out.onto(&attended, rows)?;
                let (inner, down) = self.feed_forward.inner(&feed_forward.forward(&rows)?)?;
                down.onto(&inner, &rows)
            }
            Norms::Both { attention: [before, after], feed_forward: [first, last] } => {
                let attended = self.out.forward(&self.attend(&before.forward(rows)?, context)?)?;
                let rows = (rows + after.forward(&attended)?)?;
                let fed = self.feed_forward.forward(&first.forward(&rows)?)?;
                rows + last.forward(&fed)?
            }
        }
    }

    fn attend(&self, rows: &Tensor, context: &Context<'_>) -> Result<Tensor> {
        let attention = Attention {
            heads: self.heads,
            mask: self.mask,
            norms: self.head_norms.as_ref().map(|(queries, keys)| (queries, keys)),
            turns: self.turns.and_then(|table| context.turns.get(table)),
            bias: context.bias,
            starts: context.starts,
        };
        attention.forward(self.project.forward(rows)?)
    }
}

/// `curve(gate) * up` of rows that hold both side by side.
pub(super) fn gated(rows: &Tensor, activation: Activation) -> Result<Tensor> {
    if own_way(rows.device()) {
        return rows.apply_op1_no_bwd(&Gate(activation));
    }
    gated_plain(rows, activation)
}

/// The same in candle's own operations.
pub(super) fn gated_plain(rows: &Tensor, activation: Activation) -> Result<Tensor> {
    let halves = rows.chunk(2, 1)?;
    match halves.as_slice() {
        [gate, up] => activation.forward(&gate.contiguous()?)? * up.contiguous()?,
        _ => bail!("rows of shape {:?} have no halves", rows.dims()),
    }
}

struct Gate(Activation);

impl CustomOp1 for Gate {
    fn name(&self) -> &'static str {
        "gate"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, both) = layout.shape().dims2()?;
        let inner = both / 2;
        let mut out = Vec::with_capacity(rows * inner);
        for row in elements::<f32>(storage, layout, "a gate")?.chunks_exact(both.max(1)) {
            let (gate, up) = row.split_at(inner);
            let start = out.len();
            out.extend_from_slice(gate);
            let gate = out.get_mut(start..).unwrap_or_default();
            self.0.apply(gate);
            gate.iter_mut().zip(up).for_each(|(gate, up)| *gate *= up);
        }
        Ok((CpuStorage::F32(out), Shape::from((rows, inner))))
    }
}
