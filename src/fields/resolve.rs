//! Names and types of a filter, held against the columns of all segments before any of them is asked.

use super::error::FilterError;
use super::evaluate::text_of;
use super::filter::{Check, Filter, Literal, Node, Test};
use super::range::ranges;
use index_format::columns::ColumnKind;
use index_format::{ColumnsView, FormatError};
use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::ops::Range;

/// When a note was made, where no field has the name.
pub(super) const CREATED: &str = "created";
/// The id of a note, where no field has the name.
pub(super) const ID: &str = "id";
/// From how much likeness on a name may have been meant (Jaro and Winkler).
const LIKE: f64 = 0.75;

/// The ordinals of the columns of a field in a segment.
pub(super) fn columns_of(columns: &ColumnsView<'_>, field: &str) -> Result<Range<usize>, FormatError> {
    let named = equal_range(columns, field)?;
    if named.is_empty() && field == CREATED { equal_range(columns, "") } else { Ok(named) }
}

/// Whether some note of a segment has a field of this name.
pub(crate) fn has_field(columns: &ColumnsView<'_>, field: &str) -> Result<bool, FormatError> {
    Ok(!equal_range(columns, field)?.is_empty())
}

fn equal_range(columns: &ColumnsView<'_>, name: &str) -> Result<Range<usize>, FormatError> {
    let partition = |before: &dyn Fn(Ordering) -> bool| -> Result<usize, FormatError> {
        let (mut low, mut high) = (0, columns.len());
        while low < high {
            let middle = low.midpoint(high);
            if before(columns.column(middle)?.name.cmp(name)) { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    };
    Ok(partition(&|order| order.is_lt())?..partition(&|order| order.is_le())?)
}

/// What is wrong with a filter for these segments; nothing where they have no note.
///
/// # Errors
/// The number of a segment and damage met in it.
pub(crate) fn check(
    filter: &Filter,
    segments: &[ColumnsView<'_>],
) -> Result<Option<FilterError>, (usize, FormatError)> {
    if segments.iter().all(|columns| columns.notes() == 0) {
        return Ok(None);
    }
    check_node(&filter.0, segments)
}

fn check_node(node: &Node, segments: &[ColumnsView<'_>]) -> Result<Option<FilterError>, (usize, FormatError)> {
    match node {
        Node::Test(test) => check_test(test, segments),
        Node::Not(inner) => check_node(inner, segments),
        Node::And(nodes) | Node::Or(nodes) => {
            for node in nodes {
                let wrong = check_node(node, segments)?;
                if wrong.is_some() {
                    return Ok(wrong);
                }
            }
            Ok(None)
        }
    }
}

fn check_test(test: &Test, segments: &[ColumnsView<'_>]) -> Result<Option<FilterError>, (usize, FormatError)> {
    let mut kinds = BTreeSet::new();
    for (number, columns) in segments.iter().enumerate() {
        let damaged = |error| (number, error);
        for ordinal in columns_of(columns, &test.field).map_err(damaged)? {
            kinds.insert(columns.column(ordinal).map_err(damaged)?.kind);
        }
    }
    let column = test.place.0;
    if kinds.is_empty() {
        let builtin = test.field == ID || test.field == CREATED;
        if builtin {
            return Ok(of_id(test).filter(|_| test.field == ID));
        }
        let (name, names) = (test.field.clone(), names(segments)?);
        let fields = names.iter().take(LISTED).map(|name| (*name).to_owned()).collect();
        return Ok(Some(FilterError::UnknownField { column, nearest: nearest(&name, &names), name, fields }));
    }
    let comparable = |kind: &ColumnKind| compares(&test.check, *kind);
    if kinds.iter().any(comparable) {
        return Ok(None);
    }
    Ok(Some(FilterError::Kind { column, field: test.field.clone(), holds: words(&kinds), with: with(&test.check) }))
}

/// What is wrong with a test of ids.
fn of_id(test: &Test) -> Option<FilterError> {
    let text = |literal: &Literal| matches!(literal, Literal::Text(_));
    let fits = match &test.check {
        Check::OneOf(ids) => ids.iter().all(text),
        Check::Prefix(_) | Check::Exists => true,
        Check::Range { .. } => false,
    };
    let (column, field) = (test.place.0, ID.to_owned());
    let holds = "keyword (compared whole or by how it begins)".to_owned();
    (!fits).then(|| FilterError::Kind { column, field, holds, with: with(&test.check) })
}

/// Whether values of a kind can be compared as the check does.
fn compares(check: &Check, kind: ColumnKind) -> bool {
    if kind.is_number() {
        return ranges(kind, check).is_some();
    }
    let text = |literal: &Literal| text_of(literal, kind).is_some();
    match check {
        Check::Exists => true,
        Check::Prefix(_) => kind != ColumnKind::Bool,
        Check::OneOf(values) => values.is_empty() || values.iter().any(text),
        Check::Range { low, high } => low.iter().chain(high).all(|end| text(&end.literal)),
    }
}

fn words(kinds: &BTreeSet<ColumnKind>) -> String {
    let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    names.join(" and ")
}

fn with(check: &Check) -> &'static str {
    match check {
        Check::OneOf(values) => values.first().map_or("nothing", Literal::kind),
        Check::Range { low, high } => low.iter().chain(high).next().map_or("nothing", |end| end.literal.kind()),
        Check::Prefix(_) => "the beginning of a word",
        Check::Exists => "nothing",
    }
}

/// Names of fields that an error lists.
const LISTED: usize = 10;

/// The names of all fields.
fn names<'a>(segments: &[ColumnsView<'a>]) -> Result<BTreeSet<&'a str>, (usize, FormatError)> {
    let mut names = BTreeSet::new();
    for (number, columns) in segments.iter().enumerate() {
        for ordinal in 0..columns.len() {
            names.insert(columns.column(ordinal).map_err(|error| (number, error))?.name);
        }
    }
    // When notes were made has no name of its own.
    names.remove("");
    Ok(names)
}

/// The name most like this one, if one is like it.
fn nearest(name: &str, names: &BTreeSet<&str>) -> Option<String> {
    let likeness = |known: &str| strsim::jaro_winkler(&name.to_lowercase(), &known.to_lowercase());
    let known = names.iter().copied().chain([CREATED]).map(|known| (likeness(known), known));
    let (likeness, best) = known.max_by(|left, right| left.0.total_cmp(&right.0))?;
    (likeness >= LIKE).then(|| best.to_owned())
}
