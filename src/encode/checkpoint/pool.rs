//! The rows of a text's tokens to one row, and the dense layers some models put after it.

use super::directory::{Directory, Fingerprint};
use super::layers::{Activation, Linear, Ragged};
use super::problem::ModelProblem;
use super::weights::Weights;
use candle_core::{Device, Result, Tensor};
use serde::Deserialize;

/// How the rows of a text's tokens become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// Their mean.
    Mean,
    /// The first.
    First,
    /// The last.
    Last,
    /// The largest value of each component.
    Max,
}

/// The pooling file, in the form with a switch for each way and in the newer one with a name.
#[derive(Default, Deserialize)]
#[serde(default)]
struct PoolingConfig {
    pooling_mode: Option<String>,
    pooling_mode_cls_token: bool,
    pooling_mode_mean_tokens: bool,
    pooling_mode_max_tokens: bool,
    pooling_mode_lasttoken: bool,
    pooling_mode_mean_sqrt_len_tokens: bool,
    pooling_mode_weightedmean_tokens: bool,
    include_prompt: Option<bool>,
}

impl Pooling {
    pub(super) fn read(directory: &Directory, folder: &str) -> std::result::Result<Self, ModelProblem> {
        let config: PoolingConfig = directory.required(&format!("{folder}/config.json"))?;
        let unsupported = |found: &str| ModelProblem::Unsupported {
            what: "pooling",
            found: found.to_owned(),
            supported: "mean, cls, lasttoken, max; one of them, prompt included".to_owned(),
        };
        if config.include_prompt == Some(false) {
            return Err(unsupported("include_prompt: false"));
        }
        if let Some(mode) = &config.pooling_mode {
            return match mode.as_str() {
                "mean" => Ok(Self::Mean),
                "cls" => Ok(Self::First),
                "lasttoken" => Ok(Self::Last),
                "max" => Ok(Self::Max),
                other => Err(unsupported(other)),
            };
        }
        let switches = [
            (config.pooling_mode_cls_token, Some(Self::First)),
            (config.pooling_mode_mean_tokens, Some(Self::Mean)),
            (config.pooling_mode_max_tokens, Some(Self::Max)),
            (config.pooling_mode_lasttoken, Some(Self::Last)),
            // Divided by the root of the length instead: the same direction.
            (config.pooling_mode_mean_sqrt_len_tokens, Some(Self::Mean)),
            (config.pooling_mode_weightedmean_tokens, None),
        ];
        let on: Vec<Option<Self>> = switches.into_iter().filter(|(on, _)| *on).map(|(_, mode)| mode).collect();
        match on.as_slice() {
            [Some(mode)] => Ok(*mode),
            [None] => Err(unsupported("weightedmean")),
            [] => Err(unsupported("none")),
            _ => Err(unsupported("several at once")),
        }
    }

    /// `[tokens, width]` to `[sequences, width]`.
    pub(super) fn forward(self, rows: &Tensor, batch: &Ragged) -> Result<Tensor> {
        let mut pooled = Vec::with_capacity(batch.starts.len());
        for span in batch.spans() {
            let own = rows.narrow(0, span.start, span.len())?;
            pooled.push(match self {
                Self::Mean => own.mean(0)?,
                Self::First => own.get(0)?,
                Self::Last => own.get(span.len().saturating_sub(1))?,
                Self::Max => own.max(0)?,
            });
        }
        Tensor::stack(&pooled, 0)
    }
}

/// A dense layer after pooling.
pub(super) struct Dense {
    linear: Linear,
    activation: Activation,
}

#[derive(Deserialize)]
struct DenseConfig {
    in_features: usize,
    out_features: usize,
    activation_function: Option<String>,
}

impl Dense {
    pub(super) fn load(
        directory: &Directory,
        folder: &str,
        device: &Device,
        fingerprint: &mut Fingerprint,
    ) -> std::result::Result<Self, ModelProblem> {
        let config: DenseConfig = directory.required(&format!("{folder}/config.json"))?;
        let class = config.activation_function.unwrap_or_else(|| "Tanh".to_owned());
        let name = class.rsplit('.').next().unwrap_or_default().to_lowercase();
        fingerprint.add(folder, name.as_bytes());
        let weights = Weights::open(&directory.folder(folder)?, device, fingerprint)?;
        let linear = Linear::load(&weights.root().child("linear"), config.in_features, config.out_features)?;
        Ok(Self { linear, activation: Activation::named(&name)? })
    }

    /// Width of what comes out.
    pub(super) fn width(&self) -> usize {
        self.linear.outputs()
    }

    /// `[sequences, inputs]` to `[sequences, outputs]`.
    pub(super) fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        self.linear.activated(rows, self.activation)
    }
}
