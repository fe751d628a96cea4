//! BERT (Devlin et al. 2018) and its kin: learnt positions, norms after the residuals. RoBERTa (Liu et al. 2019) and XLM-RoBERTa
//! (Conneau et al. 2020) differ in where positions start; `distilbert.rs` and `mpnet.rs` in names and in one thing more each.

use super::super::directory::Directory;
use super::super::layers::{
    Activation, Bias, Block, Context, Embedding, FeedForward, Linear, Mask, Norm, Norms, Ragged,
};
use super::super::pool::Pooling;
use super::super::problem::ModelProblem;
use super::super::text::Backbone;
use super::super::weights::{Scope, Weights};
use super::numbers;
use candle_core::{Result, Tensor};
use serde::Deserialize;

/// What `config.json` says, with what the reference takes where it says nothing.
#[derive(Deserialize)]
pub(super) struct Config {
    pub(super) vocab_size: usize,
    pub(super) hidden_size: usize,
    pub(super) num_hidden_layers: usize,
    pub(super) num_attention_heads: usize,
    pub(super) intermediate_size: usize,
    #[serde(default = "gelu")]
    pub(super) hidden_act: String,
    pub(super) max_position_embeddings: usize,
    #[serde(default = "two")]
    pub(super) type_vocab_size: usize,
    #[serde(default = "epsilon")]
    pub(super) layer_norm_eps: f64,
    #[serde(default)]
    pub(super) pad_token_id: Option<u32>,
    #[serde(default)]
    pub(super) position_embedding_type: Option<String>,
}

fn gelu() -> String {
    "gelu".to_owned()
}

fn two() -> usize {
    2
}

pub(super) fn epsilon() -> f64 {
    1e-12
}

impl Config {
    fn check(&self) -> std::result::Result<(), ModelProblem> {
        numbers::check(&[
            ("vocab_size", self.vocab_size),
            ("hidden_size", self.hidden_size),
            ("num_hidden_layers", self.num_hidden_layers),
            ("intermediate_size", self.intermediate_size),
            ("max_position_embeddings", self.max_position_embeddings),
            ("type_vocab_size", self.type_vocab_size),
        ])?;
        match self.position_embedding_type.as_deref() {
            None | Some("absolute") => Ok(()),
            Some(other) => Err(ModelProblem::Unsupported {
                what: "position_embedding_type",
                found: other.to_owned(),
                supported: "absolute".to_owned(),
            }),
        }
    }
}

/// Under which names the weights of a layer lie, and whether there are segments.
pub(super) struct Names {
    pub(super) segments: bool,
    pub(super) layer: &'static str,
    pub(super) project: [&'static str; 3],
    pub(super) out: &'static str,
    pub(super) attention_norm: &'static str,
    pub(super) up: &'static str,
    pub(super) down: &'static str,
    pub(super) feed_forward_norm: &'static str,
}

/// BERT's own.
pub(super) const NAMES: Names = Names {
    segments: true,
    layer: "encoder.layer",
    project: ["attention.self.query", "attention.self.key", "attention.self.value"],
    out: "attention.output.dense",
    attention_norm: "attention.output.LayerNorm",
    up: "intermediate.dense",
    down: "output.dense",
    feed_forward_norm: "output.LayerNorm",
};

/// The transformer.
pub(super) struct Bert {
    words: Embedding,
    places: Embedding,
    /// The token that stands for padding, where positions are counted as RoBERTa counts them.
    padding: Option<u32>,
    /// The row that every token gets for being in the first segment.
    segment: Option<Tensor>,
    norm: Norm,
    blocks: Vec<Block>,
    bias: Option<Bias>,
    width: usize,
}

pub(super) fn load(directory: &Directory, weights: &Weights) -> std::result::Result<Box<dyn Backbone>, ModelProblem> {
    let config: Config = directory.required("config.json")?;
    Ok(Box::new(Bert::read(&config, &weights.root().first_child(&["bert"]), &NAMES)?))
}

/// RoBERTa and XLM-RoBERTa.
pub(super) fn load_roberta(
    directory: &Directory,
    weights: &Weights,
) -> std::result::Result<Box<dyn Backbone>, ModelProblem> {
    let config: Config = directory.required("config.json")?;
    let bert = Bert::read(&config, &weights.root().first_child(&["roberta"]), &NAMES)?;
    Ok(Box::new(bert.counting_from(config.pad_token_id.unwrap_or(1))?))
}

impl Bert {
    /// From the tensors of `root`, which holds `embeddings` and the layers.
    pub(super) fn read(config: &Config, root: &Scope<'_>, names: &Names) -> std::result::Result<Self, ModelProblem> {
        config.check()?;
        let embeddings = root.child("embeddings");
        let width = config.hidden_size;
        let types = [config.type_vocab_size, width];
        let types = names.segments.then(|| embeddings.tensor("token_type_embeddings.weight", &types)).transpose()?;
        let layer = |number| block(config, &root.child(names.layer).child(number), names);
        Ok(Self {
            words: Embedding::load(&embeddings, "word_embeddings.weight", config.vocab_size, width)?,
            places: Embedding::load(&embeddings, "position_embeddings.weight", config.max_position_embeddings, width)?,
            padding: None,
            segment: types.map(|types| types.narrow(0, 0, 1)).transpose()?,
            norm: Norm::layer(&biased(embeddings.child("LayerNorm"))?, width, config.layer_norm_eps)?,
            blocks: (0..config.num_hidden_layers).map(layer).collect::<std::result::Result<_, _>>()?,
            bias: None,
            width,
        })
    }

