//! Arithmetic on embedding vectors: the owned matrix, unit length and Matryoshka prefixes.
//!
//! The room knows numbers only: no notes, files or graphs. Vectors are rows of `f32` in Matryoshka order (Kusupati et
//! al. 2022, "Matryoshka Representation Learning", arXiv 2205.13147): any prefix, brought back to unit length, is an
//! embedding of its own. Distances are cosines, so everything downstream expects unit rows.

mod adapter;
pub(crate) mod kernels;
#[cfg(test)]
pub(crate) mod naive;
pub(crate) mod quantise;
pub(crate) mod rotation;
mod spread;

#[cfg(test)]
pub(crate) mod seeded;

pub(crate) use adapter::Adapter;
pub(crate) use quantise::{Bits, CodeParams, QueryCode};
pub(crate) use rotation::Rotation;
use thiserror::Error;

/// What can be wrong with a vector or a matrix of them.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum VectorError {
    /// A matrix was asked for with rows of no components.
    #[error("vectors need at least one component: pass a width of 1 or more")]
    ZeroWidth,
    /// A row does not fit the matrix it was given to.
    #[error("vector has {got} components where {expected} are expected: use one encoder for the whole collection")]
    WrongWidth {
        /// Components of every row of the matrix.
        expected: usize,
        /// Components of the row that was given.
        got: usize,
    },
    /// A flat buffer that does not divide into whole rows.
    #[error("{length} components do not divide into rows of {width}: the buffer is cut short or the width is wrong")]
    Ragged {
        /// Components of a row.
        width: usize,
        /// Components in the buffer.
        length: usize,
    },
    /// A component is NaN or infinite.
    #[error("component {position} is not a finite number: check the encoder's output for overflow")]
    NotFinite {
        /// Index of the first such component, counted over the whole buffer.
        position: usize,
    },
    /// A vector of length zero has no direction.
    #[error("vector has zero length and so no direction: skip it or encode other content")]
    Zero,
    /// The vectors are too wide for an adapter.
    #[error("vectors of {width} components are too wide for an adapter: it is for {most} at most")]
    TooWide {
        /// Components of a vector.
        width: usize,
        /// The most there may be.
        most: usize,
    },
    /// A component of an adapter is out of range.
    #[error("component {position} of the adapter is not within -{most}..{most}: train it again")]
    TooLarge {
        /// Index of the first such component, counted over the whole matrix.
        position: usize,
        /// The largest that is accepted.
        most: f32,
    },
    /// A matrix that should be a rotation is not.
    #[error("rotation rows are not orthonormal: error {error} exceeds {allowed}; learn the rotation again")]
    NotOrthonormal {
        /// Largest deviation of a pair of rows from orthonormality.
        error: f32,
        /// The largest deviation that is accepted.
        allowed: f32,
    },
}

/// Owned row-major matrix: `len` rows of `width` finite components.
#[derive(Debug, Clone, PartialEq)]
pub struct Vectors {
    width: usize,
    data: Vec<f32>,
}

impl Vectors {
    /// Takes `rows * width` components, row after row.
    ///
    /// # Errors
    /// [`VectorError::ZeroWidth`], [`VectorError::Ragged`] or [`VectorError::NotFinite`].
    pub fn from_flat(width: usize, data: Vec<f32>) -> Result<Self, VectorError> {
        if width == 0 {
            return Err(VectorError::ZeroWidth);
        }
        if !data.len().is_multiple_of(width) {
            return Err(VectorError::Ragged { width, length: data.len() });
        }
        check_finite(&data)?;
        Ok(Self { width, data })
    }

    /// An empty matrix with room for `rows` rows of `width` components.
    ///
    /// # Errors
    /// [`VectorError::ZeroWidth`].
    pub fn with_capacity(width: usize, rows: usize) -> Result<Self, VectorError> {
        if width == 0 {
            return Err(VectorError::ZeroWidth);
        }
        let data = Vec::with_capacity(width.saturating_mul(rows));
        Ok(Self { width, data })
    }

