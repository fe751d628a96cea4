//! Qwen3-VL (Bai et al. 2025) as an embedder of texts and pictures, also in one input (Qwen3-VL-Embedding, Li et al. 2026).
//!
//! | file | what it does |
//! |---|---|
//! | `picture.rs` | pictures to rows of patches |
//! | `vision.rs` | patches to rows of the text model |
//! | `prompt.rs` | the conversation a model reads, and the places of its tokens |
//! | `mod.rs` | both put together, and the text model over them |

mod picture;
mod prompt;
#[cfg(test)]
mod tests;
mod vision;

use super::super::directory::{Directory, Fingerprint};
use super::super::layers::{Context, Ragged};
use super::super::model::{Model, text_cost};
use super::super::pool::{Dense, Pooling};
use super::super::problem::ModelProblem;
use super::super::settings::Settings;
use super::super::weights::Weights;
use super::{numbers, qwen3};
use crate::encode::{Fusion, Input, Modalities, Part};
use candle_core::{Device, Result, Tensor};
use picture::{Grid, Patcher, Patches};
use prompt::{Sequence, Template};
use serde::Deserialize;
use vision::{Features, Tower};

/// Tokens of an input at most: what the authors of the embedding models work with.
const LIMIT: usize = 8192;
/// Pairs turned by time, height and width where the configuration does not say.
const SECTIONS: [usize; 3] = [24, 20, 20];

#[derive(Deserialize)]
struct Config {
    text_config: qwen3::Config,
    vision_config: vision::Config,
}

struct Qwen3Vl {
    template: Template,
    patcher: Patcher,
    tower: Tower,
    decoder: qwen3::Decoder,
    /// By which of the three places a pair is turned.
    axes: Vec<usize>,
    pooling: Pooling,
    dense: Vec<Dense>,
    width: usize,
    device: Device,
}

pub(super) fn load(
    directory: &Directory,
    settings: &Settings,
    device: &Device,
    fingerprint: &mut Fingerprint,
) -> std::result::Result<Box<dyn Model>, ModelProblem> {
    let Config { text_config: text, vision_config: vision } = directory.required("config.json")?;
    if vision.out_hidden_size != text.hidden_size {
        return Err(numbers::refused(
            "out_hidden_size",
            vision.out_hidden_size,
            "expected the width of the text model",
        ));
    }
    let limit = LIMIT.min(text.max_position_embeddings).min(settings.limit.unwrap_or(LIMIT));
    let template = Template::load(directory, limit, fingerprint)?;
    let patcher = Patcher::read(directory, vision.patch_size, vision.spatial_merge_size)?;
    for file in ["preprocessor_config.json", "processor_config.json"] {
        fingerprint.add(file, &directory.bytes(file)?.unwrap_or_default());
    }
    let weights = Weights::open(directory, device, fingerprint)?;
    let root = weights.root().first_child(&["model"]);
    let decoder = qwen3::Decoder::load(&text, &root.child("language_model"))?;
    let sections = text.rotary.sections().unwrap_or(&SECTIONS);
    let axis = |pair: usize| {
        let own = sections.get(pair % 3).is_some_and(|count| pair < count * 3);
        if own { pair % 3 } else { 0 }
    };
    let pooling = settings.pooling.unwrap_or(Pooling::Last);
    fingerprint.add("pooling", format!("{pooling:?}").as_bytes());
    let dense = settings.dense.iter().map(|folder| Dense::load(&settings.root, folder, device, fingerprint));
    Ok(Box::new(Qwen3Vl {
        dense: dense.collect::<std::result::Result<_, _>>()?,
        axes: (0..decoder.rope.pairs()).map(axis).collect(),
        tower: Tower::load(&vision, &root.child("visual"))?,
        width: text.hidden_size,
        device: device.clone(),
        template,
        patcher,
        decoder,
        pooling,
    }))
}

impl Qwen3Vl {
    /// The patches of an input's pictures, and the sequence they are part of.
    fn read(&self, prompt: &str, input: &Input<'_>) -> std::result::Result<Read, ModelProblem> {
        let pictures = input.parts.iter().filter_map(|part| match part {
            Part::Picture(pixels) => Some(self.patcher.patches(pixels)),
            Part::Text(_) => None,
        });
        let pictures = pictures.collect::<std::result::Result<Vec<Patches>, _>>()?;
        let grids: Vec<Grid> = pictures.iter().map(|picture| picture.grid).collect();
        let sequence = self.template.sequence(prompt, input.parts, &grids)?;
        let places = prompt::places(&sequence, &grids);
        Ok(Read { pictures, sequence, places })
    }

