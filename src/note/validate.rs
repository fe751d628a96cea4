//! The bounds every note keeps, checked once before anything is stored.

use super::{Note, Value, time::format_millis};

/// Longest id in bytes.
pub const MAX_ID_BYTES: usize = 1_024;
/// Longest field name in bytes.
pub const MAX_FIELD_NAME_BYTES: usize = 256;
/// Most fields in one note.
pub const MAX_FIELDS: usize = 1_024;
/// Most pictures in one note.
pub const MAX_PICTURES: usize = 4_096;
/// Most vectors of the caller in one note, in all spaces together.
pub const MAX_VECTORS: usize = 4_096;
/// Most text in one note, in bytes: title, text, alternative texts, keywords and tags together.
pub const MAX_TEXT_BYTES: usize = 64 << 20;

/// Why a note was refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NoteError {
    /// The id is the empty string.
    #[error("the note has an empty id; give it a unique, non-empty name")]
    EmptyId,
    /// The id is longer than [`MAX_ID_BYTES`].
    #[error("the id is {bytes} bytes long, more than {MAX_ID_BYTES}; use a shorter one (a hash of it, say)")]
    LongId {
        /// Length found.
        bytes: usize,
    },
    /// The id holds a newline, NUL or another control character.
    #[error("the id {id:?} holds the control character {character:?} at byte {offset}; remove it")]
    ControlInId {
        /// The id.
        id: String,
        /// The character found.
        character: char,
        /// Where in the id.
        offset: usize,
    },
    /// Neither title nor text nor pictures nor vectors.
    #[error("note {id:?} has no title, no text, no picture and no vector; give it at least one of them")]
    Empty {
        /// The note's id.
        id: String,
    },
    /// More than [`MAX_TEXT_BYTES`] of text.
    #[error("note {id:?} holds {bytes} bytes of text, more than {MAX_TEXT_BYTES}; split it into several notes")]
    LongText {
        /// The note's id.
        id: String,
        /// Bytes found.
        bytes: usize,
    },
    /// More than [`MAX_PICTURES`] pictures.
    #[error("note {id:?} has {count} pictures, more than {MAX_PICTURES}; split it into several notes")]
    ManyPictures {
        /// The note's id.
        id: String,
        /// Pictures found.
        count: usize,
    },
    /// More than [`MAX_VECTORS`] vectors.
    #[error("note {id:?} has {count} vectors, more than {MAX_VECTORS}; split it into several notes")]
    ManyVectors {
        /// The note's id.
        id: String,
        /// Vectors found.
        count: usize,
    },
    /// More than [`MAX_FIELDS`] fields.
    #[error("note {id:?} has {count} fields, more than {MAX_FIELDS}; keep those you filter by")]
    ManyFields {
        /// The note's id.
        id: String,
        /// Fields found.
        count: usize,
    },
    /// A field has no name, or one that is too long or holds a control character.
    #[error(
        "note {id:?} has a field named {name:?} ({bytes} bytes); \
         a name has 1 to {MAX_FIELD_NAME_BYTES} bytes and no control characters"
    )]
    FieldName {
        /// The note's id.
        id: String,
        /// The name, cut to its first characters.
        name: String,
        /// Its full length.
        bytes: usize,
    },
    /// A float field is NaN or infinite.
    #[error("field {field:?} of note {id:?} is {value}; use a finite number or leave the field out")]
    NotFinite {
        /// The note's id.
        id: String,
        /// The field.
        field: String,
        /// The value found.
        value: f64,
    },
    /// A tag is the empty string.
    #[error("field {field:?} of note {id:?} holds an empty tag at position {position}; leave it out")]
    EmptyTag {
        /// The note's id.
        id: String,
        /// The field.
        field: String,
        /// Index of the tag.
        position: usize,
    },
    /// An instant outside the years -9999 to 9999.
    #[error(
        "{what} of note {id:?} is {millis} ms since 1970, outside the years -9999 to 9999; \
         check that it is in milliseconds"
    )]
    OutsideCalendar {
        /// The note's id.
        id: String,
        /// The field's name, or `created`.
        what: String,
        /// The value found.
        millis: i64,
    },
}

