//! Vision transformers (Dosovitskiy et al. 2020): a picture as a sequence of square patches.

use super::super::layers::{Block, Context, FeedForward, Heads, Linear, Norm};
use super::super::pixels::Planes;
use super::super::problem::ModelProblem;
use super::super::weights::Scope;
use super::{Names, PictureTower, Sizes, transposed};
use candle_core::{D, Device, Result, Tensor, bail};

/// Colour channels.
const CHANNELS: usize = 3;

/// What becomes of the last layer's rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Head {
    /// The row of the class token, normed, projected to this width.
    Class(usize),
    /// Attention of a learnt query over all normed rows (Zhai et al. 2022), at the tower's own width.
    Attention,
}

/// How a vision transformer is built.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct VisionConfig {
    pub(in super::super) sizes: Sizes,
    /// Side of a patch.
    pub(in super::super) patch: usize,
    /// Width and height of a picture.
    pub(in super::super) picture: (usize, usize),
    pub(in super::super) head: Head,
    pub(in super::super) names: Names,
}

/// A vision transformer.
pub(in super::super) struct VisionTransformer {
    patches: Linear,
    /// Goes before the patches.
    class: Option<Tensor>,
    /// Positions, the class token's first: `[tokens, width]`.
    places: Tensor,
    before: Option<Norm>,
    blocks: Vec<Block>,
    after: Norm,
    head: LoadedHead,
    config: VisionConfig,
    device: Device,
}

enum LoadedHead {
    Class(Linear),
    Attention(Box<AttentionHead>),
}

impl VisionTransformer {
    /// Loads a tower; `root` is where the projection lies in checkpoints of transformers, `scope` where the tower does.
    pub(in super::super) fn load(
        root: &Scope<'_>,
        scope: &Scope<'_>,
        config: VisionConfig,
    ) -> std::result::Result<Self, ModelProblem> {
        let VisionConfig { sizes, patch, picture, head, names } = config;
        let width = sizes.width;
        let (columns, rows) = grid(picture, patch)?;
        let ours = names == Names::Transformers;
        let [embedding, class, places, before, layers, after] = if ours {
            [
                "embeddings.patch_embedding",
                "embeddings.class_embedding",
                "embeddings.position_embedding.weight",
                "pre_layrnorm",
                "encoder.layers",
                "post_layernorm",
            ]
        } else {
            ["conv1", "class_embedding", "positional_embedding", "ln_pre", "transformer.resblocks", "ln_post"]
        };
        let embedding = scope.child(embedding);
        let weight = embedding.tensor("weight", &[width, CHANNELS, patch, patch])?.flatten_from(1)?;
        let classed = matches!(head, Head::Class(_));
        let before = scope.child(before);
        Ok(Self {
            patches: Linear::new(&weight, embedding.optional("bias", &[width])?)?,
            class: if classed { Some(scope.tensor(class, &[width])?) } else { None },
            places: scope.tensor(places, &[columns * rows + usize::from(classed), width])?,
            before: if before.has("weight") { Some(Norm::layer(&before, width, sizes.epsilon)?) } else { None },
            blocks: sizes.load(&scope.child(layers), names)?,
            after: Norm::layer(&scope.child(after), width, sizes.epsilon)?,
            head: match head {
                Head::Class(outputs) if ours => {
                    LoadedHead::Class(Linear::load(&root.child("visual_projection"), width, outputs)?)
                }
                Head::Class(outputs) => LoadedHead::Class(transposed(scope, "proj", width, outputs)?),
                Head::Attention => LoadedHead::Attention(Box::new(AttentionHead::load(&scope.child("head"), &sizes)?)),
            },
            config,
            device: root.device().clone(),
        })
    }

    /// The patches of all pictures as rows: of each picture from the top, of each patch red, green, blue.
    fn cut(&self, pictures: &[Planes]) -> Result<Tensor> {
        let VisionConfig { patch, picture: (width, height), .. } = self.config;
        let (columns, rows) = (width / patch, height / patch);
        let mut values = Vec::with_capacity(pictures.len() * columns * rows * CHANNELS * patch * patch);
        for picture in pictures {
            if (picture.width, picture.height) != (width, height) {
                bail!("a picture of {} x {} for a model of {width} x {height}", picture.width, picture.height);
            }
            for (row, column) in (0..rows).flat_map(|row| (0..columns).map(move |column| (row, column))) {
                for (channel, line) in (0..CHANNELS).flat_map(|channel| (0..patch).map(move |line| (channel, line))) {
                    let start = (channel * height + row * patch + line) * width + column * patch;
                    values.extend_from_slice(picture.values.get(start..start + patch).unwrap_or_default());
                }
            }
        }
        Tensor::from_vec(values, (pictures.len() * columns * rows, CHANNELS * patch * patch), &self.device)
    }
}

