//! Filtered search beside usearch's predicate and a scan of all matches, in turns, on one core.

use crate::Outcome;
use crate::data::{self, Matrix};
use crate::engine::{EF_CONSTRUCTION, LINKS};
use crate::process::timed;
use clap::Args;
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use simsimd::SpatialSimilarity;
use std::path::PathBuf;
use uninote::fields::Filter;
use uninote::{Index, IndexOptions, Note, Query, SearchOptions, Snapshot};
use usearch::{MetricKind, ScalarKind};

/// Shares of the rows that filters let through, in parts of ten thousand.
const SHARES: [usize; 7] = [5_000, 2_000, 1_000, 400, 100, 10, 1];
/// Neighbours asked for, and the recall that usearch's beam is widened for and uninote is asked for.
const K: usize = 10;
const RECALL: f64 = 0.99;
/// Beams of usearch that are tried, in rising cost.
const BEAMS: [usize; 7] = [64, 128, 256, 512, 1_024, 2_048, 4_096];

/// Compares filtered search at many selectivities
#[derive(Args)]
pub(crate) struct FilteredArguments {
    /// Folder with base.npy and queries.npy (or .f32.npy, .f16.npy)
    #[arg(long)]
    data: PathBuf,
    /// Where the indexes are made, or were made by this command
    #[arg(long)]
    out: PathBuf,
    /// Queries of each line
    #[arg(long, default_value_t = 100)]
    count: usize,
    /// Passes to take medians of
    #[arg(long, default_value_t = 5)]
    passes: usize,
}

/// Both indexes over the same rows; `places` is a random order of them, which filters cut at its beginning.
struct Both {
    snapshot: Snapshot,
    usearch: usearch::Index,
    base: Matrix<f32>,
    places: Vec<u32>,
}

/// What one way of searching takes, in microseconds of processor time a query, and its recall.
type Measured = (f64, f64);

pub(crate) fn run(arguments: &FilteredArguments) -> Outcome {
    let read = |name: &str| -> Outcome<Matrix<f32>> {
        let mut matrix = data::vectors(&data::find(&arguments.data, name)?)?;
        matrix.normalise();
        Ok(matrix)
    };
    let (both, queries) = (made(arguments, read("base")?)?, read("queries")?);
    let step = (queries.len() / arguments.count.max(1)).max(1);
    let queries: Vec<&[f32]> = queries.rows().step_by(step).take(arguments.count).collect();
    println!("| let through | uninote: recall, µs | usearch, predicate: recall, µs (beam) | all matches, µs |");
    println!("|---|---|---|---|");
    for share in SHARES {
        let matches = (both.base.len() * share).div_ceil(10_000);
        println!("| {} % ({matches}) {}", share as f64 / 100.0, both.line(&queries, matches, arguments.passes)?);
    }
    Ok(())
}

fn made(arguments: &FilteredArguments, base: Matrix<f32>) -> Outcome<Both> {
    let mut places: Vec<u32> = (0..base.len() as u32).collect();
    places.shuffle(&mut StdRng::seed_from_u64(3));
    let [folder, file] = ["uninote", "index.usearch"].map(|name| arguments.out.join(name));
    std::fs::create_dir_all(&arguments.out)?;
    let options = usearch::IndexOptions {
        dimensions: base.width,
        metric: MetricKind::IP,
        quantization: ScalarKind::BF16,
        connectivity: LINKS,
        expansion_add: EF_CONSTRUCTION,
        expansion_search: 0,
        multi: false,
    };
    if !folder.exists() {
        let index = Index::create_with(&folder, IndexOptions::new().external_vectors(base.width))?;
        let usearch = usearch::Index::new(&options)?;
        usearch.reserve_capacity_and_threads(base.len(), 1)?;
        for ((row, vector), place) in base.rows().enumerate().zip(&places) {
            index.put_with_vector(Note::new(row.to_string()).field("place", i64::from(*place)), vector)?;
            usearch.add(row as u64, vector)?;
        }
        index.compact(None)?;
        usearch.save(&file.to_string_lossy())?;
    }
    let usearch = usearch::Index::restore_view(&file.to_string_lossy())?;
    Ok(Both { snapshot: Index::open(&folder)?.snapshot(), usearch, base, places })
}

