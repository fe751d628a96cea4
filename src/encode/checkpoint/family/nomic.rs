//! nomic-bert (Nussbaum et al. 2024): a BERT with rotary positions and gated networks, without biases in either.
//!
//! Its authors' own code and transformers each have their names for the settings and for the weights; both are read.

use super::super::directory::Directory;
use super::super::layers::{
    Activation, Block, Context, Embedding, FeedForward, Linear, Mask, Norm, Norms, Ragged, Rope,
};
use super::super::pool::Pooling;
use super::super::problem::ModelProblem;
use super::super::text::Backbone;
use super::super::weights::{Scope, Weights};
use super::bert::biased;
use super::numbers;
use candle_core::{Result, Tensor};
use serde::Deserialize;
use serde_json::{Map, Value};

/// `config.json` as transformers writes it.
#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    #[serde(default = "defaults::activation")]
    hidden_act: String,
    #[serde(default = "defaults::epsilon")]
    layer_norm_eps: f64,
    max_position_embeddings: usize,
    #[serde(default = "defaults::types")]
    type_vocab_size: usize,
    #[serde(default)]
    rope_parameters: RopeParameters,
}

#[derive(Default, Deserialize)]
struct RopeParameters {
    rope_theta: Option<f64>,
    rope_type: Option<String>,
}

/// The same as the authors' own code writes it.
#[derive(Deserialize)]
struct Published {
    vocab_size: usize,
    n_embd: usize,
    n_layer: usize,
    n_head: usize,
    n_inner: Option<usize>,
    activation_function: String,
    #[serde(default = "defaults::epsilon")]
    layer_norm_epsilon: f64,
    n_positions: usize,
    #[serde(default = "defaults::types")]
    type_vocab_size: usize,
    rotary_emb_base: Option<f64>,
    rotary_emb_fraction: Option<f64>,
    rotary_scaling_factor: Option<f64>,
    max_trained_positions: Option<usize>,
    #[serde(flatten)]
    more: Map<String, Value>,
}

/// Ways of their code that no published text model of this kind goes, and that are not computed here.
const UNREAD: [&str; 7] = [
    "prenorm",
    "parallel_block",
    "use_rms_norm",
    "causal",
    "rotary_emb_interleaved",
    "moe_every_n_layers",
    "rotary_emb_scale_base",
];
const THETA: f64 = 1_000.0;

/// What the reference takes where a configuration says nothing.
mod defaults {
    pub(super) fn activation() -> String {
        "silu".to_owned()
    }
    pub(super) fn epsilon() -> f64 {
        1e-12
    }
    pub(super) fn types() -> usize {
        2
    }
}

impl Config {
    fn read(directory: &Directory) -> std::result::Result<Self, ModelProblem> {
        let keys: Map<String, Value> = directory.required("config.json")?;
        let config = if keys.contains_key("n_embd") {
            directory.required::<Published>("config.json")?.translated()?
        } else {
            directory.required::<Self>("config.json")?
        };
        numbers::check(&[
            ("vocab_size", config.vocab_size),
            ("n_embd (hidden_size)", config.hidden_size),
            ("n_layer (num_hidden_layers)", config.num_hidden_layers),
            ("n_inner (intermediate_size)", config.intermediate_size),
            ("n_positions (max_position_embeddings)", config.max_position_embeddings),
            ("type_vocab_size", config.type_vocab_size),
        ])?;
        match config.rope_parameters.rope_type.as_deref() {
            None | Some("default") => Ok(config),
            Some(other) => Err(unread(format!("rope_type: {other}"))),
        }
    }
}

impl Published {
    fn translated(self) -> std::result::Result<Config, ModelProblem> {
        let on = |value: &Value| !matches!(value, Value::Null | Value::Bool(false)) && value.as_f64() != Some(0.0);
        if let Some(name) = UNREAD.into_iter().find(|name| self.more.get(*name).is_some_and(on)) {
            return Err(unread(name.to_owned()));
        }
        if self.rotary_emb_fraction.is_some_and(|fraction| fraction < 1.0) {
            return Err(unread("rotary_emb_fraction below 1".to_owned()));
        }
        let hidden_act = match self.activation_function.as_str() {
            "swiglu" => "silu",
            "geglu" => "gelu",
            other => return Err(unread(format!("activation_function: {other}"))),
        };
        // With a factor, texts longer than those of the training turn by other angles; those up to there do not.
        let trained = self.rotary_scaling_factor.and(self.max_trained_positions);
        Ok(Config {
            vocab_size: self.vocab_size,
            hidden_size: self.n_embd,
            num_hidden_layers: self.n_layer,
            num_attention_heads: self.n_head,
            intermediate_size: self.n_inner.unwrap_or_else(|| self.n_embd.saturating_mul(4)),
            hidden_act: hidden_act.to_owned(),
            layer_norm_eps: self.layer_norm_epsilon,
            max_position_embeddings: trained.unwrap_or(self.n_positions).min(self.n_positions),
            type_vocab_size: self.type_vocab_size,
            rope_parameters: RopeParameters { rope_theta: self.rotary_emb_base, rope_type: None },
        })
    }
}

