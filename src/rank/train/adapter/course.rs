//! What both stages have in common: queries in a random order, looks at the projection, hard negatives, when to stop.

use super::super::super::RankError;
use super::super::super::random::Random;
use super::super::Point;
use super::super::adam::Adam;
use super::super::course::Pace;
use super::exact::{Exact, PLACES, Place, worth};
use super::material::{Material, Parts};
use super::of_vector;
use super::projection::{Batch, Projection, tensor};
use crate::vector::Adapter;
use rayon::prelude::*;

/// Notes found for a query of which hard negatives are drawn and orderings made.
pub(super) const MINED: usize = 50;
/// Queries of the learning part that a look measures.
const MEASURED: usize = 300;

/// What a query had at the last look: notes with the row that stands for each.
#[derive(Debug, Clone, Default)]
pub(super) struct Mined {
    /// Notes of use and their grades.
    pub(super) useful: Vec<(Place, f32)>,
    /// The best of the others, best first.
    pub(super) others: Vec<Place>,
}

/// A projection on its way.
pub(super) struct Course<'a> {
    pub(super) material: &'a Material,
    parts: &'a Parts,
    pub(super) projection: Projection,
    pub(super) pace: Pace,
    pub(super) adam: Adam,
    pub(super) random: Random,
    /// By query of the material; empty for those that are not learned from.
    mined: Vec<Mined>,
    queue: Vec<usize>,
    curve: Vec<Point>,
    best: (usize, f64, Adapter),
    lost: (f64, usize),
    cancelled: &'a dyn Fn() -> bool,
}

impl<'a> Course<'a> {
    pub(super) fn new(
        material: &'a Material,
        parts: &'a Parts,
        (projection, pace, random): (Projection, Pace, Random),
        cancelled: &'a dyn Fn() -> bool,
    ) -> Result<Self, RankError> {
        pace.check()?;
        let best = (0, f64::NEG_INFINITY, adapter_of(&projection, material.rows.width())?);
        let (mined, queue) = (vec![Mined::default(); material.queries.len()], Vec::new());
        let (adam, curve) = (Adam::new(0.0), Vec::new());
        let lost = (0.0, 0);
        Ok(Self { material, parts, projection, pace, adam, random, mined, queue, curve, best, lost, cancelled })
    }

    /// The queries of the next step. Each comes once before any comes again.
    pub(super) fn next(&mut self) -> Vec<usize> {
        let mut numbers = Vec::with_capacity(self.pace.batch);
        let wanted = self.pace.batch.min(self.parts.learn.train.len());
        while numbers.len() < wanted {
            if self.queue.is_empty() {
                self.queue.clone_from(&self.parts.learn.train);
                self.random.shuffle(&mut self.queue);
            }
            numbers.extend(self.queue.pop());
        }
        numbers
    }

    pub(super) fn mined(&self, number: usize) -> Option<&Mined> {
        self.mined.get(number)
    }

    /// Queries and rows as tensors.
    pub(super) fn batch<'b>(
        &self,
        queries: &[usize],
        rows: &[Place],
        prefixes: &'b [usize],
    ) -> Result<Batch<'b>, RankError> {
        let width = self.material.rows.width();
        let queries = queries.iter().filter_map(|number| self.material.queries.get(*number));
        Ok(Batch {
            queries: tensor(queries.map(|query| query.vector.as_slice()), width)?,
            rows: tensor(rows.iter().filter_map(|place| self.material.rows.get(place.row)), width)?,
            prefixes,
        })
    }

    /// Adds a step's loss to what the next look reports.
    pub(super) fn lost(&mut self, loss: f64) {
        self.lost = (self.lost.0 + loss, self.lost.1 + 1);
    }

    /// Looks at the projection after so many steps, if it is time to, and says whether to go on.
    pub(super) fn look(&mut self, step: usize) -> Result<bool, RankError> {
        if !step.is_multiple_of(self.pace.every) && step != self.pace.steps {
            return Ok(true);
        }
        if (self.cancelled)() {
            return Ok(false);
        }
        let adapter = adapter_of(&self.projection, self.material.rows.width())?;
        let exact = Exact::new(self.material, Some(&adapter), usize::MAX).map_err(of_vector)?;
        let held_out = mean(&exact.measured(&self.parts.learn.held_out));
        let train = self.mine(&exact);
        let loss = if self.lost.1 > 0 { self.lost.0 / self.lost.1 as f64 } else { 0.0 };
        self.lost = (0.0, 0);
        self.curve.push(Point { step, loss, train, held_out });
        if held_out > self.best.1 {
            self.best = (step, held_out, adapter);
        }
        Ok(step - self.best.0 < self.pace.patience.saturating_mul(self.pace.every) && step < self.pace.steps)
    }

    /// Ranks all notes for the queries that are learned from, and gives the mean nDCG@10 of some of them.
    fn mine(&mut self, exact: &Exact<'_>) -> f64 {
        let find = |number: &usize| {
            let query = self.material.queries.get(*number)?;
            let found = exact.best(query, MINED);
            let worth = worth(query, found.get(..PLACES).unwrap_or(&found));
            let useful = exact.of(query, query.useful().map(|(note, _)| note));
            let useful = useful.into_iter().map(|place| (place, query.grade(place.note))).collect();
            let others = found.into_iter().filter(|place| query.grade(place.note) <= 0.0).collect();
            Some((*number, worth, Mined { useful, others }))
        };
        let found: Vec<_> = self.parts.learn.train.par_iter().filter_map(find).collect();
        let values: Vec<f64> = found.iter().take(MEASURED).map(|(_, worth, _)| *worth).collect();
        for (number, _, mined) in found {
            if let Some(slot) = self.mined.get_mut(number) {
                *slot = mined;
            }
        }
        mean(&values)
    }

    /// The best adapter seen, the step it is of, and what was seen.
    pub(super) fn finish(self) -> (Adapter, usize, Vec<Point>) {
        (self.best.2, self.best.0, self.curve)
    }
}

fn adapter_of(projection: &Projection, width: usize) -> Result<Adapter, RankError> {
    Adapter::from_stored(width, projection.matrix()?).map_err(of_vector)
}

pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