impl PictureTower for VisionTransformer {
    fn width(&self) -> usize {
        match &self.head {
            LoadedHead::Class(projection) => projection.outputs(),
            LoadedHead::Attention(_) => self.config.sizes.width,
        }
    }

    fn forward(&self, pictures: &[Planes]) -> Result<Tensor> {
        let (count, width) = (pictures.len(), self.config.sizes.width);
        let patches = self.patches.forward(&self.cut(pictures)?)?.reshape((count, (), width))?;
        let tokens = match &self.class {
            Some(class) => Tensor::cat(&[&class.expand((count, 1, width))?, &patches], 1)?,
            None => patches,
        };
        let mut rows = tokens.broadcast_add(&self.places)?.reshape(((), width))?;
        if let Some(norm) = &self.before {
            rows = norm.forward(&rows)?;
        }
        let length = self.places.dim(0)?;
        let starts: Vec<usize> = (0..=count).map(|picture| picture * length).collect();
        let context = Context { starts: &starts, turns: &[], bias: None };
        for block in &self.blocks {
            rows = block.forward(&rows, &context)?;
        }
        match &self.head {
            LoadedHead::Class(projection) => {
                let first = rows.reshape((count, length, width))?.narrow(1, 0, 1)?.squeeze(1)?.contiguous()?;
                projection.forward(&self.after.forward(&first)?)
            }
            LoadedHead::Attention(head) => head.forward(&self.after.forward(&rows)?, count),
        }
    }
}

/// Patches across and down.
fn grid((width, height): (usize, usize), patch: usize) -> std::result::Result<(usize, usize), ModelProblem> {
    match (width.checked_div(patch), height.checked_div(patch)) {
        (Some(columns @ 1..), Some(rows @ 1..)) => Ok((columns, rows)),
        _ => Err(ModelProblem::Setting {
            file: "config.json".to_owned(),
            setting: "patch_size",
            found: format!("{patch} in pictures of {width} x {height}"),
            expected: "expected a side from 1 up to that of the pictures",
        }),
    }
}

/// Attention of a learnt query, and a network after it.
struct AttentionHead {
    heads: Heads,
    /// The query, projected: `[heads, 1, width of a head]`.
    query: Tensor,
    keys_values: Linear,
    out: Linear,
    norm: Norm,
    feed_forward: FeedForward,
}

impl AttentionHead {
    fn load(scope: &Scope<'_>, sizes: &Sizes) -> std::result::Result<Self, ModelProblem> {
        let (width, heads) = (sizes.width, sizes.heads()?);
        let attention = scope.child("attention");
        let weight = attention.tensor("in_proj_weight", &[3 * width, width])?;
        let bias = attention.tensor("in_proj_bias", &[3 * width])?;
        let probe = scope.tensor("probe", &[1, 1, width])?.reshape((1, width))?;
        let of_queries = Linear::new(&weight.narrow(0, 0, width)?.contiguous()?, Some(bias.narrow(0, 0, width)?))?;
        let query = (of_queries.forward(&probe)? * f64::from(heads.scale))?;
        let network = (scope.child("mlp.fc1"), scope.child("mlp.fc2"));
        Ok(Self {
            heads,
            query: query.reshape((heads.queries, 1, heads.width))?,
            keys_values: Linear::new(
                &weight.narrow(0, width, 2 * width)?.contiguous()?,
                Some(bias.narrow(0, width, 2 * width)?.contiguous()?),
            )?,
            out: Linear::load(&attention.child("out_proj"), width, width)?,
            norm: Norm::layer(&scope.child("layernorm"), width, sizes.epsilon)?,
            feed_forward: FeedForward::plain(network, (width, sizes.inner), sizes.activation)?,
        })
    }

    /// `[pictures * tokens, width]` to `[pictures, width]`.
    fn forward(&self, rows: &Tensor, pictures: usize) -> Result<Tensor> {
        let Heads { queries: heads, width, .. } = self.heads;
        let both = self.keys_values.forward(rows)?.reshape((pictures, (), 2 * heads, width))?.transpose(1, 2)?;
        let (keys, values) = (both.narrow(1, 0, heads)?.contiguous()?, both.narrow(1, heads, heads)?.contiguous()?);
        let scores = self.query.expand((pictures, heads, 1, width))?.contiguous()?.matmul(&keys.t()?)?;
        let context = candle_nn::ops::softmax(&scores, D::Minus1)?.matmul(&values)?;
        let row = self.out.forward(&context.reshape((pictures, heads * width))?)?;
        &row + self.feed_forward.forward(&self.norm.forward(&row)?)?
    }
}
