//! The bytes of a uninote index: owned parts in, bytes out; bytes in, checked borrowed views out.
//!
//! `SPEC.md` beside this crate is the only description of the layout; [`layout`] states the same sizes as constants that
//! the compiler checks. Nothing here opens a file, and nothing here panics on bytes: every offset, count and length that
//! came from outside is checked before it is used, and what does not hold is a [`FormatError`] with the section, the
//! offset, what was expected and what was found.
//!
//! Two depths of trust: [`FileTable::parse`] is constant-time (header, section table, bounds) and enough to read safely;
//! `verify` in [`check`] reads everything and names each damage.
#![forbid(unsafe_code)]
#![deny(clippy::indexing_slicing, clippy::expect_used, clippy::panic, clippy::arithmetic_side_effects)]

#[cfg(target_endian = "big")]
compile_error!("uninote maps little-endian arrays from disk and supports little-endian targets only");

pub mod adapter;
pub mod archive;
pub mod build;
pub mod check;
pub mod columns;
pub mod feedback;
pub mod layout;
pub mod links;
pub mod manifest;
pub mod record;
pub mod salvage;
pub mod segment;
pub mod space;
pub mod table;
pub mod words;

mod checksum;
mod error;

pub use adapter::{AdapterRecord, AdapterView};
pub use build::FileBuilder;
pub use checksum::checksum;
pub use columns::{Columns, ColumnsBuilder, ColumnsView};
pub use error::{Damage, FormatError};
pub use feedback::{EventRecord, Feedback, SoughtRecord, TermRecord};
pub use layout::{Extent, FileKind, RowEntry, SectionKind};
pub use links::{Links, LinksView};
pub use manifest::{EncoderRecord, FileRef, Manifest, SegmentRef, SpaceRecord};
pub use record::{ArchivedRecord, FieldValue, PictureRecord, Record};
pub use salvage::{Salvage, SalvagedSpace};
pub use segment::{SegmentFile, SegmentMeta, SegmentView};
pub use space::{GraphMeta, RecallPoint, SpaceMeta, SpaceView};
pub use table::FileTable;
pub use words::{Words, WordsBuilder, WordsMeta, WordsView};