    /// The last layer's rows of all sequences, one after the other.
    fn forward(&self, batch: &Ragged, read: &[Read]) -> Result<Tensor> {
        let places: Vec<[u32; 3]> = read.iter().flat_map(|read| &read.places).copied().collect();
        let turns = self.decoder.rope.turns_by(places.len(), |token, pair| {
            let axis = self.axes.get(pair).copied().unwrap_or(0);
            places.get(token).and_then(|place| place.get(axis)).copied().unwrap_or(0) as f32
        });
        let turns = [turns];
        let context = Context { starts: &batch.starts, turns: &turns, bias: None };
        let words = self.decoder.words.forward(&batch.ids)?;
        let pictures: Vec<&Patches> = read.iter().flat_map(Read::shown).collect();
        if pictures.is_empty() {
            return self.decoder.forward(words, &context, |_, rows| Ok(rows));
        }
        let Features { rows, deep } = self.tower.forward(&pictures)?;
        let seen = picture_tokens(batch, read);
        // Every picture token takes the next row of the pictures, which stand behind the words.
        let mut order: Vec<u32> = (0..batch.ids.len() as u32).collect();
        for (at, token) in seen.iter().enumerate() {
            if let Some(place) = order.get_mut(*token as usize) {
                *place = (batch.ids.len() + at) as u32;
            }
        }
        let order = Tensor::new(order, &self.device)?;
        let rows = Tensor::cat(&[&words, &rows], 0)?.index_select(&order, 0)?;
        let seen = Tensor::new(seen, &self.device)?;
        self.decoder.forward(rows, &context, |layer, rows| match deep.get(layer) {
            Some(feature) => rows.index_add(&seen, feature, 0),
            None => Ok(rows),
        })
    }
}

/// One input, read.
struct Read {
    pictures: Vec<Patches>,
    sequence: Sequence,
    places: Vec<[u32; 3]>,
}

impl Read {
    /// The pictures that were not cut off.
    fn shown(&self) -> impl Iterator<Item = &Patches> {
        self.sequence.pictures.iter().filter_map(|(_, number)| self.pictures.get(*number))
    }
}

/// The numbers of all picture tokens of a batch, ascending.
fn picture_tokens(batch: &Ragged, read: &[Read]) -> Vec<u32> {
    let spans = batch.spans().zip(read).flat_map(|(span, read)| {
        let pictures = read.sequence.pictures.iter();
        pictures.flat_map(move |(tokens, _)| span.start + tokens.start..span.start + tokens.end)
    });
    spans.map(|token| token as u32).collect()
}

impl Model for Qwen3Vl {
    fn width(&self) -> usize {
        self.dense.last().map_or(self.width, Dense::width)
    }

    fn limit(&self) -> usize {
        self.template.limit()
    }

    fn cost(&self, input: &Input<'_>) -> usize {
        let part = |part: &Part<'_>| match part {
            Part::Text(text) => text_cost(text),
            Part::Picture(picture) => self.patcher.grid(picture).tokens(),
        };
        input.parts.iter().map(part).sum::<usize>().min(self.limit())
    }

    fn modalities(&self) -> Modalities {
        Modalities::TEXT_AND_PICTURE
    }

    fn fusion(&self) -> Fusion {
        Fusion::Interleaved
    }

    #[cfg(test)]
    fn ids(&self, text: &str) -> std::result::Result<Vec<u32>, ModelProblem> {
        Ok(self.template.sequence("", &[Part::Text(text)], &[])?.ids)
    }

    fn embed(&self, prompt: &str, inputs: &[Input<'_>]) -> std::result::Result<Vec<Vec<f32>>, ModelProblem> {
        let read = inputs.iter().map(|input| self.read(prompt, input));
        let read = read.collect::<std::result::Result<Vec<_>, _>>()?;
        let batch = Ragged::of(read.iter().map(|read| read.sequence.ids.as_slice()));
        let mut rows = self.pooling.forward(&self.forward(&batch, &read)?, &batch)?;
        for dense in &self.dense {
            rows = dense.forward(&rows)?;
        }
        Ok(rows.to_vec2()?)
    }
}
