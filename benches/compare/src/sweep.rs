//! Passes over all queries at every setting of every engine, in turns.

use crate::child::Handle;
use crate::coordinate::{Collection, Skipped, skip};
use crate::curve::{Point, median};
use crate::data::Matrix;
use crate::engine::Spec;
use crate::process::Memory;
use crate::protocol::{Built, Opened, Request, Searched, Versions};
use crate::{Outcome, RunArguments};
use std::path::Path;

/// Recall beyond which more effort tells nothing.
const ENOUGH: f64 = 0.999;

/// An engine ready to search, and what it has shown so far.
pub(crate) struct Searcher {
    pub(crate) spec: Spec,
    pub(crate) handle: Handle,
    pub(crate) versions: Versions,
    pub(crate) built: Built,
    pub(crate) opened: Opened,
    pub(crate) settings: Vec<Setting>,
    /// After the last pass, when all that searching needs has been touched.
    pub(crate) memory: Memory,
}

/// One combination of settings and what it gave.
pub(crate) struct Setting {
    pub(crate) knob: Vec<f64>,
    pub(crate) recall: f64,
    pub(crate) evaluations: Option<f64>,
    /// Processor time of the pass that warmed up.
    warming_s: f64,
    /// Queries a second of processor time, one for each counted pass.
    pub(crate) qps: Vec<f64>,
}

impl Setting {
    pub(crate) fn point(&self) -> Point {
        Point { recall: self.recall, qps: median(&self.qps), evaluations: self.evaluations }
    }
}

impl Searcher {
    pub(crate) fn new(spec: Spec, handle: Handle, versions: Versions, built: Built, opened: Opened) -> Self {
        let setting = |knob| Setting { knob, recall: 0.0, evaluations: None, warming_s: 0.0, qps: Vec::new() };
        let settings = spec.knobs().into_iter().map(setting).collect();
        Self { spec, handle, versions, built, opened, settings, memory: opened.after }
    }

    pub(crate) fn points(&self) -> Vec<Point> {
        self.settings.iter().map(Setting::point).collect()
    }

    /// One pass at every setting. The first pass warms up and gives recall, which is the same ever after.
    fn round(&mut self, collection: &Collection, ids: &Path, k: usize, first: bool) -> Outcome {
        for setting in &mut self.settings {
            let request = Request::Search {
                queries: collection.queries.clone(),
                k,
                knob: setting.knob.clone(),
                ids: ids.to_owned(),
                longest_s: None,
            };
            let searched: Searched = self.handle.ask(&request)?;
            self.memory = searched.memory;
            if first {
                setting.evaluations = searched.evaluations;
                setting.warming_s = searched.cpu_s;
                setting.recall = collection.judge.recall(&found(ids)?, collection.judge.queries.len())?;
            } else {
                setting.qps.push(collection.judge.queries.len() as f64 / searched.cpu_s);
            }
        }
        if first {
            self.drop_idle();
        }
        Ok(())
    }

    /// Of the settings with all the recall that matters, keeps the cheapest: the others would take most of the time.
    fn drop_idle(&mut self) {
        let full = self.settings.iter().filter(|setting| setting.recall >= ENOUGH);
        let cheapest = full.map(|setting| setting.warming_s).fold(f64::INFINITY, f64::min);
        self.settings.retain(|setting| setting.recall < ENOUGH || setting.warming_s <= cheapest);
    }
}

/// The rows that a worker wrote.
pub(crate) fn found(ids: &Path) -> Outcome<Vec<u32>> {
    let bytes = std::fs::read(ids)?;
    let rows = Matrix { width: 4, flat: bytes };
    Ok(rows.rows().filter_map(|bytes| Some(u32::from_le_bytes(bytes.try_into().ok()?))).collect())
}

/// Goes round the engines once to warm up and then as often as asked; those that fail take no further part.
pub(crate) fn sweep(
    mut searchers: Vec<Searcher>,
    collection: &Collection,
    ids: &Path,
    arguments: &RunArguments,
    skipped: &mut Vec<Skipped>,
) -> Vec<Searcher> {
    let rounds = arguments.repeats.max(1);
    for round in 0..=rounds {
        searchers.retain_mut(|searcher| {
            let name = searcher.spec.name;
            eprintln!("round {round} of {rounds}: {name}");
            let gone = searcher.round(collection, ids, arguments.k, round == 0);
            gone.inspect_err(|error| skip(skipped, name, error.as_ref())).is_ok()
        });
    }
    // Only the last pass's answers are in it, and only if there was one.
    std::fs::remove_file(ids).ok();
    searchers
}
