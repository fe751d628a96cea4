//! Notes to what is stored and searched: records, and rows with their vectors. A batch of notes goes together.
//!
//! | file | what it does |
//! |---|---|
//! | `draft.rs` | a note with its text cut into passages |
//! | `look.rs` | pictures read and decoded, group by group |
//! | `together.rs` | many inputs to the encoder at once, and whose fault it is if that fails |
//! | `fuse.rs` | one vector of many |
//! | `assemble.rs` | all of it put together |
//!
//! # Rows
//!
//! The global row of a note is one vector of all its content, in the way that [`EncoderInfo::fusion`] names:
//!
//! * `Interleaved`: one forward pass over the title, the text up to the end of its eighth passage (the encoder cuts what it
//!   does not read) and the pictures at the start: of those whose headers can be read the first four, up to the one with
//!   which they would have more than 24 MiB of pixels.
//! * `Late`: the weighted mean of the mean of all texts (the passages, or the title where there is no text) and the mean of
//!   all pictures, each mean brought to unit length before.
//!
//! Local rows are the passages (each with the title before it, as its context), the pictures, and, in an index made with
//! [`IndexOptions::picture_regions`](super::IndexOptions::picture_regions), the cells of a grid over each picture
//! ([`Pixels::regions`](crate::note::Pixels::regions)).
//!
//! What an encoder does not read is left out: pictures for one of texts, texts for one of pictures.

mod assemble;
mod draft;
mod fuse;
mod look;
mod together;

pub(super) use assemble::Assembly;
pub(super) use look::{Step, known, read};
pub(super) use together::failed;

use super::options::VectorSource;
#[cfg(doc)]
use crate::encode::EncoderInfo;
use crate::encode::{Fusion, SharedEncoder};
use crate::error::{Error, Result};
use crate::lexical::Language;
use crate::note::Note;
use index_format::layout::OWN_SPACES;
use index_format::{FieldValue, Record, RowEntry};

/// What is made of every note of an index.
#[derive(Clone)]
pub(super) struct Recipe {
    pub(super) source: VectorSource,
    /// Whether picture bytes are stored.
    pub(super) keeps_pictures: bool,
    /// Whether the regions of pictures get rows.
    pub(super) regions: bool,
    /// What the words of the notes are read in.
    pub(super) language: Language,
}

impl Recipe {
    fn encoder(&self) -> Option<&SharedEncoder> {
        match &self.source {
            VectorSource::Encoder(encoder) => Some(encoder),
            _ => None,
        }
    }

    pub(super) fn reads_text(&self) -> bool {
        self.encoder().is_some_and(|encoder| encoder.info().modalities.text)
    }

    pub(super) fn sees(&self) -> bool {
        self.encoder().is_some_and(|encoder| encoder.info().modalities.picture)
    }

    fn interleaves(&self) -> bool {
        self.encoder().is_some_and(|encoder| encoder.info().fusion == Fusion::Interleaved)
    }
}

/// A row of a note and its vector, in the encoder's own axes: an adapter comes later, when the segment is built.
#[derive(Clone)]
pub(super) struct PartVector {
    /// The note's ordinal is filled in when the segment is built.
    pub(super) row: RowEntry,
    pub(super) vector: Vec<f32>,
}

pub(super) const fn row(part: u32, ordinal: u32, start: usize, end: usize) -> RowEntry {
    RowEntry { note: 0, part, ordinal, start: start as u32, end: end as u32 }
}

/// A note ready to go into a segment.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) record: Record,
    /// Bytes to keep, by picture; the record's blobs are numbered when the segment is built.
    pub(super) pictures: Vec<Option<Vec<u8>>>,
    /// Rows by space; spaces at the end that hold none may be left out.
    pub(super) rows: Vec<Vec<PartVector>>,
    /// What was left out of the note, and why.
    pub(super) warnings: Vec<String>,
}

impl Prepared {
    /// Rough size in memory, for bounding what is buffered.
    pub(super) fn bytes(&self) -> usize {
        let pictures: usize = self.pictures.iter().flatten().map(Vec::len).sum();
        let vectors: usize = self.rows.iter().flatten().map(|part| part.vector.len() * size_of::<f32>()).sum();
        text_bytes(&self.record) + pictures + vectors + 1024
    }

    /// Whether the encoder, or a caller in its place, gave it anything.
    pub(super) fn is_encoded(&self) -> bool {
        self.rows.iter().take(OWN_SPACES).any(|rows| !rows.is_empty())
    }

    /// Rows in all spaces.
    pub(super) fn row_count(&self) -> usize {
        self.rows.iter().map(Vec::len).sum()
    }
}

/// Bytes of all text in a note: id, title, text, alternative texts, names and values of fields.
fn text_bytes(record: &Record) -> usize {
    let value = |value: &FieldValue| match value {
        FieldValue::Keyword(word) => word.len(),
        FieldValue::Tags(tags) => tags.iter().map(|tag| tag.len() + size_of::<String>()).sum(),
        _ => 0,
    };
    let alt: usize = record.pictures.iter().map(|picture| picture.alt.len()).sum();
    let fields: usize = record.fields.iter().map(|(name, content)| name.len() + value(content)).sum();
    record.id.len() + record.title.len() + record.text.len() + alt + fields
}

/// What the caller computed for a note: checked, and of unit length.
#[derive(Default)]
pub(super) struct Given {
    /// The note's own vector, in an index for such.
    pub(super) whole: Option<Vec<f32>>,
    /// Rows of the named spaces, in the order of these.
    pub(super) named: Vec<Vec<PartVector>>,
}

impl Given {
    /// Bytes it holds in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let named = self.named.iter().flatten().map(|part| &part.vector);
        self.whole.iter().chain(named).map(|vector| vector.len() * size_of::<f32>()).sum()
    }
}

/// A note on its way, with a number that says which of several versions of one id is the newest.
pub(super) struct Job {
    pub(super) sequence: u64,
    pub(super) note: Note,
    pub(super) given: Given,
    /// How the note is stored already, if it is only encoded anew. Then nothing of it is lost whatever fails.
    pub(super) stored: Option<Box<Record>>,
}

/// A note that has been prepared, or why it could not be.
pub(super) struct Done {
    pub(super) sequence: u64,
    pub(super) id: String,
    /// The first fault of the encoder, where the rest of the note is taken without what it would have given.
    pub(super) fault: Option<Error>,
    pub(super) result: Result<Prepared>,
}

/// Whether a note can be indexed. One that comes with a vector of its own needs no content beside it.
pub(super) fn check(note: &Note, has_vector: bool) -> Result<()> {
    note.validate_with(has_vector).map_err(|source| Error::Note { id: note.id.clone(), source })
}
