//! Dot products of codes with NEON, which every 64-bit Arm machine has.

use super::dot_i4_halves;
use core::arch::aarch64::{
    int8x16_t, int32x4_t, uint8x16_t, vaddvq_s32, vandq_u8, vdupq_n_s32, vdupq_n_u8, vget_low_s8, vld1q_s8, vld1q_u8,
    vmlal_high_s8, vmlal_s8, vmull_high_s8, vmull_s8, vpadalq_s16, vreinterpretq_s8_u8, vshrq_n_u8,
};

/// Writes the dot product of a query, in halves, with each of the rows of half a byte a component; `i32::MIN` for one that
/// does not exist. All have one length.
#[inline]
pub(super) fn many_i4<'a>((low, high): (&[i8], &[i8]), rows: impl Iterator<Item = Option<&'a [i8]>>, out: &mut [i32]) {
    for (score, row) in out.iter_mut().zip(rows) {
        *score = row.map_or(i32::MIN, |row| dot_i4((low, high), row));
    }
}

#[inline]
fn dot_i4((low, high): (&[i8], &[i8]), row: &[i8]) -> i32 {
    let ((low, low_rest), (high, high_rest)) = (low.as_chunks::<16>(), high.as_chunks::<16>());
    let (row, row_rest) = row.as_chunks::<16>();
    // SAFETY: NEON is part of the base instruction set.
    let mut sum = unsafe { vdupq_n_s32(0) };
    for ((low, high), row) in low.iter().zip(high).zip(row) {
        // SAFETY: as above.
        sum = unsafe { add(sum, (load(low), load(high)), load_unsigned(row)) };
    }
    // SAFETY: as above.
    unsafe { vaddvq_s32(sum) + dot_i4_halves((low_rest, high_rest), row_rest) }
}

/// A product of a level and a byte stays below 15 * 128, so that a lane of 16 bits holds the sum of four.
#[inline]
#[target_feature(enable = "neon")]
fn add(sum: int32x4_t, (low, high): (int8x16_t, int8x16_t), row: uint8x16_t) -> int32x4_t {
    let row_low = vreinterpretq_s8_u8(vandq_u8(row, vdupq_n_u8(15)));
    let row_high = vreinterpretq_s8_u8(vshrq_n_u8::<4>(row));
    let products = vmull_s8(vget_low_s8(row_low), vget_low_s8(low));
    let products = vmlal_s8(products, vget_low_s8(row_high), vget_low_s8(high));
    let more = vmull_high_s8(row_low, low);
    let more = vmlal_high_s8(more, row_high, high);
    vpadalq_s16(vpadalq_s16(sum, products), more)
}

#[inline]
#[target_feature(enable = "neon")]
fn load(bytes: &[i8; 16]) -> int8x16_t {
    // SAFETY: the reference covers the 16 bytes that are read, and the load asks for no alignment.
    unsafe { vld1q_s8(bytes.as_ptr()) }
}

#[inline]
#[target_feature(enable = "neon")]
fn load_unsigned(bytes: &[i8; 16]) -> uint8x16_t {
    // SAFETY: as above.
    unsafe { vld1q_u8(bytes.as_ptr().cast::<u8>()) }
}
