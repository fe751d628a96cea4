//! Orthogonal rotation to principal axes, which makes prefixes of any embedding useful.
//!
//! An encoder that was not trained with Matryoshka loss spreads its information over all components. Turning the space
//! so that the axes come in order of the second moment they carry (principal axes about the origin: rows are unit
//! vectors compared by cosine, so the mean counts) leaves every full-width dot product as it was and puts most of it
//! into the first components (Pearson 1901; Jolliffe, "Principal Component Analysis").

use super::kernels::{self, dot_f32};
use super::quantise::{full_scale, to_bytes};
use super::{VectorError, Vectors, check_finite};
use nalgebra::{DMatrix, DMatrixView, SymmetricEigen};
use rayon::prelude::*;
use std::sync::OnceLock;

/// Largest deviation from orthonormal rows that is still taken for a rotation.
const ORTHONORMAL_WITHIN: f32 = 1e-3;
/// Rows of a sample that enter the second moments at a time; bounds the scratch memory.
const MOMENT_BLOCK_ROWS: usize = 512;
/// Vectors rotated together, so that each axis is read from memory once for all of them.
const APPLY_BLOCK_ROWS: usize = 16;
/// Sweeps of the eigenvalue iteration, a component; two or three are usual.
const SWEEPS_PER_COMPONENT: usize = 64;

/// Orthonormal axes, one a row; turning a vector takes its dot product with each axis.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rotation {
    width: usize,
    rows: Vec<f32>,
    /// Made with the first query: opening an index must not wait for it.
    coarse: OnceLock<Coarse>,
}

/// The axes in bytes, and what a unit of each stands for: reading them in full takes a query several microseconds, and codes
/// are coarser than that anyway.
#[derive(Debug, Clone, PartialEq)]
struct Coarse {
    bytes: Vec<i8>,
    units: Vec<f32>,
}

impl Rotation {
    /// Learns principal axes from a sample of unit vectors: 20 or more rows a component describe a collection well.
    ///
    /// Repeatable: the same sample gives the same axes on the same machine, each signed so that its largest component
    /// is positive. An empty sample gives the identity.
    #[must_use]
    pub(crate) fn learn(sample: &Vectors) -> Self {
        let width = sample.width();
        if sample.is_empty() {
            return Self::identity(width);
        }
        let iterations = SWEEPS_PER_COMPONENT.saturating_mul(width);
        let Some(eigen) = SymmetricEigen::try_new(second_moments(sample), f64::EPSILON, iterations) else {
            return Self::identity(width);
        };
        let mut order: Vec<usize> = (0..width).collect();
        order.sort_by(|&a, &b| eigen.eigenvalues[b].total_cmp(&eigen.eigenvalues[a]).then(a.cmp(&b)));
        let mut rows = Vec::with_capacity(width * width);
        for axis in order {
            let axis = eigen.eigenvectors.column(axis);
            let sign = if axis[axis.iamax()] < 0.0 { -1.0 } else { 1.0 };
            rows.extend(axis.iter().map(|&component| (component * sign) as f32));
        }
        let learnt = Self::of(width, rows);
        if learnt.orthogonality_error() > ORTHONORMAL_WITHIN {
            return Self::identity(width);
        }
        learnt
    }

    /// The rotation that leaves everything where it is.
    #[must_use]
    pub(crate) fn identity(width: usize) -> Self {
        let mut rows = vec![0.0; width * width];
        for axis in 0..width {
            rows[axis * width + axis] = 1.0;
        }
        Self::of(width, rows)
    }

    const fn of(width: usize, rows: Vec<f32>) -> Self {
        Self { width, rows, coarse: OnceLock::new() }
    }

    fn coarse(&self) -> &Coarse {
        self.coarse.get_or_init(|| {
            let mut bytes = vec![0; self.rows.len()];
            let in_bytes = |(axis, bytes): (&[f32], &mut [i8])| {
                let scale = full_scale(axis);
                to_bytes(axis, scale, bytes);
                1.0 / scale
            };
            let units = self.axes().zip(bytes.chunks_exact_mut(self.width)).map(in_bytes).collect();
            Coarse { bytes, units }
        })
    }

    /// Checks that the axes are orthonormal, at a cost of `width`^3.
    ///
    /// # Errors
    /// [`VectorError::NotOrthonormal`] beyond 1e-3.
    pub(crate) fn check(&self) -> Result<(), VectorError> {
        let error = self.orthogonality_error();
        if error > ORTHONORMAL_WITHIN {
            return Err(VectorError::NotOrthonormal { error, allowed: ORTHONORMAL_WITHIN });
        }
        Ok(())
    }

