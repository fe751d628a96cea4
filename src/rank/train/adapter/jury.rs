//! Whether an adapter is worth having, by the queries that decide.

use super::super::super::RankError;
use super::super::super::gate::Verdict;
use super::super::{Reward, Split};
use super::course::mean;
use super::exact::{Exact, PLACES};
use super::material::{Judged, Material};
use super::of_vector;
use super::settings::{AdapterGain, UnseenGain};
use crate::measure::{DRAWS, Interval, bootstrap, paired};
use crate::vector::Adapter;
use std::collections::BTreeSet;

/// The queries that decide.
pub(super) struct Jury<'a> {
    pub(super) material: &'a Material,
    pub(super) gate: &'a [usize],
    pub(super) seed: u64,
}

/// nDCG@10 of each deciding query before and with an adapter.
pub(super) struct Compared {
    values: [Vec<f64>; 2],
    pub(super) gain: Interval,
}

impl Compared {
    pub(super) fn gain(&self, dims: usize) -> AdapterGain {
        let [without, with] = &self.values;
        AdapterGain { dims, ndcg: [mean(without), mean(with)], gain: self.gain }
    }
}

impl Jury<'_> {
    pub(super) fn compare(&self, before: Option<&Adapter>, with: &Adapter, dims: usize) -> Result<Compared, RankError> {
        let measured = |adapter| -> Result<Vec<f64>, RankError> {
            Ok(Exact::new(self.material, adapter, dims).map_err(of_vector)?.measured(self.gate))
        };
        let (before, with) = (measured(before)?, measured(Some(with))?);
        let gain = paired(&with, &before, self.seed).ok_or_else(|| self.none())?;
        Ok(Compared { values: [before, with], gain })
    }

    pub(super) fn verdict(&self, full: Option<&Compared>) -> Result<Verdict, RankError> {
        let full = full.ok_or_else(|| self.none())?;
        let [without, with] = &full.values;
        Ok(Verdict {
            reward: Reward::Ndcg { places: PLACES },
            held_out: self.gate.to_vec(),
            seed: self.seed,
            draws: DRAWS,
            present: bootstrap(without, self.seed).ok_or_else(|| self.none())?,
            new: bootstrap(with, self.seed).ok_or_else(|| self.none())?,
            gain: full.gain,
        })
    }

    /// What was gained on queries none of whose notes of use was learned from.
    pub(super) fn unseen(&self, full: Option<&Compared>, learn: &Split) -> Option<UnseenGain> {
        let query = |number: &usize| self.material.queries.get(*number);
        let learned = learn.train.iter().chain(&learn.held_out).filter_map(query);
        let learned: BTreeSet<u32> = learned.flat_map(Judged::useful).map(|(note, _)| note).collect();
        let is_new = |number: &usize| {
            query(number).is_some_and(|query| query.useful().all(|(note, _)| !learned.contains(&note)))
        };
        let [before, with] = &full?.values;
        let values = self.gate.iter().zip(before.iter().zip(with)).filter(|(number, _)| is_new(number));
        let (before, with): (Vec<f64>, Vec<f64>) = values.map(|(_, (before, with))| (*before, *with)).unzip();
        Some(UnseenGain { queries: with.len(), gain: paired(&with, &before, self.seed)? })
    }

    fn none(&self) -> RankError {
        RankError::NoHeldOut { lists: self.material.queries.len() }
    }
}
