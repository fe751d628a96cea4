//! Which notes are the same or nearly so: how alike two texts are, all pairs that are alike enough, clusters of them.
//!
//! | file | what it does |
//! |---|---|
//! | `options.rs` | what counts as a duplicate |
//! | `report.rs` | what a caller gets |
//! | `wording.rs` | a text as the set of its words and pairs of words |
//! | `join.rs` | all pairs of sets that share enough, without comparing all pairs |
//! | `links.rs` | pairs that were found, to clusters and each note's best evidence |
//!
//! Pure: notes are numbers here, texts and sets come in, links go out. What a note holds and which are alive is the
//! index's business.

mod join;
mod links;
mod options;
mod report;
mod wording;

pub(crate) use join::{Join, Set, link_all};
pub(crate) use links::{DisjointSets, Link, Links, Matched};
pub use options::{By, DuplicateOptions};
pub use report::{Cluster, DuplicateReport, Evidence, Matching, Member};
pub(crate) use wording::{Wording, dice, shingles};

#[cfg(test)]
mod tests;
