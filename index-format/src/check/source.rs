//! Vectors that went through an adapter against what the encoder gave, in double precision and by the words of `SPEC.md`.

use super::Collector;
use super::space::{UNIT_WITHIN, squared_length};

/// Rows of a space whose vectors are computed again.
const ROWS: usize = 1_000;
/// A product shorter than this leaves the vector as it was.
const SHORTEST: f64 = 1e-3;
/// What single precision may change in a component, of the sum of its terms' sizes, and of the component of a unit vector.
const SUM_WITHIN: f64 = 1e-5;
const WITHIN: f64 = 1e-5;

/// Sources have unit length, and vectors are what the adapter makes of them.
pub(super) fn verify(
    width: usize,
    (sources, vectors): (&[f32], &[f32]),
    matrix: Option<&[f32]>,
    found: &mut Collector,
) {
    let matrix = matrix.filter(|matrix| width.checked_mul(width) == Some(matrix.len()));
    let pairs = sources.chunks_exact(width.max(1)).zip(vectors.chunks_exact(width.max(1)));
    let step = pairs.len().div_ceil(ROWS).max(1);
    for (row, (source, vector)) in pairs.enumerate() {
        let norm = squared_length(source);
        if !norm.is_finite() || (norm - 1.0).abs() > UNIT_WITHIN {
            found.push(row, format!("row {row}: squared length of the source {norm}, expected 1"));
        } else if let Some(matrix) = matrix.filter(|_| row.is_multiple_of(step))
            && !comes_from(matrix, source, vector)
        {
            found.push(row, format!("row {row}: the vector is not what the adapter makes of its source"));
        }
    }
}

/// Whether the vector is what the matrix makes of the source, within rounding.
fn comes_from(matrix: &[f32], source: &[f32], vector: &[f32]) -> bool {
    let products: Vec<(f64, f64)> =
        matrix.chunks_exact(source.len().max(1)).map(|axis| product(axis, source)).collect();
    let length = products.iter().map(|(sum, _)| sum * sum).sum::<f64>().sqrt();
    let noise = products.iter().map(|(_, size)| size * SUM_WITHIN).fold(0.0, f64::max);
    // Near the border rounding decides.
    if vector == source && length < SHORTEST + noise * (products.len() as f64).sqrt() {
        return true;
    }
    let close = |(vector, (sum, size)): (&f32, &(f64, f64))| {
        (f64::from(*vector) - sum / length).abs() <= WITHIN + SUM_WITHIN * size / length
    };
    length > 0.0 && vector.iter().zip(&products).all(close)
}

/// A dot product, and the sum of its terms' sizes.
fn product(axis: &[f32], source: &[f32]) -> (f64, f64) {
    let terms = axis.iter().zip(source).map(|(axis, value)| f64::from(*axis) * f64::from(*value));
    terms.fold((0.0, 0.0), |(sum, size), term| (sum + term, size + term.abs()))
}
