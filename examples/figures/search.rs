//! Recall and speed of vector search through the public API.

use crate::Outcome;
use crate::data::{Matrix, truth, vectors};
use crate::peer::Peer;
use crate::process::{folder_mb, median, on_this_thread, peak, timed};
use clap::Args;
use std::path::{Path, PathBuf};
use uninote::{Index, IndexOptions, Note, Query, SearchOptions, Snapshot};

/// Neighbours asked for.
const K: usize = 10;
/// Widest beam tried for the peer.
const EF_MAX: usize = 4_096;

#[derive(Args)]
pub(crate) struct BuildArguments {
    /// Base vectors (.npy, f16 or f32)
    #[arg(long)]
    vectors: PathBuf,
    /// Where the index is made
    #[arg(long)]
    index: PathBuf,
}

#[derive(Args)]
pub(crate) struct SearchArguments {
    #[command(flatten)]
    base: BuildArguments,
    /// Query vectors (.npy)
    #[arg(long)]
    queries: PathBuf,
    /// Row numbers of their true neighbours (.npy, u32)
    #[arg(long)]
    truth: PathBuf,
    /// Recall targets
    #[arg(long, value_delimiter = ',', default_value = "0.95,0.99")]
    recall: Vec<f32>,
    /// Passes to take medians of
    #[arg(long, default_value_t = 5)]
    passes: usize,
    /// Leave hnsw_rs out
    #[arg(long)]
    alone: bool,
    /// Processor the one thread stays on
    #[arg(long, default_value_t = 0)]
    core: usize,
}

/// Builds the index and reports what it took.
pub(crate) fn build(arguments: &BuildArguments) -> Outcome {
    make(&arguments.index, &vectors(&arguments.vectors)?)
}

fn make(folder: &Path, base: &Matrix<f32>) -> Outcome {
    let index = Index::create_with(folder, IndexOptions::new().external_vectors(base.width))?;
    let (added, clock, processor) = timed(|| -> Outcome {
        for (row, vector) in base.rows().enumerate() {
            index.put_with_vector(Note::new(row.to_string()).title(format!("row {row}")), vector)?;
        }
        index.commit()?;
        Ok(())
    });
    added?;
    println!(
        "add and commit: {:.1} s, {:.1} s of processor, {}, {} segments",
        clock.as_secs_f64(),
        processor.as_secs_f64(),
        peak(),
        index.snapshot().stats().segments
    );
    let (compacted, clock, processor) = timed(|| index.compact(None));
    compacted?;
    println!("compact: {:.1} s, {:.1} s of processor, {}", clock.as_secs_f64(), processor.as_secs_f64(), peak());
    println!("{:.1} MB on disk", folder_mb(folder)?);
    Ok(())
}

/// A query with its true neighbours.
struct Case<'a> {
    query: &'a [f32],
    truth: &'a [u32],
}

/// One line of the table: a recall target and the peer's beam at the recall it gave.
struct Setting {
    options: SearchOptions,
    recall: f64,
    beam: Option<(usize, f64)>,
}

/// Measures search, beside the peer unless it is left out.
pub(crate) fn compare(arguments: &SearchArguments) -> Outcome {
    let base = vectors(&arguments.base.vectors)?;
    let queries = vectors(&arguments.queries)?;
    let truth = truth(&arguments.truth)?;
    let cases: Vec<Case<'_>> = queries
        .rows()
        .zip(truth.rows())
        .map(|(query, rows)| Case { query, truth: rows.get(..K).unwrap_or(rows) })
        .collect();
    if !arguments.base.index.exists() {
        make(&arguments.base.index, &base)?;
    }
    let index = Index::open(&arguments.base.index)?;
    let snapshot = index.snapshot();
    describe(&snapshot, &cases)?;
    let peer = (!arguments.alone).then(|| {
        let (peer, clock, processor) = timed(|| Peer::build(&base));
        let [clock, processor] = [clock, processor].map(|time| time.as_secs_f64());
        println!("hnsw_rs built in {clock:.1} s, {processor:.1} s of processor");
        peer
    });
    let mut settings = Vec::new();
    for target in &arguments.recall {
        let options = SearchOptions::new().k(K).recall(*target);
        let recall = our_recall(&snapshot, &cases, &options)?;
        let beam = peer.as_ref().map(|peer| equal_beam(peer, &cases, recall));
        settings.push(Setting { options, recall, beam });
    }
    if !core_affinity::set_for_current(core_affinity::CoreId { id: arguments.core }) {
        println!("this system does not pin threads: expect noise");
    }
    report(&snapshot, peer.as_ref(), &cases, &settings, arguments.passes)
}

