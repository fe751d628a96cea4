//! The fields of a segment's notes, by field: which notes have which value.
//!
//! A field has a column for each type that its values have. A column of words holds the distinct values in ascending order of
//! their bytes, each with its notes; one of numbers holds the numbers in ascending order, each with its note.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | views of the sections, and of a column in them |
//! | `layout.rs` | entries, kinds, keys |
//! | `build.rs` | values note by note to the sections |
//!
//! What a filter means is the engine's business.

mod build;
mod layout;

pub use build::{Columns, ColumnsBuilder};
pub use layout::{
    ColumnEntry, ColumnKind, ColumnValue, bit_words, float_of_key, integer_of_key, is_dense, key_of_float,
    key_of_integer,
};

use crate::layout::{NO_SPACE, SectionKind};
use crate::table::inconsistent;
use crate::{Extent, FileTable, FormatError};
use std::ops::Range;

/// The columns of a segment where they lie. What is in the arrays is checked when it is used.
#[derive(Debug, Clone, Copy)]
pub struct ColumnsView<'a> {
    pub(crate) entries: &'a [ColumnEntry],
    pub(crate) texts: &'a [u8],
    pub(crate) values: &'a [ColumnValue],
    pub(crate) bits: &'a [u64],
    pub(crate) lists: &'a [u32],
    pub(crate) numbers: &'a [u64],
    pub(crate) notes_of: &'a [u32],
    pub(crate) notes: u32,
    /// Where entries and values start in the file, for messages.
    offsets: [u64; 2],
}

impl<'a> ColumnsView<'a> {
    /// Views of the sections: cost does not depend on what they hold.
    pub(crate) fn new(table: &FileTable, bytes: &'a [u8], notes: u32) -> Result<Self, FormatError> {
        let start = |kind| table.require(kind, NO_SPACE).map(|entry| entry.offset);
        let view = Self {
            entries: table.array(bytes, SectionKind::Columns, NO_SPACE, 1)?,
            texts: table.bytes(bytes, SectionKind::ColumnTexts, NO_SPACE)?,
            values: table.array(bytes, SectionKind::ColumnValues, NO_SPACE, 1)?,
            bits: table.array(bytes, SectionKind::ColumnBits, NO_SPACE, 1)?,
            lists: table.array(bytes, SectionKind::ColumnLists, NO_SPACE, 1)?,
            numbers: table.array(bytes, SectionKind::ColumnNumbers, NO_SPACE, 1)?,
            notes_of: table.array(bytes, SectionKind::ColumnNotes, NO_SPACE, 1)?,
            notes,
            offsets: [start(SectionKind::Columns)?, start(SectionKind::ColumnValues)?],
        };
        let (expected, found) = (view.numbers.len() as u64, view.notes_of.len() as u64);
        if expected == found { Ok(view) } else { Err(inconsistent("notes of numbers", 0, expected, found)) }
    }

    /// Number of columns.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no column.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Notes of the segment.
    #[must_use]
    pub const fn notes(&self) -> u32 {
        self.notes
    }

