//! hnsw_rs with the dot product of simsimd, which is at least as fast as the ones it brings along.

use super::{Asked, EF_CONSTRUCTION, Engine, LINKS, NOT_OPEN, Pass, locked, pass, single};
use crate::Outcome;
use crate::data::Matrix;
use crate::protocol::Versions;
use hnsw_rs::prelude::{Distance, Hnsw};
use simsimd::SpatialSimilarity;
use std::collections::BTreeMap;
use std::path::Path;

/// The most it allows, as its documentation recommends.
const LAYERS: usize = 16;

struct Cosine;

impl Distance<f32> for Cosine {
    fn eval(&self, left: &[f32], right: &[f32]) -> f32 {
        f32::dot(left, right).map_or(1.0, |dot| (1.0 - dot as f32).max(0.0))
    }
}

#[derive(Default)]
pub(super) struct HnswRs {
    index: Option<Hnsw<'static, f32, Cosine>>,
}

impl Engine for HnswRs {
    fn versions(&self) -> Versions {
        ["hnsw_rs", "simsimd"].map(|package| (package.to_owned(), locked(package))).into()
    }

    fn build(&mut self, base: &Matrix<f32>, _dir: &Path) -> Outcome<BTreeMap<String, f64>> {
        let mut index = Hnsw::new(LINKS, base.len(), LAYERS, EF_CONSTRUCTION, Cosine);
        for (row, vector) in base.rows().enumerate() {
            index.insert_slice((vector, row));
        }
        index.set_searching_mode(true);
        self.index = Some(index);
        Ok(BTreeMap::new())
    }

    fn open(&mut self, _dir: &Path) -> Outcome {
        self.index.as_ref().map(|_| ()).ok_or_else(|| NOT_OPEN.into())
    }

    fn search(&mut self, asked: &Asked<'_>, knob: &[f64]) -> Outcome<Pass> {
        let index = self.index.as_ref().ok_or(NOT_OPEN)?;
        let ef = single(knob)? as usize;
        pass(
            asked,
            |query| Ok(index.search(query, asked.k, ef)),
            |found| found.iter().map(|neighbour| neighbour.d_id as u32).collect::<Vec<_>>(),
            |_| None,
        )
    }
}
