//! The columns of a segment, made again from its records: there is one way to write them.

use super::Collector;
use crate::columns::{ColumnsBuilder, ColumnsView};
use crate::layout::{NO_SPACE, SectionKind};
use crate::{Damage, SegmentFile, SegmentView};

pub(super) fn verify(
    file: &SegmentFile,
    notes: &SegmentView<'_>,
    columns: &ColumnsView<'_>,
    damages: &mut Vec<Damage>,
) {
    let mut builder = ColumnsBuilder::default();
    for note in 0..file.meta.notes {
        // One that cannot be read has been named by now.
        let Ok(record) = notes.record(note) else { return };
        builder.add(&record);
    }
    let expected = builder.finish();
    let expected = expected.view();
    compare(file, SectionKind::Columns, (columns.entries, expected.entries), damages);
    compare(file, SectionKind::ColumnTexts, (columns.texts, expected.texts), damages);
    compare(file, SectionKind::ColumnValues, (columns.values, expected.values), damages);
    compare(file, SectionKind::ColumnBits, (columns.bits, expected.bits), damages);
    compare(file, SectionKind::ColumnLists, (columns.lists, expected.lists), damages);
    compare(file, SectionKind::ColumnNumbers, (columns.numbers, expected.numbers), damages);
    compare(file, SectionKind::ColumnNotes, (columns.notes_of, expected.notes_of), damages);
}

/// Names the first element that is another than the records say.
fn compare<T: PartialEq>(
    file: &SegmentFile,
    kind: SectionKind,
    (found, expected): (&[T], &[T]),
    damages: &mut Vec<Damage>,
) {
    let mut section = Collector::new(file, kind, NO_SPACE);
    if let Some(at) = found.iter().zip(expected).position(|(found, expected)| found != expected) {
        section.push(at, format!("element {at} is another than the fields of the notes make it"));
    } else if found.len() != expected.len() {
        let (found, expected) = (found.len(), expected.len());
        section.push(found.min(expected), format!("has {found} elements, the fields of the notes make {expected}"));
    }
    section.into(damages);
}