fn describe(snapshot: &Snapshot, cases: &[Case<'_>]) -> Outcome {
    let stats = snapshot.stats();
    for space in stats.spaces.iter().filter(|space| space.rows > 0) {
        let hot = space.hot_bytes / space.rows;
        println!("{} rows, {} in graphs, {hot} hot bytes a row (codes and links)", space.rows, space.rows_in_graphs);
    }
    if let Some(case) = cases.first() {
        println!("first query: {:?}", snapshot.search(Query::vector(case.query), &SearchOptions::new())?.stages);
    }
    Ok(())
}

fn our_recall(snapshot: &Snapshot, cases: &[Case<'_>], options: &SearchOptions) -> Outcome<f64> {
    let mut right = 0;
    for case in cases {
        let answer = snapshot.search(Query::vector(case.query), options)?;
        let rows = answer.hits.iter().filter_map(|hit| hit.id.parse::<u32>().ok());
        right += rows.filter(|row| case.truth.contains(row)).count();
    }
    Ok(right as f64 / (cases.len() * K) as f64)
}

fn peer_recall(peer: &Peer, cases: &[Case<'_>], ef: usize) -> f64 {
    let found = |case: &Case<'_>| {
        peer.search(case.query, K, ef).into_iter().filter(|row| case.truth.contains(&(*row as u32))).count()
    };
    cases.iter().map(found).sum::<usize>() as f64 / (cases.len() * K) as f64
}

/// The narrowest beam that reaches this recall, and what it reaches; the widest tried if none does.
fn equal_beam(peer: &Peer, cases: &[Case<'_>], recall: f64) -> (usize, f64) {
    let (mut low, mut high) = (K, EF_MAX);
    while low < high {
        let middle = low.midpoint(high);
        if peer_recall(peer, cases, middle) >= recall { high = middle } else { low = middle + 1 }
    }
    (low, peer_recall(peer, cases, low))
}

fn report(
    snapshot: &Snapshot,
    peer: Option<&Peer>,
    cases: &[Case<'_>],
    settings: &[Setting],
    passes: usize,
) -> Outcome {
    let mut ours = vec![Vec::new(); settings.len()];
    let mut theirs = vec![Vec::new(); settings.len()];
    for _ in 0..passes {
        for (place, setting) in settings.iter().enumerate() {
            let (searched, time) = on_this_thread(|| our_recall(snapshot, cases, &setting.options));
            searched?;
            ours[place].push(cases.len() as f64 / time.as_secs_f64());
            if let (Some(peer), Some((ef, _))) = (peer, setting.beam) {
                let (_, time) = on_this_thread(|| peer_recall(peer, cases, ef));
                theirs[place].push(cases.len() as f64 / time.as_secs_f64());
            }
        }
    }
    for ((setting, ours), theirs) in settings.iter().zip(ours).zip(theirs) {
        let ours = median(ours);
        print!("recall wanted {:.3}: uninote {:.4} at {ours:.0} queries/s", setting.options.recall, setting.recall);
        if let Some((ef, recall)) = setting.beam {
            let theirs = median(theirs);
            print!("; hnsw_rs (ef {ef}) {recall:.4} at {theirs:.0} queries/s; ratio {:.1}", ours / theirs);
        }
        println!();
    }
    Ok(())
}
