//! A block of postings to bits and back: gaps between notes, then counts, each in as few bits as its largest needs.

use super::PostingBlock;
use super::layout::BLOCK_POSTINGS;

/// Bits of the widest gap.
const MOST_GAP_BITS: u8 = 32;
/// Bits of the highest count, less one.
const MOST_COUNT_BITS: u8 = 8;
/// Bytes that a value is read from at once.
const WORD: usize = 8;
/// Bytes of the widest list, and a word more so that the last value can be read like the others.
const ROOM: usize = BLOCK_POSTINGS * 4 + WORD;

/// Bits that a value needs.
pub(super) fn width(value: u32) -> u8 {
    u32::BITS.saturating_sub(value.leading_zeros()) as u8
}

/// Bytes of so many values of so many bits.
fn packed_len(values: usize, bits: u8) -> usize {
    values.saturating_mul(usize::from(bits)).div_ceil(8)
}

/// Appends values of so many bits, the lowest bit first.
pub(super) fn pack(values: impl Iterator<Item = u32>, bits: u8, out: &mut Vec<u8>) {
    let (mut word, mut held) = (0_u64, 0_u32);
    for value in values {
        word |= u64::from(value).wrapping_shl(held);
        held = held.saturating_add(u32::from(bits));
        while held >= 8 {
            out.push(word as u8);
            word >>= 8;
            held = held.saturating_sub(8);
        }
    }
    if held > 0 {
        out.push(word as u8);
    }
}

/// Reads as many values as `out` has places for. What the bytes lack is zero.
fn unpack(bytes: &[u8], bits: u8, out: impl Iterator<Item = impl FnOnce(u32)>) {
    let mut room = [0_u8; ROOM];
    let len = bytes.len().min(ROOM.saturating_sub(WORD));
    if let (Some(room), Some(bytes)) = (room.get_mut(..len), bytes.get(..len)) {
        room.copy_from_slice(bytes);
    }
    let mask = (1_u64 << bits).wrapping_sub(1);
    let mut bit = 0_usize;
    for put in out {
        let word =
            room.get(bit / 8..).and_then(<[u8]>::first_chunk::<WORD>).map_or(0, |word| u64::from_le_bytes(*word));
        put(((word >> (bit % 8)) & mask) as u32);
        bit = bit.saturating_add(usize::from(bits));
    }
}

impl PostingBlock {
    /// Its two packed lists, gaps and counts, if it has so many postings and lies within the bytes.
    fn lists<'a>(&self, packed: &'a [u8], postings: usize) -> Option<(&'a [u8], &'a [u8])> {
        if self.gap_bits > MOST_GAP_BITS || self.count_bits > MOST_COUNT_BITS || postings > BLOCK_POSTINGS {
            return None;
        }
        let (gaps, counts) = (packed_len(postings, self.gap_bits), packed_len(postings, self.count_bits));
        let bytes = packed.get(usize::try_from(self.start).ok()?..)?.get(..gaps.saturating_add(counts))?;
        bytes.split_at_checked(gaps)
    }

    /// One past its last byte in `postings`.
    pub(crate) fn end(&self, postings: usize) -> u64 {
        let len = packed_len(postings, self.gap_bits).saturating_add(packed_len(postings, self.count_bits));
        self.start.saturating_add(len as u64)
    }

    /// Its notes, of which none comes before `first`; ascending, unless they would pass the highest number there is.
    pub(super) fn notes(&self, packed: &[u8], first: u32, out: &mut [u32]) -> Option<()> {
        let (gaps, _) = self.lists(packed, out.len())?;
        let mut next = first;
        let places = out.iter_mut().map(|place| |gap: u32| *place = gap);
        unpack(gaps, self.gap_bits, places);
        for place in out {
            *place = next.saturating_add(*place);
            next = place.saturating_add(1);
        }
        Some(())
    }

    /// Its counts.
    pub(super) fn counts(&self, packed: &[u8], out: &mut [u8]) -> Option<()> {
        let (_, counts) = self.lists(packed, out.len())?;
        let places = out.iter_mut().map(|place| |count: u32| *place = count.saturating_add(1).min(255) as u8);
        unpack(counts, self.count_bits, places);
        Some(())
    }
}
