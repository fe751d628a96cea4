//! One transformer layer: attention and a feed-forward network, each with a residual, in the orders that families differ by.

use super::{Attention, Bias, FeedForward, Heads, Linear, Mask, Norm, Turns};
use candle_core::{Result, Tensor};

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
                feed_forward.forward(&self.feed_forward.onto(&rows, &rows)?)
            }
            Norms::Pre { attention, feed_forward } => {
                let attended = match attention {
                    Some(norm) => self.attend(&norm.forward(rows)?, context)?,
                    None => self.attend(rows, context)?,
                };
                let rows = self.out.onto(&attended, rows)?;
                self.feed_forward.onto(&feed_forward.forward(&rows)?, &rows)
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
