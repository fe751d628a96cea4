//! The layers that transformers are made of, once for all families.
//!
//! | file | what it is |
//! |---|---|
//! | `ragged.rs` | sequences of different lengths, one after the other |
//! | `embedding.rs` | token ids to rows of a table |
//! | `product.rs` | matrix products |
//! | `linear.rs` | products with what comes right after them |
//! | `norm.rs` | layer norm and root-mean-square norm |
//! | `activation.rs` | the curves between two matrix products |
//! | `rope.rs` | rotary positions |
//! | `attention.rs` | attention within each sequence |
//! | `feed_forward.rs` | the network after attention |
//! | `block.rs` | one transformer layer |
//!
//! There is no padding: the tokens of all sequences of a batch are the rows of one matrix, and only attention knows where a
//! sequence ends. So neither padding nor what else is in a batch can change a vector.
//!
//! Every layer has two ways to compute. On the CPU, candle hands its rows to a custom operation: products with weights packed
//! once when they are loaded (own kernel with AVX-512, `rten-gemm` elsewhere), bias, residual or activation in the same pass, attention in blocks that stay
//! in the cache. Elsewhere, and where a feature brings another matrix library, the same layer is written in candle's own
//! operations; a test holds the two to each other.

mod activation;
mod attention;
mod block;
mod embedding;
mod feed_forward;
mod linear;
mod norm;
mod product;
mod ragged;
mod rope;
#[cfg(test)]
mod tests;

pub(super) use activation::Activation;
pub(super) use attention::{Attention, Bias, Heads, Mask};
pub(super) use block::{Block, Context, Norms};
pub(super) use embedding::Embedding;
pub(super) use feed_forward::FeedForward;
pub(super) use linear::Linear;
pub(super) use norm::Norm;
pub(super) use ragged::Ragged;
pub(super) use rope::{Rope, Turns};

use candle_core::{CpuStorage, Device, Layout, Result, WithDType, bail};

/// Whether tensors of this device go through the custom operations.
fn own_way(device: &Device) -> bool {
    device.is_cpu() && !cfg!(any(feature = "mkl", feature = "accelerate"))
}

/// The elements of a contiguous tensor.
fn elements<'a, T: WithDType>(storage: &'a CpuStorage, layout: &Layout, what: &'static str) -> Result<&'a [T]> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(storage.as_slice::<T>()?.get(start..end).unwrap_or_default()),
        None => bail!("{what} needs a contiguous tensor"),
    }
}
