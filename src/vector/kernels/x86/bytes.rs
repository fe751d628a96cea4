//! A byte a component.

use super::{load_512, load_512_part, sum_256};
use core::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_madd_epi16, _mm256_setzero_si256,
    _mm512_dpbusd_epi32, _mm512_reduce_add_epi32, _mm512_set1_epi8, _mm512_setzero_si512, _mm512_xor_si512,
};

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn many_vnni<'a>(query: &[i8], rows: impl Iterator<Item = Option<&'a [i8]>>, out: &mut [i32]) {
    let excess = excess_vnni(query);
    for (score, row) in out.iter_mut().zip(rows) {
        *score = match row {
            Some(row) => biased_vnni(query, row).wrapping_sub(excess),
            None => i32::MIN,
        };
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn dot_vnni(a: &[i8], b: &[i8]) -> i32 {
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

#[target_feature(enable = "avx2")]
pub(super) fn many_avx2<'a>(query: &[i8], rows: impl Iterator<Item = Option<&'a [i8]>>, out: &mut [i32]) {
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
pub(super) fn dot_avx2(a: &[i8], b: &[i8]) -> i32 {
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
