//! `uninote stats`: counts of the index.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::output::{diagnostic, one_line, print, print_json};
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;
use uninote::Stats;
use uninote::index::{AdapterStats, HeadStats};

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
    language: &'static str,
    head: Option<HeadJson<'a>>,
    head_unusable: bool,
    adapter: Option<AdapterJson<'a>>,
    feedback: Option<u64>,
    spaces: Vec<SpaceJson<'a>>,
}

#[derive(Serialize)]
struct HeadJson<'a> {
    own: bool,
    data: &'a [String],
    stages: Vec<Value>,
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
    let index = place.open_without_encoder()?;
    let stats = index.snapshot().stats();
    // Damaged feedback keeps nobody from the other counts.
    let told = |error: &uninote::Error| diagnostic(&format!("the feedback cannot be counted: {error}"));
    let feedback = index.feedback_events().inspect_err(told).ok();
    if place.json {
        print_json(&json(&stats, feedback))?
    } else {
        print(&text(&stats, feedback))?
    }
    Ok(Outcome::Done)
}

fn json(stats: &Stats, feedback: Option<u64>) -> StatsJson<'_> {
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
        language: stats.language.name(),
        head: stats.head.as_ref().map(head_json),
        head_unusable: stats.head_unusable,
        feedback,
        adapter: stats
            .adapter
            .as_ref()
            .map(|AdapterStats { made_ms, made_with, .. }| AdapterJson { made_ms: *made_ms, made_with }),
        spaces: spaces.collect(),
    }
}

fn head_json(head: &HeadStats) -> HeadJson<'_> {
    let stage = |stage: &String| serde_json::from_str(stage).unwrap_or_else(|_| Value::String(stage.clone()));
    HeadJson { own: head.own, data: &head.about.data, stages: head.about.stages.iter().map(stage).collect() }
}

/// The ranking head in words.
fn head(stats: &Stats) -> String {
    let Some(head) = &stats.head else { return "none: answers are ordered by the rule".to_owned() };
    let whose = match (head.own, stats.head_unusable) {
        (true, _) => "of this index",
        (false, false) => "of the library",
        (false, true) => {
            "of the library, in the place of one of this index that cannot be used (verify it, or train it again)"
        }
    };
    if head.about.data.is_empty() {
        return whose.to_owned();
    }
    format!("{whose}, trained on {}", one_line(&head.about.data.join(", ")))
}

fn prefixes(trained: &[u32]) -> String {
    let numbers: Vec<String> = trained.iter().map(u32::to_string).collect();
    if numbers.is_empty() { "none trained".to_owned() } else { numbers.join(", ") }
}

fn text(stats: &Stats, feedback: Option<u64>) -> String {
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
    // Writing to a string cannot fail.
    let _ = writeln!(text, "language\t{}\nhead\t{}", stats.language.name(), head(stats));
    if let Some(events) = feedback {
        let _ = writeln!(text, "feedback\t{events} answers");
    }
    if let Some(adapter) = &stats.adapter {
        let _ = writeln!(text, "adapter\t{}", one_line(&adapter.made_with));
    }
    for space in &stats.spaces {
        let (name, rows) = (one_line(&space.name), space.rows);
        let _ =
            writeln!(text, "{name}\t{rows} rows, {} in graphs, {} hot bytes", space.rows_in_graphs, space.hot_bytes);
    }
    text
}
