//! SigLIP (Zhai et al. 2023) and SigLIP 2 of fixed resolution (Tschannen et al. 2025). Texts were padded to one length in
//! training and nothing hides the padding, so it is part of the input; the last row stands for a text, attention of a learnt
//! query for a picture.

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
use serde_json::Value;

#[derive(Deserialize)]
struct Config {
    #[serde(default)]
    text_config: Tower,
    #[serde(default)]
    vision_config: Tower,
}

/// Either tower: what is said of both, and what of one. Where nothing is said, what the reference takes.
#[derive(Deserialize)]
#[serde(default)]
struct Tower {
    model_type: String,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    hidden_act: String,
    layer_norm_eps: f64,
    vocab_size: usize,
    max_position_embeddings: usize,
    projection_size: Option<usize>,
    pad_token_id: Option<u32>,
    image_size: usize,
    patch_size: usize,
}

impl Default for Tower {
    fn default() -> Self {
        Self {
            model_type: String::new(),
            hidden_size: 768,
            intermediate_size: 3072,
            num_hidden_layers: 12,
            num_attention_heads: 12,
            hidden_act: "gelu_pytorch_tanh".to_owned(),
            layer_norm_eps: 1e-6,
            vocab_size: 32_000,
            max_position_embeddings: 64,
            projection_size: None,
            pad_token_id: None,
            image_size: 224,
            patch_size: 16,
        }
    }
}

impl Tower {
    fn sizes(&self) -> Result<Sizes, ModelProblem> {
        numbers::check(&[
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("vocab_size", self.vocab_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("projection_size", self.projection_size.unwrap_or(self.hidden_size)),
            ("image_size", self.image_size),
            ("patch_size", self.patch_size),
        ])?;
        Ok(Sizes {
            width: self.hidden_size,
            inner: self.intermediate_size,
            heads: self.num_attention_heads,
            layers: self.num_hidden_layers,
            epsilon: self.layer_norm_eps,
            activation: Activation::named(&self.hidden_act)?,
            mask: Mask::Full,
        })
    }
}

pub(super) fn load(
    directory: &Directory,
    _settings: &Settings,
    device: &Device,
    fingerprint: &mut Fingerprint,
) -> Result<Box<dyn Model>, ModelProblem> {
    let config: Config = directory.required("config.json")?;
    if config.vision_config.model_type == "siglip2_vision_model" {
        return Err(ModelProblem::Unsupported {
            what: "vision tower",
            found: config.vision_config.model_type,
            supported: "siglip_vision_model: SigLIP 2 of a fixed resolution, not NaFlex".to_owned(),
        });
    }
    let weights = Weights::open(directory, device, fingerprint)?;
    let root = weights.root();
    let tower = text(directory, &root.child("text_model"), &config.text_config, fingerprint)?;
    let vision = &config.vision_config;
    let picture = (vision.image_size, vision.image_size);
    let vision_config = VisionConfig {
        sizes: vision.sizes()?,
        patch: vision.patch_size,
        picture,
        head: Head::Attention,
        names: Names::Transformers,
    };
    let towered = VisionTransformer::load(&root, &root.child("vision_model"), vision_config)?;
    let preprocess = Preprocess::read(directory, Kind::Siglip, vision.image_size)?;
    add_settings(directory, fingerprint)?;
    Ok(Box::new(DualModel::new(tower, Pictures::new(preprocess, Box::new(towered), picture)?)?))
}

fn text(
    directory: &Directory,
    scope: &Scope<'_>,
    text: &Tower,
    fingerprint: &mut Fingerprint,
) -> Result<TextTower, ModelProblem> {
    let table = (text.vocab_size, text.max_position_embeddings);
    let tokens = Tokens::load(directory, text.max_position_embeddings, fingerprint)?;
    let fill = padding(directory, &tokens)?.or(text.pad_token_id).unwrap_or(1);
    fingerprint.add("padding", &fill.to_le_bytes());
    let outputs = text.projection_size.unwrap_or(text.hidden_size);
    Ok(TextTower {
        tokens,
        backbone: Box::new(TextTransformer::load(scope, Names::Transformers, &text.sizes()?, table)?),
        pick: Pick::Last,
        fill: Some(fill),
        // All of its texts were in lower case; the tokenizer of SigLIP 2 is Gemma's and does not see to it.
        lower: true,
        projection: Some(Linear::load(&scope.child("head"), text.hidden_size, outputs)?),
    })
}

#[derive(Deserialize)]
struct Special {
    pad_token: Option<Value>,
}

/// The token that the tokenizer's own files name as padding; what `config.json` says is another one's in some models.
fn padding(directory: &Directory, tokens: &Tokens) -> Result<Option<u32>, ModelProblem> {
    for file in ["tokenizer_config.json", "special_tokens_map.json"] {
        let token = directory.json::<Special>(file)?.and_then(|special| special.pad_token);
        let name = token.as_ref().and_then(|token| token.as_str().or_else(|| token.get("content")?.as_str()));
        if let Some(id) = name.and_then(|name| tokens.id_of(name)) {
            return Ok(Some(id));
        }
    }
    Ok(None)
}