    /// The same with positions that start behind the number of the padding token.
    pub(super) fn counting_from(mut self, padding: u32) -> std::result::Result<Self, ModelProblem> {
        if padding as usize + 1 >= self.places.rows() {
            return Err(ModelProblem::Setting {
                file: "config.json".to_owned(),
                setting: "pad_token_id",
                found: padding.to_string(),
                expected: "expected less than max_position_embeddings: positions start behind it",
            });
        }
        self.padding = Some(padding);
        Ok(self)
    }

    /// The same with something added to all attention scores.
    pub(super) fn biased(mut self, bias: Bias) -> Self {
        self.bias = Some(bias);
        self
    }
}

fn block(config: &Config, layer: &Scope<'_>, names: &Names) -> std::result::Result<Block, ModelProblem> {
    let (width, eps) = (config.hidden_size, config.layer_norm_eps);
    let heads = numbers::equal_heads(("num_attention_heads", config.num_attention_heads), width)?;
    let child = |name: &str| biased(layer.child(name));
    let [query, key, value] = names.project;
    let project = [(child(query)?, width), (child(key)?, width), (child(value)?, width)];
    let feed_forward = (child(names.up)?, child(names.down)?);
    let activation = Activation::named(&config.hidden_act)?;
    Ok(Block {
        heads,
        mask: Mask::Full,
        project: Linear::stacked(&project, width)?,
        head_norms: None,
        turns: None,
        out: Linear::load(&child(names.out)?, width, width)?,
        feed_forward: FeedForward::plain(feed_forward, (width, config.intermediate_size), activation)?,
        norms: Norms::Post {
            attention: Norm::layer(&child(names.attention_norm)?, width, eps)?,
            feed_forward: Norm::layer(&child(names.feed_forward_norm)?, width, eps)?,
        },
    })
}

/// A layer that must have a bias: one that is lost would change vectors without a word.
pub(super) fn biased(layer: Scope<'_>) -> std::result::Result<Scope<'_>, ModelProblem> {
    if layer.has("bias") || layer.has("beta") { Ok(layer) } else { Err(layer.lost("bias")) }
}

/// Positions as RoBERTa counts them: from behind `padding` on. A text can spell out the padding token: it stays at
/// `padding` and is not counted.
fn counted(batch: &Ragged, padding: u32) -> Vec<u32> {
    let mut places = Vec::with_capacity(batch.ids.len());
    for span in batch.spans() {
        let mut last = padding;
        for id in batch.ids.get(span).unwrap_or_default() {
            last += u32::from(*id != padding);
            places.push(if *id == padding { padding } else { last });
        }
    }
    places
}

impl Backbone for Bert {
    fn width(&self) -> usize {
        self.width
    }

    fn limit(&self) -> usize {
        self.places.rows() - self.padding.map_or(0, |padding| padding as usize + 1)
    }

    fn pooling(&self) -> Pooling {
        Pooling::Mean
    }

    fn forward(&self, batch: &Ragged) -> Result<Tensor> {
        let places = self.padding.map_or_else(|| batch.positions(0), |padding| counted(batch, padding));
        let mut rows = (self.words.forward(&batch.ids)? + self.places.forward(&places)?)?;
        if let Some(segment) = &self.segment {
            rows = rows.broadcast_add(segment)?;
        }
        rows = self.norm.forward(&rows)?;
        let context = Context { starts: &batch.starts, turns: &[], bias: self.bias.as_ref() };
        for block in &self.blocks {
            rows = block.forward(&rows, &context)?;
        }
        Ok(rows)
    }
}

#[cfg(test)]
mod tests {
    use super::{Ragged, counted};

    #[test]
    fn a_spelled_out_padding_token_is_not_counted() {
        let batch = Ragged::of([&[0_u32, 7, 1, 8, 2] as &[u32], &[0, 2]]);
        assert_eq!(counted(&batch, 1), [2, 3, 1, 4, 5, 2, 3]);
    }
}
