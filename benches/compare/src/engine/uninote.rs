//! uninote through its public API: one note a row, vectors from outside, compacted.

use super::{Asked, Engine, NOT_OPEN, Pass, locked, pass, single};
use crate::Outcome;
use crate::data::Matrix;
use crate::process::timed;
use crate::protocol::Versions;
use std::collections::BTreeMap;
use std::path::Path;
use uninote::{Index, IndexOptions, Note, Query, SearchOptions, Snapshot};

#[derive(Default)]
pub(super) struct Uninote {
    snapshot: Option<Snapshot>,
}

impl Engine for Uninote {
    fn versions(&self) -> Versions {
        [("uninote".to_owned(), locked("uninote"))].into()
    }

    fn build(&mut self, base: &Matrix<f32>, dir: &Path) -> Outcome<BTreeMap<String, f64>> {
        let index = Index::create_with(dir, IndexOptions::new().external_vectors(base.width))?;
        for (row, vector) in base.rows().enumerate() {
            index.put_with_vector(Note::new(row.to_string()), vector)?;
        }
        index.commit()?;
        let (compacted, processor, _) = timed(|| index.compact(None));
        compacted?;
        Ok([("compact".to_owned(), processor.as_secs_f64())].into())
    }

    fn open(&mut self, dir: &Path) -> Outcome {
        self.snapshot = Some(Index::open(dir)?.snapshot());
        Ok(())
    }

    fn search(&mut self, asked: &Asked<'_>, knob: &[f64]) -> Outcome<Pass> {
        let snapshot = self.snapshot.as_ref().ok_or(NOT_OPEN)?;
        let options = SearchOptions::new().k(asked.k).recall(single(knob)? as f32);
        pass(
            asked,
            |query| Ok(snapshot.search(Query::vector(query), &options)?),
            |answer| answer.hits.iter().filter_map(|hit| hit.id.parse().ok()).collect::<Vec<u32>>(),
            |answer| Some((answer.stages.coarse + answer.stages.rescored) as f64),
        )
    }
}
