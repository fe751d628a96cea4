//! The adapter as tensors: the identity and what is learned on top of it, and cosines of what it makes of vectors.

use super::super::super::random::Random;
use super::super::adam::Adam;
use crate::vector::Adapter;
use candle_core::{Device, Result, Tensor, Var};

/// The identity plus a matrix, which may be the product of two narrow ones (Hu et al. 2021, "LoRA", arXiv 2106.09685).
#[derive(Debug)]
pub(super) struct Projection {
    width: usize,
    /// The matrix itself, width x width; or its two factors, width x rank and rank x width.
    parts: Vec<Var>,
}

/// Vectors of some queries and of some rows, and the widths of which cosines are wanted.
pub(super) struct Batch<'a> {
    /// Queries by components.
    pub(super) queries: Tensor,
    /// Rows by components.
    pub(super) rows: Tensor,
    pub(super) prefixes: &'a [usize],
}

impl Projection {
    /// The identity. Of two factors the second starts at random, else neither would ever move.
    pub(super) fn identity(width: usize, rank: Option<usize>, random: &mut Random) -> Result<Self> {
        let zeros = |rows, columns| Var::zeros((rows, columns), candle_core::DType::F32, &Device::Cpu);
        let parts = match rank.filter(|rank| *rank < width) {
            None => vec![zeros(width, width)?],
            Some(rank) => {
                let size = (width as f64).sqrt();
                let drawn: Vec<f32> = (0..rank * width).map(|_| (random.normal() / size) as f32).collect();
                vec![zeros(width, rank)?, Var::from_slice(&drawn, (rank, width), &Device::Cpu)?]
            }
        };
        Ok(Self { width, parts })
    }

    /// The matrix of an adapter, to be trained further.
    pub(super) fn of(adapter: &Adapter) -> Result<Self> {
        let width = adapter.width();
        let mut added = adapter.rows().to_vec();
        added.iter_mut().step_by(width + 1).for_each(|diagonal| *diagonal -= 1.0);
        Ok(Self { width, parts: vec![Var::from_slice(&added, (width, width), &Device::Cpu)?] })
    }

    /// What is added to the identity.
    fn added(&self) -> Result<Tensor> {
        match self.parts.as_slice() {
            [left, right] => left.matmul(right),
            parts => parts.first().map_or_else(
                || Tensor::zeros((0, 0), candle_core::DType::F32, &Device::Cpu),
                |part| Ok(part.as_tensor().clone()),
            ),
        }
    }

    /// The matrix, row after row.
    pub(super) fn matrix(&self) -> Result<Vec<f32>> {
        let mut rows: Vec<f32> = self.added()?.flatten_all()?.to_vec1()?;
        rows.iter_mut().step_by(self.width + 1).for_each(|diagonal| *diagonal += 1.0);
        Ok(rows)
    }

    /// Vectors as the matrix makes them.
    fn turned(vectors: &Tensor, added: &Tensor) -> Result<Tensor> {
        vectors + vectors.matmul(&added.t()?)?
    }

    /// Cosines of each query with each row in each prefix.
    fn cosines(batch: &Batch<'_>, added: &Tensor) -> Result<Vec<Tensor>> {
        let (queries, rows) = (Self::turned(&batch.queries, added)?, Self::turned(&batch.rows, added)?);
        let of_prefix = |dims: &usize| {
            let (queries, rows) = (unit(&queries.narrow(1, 0, *dims)?)?, unit(&rows.narrow(1, 0, *dims)?)?);
            queries.matmul(&rows.t()?)
        };
        batch.prefixes.iter().map(of_prefix).collect()
    }

    /// Cosines by prefix, query and row, with no step.
    pub(super) fn look(&self, batch: &Batch<'_>) -> Result<Vec<Vec<Vec<f32>>>> {
        Self::cosines(batch, &self.added()?)?.iter().map(Tensor::to_vec2).collect()
    }

    /// Moves the matrix against a loss, of which `slope` computes the gradient by the cosines of a prefix (queries by rows)
    /// from these, and against `leash` times the mean square of what is added, a row.
    pub(super) fn step(
        &self,
        batch: &Batch<'_>,
        (adam, rate): (&mut Adam, f64),
        leash: f64,
        mut slope: impl FnMut(Vec<Vec<f32>>) -> Vec<f32>,
    ) -> Result<()> {
        let added = self.added()?;
        let mut loss = added.sqr()?.sum_all()?.affine(leash / self.width as f64, 0.0)?;
        for cosines in Self::cosines(batch, &added)? {
            let gradient = Tensor::from_vec(slope(cosines.to_vec2()?), cosines.dims2()?, &Device::Cpu)?;
            // The gradient of this product by the matrix is that of the loss: what `slope` computed is a constant in it.
            loss = (loss + (cosines * gradient)?.sum_all()?)?;
        }
        adam.step(&self.parts, &loss.backward()?, rate)
    }
}

/// Rows at unit length.
fn unit(rows: &Tensor) -> Result<Tensor> {
    let length = rows.sqr()?.sum_keepdim(1)?.affine(1.0, 1e-12)?.sqrt()?;
    rows.broadcast_div(&length)
}

/// Vectors as a tensor, one a row.
pub(super) fn tensor<'a>(vectors: impl Iterator<Item = &'a [f32]>, width: usize) -> Result<Tensor> {
    let flat: Vec<f32> = vectors.flatten().copied().collect();
    let rows = flat.len() / width.max(1);
    Tensor::from_vec(flat, (rows, width), &Device::Cpu)
}
