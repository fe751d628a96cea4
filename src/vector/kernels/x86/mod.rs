//! Dot products of codes with the instructions of recent x86-64 machines, inlined into the loop over rows; and, in
//! `product`, the matrix products of encoders.
//!
//! On codes of a few hundred bytes the arithmetic takes a nanosecond or two and a call through a function pointer several
//! times that, so the choice of instructions is made once for a batch.

mod bytes;
mod nibbles;
#[cfg(feature = "checkpoints")]
mod product;

#[cfg(feature = "checkpoints")]
pub(crate) use product::PackedMatrix;

use core::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_shuffle_epi32, _mm256_castsi256_si128,
    _mm256_extracti128_si256, _mm512_loadu_si512, _mm512_maskz_loadu_epi8,
};

/// Instructions that codes are multiplied with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Instructions {
    /// AVX-512 with VNNI.
    Vnni,
    /// AVX2.
    Avx2,
}

impl Instructions {
    /// The best this machine has; the standard library remembers the answer.
    #[inline]
    pub(super) fn detect() -> Option<Self> {
        let vnni = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vnni");
        if vnni {
            Some(Self::Vnni)
        } else if is_x86_feature_detected!("avx2") {
            Some(Self::Avx2)
        } else {
            None
        }
    }

    /// Dot product of two codes of one length, a byte a component.
    #[inline]
    pub(super) fn dot_i8(self, a: &[i8], b: &[i8]) -> i32 {
        match self {
            // SAFETY: `detect` alone makes this value, after asking the machine for every feature the function enables.
            Self::Vnni => unsafe { bytes::dot_vnni(a, b) },
            // SAFETY: as above.
            Self::Avx2 => unsafe { bytes::dot_avx2(a, b) },
        }
    }

    /// Writes the dot product of `query` with each of the rows, a byte a component; `i32::MIN` for one that does not
    /// exist.
    #[inline]
    pub(super) fn many_i8<'a>(self, query: &[i8], rows: impl Iterator<Item = Option<&'a [i8]>>, out: &mut [i32]) {
        match self {
            // SAFETY: `detect` alone makes this value, after asking the machine for every feature the function enables.
            Self::Vnni => unsafe { bytes::many_vnni(query, rows, out) },
            // SAFETY: as above.
            Self::Avx2 => unsafe { bytes::many_avx2(query, rows, out) },
        }
    }

    /// As [`Instructions::many_i8`], for rows of half a byte a component; `low` and `high` are the halves of the query
    /// that meet the low and the high halves of bytes. All have one length.
    #[inline]
    pub(super) fn many_i4<'a>(
        self,
        (low, high): (&[i8], &[i8]),
        rows: impl Iterator<Item = Option<&'a [i8]>>,
        out: &mut [i32],
    ) {
        match self {
            // SAFETY: `detect` alone makes this value, after asking the machine for every feature the function enables.
            Self::Vnni => unsafe { nibbles::many_vnni(low, high, rows, out) },
            // SAFETY: as above.
            Self::Avx2 => unsafe { nibbles::many_avx2(low, high, rows, out) },
        }
    }
}

#[inline]
#[target_feature(enable = "avx512f")]
fn load_512(bytes: &[i8; 64]) -> __m512i {
    // SAFETY: the reference covers the 64 bytes that are read, and the load asks for no alignment.
    unsafe { _mm512_loadu_si512(bytes.as_ptr().cast::<__m512i>()) }
}

/// Loads fewer than 64 bytes; the lanes past them are zero.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
fn load_512_part(bytes: &[i8]) -> __m512i {
    debug_assert!(bytes.len() < 64);
    let mask = !(u64::MAX << (bytes.len() % 64));
    // SAFETY: the mask has one bit for each byte of the slice, and masked-off lanes are not read.
    unsafe { _mm512_maskz_loadu_epi8(mask, bytes.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn sum_256(lanes: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256::<1>(lanes));
    let two: __m128i = _mm_add_epi32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
    _mm_cvtsi128_si32(_mm_add_epi32(two, _mm_shuffle_epi32::<0b10_11_00_01>(two)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::naive;
    use proptest::prelude::*;

    /// Everything this machine can run, not only the best.
    fn available() -> Vec<Instructions> {
        let mut found: Vec<Instructions> = Instructions::detect().into_iter().collect();
        if is_x86_feature_detected!("avx2") {
            found.push(Instructions::Avx2);
        }
        found
    }

    #[test]
    fn extremes_are_exact() {
        for instructions in available() {
            for width in [0, 1, 15, 16, 17, 63, 64, 65, 384, 4096] {
                for (a, b) in [(127, 127), (-128, -128), (-128, 127), (127, -127)] {
                    let (a, b) = (vec![a; width], vec![b; width]);
                    assert_eq!(i64::from(instructions.dot_i8(&a, &b)), naive::dot_codes(&a, &b));
                    let (low, high) = (&a, &a);
                    let mut scores = [7];
                    instructions.many_i4((low, high), [Some(b.as_slice())].into_iter(), &mut scores);
                    assert_eq!(i64::from(scores[0]), naive::dot_nibbles(&[low.as_slice(), high].concat(), &b));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn bytes_agree_exactly_with_the_twin(
            pairs in proptest::collection::vec((any::<i8>(), any::<i8>()), 0..500),
        ) {
            let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
            let exact = naive::dot_codes(&a, &b);
            for instructions in available() {
                prop_assert_eq!(i64::from(instructions.dot_i8(&a, &b)), exact);
                let mut scores = [7; 3];
                instructions.many_i8(&a, [Some(b.as_slice()), None].into_iter(), &mut scores);
                prop_assert_eq!(scores.map(i64::from), [exact, i64::from(i32::MIN), 7]);
            }
        }

        #[test]
        fn half_bytes_agree_exactly_with_the_twin(
            parts in proptest::collection::vec((any::<i8>(), any::<i8>(), any::<i8>()), 0..300),
        ) {
            let (low, high): (Vec<i8>, Vec<i8>) = parts.iter().map(|(low, high, _)| (*low, *high)).unzip();
            let row: Vec<i8> = parts.iter().map(|(_, _, row)| *row).collect();
            let exact = naive::dot_nibbles(&[low.as_slice(), &high].concat(), &row);
            for instructions in available() {
                let mut scores = [7; 3];
                instructions.many_i4((&low, &high), [Some(row.as_slice()), None].into_iter(), &mut scores);
                prop_assert_eq!(scores.map(i64::from), [exact, i64::from(i32::MIN), 7]);
            }
        }
    }
}
