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

/// Prints how many microseconds opening and one search took in this process.
pub(crate) fn cold_once(index: &Path, queries: &Path, number: usize) -> Outcome {
    let queries = vectors(queries)?;
    let query = queries.rows().nth(number).ok_or("there are fewer queries")?;
    let start = Instant::now();
    let opened = Index::open(index)?;
    let open = start.elapsed();
    let answer = opened.search(Query::vector(query), &SearchOptions::new())?;
    let search = start.elapsed() - open;
    println!("{} {} {}", open.as_micros(), search.as_micros(), answer.stages.coarse);
    Ok(())
}

/// Opens and searches in one fresh process after the other, the files being on disk only.
pub(crate) fn cold(index: &Path, queries: &Path, times: usize) -> Outcome {
    let (mut opens, mut searches) = (Vec::new(), Vec::new());
    for number in 0..times {
        for file in std::fs::read_dir(index)? {
            // GNU dd asks the system to drop the cached pages of a file.
            let of = format!("of={}", file?.path().display());
            Command::new("dd").args([&of, "oflag=nocache", "conv=notrunc,fdatasync", "count=0"]).output()?;
        }
        let mut again = Command::new(std::env::current_exe()?);
        again.arg("cold").arg("--once").arg(number.to_string()).arg("--queries").arg(queries).arg(index);
        let output = String::from_utf8(again.output()?.stdout)?;
        let mut figures = output.split_whitespace().map(str::parse::<f64>);
        let (Some(open), Some(search)) = (figures.next(), figures.next()) else { return Err("no figures".into()) };
        opens.push(open? / 1e3);
        searches.push(search? / 1e3);
    }
    let slowest = searches.iter().copied().fold(0.0, f64::max);
    let (open, search) = (median(opens), median(searches));
    println!("cold: opened in {open:.2} ms, first search {search:.1} ms (medians of {times}), at most {slowest:.1} ms");
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
