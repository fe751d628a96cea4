//! Training of an adapter: a projection of vectors and queries, near the identity, that puts what is of use first.
//!
//! | file | what it does |
//! |---|---|
//! | `settings.rs` | how |
//! | `material.rs` | rows of notes, judged queries, and which of them are for what |
//! | `exact.rs` | exact ranking: measures and hard negatives |
//! | `projection.rs` | the matrix as tensors |
//! | `course.rs` | what both stages have in common |
//! | `contrast.rs` | stage 1: contrastive, at every prefix |
//! | `reinforce.rs` | stage 2: by the reward of orderings |
//!
//! Queries are dealt into three parts. One is learned from; one says when to stop and which stage's outcome is kept; the
//! last is looked at once, at the end, and decides whether the adapter is worth having.

mod contrast;
mod course;
mod exact;
mod material;
mod projection;
mod reinforce;
mod settings;

pub(crate) use material::{Judged, Material};
pub use settings::{AdapterSettings, Contrasted, Rewarded};

use super::super::RankError;
use super::super::gate::Verdict;
use super::super::random::Random;
use super::course::Pace;
use super::{Point, Reward};
use crate::measure::{DRAWS, Interval, bootstrap, paired};
use crate::vector::{Adapter, VectorError};
use course::{Course, mean};
use exact::{Exact, PLACES};
use material::Parts;
use projection::Projection;
use serde::{Deserialize, Serialize};

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
    pub gain: [f64; 3],
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
    pub added: Option<[f64; 3]>,
    /// By prefix, the full width last.
    pub gains: Vec<AdapterGain>,
    /// Whether it may be installed.
    pub verdict: Verdict,
}

/// Trains an adapter and holds it against the present one, or none. `prefixes` are lengths at which vectors are to stay good;
/// the full width is always among them. Once `cancelled` says so, training ends with the next look, and what comes back is of
/// no use.
///
/// # Errors
/// [`RankError::NothingToLearn`] for fewer than three queries with something to find, [`RankError::List`],
/// [`RankError::Width`] and [`RankError::Setting`] for what makes no sense, [`RankError::Tensor`].
pub(crate) fn adapt(
    material: &Material,
    (prefixes, present): (&[usize], Option<&Adapter>),
    settings: &AdapterSettings,
    cancelled: &dyn Fn() -> bool,
) -> Result<(Adapter, AdapterReport), RankError> {
    settings.check()?;
    material.check()?;
    let width = material.rows.width();
    let mut lengths: Vec<usize> = prefixes.iter().copied().filter(|dims| (1..width).contains(dims)).collect();
    lengths.push(width);
    let parts = material.parts(settings.held_out, settings.seed)?;
    let random = |purpose| Random::new(settings.seed, purpose);
    let Contrasted { rank, steps, every, patience, batch, learning_rate: rate, .. } = settings.contrasted;
    let start = Projection::identity(width, rank, &mut random(8))?;
    let pace = Pace { steps, every, patience, batch, rate };
    let mut course = Course::new(material, &parts, (start, pace, random(9)), cancelled)?;
    contrast::contrast(&mut course, &settings.contrasted, &lengths)?;
    let (first, kept, curve) = course.finish();
    let contrasted = AdapterStage { curve, kept };
    let (adapter, rewarded) = match &settings.rewarded {
        None => (first.clone(), None),
        Some(second) => {
            let (adapter, stage) = reward((material, &parts), &first, (second, random(10)), cancelled)?;
            (adapter, Some(stage))
        }
    };
    let queries = [parts.learn.train.len(), parts.learn.held_out.len(), parts.gate.len()];
    let judge = Jury { material, gate: &parts.gate, seed: settings.seed };
    let added = rewarded.as_ref().map(|_| judge.compare(Some(&first), &adapter, width)).transpose()?;
    let gains = lengths.iter().map(|dims| judge.compare(present, &adapter, *dims));
    let gains = gains.collect::<Result<Vec<Compared>, RankError>>()?;
    let verdict = judge.verdict(gains.last())?;
    let gains = gains.iter().zip(&lengths).map(|(of, dims)| of.gain(*dims)).collect();
    let (settings, added) = (settings.clone(), added.map(|added| figures(added.gain)));
    Ok((adapter, AdapterReport { settings, queries, contrasted, rewarded, added, gains, verdict }))
}

/// Stage 2 from what stage 1 came to.
fn reward(
    (material, parts): (&Material, &Parts),
    first: &Adapter,
    (settings, random): (&Rewarded, Random),
    cancelled: &dyn Fn() -> bool,
) -> Result<(Adapter, AdapterStage), RankError> {
    let Rewarded { steps, every, patience, batch, learning_rate: rate, .. } = *settings;
    let pace = Pace { steps, every, patience, batch, rate };
    let origin = Projection::of(first)?;
    let mut course = Course::new(material, parts, (Projection::of(first)?, pace, random), cancelled)?;
    reinforce::reinforce(&mut course, &origin, settings, first.width())?;
    let (adapter, kept, curve) = course.finish();
    Ok((adapter, AdapterStage { curve, kept }))
}

/// The queries that decide.
struct Jury<'a> {
    material: &'a Material,
    gate: &'a [usize],
    seed: u64,
}

/// nDCG@10 of each deciding query before and with an adapter.
struct Compared {
    values: [Vec<f64>; 2],
    gain: Interval,
}

impl Compared {
    fn gain(&self, dims: usize) -> AdapterGain {
        let [without, with] = &self.values;
        AdapterGain { dims, ndcg: [mean(without), mean(with)], gain: figures(self.gain) }
    }
}

impl Jury<'_> {
    fn compare(&self, before: Option<&Adapter>, with: &Adapter, dims: usize) -> Result<Compared, RankError> {
        let measured = |adapter| -> Result<Vec<f64>, RankError> {
            Ok(Exact::new(self.material, adapter, dims).map_err(of_vector)?.measured(self.gate))
        };
        let (before, with) = (measured(before)?, measured(Some(with))?);
        let gain = paired(&with, &before, self.seed).ok_or_else(|| self.none())?;
        Ok(Compared { values: [before, with], gain })
    }

    fn verdict(&self, full: Option<&Compared>) -> Result<Verdict, RankError> {
        let full = full.ok_or_else(|| self.none())?;
        let [without, with] = &full.values;
        Ok(Verdict {
            reward: Reward::Ndcg { places: PLACES },
            held_out: self.gate.to_vec(),
            seed: self.seed,
            draws: DRAWS,
            present: bootstrap(without, self.seed).map(figures).ok_or_else(|| self.none())?,
            new: bootstrap(with, self.seed).map(figures).ok_or_else(|| self.none())?,
            gain: figures(full.gain),
        })
    }

    fn none(&self) -> RankError {
        RankError::NoHeldOut { lists: self.material.queries.len() }
    }
}

const fn figures(interval: Interval) -> [f64; 3] {
    [interval.mean, interval.low, interval.high]
}

impl AdapterReport {
    /// The report in a line, for the adapter's file.
    #[must_use]
    pub fn record(&self) -> String {
        serde_json::json!({
            "settings": self.settings,
            "queries": self.queries,
            "gains": self.gains,
            "added": self.added,
        })
        .to_string()
    }
}

/// The fault of a vector as one of training.
fn of_vector(error: VectorError) -> RankError {
    RankError::Tensor { why: error.to_string() }
}

#[cfg(test)]
mod tests;
