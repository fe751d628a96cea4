//! open_clip's own layout (Ilharco et al. 2021): `open_clip_config.json`, `open_clip_model.safetensors`, a tokenizer. The text
//! tower is CLIP's; the picture tower its vision transformer, or a FastViT (`mobileclip.rs`).

use super::super::directory::{Directory, Fingerprint};
use super::super::dual::{
    DualModel, Head, Names, Pick, Pictures, Sizes, TextTower, TextTransformer, VisionConfig, VisionTransformer,
    add_settings, transposed,
};
use super::super::layers::{Activation, Linear, Mask};
use super::super::model::Model;
use super::super::pixels::{OpenClip, Preprocess};
use super::super::problem::ModelProblem;
use super::super::settings::Settings;
use super::super::tokens::Tokens;
use super::super::weights::{Scope, Weights};
use super::{mobileclip, numbers};
use candle_core::Device;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// What such a model is called among the model types.
pub(super) const NAME: &str = "open_clip";
const FILE: &str = "open_clip_config.json";
const WEIGHTS: &str = "open_clip_model.safetensors";

#[derive(Deserialize)]
struct Config {
    model_cfg: ModelConfig,
    #[serde(default)]
    preprocess_cfg: OpenClip,
}

#[derive(Deserialize)]
struct ModelConfig {
    embed_dim: usize,
    vision_cfg: Vision,
    text_cfg: Text,
    #[serde(default)]
    quick_gelu: bool,
    /// Whether the text tower's tensors lie under a name of their own.
    #[serde(default)]
    custom_text: bool,
}

