//! Notes and vectors as they are stored, one after the other.

use super::options::EXTERNAL;
use super::snapshot::Snapshot;
use super::spaces;
use super::stored;
use super::target::Axes;
use crate::error::Result;
use crate::note::Note;
use crate::query::{Like, LiveSegment};
use crate::segment::note_of;

impl Snapshot {
    /// The note with this id.
    ///
    /// # Errors
    /// Damage met on the way.
    pub fn get(&self, id: &str) -> Result<Option<Note>> {
        self.find(id)?.map(|(live, ordinal)| self.read(live, ordinal)).transpose()
    }

    /// All live notes, in the order of the index, each read when it is asked for. One that is damaged is an error, and does not
    /// keep the others.
    pub fn notes(&self) -> impl Iterator<Item = Result<Note>> + '_ {
        self.state.segments.iter().flat_map(move |live| {
            let notes = 0..live.segment.meta().notes;
            notes.filter(|note| !live.deleted.contains(*note)).map(move |note| self.read(live, note))
        })
    }

    /// The vector of a note or of one part of it, as its encoder or the caller made it, of unit length.
    ///
    /// # Errors
    /// [`Error::NoSuchNote`](crate::Error::NoSuchNote), [`Error::NoSuchPart`](crate::Error::NoSuchPart), and damage met on the way.
    pub fn vector(&self, id: &str, part: Like) -> Result<Vec<f32>> {
        stored::part_of(self, (id, part), Axes::Own)
    }

    /// Whether vectors come from the caller ([`IndexOptions::external_vectors`](crate::IndexOptions::external_vectors)).
    #[must_use]
    pub fn takes_vectors(&self) -> bool {
        self.state.manifest.encoder.name == EXTERNAL
    }

    fn read(&self, live: &LiveSegment, ordinal: u32) -> Result<Note> {
        let record = live.segment.record(ordinal)?;
        let mut note = note_of(record, |blob| live.segment.picture(blob).map(<[u8]>::to_vec))?;
        note.vectors = spaces::stored(&self.state.manifest.spaces, &live.segment, ordinal)?;
        Ok(note)
    }
}
