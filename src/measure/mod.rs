//! How good an order is, and how sure one can be of it: measures of ranked lists, and intervals over queries.
//!
//! | file | what it does |
//! |---|---|
//! | `ranking.rs` | one query's list of grades to nDCG, reciprocal rank, recall, average precision, precision |
//! | `bootstrap.rs` | one value a query to a mean with its interval, for one system or for the difference of two |
//!
//! The room knows numbers only: no notes, no files, no queries.

mod bootstrap;
mod ranking;

pub use bootstrap::{DRAWS, Interval, bootstrap, paired};
pub use ranking::{average_precision, ndcg, precision, recall, reciprocal_rank};

#[cfg(test)]
mod tests;
