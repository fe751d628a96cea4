//! Matrix products, with what comes right after them in the same pass: bias, activation, residual.

use super::super::problem::ModelProblem;
use super::super::stored::{Format, blocks};
use super::super::weights::Scope;
use super::product::Packed;
use super::{Activation, elements, own_way};
use candle_core::quantized::QMatMul;
use candle_core::{CpuStorage, CustomOp1, CustomOp2, Layout, Module, Result, Shape, Tensor, bail};

/// `x W^T + b` for rows `x`.
pub(in super::super) struct Linear {
    weight: Weight,
    bias: Option<Tensor>,
    inputs: usize,
    outputs: usize,
}

enum Weight {
    /// In the order in which the product reads it, with the bias beside it.
    Packed(Packed, Vec<f32>),
    /// `[outputs, inputs]`.
    Plain(Tensor),
    /// In blocks, as in the file: products whose outputs stand side by side. Candle rounds the rows to blocks of eight bits.
    Blocks(Vec<QMatMul>),
}

impl Linear {
    /// Loads `weight` (`[outputs, inputs]`) and, where it is there, `bias`.
    pub(in super::super) fn load(
        scope: &Scope<'_>,
        inputs: usize,
        outputs: usize,
    ) -> std::result::Result<Self, ModelProblem> {
        Self::stacked(&[(scope.clone(), outputs)], inputs)
    }

    /// Several products of the same rows as one: their outputs side by side. All have a bias, or none.
    pub(in super::super) fn stacked(
        parts: &[(Scope<'_>, usize)],
        inputs: usize,
    ) -> std::result::Result<Self, ModelProblem> {
        let mut biases = Vec::with_capacity(parts.len());
        let mut in_blocks = false;
        for (scope, outputs) in parts {
            biases.extend(scope.optional("bias", &[*outputs])?);
            in_blocks |= matches!(scope.stored("weight", &[*outputs, inputs])?.format, Format::Blocks(_));
        }
        let bias = match biases.len() {
            0 => None,
            count if count == parts.len() => Some(Tensor::cat(&biases, 0)?),
            _ => {
                return Err(ModelProblem::Runtime {
                    why: "some of several products side by side have no bias".to_owned(),
                });
            }
        };
        if in_blocks {
            let products = parts.iter().map(|(scope, outputs)| product(scope, &[*outputs, inputs]));
            let weight = Weight::Blocks(products.collect::<std::result::Result<_, _>>()?);
            return Ok(Self { weight, bias, inputs, outputs: parts.iter().map(|(_, outputs)| outputs).sum() });
        }
        let weights = parts.iter().map(|(scope, outputs)| scope.tensor("weight", &[*outputs, inputs]));
        let weights = weights.collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(Self::new(&Tensor::cat(&weights, 0)?, bias)?)
    }

    /// From a matrix `[outputs, inputs]` and a bias `[outputs]`.
    pub(in super::super) fn new(weight: &Tensor, bias: Option<Tensor>) -> Result<Self> {
        let (outputs, inputs) = weight.dims2()?;
        let stored = if own_way(weight.device()) {
            let bias = bias.as_ref().map(Tensor::to_vec1).transpose()?.unwrap_or_default();
            Weight::Packed(Packed::new(weight)?, bias)
        } else {
            Weight::Plain(weight.clone())
        };
        Ok(Self { weight: stored, bias, inputs, outputs })
    }

    /// From products in blocks.
    #[cfg(test)]
    pub(super) fn of_blocks(products: Vec<QMatMul>, (inputs, outputs): (usize, usize)) -> Self {
        Self { weight: Weight::Blocks(products), bias: None, inputs, outputs }
    }

    /// Width of the outputs.
    pub(in super::super) fn outputs(&self) -> usize {
        self.outputs
    }

    /// `[rows, inputs]` to `[rows, outputs]`.
    pub(in super::super) fn forward(&self, rows: &Tensor) -> Result<Tensor> {
        self.activated(rows, Activation::Identity)
    }

    /// The same with an activation.
    pub(in super::super) fn activated(&self, rows: &Tensor, activation: Activation) -> Result<Tensor> {
        match &self.weight {
            Weight::Packed(packed, bias) => {
                rows.contiguous()?.apply_op1_no_bwd(&Product { linear: self, packed, bias, activation })
            }
            weight => activation.forward(&self.plain(weight, rows)?),
        }
    }

    /// The same added to a residual `[rows, outputs]`.
    pub(in super::super) fn onto(&self, rows: &Tensor, residual: &Tensor) -> Result<Tensor> {
        match &self.weight {
            Weight::Packed(packed, bias) => {
                let product = Product { linear: self, packed, bias, activation: Activation::Identity };
                rows.contiguous()?.apply_op2_no_bwd(&residual.contiguous()?, &product)
            }
            weight => self.plain(weight, rows)? + residual,
        }
    }

    /// In candle's own operations.
    fn plain(&self, weight: &Weight, rows: &Tensor) -> Result<Tensor> {
        let product = match weight {
            Weight::Packed(..) => bail!("packed weights outside their own operation"),
            Weight::Plain(weight) => rows.matmul(&weight.t()?)?,
            Weight::Blocks(products) => {
                let rows = rows.contiguous()?;
                let parts = products.iter().map(|product| product.forward(&rows)).collect::<Result<Vec<_>>>()?;
                Tensor::cat(&parts, 1)?
            }
        };
        match &self.bias {
            Some(bias) => product.broadcast_add(bias),
            None => Ok(product),
        }
    }
}

/// One of several products side by side of which at least one is in blocks.
fn product(scope: &Scope<'_>, shape: &[usize; 2]) -> std::result::Result<QMatMul, ModelProblem> {
    let stored = scope.stored("weight", shape)?;
    Ok(match stored.format {
        Format::Plain(_) => QMatMul::Tensor(scope.tensor("weight", shape)?),
        Format::Blocks(kind) => QMatMul::from_qtensor(blocks(kind, stored.bytes(), shape, scope.device())?)?,
    })
}

/// A product with packed weights on the CPU.
struct Product<'a> {
    linear: &'a Linear,
    packed: &'a Packed,
    bias: &'a [f32],
    activation: Activation,
}

impl Product<'_> {
    /// Adds the product to what is in `out`, or replaces it.
    fn run(&self, rows: &[f32], out: &mut [f32], add: bool) -> Result<()> {
        self.packed.multiply(rows, out, self.bias, add)?;
        self.activation.apply(out);
        Ok(())
    }

