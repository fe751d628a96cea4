//! The encoder inside: static token embeddings distilled from all-MiniLM-L6-v2.
//!
//! A text's vector is the normalised mean of its tokens' rows in one table of 29,524 x 256 signed bytes with a scale a row,
//! trained so that the prefixes 32, 64 and 128 are embeddings too. `MODEL_CARD.md` beside this file says from what, how
//! well it does and where it fails; `recipe/` holds the program that made it.

mod tokenise;

use super::{EncodeError, Encoder, EncoderInfo, Input, Part, Role};
use crate::vector::{Vectors, normalise};
use candle_core::safetensors::SliceSafetensors;
use candle_core::{DType, Device, Tensor};
use std::sync::{Arc, LazyLock, OnceLock};
use tokenise::WordPieces;

static WEIGHTS: &[u8] = include_bytes!("weights.safetensors");
static VOCABULARY: &str = include_str!("vocab.txt");
const NAME: &str = "uninote-static-1";
const WIDTH: usize = 256;
/// The value stored for a weight of zero: codes are unsigned in the file, signed in meaning.
const ZERO_CODE: f64 = 128.0;

/// The hash of weights and vocabulary, written down so that opening an index reads neither; a test holds it to them.
const FINGERPRINT: &str = "uninote-static-1-adb0029b70e8b9eedda5604a3a2c4a29";

/// Static token embeddings compiled into the library. Text only; made for English, defined for everything.
pub struct Builtin {
    info: EncoderInfo,
    /// Read when the first text comes: opening an index or getting a note takes no part of that time.
    table: OnceLock<Table>,
}

struct Table {
    pieces: WordPieces,
    codes: Tensor,
    scales: Tensor,
}

impl std::fmt::Debug for Builtin {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Builtin").field("name", &self.info.name).finish_non_exhaustive()
    }
}

impl Builtin {
    /// The one shared instance.
    #[must_use]
    pub fn shared() -> Arc<Self> {
        static SHARED: LazyLock<Arc<Builtin>> = LazyLock::new(|| {
            let info = EncoderInfo { prefixes: vec![32, 64, 128, 256], ..EncoderInfo::new(NAME, FINGERPRINT, WIDTH) };
            Arc::new(Builtin { info, table: OnceLock::new() })
        });
        Arc::clone(&SHARED)
    }

    /// The table, read at first use. The compiled-in weights cannot fail to be read in a build that passes its tests.
    fn table(&self) -> Result<&Table, EncodeError> {
        if let Some(table) = self.table.get() {
            return Ok(table);
        }
        let table = Table::load()?;
        Ok(self.table.get_or_init(|| table))
    }
}

impl Table {
    fn load() -> Result<Self, EncodeError> {
        let damaged = |what| move |error: candle_core::Error| model_error(what, error.to_string());
        let file = SliceSafetensors::new(WEIGHTS).map_err(damaged("weights"))?;
        let codes = file.load("codes", &Device::Cpu).map_err(damaged("codes"))?;
        let scales = file.load("scales", &Device::Cpu).map_err(damaged("scales"))?;
        let pieces = WordPieces::from_vocabulary(VOCABULARY)?;
        let expected = [pieces.len(), WIDTH];
        if codes.dims() != expected || scales.dims() != [pieces.len()] || codes.dtype() != DType::U8 {
            let why = format!("codes {:?}, scales {:?}, expected {expected:?}", codes.dims(), scales.dims());
            return Err(model_error("weights", why));
        }
        Ok(Self { pieces, codes, scales })
    }

    /// Sums of the token rows of each text, not yet normalised. `tokens` are concatenated; `counts` says how many each has.
    fn sums(&self, tokens: Vec<u32>, counts: &[usize]) -> candle_core::Result<Vec<Vec<f32>>> {
        let total = tokens.len();
        let ids = Tensor::from_vec(tokens, total, &Device::Cpu)?;
        let scales = self.scales.index_select(&ids, 0)?.reshape((total, 1))?;
        let rows = self.codes.index_select(&ids, 0)?.to_dtype(DType::F32)?.affine(1.0, -ZERO_CODE)?;
        let rows = rows.broadcast_mul(&scales)?;
        let mut start = 0;
        counts
            .iter()
            .map(|count| {
                let sum = rows.narrow(0, start, *count)?.sum(0)?.to_vec1();
                start += count;
                sum
            })
            .collect()
    }
}

impl Encoder for Builtin {
    fn info(&self) -> &EncoderInfo {
        &self.info
    }

    fn encode(&self, _role: Role, inputs: &[Input<'_>]) -> Result<Vectors, EncodeError> {
        let table = self.table()?;
        let mut tokens = Vec::new();
        let mut counts = Vec::with_capacity(inputs.len());
        for input in inputs {
            let before = tokens.len();
            for part in input.parts {
                match part {
                    Part::Text(text) => table.pieces.tokenise(text, &mut tokens)?,
                    Part::Picture(_) => {
                        return Err(EncodeError::Unsupported { encoder: NAME.to_owned(), modality: "pictures" });
                    }
                }
            }
            if tokens.len() == before {
                tokens.push(table.pieces.unknown());
            }
            counts.push(tokens.len() - before);
        }
        let failed = |why: String| EncodeError::Failed { encoder: NAME.to_owned(), why };
        let mut vectors = Vectors::with_capacity(WIDTH, inputs.len()).map_err(|error| failed(error.to_string()))?;
        if counts.is_empty() {
            return Ok(vectors);
        }
        for mut sum in table.sums(tokens, &counts).map_err(|error| failed(error.to_string()))? {
            // Rows that cancel out exactly leave no direction; the first axis is as good as any and keeps the promise.
            if normalise(&mut sum).is_err() {
                sum.fill(0.0);
                sum.iter_mut().take(1).for_each(|value| *value = 1.0);
            }
            vectors.push(&sum).map_err(|error| failed(error.to_string()))?;
        }
        Ok(vectors)
    }
}

fn model_error(what: &'static str, why: String) -> EncodeError {
    EncodeError::Model { encoder: NAME.to_owned(), what, why }
}

#[cfg(test)]
mod tests;
