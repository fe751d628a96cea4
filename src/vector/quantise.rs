//! Codes of renormalised Matryoshka prefixes, 8 or 4 bits a component.
//!
//! **8 bits**: one scale serves all components: the code of a unit prefix `x` is `round(x * scale)` cut to -127..=127. The
//! scale is learnt so that the largest value seen in all but a sliver of the components just fits: uniform scalar
//! quantisation with clipping (Jegou et al. and FAISS call it SQ8).
//!
//! **4 bits**: the prefix is first spread evenly over its components (`spread`), so that sixteen even levels within three
//! standard deviations suit all of them: level `floor(y * scale) + 8` cut to 0..=15 stands for half a unit more (the idea
//! of scalar codes after a random rotation: Gao and Long 2024, "RaBitQ", arXiv 2405.12497, and its multi-bit successor).
//! Byte `j` holds component `j` in its low half and component `j + dims / 2` in its high half.
//!
//! A query is never cut to 4 bits: it keeps 8 a component, scaled to its own largest one.

use super::spread::spread;
use super::{Vectors, kernels, length, prefix_unit};

/// Largest magnitude of an 8-bit code component; -128 stays unused so that negation is always exact.
const CODE_MAX: f32 = 127.0;
/// Share of component magnitudes that are coded without clipping.
const UNCLIPPED_SHARE: f64 = 0.9999;
/// Components looked at to learn a scale; enough to place that quantile firmly.
const LEARN_COMPONENTS_MAX: usize = 1 << 20;
/// What the lowest of the sixteen levels is short of zero, in levels.
const NIBBLE_ZERO: f32 = 8.0;
/// Standard deviations of spread components that the sixteen levels reach to each side.
const NIBBLE_REACH: f32 = 3.0;

/// Bits of a code component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bits {
    /// Sixteen levels of spread components.
    Four = 4,
    /// Signed bytes of the components as they are.
    Eight = 8,
}

/// How prefixes of one collection become codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CodeParams {
    pub(crate) bits: Bits,
    /// Components of the prefix.
    pub(crate) dims: usize,
    /// Code units per unit of a renormalised (and, at 4 bits, spread) prefix component.
    pub(crate) scale: f32,
}

impl CodeParams {
    /// Learns the scale of 8-bit codes for prefixes of `dims` components from a sample of the vectors to be coded.
    ///
    /// `dims` is cut to the width of the vectors. A sample without a single non-zero prefix gives the scale that never
    /// clips.
    #[must_use]
    pub(crate) fn eight(sample: &Vectors, dims: usize) -> Self {
        let dims = dims.clamp(1, sample.width());
        let rows_max = (LEARN_COMPONENTS_MAX / dims).max(1);
        let stride = sample.len().div_ceil(rows_max).max(1);
        let mut magnitudes: Vec<f32> = Vec::new();
        for row in sample.iter().step_by(stride) {
            let prefix = &row[..dims];
            let length = length(prefix) as f32;
            if length > 0.0 {
                magnitudes.extend(prefix.iter().map(|component| component.abs() / length));
            }
        }
        let largest = quantile(&mut magnitudes, UNCLIPPED_SHARE).unwrap_or(1.0);
        let scale = CODE_MAX / largest.clamp(f32::MIN_POSITIVE.sqrt(), 1.0);
        Self { bits: Bits::Eight, dims, scale }
    }

    /// 4-bit codes for prefixes of `dims` components, a power of two from 2; `None` for another number.
    ///
    /// Nothing needs to be learnt: spread components of a unit prefix have one standard deviation in any collection.
    #[must_use]
    pub(crate) fn four(dims: usize) -> Option<Self> {
        // Spreading grows a unit vector to length sqrt(dims), so its components have a standard deviation of 1.
        let scale = NIBBLE_ZERO / NIBBLE_REACH;
        (dims >= 2 && dims.is_power_of_two()).then_some(Self { bits: Bits::Four, dims, scale })
    }

    /// Bytes of a code.
    #[must_use]
    pub(crate) const fn bytes(&self) -> usize {
        match self.bits {
            Bits::Four => self.dims / 2,
            Bits::Eight => self.dims,
        }
    }

    /// Writes the code of the vector's renormalised prefix; a zero prefix becomes the code nearest to zero.
    ///
    /// A vector or `out` shorter than a prefix or code is a programmer's error: caught in debug builds; otherwise the
    /// missing components count as zero.
    pub(crate) fn encode(&self, vector: &[f32], out: &mut [i8]) {
        debug_assert!(vector.len() >= self.dims && out.len() == self.bytes(), "code of a wrong width");
        let prefix = self.prepared(vector);
        match self.bits {
            Bits::Eight => to_bytes(&prefix, self.scale, out),
            Bits::Four => {
                let level = |component: f32| (component * self.scale + NIBBLE_ZERO).clamp(0.0, 15.0) as u8;
                let (low, high) = prefix.split_at(self.dims / 2);
                for ((code, low), high) in out.iter_mut().zip(low).zip(high) {
                    *code = (level(*high) << 4 | level(*low)).cast_signed();
                }
            }
        }
    }

    /// The codes of all rows, row after row.
    #[must_use]
    pub(crate) fn encode_all(&self, vectors: &Vectors) -> Vec<i8> {
        let mut codes = vec![0; vectors.len() * self.bytes()];
        for (row, code) in vectors.iter().zip(codes.chunks_exact_mut(self.bytes())) {
            self.encode(row, code);
        }
        codes
    }

