//! The text side: static token embeddings, a table of 29,524 x 256 components of four bits with a scale a row.
//!
//! A text's row is the sum of its tokens' rows. Two components share a byte: that at `i` in the low half, that at `i + 128` in the
//! high half. A code `c` stands for `(c - 7.5) * scale`: sixteen even levels, zero between two of them.

use super::tokenise::WordPieces;
use super::{WIDTH, floats, model_error, stored};
use crate::encode::EncodeError;
use safetensors::tensor::{Dtype, SafeTensors};

pub(super) static WEIGHTS: &[u8] = include_bytes!("text.safetensors");
pub(super) static VOCABULARY: &str = include_str!("vocab.txt");

/// Bytes of a row.
const BYTES: usize = WIDTH / 2;
/// What stands in the middle of the sixteen codes.
const MIDDLE: f32 = 7.5;

/// The table, its codes where they are compiled in.
pub(super) struct Table {
    pub(super) pieces: WordPieces,
    codes: &'static [u8],
    scales: Vec<f32>,
}

impl Table {
    /// Finds the weights and reads the vocabulary. What is compiled in cannot fail to be read in a build that passes its tests.
    pub(super) fn load() -> Result<Self, EncodeError> {
        let damaged = |why: String| model_error("weights of texts", why);
        let file = SafeTensors::deserialize(WEIGHTS).map_err(|error| damaged(error.to_string()))?;
        let pieces = WordPieces::from_vocabulary(VOCABULARY)?;
        let codes = stored(&file, "codes", Dtype::U8, &[pieces.len(), BYTES]).map_err(damaged)?;
        let scales = floats(stored(&file, "scales", Dtype::F32, &[pieces.len()]).map_err(damaged)?);
        Ok(Self { pieces, codes, scales })
    }

    /// The sum of the rows of `tokens`, not of unit length.
    pub(super) fn sum(&self, tokens: &[u32]) -> Vec<f32> {
        let mut sum = vec![0.0; WIDTH];
        let (low, high) = sum.split_at_mut(BYTES);
        for token in tokens {
            let start = *token as usize * BYTES;
            let row = self.codes.get(start..start + BYTES).unwrap_or_default();
            let scale = self.scales.get(*token as usize).copied().unwrap_or_default();
            for ((low, high), byte) in low.iter_mut().zip(high.iter_mut()).zip(row) {
                *low += (f32::from(byte & 15) - MIDDLE) * scale;
                *high += (f32::from(byte >> 4) - MIDDLE) * scale;
            }
        }
        sum
    }
}
