//! Dot products of 8-bit codes with the instructions of recent x86-64 machines, inlined into the loop over rows.
//!
//! On codes of a few hundred bytes the arithmetic takes a nanosecond or two and a call through a function pointer several
//! times that, so the choice of instructions is made once for a batch.

use core::arch::x86_64::{
    __m128i, __m256i, __m512i, _mm_add_epi32, _mm_cvtsi128_si32, _mm_loadu_si128, _mm_shuffle_epi32, _mm256_add_epi32,
    _mm256_castsi256_si128, _mm256_cvtepi8_epi16, _mm256_extracti128_si256, _mm256_madd_epi16, _mm256_setzero_si256,
    _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_maskz_loadu_epi8, _mm512_reduce_add_epi32, _mm512_set1_epi8,
    _mm512_setzero_si512, _mm512_xor_si512,
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

    /// Dot product of two codes of one length.
    #[inline]
    pub(super) fn dot(self, a: &[i8], b: &[i8]) -> i32 {
        match self {
            // SAFETY: `detect` alone makes this value, after asking the machine for every feature the function enables.
            Self::Vnni => unsafe { dot_vnni(a, b) },
            // SAFETY: as above.
            Self::Avx2 => unsafe { dot_avx2(a, b) },
        }
    }

    /// Writes the dot product of `query` with each of the rows; `i32::MIN` for one that does not exist.
    #[inline]
    pub(super) fn dot_many<'a>(self, query: &[i8], rows: impl Iterator<Item = Option<&'a [i8]>>, out: &mut [i32]) {
        match self {
            // SAFETY: `detect` alone makes this value, after asking the machine for every feature the function enables.
            Self::Vnni => unsafe { many_vnni(query, rows, out) },
            // SAFETY: as above.
            Self::Avx2 => unsafe { many_avx2(query, rows, out) },
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn many_vnni<'a>(query: &[i8], rows: impl Iterator<Item = Option<&'a [i8]>>, out: &mut [i32]) {
    let excess = excess_vnni(query);
    for (score, row) in out.iter_mut().zip(rows) {
        *score = match row {
            Some(row) => biased_vnni(query, row).wrapping_sub(excess),
            None => i32::MIN,
        };
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn dot_vnni(a: &[i8], b: &[i8]) -> i32 {
    // The lanes wrap around, and so must this: what comes out is exact.
    biased_vnni(a, b).wrapping_sub(excess_vnni(a))
}

/// Sum of `query * (row + 128)`. VNNI multiplies unsigned by signed bytes, and flipping the top bit of a byte adds 128.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn biased_vnni(query: &[i8], row: &[i8]) -> i32 {
    let flip = _mm512_set1_epi8(i8::MIN);
    let (whole, rest) = query.as_chunks::<64>();
    let (row_whole, row_rest) = row.as_chunks::<64>();
    let mut sum = _mm512_setzero_si512();
    for (query, row) in whole.iter().zip(row_whole) {
        let row = _mm512_xor_si512(load_512(row), flip);
        sum = _mm512_dpbusd_epi32(sum, row, load_512(query));
    }
    if !rest.is_empty() {
        let row = _mm512_xor_si512(load_512_part(row_rest), flip);
        sum = _mm512_dpbusd_epi32(sum, row, load_512_part(rest));
    }
    _mm512_reduce_add_epi32(sum)
}

/// What the bias adds to every row's sum: 128 times the sum of the query.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn excess_vnni(query: &[i8]) -> i32 {
    let bias = _mm512_set1_epi8(i8::MIN);
    let (whole, rest) = query.as_chunks::<64>();
    let mut sum = _mm512_dpbusd_epi32(_mm512_setzero_si512(), bias, load_512_part(rest));
    for query in whole {
        sum = _mm512_dpbusd_epi32(sum, bias, load_512(query));
    }
    _mm512_reduce_add_epi32(sum)
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

#[target_feature(enable = "avx2")]
fn many_avx2<'a>(query: &[i8], rows: impl Iterator<Item = Option<&'a [i8]>>, out: &mut [i32]) {
    for (score, row) in out.iter_mut().zip(rows) {
        *score = match row {
            Some(row) => dot_avx2(query, row),
            None => i32::MIN,
        };
    }
}

/// Widens to 16 bits, where products of any two codes fit, and adds them up in pairs to 32.
#[inline]
#[target_feature(enable = "avx2")]
fn dot_avx2(a: &[i8], b: &[i8]) -> i32 {
    let (a_whole, a_rest) = a.as_chunks::<16>();
    let (b_whole, b_rest) = b.as_chunks::<16>();
    let mut sum = _mm256_setzero_si256();
    for (a, b) in a_whole.iter().zip(b_whole) {
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(load_widened(a), load_widened(b)));
    }
    let rest = a_rest.iter().zip(b_rest);
    sum_256(sum) + rest.map(|(&a, &b)| i32::from(a) * i32::from(b)).sum::<i32>()
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_widened(bytes: &[i8; 16]) -> __m256i {
    // SAFETY: the reference covers the 16 bytes that are read, and the load asks for no alignment.
    _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(bytes.as_ptr().cast::<__m128i>()) })
}

#[inline]
#[target_feature(enable = "avx2")]
fn sum_256(lanes: __m256i) -> i32 {
    let four = _mm_add_epi32(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256::<1>(lanes));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b01_00_11_10>(four));
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
                    assert_eq!(i64::from(instructions.dot(&a, &b)), naive::dot_codes(&a, &b));
                }
            }
        }
    }

    proptest! {
        #[test]
        fn codes_agree_exactly_with_the_twin(
            pairs in proptest::collection::vec((any::<i8>(), any::<i8>()), 0..500),
        ) {
            let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
            let exact = naive::dot_codes(&a, &b);
            for instructions in available() {
                prop_assert_eq!(i64::from(instructions.dot(&a, &b)), exact);
                let mut scores = [7; 3];
                instructions.dot_many(&a, [Some(b.as_slice()), None].into_iter(), &mut scores);
                prop_assert_eq!(scores.map(i64::from), [exact, i64::from(i32::MIN), 7]);
            }
        }
    }
}
