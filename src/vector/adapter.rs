//! A projection that fits a general encoder's vectors to one collection: a square matrix near the identity.
//!
//! Unlike a rotation it changes what is close to what, and so what a search finds. Vectors and queries go through the same
//! matrix and are brought back to unit length.

use super::{VectorError, Vectors, check_finite, length};
use crate::vector::kernels::dot_f32;
use rayon::prelude::*;

/// Widest vectors it is for, as the file format has it.
const WIDTH_MAX: usize = 4_096;
/// Largest component of a matrix: with it no product of a unit vector overflows.
const COMPONENT_MAX: f32 = 1e3;
/// A product shorter than this has no direction worth following: the vector stays as it is.
const SHORTEST: f64 = 1e-3;
/// Vectors taken together, so that each axis is read from memory once for all of them.
const BLOCK_ROWS: usize = 16;

/// A matrix of `width` axes of `width` components; a vector's new components are its dot products with the axes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Adapter {
    width: usize,
    rows: Vec<f32>,
}

impl Adapter {
    /// Takes a matrix, row after row: checks its size and that its components are finite and within -1000..1000.
    ///
    /// # Errors
    /// [`VectorError::ZeroWidth`], [`VectorError::TooWide`], [`VectorError::Ragged`], [`VectorError::NotFinite`] or
    /// [`VectorError::TooLarge`].
    pub(crate) fn from_stored(width: usize, rows: Vec<f32>) -> Result<Self, VectorError> {
        if width == 0 {
            return Err(VectorError::ZeroWidth);
        }
        if width > WIDTH_MAX {
            return Err(VectorError::TooWide { width, most: WIDTH_MAX });
        }
        if width.checked_mul(width) != Some(rows.len()) {
            return Err(VectorError::Ragged { width, length: rows.len() });
        }
        check_finite(&rows)?;
        match rows.iter().position(|component| component.abs() > COMPONENT_MAX) {
            Some(position) => Err(VectorError::TooLarge { position, most: COMPONENT_MAX }),
            None => Ok(Self { width, rows }),
        }
    }

    /// Components of the vectors it is for.
    #[must_use]
    pub(crate) const fn width(&self) -> usize {
        self.width
    }

    /// The axes, row after row.
    #[must_use]
    pub(crate) fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// What becomes of a unit vector: the matrix times it, at unit length. A vector of which the matrix leaves less than a
    /// thousandth of its length stays as it is.
    ///
    /// # Errors
    /// [`VectorError::WrongWidth`].
    pub(crate) fn apply(&self, vector: &[f32]) -> Result<Vec<f32>, VectorError> {
        self.check_width(vector.len())?;
        let mut adapted: Vec<f32> = self.rows.chunks_exact(self.width).map(|axis| dot_f32(axis, vector)).collect();
        settle(&mut adapted, vector);
        Ok(adapted)
    }

    /// What becomes of each row, the same to the bit as [`Adapter::apply`] gives, on all threads of the current rayon pool.
    ///
    /// # Errors
    /// [`VectorError::WrongWidth`].
    pub(crate) fn apply_all(&self, vectors: &Vectors) -> Result<Vectors, VectorError> {
        self.check_width(vectors.width())?;
        let mut data = vec![0.0; vectors.flat().len()];
        let block = BLOCK_ROWS * self.width;
        data.par_chunks_mut(block).zip(vectors.flat().par_chunks(block)).for_each(|(adapted, rows)| {
            for (component, axis) in self.rows.chunks_exact(self.width).enumerate() {
                for (out, row) in adapted.chunks_exact_mut(self.width).zip(rows.chunks_exact(self.width)) {
                    out[component] = dot_f32(axis, row);
                }
            }
            for (out, row) in adapted.chunks_exact_mut(self.width).zip(rows.chunks_exact(self.width)) {
                settle(out, row);
            }
        });
        Vectors::from_flat(self.width, data)
    }

    const fn check_width(&self, got: usize) -> Result<(), VectorError> {
        if got == self.width { Ok(()) } else { Err(VectorError::WrongWidth { expected: self.width, got }) }
    }
}

/// Brings a product to unit length, or puts the vector it was made of in its place.
fn settle(product: &mut [f32], vector: &[f32]) {
    let length = length(product);
    if length.is_finite() && length >= SHORTEST {
        product.iter_mut().for_each(|component| *component = (f64::from(*component) / length) as f32);
    } else {
        product.copy_from_slice(vector);
    }
}

#[cfg(test)]
mod tests;
