//! A filter as a tree, and how one is built in code.

use super::date::Span;
use super::error::FilterError;
use super::parse;
use crate::note::Value;
use std::ops::Not;
use std::str::FromStr;

/// A condition on the fields of notes: parsed from a text, or built from [`Filter::field`].
#[derive(Debug, Clone, PartialEq)]
pub struct Filter(pub(super) Node);

/// The tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Test(Test),
}

/// A condition on one field.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Test {
    pub(super) field: String,
    pub(super) check: Check,
    pub(super) place: Place,
}

/// The column of the text that a test came from; no part of what it means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place(pub(super) Option<usize>);

impl PartialEq for Place {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Check {
    OneOf(Vec<Literal>),
    Range { low: Option<End>, high: Option<End> },
    Prefix(String),
    Exists,
}

/// An end of a range.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct End {
    pub(super) literal: Literal,
    /// Whether it belongs to the range.
    pub(super) inside: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Date(Span),
}

impl Literal {
    /// What it is, in an error.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "a word",
            Self::Integer(_) | Self::Float(_) => "a number",
            Self::Bool(_) => "true or false",
            Self::Date(_) => "a date",
        }
    }
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// [`FilterError::Syntax`] with the column, [`FilterError::Limit`] for more than 64 KiB, 1,024 values or 64 levels.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        parse::parse(text).map(Self)
    }

    /// A field to put a condition on.
    #[must_use]
    pub fn field(name: impl Into<String>) -> Field {
        Field { name: name.into() }
    }

    /// Notes that both let through.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self(match (self.0, other.0) {
            (Node::And(mut all), Node::And(more)) => {
                all.extend(more);
                Node::And(all)
            }
            (Node::And(mut all), one) => {
                all.push(one);
                Node::And(all)
            }
            (left, right) => Node::And(vec![left, right]),
        })
    }

    /// Notes that one of the two lets through.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(match (self.0, other.0) {
            (Node::Or(mut any), Node::Or(more)) => {
                any.extend(more);
                Node::Or(any)
            }
            (Node::Or(mut any), one) => {
                any.push(one);
                Node::Or(any)
            }
            (left, right) => Node::Or(vec![left, right]),
        })
    }
}

impl Not for Filter {
    type Output = Self;

    /// All notes that it does not let through.
    fn not(self) -> Self {
        Self(Node::Not(Box::new(self.0)))
    }
}

impl FromStr for Filter {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

/// A field, on its way to a condition. Values are what notes can hold: words, numbers, bools,
/// [`Value::DateTime`]; several tags mean all of them.
#[derive(Debug, Clone)]
pub struct Field {
    name: String,
}

impl Field {
    /// With this value.
    #[must_use]
    pub fn equals(self, value: impl Into<Value>) -> Filter {
        match value.into() {
            Value::Tags(tags) => {
                let has = |tag| self.clone().test(Check::OneOf(vec![Literal::Text(tag)])).0;
                let mut all: Vec<Node> = tags.into_iter().map(has).collect();
                Filter(if all.len() == 1 { all.remove(0) } else { Node::And(all) })
            }
            value => self.test(Check::OneOf(vec![literal(value)])),
        }
    }

    /// With one of these values.
    #[must_use]
    pub fn is_in<V: Into<Value>>(self, values: impl IntoIterator<Item = V>) -> Filter {
        let values = values.into_iter().flat_map(|value| match value.into() {
            Value::Tags(tags) => tags.into_iter().map(Literal::Text).collect(),
            value => vec![literal(value)],
        });
        let values = values.collect();
        self.test(Check::OneOf(values))
    }

    /// With this value or a greater one.
    #[must_use]
    pub fn at_least(self, value: impl Into<Value>) -> Filter {
        let low = end(value, true);
        self.test(Check::Range { low, high: None })
    }

    /// With a greater value.
    #[must_use]
    pub fn above(self, value: impl Into<Value>) -> Filter {
        let low = end(value, false);
        self.test(Check::Range { low, high: None })
    }

    /// With this value or a lower one.
    #[must_use]
    pub fn at_most(self, value: impl Into<Value>) -> Filter {
        let high = end(value, true);
        self.test(Check::Range { low: None, high })
    }

    /// With a lower value.
    #[must_use]
    pub fn below(self, value: impl Into<Value>) -> Filter {
        let high = end(value, false);
        self.test(Check::Range { low: None, high })
    }

    /// With a value between these two, both included.
    #[must_use]
    pub fn between(self, low: impl Into<Value>, high: impl Into<Value>) -> Filter {
        let (low, high) = (end(low, true), end(high, true));
        self.test(Check::Range { low, high })
    }

    /// With a word that begins so.
    #[must_use]
    pub fn starts_with(self, prefix: impl Into<String>) -> Filter {
        self.test(Check::Prefix(prefix.into()))
    }

    /// That have it.
    #[must_use]
    pub fn exists(self) -> Filter {
        self.test(Check::Exists)
    }

    fn test(self, check: Check) -> Filter {
        Filter(Node::Test(Test { field: self.name, check, place: Place(None) }))
    }
}

fn end(value: impl Into<Value>, inside: bool) -> Option<End> {
    Some(End { literal: literal(value.into()), inside })
}

/// A value of a note in a condition; of several tags the first.
fn literal(value: Value) -> Literal {
    match value {
        Value::Keyword(text) => Literal::Text(text),
        Value::Tags(tags) => Literal::Text(tags.into_iter().next().unwrap_or_default()),
        Value::Integer(number) => Literal::Integer(number),
        Value::Float(number) => Literal::Float(number),
        Value::DateTime(millis) => Literal::Date(Span::instant(millis)),
        Value::Bool(flag) => Literal::Bool(flag),
    }
}
