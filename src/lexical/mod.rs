//! Words: text to terms, terms to postings, and BM25 over the segments of a snapshot.
//!
//! | file | what it does |
//! |---|---|
//! | `language.rs` | [`Language`] |
//! | `analysis/` | text to terms |
//! | `gather.rs` | notes to the words of a segment |
//! | `bm25.rs` | what a count in a note is worth |
//! | `query.rs` | texts to weighted terms |
//! | `bound.rs` | a query and the segments it is asked of, with statistics over all of them |
//! | `cursor.rs` | the postings of a term, read forward |
//! | `top.rs` | the best notes, without reading what cannot be among them |
//! | `score.rs` | what given notes score |
//! | `highlight.rs` | where a text says what a query asks |
//!
//! It sees texts and views of postings, never files, vectors or ranks: what a score is worth beside others is the query's
//! business.

mod analysis;
mod bm25;
mod bound;
mod cursor;
mod gather;
mod highlight;
mod language;
mod query;
mod score;
mod top;

pub use language::Language;

pub(crate) use bound::{Bound, DamagedWords};
pub(crate) use gather::Gatherer;
pub(crate) use highlight::best_window;
pub(crate) use query::WordsQuery;
pub(crate) use score::Matched;
pub(crate) use top::Found;

#[cfg(test)]
mod tests;
