//! The engines, their settings and what each must do.

mod hannoy;
mod hnsw_rs;
mod uninote;
mod usearch;

use crate::Outcome;
use crate::data::Matrix;
use crate::process::{Reading, timed};
use crate::protocol::Versions;
use ::usearch::ScalarKind;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

/// Links of a graph's node, twice as many on the ground layer: what ann-benchmarks and the projects themselves use.
pub(crate) const LINKS: usize = 16;
/// Width of the beam that looks for a new node's links.
pub(crate) const EF_CONSTRUCTION: usize = 200;
/// Widths of the beam that searches.
const BEAMS: [f64; 16] =
    [10.0, 12.0, 16.0, 22.0, 30.0, 40.0, 56.0, 80.0, 112.0, 160.0, 224.0, 320.0, 448.0, 640.0, 896.0, 1_280.0];

/// Where an engine's worker lives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Home {
    /// This program.
    Rust,
    /// `peers/worker.py`.
    Python,
}

/// An engine as the coordinator knows it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spec {
    pub(crate) name: &'static str,
    pub(crate) home: Home,
    /// Whether what was built can be opened by another process; if not, the one that built it searches.
    pub(crate) persists: bool,
    /// Whether the index is mapped into memory, so that it can be searched with a part of it there.
    pub(crate) mapped: bool,
    /// Names of its settings for search.
    pub(crate) settings: &'static [&'static str],
    /// Values of them that are tried: every combination.
    values: &'static [&'static [f64]],
}

impl Spec {
    /// Combinations of the values of all settings.
    pub(crate) fn knobs(&self) -> Vec<Vec<f64>> {
        self.values.iter().fold(vec![Vec::new()], |knobs, values| {
            let longer =
                |knob: &Vec<f64>| values.iter().map(|value| [knob.as_slice(), &[*value]].concat()).collect::<Vec<_>>();
            knobs.iter().flat_map(longer).collect()
        })
    }

    /// One combination with the names of the settings.
    pub(crate) fn named(&self, knob: &[f64]) -> BTreeMap<&'static str, f64> {
        self.settings.iter().copied().zip(knob.iter().copied()).collect()
    }
}

