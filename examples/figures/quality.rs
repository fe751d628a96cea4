//! nDCG@10 of the built-in encoder through the whole engine, with exact search, at each granularity; or of an encoder from a
//! model directory by itself, one vector a document, as its reference is measured.

use crate::Outcome;
use crate::data::{Entry, Judged};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use uninote::disk::MemoryStorage;
use uninote::encode::{Input, Part, Role, SharedEncoder, from_dir};
use uninote::note::NoteError;
use uninote::{Granularity, Index, IndexOptions, Mode, Note, Query, SearchOptions};

const DEPTH: usize = 10;
const RESAMPLES: usize = 2_000;
const SEED: u64 = 7;

/// Measures each set, given as `folder:split`.
pub(crate) fn quality(sets: &[String]) -> Outcome {
    for set in sets {
        let (folder, split) = set.rsplit_once(':').ok_or("write folder:judgments, such as scifact:train")?;
        let judged = Judged::read(Path::new(folder), split)?;
        let index = Index::in_memory()?;
        let mut empty = 0;
        for document in &judged.documents {
            let note = Note::new(&document.id).title(&document.title).text(&document.text);
            match note.validate() {
                Err(NoteError::Empty { .. }) => empty += 1,
                _ => index.add(note)?,
            }
        }
        index.commit()?;
        let stats = index.snapshot().stats();
        let rows: Vec<u64> = stats.spaces.iter().map(|space| space.rows).collect();
        let queries = judged.queries.len();
        println!("{set}: {} notes ({empty} empty left out), rows {rows:?}, {queries} queries", stats.notes);
        for granularity in [Granularity::Global, Granularity::Local, Granularity::Auto] {
            let texts = judged.queries.iter().map(|query| Query::text(&query.text)).collect();
            let scores = ndcg(&index, &judged, texts, granularity)?;
            let (low, high) = interval(&scores);
            println!("  {granularity:?}: nDCG@10 {:.4} [{low:.4}, {high:.4}]", mean(&scores));
        }
    }
    Ok(())
}

/// Measures an encoder from a model directory on each set: a document is its title, a space and its text.
pub(crate) fn model(directory: &Path, sets: &[String]) -> Outcome {
    let encoder = from_dir(directory)?;
    for set in sets {
        let (folder, split) = set.rsplit_once(':').ok_or("write folder:judgments, such as scifact:train")?;
        let judged = Judged::read(Path::new(folder), split)?;
        let options = IndexOptions::new().external_vectors(encoder.info().width);
        let index = Index::create_in(Arc::new(MemoryStorage::new()), options)?;
        let whole = |entry: &Entry| format!("{} {}", entry.title, entry.text).trim().to_owned();
        let texts: Vec<String> = judged.documents.iter().map(whole).collect();
        for (entry, vector) in judged.documents.iter().zip(encoded(&encoder, Role::Document, &texts)?) {
            index.put_with_vector(Note::new(&entry.id), &vector)?;
        }
        index.commit()?;
        let texts: Vec<String> = judged.queries.iter().map(|query| query.text.clone()).collect();
        let queries = encoded(&encoder, Role::Query, &texts)?.into_iter().map(Query::vector).collect();
        let scores = ndcg(&index, &judged, queries, Granularity::Global)?;
        let (low, high) = interval(&scores);
        let counts = (judged.documents.len(), judged.queries.len());
        println!(
            "{set}: {} documents, {} queries, nDCG@10 {:.4} [{low:.4}, {high:.4}]",
            counts.0,
            counts.1,
            mean(&scores)
        );
    }
    Ok(())
}

fn encoded(encoder: &SharedEncoder, role: Role, texts: &[String]) -> Outcome<Vec<Vec<f32>>> {
    let parts: Vec<Part<'_>> = texts.iter().map(|text| Part::Text(text)).collect();
    let inputs: Vec<Input<'_>> = parts.iter().map(|part| Input { parts: std::slice::from_ref(part) }).collect();
    Ok(encoder.encode(role, &inputs)?.iter().map(<[f32]>::to_vec).collect())
}

/// nDCG@10 of each query, asked as given.
fn ndcg(index: &Index, judged: &Judged, queries: Vec<Query>, granularity: Granularity) -> Outcome<Vec<f64>> {
    let options = SearchOptions::new().k(DEPTH).recall(1.0).granularity(granularity).mode(Mode::Dense);
    let empty = HashMap::new();
    let asked = judged.queries.iter().zip(queries);
    asked
        .map(|(query, asked)| {
            let grades = judged.grades.get(&query.id).unwrap_or(&empty);
            let hits = index.search(asked, &options)?.hits;
            let found = hits.iter().map(|hit| grades.get(&hit.id).copied().unwrap_or(0).max(0));
            let mut best: Vec<i32> = grades.values().copied().filter(|grade| *grade > 0).collect();
            best.sort_unstable_by(|left, right| right.cmp(left));
            Ok(discounted(found.map(f64::from)) / discounted(best.into_iter().take(DEPTH).map(f64::from)))
        })
        .collect()
}

/// Discounted cumulative gain with linear gains, as trec_eval has it (Jarvelin and Kekalainen 2002).
pub(crate) fn discounted(grades: impl Iterator<Item = f64>) -> f64 {
    grades.enumerate().map(|(rank, grade)| grade / (rank as f64 + 2.0).log2()).sum()
}

pub(crate) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The 95 % percentile bootstrap interval of the mean over queries.
pub(crate) fn interval(scores: &[f64]) -> (f64, f64) {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| (0..scores.len()).map(|_| scores[random.usize(..scores.len())]).sum::<f64>() / scores.len() as f64)
        .collect();
    means.sort_by(f64::total_cmp);
    (means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40])
}
