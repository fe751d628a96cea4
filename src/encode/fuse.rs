//! Late fusion: what the parts of an input become together when each was computed alone.

use crate::vector::{VectorError, normalise};

/// What is summed for each input, a place of a batch; none where an input has no such part.
pub(super) type Sums = Vec<Option<Vec<f32>>>;

/// What texts and pictures of one input weigh: alike, whatever their number.
pub(super) const ALIKE: [f32; 2] = [1.0, 1.0];

/// Adds the direction of a row to a sum.
pub(super) fn add(sum: Option<&mut Option<Vec<f32>>>, mut row: Vec<f32>, weight: f32) {
    // A row of zeros has nothing to say. One that is not finite makes the sum so: whoever asked for it is told.
    let Some(sum) = sum.filter(|_| normalise(&mut row) != Err(VectorError::Zero)) else { return };
    row.iter_mut().for_each(|value| *value *= weight);
    match sum {
        Some(sum) => sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += value),
        None => *sum = Some(row),
    }
}

/// One row an input of its texts' and its pictures' sums, weighed; zeros where it has neither.
pub(super) fn fused(sums: [Sums; 2], weights: [f32; 2], (inputs, width): (usize, usize)) -> Vec<Vec<f32>> {
    let mut fused: Sums = vec![None; inputs];
    for (rows, weight) in sums.into_iter().zip(weights) {
        for (fused, row) in fused.iter_mut().zip(rows) {
            row.into_iter().for_each(|row| add(Some(&mut *fused), row, weight));
        }
    }
    fused.into_iter().map(|row| row.unwrap_or_else(|| vec![0.0; width])).collect()
}

/// Brings a row to unit length; one of zeros, such as that of a text without known tokens, becomes the first axis. What is
/// not finite is an error: damaged weights would give all inputs one vector.
pub(super) fn to_unit(row: &mut [f32]) -> Result<(), VectorError> {
    match normalise(row) {
        Err(VectorError::Zero) => {
            row.iter_mut().take(1).for_each(|value| *value = 1.0);
            Ok(())
        }
        done => done,
    }
}