fn unread(found: String) -> ModelProblem {
    let supported = "norms after the residuals, plain rotary positions, swiglu or geglu, no experts".to_owned();
    ModelProblem::Unsupported { what: "nomic_bert setting", found, supported }
}

struct Nomic {
    words: Embedding,
    segment: Tensor,
    norm: Norm,
    blocks: Vec<Block>,
    rope: Rope,
    width: usize,
    limit: usize,
}

pub(super) fn load(directory: &Directory, weights: &Weights) -> std::result::Result<Box<dyn Backbone>, ModelProblem> {
    let config = Config::read(directory)?;
    let (width, eps) = (config.hidden_size, config.layer_norm_eps);
    let root = weights.root().first_child(&["bert", "nomic_bert"]);
    let embeddings = root.child("embeddings");
    let published = root.has("emb_ln.weight");
    let (norm, layers) = if published {
        (root.child("emb_ln"), root.child("encoder.layers"))
    } else {
        (embeddings.child("LayerNorm"), root.child("layers"))
    };
    let types = embeddings.tensor("token_type_embeddings.weight", &[config.type_vocab_size, width])?;
    let blocks = (0..config.num_hidden_layers).map(|number| block(&config, &layers.child(number), published));
    let blocks = blocks.collect::<std::result::Result<Vec<_>, _>>()?;
    let head = blocks.first().map_or(width, |block| block.heads.width);
    Ok(Box::new(Nomic {
        words: Embedding::load(&embeddings, "word_embeddings.weight", config.vocab_size, width)?,
        segment: types.narrow(0, 0, 1)?,
        norm: Norm::layer(&biased(norm)?, width, eps)?,
        blocks,
        rope: Rope::new(config.rope_parameters.rope_theta.unwrap_or(THETA), head),
        width,
        limit: config.max_position_embeddings,
    }))
}

fn block(config: &Config, layer: &Scope<'_>, published: bool) -> std::result::Result<Block, ModelProblem> {
    let (width, eps) = (config.hidden_size, config.layer_norm_eps);
    let heads = numbers::equal_heads(("n_head (num_attention_heads)", config.num_attention_heads), width)?;
    let [out, gate, up, down, after_attention, after_network] = if published {
        ["attn.out_proj", "mlp.fc12", "mlp.fc11", "mlp.fc2", "norm1", "norm2"]
    } else {
        [
            "self_attn.o_proj",
            "mlp.gate_proj",
            "mlp.up_proj",
            "mlp.down_proj",
            "post_attention_layernorm",
            "post_mlp_layernorm",
        ]
    };
    let project = if published {
        Linear::load(&layer.child("attn.Wqkv"), width, heads.row())?
    } else {
        let parts = ["q_proj", "k_proj", "v_proj"].map(|name| (layer.child("self_attn").child(name), width));
        Linear::stacked(&parts, width)?
    };
    let network = (layer.child(gate), layer.child(up), layer.child(down));
    let sizes = (width, config.intermediate_size);
    Ok(Block {
        heads,
        mask: Mask::Full,
        project,
        head_norms: None,
        turns: Some(0),
        out: Linear::load(&layer.child(out), width, width)?,
        feed_forward: FeedForward::gated(network, sizes, Activation::named(&config.hidden_act)?)?,
        norms: Norms::Post {
            attention: Norm::layer(&biased(layer.child(after_attention))?, width, eps)?,
            feed_forward: Norm::layer(&biased(layer.child(after_network))?, width, eps)?,
        },
    })
}

impl Backbone for Nomic {
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
        let turns = [self.rope.turns(&batch.positions(0))];
        let context = Context { starts: &batch.starts, turns: &turns, bias: None };
        let mut rows = self.norm.forward(&self.words.forward(&batch.ids)?.broadcast_add(&self.segment)?)?;
        for block in &self.blocks {
            rows = block.forward(&rows, &context)?;
        }
        Ok(rows)
    }
}
