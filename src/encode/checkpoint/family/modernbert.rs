//! ModernBERT (Warner et al. 2024): rotary positions, gated networks, norms before the functions, and two layers of three that
//! look only at a window.

use super::super::directory::Directory;
use super::super::layers::{
    Activation, Block, Context, Embedding, FeedForward, Linear, Mask, Norm, Norms, Ragged, Rope,
};
use super::super::pool::Pooling;
use super::super::problem::ModelProblem;
use super::super::text::Backbone;
use super::super::weights::{Scope, Weights};
use super::numbers;
use candle_core::{Result, Tensor};
use serde::Deserialize;

/// The kinds of layers, and the numbers of their tables of rotary positions.
const KINDS: [&str; 2] = ["full_attention", "sliding_attention"];
const FULL: usize = 0;
const SLIDING: usize = 1;

/// In the form of transformers 4, and in that of 5, which has `layer_types` and `rope_parameters` in place of three numbers.
#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    max_position_embeddings: usize,
    #[serde(default = "defaults::activation")]
    hidden_activation: String,
    #[serde(default = "defaults::epsilon")]
    norm_eps: f64,
    #[serde(default = "defaults::window")]
    local_attention: usize,
    #[serde(default = "defaults::every")]
    global_attn_every_n_layers: usize,
    #[serde(default = "defaults::global_theta")]
    global_rope_theta: f64,
    /// None if it is `null`: then local layers turn as global ones do.
    #[serde(default = "defaults::local_theta")]
    local_rope_theta: Option<f64>,
    layer_types: Option<Vec<String>>,
    #[serde(default)]
    rope_parameters: RopeParameters,
}

#[derive(Default, Deserialize)]
struct RopeParameters {
    full_attention: Option<RopeOf>,
    sliding_attention: Option<RopeOf>,
}

#[derive(Deserialize)]
struct RopeOf {
    rope_theta: Option<f64>,
    rope_type: Option<String>,
}

/// What the reference takes where a configuration says nothing.
mod defaults {
    pub(super) fn activation() -> String {
        "gelu".to_owned()
    }
    pub(super) fn epsilon() -> f64 {
        1e-5
    }
    pub(super) fn window() -> usize {
        128
    }
    pub(super) fn every() -> usize {
        3
    }
    pub(super) fn global_theta() -> f64 {
        160_000.0
    }
    #[expect(clippy::unnecessary_wraps, reason = "the default of an optional setting")]
    pub(super) fn local_theta() -> Option<f64> {
        Some(10_000.0)
    }
}

impl Config {
    /// The kind of every layer, checked.
    fn kinds(&self) -> std::result::Result<Vec<usize>, ModelProblem> {
        let Some(named) = &self.layer_types else {
            let kind =
                |layer: usize| if layer.is_multiple_of(self.global_attn_every_n_layers) { FULL } else { SLIDING };
            return Ok((0..self.num_hidden_layers).map(kind).collect());
        };
        if named.len() != self.num_hidden_layers {
            return Err(ModelProblem::Setting {
                file: "config.json".to_owned(),
                setting: "layer_types",
                found: format!("a list of {}", named.len()),
                expected: "expected as many as num_hidden_layers",
            });
        }
        let kind = |name: &String| KINDS.iter().position(|kind| kind == name).ok_or_else(|| unsupported("layer", name));
        named.iter().map(kind).collect()
    }

    /// The rotary frequencies of both kinds of layers.
    fn ropes(&self, width: usize) -> std::result::Result<[Rope; 2], ModelProblem> {
        let theta = |given: &Option<RopeOf>, default: f64| {
            let kind = given.as_ref().and_then(|given| given.rope_type.as_deref()).unwrap_or("default");
            let theta = given.as_ref().and_then(|given| given.rope_theta).unwrap_or(default);
            if kind == "default" { Ok(Rope::new(theta, width)) } else { Err(unsupported("rope_type", kind)) }
        };
        let RopeParameters { full_attention, sliding_attention } = &self.rope_parameters;
        let local = self.local_rope_theta.unwrap_or(self.global_rope_theta);
        Ok([theta(full_attention, self.global_rope_theta)?, theta(sliding_attention, local)?])
    }
}

