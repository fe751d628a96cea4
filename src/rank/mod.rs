//! Ranking: a small network that reorders the candidates of a query by features, its file, its training and its gate.
//!
//! The room is pure: it sees tables of numbers (a row a candidate, a column a feature of the [`Schema`]), never notes,
//! segments or files. A [`Head`] turns a table into scores; [`train`] makes heads from judged lists in two stages; [`gate`]
//! says whether a new head is better than the present order beyond chance; [`clicks`] turns what was chosen into judgments.
//!
//! | file | what it does |
//! |---|---|
//! | `schema.rs` | names and kinds of features, with a version; a head for others is refused |
//! | `table.rs`, `list.rs` | raw features of a query's candidates; the same with grades, to learn from |
//! | `inputs.rs` | raw features to what the network reads: scaled, standardised within the query, missing values marked |
//! | `head/` | the network, its file, its scores, and what each feature adds to a score |
//! | `train/` | stage 1 (listwise losses), stage 2 (policy gradient), splits and folds, reports |
//! | `gate.rs` | a new head against the present order on held-out lists |
//! | `clicks.rs` | what was shown and chosen to grades, corrected for position |
//! | `random.rs` | repeatable chance |

pub mod clicks;
mod error;
pub mod gate;
mod head;
mod inputs;
mod list;
mod random;
mod schema;
mod shipped;
mod table;
pub mod train;

pub use error::RankError;
pub use head::{About, Explanation, Head, Shape};
pub use list::List;
pub use schema::{Feature, Schema, Squash, column};
pub use shipped::shipped;
pub use table::Table;

#[cfg(test)]
mod made;
