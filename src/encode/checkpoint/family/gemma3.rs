//! Gemma 3 (Kamath et al. 2025) as an embedder (EmbeddingGemma, Vera et al. 2025): layers with a window and layers without,
//! each with rotary positions of their own, norms before and after each function.

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

/// Bases of rotary positions where the configuration names none: of layers without a window, and with one.
const THETAS: (f64, f64) = (1_000_000.0, 10_000.0);
/// Every so many-th layer has no window where the configuration does not say which.
const PATTERN: usize = 6;

#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: usize,
    head_dim: usize,
    hidden_activation: String,
    max_position_embeddings: usize,
    rms_norm_eps: f64,
    query_pre_attn_scalar: f64,
    sliding_window: usize,
    sliding_window_pattern: Option<usize>,
    layer_types: Option<Vec<String>>,
    #[serde(default)]
    use_bidirectional_attention: bool,
    attn_logit_softcapping: Option<f64>,
    #[serde(flatten)]
    rotary: Rotary,
    /// What is missing in the stored weights of norms.
    #[serde(skip)]
    plus: f64,
}

impl Config {
    /// Its heads, after all its sizes have been checked.
    fn heads(&self) -> std::result::Result<Heads, ModelProblem> {
        numbers::check(&[
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
        ])?;
        let heads = (self.num_attention_heads, self.num_key_value_heads, self.head_dim);
        numbers::grouped_heads(heads, self.query_pre_attn_scalar.powf(-0.5))
    }

    fn windowed(&self, layer: usize) -> bool {
        match self.layer_types.as_ref().and_then(|types| types.get(layer)) {
            Some(kind) => kind == "sliding_attention",
            None => !(layer + 1).is_multiple_of(self.sliding_window_pattern.unwrap_or(PATTERN).max(1)),
        }
    }

    /// What the tokens of a layer look at: in both directions the window is shared between them.
    fn mask(&self, layer: usize) -> Mask {
        match (self.windowed(layer), self.use_bidirectional_attention) {
            (true, true) => Mask::Window(self.sliding_window / 2, self.sliding_window / 2),
            (true, false) => Mask::Window(self.sliding_window.saturating_sub(1), 0),
            (false, true) => Mask::Full,
            (false, false) => Mask::Causal,
        }
    }
}

struct Gemma3 {
    words: Embedding,
    blocks: Vec<Block>,
    norm: Norm,
    /// Of layers without a window, and with one.
    ropes: [Rope; 2],
    width: usize,
    limit: usize,
}

pub(super) fn load(directory: &Directory, weights: &Weights) -> std::result::Result<Box<dyn Backbone>, ModelProblem> {
    let mut config: Config = directory.required("config.json")?;
    config.plus = if weights.whole_norms() { 0.0 } else { 1.0 };
    if let Some(cap) = config.attn_logit_softcapping {
        return Err(numbers::refused("attn_logit_softcapping", cap, "expected null: only models without it are run"));
    }
    let root = weights.root().first_child(&["model"]);
    let (width, heads) = (config.hidden_size, config.heads()?);
    let layers = 0..config.num_hidden_layers;
    let blocks = layers.map(|layer| block(&config, heads, layer, &root.child(format!("layers.{layer}"))));
    Ok(Box::new(Gemma3 {
        words: Embedding::load(&root.child("embed_tokens"), "weight", config.vocab_size, width)?,
        blocks: blocks.collect::<std::result::Result<_, _>>()?,
        norm: Norm::rms(&root.child("norm"), width, config.rms_norm_eps, config.plus)?,
        ropes: [config.rotary.full(THETAS.0, heads.width)?, config.rotary.local(THETAS.1, heads.width)?],
        width,
        limit: config.max_position_embeddings,
    }))
}

fn block(config: &Config, heads: Heads, layer: usize, scope: &Scope<'_>) -> std::result::Result<Block, ModelProblem> {
    let (width, eps) = (config.hidden_size, config.rms_norm_eps);
    let (attention, network) = (scope.child("self_attn"), scope.child("mlp"));
    let project = [("q_proj", heads.queries), ("k_proj", heads.keys), ("v_proj", heads.keys)];
    let project = project.map(|(name, count)| (attention.child(name), count * heads.width));
    let head_norm = |name| Norm::rms(&attention.child(name), heads.width, eps, config.plus);
    let norm = |name| Norm::rms(&scope.child(name), width, eps, config.plus);
    let gated = (network.child("gate_proj"), network.child("up_proj"), network.child("down_proj"));
    Ok(Block {
        heads,
        mask: config.mask(layer),
        project: Linear::stacked(&project, width)?,
        head_norms: Some((head_norm("q_norm")?, head_norm("k_norm")?)),
        turns: Some(usize::from(config.windowed(layer))),
        out: Linear::load(&attention.child("o_proj"), heads.queries * heads.width, width)?,
        feed_forward: FeedForward::gated(
            gated,
            (width, config.intermediate_size),
            Activation::named(&config.hidden_activation)?,
        )?,
        norms: Norms::Both {
            attention: [norm("input_layernorm")?, norm("post_attention_layernorm")?],
            feed_forward: [norm("pre_feedforward_layernorm")?, norm("post_feedforward_layernorm")?],
        },
    })
}

impl Backbone for Gemma3 {
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
        let mut rows = (self.words.forward(&batch.ids)? * (self.width as f64).sqrt())?;
        for block in &self.blocks {
            rows = block.forward(&rows, &context)?;
        }
        self.norm.forward(&rows)
    }
}