fn unsupported(what: &'static str, found: &str) -> ModelProblem {
    let supported = if what == "layer" { KINDS.join(", ") } else { "default".to_owned() };
    ModelProblem::Unsupported { what, found: found.to_owned(), supported }
}

struct ModernBert {
    words: Embedding,
    norm: Norm,
    blocks: Vec<Block>,
    last: Norm,
    ropes: [Rope; 2],
    width: usize,
    limit: usize,
}

pub(super) fn load(directory: &Directory, weights: &Weights) -> std::result::Result<Box<dyn Backbone>, ModelProblem> {
    let config: Config = directory.required("config.json")?;
    let width = config.hidden_size;
    numbers::check(&[
        ("vocab_size", config.vocab_size),
        ("hidden_size", width),
        ("num_hidden_layers", config.num_hidden_layers),
        ("intermediate_size", config.intermediate_size),
        ("max_position_embeddings", config.max_position_embeddings),
        ("local_attention", config.local_attention),
        ("global_attn_every_n_layers", config.global_attn_every_n_layers),
    ])?;
    let root = weights.root().first_child(&["model"]);
    let embeddings = root.child("embeddings");
    let norm = |scope: &Scope<'_>| Norm::layer(scope, width, config.norm_eps);
    let words = Embedding::load(&embeddings, "tok_embeddings.weight", config.vocab_size, width)?;
    let layers = config.kinds()?.into_iter().enumerate();
    let blocks = layers.map(|(number, kind)| block(&config, &root.child("layers").child(number), number == 0, kind));
    let blocks = blocks.collect::<std::result::Result<Vec<_>, _>>()?;
    let head = blocks.first().map_or(width, |block| block.heads.width);
    Ok(Box::new(ModernBert {
        words,
        norm: norm(&embeddings.child("norm"))?,
        blocks,
        last: norm(&root.child("final_norm"))?,
        ropes: config.ropes(head)?,
        width,
        limit: config.max_position_embeddings,
    }))
}

fn block(config: &Config, layer: &Scope<'_>, first: bool, kind: usize) -> std::result::Result<Block, ModelProblem> {
    let (width, inner) = (config.hidden_size, config.intermediate_size);
    let heads = numbers::equal_heads(("num_attention_heads", config.num_attention_heads), width)?;
    let norm = |name: &str| Norm::layer(&layer.child(name), width, config.norm_eps);
    // The window counts the tokens of both sides together.
    let side = config.local_attention / 2;
    Ok(Block {
        heads,
        mask: if kind == SLIDING { Mask::Window(side, side) } else { Mask::Full },
        project: Linear::load(&layer.child("attn.Wqkv"), width, heads.row())?,
        head_norms: None,
        turns: Some(kind),
        out: Linear::load(&layer.child("attn.Wo"), width, width)?,
        feed_forward: FeedForward::stacked(
            (layer.child("mlp.Wi"), layer.child("mlp.Wo")),
            (width, inner),
            Activation::named(&config.hidden_activation)?,
        )?,
        norms: Norms::Pre {
            // The embeddings have just been normalised.
            attention: if first { None } else { Some(norm("attn_norm")?) },
            feed_forward: norm("mlp_norm")?,
        },
    })
}

impl Backbone for ModernBert {
    fn width(&self) -> usize {
        self.width
    }

    fn limit(&self) -> usize {
        self.limit
    }

    fn pooling(&self) -> Pooling {
        Pooling::Mean
    }

    fn forward(&self, batch: &Ragged) -> Result<Tensor> {
        let places = batch.positions(0);
        let turns = self.ropes.each_ref().map(|rope| rope.turns(&places));
        let context = Context { starts: &batch.starts, turns: &turns, bias: None };
        let mut rows = self.norm.forward(&self.words.forward(&batch.ids)?)?;
        for block in &self.blocks {
            rows = block.forward(&rows, &context)?;
        }
        self.last.forward(&rows)
    }
}