#[derive(Deserialize)]
#[serde(default)]
struct Vision {
    image_size: Value,
    layers: Value,
    width: usize,
    head_width: usize,
    patch_size: usize,
    mlp_ratio: f64,
    timm_model_name: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Default for Vision {
    fn default() -> Self {
        Self {
            image_size: Value::from(224),
            layers: Value::from(12),
            width: 768,
            head_width: 64,
            patch_size: 16,
            mlp_ratio: 4.0,
            timm_model_name: None,
            rest: BTreeMap::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(default)]
struct Text {
    context_length: usize,
    vocab_size: usize,
    width: usize,
    heads: usize,
    layers: usize,
    mlp_ratio: f64,
    no_causal_mask: bool,
    pool_type: String,
    eos_id: u32,
    pad_id: u32,
    proj_bias: bool,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

impl Default for Text {
    fn default() -> Self {
        Self {
            context_length: 77,
            vocab_size: 49_408,
            width: 512,
            heads: 8,
            layers: 12,
            mlp_ratio: 4.0,
            no_causal_mask: false,
            pool_type: "argmax".to_owned(),
            eos_id: 2,
            pad_id: 0,
            proj_bias: false,
            rest: BTreeMap::new(),
        }
    }
}

/// Settings that change what a tower computes, with the only value that is read.
const PLAIN: &[(&str, Value)] = &[
    ("attentional_pool", Value::Bool(false)),
    ("ls_init_value", Value::Null),
    ("final_ln_after_pool", Value::Bool(false)),
    ("block_type", Value::Null),
    ("qk_norm", Value::Bool(false)),
    ("scaled_cosine_attn", Value::Bool(false)),
    ("scale_heads", Value::Bool(false)),
    ("scale_attn_inner", Value::Bool(false)),
    ("scale_attn", Value::Bool(false)),
    ("scale_fc", Value::Bool(false)),
    ("act_kwargs", Value::Null),
    ("norm_kwargs", Value::Null),
    ("embed_cls", Value::Bool(false)),
    ("hf_model_name", Value::Null),
    ("hf_tokenizer_name", Value::Null),
];

/// The same, for settings with a name as their value.
const NAMED: &[(&str, &[&str])] =
    &[("pos_embed_type", &["learnable", "sin_cos_2d"]), ("pool_type", &["tok"]), ("proj_type", &["linear"])];

fn unsupported(found: String, supported: &str) -> ModelProblem {
    ModelProblem::Unsupported { what: "setting of open_clip_config.json", found, supported: supported.to_owned() }
}

/// Refuses settings that this reader does not know how to follow.
fn check(rest: &BTreeMap<String, Value>) -> Result<(), ModelProblem> {
    for (name, value) in rest {
        let plain = PLAIN.iter().find(|(setting, _)| setting == name);
        if let Some((_, only)) = plain.filter(|(_, only)| value != only && !value.is_null()) {
            return Err(unsupported(format!("{name}: {value}"), &only.to_string()));
        }
        let named = NAMED.iter().find(|(setting, _)| setting == name);
        let fits = |names: &[&str]| value.is_null() || value.as_str().is_some_and(|value| names.contains(&value));
        if let Some((_, names)) = named.filter(|(_, names)| !fits(names)) {
            return Err(unsupported(format!("{name}: {value}"), &names.join(", ")));
        }
    }
    Ok(())
}

/// Whether a directory is read by this file: it has open_clip's configuration, and either its weights too or no other model's.
pub(super) fn lies_in(directory: &Directory) -> Result<bool, ModelProblem> {
    if !directory.holds(FILE) {
        return Ok(false);
    }
    let other: Option<super::Kind> = directory.json(super::CONFIG)?;
    Ok(other.is_none_or(|kind| kind.model_type.is_none()) || !directory.holds("model.safetensors"))
}

pub(super) fn load(
    directory: &Directory,
    _settings: &Settings,
    device: &Device,
    fingerprint: &mut Fingerprint,
) -> Result<Box<dyn Model>, ModelProblem> {
    let Config { model_cfg: config, preprocess_cfg } = directory.required(FILE)?;
    numbers::check(&[("embed_dim", config.embed_dim)])?;
    let weights = if directory.holds(WEIGHTS) {
        Weights::of(directory, [WEIGHTS.to_owned()], device, fingerprint)?
    } else {
        Weights::open(directory, device, fingerprint)?
    };
    let root = weights.root();
    let text = text(directory, &root, &config, fingerprint)?;
    let visual = root.child("visual");
    let picture = size(&config.vision_cfg.image_size)?;
    let tower = match &config.vision_cfg.timm_model_name {
        Some(name) => mobileclip::tower(&visual, name, &config.vision_cfg.rest, config.embed_dim)?,
        None => Box::new(VisionTransformer::load(&root, &visual, vision(&config, picture)?)?),
    };
    let pictures = Pictures::new(Preprocess::open_clip(&preprocess_cfg, picture)?, tower, picture)?;
    add_settings(directory, fingerprint)?;
    Ok(Box::new(DualModel::new(text, pictures)?))
}

fn activation(config: &ModelConfig) -> Activation {
    if config.quick_gelu { Activation::QuickGelu } else { Activation::Gelu }
}

/// Width within the network after attention.
fn inner(width: usize, ratio: f64) -> usize {
    (width as f64 * ratio) as usize
}

fn text(
    directory: &Directory,
    root: &Scope<'_>,
    config: &ModelConfig,
    fingerprint: &mut Fingerprint,
) -> Result<TextTower, ModelProblem> {
    let text = &config.text_cfg;
    check(&text.rest)?;
    let inner = inner(text.width, text.mlp_ratio);
    numbers::check(&[
        ("width", text.width),
        ("mlp_ratio", inner),
        ("layers", text.layers),
        ("vocab_size", text.vocab_size),
        ("context_length", text.context_length),
    ])?;
    let sizes = Sizes {
        width: text.width,
        inner,
        heads: text.heads,
        layers: text.layers,
        epsilon: EPSILON,
        activation: activation(config),
        mask: if text.no_causal_mask { Mask::Full } else { Mask::Causal },
    };
    let pick = match text.pool_type.as_str() {
        "argmax" => Pick::Highest,
        "first" => Pick::First,
        "last" => Pick::Last,
        "eos" => Pick::Id(text.eos_id),
        other => return Err(unsupported(format!("pool_type: {other:?}"), "argmax, first, last, eos")),
    };
    let scope = if config.custom_text { root.child("text") } else { root.clone() };
    let table = (text.vocab_size, text.context_length);
    let projection = if text.proj_bias {
        Linear::load(&scope.child("text_projection"), text.width, config.embed_dim)?
    } else {
        transposed(&scope, "text_projection", text.width, config.embed_dim)?
    };
    Ok(TextTower {
        tokens: Tokens::load(directory, text.context_length, fingerprint)?,
        backbone: Box::new(TextTransformer::load(&scope, Names::OpenClip, &sizes, table)?),
        pick,
        // Without a causal mask the padding is looked at, and the last place is padding.
        fill: (text.no_causal_mask || pick == Pick::Last).then_some(text.pad_id),
        lower: false,
        projection: Some(projection),
    })
}

/// Of all norms.
const EPSILON: f64 = 1e-5;

fn vision(config: &ModelConfig, picture: (usize, usize)) -> Result<VisionConfig, ModelProblem> {
    let vision = &config.vision_cfg;
    check(&vision.rest)?;
    let layers = vision.layers.as_u64().and_then(|layers| usize::try_from(layers).ok());
    let Some(layers) = layers else {
        return Err(unsupported(format!("layers: {}", vision.layers), "a number: vision transformers, no ResNets"));
    };
    let (width, inner) = (vision.width, inner(vision.width, vision.mlp_ratio));
    numbers::check(&[
        ("width", width),
        ("mlp_ratio", inner),
        ("layers", layers),
        ("head_width", vision.head_width),
        ("patch_size", vision.patch_size),
    ])?;
    let sizes = Sizes {
        width,
        inner,
        heads: width / vision.head_width,
        layers,
        epsilon: EPSILON,
        activation: activation(config),
        mask: Mask::Full,
    };
    let head = Head::Class(config.embed_dim);
    Ok(VisionConfig { sizes, patch: vision.patch_size, picture, head, names: Names::OpenClip })
}

/// Width and height from a number or `[height, width]`.
fn size(value: &Value) -> Result<(usize, usize), ModelProblem> {
    let side = |value: &Value| value.as_u64().filter(|side| (1..=8192).contains(side)).map(|side| side as usize);
    let both = match value.as_array().map(Vec::as_slice) {
        Some([height, width]) => side(width).zip(side(height)),
        _ => side(value).map(|side| (side, side)),
    };
    both.ok_or_else(|| ModelProblem::Setting {
        file: FILE.to_owned(),
        setting: "image_size",
        found: value.to_string(),
        expected: "expected a side from 1 to 8192, or two",
    })
}
