//! `uninote stats`: counts of the index.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::output::{one_line, print, print_json};
use serde::Serialize;
use std::fmt::Write;
use uninote::Stats;
use uninote::index::AdapterStats;

#[derive(Serialize)]
struct StatsJson<'a> {
    notes: u64,
    deleted: u64,
    generation: u64,
    segments: u64,
    bytes: u64,
    encoder: &'a str,
    fingerprint: &'a str,
    width: u32,
    prefixes: &'a [u32],
    adapter: Option<AdapterJson<'a>>,
    spaces: Vec<SpaceJson<'a>>,
}

#[derive(Serialize)]
struct AdapterJson<'a> {
    made_ms: i64,
    made_with: &'a str,
}

#[derive(Serialize)]
struct SpaceJson<'a> {
    name: &'a str,
    width: u32,
    rows: u64,
    rows_in_graphs: u64,
    hot_bytes: u64,
}

/// Runs the command.
pub(crate) fn run(place: &Place) -> Result<Outcome, Failure> {
    let stats = place.open_without_encoder()?.snapshot().stats();
    if place.json {
        print_json(&json(&stats))?
    } else {
        print(&text(&stats))?
    }
    Ok(Outcome::Done)
}

fn json(stats: &Stats) -> StatsJson<'_> {
    let spaces = stats.spaces.iter().map(|space| SpaceJson {
        name: &space.name,
        width: space.width,
        rows: space.rows,
        rows_in_graphs: space.rows_in_graphs,
        hot_bytes: space.hot_bytes,
    });
    StatsJson {
        notes: stats.notes,
        deleted: stats.deleted,
        generation: stats.generation,
        segments: stats.segments,
        bytes: stats.bytes,
        encoder: &stats.encoder,
        fingerprint: &stats.fingerprint,
        width: stats.width,
        prefixes: &stats.prefixes,
        adapter: stats
            .adapter
            .as_ref()
            .map(|AdapterStats { made_ms, made_with, .. }| AdapterJson { made_ms: *made_ms, made_with }),
        spaces: spaces.collect(),
    }
}

fn prefixes(trained: &[u32]) -> String {
    let numbers: Vec<String> = trained.iter().map(u32::to_string).collect();
    if numbers.is_empty() { "none trained".to_owned() } else { numbers.join(", ") }
}

fn text(stats: &Stats) -> String {
    let mut text = format!(
        "notes\t{}\ndeleted\t{}\ngeneration\t{}\nsegments\t{}\nbytes\t{}\nencoder\t{}, {} dimensions\nprefixes\t{}\n",
        stats.notes,
        stats.deleted,
        stats.generation,
        stats.segments,
        stats.bytes,
        one_line(&stats.encoder),
        stats.width,
        prefixes(&stats.prefixes),
    );
    if let Some(adapter) = &stats.adapter {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "adapter\t{}", one_line(&adapter.made_with));
    }
    for space in &stats.spaces {
        let (name, rows) = (one_line(&space.name), space.rows);
        let _ =
            writeln!(text, "{name}\t{rows} rows, {} in graphs, {} hot bytes", space.rows_in_graphs, space.hot_bytes);
    }
    text
}
