//! Encoders: content in, unit vectors of one space out.
//!
//! An [`Encoder`] says what it can read, how wide its vectors are and which of their prefixes are embeddings of their own
//! (Matryoshka representation learning, Kusupati et al. 2022), and carries a fingerprint: an index records it and refuses
//! vectors of another encoder. What a role (query, document, item) means in prompts is the encoder's business.

pub mod builtin;
#[cfg(feature = "checkpoints")]
pub mod checkpoint;

#[cfg(feature = "checkpoints")]
pub use checkpoint::{Checkpoint, ModelProblem, from_dir};

use crate::note::Pixels;
use crate::vector::Vectors;
use std::sync::Arc;
use thiserror::Error;

/// What an encoder can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Modalities {
    /// Text.
    pub text: bool,
    /// Pictures.
    pub picture: bool,
}

impl Modalities {
    /// Text only.
    pub const TEXT: Self = Self { text: true, picture: false };
    /// Text and pictures, in one space.
    pub const TEXT_AND_PICTURE: Self = Self { text: true, picture: true };
}

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

/// How the parts of one note become its one global vector.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Fusion {
    /// The encoder reads text and pictures together, in one forward pass.
    Interleaved,
    /// Each part is encoded alone; the direction of a weighted mean stands for all.
    Late {
        /// Weight of the mean of all texts (title and passages).
        text: f32,
        /// Weight of the mean of all pictures.
        picture: f32,
    },
}

impl Default for Fusion {
    /// Texts and pictures count alike.
    fn default() -> Self {
        Self::Late { text: 1.0, picture: 1.0 }
    }
}

/// What an encoder says about itself.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct EncoderInfo {
    /// Name for messages, such as `uninote-static-1`.
    pub name: String,
    /// Two encoders with equal fingerprints give equal vectors; anything that changes vectors changes it.
    pub fingerprint: String,
    /// Width of the vectors.
    pub width: usize,
    /// Ascending prefix lengths that the model was trained to keep useful; empty if it was not trained so.
    pub prefixes: Vec<usize>,
    /// What it can read.
    pub modalities: Modalities,
    /// Text put before the content for each role, as the model's authors prescribe.
    pub prompts: Prompts,
    /// How long a passage should be for this encoder, in tokens.
    pub passage_tokens: usize,
    /// How it makes one vector of several parts.
    pub fusion: Fusion,
    /// Where it was loaded from, for messages and so that a shell can load it again; empty where it is compiled in.
    pub location: String,
}

impl EncoderInfo {
    /// A reader of text without prompts or trained prefixes, late fusion, passages of 160 tokens. Set what differs.
    #[must_use]
    pub fn new(name: impl Into<String>, fingerprint: impl Into<String>, width: usize) -> Self {
        Self {
            name: name.into(),
            fingerprint: fingerprint.into(),
            width,
            prefixes: Vec::new(),
            modalities: Modalities::TEXT,
            prompts: Prompts::default(),
            passage_tokens: 160,
            fusion: Fusion::default(),
            location: String::new(),
        }
    }
}

/// Text put before the content, by [`Role`]; empty for models without prompts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Prompts {
    /// For [`Role::Query`].
    pub query: String,
    /// For [`Role::Document`].
    pub document: String,
    /// For [`Role::Item`].
    pub item: String,
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

/// Why a batch could not be encoded.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// The encoder does not read this kind of content.
    #[error("encoder {encoder} does not read {modality}; use an encoder that does, or leave that content out")]
    Unsupported {
        /// Name of the encoder.
        encoder: String,
        /// The kind of content.
        modality: &'static str,
    },
    /// The model's own files are not what they should be.
    #[error("encoder {encoder}: {what} is damaged: {why}; install the model again")]
    Model {
        /// Name of the encoder.
        encoder: String,
        /// Which part.
        what: &'static str,
        /// What was found.
        why: String,
    },
    /// A model directory cannot be used.
    #[cfg(feature = "checkpoints")]
    #[error("model directory {directory}: {problem}")]
    Directory {
        /// The directory.
        directory: String,
        /// What is wrong with it.
        problem: ModelProblem,
    },
    /// The computation failed.
    #[error("encoder {encoder} failed: {why}")]
    Failed {
        /// Name of the encoder.
        encoder: String,
        /// The reason as the model's runtime gives it.
        why: String,
    },
    /// An encoder broke its promise about the number, width or length of vectors.
    #[error("encoder {encoder} returned {found}, expected {expected}; this is a fault of the encoder")]
    Contract {
        /// Name of the encoder.
        encoder: String,
        /// What was promised.
        expected: String,
        /// What came.
        found: String,
    },
}

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
