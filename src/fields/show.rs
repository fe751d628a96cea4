//! A filter as a text that reads back as the same filter.

use super::filter::{Check, End, Filter, Literal, Node, Test};
use super::parse::is_bare;
use std::fmt::{Display, Formatter, Result};

impl Display for Filter {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        self.0.show(formatter, Binding::Or)
    }
}

/// How tightly what stands around holds together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Binding {
    Or,
    And,
    Not,
}

impl Node {
    fn show(&self, formatter: &mut Formatter<'_>, around: Binding) -> Result {
        match self {
            Self::Test(test) => test.show(formatter),
            Self::Not(inner) => {
                formatter.write_str("not ")?;
                inner.show(formatter, Binding::Not)
            }
            Self::And(all) => join(all, (" and ", "not id in ()", Binding::And), formatter, around),
            Self::Or(any) => join(any, (" or ", "id in ()", Binding::Or), formatter, around),
        }
    }
}

fn join(
    nodes: &[Node],
    (word, none, binding): (&str, &str, Binding),
    formatter: &mut Formatter<'_>,
    around: Binding,
) -> Result {
    if nodes.is_empty() {
        return formatter.write_str(none);
    }
    let inner = if binding == Binding::Or { Binding::And } else { Binding::Not };
    let enclosed = around > binding && nodes.len() > 1;
    if enclosed {
        formatter.write_str("(")?;
    }
    for (number, node) in nodes.iter().enumerate() {
        if number > 0 {
            formatter.write_str(word)?;
        }
        node.show(formatter, if nodes.len() > 1 { inner } else { around })?;
    }
    if enclosed { formatter.write_str(")") } else { Ok(()) }
}

impl Test {
    fn show(&self, formatter: &mut Formatter<'_>) -> Result {
        word(&self.field, formatter)?;
        match &self.check {
            Check::Exists => formatter.write_str(" exists"),
            Check::Prefix(prefix) => {
                formatter.write_str(" ^= ")?;
                quoted(prefix, formatter)
            }
            Check::OneOf(values) => match values.as_slice() {
                [value] => {
                    formatter.write_str(" = ")?;
                    value.show(formatter)
                }
                values => {
                    formatter.write_str(" in (")?;
                    for (number, value) in values.iter().enumerate() {
                        if number > 0 {
                            formatter.write_str(", ")?;
                        }
                        value.show(formatter)?;
                    }
                    formatter.write_str(")")
                }
            },
            Check::Range { low: Some(low), high: Some(high) } => {
                formatter.write_str(" in ")?;
                low.literal.show(formatter)?;
                formatter.write_str("..")?;
                high.literal.show(formatter)
            }
            Check::Range { low, high } => {
                let shown = [(low, [" > ", " >= "]), (high, [" < ", " <= "])];
                for (end, signs) in shown {
                    if let Some(End { literal, inside }) = end {
                        let [outside, within] = signs;
                        formatter.write_str(if *inside { within } else { outside })?;
                        literal.show(formatter)?;
                    }
                }
                Ok(())
            }
        }
    }
}

impl Literal {
    fn show(&self, formatter: &mut Formatter<'_>) -> Result {
        match self {
            Self::Text(text) => quoted(text, formatter),
            Self::Integer(number) => write!(formatter, "{number}"),
            Self::Float(number) if number.is_infinite() => {
                formatter.write_str(if *number > 0.0 { "1e999" } else { "-1e999" })
            }
            Self::Float(number) => write!(formatter, "{number:?}"),
            Self::Bool(flag) => write!(formatter, "{flag}"),
            Self::Date(span) => match span.text() {
                Some(text) => formatter.write_str(&text),
                // An instant outside the calendar, which no text stands for.
                None => write!(formatter, "{}", span.start),
            },
        }
    }
}

fn word(text: &str, formatter: &mut Formatter<'_>) -> Result {
    if is_bare(text) { formatter.write_str(text) } else { quoted(text, formatter) }
}

fn quoted(text: &str, formatter: &mut Formatter<'_>) -> Result {
    write!(formatter, "\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
