//! A filter on one segment: the exact set of notes it lets through.

use super::bitmap::Bitmap;
use super::filter::{Check, End, Filter, Literal, Node, Test};
use super::range::ranges;
use super::resolve::{ID, columns_of};
use index_format::columns::{ColumnKind, ColumnView};
use index_format::{ColumnsView, FormatError, SegmentView};
use std::ops::Range;

/// The notes of a segment that a filter lets through, deleted ones among them.
pub(crate) fn evaluate(
    filter: &Filter,
    columns: &ColumnsView<'_>,
    notes: &SegmentView<'_>,
) -> Result<Bitmap, FormatError> {
    of_node(&filter.0, columns, Some(notes))
}

/// `notes` are for filters by id; without them no id is let through.
pub(super) fn of_node(
    node: &Node,
    columns: &ColumnsView<'_>,
    notes: Option<&SegmentView<'_>>,
) -> Result<Bitmap, FormatError> {
    match node {
        Node::Test(test) => of_test(test, columns, notes),
        Node::Not(inner) => {
            let mut found = of_node(inner, columns, notes)?;
            found.invert();
            Ok(found)
        }
        Node::And(all) => {
            let mut found = Bitmap::all(columns.notes());
            for node in all {
                found.intersect(&of_node(node, columns, notes)?);
            }
            Ok(found)
        }
        Node::Or(any) => {
            let mut found = Bitmap::none(columns.notes());
            for node in any {
                found.unite(&of_node(node, columns, notes)?);
            }
            Ok(found)
        }
    }
}

fn of_test(test: &Test, columns: &ColumnsView<'_>, notes: Option<&SegmentView<'_>>) -> Result<Bitmap, FormatError> {
    let mut found = Bitmap::none(columns.notes());
    let range = columns_of(columns, &test.field)?;
    if let Some(notes) = notes.filter(|_| range.is_empty() && test.field == ID) {
        add_ids(&test.check, notes, &mut found)?;
    }
    for ordinal in range {
        add_column(&test.check, &columns.column(ordinal)?, &mut found)?;
    }
    Ok(found)
}

/// Adds the notes of a column that a check lets through.
fn add_column(check: &Check, column: &ColumnView<'_>, found: &mut Bitmap) -> Result<(), FormatError> {
    if *check == Check::Exists {
        found.add(column.all()?);
        return Ok(());
    }
    if column.kind.is_number() {
        let (keys, notes) = column.numbers();
        for range in ranges(column.kind, check).unwrap_or_default() {
            let start = keys.partition_point(|key| key < range.start());
            let end = keys.partition_point(|key| key <= range.end());
            notes.get(start..end).unwrap_or_default().iter().for_each(|note| found.insert(*note));
        }
        return Ok(());
    }
    for range in texts(check, column)? {
        for ordinal in range {
            found.add(column.notes_with(ordinal)?);
        }
    }
    Ok(())
}

fn only(range: Range<usize>) -> Vec<Range<usize>> {
    std::iter::once(range).collect()
}

/// Ordinals of the values of a column of words or bools that a check lets through.
fn texts(check: &Check, column: &ColumnView<'_>) -> Result<Vec<Range<usize>>, FormatError> {
    let exactly = |text: &str| -> Result<Range<usize>, FormatError> {
        Ok(column.partition(|value| value < text)?..column.partition(|value| value <= text)?)
    };
    match check {
        Check::Exists => Ok(only(0..column.len())),
        Check::Prefix(_) if column.kind == ColumnKind::Bool => Ok(Vec::new()),
        Check::Prefix(prefix) => {
            let start = column.partition(|value| value < prefix.as_str())?;
            let end = column.partition(|value| value < prefix.as_str() || value.starts_with(prefix.as_str()))?;
            Ok(only(start..end))
        }
        Check::OneOf(values) => values.iter().filter_map(|value| text_of(value, column.kind)).map(exactly).collect(),
        Check::Range { low, high } => {
            let comparable =
                |end: &Option<End>| end.as_ref().is_none_or(|end| text_of(&end.literal, column.kind).is_some());
            if !comparable(low) || !comparable(high) {
                return Ok(Vec::new());
            }
            let text = |end: &Option<End>| {
                let end = end.as_ref()?;
                text_of(&end.literal, column.kind).map(|text| (text.to_owned(), end.inside))
            };
            let start = match text(low) {
                None => 0,
                Some((text, true)) => column.partition(|value| value < text.as_str())?,
                Some((text, false)) => column.partition(|value| value <= text.as_str())?,
            };
            let end = match text(high) {
                None => column.len(),
                Some((text, true)) => column.partition(|value| value <= text.as_str())?,
                Some((text, false)) => column.partition(|value| value < text.as_str())?,
            };
            Ok(only(start..end))
        }
    }
}

/// A literal as a column of this kind holds it, if it can.
pub(super) fn text_of(literal: &Literal, kind: ColumnKind) -> Option<&str> {
    match (literal, kind) {
        (Literal::Text(text), ColumnKind::Keyword | ColumnKind::Tags) => Some(text),
        (Literal::Bool(flag), ColumnKind::Bool) => Some(if *flag { "true" } else { "false" }),
        _ => None,
    }
}

/// Adds the notes with these ids.
fn add_ids(check: &Check, notes: &SegmentView<'_>, found: &mut Bitmap) -> Result<(), FormatError> {
    let start_of = |id: &[u8]| -> Result<usize, FormatError> {
        let (mut low, mut high) = (0, notes.id_order.len());
        while low < high {
            let middle = low.midpoint(high);
            let note = notes.id_order.get(middle).copied().unwrap_or_default();
            if notes.ids.get(note as usize)? < id { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    };
    match check {
        Check::OneOf(ids) => {
            for id in ids.iter().filter_map(|id| if let Literal::Text(id) = id { Some(id) } else { None }) {
                if let Some(note) = notes.find(id)? {
                    found.insert(note);
                }
            }
        }
        Check::Prefix(prefix) => {
            let start = start_of(prefix.as_bytes())?;
            for note in notes.id_order.get(start..).unwrap_or_default() {
                if !notes.ids.get(*note as usize)?.starts_with(prefix.as_bytes()) {
                    break;
                }
                found.insert(*note);
            }
        }
        Check::Exists => found.invert(),
        Check::Range { .. } => {}
    }
    Ok(())
}
