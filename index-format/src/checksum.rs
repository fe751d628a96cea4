//! The one checksum of the format: XXH3, 64 bits, seed 0 (Yann Collet's xxHash specification).
//!
//! It finds accidents (flipped bits, torn writes, swapped files), not an adversary.

/// XXH3-64 of `bytes`.
#[must_use]
pub fn checksum(bytes: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(bytes)
}
