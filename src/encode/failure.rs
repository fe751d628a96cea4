//! Why content could not be encoded, or an encoder not be had.

#[cfg(feature = "checkpoints")]
use super::checkpoint::ModelProblem;
use thiserror::Error;

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
