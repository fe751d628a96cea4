//! What an evaluation found: values a query, means with intervals, differences, times; and which queries went worst.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | [`Report`]: the numbers |
//! | `worst.rs` | the queries that went worst, with titles |
//! | `json.rs` | the report as JSON |
//! | `html.rs` | the report as a page; `tables.rs`, `plots.rs` and `style.css`: what is on it |

mod html;
mod json;
mod plots;
mod tables;
mod worst;

pub use worst::{Listed, Worst};

use super::building::LeftOut;
use super::{Collection, EvalError, Judgments, Latency, Metric, Run, Setting};
use crate::disk::write_whole;
use crate::measure::{Interval, bootstrap, paired};
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;

/// Seed of all intervals in a report.
pub const SEED: u64 = 0;

/// Ranks down to which recall is told rank by rank.
pub const RANKS: usize = 100;

/// What an evaluation found.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// What was evaluated, and on what.
    pub facts: Facts,
    /// The judged queries in ascending order of id; the values of systems are in this order.
    pub queries: Vec<String>,
    /// The systems; the first is what the others are compared with.
    pub systems: Vec<System>,
    /// Each system but the first against the first, by measure.
    pub differences: Vec<Difference>,
    /// The queries that went worst.
    pub worst: Vec<Worst>,
}

/// What was evaluated, and on what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// Name of the collection, or of the file of judgments.
    pub collection: String,
    /// Which of its judgments; may be empty.
    pub split: String,
    /// Name of the encoder; empty where runs were evaluated.
    pub encoder: String,
    /// Notes in the index; 0 where runs were evaluated.
    pub notes: u64,
    /// Ranks looked at in each setting; 0 where runs were evaluated.
    pub depth: usize,
    /// Relevant notes that are not in the index, counted once a query: no search can find them.
    pub absent: usize,
    /// What of the collection is not in the index.
    pub left_out: LeftOut,
}

/// One system: a setting, or a run.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct System {
    /// Its name.
    pub name: String,
    /// The setting; none for a run.
    pub setting: Option<Setting>,
    /// What it returned.
    pub run: Run,
    /// How long it took; none for a run.
    pub latency: Option<Latency>,
    /// Judged queries it returned nothing for: they count 0.
    pub unanswered: usize,
    /// Recall at each rank from 1, down to [`RANKS`], its mean over the queries.
    pub recall_by_rank: Vec<f64>,
    values: Vec<Vec<f64>>,
    intervals: Vec<Interval>,
}

/// The difference between two systems in one measure.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Difference {
    /// Which system of the report is compared with its first.
    pub system: usize,
    /// In which measure.
    pub metric: Metric,
    /// Mean of system − first over the queries, with its interval.
    pub interval: Interval,
    /// Queries on which the system is better.
    pub better: usize,
    /// Queries on which it is worse.
    pub worse: usize,
}

/// A system before it is measured.
pub(super) struct Contender {
    pub(super) setting: Option<Setting>,
    pub(super) run: Run,
    pub(super) latency: Option<Latency>,
}

impl Facts {
    pub(super) fn of(collection: &Collection, depth: usize) -> Self {
        let (collection, split) = (collection.name.clone(), collection.split.clone());
        Self { collection, split, depth, ..Self::default() }
    }
}

impl System {
    /// The values of the queries in a measure, in the order of [`Report::queries`].
    #[must_use]
    pub fn values(&self, metric: Metric) -> &[f64] {
        let place = Metric::ALL.iter().position(|other| *other == metric);
        place.and_then(|place| self.values.get(place)).map_or(&[], Vec::as_slice)
    }

    /// The mean over the queries in a measure, with its 95 % interval.
    #[must_use]
    pub fn interval(&self, metric: Metric) -> Interval {
        let place = Metric::ALL.iter().position(|other| *other == metric);
        place.and_then(|place| self.intervals.get(place)).copied().unwrap_or_default()
    }

