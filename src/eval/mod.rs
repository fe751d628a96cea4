//! Whether a search is good, and whether a change made it better: measures of ranked lists with intervals over queries.

pub use crate::measure::{
    DRAWS, Interval, average_precision, bootstrap, ndcg, paired, precision, recall, reciprocal_rank,
};
