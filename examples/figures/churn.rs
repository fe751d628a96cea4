//! What change costs: rounds of replacing half of all notes beside an index built afresh, and the time of commits.

use crate::Outcome;
use crate::data::{Matrix, vectors};
use crate::process::{folder_mb, median, on_this_thread, timed};
use clap::Args;
use std::path::{Path, PathBuf};
use std::time::Instant;
use uninote::{Index, IndexOptions, Note, Query, SearchOptions, Snapshot};

/// Neighbours asked for.
const K: usize = 10;
/// Notes of a commit while notes are replaced.
const COMMIT: usize = 500;

#[derive(Args)]
pub(crate) struct ChurnArguments {
    /// Vectors (.npy, f16 or f32), one a note
    #[arg(long)]
    vectors: PathBuf,
    /// Query vectors (.npy)
    #[arg(long)]
    queries: PathBuf,
    /// A folder for the indexes, which must not be there
    #[arg(long)]
    folder: PathBuf,
    /// Rounds, in each of which half of the notes are replaced
    #[arg(long, default_value_t = 10)]
    rounds: usize,
    /// Passes to take medians of
    #[arg(long, default_value_t = 9)]
    passes: usize,
}

#[derive(Args)]
pub(crate) struct CommitArguments {
    /// A folder for the index, which must not be there: on the medium that is to be measured
    #[arg(long)]
    folder: PathBuf,
    /// Commits to take quantiles of
    #[arg(long, default_value_t = 201)]
    times: usize,
}

fn put(index: &Index, id: usize, vector: &[f32]) -> uninote::Result<()> {
    index.put_with_vector(Note::new(id.to_string()).title(format!("note {id}")), vector)
}

/// Replaces half of the notes in each round, by commits of some hundred, and compares what is left with a fresh build.
pub(crate) fn churn(arguments: &ChurnArguments) -> Outcome {
    let (base, queries) = (vectors(&arguments.vectors)?, vectors(&arguments.queries)?);
    let rows: Vec<&[f32]> = base.rows().collect();
    // Which note has which vector: replacing moves vectors among notes, so that all rounds search the same cloud.
    let mut owner: Vec<usize> = (0..rows.len()).collect();
    let mut random = fastrand::Rng::with_seed(7);
    let churned = arguments.folder.join("churned");
    let index = Index::create_with(&churned, IndexOptions::new().external_vectors(base.width))?;
    write(&index, &owner, &rows, 0..rows.len())?;
    let (replaced, clock, processor) = timed(|| -> Outcome {
        for _ in 0..arguments.rounds {
            let mut notes: Vec<usize> = (0..rows.len()).collect();
            random.shuffle(&mut notes);
            notes.truncate(rows.len() / 2);
            let first = owner[notes[0]];
            for pair in notes.windows(2) {
                owner[pair[0]] = owner[pair[1]];
            }
            owner[notes[notes.len() - 1]] = first;
            write(&index, &owner, &rows, notes)?;
        }
        Ok(())
    });
    replaced?;
    let (clock, processor) = (clock.as_secs_f64(), processor.as_secs_f64());
    println!("{} rounds: {clock:.1} s, {processor:.1} s of processor", arguments.rounds);
    index.wait_for_merges(None)?;
    drop(index);
    let compacted = arguments.folder.join("compacted");
    copy(&churned, &compacted)?;
    Index::open(&compacted)?.compact(None)?;
    let fresh = arguments.folder.join("fresh");
    let index = Index::create_with(&fresh, IndexOptions::new().external_vectors(base.width))?;
    write(&index, &owner, &rows, 0..rows.len())?;
    index.compact(None)?;
    drop(index);
    compare(&[fresh, churned, compacted], &queries, arguments.passes)
}

fn write(index: &Index, owner: &[usize], rows: &[&[f32]], notes: impl IntoIterator<Item = usize>) -> Outcome {
    for (number, note) in notes.into_iter().enumerate() {
        put(index, note, rows[owner[note]])?;
        if number % COMMIT == COMMIT - 1 {
            index.commit()?;
        }
    }
    index.commit()?;
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Outcome {
    std::fs::create_dir(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        std::fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn compare(folders: &[PathBuf], queries: &Matrix<f32>, passes: usize) -> Outcome {
    let indexes: Vec<Index> = folders.iter().map(Index::open).collect::<uninote::Result<_>>()?;
    let snapshots: Vec<Snapshot> = indexes.iter().map(Index::snapshot).collect();
    let exact = SearchOptions::new().k(K).recall(1.0);
    let truth = answers(&snapshots[0], queries, &exact)?;
    let options = SearchOptions::new().k(K);
    let mut times = vec![Vec::new(); folders.len()];
    for _ in 0..passes {
        for (snapshot, times) in snapshots.iter().zip(&mut times) {
            let (found, time) = on_this_thread(|| answers(snapshot, queries, &options));
            found?;
            times.push(queries.len() as f64 / time.as_secs_f64());
        }
    }
    let mut reference = None;
    for ((folder, snapshot), times) in folders.iter().zip(&snapshots).zip(times) {
        let found = answers(snapshot, queries, &options)?;
        let right = found.iter().zip(&truth).map(|(found, truth)| found.iter().filter(|id| truth.contains(id)).count());
        let recall = right.sum::<usize>() as f64 / (queries.len() * K) as f64;
        let (rate, megabytes) = (median(times), folder_mb(folder)?);
        let (fresh_rate, fresh_megabytes) = *reference.get_or_insert((rate, megabytes));
        println!(
            "{:10} {:3} segments, recall@10 {recall:.4}, {rate:.0} queries/s ({:.2} of fresh), {megabytes:.1} MB ({:.2} of fresh)",
            folder.file_name().unwrap_or_default().to_string_lossy(),
            snapshot.stats().segments,
            rate / fresh_rate,
            megabytes / fresh_megabytes,
        );
    }
    Ok(())
}

fn answers(snapshot: &Snapshot, queries: &Matrix<f32>, options: &SearchOptions) -> uninote::Result<Vec<Vec<String>>> {
    let ids = |query| Ok(snapshot.search(Query::vector(query), options)?.hits.into_iter().map(|hit| hit.id).collect());
    queries.rows().map(ids).collect()
}

/// Quantiles of the time of a commit of one note, and of a thousand, each made durable.
pub(crate) fn commits(arguments: &CommitArguments) -> Outcome {
    let index = Index::create(&arguments.folder)?;
    let mut id = 0;
    for notes in [1, 1_000] {
        let times = if notes == 1 { arguments.times } else { arguments.times.div_ceil(20) };
        let mut took = Vec::with_capacity(times);
        for _ in 0..times {
            for _ in 0..notes {
                id += 1;
                let text =
                    format!("Note number {id} of a series, on the price of tea and the weather in {}.", id % 977);
                index.put(Note::new(id.to_string()).text(text))?;
            }
            let start = Instant::now();
            index.commit()?;
            took.push(start.elapsed().as_secs_f64() * 1e3);
        }
        took.sort_by(f64::total_cmp);
        let quantile = |share: f64| took.get((share * (times - 1) as f64) as usize).copied().unwrap_or(f64::NAN);
        println!(
            "commits of {notes} notes: {:.2} ms median, {:.2} ms 90 %, {:.2} ms 99 %, {:.2} ms at most, of {times}",
            quantile(0.5),
            quantile(0.9),
            quantile(0.99),
            quantile(1.0)
        );
    }
    println!("{} segments", index.snapshot().stats().segments);
    Ok(())
}
