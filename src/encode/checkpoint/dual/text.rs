//! The tower for texts: tokens to rows, one row of them picked and projected.

use super::super::layers::{Block, Context, Embedding, Linear, Norm, Ragged};
use super::super::pool::Pooling;
use super::super::problem::ModelProblem;
use super::super::text::Backbone;
use super::super::tokens::Tokens;
use super::super::weights::Scope;
use super::{Names, Sizes};
use candle_core::{Result, Tensor};

/// The token whose row stands for a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Pick {
    /// The first.
    First,
    /// The last.
    Last,
    /// The one with the highest id, the first of several: the end of a text in CLIP's own vocabulary.
    Highest,
    /// The first with this id; the first of all where there is none.
    Id(u32),
}

impl Pick {
    fn place(self, ids: &[u32]) -> usize {
        let found = match self {
            Self::First => Some(0),
            Self::Last => ids.len().checked_sub(1),
            Self::Highest => ids.iter().max().and_then(|highest| ids.iter().position(|id| id == highest)),
            Self::Id(wanted) => ids.iter().position(|id| *id == wanted),
        };
        found.unwrap_or(0)
    }
}

/// A tower for texts.
pub(in super::super) struct TextTower {
    pub(in super::super) tokens: Tokens,
    pub(in super::super) backbone: Box<dyn Backbone>,
    pub(in super::super) pick: Pick,
    /// What every text is filled up with to the longest length, where the model was trained to look at it.
    pub(in super::super) fill: Option<u32>,
    /// Whether texts are put into lower case before the tokenizer sees them.
    pub(in super::super) lower: bool,
    pub(in super::super) projection: Option<Linear>,
}

impl TextTower {
    pub(super) fn width(&self) -> usize {
        self.projection.as_ref().map_or_else(|| self.backbone.width(), Linear::outputs)
    }

    pub(super) fn limit(&self) -> usize {
        self.tokens.limit()
    }

    /// The ids of a text, filled up where the model wants it.
    pub(super) fn ids(&self, text: &str) -> std::result::Result<Vec<u32>, ModelProblem> {
        let mut ids = if self.lower {
            self.tokens.ids(&text.chars().flat_map(char::to_lowercase).collect::<String>())?
        } else {
            self.tokens.ids(text)?
        };
        match self.fill {
            Some(fill) => ids.resize(self.tokens.limit(), fill),
            None if ids.is_empty() => ids.push(0),
            None => {}
        }
        Ok(ids)
    }

    /// One row a text, all in one pass.
    pub(super) fn rows<'a>(
        &self,
        prompt: &str,
        texts: impl Iterator<Item = &'a str>,
    ) -> std::result::Result<Vec<Vec<f32>>, ModelProblem> {
        let ids = texts.map(|text| self.ids(&format!("{prompt}{text}")));
        let ids = ids.collect::<std::result::Result<Vec<_>, _>>()?;
        let batch = Ragged::of(ids.iter().map(Vec::as_slice));
        let picked = batch.spans().zip(&ids).map(|(span, ids)| (span.start + self.pick.place(ids)) as u32);
        let picked: Vec<u32> = picked.collect();
        let rows = self.backbone.forward(&batch)?;
        let rows = rows.index_select(&Tensor::new(picked, rows.device())?, 0)?;
        Ok(match &self.projection {
            Some(projection) => projection.forward(&rows)?,
            None => rows,
        }
        .to_vec2()?)
    }
}

/// A transformer with learnt positions and norms before its functions.
pub(in super::super) struct TextTransformer {
    words: Embedding,
    places: Embedding,
    blocks: Vec<Block>,
    norm: Norm,
    width: usize,
}

/// Names of the parts that differ between checkpoints.
struct Parts {
    words: &'static str,
    places: &'static str,
    layers: &'static str,
    norm: &'static str,
}

impl TextTransformer {
    pub(in super::super) fn load(
        scope: &Scope<'_>,
        names: Names,
        sizes: &Sizes,
        (vocabulary, positions): (usize, usize),
    ) -> std::result::Result<Self, ModelProblem> {
        let parts = match names {
            Names::Transformers => Parts {
                words: "embeddings.token_embedding.weight",
                places: "embeddings.position_embedding.weight",
                layers: "encoder.layers",
                norm: "final_layer_norm",
            },
            Names::OpenClip => Parts {
                words: "token_embedding.weight",
                places: "positional_embedding",
                layers: "transformer.resblocks",
                norm: "ln_final",
            },
        };
        let width = sizes.width;
        Ok(Self {
            words: Embedding::load(scope, parts.words, vocabulary, width)?,
            places: Embedding::load(scope, parts.places, positions, width)?,
            blocks: sizes.load(&scope.child(parts.layers), names)?,
            norm: Norm::layer(&scope.child(parts.norm), width, sizes.epsilon)?,
            width,
        })
    }
}

impl Backbone for TextTransformer {
    fn width(&self) -> usize {
        self.width
    }

    fn limit(&self) -> usize {
        self.places.rows()
    }

    fn pooling(&self) -> Pooling {
        Pooling::Last
    }

    fn forward(&self, batch: &Ragged) -> Result<Tensor> {
        let mut rows = (self.words.forward(&batch.ids)? + self.places.forward(&batch.positions(0))?)?;
        let context = Context { starts: &batch.starts, turns: &[], bias: None };
        for block in &self.blocks {
            rows = block.forward(&rows, &context)?;
        }
        self.norm.forward(&rows)
    }
}
