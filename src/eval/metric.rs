//! The measures that reports hold.

use crate::measure::{average_precision, ndcg, precision, recall, reciprocal_rank};

/// A measure of one query's list. Definitions are `trec_eval`'s; see [`measure`](super#functions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Metric {
    /// Normalised discounted cumulative gain of the first ten.
    Ndcg10,
    /// One over the rank of the first relevant note, 0 beyond the first ten.
    Mrr10,
    /// Share of the relevant notes among the first ten.
    Recall10,
    /// Share of the relevant notes among the first hundred.
    Recall100,
    /// Average precision over the whole list; its mean is MAP.
    Map,
    /// Share of the first ten that is relevant.
    Precision10,
}

impl Metric {
    /// All of them, in the order of reports; the first is the one that others are there to explain.
    pub const ALL: [Self; 6] =
        [Self::Ndcg10, Self::Mrr10, Self::Recall10, Self::Recall100, Self::Map, Self::Precision10];

    /// Its usual name, also the key in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndcg10 => "nDCG@10",
            Self::Mrr10 => "MRR@10",
            Self::Recall10 => "recall@10",
            Self::Recall100 => "recall@100",
            Self::Map => "MAP",
            Self::Precision10 => "P@10",
        }
    }

    /// Its value for a list of grades, best rank first, where `all` was judged.
    #[must_use]
    pub fn of(self, ranked: &[f32], all: &[f32]) -> f64 {
        match self {
            Self::Ndcg10 => ndcg(ranked, all, 10),
            Self::Mrr10 => reciprocal_rank(ranked, 10),
            Self::Recall10 => recall(ranked, all, 10),
            Self::Recall100 => recall(ranked, all, 100),
            Self::Map => average_precision(ranked, all),
            Self::Precision10 => precision(ranked, 10),
        }
    }
}
