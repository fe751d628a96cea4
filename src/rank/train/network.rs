//! The head as tensors: what training differentiates. `head/forward.rs` computes the same without tensors.

use super::super::RankError;
use super::super::head::Weights;
use super::adam::Adam;
use super::batch::Batch;
use candle_core::{Device, Result, Tensor, Var};

/// The parts of a head as variables, in the order of [`Weights::parts`].
#[derive(Debug)]
pub(super) struct Network {
    shape: super::super::Shape,
    parts: [Var; 7],
}

impl Network {
    pub(super) fn of(weights: &Weights) -> std::result::Result<Self, RankError> {
        let var = |(rows, values): (usize, &Vec<f32>)| {
            let columns = values.len() / rows.max(1);
            Var::from_slice(values, (rows, columns), &Device::Cpu)
        };
        let parts = weights.parts().map(var).collect::<Result<Vec<Var>>>()?;
        let count = parts.len();
        let parts = parts.try_into().map_err(|_| RankError::Tensor { why: format!("{count} parts of a head") })?;
        Ok(Self { shape: weights.shape, parts })
    }

    /// Scores of all candidates of a batch, list after list.
    pub(super) fn scores(&self, batch: &Batch) -> Result<Tensor> {
        let [first, context, first_bias, second, second_bias, last, skip] = &self.parts;
        let from_query = batch.context.matmul(context)?.broadcast_add(first_bias)?.index_select(&batch.owner, 0)?;
        let units = squareplus(&(batch.rows.matmul(first)? + from_query)?)?;
        let units = squareplus(&units.matmul(second)?.broadcast_add(second_bias)?)?;
        (units.matmul(&last.t()?)? + batch.rows.matmul(&skip.t()?)?)?.squeeze(1)
    }

    /// Scores as one vector a list.
    pub(super) fn lists(&self, batch: &Batch) -> Result<Vec<Vec<f64>>> {
        per_list(&self.scores(batch)?, batch)
    }

    /// Moves the weights against a loss whose gradient by each list's scores `slope` computes from them.
    pub(super) fn step(
        &self,
        batch: &Batch,
        adam: &mut Adam,
        rate: f64,
        mut slope: impl FnMut(usize, &[f64]) -> Vec<f64>,
    ) -> Result<()> {
        let scores = self.scores(batch)?;
        let lists = per_list(&scores, batch)?;
        let by_score: Vec<f32> =
            lists.iter().enumerate().flat_map(|(list, scores)| slope(list, scores)).map(|value| value as f32).collect();
        let by_score = Tensor::from_vec(by_score, scores.dims1()?, &Device::Cpu)?;
        // The gradient of this product by a weight is that of the loss: what `slope` computed is a constant in it.
        let gradients = (scores * by_score)?.sum_all()?.backward()?;
        adam.step(&self.parts, &gradients, rate)
    }

    pub(super) fn weights(&self) -> Result<Weights> {
        let mut parts = <[Vec<f32>; 7]>::default();
        for (part, var) in parts.iter_mut().zip(&self.parts) {
            *part = var.flatten_all()?.to_vec1()?;
        }
        Ok(Weights::of_parts(self.shape, parts).bounded())
    }
}

fn squareplus(x: &Tensor) -> Result<Tensor> {
    ((x + x.sqr()?.affine(1.0, 4.0)?.sqrt()?)?).affine(0.5, -1.0)
}

fn per_list(scores: &Tensor, batch: &Batch) -> Result<Vec<Vec<f64>>> {
    let flat: Vec<f32> = scores.to_vec1()?;
    let mut rest = flat.iter();
    let take = |count: &usize| rest.by_ref().take(*count).map(|score| f64::from(*score)).collect();
    Ok(batch.counts.iter().map(take).collect())
}
