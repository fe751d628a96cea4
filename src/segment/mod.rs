//! One immutable segment: freezing parts into a file, opening it again, verifying it.
//!
//! | file | what it does |
//! |---|---|
//! | `freeze.rs` | owned parts to a published file |
//! | `open.rs` | a published file to typed accessors, in constant time |
//! | `deleted.rs` | the tombstone file of a segment |
//! | `rotation.rs` | rotation files, shared by segments |
//! | `adapter.rs` | adapter files, one for all segments |
//! | `learnt.rs` | files of heads and of feedback |
//! | `records.rs` | notes to records and back |
//!
//! A segment answers what is stored. Where to look in it is the query's business, and how its graph came about the
//! builder's: this room knows neither.

mod adapter;
mod deleted;
mod freeze;
mod learnt;
mod open;
mod records;
mod rotation;

pub(crate) use adapter::{load_adapter, store_adapter};
pub(crate) use deleted::Deleted;
pub(crate) use freeze::{SegmentParts, SpaceParts, freeze};
pub(crate) use learnt::{load_feedback, load_head, store_feedback, store_head};
pub(crate) use open::{OpenSpace, Segment, check_identity};
pub(crate) use records::{field_of, note_of, record_of};
pub(crate) use rotation::{load_rotation, store_rotation};

use index_format::layout::OWN_SPACES;

/// Ordinal of the space of whole notes.
pub(crate) const GLOBAL: u16 = 0;
/// Ordinal of the space of passages, pictures and their regions.
pub(crate) const LOCAL: u16 = 1;
/// Names of the spaces that every index has, by ordinal; those of the caller come after them.
pub(crate) const SPACES: [&str; OWN_SPACES] = ["global", "local"];

/// The name of a file of an index.
pub(crate) fn file_name(kind: index_format::FileKind, id: u64) -> String {
    match kind {
        index_format::FileKind::Manifest => "manifest.uni".to_owned(),
        kind => format!("{}-{id:08}.uni", kind.name()),
    }
}

/// Whether a file with this name belongs to an index.
pub(crate) fn is_index_file(name: &str) -> bool {
    use index_format::FileKind;
    let numbered = |kind: FileKind| {
        let rest = name.strip_prefix(kind.name()).filter(|_| kind != FileKind::Manifest);
        rest.is_some_and(|rest| rest.starts_with('-') && rest.ends_with(".uni"))
    };
    name == file_name(FileKind::Manifest, 0) || FileKind::ALL.into_iter().any(numbered)
}

#[cfg(test)]
mod tests;
