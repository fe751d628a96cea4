//! Exact ranking: every row compared, a note as good as its best row. What early stopping and the gate go by, and where hard
//! negatives come from.

use super::material::{Judged, Material};
use crate::measure::ndcg;
use crate::vector::kernels::dot_f32;
use crate::vector::{Adapter, VectorError, Vectors, prefix_unit};
use rayon::prelude::*;

/// Places of the measure.
pub(super) const PLACES: usize = 10;

/// A note among the best, and which of its rows is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    pub(super) note: u32,
    pub(super) row: usize,
    pub(super) score: f32,
}

/// The rows of the material as an adapter makes them, cut to a prefix.
pub(super) struct Exact<'a> {
    material: &'a Material,
    adapter: Option<&'a Adapter>,
    dims: usize,
    rows: Vectors,
}

impl<'a> Exact<'a> {
    pub(super) fn new(material: &'a Material, adapter: Option<&'a Adapter>, dims: usize) -> Result<Self, VectorError> {
        let dims = dims.clamp(1, material.rows.width());
        let adapted = adapter.map(|adapter| adapter.apply_all(&material.rows)).transpose()?;
        let full = adapted.as_ref().unwrap_or(&material.rows);
        let mut rows = Vectors::with_capacity(dims, full.len())?;
        for row in full {
            rows.push(&prefix_unit(row, dims))?;
        }
        Ok(Self { material, adapter, dims, rows })
    }

    /// The best row of a note for a query that was aimed.
    fn best_row(&self, aim: &[f32], note: u32) -> Option<Place> {
        let mut best: Option<Place> = None;
        for row in self.material.rows_of(note) {
            let Some(vector) = self.rows.get(row) else { continue };
            let score = dot_f32(aim, vector);
            if best.is_none_or(|best| score > best.score) {
                best = Some(Place { note, row, score });
            }
        }
        best
    }

    /// The query as rows are compared with it.
    fn aim(&self, query: &Judged) -> Vec<f32> {
        let adapted = self.adapter.and_then(|adapter| adapter.apply(&query.vector).ok());
        prefix_unit(adapted.as_ref().unwrap_or(&query.vector), self.dims)
    }

    /// The best notes for a query, best first; equal ones by number.
    pub(super) fn best(&self, query: &Judged, places: usize) -> Vec<Place> {
        let aim = self.aim(query);
        let notes = (0..self.material.notes() as u32).filter(|note| !query.left_out.contains(note));
        let mut found: Vec<Place> = notes.filter_map(|note| self.best_row(&aim, note)).collect();
        let order = |left: &Place, right: &Place| right.score.total_cmp(&left.score).then(left.note.cmp(&right.note));
        if places < found.len() {
            found.select_nth_unstable_by(places, order);
            found.truncate(places);
        }
        found.sort_unstable_by(order);
        found
    }

    /// The places of given notes, whatever is better.
    pub(super) fn of(&self, query: &Judged, notes: impl Iterator<Item = u32>) -> Vec<Place> {
        let aim = self.aim(query);
        notes.filter_map(|note| self.best_row(&aim, note)).collect()
    }

    /// nDCG@10 of each of some queries.
    pub(super) fn measured(&self, numbers: &[usize]) -> Vec<f64> {
        let value = |number: &usize| {
            self.material.queries.get(*number).map_or(0.0, |query| worth(query, &self.best(query, PLACES)))
        };
        numbers.par_iter().map(value).collect()
    }
}

/// nDCG@10 of an order.
pub(super) fn worth(query: &Judged, order: &[Place]) -> f64 {
    let ranked: Vec<f32> = order.iter().map(|place| query.grade(place.note)).collect();
    ndcg(&ranked, &query.all(), PLACES)
}
