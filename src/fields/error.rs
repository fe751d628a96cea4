//! What is wrong with a filter, and where.

use thiserror::Error;

/// What is wrong with a filter. Columns count characters from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FilterError {
    /// The text is no filter.
    #[error("filter, column {column}: expected {expected}, found {found}")]
    Syntax {
        /// Where.
        column: usize,
        /// What would have been right.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// No note has a field of this name.
    #[error("{}no note has a field {name:?}{}", before(*column), meant(nearest, fields))]
    UnknownField {
        /// Where, if the filter came from a text.
        column: Option<usize>,
        /// The name.
        name: String,
        /// A field that there is, of a similar name.
        nearest: Option<String>,
        /// Fields that there are, ten of them at most.
        fields: Vec<String>,
    },
    /// The field has no values of the kind that it is compared with.
    #[error("filter{}: the field {field:?} holds {holds}, and was compared with {with}{}", at(*column), quote(with))]
    Kind {
        /// Where, if the filter came from a text.
        column: Option<usize>,
        /// The field.
        field: String,
        /// The kinds of its values.
        holds: String,
        /// What it was compared with.
        with: &'static str,
    },
    /// The filter is too large.
    #[error("the filter has {what}, more than {most}; make it smaller, or use several")]
    Limit {
        /// More of what.
        what: &'static str,
        /// How much there may be.
        most: usize,
    },
}

/// A field may be asked for outside a filter too, as what hits are sorted by.
fn before(column: Option<usize>) -> String {
    column.map(|column| format!("filter, column {column}: ")).unwrap_or_default()
}

fn at(column: Option<usize>) -> String {
    column.map(|column| format!(", column {column}")).unwrap_or_default()
}

fn meant(nearest: &Option<String>, fields: &[String]) -> String {
    match (nearest, fields) {
        (Some(nearest), _) => format!("; did you mean {nearest:?}?"),
        (None, []) => "; notes have none at all".to_owned(),
        (None, fields) => format!("; there are {}", fields.join(", ")),
    }
}

fn quote(with: &str) -> &'static str {
    if with == "a word" { "" } else { "; put quotes around a word that looks like a number, a date or true" }
}
