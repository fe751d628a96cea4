//! Ranking: a small network that reorders the candidates of a query by features, its file, its training and its gate.
//!
//! The room is pure: it sees tables of numbers (a row a candidate, a column a feature of the [`Schema`]), never notes,
//! segments or files. A [`Head`] turns a table into scores; [`train`] makes heads from judged lists in two stages; [`gate`]
//! says whether a new head is better than the present order beyond chance; [`clicks`] turns what was chosen into judgments.

pub mod clicks;
mod error;
pub mod gate;
mod head;
mod inputs;
mod list;
mod random;
mod schema;
mod table;
pub mod train;

pub use error::RankError;
pub use head::{About, Explanation, Head, Shape};
pub use list::List;
pub use schema::{Feature, Schema, Squash};
pub use table::Table;

#[cfg(test)]
mod made;
