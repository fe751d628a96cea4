//! Layer norm (Ba et al. 2016) and root-mean-square norm (Zhang and Sennrich 2019).

use super::super::problem::ModelProblem;
use super::super::weights::Scope;
use super::{elements, own_way};
use candle_core::{CpuStorage, CustomOp1, D, Layout, Result, Shape, Tensor, bail};
use rten_simd::SimdOp;
use rten_vecmath::{Normalize, NormalizeOptions, Sum, SumSquare, SumSquareSub};

/// Brings each row to a scale of its own.
pub(in super::super) struct Norm {
    weight: Tensor,
    bias: Option<Tensor>,
    /// The same on the CPU.
    scales: Vec<f32>,
    shifts: Vec<f32>,
    /// Whether the mean is taken off first.
    centred: bool,
    epsilon: f32,
}

impl Norm {
    /// Layer norm: `weight` and, where it is there, `bias`; `gamma` and `beta` in checkpoints that came from TensorFlow.
    pub(in super::super) fn layer(
        scope: &Scope<'_>,
        width: usize,
        epsilon: f64,
    ) -> std::result::Result<Self, ModelProblem> {
        let [weight, bias] = if scope.has("gamma") { ["gamma", "beta"] } else { ["weight", "bias"] };
        let (weight, bias) = (scope.tensor(weight, &[width])?, scope.optional(bias, &[width])?);
        Ok(Self::new(weight, bias, true, epsilon)?)
    }

    /// Root-mean-square norm: `weight`, to which `plus` is added (1 in the Gemma family, else 0).
    pub(in super::super) fn rms(
        scope: &Scope<'_>,
        width: usize,
        epsilon: f64,
        plus: f64,
    ) -> std::result::Result<Self, ModelProblem> {
        let weight = (scope.tensor("weight", &[width])? + plus)?;
        Ok(Self::new(weight, None, false, epsilon)?)
    }

    pub(super) fn new(weight: Tensor, bias: Option<Tensor>, centred: bool, epsilon: f64) -> Result<Self> {
        let scales = weight.to_vec1()?;
        let shifts = bias.as_ref().map(Tensor::to_vec1).transpose()?.unwrap_or_default();
        Ok(Self { weight, bias, scales, shifts, centred, epsilon: epsilon as f32 })
    }

    /// Normalises the last dimension.
    pub(in super::super) fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        if own_way(rows.device()) {
            return rows.contiguous()?.apply_op1_no_bwd(self);
        }
        self.plain(rows)
    }

    /// The same in candle's own operations.
    pub(super) fn plain(&self, rows: &Tensor) -> Result<Tensor> {
        let centred = if self.centred { rows.broadcast_sub(&rows.mean_keepdim(D::Minus1)?)? } else { rows.clone() };
        let spread = (centred.sqr()?.mean_keepdim(D::Minus1)? + f64::from(self.epsilon))?.sqrt()?;
        let scaled = centred.broadcast_div(&spread)?.broadcast_mul(&self.weight)?;
        match &self.bias {
            Some(bias) => scaled.broadcast_add(bias),
            None => Ok(scaled),
        }
    }

    /// Normalises one row where it lies.
    pub(super) fn apply(&self, row: &mut [f32]) {
        let count = row.len() as f32;
        let mean = if self.centred { Sum::new(row).dispatch() / count } else { 0.0 };
        let squares =
            if self.centred { SumSquareSub::new(row, mean).dispatch() } else { SumSquare::new(row).dispatch() };
        let options = NormalizeOptions {
            pre_scale_bias: mean,
            scale: 1.0 / (squares / count + self.epsilon).sqrt(),
            element_scale: Some(&self.scales),
            bias: 0.0,
            element_bias: (!self.shifts.is_empty()).then_some(&self.shifts),
        };
        Normalize::new_mut(row, options).dispatch();
    }
}

impl CustomOp1 for Norm {
    fn name(&self) -> &'static str {
        "norm"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let width = self.scales.len();
        if layout.shape().dims().last() != Some(&width) {
            bail!("a norm of {width} for rows of shape {:?}", layout.shape());
        }
        let mut out = elements::<f32>(storage, layout, "a norm")?.to_vec();
        out.chunks_exact_mut(width.max(1)).for_each(|row| self.apply(row));
        Ok((CpuStorage::F32(out), layout.shape().clone()))
    }
}