    /// What a query vector is compared with codes as.
    #[must_use]
    pub(crate) fn query(&self, vector: &[f32]) -> QueryCode {
        let prefix = self.prepared(vector);
        let scale = match self.bits {
            // The very code of a row with this vector, so that equal vectors score alike from either side.
            Bits::Eight => self.scale,
            Bits::Four => full_scale(&prefix),
        };
        let mut components = vec![0; prefix.len()];
        to_bytes(&prefix, scale, &mut components);
        let sum: i32 = components.iter().map(|component| i32::from(*component)).sum();
        // A level stands for the middle of its range.
        let (zero, size) = match self.bits {
            Bits::Eight => (0.0, 1.0),
            Bits::Four => ((f64::from(NIBBLE_ZERO) - 0.5) * f64::from(sum), self.dims as f64),
        };
        let unit = 1.0 / (f64::from(scale) * f64::from(self.scale) * size);
        QueryCode { bits: self.bits, components, zero, unit }
    }

    /// The cosine that an integer dot product of two 8-bit codes stands for; rounding may carry it a little past 1.
    #[must_use]
    pub(crate) fn score_to_cosine(&self, score: i32) -> f32 {
        (f64::from(score) / (f64::from(self.scale) * f64::from(self.scale))) as f32
    }

    /// The renormalised prefix of a vector, spread where the bits call for it; `dims` components.
    fn prepared(&self, vector: &[f32]) -> Vec<f32> {
        let mut prefix = prefix_unit(vector, self.dims);
        prefix.resize(self.dims, 0.0);
        if self.bits == Bits::Four {
            spread(&mut prefix);
        }
        prefix
    }
}

/// A query as codes are compared with it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QueryCode {
    bits: Bits,
    components: Vec<i8>,
    /// The score of a cosine of 0.
    zero: f64,
    /// Cosine per unit of score.
    unit: f64,
}

impl QueryCode {
    /// Bytes of the codes it is compared with.
    #[must_use]
    pub(crate) fn code_bytes(&self) -> usize {
        match self.bits {
            Bits::Four => self.components.len() / 2,
            Bits::Eight => self.components.len(),
        }
    }

    /// The score of a code: the larger the nearer. A code of another width is cut, or counts as short of components.
    #[inline]
    #[must_use]
    pub(crate) fn score(&self, code: &[i8]) -> i32 {
        match self.bits {
            Bits::Four => kernels::dot_i4(&self.components, code),
            Bits::Eight => kernels::dot_i8(&self.components, code),
        }
    }

    /// `out` becomes the scores of the rows of a code matrix in `ids`, in their order; `i32::MIN` for one past the end.
    #[inline]
    pub(crate) fn score_many(&self, codes: &[i8], ids: &[u32], out: &mut Vec<i32>) {
        match self.bits {
            Bits::Four => kernels::dot_i4_many(&self.components, codes, ids, out),
            Bits::Eight => kernels::dot_i8_many(&self.components, codes, ids, out),
        }
    }

    /// The score of a cosine of 1.
    #[must_use]
    pub(crate) fn full_score(&self) -> f64 {
        self.zero + 1.0 / self.unit
    }

    /// The cosine that a unit of score stands for.
    #[must_use]
    pub(crate) const fn unit(&self) -> f64 {
        self.unit
    }

    /// The score of a cosine that is lower by `margin`.
    #[must_use]
    pub(crate) fn below(&self, score: i32, margin: f32) -> i32 {
        (f64::from(score) - f64::from(margin) / self.unit).floor() as i32
    }

    /// The cosine that a score stands for; rounding may carry it a little past 1.
    #[must_use]
    pub(crate) fn cosine(&self, score: i32) -> f32 {
        ((f64::from(score) - self.zero) * self.unit) as f32
    }
}

/// The scale at which the largest component just fits a byte.
pub(super) fn full_scale(components: &[f32]) -> f32 {
    // Several at a time: one alone waits for every comparison.
    let (whole, rest) = components.as_chunks::<16>();
    let mut largest = [0.0_f32; 16];
    for part in whole {
        largest.iter_mut().zip(part).for_each(|(largest, component)| *largest = largest.max(component.abs()));
    }
    let largest = largest.iter().chain(rest).fold(0.0_f32, |largest, component| largest.max(component.abs()));
    if largest > 0.0 { CODE_MAX / largest } else { 1.0 }
}

/// The components in bytes at a scale.
pub(super) fn to_bytes(components: &[f32], scale: f32, bytes: &mut [i8]) {
    for (byte, component) in bytes.iter_mut().zip(components) {
        *byte = round_to_code(component * scale);
    }
}

/// Nearest integer cut to the range of a code; NaN gives 0.
fn round_to_code(value: f32) -> i8 {
    // At 1.5 * 2^23 the spacing of f32 is 1: adding it rounds to the nearest integer, which the low bits then hold in
    // two's complement. Compiles to plain vector instructions, which `round` does not on a baseline machine.
    const ROUND_TO_INTEGER: f32 = 12_582_912.0;
    let shifted = value.clamp(-CODE_MAX, CODE_MAX) + ROUND_TO_INTEGER;
    shifted.to_bits() as u8 as i8
}

/// The value below or at which a share of the values lies.
fn quantile(values: &mut [f32], share: f64) -> Option<f32> {
    let last = values.len().checked_sub(1)?;
    let rank = (last as f64 * share).ceil() as usize;
    let (_, value, _) = values.select_nth_unstable_by(rank.min(last), f32::total_cmp);
    Some(*value)
}

#[cfg(test)]
mod tests;
