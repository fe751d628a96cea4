//! Whether a search is good, and whether a change made it better.
//!
//! A [`Collection`] is notes, queries, and judgments of which notes are right for which query. An [`Evaluation`] asks an
//! index all of them in one or several [`Setting`]s, and gives a [`Report`]: the usual measures of ranked lists with
//! intervals, paired differences, times, and the queries that went worst. [`Report::of_runs`] does the same with what other
//! systems returned. docs/EVAL.md says what the numbers are.
//!
//! | file | what it does |
//! |---|---|
//! | `collection.rs`, `captions.rs` | judged collections from their files: BEIR's layout, pictures with captions |
//! | `judgments.rs`, `run.rs` | files of judgments and of runs, in and out; `lines.rs`: their lines |
//! | `setting.rs` | one way of searching |
//! | `evaluation.rs` | several ways on one collection |
//! | `building.rs` | an index of a collection; `narrow.rs`: its encoder at any width |
//! | `asking.rs` | every judged query to an index, and the time it takes |
//! | `metric.rs`, `latency.rs` | what is measured |
//! | `report/` | what was found, as numbers, JSON and a page |
//! | `error.rs` | what can be wrong |
//!
//! # Functions
//!
//! The measures themselves, of one list of grades each, and the intervals, of one value a query, are functions of their own.

mod asking;
mod building;
mod captions;
mod collection;
mod error;
mod evaluation;
mod judgments;
mod latency;
mod lines;
mod metric;
mod narrow;
mod report;
mod run;
mod setting;

pub use crate::measure::{
    DRAWS, Interval, average_precision, bootstrap, ndcg, paired, precision, recall, reciprocal_rank,
};
pub use building::LeftOut;
pub use collection::{Collection, Direction};
pub use error::EvalError;
pub use evaluation::{DEPTH, Evaluation, Progress};
pub use judgments::Judgments;
pub use latency::Latency;
pub use metric::Metric;
pub use report::{Difference, Facts, Listed, RANKS, Report, SEED, System, Worst};
pub use run::{Returned, Run};
pub use setting::Setting;

#[cfg(test)]
mod tests;
