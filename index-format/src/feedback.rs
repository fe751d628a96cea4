//! What people chose of what they were shown: the events that a ranking head can learn from.

use crate::archive::{from_bytes, to_bytes};
use crate::layout::{FileKind, NO_SPACE, SectionKind};
use crate::table::inconsistent;
use crate::{FileBuilder, FileTable, FormatError};
use rkyv::{Archive, Deserialize, Serialize};

/// What a term of a query is about.
#[derive(Debug, Clone, PartialEq, Archive, Serialize, Deserialize)]
pub enum SoughtRecord {
    /// A text.
    Text(String),
    /// A vector in the encoder's own axes, or in the caller's space of this name; empty for the encoder's.
    Vector(String, Vec<f32>),
    /// A stored note or a part of it: its id, what part (as in a row entry), the part's number and, of regions, the cell.
    Note(String, u32, u32, u32),
    /// A stored note in the caller's space of this name.
    NoteIn(String, String),
}

/// One term of a query.
#[derive(Debug, Clone, PartialEq, Archive, Serialize, Deserialize)]
pub struct TermRecord {
    /// What it is about.
    pub sought: SoughtRecord,
    /// How much it counts, above 0.
    pub weight: f32,
    /// Whether it is wanted, or turned away from.
    pub wanted: bool,
}

/// One answer that was shown, and what was chosen of it.
#[derive(Debug, Clone, PartialEq, Archive, Serialize, Deserialize)]
pub struct EventRecord {
    /// The query.
    pub terms: Vec<TermRecord>,
    /// Ids of the notes in the order they were shown in, from the first place on.
    pub shown: Vec<String>,
    /// Places of those that were chosen, ascending, from 0.
    pub chosen: Vec<u32>,
    /// When, milliseconds since 1970 UTC.
    pub at_ms: i64,
}

/// The events of one file.
#[derive(Debug, Clone, Default, PartialEq, Archive, Serialize, Deserialize)]
pub struct Feedback {
    /// Oldest first.
    pub events: Vec<EventRecord>,
}

impl Feedback {
    /// The bytes of a feedback file.
    ///
    /// # Errors
    /// [`FormatError::Archive`] if it cannot be archived, and whatever a reader would refuse.
    pub fn to_file(&self, index_id: u64, file_id: u64) -> Result<Vec<u8>, FormatError> {
        self.check(0)?;
        let archive = to_bytes(SectionKind::Events.name(), self)?;
        let mut file = FileBuilder::new(FileKind::Feedback, index_id, file_id);
        file.bytes(SectionKind::Events, NO_SPACE, archive.as_slice(), 1);
        Ok(file.finish()?.to_vec())
    }

    /// Reads a feedback file whole, every byte of it checked.
    ///
    /// # Errors
    /// Whatever does not hold.
    pub fn from_file(bytes: &[u8]) -> Result<Self, FormatError> {
        let table = FileTable::parse(bytes, FileKind::Feedback)?;
        if let Some(damage) = table.damages(bytes).into_iter().next() {
            return Err(FormatError::Archive { what: damage.section, offset: damage.offset, why: damage.why });
        }
        let offset = table.require(SectionKind::Events, NO_SPACE)?.offset;
        let archive = table.bytes(bytes, SectionKind::Events, NO_SPACE)?;
        let feedback: Self = from_bytes(SectionKind::Events.name(), offset, archive)?;
        feedback.check(offset)?;
        Ok(feedback)
    }

    fn check(&self, offset: u64) -> Result<(), FormatError> {
        for event in &self.events {
            let ascending = event.chosen.windows(2).all(|pair| matches!(pair, [left, right] if left < right));
            let last = event.chosen.last().map_or(0, |last| u64::from(*last) + 1);
            if !ascending || last > event.shown.len() as u64 {
                return Err(inconsistent("places chosen of those shown", offset, event.shown.len() as u64, last));
            }
            if event.terms.iter().any(|term| !(term.weight.is_finite() && term.weight > 0.0)) {
                return Err(inconsistent("weight of a term (above 0)", offset, 1, 0));
            }
        }
        Ok(())
    }
}
