//! Holds what a search costs against stored limits, in counts that are the same on every machine: codes compared and full
//! vectors compared. A change that makes searches slower by working more fails here, whatever the clock says.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../benches/engine/data.rs"]
mod data;

use data::clustered;
use std::sync::Arc;
use uninote::disk::MemoryStorage;
use uninote::{Index, IndexOptions, Note, Query, SearchOptions};

const ROWS: usize = 25_000;
const WIDTH: usize = 64;
const QUERIES: usize = 200;
const K: usize = 10;

/// Recall to ask for, and the most a query may compare on the mean: codes, then full vectors. Graphs are built on all
/// processors and so differ a little from run to run; the limits leave room for that and for no more.
const LIMITS: [(f32, f64, f64); 2] = [(0.95, 430.0, 26.0), (0.99, 720.0, 80.0)];

#[test]
fn a_search_compares_no_more_than_the_stored_limits() {
    let base = clustered(2, ROWS, WIDTH);
    let queries = clustered(3, QUERIES, WIDTH);
    let options = IndexOptions::new().external_vectors(WIDTH);
    let index = Index::create_in(Arc::new(MemoryStorage::new()), options).unwrap();
    for (row, vector) in base.iter().enumerate() {
        index.put_with_vector(Note::new(row.to_string()), vector).unwrap();
    }
    index.commit().unwrap();
    index.compact(None).unwrap();
    let stats = index.snapshot().stats();
    assert_eq!(stats.spaces[0].rows_in_graphs, ROWS as u64, "one graph over all rows");

    let base: Vec<Vec<f64>> = base.iter().map(|row| unit(row)).collect();
    let truth: Vec<Vec<String>> = queries.iter().map(|query| nearest(&base, &unit(query))).collect();
    for (recall, coarse_max, rescored_max) in LIMITS {
        let options = SearchOptions::new().k(K).recall(recall);
        let (mut right, mut coarse, mut rescored) = (0, 0, 0);
        for (query, truth) in queries.iter().zip(&truth) {
            let answer = index.search(Query::vector(query.as_slice()), &options).unwrap();
            right += answer.hits.iter().filter(|hit| truth.contains(&hit.id)).count();
            coarse += answer.stages.coarse;
            rescored += answer.stages.rescored;
        }
        let reached = right as f64 / (QUERIES * K) as f64;
        let [coarse, rescored] = [coarse, rescored].map(|count| count as f64 / QUERIES as f64);
        println!("recall {recall}: reached {reached:.4}, {coarse:.1} codes and {rescored:.1} vectors compared a query");
        assert!(reached >= f64::from(recall) - 0.01, "recall {reached} where {recall} was asked for");
        assert!(coarse <= coarse_max, "{coarse} codes compared a query, the limit is {coarse_max}");
        assert!(rescored <= rescored_max, "{rescored} full vectors compared a query, the limit is {rescored_max}");
    }
}

fn unit(vector: &[f32]) -> Vec<f64> {
    let length = vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
    vector.iter().map(|value| f64::from(*value) / length).collect()
}

/// The naive twin: every cosine, sorted.
fn nearest(base: &[Vec<f64>], query: &[f64]) -> Vec<String> {
    let cosine = |row: &Vec<f64>| row.iter().zip(query).map(|(left, right)| left * right).sum::<f64>();
    let mut scored: Vec<(f64, usize)> = base.iter().map(cosine).zip(0..).collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0));
    scored.into_iter().take(K).map(|(_, row)| row.to_string()).collect()
}