impl Both {
    /// Recall and medians of the three at one selectivity.
    fn line(&self, queries: &[&[f32]], matches: usize, passes: usize) -> Outcome<String> {
        let filter = Filter::parse(&format!("place < {matches}"))?;
        let options = SearchOptions::new().k(K).recall(RECALL as f32).filter(filter);
        let rows: Vec<u32> = (0..self.base.len() as u32).filter(|row| self.lets_through(*row, matches)).collect();
        let truth: Vec<Vec<u32>> = queries.iter().map(|query| self.scan(query, &rows)).collect();
        let with_predicate = |query: &[f32]| -> Outcome<Vec<u32>> {
            let found = self.usearch.filtered_search(query, K, |key| self.lets_through(key as u32, matches))?;
            Ok(found.keys.iter().map(|key| *key as u32).collect())
        };
        let mut beam = BEAMS[0];
        for wider in BEAMS {
            beam = wider;
            self.usearch.change_expansion_search(beam);
            if measured(queries, &truth, with_predicate)?.1 >= RECALL {
                break;
            }
        }
        let ours = |query: &[f32]| -> Outcome<Vec<u32>> {
            let answer = self.snapshot.search(Query::vector(query), &options)?;
            Ok(answer.hits.iter().filter_map(|hit| hit.id.parse().ok()).collect())
        };
        let mut times: [Vec<Measured>; 3] = Default::default();
        for _ in 0..passes.max(1) {
            times[0].push(measured(queries, &truth, ours)?);
            times[1].push(measured(queries, &truth, with_predicate)?);
            times[2].push(measured(queries, &truth, |query| Ok(self.scan(query, &rows)))?);
        }
        let [(ours, recall), (theirs, their_recall), (scan, _)] = times.map(median);
        Ok(format!("| {recall:.3}, {ours:.0} | {their_recall:.3}, {theirs:.0} ({beam}) | {scan:.0} |"))
    }

    fn lets_through(&self, row: u32, matches: usize) -> bool {
        self.places.get(row as usize).is_some_and(|place| (*place as usize) < matches)
    }

    /// The best of these rows by comparing all of them.
    fn scan(&self, query: &[f32], rows: &[u32]) -> Vec<u32> {
        let score = |row: &u32| {
            let vector = self.base.row(*row as usize).unwrap_or_default();
            (f32::dot(query, vector).unwrap_or(f64::NEG_INFINITY), *row)
        };
        let mut scored: Vec<(f64, u32)> = rows.iter().map(score).collect();
        let better = |left: &(f64, u32), right: &(f64, u32)| right.0.total_cmp(&left.0).then(left.1.cmp(&right.1));
        if scored.len() > K {
            scored.select_nth_unstable_by(K - 1, better);
            scored.truncate(K);
        }
        scored.sort_by(better);
        scored.into_iter().map(|(_, row)| row).collect()
    }
}

/// One pass over all queries.
fn measured(
    queries: &[&[f32]],
    truth: &[Vec<u32>],
    mut ask: impl FnMut(&[f32]) -> Outcome<Vec<u32>>,
) -> Outcome<Measured> {
    let (found, processor, _) = timed(|| queries.iter().map(|query| ask(query)).collect::<Outcome<Vec<_>>>());
    let found = found?;
    let right: usize =
        found.iter().zip(truth).map(|(found, truth)| found.iter().filter(|row| truth.contains(row)).count()).sum();
    let all: usize = truth.iter().map(Vec::len).sum();
    Ok((processor.as_secs_f64() * 1e6 / queries.len() as f64, right as f64 / all.max(1) as f64))
}

fn median(mut times: Vec<Measured>) -> Measured {
    times.sort_by(|left, right| left.0.total_cmp(&right.0));
    times.get(times.len() / 2).copied().unwrap_or_default()
}
