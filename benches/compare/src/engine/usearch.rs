//! usearch, its file mapped into memory, vectors kept in one of its number formats.

use super::{Asked, EF_CONSTRUCTION, Engine, LINKS, NOT_OPEN, Pass, locked, pass, single};
use crate::Outcome;
use crate::data::Matrix;
use crate::protocol::Versions;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use usearch::{Index, IndexOptions, MetricKind, ScalarKind};

pub(super) struct Usearch {
    kind: ScalarKind,
    open: Option<(Index, Bytes)>,
}

impl Usearch {
    pub(super) fn new(kind: ScalarKind) -> Self {
        Self { kind, open: None }
    }

    fn empty(&self, width: usize) -> Outcome<Index> {
        let options = IndexOptions {
            dimensions: width,
            metric: MetricKind::IP,
            quantization: self.kind,
            connectivity: LINKS,
            expansion_add: EF_CONSTRUCTION,
            expansion_search: 0,
            multi: false,
        };
        Ok(Index::new(&options)?)
    }
}

/// Turns numbers into bytes so that the largest of the collection becomes the largest byte.
///
/// usearch would do it by itself, but as if a component could be as large as the whole vector, which leaves few of the
/// 256 levels in use; its source advises against that too.
struct Bytes {
    scale: f32,
}

impl Bytes {
    fn of(base: &Matrix<f32>) -> Self {
        let largest = base.flat.iter().fold(f32::MIN_POSITIVE, |largest, value| largest.max(value.abs()));
        Self { scale: f32::from(i8::MAX) / largest }
    }

    fn turn(&self, vector: &[f32]) -> Vec<i8> {
        // A query may go beyond what the base has; the cast stops at the ends.
        vector.iter().map(|value| (value * self.scale).round() as i8).collect()
    }
}

fn files(dir: &Path) -> [PathBuf; 2] {
    ["index.usearch", "scale.json"].map(|name| dir.join(name))
}

impl Engine for Usearch {
    fn versions(&self) -> Versions {
        let mut versions = ["usearch", "numkong"].map(|package| (package.to_owned(), locked(package))).to_vec();
        let acceleration = self.empty(64).map_or_else(|error| error.to_string(), |index| index.hardware_acceleration());
        versions.push(("acceleration".to_owned(), acceleration));
        versions.into_iter().collect()
    }

    fn build(&mut self, base: &Matrix<f32>, dir: &Path) -> Outcome<BTreeMap<String, f64>> {
        let [file, scale_file] = files(dir);
        let bytes = Bytes::of(base);
        let index = self.empty(base.width)?;
        index.reserve_capacity_and_threads(base.len(), 1)?;
        for (row, vector) in base.rows().enumerate() {
            match self.kind {
                ScalarKind::I8 => index.add(row as u64, &bytes.turn(vector))?,
                _ => index.add(row as u64, vector)?,
            }
        }
        index.save(&file.to_string_lossy())?;
        std::fs::write(scale_file, serde_json::to_vec(&bytes.scale)?)?;
        Ok(BTreeMap::new())
    }

    fn open(&mut self, dir: &Path) -> Outcome {
        let [file, scale_file] = files(dir);
        let scale = serde_json::from_slice(&std::fs::read(scale_file)?)?;
        self.open = Some((Index::restore_view(&file.to_string_lossy())?, Bytes { scale }));
        Ok(())
    }

    fn search(&mut self, asked: &Asked<'_>, knob: &[f64]) -> Outcome<Pass> {
        let (index, bytes) = self.open.as_ref().ok_or(NOT_OPEN)?;
        index.change_expansion_search(single(knob)? as usize);
        pass(
            asked,
            |query| match self.kind {
                ScalarKind::I8 => Ok(index.search(&bytes.turn(query), asked.k)?),
                _ => Ok(index.search(query, asked.k)?),
            },
            |matches| matches.keys.iter().map(|key| *key as u32).collect::<Vec<_>>(),
            |_| None,
        )
    }
}
