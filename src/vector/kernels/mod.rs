//! Dot products, matrix products and prefetch hints.
//!
//! simsimd picks the widest instructions the machine has; short codes, where its call takes longer than the arithmetic,
//! have inlined kernels on the machines where that was measured, and codes of half a byte a component, which it does not
//! know, have them everywhere. One of the two places in the crate where `unsafe` is
//! allowed.
#![expect(unsafe_code, reason = "vector and prefetch instructions have no safe form")]

#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(target_arch = "x86_64")]
mod x86;

#[cfg(all(feature = "checkpoints", target_arch = "x86_64"))]
pub(crate) use x86::PackedMatrix;

use simsimd::SpatialSimilarity;

/// Dot product of two vectors of one width.
///
/// Widths that differ are a programmer's error: caught in debug builds, cut to the shorter one otherwise.
#[inline]
#[must_use]
pub(crate) fn dot_f32(a: &[f32], b: &[f32]) -> f32 {
    debug_assert_eq!(a.len(), b.len(), "dot product of different widths");
    let shared = a.len().min(b.len());
    f32::dot(&a[..shared], &b[..shared]).map_or(0.0, |product| product as f32)
}

/// Exact dot product of two codes of one width, a byte a component, at most 2^17 of them.
///
/// Widths that differ are a programmer's error: caught in debug builds, cut to the shorter one otherwise.
#[inline]
#[must_use]
pub(crate) fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    debug_assert_eq!(a.len(), b.len(), "dot product of different widths");
    let shared = a.len().min(b.len());
    let (a, b) = (&a[..shared], &b[..shared]);
    #[cfg(target_arch = "x86_64")]
    if let Some(instructions) = x86::Instructions::detect() {
        return instructions.dot_i8(a, b);
    }
    dot_i8_portable(a, b)
}

/// Scores one code against rows of a code matrix: `out` becomes the dot products of `query` with the rows in `ids`, in
/// their order. A row has `query.len()` bytes; a row past the end scores `i32::MIN`.
#[inline]
pub(crate) fn dot_i8_many(query: &[i8], codes: &[i8], ids: &[u32], out: &mut Vec<i32>) {
    out.clear();
    out.resize(ids.len(), i32::MIN);
    let rows = rows_of(codes, ids, query.len());
    #[cfg(target_arch = "x86_64")]
    if let Some(instructions) = x86::Instructions::detect() {
        return instructions.many_i8(query, rows, out);
    }
    for (score, row) in out.iter_mut().zip(rows) {
        *score = row.map_or(i32::MIN, |row| dot_i8_portable(query, row));
    }
}

/// Exact dot product of a query, a byte a component, with a code of half a byte a component: levels 0 to 15, the low halves
/// of bytes for the first half of the query, the high halves for the second. At most 2^17 components.
///
/// A query that is not twice as long as the code is a programmer's error: caught in debug builds; otherwise what is
/// missing counts as zero.
#[inline]
#[must_use]
pub(crate) fn dot_i4(query: &[i8], code: &[i8]) -> i32 {
    debug_assert_eq!(query.len(), 2 * code.len(), "dot product of different widths");
    let mut score = [0];
    let (low, high) = query.split_at(query.len() / 2);
    many_i4((low, high), [code.get(..low.len())].into_iter(), &mut score);
    score[0]
}

/// As [`dot_i8_many`], for codes of half a byte a component: a row has half of `query.len()` bytes.
#[inline]
pub(crate) fn dot_i4_many(query: &[i8], codes: &[i8], ids: &[u32], out: &mut Vec<i32>) {
    out.clear();
    out.resize(ids.len(), i32::MIN);
    let (low, high) = query.split_at(query.len() / 2);
    many_i4((low, high), rows_of(codes, ids, low.len()), out);
}

#[inline]
fn many_i4<'a>((low, high): (&[i8], &[i8]), rows: impl Iterator<Item = Option<&'a [i8]>>, out: &mut [i32]) {
    #[cfg(target_arch = "x86_64")]
    if let Some(instructions) = x86::Instructions::detect() {
        return instructions.many_i4((low, high), rows, out);
    }
    #[cfg(target_arch = "aarch64")]
    return neon::many_i4((low, high), rows, out);
    #[cfg(not(target_arch = "aarch64"))]
    for (score, row) in out.iter_mut().zip(rows) {
        *score = row.map_or(i32::MIN, |row| dot_i4_halves((low, high), row));
    }
}

/// The rows of a code matrix that some ids name; none for one past the end.
#[inline]
fn rows_of<'a>(codes: &'a [i8], ids: &[u32], bytes: usize) -> impl Iterator<Item = Option<&'a [i8]>> {
    ids.iter().map(move |&id| codes.get((id as usize).saturating_mul(bytes)..)?.get(..bytes))
}

/// Dot product of two codes of one length through simsimd.
#[inline]
fn dot_i8_portable(a: &[i8], b: &[i8]) -> i32 {
    i8::dot(a, b).map_or(0, |product| product as i32)
}

/// Dot product of the two halves of a query with a code of half a byte a component.
#[inline]
fn dot_i4_halves((low, high): (&[i8], &[i8]), row: &[i8]) -> i32 {
    let product = |((low, high), byte): ((&i8, &i8), &i8)| {
        let byte = i32::from(byte.cast_unsigned());
        i32::from(*low) * (byte & 15) + i32::from(*high) * (byte >> 4)
    };
    low.iter().zip(high).zip(row).map(product).sum()
}

/// Bytes of a cache line on every machine this is tuned for.
const CACHE_LINE_BYTES: usize = 64;
/// Lines past which the hardware's own stream prefetch has taken over, with room.
const LINES_MAX: usize = 24;

/// Hints that the start of `slice` (up to 1,536 bytes) will be read soon. Never needed for correctness.
#[inline]
pub(crate) fn prefetch<T>(slice: &[T]) {
    let bytes = size_of_val(slice);
    let lines = bytes.div_ceil(CACHE_LINE_BYTES).min(LINES_MAX);
    for line in 0..lines {
        prefetch_line(slice.as_ptr().cast::<u8>().wrapping_add(line * CACHE_LINE_BYTES));
    }
}

#[cfg(target_arch = "x86_64")]
#[inline]
fn prefetch_line(address: *const u8) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: the instruction is part of SSE, which every x86-64 machine has; it only hints: it reads nothing that the
    // program can observe and does not fault, whatever the address.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(address.cast::<i8>()) }
}

#[cfg(target_arch = "aarch64")]
#[inline]
fn prefetch_line(address: *const u8) {
    // SAFETY: PRFM is part of the base instruction set; it only hints: it reads nothing that the program can observe
    // and does not fault, whatever the address. The options say the same to the compiler.
    unsafe {
        core::arch::asm!(
            "prfm pldl1keep, [{address}]",
            address = in(reg) address,
            options(nostack, preserves_flags, readonly)
        );
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline]
fn prefetch_line(_address: *const u8) {}

#[cfg(test)]
mod tests;
