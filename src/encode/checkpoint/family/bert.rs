//! BERT (Devlin et al. 2018): learnt positions, norms after the residuals.

use super::super::directory::Directory;
use super::super::layers::{
    Activation, Block, Context, Embedding, FeedForward, Heads, Linear, Mask, Norm, Norms, Ragged,
};
use super::super::pool::Pooling;
use super::super::problem::ModelProblem;
use super::super::text::Backbone;
use super::super::weights::{Scope, Weights};
use candle_core::{Result, Tensor};
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    hidden_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    intermediate_size: usize,
    hidden_act: String,
    max_position_embeddings: usize,
    type_vocab_size: usize,
    layer_norm_eps: f64,
}

struct Bert {
    words: Embedding,
    places: Embedding,
    /// The row that every token gets for being in the first segment.
    segment: Tensor,
    norm: Norm,
    blocks: Vec<Block>,
    width: usize,
}

pub(super) fn load(directory: &Directory, weights: &Weights) -> std::result::Result<Box<dyn Backbone>, ModelProblem> {
    let config: Config = directory.required("config.json")?;
    let root = weights.root().first_child(&["bert"]);
    let embeddings = root.child("embeddings");
    let (width, eps) = (config.hidden_size, config.layer_norm_eps);
    let types = embeddings.tensor("token_type_embeddings.weight", &[config.type_vocab_size, width])?;
    let blocks =
        (0..config.num_hidden_layers).map(|layer| block(&config, &root.child(format!("encoder.layer.{layer}"))));
    Ok(Box::new(Bert {
        words: Embedding::load(&embeddings, "word_embeddings.weight", config.vocab_size, width)?,
        places: Embedding::load(&embeddings, "position_embeddings.weight", config.max_position_embeddings, width)?,
        segment: types.narrow(0, 0, 1)?,
        norm: Norm::layer(&embeddings.child("LayerNorm"), width, eps)?,
        blocks: blocks.collect::<std::result::Result<_, _>>()?,
        width,
    }))
}

fn block(config: &Config, layer: &Scope<'_>) -> std::result::Result<Block, ModelProblem> {
    let (width, eps) = (config.hidden_size, config.layer_norm_eps);
    let attention = layer.child("attention");
    let project = ["query", "key", "value"].map(|name| (attention.child("self").child(name), width));
    let feed_forward = (layer.child("intermediate.dense"), layer.child("output.dense"));
    let activation = Activation::named(&config.hidden_act)?;
    Ok(Block {
        heads: Heads::equal(config.num_attention_heads, width / config.num_attention_heads.max(1)),
        mask: Mask::Full,
        project: Linear::stacked(&project, width)?,
        head_norms: None,
        turns: None,
        out: Linear::load(&attention.child("output.dense"), width, width)?,
        feed_forward: FeedForward::plain(feed_forward, (width, config.intermediate_size), activation)?,
        norms: Norms::Post {
            attention: Norm::layer(&attention.child("output.LayerNorm"), width, eps)?,
            feed_forward: Norm::layer(&layer.child("output.LayerNorm"), width, eps)?,
        },
    })
}

impl Backbone for Bert {
    fn width(&self) -> usize {
        self.width
    }

    fn limit(&self) -> usize {
        self.places.rows()
    }

    fn pooling(&self) -> Pooling {
        Pooling::Mean
    }

    fn forward(&self, batch: &Ragged) -> Result<Tensor> {
        let rows = (self.words.forward(&batch.ids)? + self.places.forward(&batch.positions(0))?)?;
        let mut rows = self.norm.forward(&rows.broadcast_add(&self.segment)?)?;
        let context = Context { starts: &batch.starts, turns: &[], bias: None };
        for block in &self.blocks {
            rows = block.forward(&rows, &context)?;
        }
        Ok(rows)
    }
}
