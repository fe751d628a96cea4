//! What the notes of a set have in a field: how many have which value, and an order by it.

use super::bitmap::Bitmap;
use super::resolve::columns_of;
use crate::note::Value;
use index_format::columns::{ColumnKind, ColumnView, float_of_key, integer_of_key};
use index_format::record::ArchivedFieldValue;
use index_format::{ArchivedRecord, ColumnsView, FormatError};
use std::cmp::Ordering;
use std::collections::BTreeMap;

/// A value of a field, and how many notes have it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FacetCount {
    /// The value; a tag as a keyword.
    pub value: Value,
    /// How many notes have it.
    pub notes: u64,
}

impl FacetCount {
    pub(crate) const fn new(value: Value, notes: u64) -> Self {
        Self { value, notes }
    }
}

/// A value of a field as notes are ordered by it: numbers before words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Key {
    /// A number of any kind, and what it is.
    Number(f64, i64, ColumnKind),
    Text(String, ColumnKind),
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(left, whole, kind), Self::Number(right, other, same)) => {
                left.total_cmp(right).then(whole.cmp(other)).then(kind.cmp(same))
            }
            (Self::Text(left, kind), Self::Text(right, same)) => left.cmp(right).then(kind.cmp(same)),
            (Self::Number(..), Self::Text(..)) => Ordering::Less,
            (Self::Text(..), Self::Number(..)) => Ordering::Greater,
        }
    }
}

impl Key {
    fn number(kind: ColumnKind, key: u64) -> Self {
        match kind {
            ColumnKind::Float => Self::Number(float_of_key(key), 0, kind),
            _ => Self::whole(kind, integer_of_key(key)),
        }
    }

    fn whole(kind: ColumnKind, number: i64) -> Self {
        Self::Number(number as f64, number, kind)
    }

    fn word(kind: ColumnKind, text: &str) -> Self {
        Self::Text(text.to_owned(), kind)
    }

    /// The id of a note.
    pub(crate) fn id(id: &str) -> Self {
        Self::word(ColumnKind::Keyword, id)
    }

    /// As a note has it; a tag as a keyword.
    pub(crate) fn value(&self) -> Value {
        match self {
            Self::Number(number, _, ColumnKind::Float) => Value::Float(*number),
            Self::Number(_, whole, ColumnKind::Integer) => Value::Integer(*whole),
            Self::Number(_, whole, _) => Value::DateTime(*whole),
            Self::Text(text, ColumnKind::Bool) => Value::Bool(text == "true"),
            Self::Text(text, _) => Value::Keyword(text.clone()),
        }
    }
}

/// Values in the order asked for; what has none comes last either way.
pub(crate) fn in_order(descending: bool, left: &Option<Key>, right: &Option<Key>) -> Ordering {
    match (left, right) {
        (Some(left), Some(right)) if descending => right.cmp(left),
        (Some(left), Some(right)) => left.cmp(right),
        (left, right) => right.is_some().cmp(&left.is_some()),
    }
}

/// Adds to `counts` how many of the notes have which value of a field.
pub(crate) fn facets(
    columns: &ColumnsView<'_>,
    field: &str,
    notes: &Bitmap,
    counts: &mut BTreeMap<Key, u64>,
) -> Result<(), FormatError> {
    each(columns, field, &mut |column| {
        if column.kind.is_number() {
            let (keys, of) = column.numbers();
            for (key, _) in keys.iter().zip(of).filter(|(_, note)| notes.contains(**note)) {
                *counts.entry(Key::number(column.kind, *key)).or_default() += 1;
            }
            return Ok(());
        }
        for ordinal in 0..column.len() {
            let shared = notes.shared(column.notes_with(ordinal)?);
            if shared > 0 {
                *counts.entry(Key::Text(column.text(ordinal)?.to_owned(), column.kind)).or_default() += shared as u64;
            }
        }
        Ok(())
    })
}

/// The notes of a set that have a field, each with its value: of several tags, and of values of several kinds, the least.
pub(crate) fn keys(columns: &ColumnsView<'_>, field: &str, notes: &Bitmap) -> Result<BTreeMap<u32, Key>, FormatError> {
    let mut found: BTreeMap<u32, Key> = BTreeMap::new();
    each(columns, field, &mut |column| {
        let mut offer = |note: u32, key: Key| match found.get(&note) {
            Some(known) if *known <= key => {}
            _ => drop(found.insert(note, key)),
        };
        if column.kind.is_number() {
            let (keys, of) = column.numbers();
            for (key, note) in keys.iter().zip(of).filter(|(_, note)| notes.contains(**note)) {
                offer(*note, Key::number(column.kind, *key));
            }
            return Ok(());
        }
        for ordinal in 0..column.len() {
            let text = column.text(ordinal)?;
            let with = column.notes_with(ordinal)?;
            notes.each_shared(with, |note| offer(note, Key::Text(text.to_owned(), column.kind)));
        }
        Ok(())
    })?;
    Ok(found)
}

/// What a note has in a field that is written down in it, and how [`keys`] has it.
pub(crate) fn key_of(record: &ArchivedRecord, field: &str) -> Option<Key> {
    let named = record.fields.iter().find(|pair| pair.0 == *field)?;
    Some(match &named.1 {
        ArchivedFieldValue::Keyword(word) => Key::word(ColumnKind::Keyword, word),
        ArchivedFieldValue::Tags(tags) => Key::word(ColumnKind::Tags, tags.iter().map(|tag| tag.as_str()).min()?),
        ArchivedFieldValue::Bool(flag) => Key::word(ColumnKind::Bool, if *flag { "true" } else { "false" }),
        ArchivedFieldValue::Integer(number) => Key::whole(ColumnKind::Integer, number.to_native()),
        ArchivedFieldValue::Float(number) => Key::Number(number.to_native(), 0, ColumnKind::Float),
        ArchivedFieldValue::DateTime(millis) => Key::whole(ColumnKind::DateTime, millis.to_native()),
    })
}

/// When a note was made, as [`keys`] has it.
pub(crate) fn key_of_created(record: &ArchivedRecord) -> Option<Key> {
    record.created_ms.as_ref().map(|made| Key::whole(ColumnKind::Created, made.to_native()))
}

fn each(
    columns: &ColumnsView<'_>,
    field: &str,
    act: &mut dyn FnMut(&ColumnView<'_>) -> Result<(), FormatError>,
) -> Result<(), FormatError> {
    for ordinal in columns_of(columns, field)? {
        act(&columns.column(ordinal)?)?;
    }
    Ok(())
}
