//! Real notes in bulk: import, compaction, and a look at what is found.

use crate::Outcome;
use crate::process::{folder_mb, peak, timed};
use std::path::Path;
use std::time::{Duration, Instant};
use uninote::import::{ImportOptions, Item, open};
use uninote::{Index, SearchOptions};

/// Notes and time between two commits, as in the shell.
const COMMIT_NOTES: usize = 2_000;
const COMMIT_TIME: Duration = Duration::from_secs(5);

/// Imports a source and commits as the shell does.
pub(crate) fn import(source: &Path, folder: &Path) -> Outcome {
    let index = Index::create(folder)?;
    let (added, clock, processor) = timed(|| -> Outcome<(usize, usize)> {
        let (mut added, mut skipped) = (0, 0);
        let mut last = (0, Instant::now());
        for item in open(source, &ImportOptions::default())? {
            match item {
                Item::Note(imported) => {
                    index.put(imported.note)?;
                    added += 1;
                }
                _ => skipped += 1,
            }
            if added - last.0 >= COMMIT_NOTES || last.1.elapsed() >= COMMIT_TIME {
                index.commit()?;
                last = (added, Instant::now());
            }
        }
        index.commit()?;
        Ok((added, skipped))
    });
    let (added, skipped) = added?;
    let seconds = clock.as_secs_f64();
    println!(
        "{added} notes added, {skipped} skipped in {seconds:.1} s ({:.0} notes/s), {:.1} s of processor, {}",
        added as f64 / seconds,
        processor.as_secs_f64(),
        peak()
    );
    describe(&index, folder)
}

/// Compacts an index.
pub(crate) fn compact(folder: &Path) -> Outcome {
    let index = Index::open(folder)?;
    let (compacted, clock, processor) = timed(|| index.compact(None));
    compacted?;
    let [clock, processor] = [clock, processor].map(|time| time.as_secs_f64());
    println!("compacted in {clock:.1} s, {processor:.1} s of processor, {}", peak());
    describe(&index, folder)
}

fn describe(index: &Index, folder: &Path) -> Outcome {
    let stats = index.snapshot().stats();
    println!("{} notes in {} segments, {:.1} MB on disk", stats.notes, stats.segments, folder_mb(folder)?);
    for space in stats.spaces.iter().filter(|space| space.rows > 0) {
        let hot = space.hot_bytes / space.rows;
        println!("  {}: {} rows, {} in graphs, {hot} hot bytes a row", space.name, space.rows, space.rows_in_graphs);
    }
    Ok(())
}

/// Prints the best hits for each text.
pub(crate) fn ask(folder: &Path, texts: &[String]) -> Outcome {
    let index = Index::open(folder)?;
    for text in texts {
        let start = Instant::now();
        let answer = index.search(text.as_str(), &SearchOptions::new().k(5))?;
        println!("{text}: {:.2} ms, {:?}", start.elapsed().as_secs_f64() * 1e3, answer.stages);
        for hit in answer.hits {
            println!("  {:.3} {} | {}", hit.score, hit.id, hit.title);
        }
    }
    Ok(())
}
