//! Models that read text: tokenizer, transformer, pooling, dense layers.

use super::directory::{Directory, Fingerprint};
use super::layers::Ragged;
use super::model::{Model, joined};
use super::pool::{Dense, Pooling};
use super::problem::ModelProblem;
use super::settings::Settings;
use super::tokens::Tokens;
use crate::encode::Input;
use candle_core::{Device, Result, Tensor};

/// A transformer over tokens.
pub(super) trait Backbone: Send + Sync {
    /// Width of its rows.
    fn width(&self) -> usize;

    /// The most tokens of one sequence.
    fn limit(&self) -> usize;

    /// How its rows become one where no file says so.
    fn pooling(&self) -> Pooling;

    /// The last layer's rows, `[tokens, width]`.
    fn forward(&self, batch: &Ragged) -> Result<Tensor>;
}

/// A whole model that reads text.
pub(super) struct TextModel {
    tokens: Tokens,
    backbone: Box<dyn Backbone>,
    pooling: Pooling,
    dense: Vec<Dense>,
}

impl TextModel {
    /// What belongs around a transformer, as the directory says.
    pub(super) fn assemble(
        directory: &Directory,
        backbone: Box<dyn Backbone>,
        settings: &Settings,
        device: &Device,
        fingerprint: &mut Fingerprint,
    ) -> std::result::Result<Self, ModelProblem> {
        let limit = backbone.limit().min(settings.limit.unwrap_or(usize::MAX));
        let tokens = Tokens::load(directory, limit, fingerprint)?;
        let pooling = settings.pooling.unwrap_or_else(|| backbone.pooling());
        fingerprint.add("pooling", format!("{pooling:?}").as_bytes());
        let load = |folder: &String| Dense::load(&settings.root, folder, device, fingerprint);
        let dense = settings.dense.iter().map(load).collect::<std::result::Result<_, _>>()?;
        Ok(Self { tokens, backbone, pooling, dense })
    }

    /// The ids of a text. A tokenizer without special tokens finds none in an empty text: a blank stands for it, or the first token.
    fn tokenise(&self, text: &str) -> std::result::Result<Vec<u32>, ModelProblem> {
        let ids = self.tokens.ids(text)?;
        if !ids.is_empty() {
            return Ok(ids);
        }
        let ids = self.tokens.ids(" ")?;
        Ok(if ids.is_empty() { vec![0] } else { ids })
    }
}

impl Model for TextModel {
    fn width(&self) -> usize {
        self.dense.last().map_or_else(|| self.backbone.width(), Dense::width)
    }

    fn limit(&self) -> usize {
        self.tokens.limit()
    }

    #[cfg(test)]
    fn ids(&self, text: &str) -> std::result::Result<Vec<u32>, ModelProblem> {
        self.tokenise(text)
    }

    fn embed(&self, prompt: &str, inputs: &[Input<'_>]) -> std::result::Result<Vec<Vec<f32>>, ModelProblem> {
        let ids = inputs.iter().map(|input| self.tokenise(&joined(prompt, input)));
        let ids = ids.collect::<std::result::Result<Vec<_>, _>>()?;
        let batch = Ragged::of(ids.iter().map(Vec::as_slice));
        let mut rows = self.pooling.forward(&self.backbone.forward(&batch)?, &batch)?;
        for dense in &self.dense {
            rows = dense.forward(&rows)?;
        }
        Ok(rows.to_vec2()?)
    }
}
