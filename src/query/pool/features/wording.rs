//! What the words of a note say: of its title, of its length, of its fields.

use crate::lexical::WordsQuery;
use crate::rank::column;
use index_format::ArchivedRecord;
use index_format::record::ArchivedFieldValue;

/// The columns that come from the record alone.
pub(super) fn of(query: &WordsQuery, record: &ArchivedRecord) -> [(usize, f32); 2] {
    [(column::TITLE_COVERAGE, title_coverage(query, &record.title)), (column::LENGTH, record.text.len() as f32)]
}

/// The share of the query's terms that the title has; missing where there are none or there is no title.
fn title_coverage(query: &WordsQuery, title: &str) -> f32 {
    let terms = query.terms().count();
    if terms == 0 || title.is_empty() {
        return f32::NAN;
    }
    let mut found: Vec<usize> = query.matches(title).into_iter().map(|found| found.term).collect();
    found.sort_unstable();
    found.dedup();
    found.len() as f32 / terms as f32
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
