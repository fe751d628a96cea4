//! Total verification: every byte read, every number held against the others, every damage named.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | checksums and padding of any file; tombstones |
//! | `notes.rs` | records, ids and picture bytes of a segment |
//! | `code.rs` | one code against its vector |
//! | `source.rs` | vectors against what the encoder gave |
//! | `space.rs` | rows, vectors, codes and links of a vector space |
//! | `columns.rs` | columns of fields against the records |
//! | `words.rs` | terms, their postings, lengths of notes |
//!
//! All of it runs in time linear in the length of the file (with a logarithm for sorting), whatever the bytes are; where
//! codes are made in a rotation, times the components of a code.

mod code;
mod columns;
mod notes;
mod source;
mod space;
mod words;

use crate::layout::{FileKind, NO_SPACE, SectionKind};
use crate::{Damage, FileTable, FormatError, SegmentFile, checksum};

/// At most this many damages of one kind are listed: enough to see the extent without flooding.
const MOST_LISTED: usize = 16;

impl FileTable {
    /// Every section's checksum, and that all padding is zero.
    #[must_use]
    pub fn damages(&self, bytes: &[u8]) -> Vec<Damage> {
        let mut damages = Vec::new();
        let mut end = crate::build::table_end(self.header().section_count) as usize;
        for entry in self.sections() {
            let section = SectionKind::from_number(entry.kind).map_or("unknown section", SectionKind::name);
            let start = entry.offset as usize;
            check_padding(bytes, end, start, &mut damages);
            end = start.saturating_add(entry.len as usize);
            let found = bytes.get(start..end).map(checksum);
            if found != Some(entry.checksum) {
                let why = match found {
                    Some(found) => format!("checksum {found:#018x}, expected {:#018x}", entry.checksum),
                    None => format!("reaches to byte {end}, the file ends at {}", bytes.len()),
                };
                damages.push(Damage { section, offset: entry.offset, why });
            }
        }
        check_padding(bytes, end, bytes.len(), &mut damages);
        damages
    }
}

fn check_padding(bytes: &[u8], start: usize, end: usize, damages: &mut Vec<Damage>) {
    let dirty = bytes.get(start..end).and_then(|padding| padding.iter().position(|byte| *byte != 0));
    if let Some(at) = dirty {
        let offset = start.saturating_add(at) as u64;
        damages.push(Damage { section: "padding", offset, why: "is not zero".to_owned() });
    }
}

/// The matrix of the rotation or adapter with a number: `width` axes of `width` components. None where it cannot be read: then
/// codes and vectors made with it are not held against what they were made of.
pub type Matrices<'a> = dyn Fn(u64) -> Option<&'a [f32]> + 'a;

/// Verifies a segment file: checksums first, then (where those hold) what the numbers say about each other.
///
/// # Errors
/// As [`SegmentFile::parse`], for a file whose head cannot be read at all.
pub fn verify_segment(bytes: &[u8], matrices: &Matrices<'_>) -> Result<Vec<Damage>, FormatError> {
    let file = SegmentFile::parse(bytes)?;
    let mut damages = file.table.damages(bytes);
    if damages.is_empty() {
        let view = file.view(bytes)?;
        notes::verify(&file, &view, &mut damages);
        words::verify(&file, &file.words(bytes)?, &mut damages);
        // Where records overlap, reading them again and again could take for ever.
        let readable = damages.iter().all(|damage| damage.section != SectionKind::RecordExtents.name());
        if readable {
            columns::verify(&file, &view, &file.columns(bytes)?, &mut damages);
        }
        for ordinal in file.ordinals() {
            let notes = readable.then_some(&view);
            space::verify(&file, (notes, matrices), (ordinal, &file.space(bytes, ordinal)?), &mut damages);
        }
    }
    Ok(damages)
}

/// Verifies a tombstone file against the number of notes of its segment.
///
/// # Errors
/// As [`FileTable::parse`], for a file whose head cannot be read at all.
pub fn verify_tombstones(bytes: &[u8], notes: u32) -> Result<Vec<Damage>, FormatError> {
    let table = FileTable::parse(bytes, FileKind::Tombstones)?;
    let mut damages = table.damages(bytes);
    let deleted: &[u32] = table.array(bytes, SectionKind::Deleted, NO_SPACE, 1)?;
    let ascending = deleted.windows(2).all(|pair| matches!(pair, [left, right] if left < right));
    if damages.is_empty() && (!ascending || deleted.last().is_some_and(|last| *last >= notes)) {
        let offset = table.require(SectionKind::Deleted, NO_SPACE)?.offset;
        let why = "is not a strictly ascending list of the segment's notes".to_owned();
        damages.push(Damage { section: SectionKind::Deleted.name(), offset, why });
    }
    Ok(damages)
}

/// Gathers the damages of one section.
struct Collector {
    section: &'static str,
    offset: u64,
    stride: u64,
    damages: Vec<Damage>,
}

impl Collector {
    fn new(file: &SegmentFile, kind: SectionKind, space: u16) -> Self {
        let (offset, stride) = file.table.find(kind, space).map_or((0, 0), |entry| (entry.offset, entry.stride));
        Self { section: kind.name(), offset, stride, damages: Vec::new() }
    }

    /// Damage of the element with this index.
    fn push(&mut self, index: usize, why: String) {
        let offset = self.offset.saturating_add((index as u64).saturating_mul(self.stride));
        self.push_at(offset, why);
    }

    /// Damage at an offset of the file.
    fn push_at(&mut self, offset: u64, why: String) {
        if self.damages.len() < MOST_LISTED {
            self.damages.push(Damage { section: self.section, offset, why });
        }
    }

    fn into(mut self, damages: &mut Vec<Damage>) {
        damages.append(&mut self.damages);
    }
}