    fn of(contender: Contender, judgments: &Judgments) -> Self {
        let Contender { setting, run, latency } = contender;
        let mut values = vec![Vec::with_capacity(judgments.len()); Metric::ALL.len()];
        let mut recall_by_rank = vec![0.0; RANKS];
        let mut unanswered = 0;
        for (query, grades) in judgments.iter() {
            let returned = run.of(query);
            unanswered += usize::from(returned.is_empty());
            let grade = |id: &str| grades.get(id).copied().unwrap_or(0.0);
            let ranked: Vec<f32> = returned.iter().map(|returned| grade(&returned.id)).collect();
            let all: Vec<f32> = grades.values().copied().collect();
            add_recall(&mut recall_by_rank, &ranked, &all);
            for (metric, values) in Metric::ALL.iter().zip(&mut values) {
                values.push(metric.of(&ranked, &all));
            }
        }
        recall_by_rank.iter_mut().for_each(|recall| *recall /= judgments.len().max(1) as f64);
        let intervals = values.par_iter().map(|values| bootstrap(values, SEED).unwrap_or_default()).collect();
        Self { name: run.name.clone(), setting, run, latency, unanswered, recall_by_rank, values, intervals }
    }
}

impl Report {
    /// Measures runs against judgments; the first run is what the others are compared with. All judged queries count: one that
    /// a run does not answer has the value 0 (`trec_eval -c`).
    ///
    /// # Errors
    /// [`EvalError::NothingJudged`].
    pub fn of_runs(name: &str, judgments: &Judgments, runs: Vec<Run>) -> Result<Self, EvalError> {
        if judgments.is_empty() {
            return Err(EvalError::NothingJudged { name: name.to_owned() });
        }
        let facts = Facts { collection: name.to_owned(), ..Facts::default() };
        let contenders = runs.into_iter().map(|run| Contender { setting: None, run, latency: None });
        let mut report = Self::of(facts, judgments, contenders.collect());
        report.worst = worst::choose(&report, judgments);
        Ok(report)
    }

    pub(super) fn of(facts: Facts, judgments: &Judgments, contenders: Vec<Contender>) -> Self {
        let queries = judgments.iter().map(|(query, _)| query.to_owned()).collect();
        let mut names = BTreeMap::new();
        let mut systems: Vec<System> = contenders.into_iter().map(|one| System::of(one, judgments)).collect();
        for system in &mut systems {
            // Two runs may carry one name.
            let before = names.entry(system.name.clone()).or_insert(0_usize);
            *before += 1;
            if *before > 1 {
                system.name = format!("{} ({before})", system.name);
            }
        }
        let differences = differences(&systems);
        Self { facts, queries, systems, differences, worst: Vec::new() }
    }

    /// The difference of a system to the first, in a measure; none for the first itself.
    #[must_use]
    pub fn difference(&self, system: usize, metric: Metric) -> Option<&Difference> {
        self.differences.iter().find(|difference| difference.system == system && difference.metric == metric)
    }

    /// The report as JSON of one line, in the form that docs/EVAL.md describes.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::json(self)
    }

    /// The report as a page of HTML that needs nothing but itself.
    #[must_use]
    pub fn to_html(&self) -> String {
        html::page(self)
    }

    /// Writes the page to a file.
    ///
    /// # Errors
    /// What the file system refuses.
    pub fn write_html(&self, path: &Path) -> Result<(), EvalError> {
        Ok(write_whole(path, self.to_html().as_bytes())?)
    }
}

/// Adds a query's recall at each rank.
fn add_recall(sums: &mut [f64], ranked: &[f32], all: &[f32]) {
    let relevant = all.iter().filter(|grade| **grade > 0.0).count();
    let mut found = 0;
    for (rank, sum) in sums.iter_mut().enumerate() {
        found += usize::from(ranked.get(rank).is_some_and(|grade| *grade > 0.0));
        *sum += found as f64 / relevant.max(1) as f64;
    }
}

/// Each system but the first against the first.
fn differences(systems: &[System]) -> Vec<Difference> {
    let Some((first, others)) = systems.split_first() else { return Vec::new() };
    let pairs: Vec<(usize, &System, Metric)> =
        (1..).zip(others).flat_map(|(number, other)| Metric::ALL.map(|metric| (number, other, metric))).collect();
    let compared = pairs.into_par_iter().map(|(system, other, metric)| {
        let (ours, theirs) = (other.values(metric), first.values(metric));
        let count = |better: fn(f64, f64) -> bool| ours.iter().zip(theirs).filter(|(a, b)| better(**a, **b)).count();
        let interval = paired(ours, theirs, SEED).unwrap_or_default();
        Difference { system, metric, interval, better: count(|a, b| a > b), worse: count(|a, b| a < b) }
    });
    compared.collect()
}