impl Note {
    /// Checks the bounds that every stored note keeps.
    ///
    /// Title and text may be empty one at a time, and any character may stand in them (NUL
    /// included: nothing is replaced, so that passage spans stay true to the caller's string).
    ///
    /// # Errors
    /// The first bound that does not hold, as a [`NoteError`].
    pub fn validate(&self) -> Result<(), NoteError> {
        self.validate_id()?;
        let id = || self.id.clone();
        if self.pictures.len() > MAX_PICTURES {
            let count = self.pictures.len();
            return Err(NoteError::ManyPictures { id: id(), count });
        }
        if self.fields.len() > MAX_FIELDS {
            let count = self.fields.len();
            return Err(NoteError::ManyFields { id: id(), count });
        }
        let count = self.vectors.values().map(Vec::len).sum::<usize>();
        if count > MAX_VECTORS {
            return Err(NoteError::ManyVectors { id: id(), count });
        }
        let bytes = self.text_bytes();
        if bytes > MAX_TEXT_BYTES {
            return Err(NoteError::LongText { id: id(), bytes });
        }
        for (name, value) in &self.fields {
            self.validate_field(name, value)?;
        }
        self.validate_instant("created", self.created)?;
        // Last, so that whoever brings content of another kind (a vector) knows that all else holds.
        let blank = self.title.trim().is_empty() && self.text.trim().is_empty();
        if blank && self.pictures.is_empty() && count == 0 {
            return Err(NoteError::Empty { id: id() });
        }
        Ok(())
    }

    /// As [`Note::validate`]; a note that comes with a vector of its own as a whole needs no content beside it.
    pub(crate) fn validate_with(&self, has_vector: bool) -> Result<(), NoteError> {
        match self.validate() {
            Err(NoteError::Empty { .. }) if has_vector => Ok(()),
            validated => validated,
        }
    }

    fn validate_id(&self) -> Result<(), NoteError> {
        let bytes = self.id.len();
        if bytes == 0 {
            return Err(NoteError::EmptyId);
        }
        if bytes > MAX_ID_BYTES {
            return Err(NoteError::LongId { bytes });
        }
        match self.id.char_indices().find(|(_, c)| c.is_control()) {
            None => Ok(()),
            Some((offset, character)) => Err(NoteError::ControlInId { id: self.id.clone(), character, offset }),
        }
    }

    fn validate_field(&self, name: &str, value: &Value) -> Result<(), NoteError> {
        let bytes = name.len();
        let in_bounds = (1..=MAX_FIELD_NAME_BYTES).contains(&bytes);
        if !in_bounds || name.chars().any(char::is_control) {
            return Err(NoteError::FieldName { id: self.id.clone(), name: name.chars().take(64).collect(), bytes });
        }
        match value {
            Value::Float(number) if !number.is_finite() => {
                Err(NoteError::NotFinite { id: self.id.clone(), field: name.to_owned(), value: *number })
            }
            Value::Tags(tags) => match tags.iter().position(String::is_empty) {
                None => Ok(()),
                Some(position) => Err(NoteError::EmptyTag { id: self.id.clone(), field: name.to_owned(), position }),
            },
            Value::DateTime(millis) => self.validate_instant(name, Some(*millis)),
            _ => Ok(()),
        }
    }

    fn validate_instant(&self, what: &str, millis: Option<i64>) -> Result<(), NoteError> {
        match millis {
            Some(millis) if format_millis(millis).is_none() => {
                Err(NoteError::OutsideCalendar { id: self.id.clone(), what: what.to_owned(), millis })
            }
            _ => Ok(()),
        }
    }

    /// Bytes of title, text, alternative texts, keywords and tags.
    pub(crate) fn text_bytes(&self) -> usize {
        let alts: usize = self.pictures.iter().map(|picture| picture.alt.len()).sum();
        let values: usize = self
            .fields
            .values()
            .map(|value| match value {
                Value::Keyword(text) => text.len(),
                Value::Tags(tags) => tags.iter().map(String::len).sum(),
                _ => 0,
            })
            .sum();
        self.title.len() + self.text.len() + alts + values
    }
}

#[cfg(test)]
#[path = "validate_tests.rs"]
mod tests;
