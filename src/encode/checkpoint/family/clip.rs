//! CLIP (Radford et al. 2021) in the layout of transformers: a causal transformer over the text, picked at its end, and a vision
//! transformer picked at its class token, each with a projection.

use super::super::directory::{Directory, Fingerprint};
use super::super::dual::{
    DualModel, Head, Names, Pick, Pictures, Sizes, TextTower, TextTransformer, VisionConfig, VisionTransformer,
    add_settings,
};
use super::super::layers::{Activation, Linear, Mask};
use super::super::model::Model;
use super::super::pixels::{Kind, Preprocess};
use super::super::problem::ModelProblem;
use super::super::settings::Settings;
use super::super::tokens::Tokens;
use super::super::weights::{Scope, Weights};
use super::numbers;
use candle_core::Device;
use serde::Deserialize;

/// What `config.json` says; where it says nothing, what the reference takes.
#[derive(Deserialize)]
struct Config {
    #[serde(default = "projection")]
    projection_dim: usize,
    #[serde(default)]
    text_config: Text,
    #[serde(default)]
    vision_config: Vision,
}

const fn projection() -> usize {
    512
}

#[derive(Deserialize)]
#[serde(default)]
struct Text {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    max_position_embeddings: usize,
    hidden_act: String,
    layer_norm_eps: f64,
    eos_token_id: u32,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            vocab_size: 49_408,
            hidden_size: 512,
            intermediate_size: 2048,
            num_hidden_layers: 12,
            num_attention_heads: 8,
            max_position_embeddings: 77,
            hidden_act: "quick_gelu".to_owned(),
            layer_norm_eps: 1e-5,
            eos_token_id: 49_407,
        }
    }
}

#[derive(Deserialize)]
#[serde(default)]
pub(super) struct Vision {
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    image_size: usize,
    patch_size: usize,
    hidden_act: String,
    layer_norm_eps: f64,
}

impl Default for Vision {
    fn default() -> Self {
        Self {
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            image_size: 224,
            patch_size: 32,
            hidden_act: "quick_gelu".to_owned(),
            layer_norm_eps: 1e-5,
        }
    }
}

/// What an end token of this number means: that it was written down wrongly, and the reference takes the highest id instead.
const WRONG_END: u32 = 2;

pub(super) fn load(
    directory: &Directory,
    _settings: &Settings,
    device: &Device,
    fingerprint: &mut Fingerprint,
) -> Result<Box<dyn Model>, ModelProblem> {
    let config: Config = directory.required("config.json")?;
    let text = &config.text_config;
    numbers::check(&[
        ("projection_dim", config.projection_dim),
        ("vocab_size", text.vocab_size),
        ("hidden_size", text.hidden_size),
        ("intermediate_size", text.intermediate_size),
        ("num_hidden_layers", text.num_hidden_layers),
        ("max_position_embeddings", text.max_position_embeddings),
    ])?;
    let weights = Weights::open(directory, device, fingerprint)?;
    let root = weights.root();
    let sizes = Sizes {
        width: text.hidden_size,
        inner: text.intermediate_size,
        heads: text.num_attention_heads,
        layers: text.num_hidden_layers,
        epsilon: text.layer_norm_eps,
        activation: Activation::named(&text.hidden_act)?,
        mask: Mask::Causal,
    };
    let table = (text.vocab_size, text.max_position_embeddings);
    let backbone = TextTransformer::load(&root.child("text_model"), Names::Transformers, &sizes, table)?;
    let end = text.eos_token_id;
    let tower = TextTower {
        tokens: Tokens::load(directory, text.max_position_embeddings, fingerprint)?,
        backbone: Box::new(backbone),
        pick: if end == WRONG_END { Pick::Highest } else { Pick::Id(end) },
        fill: None,
        lower: false,
        projection: Some(Linear::load(&root.child("text_projection"), text.hidden_size, config.projection_dim)?),
    };
    let pictures = pictures(directory, &root, &config.vision_config, config.projection_dim)?;
    add_settings(directory, fingerprint)?;
    Ok(Box::new(DualModel::new(tower, pictures)?))
}

/// The tower for pictures, which Chinese-CLIP shares.
pub(super) fn pictures(
    directory: &Directory,
    root: &Scope<'_>,
    vision: &Vision,
    projection: usize,
) -> Result<Pictures, ModelProblem> {
    numbers::check(&[
        ("hidden_size", vision.hidden_size),
        ("intermediate_size", vision.intermediate_size),
        ("num_hidden_layers", vision.num_hidden_layers),
        ("image_size", vision.image_size),
        ("patch_size", vision.patch_size),
    ])?;
    let picture = (vision.image_size, vision.image_size);
    let config = VisionConfig {
        sizes: Sizes {
            width: vision.hidden_size,
            inner: vision.intermediate_size,
            heads: vision.num_attention_heads,
            layers: vision.num_hidden_layers,
            epsilon: vision.layer_norm_eps,
            activation: Activation::named(&vision.hidden_act)?,
            mask: Mask::Full,
        },
        patch: vision.patch_size,
        picture,
        head: Head::Class(projection),
        names: Names::Transformers,
    };
    let tower = VisionTransformer::load(root, &root.child("vision_model"), config)?;
    let preprocess = Preprocess::read(directory, Kind::Clip, vision.image_size)?;
    Pictures::new(preprocess, Box::new(tower), picture)
}
