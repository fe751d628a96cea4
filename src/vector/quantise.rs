//! Signed 8-bit codes of renormalised Matryoshka prefixes.
//!
//! One scale serves all components: the code of a unit prefix `x` is `round(x * scale)` cut to -127..=127, so that the
//! integer dot product of two codes is their cosine times `scale`^2. The scale is learnt so that the largest value seen
//! in all but a sliver of the components just fits: uniform scalar quantisation with clipping (Jegou et al. and FAISS
//! call it SQ8).

use super::{Vectors, length};

/// Largest magnitude of a code component; -128 stays unused so that negation is always exact.
const CODE_MAX: f32 = 127.0;
/// Share of component magnitudes that are coded without clipping.
const UNCLIPPED_SHARE: f64 = 0.9999;
/// Components looked at to learn a scale; enough to place that quantile firmly.
const LEARN_COMPONENTS_MAX: usize = 1 << 20;

/// How prefixes of one collection become codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CodeParams {
    /// Components of the prefix, which is also the bytes of a code.
    pub(crate) dims: usize,
    /// Code units per unit of a renormalised prefix component.
    pub(crate) scale: f32,
}

impl CodeParams {
    /// Learns the scale for prefixes of `dims` components from a sample of the vectors to be coded.
    ///
    /// `dims` is cut to the width of the vectors. A sample without a single non-zero prefix gives the scale that never
    /// clips.
    #[must_use]
    pub(crate) fn learn(sample: &Vectors, dims: usize) -> Self {
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
        Self { dims, scale }
    }

    /// Writes the code of the vector's renormalised prefix; a zero prefix becomes the zero code.
    ///
    /// A vector or `out` shorter than `dims` is a programmer's error: caught in debug builds; otherwise the missing
    /// components count as zero.
    pub(crate) fn encode(&self, vector: &[f32], out: &mut [i8]) {
        debug_assert!(vector.len() >= self.dims && out.len() == self.dims, "code of a wrong width");
        let prefix = &vector[..self.dims.min(vector.len())];
        out.fill(0);
        let length = length(prefix);
        if length == 0.0 {
            return;
        }
        let scale = (f64::from(self.scale) / length) as f32;
        for (code, &component) in out.iter_mut().zip(prefix) {
            *code = round_to_code(component * scale);
        }
    }

    /// The codes of all rows, `dims` bytes each, row after row.
    #[must_use]
    pub(crate) fn encode_all(&self, vectors: &Vectors) -> Vec<i8> {
        let mut codes = vec![0; vectors.len() * self.dims];
        for (row, code) in vectors.iter().zip(codes.chunks_exact_mut(self.dims)) {
            self.encode(row, code);
        }
        codes
    }

    /// The cosine that an integer dot product of two codes stands for; rounding may carry it a little past 1.
    #[must_use]
    pub(crate) fn score_to_cosine(&self, score: i32) -> f32 {
        (f64::from(score) / (f64::from(self.scale) * f64::from(self.scale))) as f32
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
mod tests {
    use super::*;
    use crate::vector::seeded::Seeded;
    use crate::vector::{kernels, naive, prefix_unit};
    use proptest::prelude::*;

    fn random(rows: usize, width: usize) -> Vectors {
        let mut seeded = Seeded(3);
        let data = (0..rows * width).map(|_| seeded.uniform()).collect();
        Vectors::from_flat(width, data).unwrap()
    }

    #[test]
    fn scores_stand_for_cosines_of_prefixes() {
        let vectors = random(300, 96);
        let params = CodeParams::learn(&vectors, 64);
        let codes = params.encode_all(&vectors);
        for (a, b) in [(0, 1), (5, 5), (17, 250)] {
            let exact = naive::dot(&prefix_unit(vectors.row(a), 64), &prefix_unit(vectors.row(b), 64));
            let score = kernels::dot_i8(&codes[a * 64..][..64], &codes[b * 64..][..64]);
            assert!((f64::from(params.score_to_cosine(score)) - exact).abs() < 0.02);
        }
    }

    #[test]
    fn the_scale_uses_the_range() {
        let params = CodeParams::learn(&random(300, 96), 96);
        let codes = params.encode_all(&random(300, 96));
        assert_eq!(codes.iter().map(|code| code.unsigned_abs()).max(), Some(127));
        assert!(codes.iter().filter(|code| code.unsigned_abs() == 127).count() < 40);
    }

    #[test]
    fn zero_and_empty_input_have_a_defined_code() {
        let params = CodeParams::learn(&Vectors::with_capacity(8, 0).unwrap(), 4);
        assert_eq!(params, CodeParams { dims: 4, scale: 127.0 });
        let mut code = [9; 4];
        params.encode(&[0.0, 0.0, 0.0, 0.0, 1.0], &mut code);
        assert_eq!(code, [0; 4]);
        let zeros = Vectors::from_flat(2, vec![0.0; 8]).unwrap();
        assert_eq!(CodeParams::learn(&zeros, 99), CodeParams { dims: 2, scale: 127.0 });
    }

    proptest! {
        #[test]
        fn rounding_is_to_the_nearest_integer(value in -300.0_f32..300.0) {
            let exact = value.clamp(-127.0, 127.0);
            prop_assert!((f32::from(round_to_code(value)) - exact).abs() <= 0.5);
        }
    }
}
