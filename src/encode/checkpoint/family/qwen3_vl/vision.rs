//! The tower that reads patches: full attention within each picture, positions in two dimensions, and features of several
//! depths merged to rows of the text model (DeepStack, Meng et al. 2024).

use super::super::super::layers::{
    Activation, Block, Context, Embedding, FeedForward, Heads, Linear, Mask, Norm, Norms, Rope,
};
use super::super::super::problem::ModelProblem;
use super::super::super::weights::Scope;
use super::super::numbers;
use super::picture::{CHANNELS, Grid, Patches};
use candle_core::{Device, Result, Tensor};
use serde::Deserialize;

const EPSILON: f64 = 1e-6;
/// The base of rotary positions.
const THETA: f64 = 10_000.0;

#[derive(Deserialize)]
pub(super) struct Config {
    depth: usize,
    hidden_size: usize,
    hidden_act: String,
    intermediate_size: usize,
    num_heads: usize,
    num_position_embeddings: usize,
    pub(super) out_hidden_size: usize,
    pub(super) patch_size: usize,
    pub(super) spatial_merge_size: usize,
    temporal_patch_size: usize,
    deepstack_visual_indexes: Vec<usize>,
}

impl Config {
    fn heads(&self) -> std::result::Result<Heads, ModelProblem> {
        numbers::check(&[
            ("hidden_size", self.hidden_size),
            ("intermediate_size", self.intermediate_size),
            ("num_position_embeddings", self.num_position_embeddings),
            ("out_hidden_size", self.out_hidden_size),
            ("patch_size", self.patch_size),
            ("spatial_merge_size", self.spatial_merge_size),
            ("temporal_patch_size", self.temporal_patch_size),
        ])?;
        let heads = numbers::equal_heads(("num_heads", self.num_heads), self.hidden_size)?;
        match heads.width % 4 {
            0 => Ok(heads),
            _ => Err(numbers::refused("num_heads", self.num_heads, "expected heads of a multiple of four")),
        }
    }

    /// Patches that become one.
    fn merged(&self) -> usize {
        self.spatial_merge_size * self.spatial_merge_size
    }
}

/// The rows that stand for all pictures of a batch, one picture after the other.
pub(super) struct Features {
    /// What comes in place of picture tokens, `[tokens, width of the text]`.
    pub(super) rows: Tensor,
    /// What is added after the first layers of the text model.
    pub(super) deep: Vec<Tensor>,
}

pub(super) struct Tower {
    patches: Linear,
    places: Embedding,
    /// Learnt positions a side.
    side: usize,
    blocks: Vec<Block>,
    rope: Rope,
    merger: Merger,
    /// By the layer whose rows they merge.
    deep: Vec<(usize, Merger)>,
    device: Device,
}

impl Tower {
    pub(super) fn load(config: &Config, root: &Scope<'_>) -> std::result::Result<Self, ModelProblem> {
        let heads = config.heads()?;
        let width = config.hidden_size;
        let blocks = (0..config.depth).map(|layer| block(config, heads, &root.child(format!("blocks.{layer}"))));
        let deep = config.deepstack_visual_indexes.iter().enumerate().map(|(number, layer)| {
            Ok((*layer, Merger::load(config, &root.child(format!("deepstack_merger_list.{number}")), true)?))
        });
        let places = config.num_position_embeddings;
        Ok(Self {
            patches: patches(config, &root.child("patch_embed.proj"))?,
            places: Embedding::load(&root.child("pos_embed"), "weight", places, width)?,
            side: places.isqrt(),
            blocks: blocks.collect::<std::result::Result<_, _>>()?,
            rope: Rope::new(THETA, heads.width / 2).twice(),
            merger: Merger::load(config, &root.child("merger"), false)?,
            deep: deep.collect::<std::result::Result<_, ModelProblem>>()?,
            device: root.device().clone(),
        })
    }

    /// The features of some pictures.
    pub(super) fn forward(&self, pictures: &[&Patches]) -> Result<Features> {
        let mut places = Vec::new();
        let mut taps = Taps::default();
        let mut starts = vec![0];
        for picture in pictures {
            places.extend(picture.grid.patches());
            taps.extend(picture.grid, self.side);
            starts.push(places.len());
        }
        let values: Vec<f32> = pictures.iter().flat_map(|picture| &picture.values).copied().collect();
        let inputs = values.len() / places.len().max(1);
        let values = Tensor::from_vec(values, (places.len(), inputs), &self.device)?;
        let mut rows = (self.patches.forward(&values)? + self.positions(&taps, places.len())?)?;
        let half = self.rope.pairs() / 2;
        let turns = self.rope.turns_by(places.len(), |patch, pair| {
            let (row, column) = places.get(patch).copied().unwrap_or_default();
            if pair < half { row as f32 } else { column as f32 }
        });
        let turns = [turns];
        let context = Context { starts: &starts, turns: &turns, bias: None };
        let mut deep = Vec::with_capacity(self.deep.len());
        for (layer, block) in self.blocks.iter().enumerate() {
            rows = block.forward(&rows, &context)?;
            if let Some((_, merger)) = self.deep.iter().find(|(at, _)| *at == layer) {
                deep.push(merger.forward(&rows)?);
            }
        }
        Ok(Features { rows: self.merger.forward(&rows)?, deep })
    }

