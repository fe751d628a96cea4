//! Encoders: content in, unit vectors of one space out.
//!
//! An [`Encoder`] says what it can read, how wide its vectors are and which of their prefixes are embeddings of their own
//! (Matryoshka representation learning, Kusupati et al. 2022), and carries a fingerprint: an index records it and refuses
//! vectors of another encoder. What a role (query, document, item) means in prompts is the encoder's business.

pub mod builtin;
#[cfg(feature = "checkpoints")]
pub mod checkpoint;

mod failure;
mod fuse;
mod info;
mod resample;

#[cfg(feature = "checkpoints")]
pub use checkpoint::{Checkpoint, ModelProblem, from_dir, model_types};
pub use failure::EncodeError;
pub use info::{EncoderInfo, Fusion, Modalities, Prompts};

use crate::note::Pixels;
use crate::vector::Vectors;
use std::sync::Arc;

/// Why something is encoded: models treat the sides of a comparison differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// What somebody is looking for.
    Query,
    /// What is looked through.
    Document,
    /// What is compared with its own kind (more like this).
    Item,
}

/// One piece of an input.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Part<'a> {
    /// Text.
    Text(&'a str),
    /// A decoded picture.
    Picture(&'a Pixels),
}

/// One input: pieces that together become one vector, in reading order.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// The pieces.
    pub parts: &'a [Part<'a>],
}

/// Turns content into vectors. Implementations are shared between threads and must not keep state between calls.
pub trait Encoder: Send + Sync {
    /// What this encoder is. Must not change over its life.
    fn info(&self) -> &EncoderInfo;

    /// Encodes a batch: one vector of unit length and [`EncoderInfo::width`] an input, in order. The same input gives the
    /// same vector whatever else is in the batch.
    ///
    /// # Errors
    /// [`EncodeError`] if the batch as a whole cannot be encoded: a kind of content the encoder does not read, or a fault
    /// of the model. Content that is merely odd (empty, very long, unknown script) gets a defined vector instead.
    fn encode(&self, role: Role, inputs: &[Input<'_>]) -> Result<Vectors, EncodeError>;
}

/// A shared encoder.
pub type SharedEncoder = Arc<dyn Encoder>;

/// Encodes a batch and holds the encoder to its contract: count, width, unit length.
///
/// # Errors
/// What the encoder returns, and [`EncodeError::Contract`].
pub fn encode_checked(encoder: &dyn Encoder, role: Role, inputs: &[Input<'_>]) -> Result<Vectors, EncodeError> {
    let info = encoder.info();
    let vectors = encoder.encode(role, inputs)?;
    let broken =
        |expected: String, found: String| Err(EncodeError::Contract { encoder: info.name.clone(), expected, found });
    if vectors.width() != info.width || vectors.len() != inputs.len() {
        let shape = |rows: usize, width: usize| format!("{rows} vectors of width {width}");
        return broken(shape(inputs.len(), info.width), shape(vectors.len(), vectors.width()));
    }
    for row in vectors.iter() {
        let norm: f64 = row.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
        if !norm.is_finite() || (norm - 1.0).abs() > 1e-3 {
            return broken("unit vectors".to_owned(), format!("a vector of squared length {norm}"));
        }
    }
    Ok(vectors)
}
