//! Lists as tensors: the inputs of all candidates of some lists, one below the other, so that no list is padded.

use super::super::inputs::{Inputs, Reading};
use super::super::random::Random;
use candle_core::{Device, Result, Tensor};
use std::ops::Range;

/// The inputs of one list, computed once for all steps.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) candidates: usize,
    /// A row a candidate.
    rows: Vec<f32>,
    context: Vec<f32>,
}

impl Prepared {
    pub(super) fn of(inputs: &Inputs) -> Self {
        let rows = (0..inputs.candidates).flat_map(|candidate| inputs.of(candidate)).collect();
        Self { candidates: inputs.candidates, rows, context: inputs.context.clone() }
    }
}

/// Where the inputs of each feature lie in a row, and which of them says that the value is missing.
#[derive(Debug)]
pub(super) struct Layout {
    width: usize,
    context: usize,
    features: Vec<(Range<usize>, bool)>,
}

impl Layout {
    pub(super) fn of(reading: &Reading) -> Self {
        let spans = reading.spans().map(|(_, span)| span);
        let features = spans.zip(&reading.features).map(|(span, feature)| (span, feature.sparse)).collect();
        Self { width: reading.width(), context: reading.context_width(), features }
    }

    /// Makes a feature look missing for all candidates of a list.
    fn forget(&self, feature: usize, rows: &mut [f32], context: &mut [f32]) {
        let Some((span, sparse)) = self.features.get(feature) else { return };
        for row in rows.chunks_exact_mut(self.width) {
            let Some(cells) = row.get_mut(span.clone()) else { continue };
            cells.fill(0.0);
            if let (true, Some(missing)) = (*sparse, cells.last_mut()) {
                *missing = 1.0;
            }
        }
        let each = self.context / self.features.len().max(1);
        if let Some(cells) = context.get_mut(feature * each..(feature + 1) * each) {
            cells.fill(0.0);
        }
    }
}

/// Features that are taken away at random while training, so that no head relies on one that some collections lack.
#[derive(Debug)]
pub(super) struct Dropout {
    /// Share of features.
    pub(super) share: f64,
    pub(super) random: Random,
}

/// Some lists as tensors.
#[derive(Debug)]
pub(super) struct Batch {
    /// All candidates by inputs.
    pub(super) rows: Tensor,
    /// Lists by inputs of a query.
    pub(super) context: Tensor,
    /// The list of each candidate.
    pub(super) owner: Tensor,
    /// Candidates of each list.
    pub(super) counts: Vec<usize>,
}

impl Batch {
    pub(super) fn of<'a>(
        lists: impl Iterator<Item = &'a Prepared>,
        layout: &Layout,
        mut dropout: Option<&mut Dropout>,
    ) -> Result<Self> {
        let (mut rows, mut context, mut owner, mut counts) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (number, list) in lists.enumerate() {
            let starts = (rows.len(), context.len());
            rows.extend_from_slice(&list.rows);
            context.extend_from_slice(&list.context);
            owner.extend(std::iter::repeat_n(number as u32, list.candidates));
            counts.push(list.candidates);
            if let Some(dropout) = dropout.as_deref_mut() {
                for feature in 0..layout.features.len() {
                    if dropout.random.unit() < dropout.share {
                        let (rows, context) = (rows.get_mut(starts.0..), context.get_mut(starts.1..));
                        layout.forget(feature, rows.unwrap_or_default(), context.unwrap_or_default());
                    }
                }
            }
        }
        let (candidates, lists) = (owner.len(), counts.len());
        Ok(Self {
            rows: Tensor::from_vec(rows, (candidates, layout.width), &Device::Cpu)?,
            context: Tensor::from_vec(context, (lists, layout.context), &Device::Cpu)?,
            owner: Tensor::from_vec(owner, candidates, &Device::Cpu)?,
            counts,
        })
    }
}
