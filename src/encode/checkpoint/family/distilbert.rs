//! DistilBERT (Sanh et al. 2019): a BERT without segments, under names of its own.

use super::super::directory::Directory;
use super::super::problem::ModelProblem;
use super::super::text::Backbone;
use super::super::weights::Weights;
use super::bert::{self, Bert, Names};
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    vocab_size: usize,
    dim: usize,
    n_layers: usize,
    n_heads: usize,
    hidden_dim: usize,
    #[serde(default = "gelu")]
    activation: String,
    max_position_embeddings: usize,
}

fn gelu() -> String {
    "gelu".to_owned()
}

const NAMES: Names = Names {
    segments: false,
    layer: "transformer.layer",
    project: ["attention.q_lin", "attention.k_lin", "attention.v_lin"],
    out: "attention.out_lin",
    attention_norm: "sa_layer_norm",
    up: "ffn.lin1",
    down: "ffn.lin2",
    feed_forward_norm: "output_layer_norm",
};

pub(super) fn load(directory: &Directory, weights: &Weights) -> Result<Box<dyn Backbone>, ModelProblem> {
    let config: Config = directory.required("config.json")?;
    let config = bert::Config {
        vocab_size: config.vocab_size,
        hidden_size: config.dim,
        num_hidden_layers: config.n_layers,
        num_attention_heads: config.n_heads,
        intermediate_size: config.hidden_dim,
        hidden_act: config.activation,
        max_position_embeddings: config.max_position_embeddings,
        type_vocab_size: 1,
        layer_norm_eps: bert::epsilon(),
        pad_token_id: None,
        position_embedding_type: None,
    };
    Ok(Box::new(Bert::read(&config, &weights.root().first_child(&["distilbert"]), &NAMES)?))
}
