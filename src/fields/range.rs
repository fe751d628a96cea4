//! What a comparison means in the keys of a column of numbers: the least and the greatest key, both included.

use super::date::Span;
use super::filter::{Check, End, Literal};
use index_format::columns::{ColumnKind, key_of_float, key_of_integer};
use std::ops::RangeInclusive;

/// Which end of a range is meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Low,
    High,
}

/// What a bound means in a column.
enum Bound {
    /// This is the last key inside.
    Key(u64),
    /// All keys are inside.
    Open,
    /// No key is.
    Nothing,
}

/// Ranges of keys of a column of this kind that a check lets through; `None` where it cannot be compared with such numbers.
pub(super) fn ranges(kind: ColumnKind, check: &Check) -> Option<Vec<RangeInclusive<u64>>> {
    match check {
        Check::Exists => Some(vec![0..=u64::MAX]),
        Check::Prefix(_) => None,
        Check::OneOf(values) => {
            let end = |value: &Literal| Some(End { literal: value.clone(), inside: true });
            let ranges = values.iter().filter_map(|value| range(kind, (end(value).as_ref(), end(value).as_ref())));
            let ranges: Vec<_> = ranges.collect();
            // One value that can be compared is enough: the others are of other columns of the field.
            (!ranges.is_empty() || values.is_empty()).then(|| ranges.into_iter().flatten().collect())
        }
        Check::Range { low, high } => {
            range(kind, (low.as_ref(), high.as_ref())).map(|range| range.into_iter().collect())
        }
    }
}

/// One range; the outer `None` says that an end cannot be compared, the inner one that nothing is inside.
fn range(kind: ColumnKind, (low, high): (Option<&End>, Option<&End>)) -> Option<Option<RangeInclusive<u64>>> {
    let key = |end: Option<&End>, side| end.map_or(Some(Bound::Open), |end| bound(kind, end, side));
    let low = match key(low, Side::Low)? {
        Bound::Key(key) => Some(key),
        Bound::Open => Some(0),
        Bound::Nothing => None,
    };
    let high = match key(high, Side::High)? {
        Bound::Key(key) => Some(key),
        Bound::Open => Some(u64::MAX),
        Bound::Nothing => None,
    };
    Some(low.zip(high).filter(|(low, high)| low <= high).map(|(low, high)| low..=high))
}

fn bound(kind: ColumnKind, end: &End, side: Side) -> Option<Bound> {
    match (kind, &end.literal) {
        (ColumnKind::Integer, Literal::Integer(number)) => Some(of_integer(*number, end.inside, side)),
        (ColumnKind::Integer, Literal::Float(number)) => Some(of_integers(*number, end.inside, side)),
        (ColumnKind::Float, Literal::Integer(number)) => Some(of_float(*number as f64, end.inside, side)),
        (ColumnKind::Float, Literal::Float(number)) => Some(of_float(*number, end.inside, side)),
        (ColumnKind::DateTime | ColumnKind::Created, Literal::Date(span)) => Some(of_span(*span, end.inside, side)),
        (ColumnKind::DateTime | ColumnKind::Created, Literal::Integer(year)) => {
            Span::year(*year).map(|span| of_span(span, end.inside, side))
        }
        _ => None,
    }
}

fn of_integer(number: i64, inside: bool, side: Side) -> Bound {
    let last = match (inside, side) {
        (true, _) => Some(number),
        (false, Side::Low) => number.checked_add(1),
        (false, Side::High) => number.checked_sub(1),
    };
    last.map_or(Bound::Nothing, |last| Bound::Key(key_of_integer(last)))
}

/// The whole numbers on one side of another number.
fn of_integers(number: f64, inside: bool, side: Side) -> Bound {
    /// The first number above all whole ones; exact as a float.
    const ABOVE: f64 = 9_223_372_036_854_775_808.0;
    if number.is_nan() {
        return Bound::Nothing;
    }
    let nearest = match side {
        Side::Low => number.ceil(),
        Side::High => number.floor(),
    };
    if nearest >= ABOVE {
        return if side == Side::Low { Bound::Nothing } else { Bound::Open };
    }
    if nearest < -ABOVE {
        return if side == Side::Low { Bound::Open } else { Bound::Nothing };
    }
    // What is not whole lies outside anyway.
    of_integer(nearest as i64, inside || nearest != number, side)
}

fn of_float(number: f64, inside: bool, side: Side) -> Bound {
    if number.is_nan() {
        return Bound::Nothing;
    }
    let key = key_of_float(number);
    let last = match (inside, side) {
        (true, _) => Some(key),
        (false, Side::Low) => key.checked_add(1),
        (false, Side::High) => key.checked_sub(1),
    };
    last.map_or(Bound::Nothing, Bound::Key)
}

/// A span is all of it: `>` is after its end, `>=` from its start on.
fn of_span(span: Span, inside: bool, side: Side) -> Bound {
    let last = match (inside, side) {
        (true, Side::Low) => Some(span.start),
        (false, Side::Low) => Some(span.end),
        (true, Side::High) => span.end.checked_sub(1),
        (false, Side::High) => span.start.checked_sub(1),
    };
    last.map_or(Bound::Nothing, |last| Bound::Key(key_of_integer(last)))
}
