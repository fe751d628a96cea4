//! What an index costs before it answers: opening time and memory.

use crate::Outcome;
use crate::data::vectors;
use crate::process::{median, memory as resident};
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use uninote::{Index, Query, SearchOptions};

/// Prints how many microseconds opening took in this process.
pub(crate) fn open_once(index: &Path) -> Outcome {
    let start = Instant::now();
    let opened = Index::open(index)?;
    let took = start.elapsed();
    println!("{}", took.as_micros());
    drop(opened);
    Ok(())
}

/// Opens the index in one fresh process after the other.
pub(crate) fn open(index: &Path, times: usize) -> Outcome {
    let mut took = Vec::with_capacity(times);
    for _ in 0..times {
        let output = Command::new(std::env::current_exe()?).arg("open").arg("--once").arg(index).output()?;
        took.push(String::from_utf8(output.stdout)?.trim().parse::<f64>()? / 1e3);
    }
    let slowest = took.iter().copied().fold(0.0, f64::max);
    println!("{}: opened in {:.2} ms (median of {times}), at most {slowest:.2} ms", index.display(), median(took));
    Ok(())
}

/// Searches and prints what was ever resident.
pub(crate) fn memory(index: &Path, queries: Option<&Path>, text: Option<&str>, searches: usize) -> Outcome {
    let queries: Vec<Query> = match (queries, text) {
        (Some(path), _) => vectors(path)?.rows().take(searches).map(Query::vector).collect(),
        (None, text) => vec![Query::text(text.unwrap_or("a text")); searches],
    };
    let before = resident();
    let index = Index::open(index)?;
    let mut hits = 0;
    for query in queries {
        hits += index.search(query, &SearchOptions::new())?.hits.len();
    }
    let (Some(before), Some(after)) = (before, resident()) else { return Err("needs Linux".into()) };
    println!(
        "{hits} hits; peak {:.1} MB, of which {:.1} MB before the index was opened; now {:.1} MB own memory, {:.1} MB mapped files",
        after.peak, before.peak, after.anonymous, after.mapped
    );
    Ok(())
}
