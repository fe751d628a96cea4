//! What a hostile writer does: makes the magic, the version and every checksum of a file right, and leaves the rest as it is.

use index_format::checksum;
use index_format::layout::{DRAFT, MAGIC, VERSION};

/// Works as far as the section table leads inside the file.
pub fn reseal(file: &mut [u8]) {
    if file.len() < 64 {
        return;
    }
    file[..8].copy_from_slice(&MAGIC);
    for (at, number) in [(8, VERSION), (10, VERSION), (12, DRAFT)] {
        file[at..at + 2].copy_from_slice(&number.to_le_bytes());
    }
    let len = file.len() as u64;
    file[40..48].copy_from_slice(&len.to_le_bytes());
    let count = usize::from(u16::from_le_bytes([file[48], file[49]]));
    let end = (64 + 64 * count).min(file.len());
    let word = |file: &[u8], at: usize| u64::from_le_bytes(file[at..at + 8].try_into().expect("eight bytes"));
    for entry in (64..end).step_by(64).filter(|entry| entry + 64 <= end) {
        let (start, len) = (word(file, entry + 8), word(file, entry + 16));
        let range = start as usize..start.saturating_add(len) as usize;
        if let Some(sum) = file.get(range).map(checksum) {
            file[entry + 40..entry + 48].copy_from_slice(&sum.to_le_bytes());
        }
    }
    let covered = [&file[..56], &file[64..end]].concat();
    file[56..64].copy_from_slice(&checksum(&covered).to_le_bytes());
}