const fn graph(name: &'static str, home: Home, settings: &'static [&'static str]) -> Spec {
    Spec { name, home, persists: true, mapped: false, settings, values: &[&BEAMS] }
}

const fn mapped(name: &'static str, settings: &'static [&'static str]) -> Spec {
    Spec { mapped: true, ..graph(name, Home::Rust, settings) }
}

/// All engines; the first is the one that the others are compared with.
pub(crate) const ALL: [Spec; 10] = [
    Spec {
        name: "uninote",
        home: Home::Rust,
        persists: true,
        mapped: true,
        settings: &["recall"],
        values: &[&[0.5, 0.7, 0.8, 0.85, 0.9, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998]],
    },
    Spec { persists: false, ..graph("hnsw_rs", Home::Rust, &["ef"]) },
    mapped("usearch-f32", &["expansion_search"]),
    mapped("usearch-bf16", &["expansion_search"]),
    mapped("usearch-i8", &["expansion_search"]),
    mapped("hannoy", &["ef_search"]),
    graph("hnswlib", Home::Python, &["ef"]),
    graph("faiss-hnsw", Home::Python, &["efSearch"]),
    Spec { values: &[&BEAMS, &[1.0, 2.0]], ..graph("faiss-hnsw-sq8", Home::Python, &["efSearch", "k_factor"]) },
    Spec {
        name: "faiss-ivfpqfs",
        home: Home::Python,
        persists: true,
        mapped: false,
        settings: &["nprobe", "k_factor"],
        values: &[&[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0], &[2.0, 4.0, 10.0, 30.0]],
    },
];

/// The engines of these names, in the order of [`ALL`]; all of them if none is named.
pub(crate) fn chosen(names: &[String]) -> Outcome<Vec<Spec>> {
    let known = ALL.map(|spec| spec.name);
    if let Some(unknown) = names.iter().find(|name| !known.contains(&name.as_str())) {
        return Err(format!("no engine is called {unknown}; there are {}", known.join(", ")).into());
    }
    Ok(ALL.into_iter().filter(|spec| names.is_empty() || names.iter().any(|name| name == spec.name)).collect())
}

/// An engine that is written in Rust.
pub(crate) fn make(name: &str) -> Outcome<Box<dyn Engine>> {
    Ok(match name {
        "uninote" => Box::new(uninote::Uninote::default()),
        "hnsw_rs" => Box::new(hnsw_rs::HnswRs::default()),
        "usearch-f32" => Box::new(usearch::Usearch::new(ScalarKind::F32)),
        "usearch-bf16" => Box::new(usearch::Usearch::new(ScalarKind::BF16)),
        "usearch-i8" => Box::new(usearch::Usearch::new(ScalarKind::I8)),
        "hannoy" => Box::new(hannoy::Hannoy::default()),
        _ => return Err(format!("no engine in Rust is called {name}").into()),
    })
}

pub(crate) trait Engine {
    fn versions(&self) -> Versions;

    /// Builds an index of these vectors in a folder that is there and empty, and gives the processor seconds of steps
    /// that are worth a figure of their own.
    fn build(&mut self, base: &Matrix<f32>, dir: &Path) -> Outcome<BTreeMap<String, f64>>;

    /// Makes ready to search what was built in this folder.
    fn open(&mut self, dir: &Path) -> Outcome;

    /// Searches for what is asked with these values of the settings.
    fn search(&mut self, asked: &Asked<'_>, knob: &[f64]) -> Outcome<Pass>;
}

/// What one pass is to find.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) queries: &'a Matrix<f32>,
    /// Neighbours of each.
    pub(crate) k: usize,
    /// Time by the clock after which no further query is begun.
    pub(crate) longest: Option<Duration>,
}

/// The queries searched once: all of them, unless time ran out.
pub(crate) struct Pass {
    /// On the processor, over all threads.
    pub(crate) time: Duration,
    pub(crate) clock: Duration,
    /// What had to come from disk, where the system tells.
    pub(crate) reading: Option<Reading>,
    pub(crate) queries: usize,
    /// `k` rows for each query, `u32::MAX` where there is none.
    pub(crate) rows: Vec<u32>,
    /// Mean number of vectors or codes compared with a query, where the engine tells.
    pub(crate) evaluations: Option<f64>,
}

/// Times the searches alone; what they give is turned into rows afterwards.
fn pass<T, R: IntoIterator<Item = u32>>(
    asked: &Asked<'_>,
    mut search: impl FnMut(&[f32]) -> Outcome<T>,
    rows: impl Fn(&T) -> R,
    evaluations: impl Fn(&T) -> Option<f64>,
) -> Outcome<Pass> {
    let mut answers = Vec::with_capacity(asked.queries.len());
    let before = Reading::now();
    let (searched, time, clock) = timed(|| -> Outcome {
        let start = Instant::now();
        for query in asked.queries.rows() {
            if asked.longest.is_some_and(|longest| start.elapsed() >= longest) {
                break;
            }
            answers.push(search(query)?);
        }
        Ok(())
    });
    let reading = Reading::now().zip(before).map(|(after, before)| after.since(before));
    searched?;
    let padded = |answer| rows(answer).into_iter().chain(std::iter::repeat(u32::MAX)).take(asked.k);
    let total: Option<f64> = answers.iter().map(evaluations).sum();
    Ok(Pass {
        time,
        clock,
        reading,
        queries: answers.len(),
        rows: answers.iter().flat_map(padded).collect(),
        evaluations: total.map(|total| total / answers.len() as f64),
    })
}

/// A setting that has one number.
fn single(knob: &[f64]) -> Outcome<f64> {
    match knob {
        [value] => Ok(*value),
        _ => Err(format!("one setting is needed, not {knob:?}").into()),
    }
}

/// Version of a package that this program was built with.
fn locked(package: &str) -> String {
    let lock = include_str!("../../Cargo.lock");
    let entry = lock.split_once(&format!("name = \"{package}\"\nversion = \""));
    entry.and_then(|(_, rest)| rest.split('"').next()).unwrap_or("unknown").to_owned()
}

/// Says that a search came before an index was opened.
const NOT_OPEN: &str = "no index is open; ask to open one first";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_of_settings_is_tried() {
        for spec in ALL {
            let knobs = spec.knobs();
            assert_eq!(knobs.len(), spec.values.iter().map(|values| values.len()).product::<usize>());
            assert!(knobs.iter().all(|knob| knob.len() == spec.settings.len()), "{}", spec.name);
        }
    }

    #[test]
    fn no_query_is_begun_after_the_time_is_over() {
        let queries = Matrix { width: 1, flat: vec![1.0, 2.0, 3.0] };
        let search = |query: &[f32]| {
            std::thread::sleep(Duration::from_millis(20));
            Ok(query.to_vec())
        };
        for (longest, rows) in [(None, vec![1, u32::MAX, 2, u32::MAX, 3, u32::MAX]), (Some(10), vec![1, u32::MAX])] {
            let asked = Asked { queries: &queries, k: 2, longest: longest.map(Duration::from_millis) };
            let found = |found: &Vec<f32>| found.iter().map(|value| *value as u32).collect::<Vec<_>>();
            let pass = pass(&asked, search, found, |_| None).expect("searches that cannot fail");
            assert_eq!((pass.queries, pass.rows), (rows.len() / 2, rows));
            assert!(pass.clock >= Duration::from_millis(20), "{:?}", pass.clock);
        }
    }

    #[test]
    fn engines_are_found_by_name() {
        for spec in ALL.iter().filter(|spec| spec.home == Home::Rust) {
            let versions = make(spec.name).expect("a known engine").versions();
            assert!(versions.values().all(|version| version != "unknown"), "{versions:?}");
        }
        let named = chosen(&["hannoy".to_owned(), "uninote".to_owned()]).expect("known engines");
        assert_eq!(named.iter().map(|spec| spec.name).collect::<Vec<_>>(), ["uninote", "hannoy"]);
        assert!(chosen(&["annoy".to_owned()]).is_err());
    }
}
