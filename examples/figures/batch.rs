//! How batches of queries spread over threads.

use crate::Outcome;
use crate::data::vectors;
use crate::process::median;
use std::path::Path;
use std::time::Instant;
use uninote::{Index, Query, SearchOptions};

/// Answers all queries on each number of threads in turn and prints medians, and their ratio to the first.
pub(crate) fn batch(index: &Path, queries: &Path, threads: &[usize], passes: usize) -> Outcome {
    let snapshot = Index::open(index)?.snapshot();
    let queries = vectors(queries)?;
    let options = SearchOptions::new();
    let pools: Result<Vec<_>, _> =
        threads.iter().map(|threads| rayon::ThreadPoolBuilder::new().num_threads(*threads).build()).collect();
    let pools = pools?;
    let mut speeds = vec![Vec::with_capacity(passes); pools.len()];
    // The first pass warms up.
    for pass in 0..=passes {
        for (pool, speeds) in pools.iter().zip(&mut speeds) {
            let start = Instant::now();
            let answers = pool.install(|| snapshot.search_batch(queries.rows().map(Query::vector), &options))?;
            if pass > 0 {
                speeds.push(answers.len() as f64 / start.elapsed().as_secs_f64());
            }
        }
    }
    let speeds: Vec<f64> = speeds.into_iter().map(median).collect();
    for (threads, speed) in threads.iter().zip(&speeds) {
        let ratio = speeds.first().map_or(1.0, |first| speed / first);
        println!("{threads} threads: {speed:.0} queries/s, {ratio:.2} times the first");
    }
    Ok(())
}
