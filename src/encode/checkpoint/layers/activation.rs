//! The curves between two matrix products.

use super::super::problem::ModelProblem;
use candle_core::{Result, Tensor};
use rten_simd::SimdUnaryOp;
use rten_vecmath::{ApproxGelu, Gelu, Silu, Swish, Tanh};

/// A curve applied to every element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Activation {
    /// None.
    Identity,
    /// Gaussian error linear unit (Hendrycks and Gimpel 2016), exact.
    Gelu,
    /// The same, approximated with a hyperbolic tangent.
    GeluTanh,
    /// The same, approximated as `x * sigmoid(1.702 x)`.
    QuickGelu,
    /// `x * sigmoid(x)`.
    Silu,
    /// `max(x, 0)`.
    Relu,
    /// Hyperbolic tangent.
    Tanh,
}

/// The factor of [`Activation::QuickGelu`].
const QUICK: f32 = 1.702;

impl Activation {
    /// The curve a configuration names.
    pub(in super::super) fn named(name: &str) -> std::result::Result<Self, ModelProblem> {
        match name {
            "gelu" => Ok(Self::Gelu),
            "gelu_new" | "gelu_pytorch_tanh" | "gelu_tanh" => Ok(Self::GeluTanh),
            "quick_gelu" => Ok(Self::QuickGelu),
            "silu" | "swish" | "swiglu" => Ok(Self::Silu),
            "relu" => Ok(Self::Relu),
            "tanh" => Ok(Self::Tanh),
            "identity" => Ok(Self::Identity),
            other => Err(ModelProblem::Unsupported {
                what: "activation",
                found: other.to_owned(),
                supported: "gelu, gelu_new, gelu_pytorch_tanh, quick_gelu, silu, relu, tanh".to_owned(),
            }),
        }
    }

    /// Applies it where the values lie.
    pub(super) fn apply(self, values: &mut [f32]) {
        match self {
            Self::Identity => {}
            Self::Gelu => Gelu {}.map_mut(values),
            Self::GeluTanh => ApproxGelu {}.map_mut(values),
            Self::QuickGelu => Swish { alpha: QUICK }.map_mut(values),
            Self::Silu => Silu {}.map_mut(values),
            Self::Relu => values.iter_mut().for_each(|value| *value = value.max(0.0)),
            Self::Tanh => Tanh {}.map_mut(values),
        }
    }

    /// The same in candle's own operations.
    pub(in super::super) fn forward(self, values: &Tensor) -> Result<Tensor> {
        match self {
            Self::Identity => Ok(values.clone()),
            Self::Gelu => values.gelu_erf(),
            Self::GeluTanh => values.gelu(),
            Self::QuickGelu => values * candle_nn::ops::sigmoid(&(values * f64::from(QUICK))?)?,
            Self::Silu => values.silu(),
            Self::Relu => values.relu(),
            Self::Tanh => values.tanh(),
        }
    }
}
