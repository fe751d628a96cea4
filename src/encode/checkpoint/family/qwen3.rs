//! Qwen3 (Yang et al. 2025) as an embedder: causal, grouped heads with norms of their own, gated feed-forward networks.

use super::super::directory::Directory;
use super::super::layers::{
    Activation, Block, Context, Embedding, FeedForward, Heads, Linear, Mask, Norm, Norms, Ragged, Rope,
};
use super::super::pool::Pooling;
use super::super::problem::ModelProblem;
use super::super::text::Backbone;
use super::super::weights::{Scope, Weights};
use super::numbers;
use super::rotary::Rotary;
use candle_core::{Result, Tensor};
use serde::Deserialize;

/// The base of rotary positions where the configuration names none.
const THETA: f64 = 10_000.0;

#[derive(Deserialize)]
pub(super) struct Config {
    pub(super) vocab_size: usize,
    pub(super) hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    hidden_act: String,
    pub(super) max_position_embeddings: usize,
    rms_norm_eps: f64,
    #[serde(default)]
    use_sliding_window: bool,
    sliding_window: Option<usize>,
    max_window_layers: Option<usize>,
    layer_types: Option<Vec<String>>,
    #[serde(flatten)]
    pub(super) rotary: Rotary,
}

impl Config {
    /// Its heads, after all its sizes have been checked.
    fn heads(&self) -> std::result::Result<Heads, ModelProblem> {
        numbers::check(&[
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_attention_heads", self.num_attention_heads),
            ("max_position_embeddings", self.max_position_embeddings),
        ])?;
        let queries = self.num_attention_heads;
        let width = self.head_dim.unwrap_or(self.hidden_size / queries);
        let scale = 1.0 / (width as f64).sqrt();
        numbers::grouped_heads((queries, self.num_key_value_heads.unwrap_or(queries), width), scale)
    }

    /// What the tokens of a layer look at.
    fn mask(&self, layer: usize) -> Mask {
        let windowed = match self.layer_types.as_ref().and_then(|types| types.get(layer)) {
            Some(kind) => kind == "sliding_attention",
            None => self.use_sliding_window && layer >= self.max_window_layers.unwrap_or(0),
        };
        match self.sliding_window {
            Some(window) if windowed => Mask::Window(window.saturating_sub(1), 0),
            _ => Mask::Causal,
        }
    }
}

/// The stack of layers, from rows of tokens to rows of the last layer.
pub(super) struct Decoder {
    pub(super) words: Embedding,
    blocks: Vec<Block>,
    norm: Norm,
    pub(super) rope: Rope,
}

impl Decoder {
    pub(super) fn load(config: &Config, root: &Scope<'_>) -> std::result::Result<Self, ModelProblem> {
        let width = config.hidden_size;
        let heads = config.heads()?;
        let layers = 0..config.num_hidden_layers;
        let blocks = layers.map(|layer| block(config, heads, layer, &root.child(format!("layers.{layer}"))));
        Ok(Self {
            words: Embedding::load(&root.child("embed_tokens"), "weight", config.vocab_size, width)?,
            blocks: blocks.collect::<std::result::Result<_, _>>()?,
            norm: Norm::rms(&root.child("norm"), width, config.rms_norm_eps, 0.0)?,
            rope: config.rotary.full(THETA, heads.width)?,
        })
    }

    /// `[tokens, width]` to the same; `after` may change the rows that a layer gives.
    pub(super) fn forward(
        &self,
        mut rows: Tensor,
        context: &Context<'_>,
        after: impl Fn(usize, Tensor) -> Result<Tensor>,
    ) -> Result<Tensor> {
        for (layer, block) in self.blocks.iter().enumerate() {
            rows = after(layer, block.forward(&rows, context)?)?;
        }
        self.norm.forward(&rows)
    }
}

fn block(config: &Config, heads: Heads, layer: usize, scope: &Scope<'_>) -> std::result::Result<Block, ModelProblem> {
    let (width, eps) = (config.hidden_size, config.rms_norm_eps);
    let (attention, network) = (scope.child("self_attn"), scope.child("mlp"));
    let project = [("q_proj", heads.queries), ("k_proj", heads.keys), ("v_proj", heads.keys)];
    let project = project.map(|(name, count)| (attention.child(name), count * heads.width));
    let head_norm = |name| Norm::rms(&attention.child(name), heads.width, eps, 0.0);
    let gated = (network.child("gate_proj"), network.child("up_proj"), network.child("down_proj"));
    Ok(Block {
        heads,
        mask: config.mask(layer),
        project: Linear::stacked(&project, width)?,
        head_norms: Some((head_norm("q_norm")?, head_norm("k_norm")?)),
        turns: Some(0),
        out: Linear::load(&attention.child("o_proj"), heads.queries * heads.width, width)?,
        feed_forward: FeedForward::gated(
            gated,
            (width, config.intermediate_size),
            Activation::named(&config.hidden_act)?,
        )?,
        norms: Norms::Pre {
            attention: Some(Norm::rms(&scope.child("input_layernorm"), width, eps, 0.0)?),
            feed_forward: Norm::rms(&scope.child("post_attention_layernorm"), width, eps, 0.0)?,
        },
    })
}

struct Qwen3 {
    decoder: Decoder,
    width: usize,
    limit: usize,
}

pub(super) fn load(directory: &Directory, weights: &Weights) -> std::result::Result<Box<dyn Backbone>, ModelProblem> {
    let config: Config = directory.required("config.json")?;
    let decoder = Decoder::load(&config, &weights.root().first_child(&["model"]))?;
    Ok(Box::new(Qwen3 { decoder, width: config.hidden_size, limit: config.max_position_embeddings }))
}

impl Backbone for Qwen3 {
    fn width(&self) -> usize {
        self.width
    }

    fn limit(&self) -> usize {
        self.limit
    }

    fn pooling(&self) -> Pooling {
        Pooling::Last
    }

    fn forward(&self, batch: &Ragged) -> Result<Tensor> {
        let turns = [self.decoder.rope.turns(&batch.positions(0))];
        let context = Context { starts: &batch.starts, turns: &turns, bias: None };
        self.decoder.forward(self.decoder.words.forward(&batch.ids)?, &context, |_, rows| Ok(rows))
    }
}
