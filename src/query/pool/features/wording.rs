//! What the record of a note says: its title, its length, its age, its fields.

use super::super::super::words::Words;
use crate::rank::column;
use index_format::ArchivedRecord;
use index_format::record::ArchivedFieldValue;

/// The columns that come from the record alone.
pub(super) fn of(words: &Words<'_>, record: &ArchivedRecord) -> [(usize, f32); 2] {
    [(column::TITLE_COVERAGE, title_coverage(words, &record.title)), (column::LENGTH, record.text.len() as f32)]
}

/// The share of what the query asks for that the title has, by what its words are worth; missing where there is no title or
/// nothing is asked.
fn title_coverage(words: &Words<'_>, title: &str) -> f32 {
    if words.is_empty() || title.is_empty() {
        return f32::NAN;
    }
    let mut found: Vec<usize> = words.query().matches(title).into_iter().map(|found| found.term).collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().map(|term| words.worth(term)).sum()
}

/// Milliseconds of a day.
const DAY: f32 = 86_400_000.0;

/// Days that a note was made before the newest; missing where it does not say when.
pub(super) fn age(record: &ArchivedRecord, newest: Option<i64>) -> f32 {
    let made = record.created_ms.as_ref().map(|made| made.to_native());
    made.zip(newest).map_or(f32::NAN, |(made, newest)| newest.saturating_sub(made) as f32 / DAY)
}

/// The number in a field; missing where it holds none.
pub(super) fn number(record: &ArchivedRecord, field: &str) -> f32 {
    let found = record.fields.iter().find(|pair| pair.0 == *field);
    match found.map(|pair| &pair.1) {
        Some(ArchivedFieldValue::Integer(value)) => value.to_native() as f32,
        Some(ArchivedFieldValue::Float(value)) => value.to_native() as f32,
        Some(ArchivedFieldValue::DateTime(value)) => value.to_native() as f32,
        Some(ArchivedFieldValue::Bool(value)) => f32::from(u8::from(*value)),
        _ => f32::NAN,
    }
}
