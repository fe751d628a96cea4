//! Notes that are stored already as they are put: what is known of them is kept, and nothing is encoded or written.

use super::compact::rows_again;
use super::prepare::{Given, PartVector, Recipe, known};
use super::writer::Writer;
use crate::error::Result;
use crate::note::Note;
use crate::segment::record_of;
use index_format::layout::{OWN_SPACES, ROW_PICTURE};
use index_format::{PictureRecord, Record};

impl Writer {
    /// Whether the live note with this id is this note, with the same vectors of the caller's, and lacks nothing that it
    /// might get on another try. Pictures are read for that, and not decoded.
    pub(super) fn is_stored(&self, note: &Note, given: &Given) -> Result<bool> {
        // Whatever waits for its segment will be in the place of what is stored.
        if self.newest.contains_key(&note.id) {
            return Ok(false);
        }
        let Some((index, ordinal)) = self.find(&note.id)? else { return Ok(false) };
        let Some(entry) = self.segments.get(index) else { return Ok(false) };
        // Damage is no reason to refuse a note: a new version of it is what mends it.
        let Ok(record) = entry.segment.record(ordinal) else { return Ok(false) };
        if !has_same_outside(&record, note) {
            return Ok(false);
        }
        let infos: Vec<_> = note.pictures.iter().map(known).collect();
        let told = record_of(note, &infos).content_hash;
        // Of the stored note both what it is said to be and what it is.
        if infos.contains(&None) || told != record.content_hash || told != record.hash_content() {
            return Ok(false);
        }
        let Ok(mut rows) = rows_again(entry, ordinal, 0..self.manifest.spaces.len()) else { return Ok(false) };
        let named = rows.split_off(OWN_SPACES.min(rows.len()));
        Ok(has_same_vectors(&rows, named, given) && is_complete(&record, &rows, &self.recipe))
    }
}

/// What can be compared without reading a picture.
fn has_same_outside(record: &Record, note: &Note) -> bool {
    record.title == note.title && record.text == note.text && record.pictures.len() == note.pictures.len()
}

fn has_same_vectors(own: &[Vec<PartVector>], named: Vec<Vec<PartVector>>, given: &Given) -> bool {
    let whole = own.first().and_then(|rows| rows.first()).map(|part| &part.vector);
    let empty = Vec::new();
    (given.whole.is_none() || given.whole.as_ref() == whole)
        && named.into_iter().enumerate().all(|(space, mut stored)| {
            stored.sort_unstable_by_key(|part| part.row.ordinal);
            let new = given.named.get(space).unwrap_or(&empty);
            stored.len() == new.len() && stored.iter().zip(new).all(|(stored, new)| stored.vector == new.vector)
        })
}

/// Whether a stored note has all that it can have: bytes of pictures where they are kept, and rows of what was read.
fn is_complete(record: &Record, own: &[Vec<PartVector>], recipe: &Recipe) -> bool {
    let kept = |picture: &PictureRecord| picture.blob.is_some() || !recipe.keeps_pictures;
    let seen = own.iter().flatten().filter(|part| part.row.part == ROW_PICTURE).count();
    let read = |text: &str| !text.trim().is_empty() && recipe.reads_text();
    let worded = read(&record.title) || read(&record.text);
    let has_rows = own.iter().any(|rows| !rows.is_empty());
    record.pictures.iter().all(kept) && (!recipe.sees() || seen == record.pictures.len()) && (has_rows || !worded)
}
