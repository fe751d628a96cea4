//! Dual encoders: one tower for texts, one for pictures, vectors of both in one space (Radford et al. 2021).
//!
//! | file | what it does |
//! |---|---|
//! | `text.rs` | texts to rows |
//! | `picture.rs` | pictures to rows: what towers have in common |
//! | `vision.rs` | vision transformers |
//! | `blocks.rs` | their layers, under the names that checkpoints give them |

mod blocks;
mod picture;
mod text;
mod vision;

pub(super) use blocks::{Names, Sizes};
pub(super) use picture::{PictureTower, Pictures};
pub(super) use text::{Pick, TextTower, TextTransformer};
pub(super) use vision::{Head, VisionConfig, VisionTransformer};

use super::directory::{Directory, Fingerprint};
use super::layers::Linear;
use super::model::{Model, text_cost};
use super::problem::ModelProblem;
use super::weights::Scope;
use crate::encode::fuse::{ALIKE, Sums, add, fused};
use crate::encode::{Fusion, Input, Modalities, Part};
use crate::note::Pixels;

/// A whole dual encoder.
pub(super) struct DualModel {
    text: TextTower,
    pictures: Pictures,
}

/// What a picture costs in tokens of a text, about: towers for pictures read 50 to 256 patches.
const PICTURE_COST: usize = 64;

impl DualModel {
    /// Two towers of one width.
    pub(super) fn new(text: TextTower, pictures: Pictures) -> Result<Self, ModelProblem> {
        if text.width() == pictures.width() {
            return Ok(Self { text, pictures });
        }
        let why = format!("texts become {} numbers, pictures {}", text.width(), pictures.width());
        Err(ModelProblem::Damaged { file: "config.json".to_owned(), why })
    }

    /// The rows of parts that may be missing, each brought to unit length; a part's place is its input's number.
    fn rows<T>(
        &self,
        parts: &[(usize, T)],
        rows: impl FnOnce(&[(usize, T)]) -> Result<Vec<Vec<f32>>, ModelProblem>,
        inputs: usize,
    ) -> Result<Sums, ModelProblem> {
        let mut sums: Sums = vec![None; inputs];
        let rows = if parts.is_empty() { Vec::new() } else { rows(parts)? };
        for ((input, _), row) in parts.iter().zip(rows) {
            add(sums.get_mut(*input), row, 1.0);
        }
        Ok(sums)
    }
}

impl Model for DualModel {
    fn width(&self) -> usize {
        self.text.width()
    }

    fn limit(&self) -> usize {
        self.text.limit()
    }

    /// Each part is computed alone, whatever the size of a picture.
    fn cost(&self, input: &Input<'_>) -> usize {
        let part = |part: &Part<'_>| match part {
            Part::Text(text) => text_cost(text).min(self.limit()),
            Part::Picture(_) => PICTURE_COST,
        };
        input.parts.iter().map(part).sum()
    }

    fn modalities(&self) -> Modalities {
        Modalities::TEXT_AND_PICTURE
    }

    fn fusion(&self) -> Fusion {
        let [text, picture] = ALIKE;
        Fusion::Late { text, picture }
    }

    #[cfg(test)]
    fn ids(&self, text: &str) -> Result<Vec<u32>, ModelProblem> {
        self.text.ids(text)
    }

    /// Each part alone; an input of several gets the mean direction of its texts and that of its pictures, weighed alike. One
    /// without parts is an empty text.
    fn embed(&self, prompt: &str, inputs: &[Input<'_>]) -> Result<Vec<Vec<f32>>, ModelProblem> {
        let mut texts: Vec<(usize, &str)> = Vec::new();
        let mut pictures: Vec<(usize, &Pixels)> = Vec::new();
        for (number, input) in inputs.iter().enumerate() {
            if input.parts.is_empty() {
                texts.push((number, ""));
            }
            for part in input.parts {
                match part {
                    Part::Text(text) => texts.push((number, text)),
                    Part::Picture(pixels) => pictures.push((number, pixels)),
                }
            }
        }
        let count = inputs.len();
        let of_texts = self.rows(&texts, |texts| self.text.rows(prompt, texts.iter().map(|(_, text)| *text)), count)?;
        let of_pictures =
            self.rows(&pictures, |all| self.pictures.rows(all.iter().map(|(_, pixels)| *pixels)), count)?;
        Ok(fused([of_texts, of_pictures], ALIKE, (count, self.width())))
    }
}

/// A projection without a bias that is stored as `[inputs, outputs]`, the other way round than a layer's.
pub(super) fn transposed(scope: &Scope<'_>, name: &str, inputs: usize, outputs: usize) -> Result<Linear, ModelProblem> {
    Ok(Linear::new(&scope.tensor(name, &[inputs, outputs])?.t()?.contiguous()?, None)?)
}

/// Adds the files that decide what becomes of pictures to the fingerprint.
pub(super) fn add_settings(directory: &Directory, fingerprint: &mut Fingerprint) -> Result<(), ModelProblem> {
    for file in ["open_clip_config.json", "preprocessor_config.json", "processor_config.json"] {
        if let Some(bytes) = directory.bytes(file)? {
            fingerprint.add(file, &bytes);
        }
    }
    Ok(())
}