    /// The column with this ordinal: they ascend by name, then by kind.
    ///
    /// # Errors
    /// Where there is no such column or its entry contradicts the sections.
    pub fn column(&self, ordinal: usize) -> Result<ColumnView<'a>, FormatError> {
        let [start, _] = self.offsets;
        let offset = start.saturating_add((ordinal as u64).saturating_mul(size_of::<ColumnEntry>() as u64));
        let wrong = |what, expected, found| inconsistent(what, offset, expected, found);
        let columns = self.entries.len() as u64;
        let entry = *self.entries.get(ordinal).ok_or_else(|| wrong("column", columns, ordinal as u64))?;
        let kind = ColumnKind::from_number(entry.kind);
        let kind = kind.ok_or_else(|| wrong("kind of a column", 6, u64::from(entry.kind)))?;
        let name = std::str::from_utf8(self.text(entry.name, offset)?);
        let name = name.map_err(|_| wrong("UTF-8 bytes of a name", entry.name.len, 0))?;
        let end = entry.first.saturating_add(entry.count);
        let elements = usize::try_from(entry.first).ok().zip(usize::try_from(end).ok()).map(|(first, end)| first..end);
        let length = if kind.is_number() { self.numbers.len() } else { self.values.len() };
        let elements = elements.filter(|elements| elements.end <= length);
        let elements = elements.ok_or_else(|| wrong("values of a column", length as u64, end))?;
        Ok(ColumnView { columns: *self, name, kind, all: entry.all, elements })
    }

    fn text(&self, extent: Extent, offset: u64) -> Result<&'a [u8], FormatError> {
        let end = extent.offset.saturating_add(extent.len);
        let range = usize::try_from(extent.offset).ok().zip(usize::try_from(end).ok());
        let found = range.and_then(|(start, end)| self.texts.get(start..end));
        found.ok_or_else(|| inconsistent("text of a column", offset, self.texts.len() as u64, end))
    }

    fn offset_of_value(&self, number: usize) -> u64 {
        let [_, values] = self.offsets;
        values.saturating_add((number as u64).saturating_mul(size_of::<ColumnValue>() as u64))
    }

    fn value(&self, number: usize) -> Result<&'a ColumnValue, FormatError> {
        let values = self.values.len() as u64;
        let missing = || inconsistent("value of a column", self.offset_of_value(number), values, number as u64);
        self.values.get(number).ok_or_else(missing)
    }

    fn set(&self, number: usize) -> Result<NoteSet<'a>, FormatError> {
        let value = self.value(number)?;
        let length = if value.dense == 1 { bit_words(self.notes as usize) } else { value.notes as usize };
        let first = usize::try_from(value.first).unwrap_or(usize::MAX);
        let range = first..first.saturating_add(length);
        let end = range.end as u64;
        let found = match value.dense {
            0 => self.lists.get(range).map(NoteSet::List),
            1 => self.bits.get(range).map(NoteSet::Bits),
            _ => None,
        };
        found
            .ok_or_else(|| inconsistent("notes of a value", self.offset_of_value(number), self.lists.len() as u64, end))
    }
}

/// Some of a segment's notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoteSet<'a> {
    /// A bit a note, the lowest bit of the first word first.
    Bits(&'a [u64]),
    /// Ordinals, ascending.
    List(&'a [u32]),
}

/// One column.
#[derive(Debug, Clone)]
pub struct ColumnView<'a> {
    columns: ColumnsView<'a>,
    /// The field's name; empty for when notes were made.
    pub name: &'a str,
    /// What its values are.
    pub kind: ColumnKind,
    all: u64,
    elements: Range<usize>,
}

impl<'a> ColumnView<'a> {
    /// The notes that have it.
    ///
    /// # Errors
    /// Where the set does not lie in its section.
    pub fn all(&self) -> Result<NoteSet<'a>, FormatError> {
        self.columns.set(usize::try_from(self.all).unwrap_or(usize::MAX))
    }

    /// Number of distinct values of words and bools; of numbers one a note.
    #[must_use]
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether it has no value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// The value with this ordinal among those of a column of words or bools.
    ///
    /// # Errors
    /// Where there is none, or its bytes do not lie in their section or are no UTF-8.
    pub fn text(&self, ordinal: usize) -> Result<&'a str, FormatError> {
        let number = self.number(ordinal);
        let offset = self.columns.offset_of_value(number);
        let bytes = self.columns.text(self.columns.value(number)?.text, offset)?;
        std::str::from_utf8(bytes).map_err(|_| inconsistent("UTF-8 bytes of a value", offset, bytes.len() as u64, 0))
    }

    /// The notes with the value of this ordinal.
    ///
    /// # Errors
    /// Where there is none, or they do not lie in their section.
    pub fn notes_with(&self, ordinal: usize) -> Result<NoteSet<'a>, FormatError> {
        self.columns.set(self.number(ordinal))
    }

    /// The ordinal of the first value for which `before` no longer holds, by halving: it must hold for all before that one.
    ///
    /// # Errors
    /// As [`ColumnView::text`].
    pub fn partition(&self, before: impl Fn(&str) -> bool) -> Result<usize, FormatError> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low.midpoint(high);
            if before(self.text(middle)?) { low = middle.saturating_add(1) } else { high = middle }
        }
        Ok(low)
    }

    /// Keys in ascending order, and the note of each: of a column of numbers.
    #[must_use]
    pub fn numbers(&self) -> (&'a [u64], &'a [u32]) {
        if !self.kind.is_number() {
            return (&[], &[]);
        }
        let keys = self.columns.numbers.get(self.elements.clone()).unwrap_or_default();
        (keys, self.columns.notes_of.get(self.elements.clone()).unwrap_or_default())
    }

    fn number(&self, ordinal: usize) -> usize {
        if ordinal < self.len() && !self.kind.is_number() {
            self.elements.start.saturating_add(ordinal)
        } else {
            usize::MAX
        }
    }
}
