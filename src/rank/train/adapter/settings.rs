//! How an adapter is trained, and what is said of it afterwards.

use super::super::super::RankError;
use super::super::super::gate::Verdict;
use super::super::Point;
use super::super::course::check_range;
use crate::measure::Interval;
use serde::{Deserialize, Serialize};

/// Settings of stage 1. All are in the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contrasted {
    /// Cosines are divided by this before they compete.
    pub temperature: f64,
    /// Rows of no use drawn for each query from the best that are.
    pub negatives: usize,
    /// Weight of the mean square, a row, of what is added to the identity.
    pub leash: f64,
    /// Rank of what is added; of any rank if none is given.
    pub rank: Option<usize>,
    /// Steps at most.
    pub steps: usize,
    /// Steps between looks, at which hard negatives are found anew.
    pub every: usize,
    /// Looks without a better adapter before it stops.
    pub patience: usize,
    /// Queries a step.
    pub batch: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
}

impl Default for Contrasted {
    fn default() -> Self {
        Self {
            temperature: 0.05,
            negatives: 4,
            leash: 1.0,
            rank: None,
            steps: 600,
            every: 50,
            patience: 4,
            batch: 64,
            learning_rate: 1e-3,
        }
    }
}

/// Settings of stage 2. All are in the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rewarded {
    /// Orderings sampled of a query in each step.
    pub samples: usize,
    /// Cosines are divided by this before orderings are sampled: higher explores more.
    pub temperature: f64,
    /// Weight of the divergence from stage 1.
    pub leash: f64,
    /// Steps at most.
    pub steps: usize,
    /// Steps between looks.
    pub every: usize,
    /// Looks without a better adapter before it stops.
    pub patience: usize,
    /// Queries a step.
    pub batch: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
}

impl Default for Rewarded {
    fn default() -> Self {
        Self {
            samples: 32,
            temperature: 0.02,
            leash: 0.01,
            steps: 300,
            every: 25,
            patience: 4,
            batch: 32,
            learning_rate: 2e-4,
        }
    }
}

/// How an adapter is trained.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdapterSettings {
    /// Stage 1.
    pub contrasted: Contrasted,
    /// Stage 2, if there is to be one.
    pub rewarded: Option<Rewarded>,
    /// Share of the queries, those aside that decide at the end, that says when to stop.
    pub held_out: f64,
    /// Everything random follows from this.
    pub seed: u64,
}

impl Default for AdapterSettings {
    fn default() -> Self {
        let (contrasted, rewarded) = (Contrasted::default(), Some(Rewarded::default()));
        Self { contrasted, rewarded, held_out: 0.2, seed: 1 }
    }
}

/// What a stage did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdapterStage {
    /// The adapter over time, by nDCG@10: on some queries that are learned from, and on those that say when to stop.
    pub curve: Vec<Point>,
    /// The step whose adapter was kept.
    pub kept: usize,
}

/// What a prefix gained on the deciding queries.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdapterGain {
    /// Components.
    pub dims: usize,
    /// nDCG@10 at present, and with the adapter.
    pub ndcg: [f64; 2],
    /// Mean of the differences and its 95 % interval.
    pub gain: Interval,
}

/// What training an adapter did, and what came of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AdapterReport {
    /// All settings, the seed among them.
    pub settings: AdapterSettings,
    /// Queries to learn from, to stop by, and to decide by.
    pub queries: [usize; 3],
    /// Stage 1.
    pub contrasted: AdapterStage,
    /// Stage 2, if there was one.
    pub rewarded: Option<AdapterStage>,
    /// What stage 2 added on the deciding queries: mean and 95 % interval.
    pub added: Option<Interval>,
    /// By prefix, the full width last.
    pub gains: Vec<AdapterGain>,
    /// What the full width gained on those deciding queries of whose notes of use none was learned from, if there are any.
    pub unseen: Option<UnseenGain>,
    /// The adapter against what there is at present.
    pub verdict: Verdict,
}

/// A gain on queries about notes that nothing was learned from: what an adapter learns of judged notes says little about it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct UnseenGain {
    /// Number of queries.
    pub queries: usize,
    /// Mean of the differences and its 95 % interval.
    pub gain: Interval,
}

/// Fewer queries about notes that nothing was learned from decide nothing.
const FEWEST_UNSEEN: usize = 20;

impl AdapterSettings {
    pub(super) fn check(&self) -> Result<(), RankError> {
        check_range("held_out", self.held_out, 0.05..=0.45)?;
        check_range("temperature", self.contrasted.temperature, 1e-3..=10.0)?;
        check_range("leash", self.contrasted.leash, 0.0..=1e6)?;
        if let Some(second) = &self.rewarded {
            check_range("temperature", second.temperature, 1e-4..=10.0)?;
            check_range("leash", second.leash, 0.0..=1e6)?;
            check_range("samples", second.samples as f64, 2.0..=4096.0)?;
        }
        check_range("rank", self.contrasted.rank.unwrap_or(1) as f64, 1.0..=65_536.0)?;
        check_range("negatives", self.contrasted.negatives as f64, 0.0..=1_000.0)
    }
}

impl AdapterReport {
    /// Whether the adapter may be installed: it is better than what there is, and not worse for notes that nothing was
    /// learned from, both beyond chance.
    #[must_use]
    pub fn passes(&self) -> bool {
        let harms = |unseen: UnseenGain| unseen.queries >= FEWEST_UNSEEN && unseen.gain.high < 0.0;
        self.verdict.passes() && !self.unseen.is_some_and(harms)
    }

    /// The report in a line, for the adapter's file.
    #[must_use]
    pub fn record(&self) -> String {
        serde_json::json!({
            "settings": self.settings,
            "queries": self.queries,
            "gains": self.gains,
            "added": self.added,
            "unseen": self.unseen,
        })
        .to_string()
    }
}