    fn shape(&self, layout: &Layout) -> Result<(usize, Shape)> {
        let (count, inputs) = layout.shape().dims2()?;
        if inputs != self.linear.inputs {
            bail!("rows of width {inputs} for a matrix of {} inputs", self.linear.inputs);
        }
        Ok((count * self.linear.outputs, Shape::from((count, self.linear.outputs))))
    }
}

impl CustomOp1 for Product<'_> {
    fn name(&self) -> &'static str {
        "packed-product"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (size, shape) = self.shape(layout)?;
        let mut out = vec![0.0; size];
        self.run(elements(storage, layout, "a product")?, &mut out, false)?;
        Ok((CpuStorage::F32(out), shape))
    }
}

impl CustomOp2 for Product<'_> {
    fn name(&self) -> &'static str {
        "packed-product-onto"
    }

    fn cpu_fwd(&self, s1: &CpuStorage, l1: &Layout, s2: &CpuStorage, l2: &Layout) -> Result<(CpuStorage, Shape)> {
        let (size, shape) = self.shape(l1)?;
        let mut out = elements::<f32>(s2, l2, "a residual")?.to_vec();
        if out.len() != size {
            bail!("a residual of {} elements for a product of {size}", out.len());
        }
        self.run(elements(s1, l1, "a product")?, &mut out, true)?;
        Ok((CpuStorage::F32(out), shape))
    }
}
