//! The encoder inside: texts by a static table of token embeddings, pictures by a small residual network, in one space.
//!
//! | file | what it does |
//! |---|---|
//! | `tokenise.rs` | a text to token ids |
//! | `table.rs` | token ids to a row |
//! | `picture.rs` | a picture to a row |
//!
//! The prefixes 32, 64 and 128 are embeddings too. `MODEL_CARD.md` beside this file says what it was made from, how well it does
//! and where it fails; `recipe/` holds the programs that made it.

mod picture;
mod table;
mod tokenise;

use super::fuse::{ALIKE, Sums, add, fused, to_unit};
use super::{EncodeError, Encoder, EncoderInfo, Fusion, Input, Modalities, Part, Role};
use crate::note::Pixels;
use crate::vector::Vectors;
use picture::Tower;
use rayon::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors};
use std::sync::{Arc, LazyLock, OnceLock};
use table::Table;

const NAME: &str = "uninote-mini-1";
const WIDTH: usize = 256;

/// The hash of weights and vocabulary, written down so that opening an index reads neither; a test holds it to them.
const FINGERPRINT: &str = "uninote-mini-1-8da5b509fb99633290668fcb9e56936d";

/// The encoder compiled into the library: reads texts, made for English, and pictures; gives both vectors of one space, 256 wide.
///
/// Everything gets a vector: an empty text or one of unknown signs that of the unknown token, a text longer than 64 KiB that of its
/// beginning, a picture of any size and proportion its own. Only [`Pixels`] whose bytes are not as many as their sides call for are
/// refused.
pub struct Builtin {
    info: EncoderInfo,
    /// Read when the first text comes: opening an index or getting a note takes no part of that time.
    table: OnceLock<Table>,
    /// Read when the first picture comes.
    tower: OnceLock<Tower>,
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
            let [text, picture] = ALIKE;
            let info = EncoderInfo {
                prefixes: vec![32, 64, 128, 256],
                modalities: Modalities::TEXT_AND_PICTURE,
                fusion: Fusion::Late { text, picture },
                ..EncoderInfo::new(NAME, FINGERPRINT, WIDTH)
            };
            Arc::new(Builtin { info, table: OnceLock::new(), tower: OnceLock::new() })
        });
        Arc::clone(&SHARED)
    }

    fn table(&self) -> Result<&Table, EncodeError> {
        first_use(&self.table, Table::load)
    }

    /// The direction of each input's texts read as one; that of an empty text where an input has no parts at all.
    fn texts(&self, inputs: &[Input<'_>]) -> Result<Sums, EncodeError> {
        let mut sums: Sums = vec![None; inputs.len()];
        let mut tokens = Vec::new();
        for (input, sum) in inputs.iter().zip(&mut sums) {
            let texts = input.parts.iter().filter_map(|part| match part {
                Part::Text(text) => Some(*text),
                Part::Picture(_) => None,
            });
            let mut texts = texts.peekable();
            if texts.peek().is_none() && !input.parts.is_empty() {
                continue;
            }
            let table = self.table()?;
            tokens.clear();
            texts.try_for_each(|text| table.pieces.tokenise(text, &mut tokens))?;
            if tokens.is_empty() {
                tokens.push(table.pieces.unknown());
            }
            add(Some(sum), table.sum(&tokens), 1.0);
        }
        Ok(sums)
    }

    /// The sum of the directions of each input's pictures.
    fn pictures(&self, inputs: &[Input<'_>]) -> Result<Sums, EncodeError> {
        let mut sums: Sums = vec![None; inputs.len()];
        let parts = inputs.iter().enumerate().flat_map(|(at, input)| input.parts.iter().map(move |part| (at, part)));
        let pictures: Vec<(usize, &Pixels)> = parts
            .filter_map(|(at, part)| match part {
                Part::Text(_) => None,
                Part::Picture(pixels) => Some((at, *pixels)),
            })
            .collect();
        if pictures.is_empty() {
            return Ok(sums);
        }
        let tower = first_use(&self.tower, Tower::load)?;
        let rows: Vec<_> = pictures.par_iter().map(|(_, pixels)| tower.row(pixels)).collect();
        for ((at, _), row) in pictures.iter().zip(rows) {
            add(sums.get_mut(*at), row?, 1.0);
        }
        Ok(sums)
    }
}

impl Encoder for Builtin {
    fn info(&self) -> &EncoderInfo {
        &self.info
    }

    fn encode(&self, _role: Role, inputs: &[Input<'_>]) -> Result<Vectors, EncodeError> {
        let sums = [self.texts(inputs)?, self.pictures(inputs)?];
        let mut vectors = Vectors::with_capacity(WIDTH, inputs.len()).map_err(|error| failed(error.to_string()))?;
        for mut row in fused(sums, ALIKE, (inputs.len(), WIDTH)) {
            to_unit(&mut row).map_err(|error| failed(error.to_string()))?;
            vectors.push(&row).map_err(|error| failed(error.to_string()))?;
        }
        Ok(vectors)
    }
}

/// What `cell` holds, loaded if this is the first use.
fn first_use<T>(cell: &OnceLock<T>, load: impl FnOnce() -> Result<T, EncodeError>) -> Result<&T, EncodeError> {
    if let Some(there) = cell.get() {
        return Ok(there);
    }
    let loaded = load()?;
    Ok(cell.get_or_init(|| loaded))
}

/// The bytes of a tensor, if it is of this kind and shape.
fn stored<'a>(file: &SafeTensors<'a>, name: &str, kind: Dtype, shape: &[usize]) -> Result<&'a [u8], String> {
    let tensor = file.tensor(name).map_err(|error| error.to_string())?;
    match tensor.dtype() == kind && tensor.shape() == shape {
        true => Ok(tensor.data()),
        false => Err(format!("{name}: {:?} {:?}, expected {kind:?} {shape:?}", tensor.dtype(), tensor.shape())),
    }
}

/// Little-endian floats as they lie in a file of weights.
fn floats(bytes: &[u8]) -> Vec<f32> {
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().map(|word| f32::from_le_bytes(*word)).collect()
}

fn failed(why: String) -> EncodeError {
    EncodeError::Failed { encoder: NAME.to_owned(), why }
}

fn model_error(what: &'static str, why: String) -> EncodeError {
    EncodeError::Model { encoder: NAME.to_owned(), what, why }
}

#[cfg(test)]
mod tests;