    /// Learnt positions, drawn between the four nearest ones of each patch.
    fn positions(&self, taps: &Taps, patches: usize) -> Result<Tensor> {
        let rows = self.places.forward(&taps.ids)?;
        let width = rows.dim(1)?;
        let weights = Tensor::from_slice(&taps.weights, (patches, 4, 1), &self.device)?;
        rows.reshape((patches, 4, width))?.broadcast_mul(&weights)?.sum(1)
    }
}

/// Patches are the same in every frame of a picture: the products with all frames are one with their sum.
fn patches(config: &Config, scope: &Scope<'_>) -> std::result::Result<Linear, ModelProblem> {
    let Config { hidden_size: width, patch_size: side, temporal_patch_size: frames, .. } = *config;
    let weight = scope.tensor("weight", &[width, CHANNELS, frames, side, side])?.sum(2)?;
    Ok(Linear::new(&weight.reshape((width, CHANNELS * side * side))?, scope.optional("bias", &[width])?)?)
}

fn block(config: &Config, heads: Heads, scope: &Scope<'_>) -> std::result::Result<Block, ModelProblem> {
    let width = config.hidden_size;
    let network = scope.child("mlp");
    let linears = (network.child("linear_fc1"), network.child("linear_fc2"));
    let activation = Activation::named(&config.hidden_act)?;
    Ok(Block {
        heads,
        mask: Mask::Full,
        project: Linear::load(&scope.child("attn.qkv"), width, heads.row())?,
        head_norms: None,
        turns: Some(0),
        out: Linear::load(&scope.child("attn.proj"), width, width)?,
        feed_forward: FeedForward::plain(linears, (width, config.intermediate_size), activation)?,
        norms: Norms::Pre {
            attention: Some(Norm::layer(&scope.child("norm1"), width, EPSILON)?),
            feed_forward: Norm::layer(&scope.child("norm2"), width, EPSILON)?,
        },
    })
}

/// Patches that lie next to each other to one row of the text model.
struct Merger {
    norm: Norm,
    /// Whether the norm goes over the patches together.
    together: bool,
    merged: usize,
    up: Linear,
    down: Linear,
}

impl Merger {
    fn load(config: &Config, scope: &Scope<'_>, together: bool) -> std::result::Result<Self, ModelProblem> {
        let wide = config.hidden_size * config.merged();
        Ok(Self {
            norm: Norm::layer(&scope.child("norm"), if together { wide } else { config.hidden_size }, EPSILON)?,
            together,
            merged: config.merged(),
            up: Linear::load(&scope.child("linear_fc1"), wide, wide)?,
            down: Linear::load(&scope.child("linear_fc2"), wide, config.out_hidden_size)?,
        })
    }

    fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        let (patches, width) = rows.dims2()?;
        let wide = |rows: &Tensor| rows.reshape((patches / self.merged, width * self.merged));
        let rows = if self.together { self.norm.forward(&wide(rows)?)? } else { wide(&self.norm.forward(rows)?)? };
        self.down.forward(&self.up.activated(&rows, Activation::Gelu)?)
    }
}

/// Which learnt positions a patch lies between, four each, and how near it is to them.
#[derive(Default)]
struct Taps {
    ids: Vec<u32>,
    weights: Vec<f32>,
}

impl Taps {
    /// Those of a picture whose corners lie on the corners of the learnt square.
    fn extend(&mut self, grid: Grid, side: usize) {
        let last = side.saturating_sub(1);
        let along = |at: usize, count: usize| {
            let place = at as f32 * last as f32 / count.saturating_sub(1).max(1) as f32;
            let before = place.floor();
            let share = place - before;
            [(before as usize, 1.0 - share), ((before as usize + 1).min(last), share)]
        };
        for (row, column) in grid.patches() {
            for (down, weight) in along(row, grid.rows) {
                for (across, share) in along(column, grid.columns) {
                    self.ids.push((down * side + across) as u32);
                    self.weights.push(weight * share);
                }
            }
        }
    }
}
