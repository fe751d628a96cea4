//! Values note by note to the sections of a file.

use super::layout::{ColumnEntry, ColumnKind, ColumnValue, bit_words, is_dense, key_of_float, key_of_integer};
use super::{ColumnsView, NoteSet};
use crate::layout::{NO_SPACE, SectionKind};
use crate::{Extent, FieldValue, FileBuilder, Record};
use std::collections::BTreeMap;

/// The columns of a segment, as its sections hold them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Columns {
    /// By name, then by kind.
    pub entries: Vec<ColumnEntry>,
    /// Names and values, one after the other.
    pub texts: Vec<u8>,
    /// Of each column the set of all notes that have it; of those of words the values after it.
    pub values: Vec<ColumnValue>,
    /// Sets of notes as bits.
    pub bits: Vec<u64>,
    /// Sets of notes as lists.
    pub lists: Vec<u32>,
    /// Keys of numbers.
    pub numbers: Vec<u64>,
    /// The note of each.
    pub notes_of: Vec<u32>,
    /// Notes of the segment.
    pub notes: u32,
}

impl Columns {
    /// The same as a reader sees it.
    #[must_use]
    pub fn view(&self) -> ColumnsView<'_> {
        ColumnsView {
            entries: &self.entries,
            texts: &self.texts,
            values: &self.values,
            bits: &self.bits,
            lists: &self.lists,
            numbers: &self.numbers,
            notes_of: &self.notes_of,
            notes: self.notes,
            offsets: [0; 2],
        }
    }

    /// Adds the sections to a segment file.
    pub fn add_to<'a>(&'a self, file: &mut FileBuilder<'a>) {
        file.array(SectionKind::Columns, NO_SPACE, &self.entries, 1);
        file.bytes(SectionKind::ColumnTexts, NO_SPACE, &*self.texts, self.entries.len() as u64);
        file.array(SectionKind::ColumnValues, NO_SPACE, &self.values, 1);
        file.array(SectionKind::ColumnBits, NO_SPACE, &self.bits, 1);
        file.array(SectionKind::ColumnLists, NO_SPACE, &self.lists, 1);
        file.array(SectionKind::ColumnNumbers, NO_SPACE, &self.numbers, 1);
        file.array(SectionKind::ColumnNotes, NO_SPACE, &self.notes_of, 1);
    }

    fn text(&mut self, text: &str) -> Extent {
        let extent = Extent { offset: self.texts.len() as u64, len: text.len() as u64 };
        self.texts.extend_from_slice(text.as_bytes());
        extent
    }

    fn set(&mut self, text: Extent, members: &[u32]) {
        let dense = is_dense(members.len(), self.notes as usize);
        let first = if dense { self.bits.len() } else { self.lists.len() } as u64;
        if dense {
            let mut words = vec![0_u64; bit_words(self.notes as usize)];
            for note in members {
                if let Some(word) = words.get_mut((*note / 64) as usize) {
                    *word |= 1 << (*note % 64);
                }
            }
            self.bits.append(&mut words);
        } else {
            self.lists.extend_from_slice(members);
        }
        self.values.push(ColumnValue { text, first, notes: members.len() as u32, dense: u32::from(dense) });
    }
}

/// What is known of a column while notes come.
#[derive(Debug)]
enum Gathered {
    Texts(BTreeMap<String, Vec<u32>>),
    Numbers(Vec<(u64, u32)>),
}

/// Makes [`Columns`] of the fields of notes, which come in their order.
#[derive(Debug, Default)]
pub struct ColumnsBuilder {
    columns: BTreeMap<(String, ColumnKind), Gathered>,
    notes: u32,
}

impl ColumnsBuilder {
    /// Adds the next note.
    pub fn add(&mut self, record: &Record) {
        if let Some(created) = record.created_ms {
            self.number("", ColumnKind::Created, key_of_integer(created));
        }
        for (name, value) in &record.fields {
            match value {
                FieldValue::Keyword(word) => self.word(name, ColumnKind::Keyword, word),
                FieldValue::Tags(tags) => tags.iter().for_each(|tag| self.word(name, ColumnKind::Tags, tag)),
                FieldValue::Bool(flag) => self.word(name, ColumnKind::Bool, if *flag { "true" } else { "false" }),
                FieldValue::Integer(number) => self.number(name, ColumnKind::Integer, key_of_integer(*number)),
                FieldValue::Float(number) => self.number(name, ColumnKind::Float, key_of_float(*number)),
                FieldValue::DateTime(millis) => self.number(name, ColumnKind::DateTime, key_of_integer(*millis)),
            }
        }
        self.notes = self.notes.saturating_add(1);
    }

    fn word(&mut self, name: &str, kind: ColumnKind, word: &str) {
        let note = self.notes;
        let column = self.columns.entry((name.to_owned(), kind));
        if let Gathered::Texts(texts) = column.or_insert_with(|| Gathered::Texts(BTreeMap::new())) {
            match texts.get_mut(word) {
                // A tag that stands there twice counts once.
                Some(notes) if notes.last() == Some(&note) => {}
                Some(notes) => notes.push(note),
                None => drop(texts.insert(word.to_owned(), vec![note])),
            }
        }
    }

    fn number(&mut self, name: &str, kind: ColumnKind, key: u64) {
        let note = self.notes;
        let column = self.columns.entry((name.to_owned(), kind));
        if let Gathered::Numbers(numbers) = column.or_insert_with(|| Gathered::Numbers(Vec::new())) {
            numbers.push((key, note));
        }
    }

    /// The columns of all notes that were added.
    #[must_use]
    pub fn finish(self) -> Columns {
        let mut columns = Columns { notes: self.notes, ..Columns::default() };
        for ((name, kind), gathered) in self.columns {
            let name = columns.text(&name);
            let all = columns.values.len() as u64;
            let nothing = Extent { offset: columns.texts.len() as u64, len: 0 };
            let (first, count) = match gathered {
                Gathered::Texts(texts) => {
                    let mut members: Vec<u32> = texts.values().flatten().copied().collect();
                    members.sort_unstable();
                    members.dedup();
                    columns.set(nothing, &members);
                    for (text, notes) in &texts {
                        let text = columns.text(text);
                        columns.set(text, notes);
                    }
                    (all.saturating_add(1), texts.len())
                }
                Gathered::Numbers(mut numbers) => {
                    let members: Vec<u32> = numbers.iter().map(|(_, note)| *note).collect();
                    columns.set(nothing, &members);
                    let first = columns.numbers.len() as u64;
                    numbers.sort_unstable();
                    columns.numbers.extend(numbers.iter().map(|(key, _)| *key));
                    columns.notes_of.extend(numbers.iter().map(|(_, note)| *note));
                    (first, numbers.len())
                }
            };
            columns.entries.push(ColumnEntry { name, all, first, count: count as u64, kind: kind as u32, reserved: 0 });
        }
        columns
    }
}

impl NoteSet<'_> {
    /// How many notes it has.
    #[must_use]
    pub fn count(&self) -> u32 {
        match self {
            Self::Bits(words) => words.iter().map(|word| word.count_ones()).fold(0, u32::saturating_add),
            Self::List(notes) => u32::try_from(notes.len()).unwrap_or(u32::MAX),
        }
    }
}
