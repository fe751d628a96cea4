//! Sizes and offsets of what words lie in, as `SPEC.md` tables them, held to it by the compiler; and the one byte that
//! stands for the length of a note.

use bytemuck::{Pod, Zeroable};
use std::mem::{offset_of, size_of};

/// Postings of a block; the last block of a term may have fewer.
pub const BLOCK_POSTINGS: usize = 128;
/// Highest count of a term in a note that is told apart from higher ones.
pub const MOST_COUNTED: u8 = u8::MAX;
/// Bits of a length code below its exponent.
const LENGTH_BITS: u32 = 4;

/// One term of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct TermEntry {
    /// First byte of the term in `term bytes`; it ends where the next one starts.
    pub start: u32,
    /// Notes it stands in, at least 1.
    pub notes: u32,
    /// Its first block; of a term that stands in one note only, that note.
    pub first: u32,
    /// Highest count in a note.
    pub most: u8,
    /// Lowest length code of a note it stands in.
    pub shortest: u8,
    /// Zero.
    pub reserved: [u8; 2],
}

/// Up to [`BLOCK_POSTINGS`] postings of a term.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct PostingBlock {
    /// First byte in `postings`.
    pub start: u64,
    /// Last note of the block.
    pub last: u32,
    /// Bits of a gap between notes: 0 to 32.
    pub gap_bits: u8,
    /// Bits of a count, less one: 0 to 8.
    pub count_bits: u8,
    /// Highest count in a note.
    pub most: u8,
    /// Lowest length code of a note.
    pub shortest: u8,
}

/// The byte that stands for a length in terms: the length itself up to 31, then five leading bits of it.
#[must_use]
pub const fn length_code(terms: u32) -> u8 {
    let bits = u32::BITS.saturating_sub(terms.leading_zeros());
    let exponent = bits.saturating_sub(LENGTH_BITS);
    if exponent <= 1 {
        return terms as u8;
    }
    let shift = exponent.saturating_sub(1);
    let mantissa = (terms >> shift) & 15;
    let code = (exponent << LENGTH_BITS) | mantissa;
    if code > u8::MAX as u32 { u8::MAX } else { code as u8 }
}

/// The shortest length that a code stands for.
#[must_use]
pub const fn length_of(code: u8) -> u32 {
    let (exponent, mantissa) = ((code >> LENGTH_BITS) as u32, (code & 15) as u32);
    if exponent == 0 { mantissa } else { (mantissa | 16) << exponent.saturating_sub(1) }
}

const _: () = {
    assert!(size_of::<TermEntry>() == 16);
    assert!(offset_of!(TermEntry, start) == 0);
    assert!(offset_of!(TermEntry, notes) == 4);
    assert!(offset_of!(TermEntry, first) == 8);
    assert!(offset_of!(TermEntry, most) == 12);
    assert!(offset_of!(TermEntry, shortest) == 13);
    assert!(offset_of!(TermEntry, reserved) == 14);
    assert!(size_of::<PostingBlock>() == 16);
    assert!(offset_of!(PostingBlock, start) == 0);
    assert!(offset_of!(PostingBlock, last) == 8);
    assert!(offset_of!(PostingBlock, gap_bits) == 12);
    assert!(offset_of!(PostingBlock, count_bits) == 13);
    assert!(offset_of!(PostingBlock, most) == 14);
    assert!(offset_of!(PostingBlock, shortest) == 15);
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_code_stands_for_the_shortest_length_that_gets_it() {
        for code in 0..=u8::MAX {
            assert_eq!(length_code(length_of(code)), code);
        }
        for terms in (0..5_000).chain([100_000, 507_903, 507_904, u32::MAX]) {
            let code = length_code(terms);
            assert!(length_of(code) <= terms, "{terms}");
            let next = code.checked_add(1).map_or(u32::MAX, length_of);
            assert!(terms < next || terms == u32::MAX || code == u8::MAX, "{terms}");
        }
        assert_eq!((length_code(31), length_of(31), length_of(u8::MAX)), (31, 31, 507_904));
    }
}
