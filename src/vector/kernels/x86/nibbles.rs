//! Half a byte a component: each byte of a row meets two components of the query.

use super::{load_512, load_512_part, sum_256};
use crate::vector::kernels::dot_i4_halves;
use core::arch::x86_64::{
    __m256i, __m512i, _mm256_add_epi16, _mm256_add_epi32, _mm256_and_si256, _mm256_loadu_si256, _mm256_madd_epi16,
    _mm256_maddubs_epi16, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_setzero_si256, _mm256_srli_epi16,
    _mm512_add_epi32, _mm512_and_si512, _mm512_dpbusd_epi32, _mm512_reduce_add_epi32, _mm512_set1_epi8,
    _mm512_setzero_si512, _mm512_srli_epi16,
};

/// The lower half of a byte.
const LOW: i8 = 15;

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn many_vnni<'a>(low: &[i8], high: &[i8], rows: impl Iterator<Item = Option<&'a [i8]>>, out: &mut [i32]) {
    match low.len() {
        // The usual widths keep the query in registers from row to row.
        64 => whole_vnni::<1>(low, high, rows, out),
        128 => whole_vnni::<2>(low, high, rows, out),
        256 => whole_vnni::<4>(low, high, rows, out),
        _ => {
            for (score, row) in out.iter_mut().zip(rows) {
                *score = row.map_or(i32::MIN, |row| any_vnni(low, high, row));
            }
        }
    }
}

/// For rows of `N` times 64 bytes.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn whole_vnni<'a, const N: usize>(
    low: &[i8],
    high: &[i8],
    rows: impl Iterator<Item = Option<&'a [i8]>>,
    out: &mut [i32],
) {
    let mut query = [[_mm512_setzero_si512(); 2]; N];
    let halves = low.as_chunks::<64>().0.iter().zip(high.as_chunks::<64>().0);
    for (query, (low, high)) in query.iter_mut().zip(halves) {
        *query = [load_512(low), load_512(high)];
    }
    for (score, row) in out.iter_mut().zip(rows) {
        let row = row.and_then(|row| <&[[i8; 64]; N]>::try_from(row.as_chunks::<64>().0).ok());
        *score = match row {
            Some(row) => {
                let mut sums = [_mm512_setzero_si512(); 2];
                for (query, row) in query.iter().zip(row) {
                    sums = add_vnni(sums, *query, load_512(row));
                }
                total_vnni(sums)
            }
            None => i32::MIN,
        };
    }
}

/// For rows of any length.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn any_vnni(low: &[i8], high: &[i8], row: &[i8]) -> i32 {
    let ((low, low_rest), (high, high_rest)) = (low.as_chunks::<64>(), high.as_chunks::<64>());
    let (row, row_rest) = row.as_chunks::<64>();
    let mut sums = [_mm512_setzero_si512(); 2];
    for ((low, high), row) in low.iter().zip(high).zip(row) {
        sums = add_vnni(sums, [load_512(low), load_512(high)], load_512(row));
    }
    let rest = [load_512_part(low_rest), load_512_part(high_rest)];
    total_vnni(add_vnni(sums, rest, load_512_part(row_rest)))
}

/// VNNI multiplies unsigned by signed bytes: levels are unsigned already.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn add_vnni([low_sum, high_sum]: [__m512i; 2], [low, high]: [__m512i; 2], row: __m512i) -> [__m512i; 2] {
    let mask = _mm512_set1_epi8(LOW);
    let row_low = _mm512_and_si512(row, mask);
    let row_high = _mm512_and_si512(_mm512_srli_epi16::<4>(row), mask);
    [_mm512_dpbusd_epi32(low_sum, row_low, low), _mm512_dpbusd_epi32(high_sum, row_high, high)]
}

#[inline]
#[target_feature(enable = "avx512f")]
fn total_vnni([low, high]: [__m512i; 2]) -> i32 {
    _mm512_reduce_add_epi32(_mm512_add_epi32(low, high))
}

#[target_feature(enable = "avx2")]
pub(super) fn many_avx2<'a>(low: &[i8], high: &[i8], rows: impl Iterator<Item = Option<&'a [i8]>>, out: &mut [i32]) {
    for (score, row) in out.iter_mut().zip(rows) {
        *score = row.map_or(i32::MIN, |row| dot_avx2(low, high, row));
    }
}

/// A pair of products of a level and a byte stays below 15 * 128 * 2, so that four of them fit 16 bits.
#[inline]
#[target_feature(enable = "avx2")]
fn dot_avx2(low: &[i8], high: &[i8], row: &[i8]) -> i32 {
    let ((low, low_rest), (high, high_rest)) = (low.as_chunks::<32>(), high.as_chunks::<32>());
    let (row, row_rest) = row.as_chunks::<32>();
    let (mask, ones) = (_mm256_set1_epi8(LOW), _mm256_set1_epi16(1));
    let mut sum = _mm256_setzero_si256();
    for ((low, high), row) in low.iter().zip(high).zip(row) {
        let row = load_256(row);
        let row_low = _mm256_and_si256(row, mask);
        let row_high = _mm256_and_si256(_mm256_srli_epi16::<4>(row), mask);
        let pairs = _mm256_add_epi16(
            _mm256_maddubs_epi16(row_low, load_256(low)),
            _mm256_maddubs_epi16(row_high, load_256(high)),
        );
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, ones));
    }
    sum_256(sum) + dot_i4_halves((low_rest, high_rest), row_rest)
}

#[inline]
#[target_feature(enable = "avx2")]
fn load_256(bytes: &[i8; 32]) -> __m256i {
    // SAFETY: the reference covers the 32 bytes that are read, and the load asks for no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast::<__m256i>()) }
}