    /// Appends one row.
    ///
    /// # Errors
    /// [`VectorError::WrongWidth`] or [`VectorError::NotFinite`]; the matrix is then unchanged.
    pub fn push(&mut self, row: &[f32]) -> Result<(), VectorError> {
        if row.len() != self.width {
            return Err(VectorError::WrongWidth { expected: self.width, got: row.len() });
        }
        check_finite(row)?;
        self.data.extend_from_slice(row);
        Ok(())
    }

    /// Components of a row.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.data.len() / self.width
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// Row `index`.
    ///
    /// # Panics
    /// If `index >= len()`; [`Vectors::get`] does not.
    #[must_use]
    pub fn row(&self, index: usize) -> &[f32] {
        &self.data[index * self.width..][..self.width]
    }

    /// Row `index`, or `None` past the end.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&[f32]> {
        (index < self.len()).then(|| self.row(index))
    }

    /// The rows in order.
    pub fn iter(&self) -> std::slice::ChunksExact<'_, f32> {
        self.data.chunks_exact(self.width)
    }

    /// Moves the rows in place: row `order[i]` goes to position `i`.
    ///
    /// # Panics
    /// If `order` is not a permutation of the rows.
    pub(crate) fn reorder(&mut self, order: &[u32]) {
        assert_eq!(order.len(), self.len(), "an order names every row once");
        let mut done = vec![false; order.len()];
        for start in 0..order.len() {
            if done[start] {
                continue;
            }
            let first = self.row(start).to_vec();
            let mut place = start;
            loop {
                assert!(!std::mem::replace(&mut done[place], true), "an order names every row once");
                let from = order[place] as usize;
                let target = place * self.width;
                if from == start {
                    self.data[target..target + self.width].copy_from_slice(&first);
                    break;
                }
                self.data.copy_within(from * self.width..(from + 1) * self.width, target);
                place = from;
            }
        }
    }

    /// All components, row after row.
    #[must_use]
    pub fn flat(&self) -> &[f32] {
        &self.data
    }

    /// Gives the components back, row after row.
    #[must_use]
    pub fn into_flat(self) -> Vec<f32> {
        self.data
    }
}

impl<'a> IntoIterator for &'a Vectors {
    type Item = &'a [f32];
    type IntoIter = std::slice::ChunksExact<'a, f32>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// Scales a vector to unit length in place; the length is summed in `f64`.
///
/// # Errors
/// [`VectorError::NotFinite`] or [`VectorError::Zero`]; the vector is then unchanged.
pub(crate) fn normalise(vector: &mut [f32]) -> Result<(), VectorError> {
    check_finite(vector)?;
    let length = length(vector);
    if length == 0.0 {
        return Err(VectorError::Zero);
    }
    for component in vector {
        *component = (f64::from(*component) / length) as f32;
    }
    Ok(())
}

/// The first `dims` components brought to unit length (all of them when there are fewer).
///
/// A prefix of zeros has no direction and stays zero, which scores 0 against everything.
#[must_use]
pub fn prefix_unit(vector: &[f32], dims: usize) -> Vec<f32> {
    let prefix = &vector[..dims.min(vector.len())];
    let length = length(prefix);
    if length == 0.0 {
        return vec![0.0; prefix.len()];
    }
    prefix.iter().map(|&component| (f64::from(component) / length) as f32).collect()
}

/// Euclidean length, summed in `f64` so that no finite `f32` vector overflows or vanishes.
fn length(vector: &[f32]) -> f64 {
    // Several sums at a time: one alone waits for every addition.
    let (whole, rest) = vector.as_chunks::<8>();
    let mut sums = [0.0_f64; 8];
    for part in whole {
        sums.iter_mut().zip(part).for_each(|(sum, &component)| *sum += f64::from(component) * f64::from(component));
    }
    let rest = rest.iter().map(|&component| f64::from(component) * f64::from(component));
    (sums.iter().sum::<f64>() + rest.sum::<f64>()).sqrt()
}

fn check_finite(components: &[f32]) -> Result<(), VectorError> {
    match components.iter().position(|component| !component.is_finite()) {
        Some(position) => Err(VectorError::NotFinite { position }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
