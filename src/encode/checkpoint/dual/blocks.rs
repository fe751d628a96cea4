//! The layers of both towers: norms before attention and before the network, under the names that checkpoints give them.

use super::super::layers::{Activation, Block, FeedForward, Heads, Linear, Mask, Norm, Norms};
use super::super::problem::ModelProblem;
use super::super::weights::Scope;

/// How a tower's layers are built.
#[derive(Debug, Clone, Copy)]
pub(in super::super) struct Sizes {
    /// Width of the rows.
    pub(in super::super) width: usize,
    /// Width within the network after attention.
    pub(in super::super) inner: usize,
    /// Heads of attention.
    pub(in super::super) heads: usize,
    /// Layers.
    pub(in super::super) layers: usize,
    /// Of all norms.
    pub(in super::super) epsilon: f64,
    /// The curve within the network.
    pub(in super::super) activation: Activation,
    /// What a token looks at.
    pub(in super::super) mask: Mask,
}

/// Whose names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Names {
    /// transformers: `layers.0.self_attn.q_proj`.
    Transformers,
    /// open_clip: `resblocks.0.attn.in_proj_weight`, queries, keys and values in one tensor.
    OpenClip,
}

impl Sizes {
    /// Loads all layers; `scope` holds them by number.
    pub(super) fn load(&self, scope: &Scope<'_>, names: Names) -> Result<Vec<Block>, ModelProblem> {
        (0..self.layers).map(|layer| self.block(&scope.child(layer), names)).collect()
    }

    /// The heads, if they divide the width.
    pub(super) fn heads(&self) -> Result<Heads, ModelProblem> {
        match self.width.checked_div(self.heads) {
            Some(width) if width * self.heads == self.width => Ok(Heads::equal(self.heads, width)),
            _ => Err(ModelProblem::Setting {
                file: "config.json".to_owned(),
                setting: "number of attention heads",
                found: self.heads.to_string(),
                expected: "expected a divisor of the width",
            }),
        }
    }

    fn block(&self, layer: &Scope<'_>, names: Names) -> Result<Block, ModelProblem> {
        let width = self.width;
        let attention = layer.child(if names == Names::Transformers { "self_attn" } else { "attn" });
        let project = match names {
            Names::Transformers => {
                let parts = ["q_proj", "k_proj", "v_proj"].map(|name| (attention.child(name), width));
                Linear::stacked(&parts, width)?
            }
            Names::OpenClip => fused(&attention, width)?,
        };
        let (norms, [up, down]) = match names {
            Names::Transformers => (["layer_norm1", "layer_norm2"], ["mlp.fc1", "mlp.fc2"]),
            Names::OpenClip => (["ln_1", "ln_2"], ["mlp.c_fc", "mlp.c_proj"]),
        };
        let [first, second] = norms.map(|name| Norm::layer(&layer.child(name), width, self.epsilon));
        Ok(Block {
            heads: self.heads()?,
            mask: self.mask,
            project,
            head_norms: None,
            turns: None,
            out: Linear::load(&attention.child("out_proj"), width, width)?,
            feed_forward: FeedForward::plain(
                (layer.child(up), layer.child(down)),
                (width, self.inner),
                self.activation,
            )?,
            norms: Norms::Pre { attention: Some(first?), feed_forward: second? },
        })
    }
}

/// Queries, keys and values in one tensor, as PyTorch's own attention has them.
fn fused(attention: &Scope<'_>, width: usize) -> Result<Linear, ModelProblem> {
    let weight = attention.tensor("in_proj_weight", &[3 * width, width])?;
    Ok(Linear::new(&weight, attention.optional("in_proj_bias", &[3 * width])?)?)
}