    /// Takes axes that were written by this library: checks their number and that they are finite, no more.
    ///
    /// # Errors
    /// [`VectorError::ZeroWidth`], [`VectorError::Ragged`] or [`VectorError::NotFinite`].
    pub(crate) fn from_stored(width: usize, rows: Vec<f32>) -> Result<Self, VectorError> {
        if width == 0 {
            return Err(VectorError::ZeroWidth);
        }
        if width.checked_mul(width) != Some(rows.len()) {
            return Err(VectorError::Ragged { width, length: rows.len() });
        }
        check_finite(&rows)?;
        Ok(Self::of(width, rows))
    }

    /// Components of the vectors it turns.
    #[must_use]
    pub(crate) fn width(&self) -> usize {
        self.width
    }

    /// The axes, row after row.
    #[must_use]
    pub(crate) fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// The first `dims` turned components of one vector, each within about a hundredth of the vector's length: what the
    /// code of a query needs, several times as fast as [`Rotation::prefixes`].
    ///
    /// A vector of another width is a programmer's error: caught in debug builds, cut or taken as 0 beyond otherwise.
    #[must_use]
    pub(crate) fn coarse_prefix(&self, vector: &[f32], dims: usize) -> Vec<f32> {
        debug_assert_eq!(vector.len(), self.width, "vector of another width");
        let mut bytes = vec![0; self.width];
        let scale = full_scale(vector);
        to_bytes(vector, scale, &mut bytes);
        let axes: Vec<u32> = (0..dims.min(self.width) as u32).collect();
        let mut scores = Vec::new();
        let coarse = self.coarse();
        kernels::dot_i8_many(&bytes, &coarse.bytes, &axes, &mut scores);
        scores.iter().zip(&coarse.units).map(|(score, axis)| *score as f32 * axis / scale).collect()
    }

    /// The first `dims` turned components of every row, on all threads of the current rayon pool.
    ///
    /// # Errors
    /// [`VectorError::WrongWidth`].
    pub(crate) fn prefixes(&self, vectors: &Vectors, dims: usize) -> Result<Vectors, VectorError> {
        self.check_width(vectors.width())?;
        let dims = dims.clamp(1, self.width);
        let mut data = vec![0.0; vectors.len() * dims];
        let blocks = vectors.flat().par_chunks(APPLY_BLOCK_ROWS * self.width);
        data.par_chunks_mut(APPLY_BLOCK_ROWS * dims).zip(blocks).for_each(|(turned, rows)| {
            for (component, axis) in self.axes().take(dims).enumerate() {
                let outs = turned.chunks_exact_mut(dims);
                for (out, row) in outs.zip(rows.chunks_exact(self.width)) {
                    out[component] = dot_f32(axis, row);
                }
            }
        });
        Vectors::from_flat(dims, data)
    }

    /// Largest deviation of any two axes from orthonormality: 0 for an exact rotation. Costs `width`^3.
    #[must_use]
    pub(crate) fn orthogonality_error(&self) -> f32 {
        self.rows
            .par_chunks_exact(self.width)
            .enumerate()
            .map(|(index, axis)| {
                let others = self.axes().enumerate().skip(index);
                others.fold(0.0_f32, |worst, (other, row)| {
                    let expected = if other == index { 1.0 } else { 0.0 };
                    worst.max((dot_f32(axis, row) - expected).abs())
                })
            })
            .reduce(|| 0.0, f32::max)
    }

    fn axes(&self) -> std::slice::ChunksExact<'_, f32> {
        self.rows.chunks_exact(self.width)
    }

    fn check_width(&self, got: usize) -> Result<(), VectorError> {
        if got == self.width {
            return Ok(());
        }
        Err(VectorError::WrongWidth { expected: self.width, got })
    }
}

/// Mean outer product of the rows with themselves, in `f64`.
fn second_moments(sample: &Vectors) -> DMatrix<f64> {
    let width = sample.width();
    let mut moments = DMatrix::zeros(width, width);
    let share = 1.0 / sample.len() as f64;
    for block in sample.flat().chunks(MOMENT_BLOCK_ROWS * width) {
        let wide: Vec<f64> = block.iter().map(|&component| f64::from(component)).collect();
        // Row-major rows are the columns of a column-major matrix.
        let columns = DMatrixView::from_slice(&wide, width, block.len() / width);
        moments.gemm(share, &columns, &columns.transpose(), 1.0);
    }
    moments
}

#[cfg(test)]
mod tests;
