//! What is written at the end: a table, all figures as JSON, curves as SVG.

use crate::coordinate::Skipped;
use crate::curve::{Point, at, frontier, median};
use crate::engine::ALL;
use crate::plot::{Line, svg};
use crate::process::{Memory, cpu_model, rustc_version};
use crate::sweep::{Searcher, Setting};
use crate::truth::Judge;
use crate::{Outcome, RunArguments};
use serde_json::{Value, json};
use std::path::Path;

/// Recalls at which speeds are compared.
const TARGETS: [f64; 3] = [0.90, 0.95, 0.99];
/// The one of them at which comparisons are reported.
const MIDDLE: f64 = 0.95;

/// What a run's figures hold for.
pub(crate) struct Conditions {
    rows: usize,
    width: usize,
    pub(crate) queries: usize,
    k: usize,
    repeats: usize,
    core: usize,
    cpu: String,
    rustc: String,
    date: String,
}

impl Conditions {
    pub(crate) fn of(arguments: &RunArguments, judge: &Judge) -> Self {
        Self {
            rows: judge.base.len(),
            width: judge.base.width,
            queries: judge.queries.len(),
            k: arguments.k,
            repeats: arguments.repeats.max(1),
            core: arguments.core,
            cpu: cpu_model(),
            rustc: rustc_version(),
            date: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
        }
    }

    /// Under the names that all files of results use.
    pub(crate) fn json(&self) -> Value {
        json!({
            "rows": self.rows, "dims": self.width, "queries": self.queries, "k": self.k, "repeats": self.repeats,
            "core": self.core, "cpu": self.cpu, "rustc": self.rustc, "date": self.date,
        })
    }

    pub(crate) fn sentence(&self) -> String {
        format!(
            "{} rows of {} numbers, {} queries for {} neighbours, one core of {}, median of {} passes, {}, {}.",
            self.rows, self.width, self.queries, self.k, self.cpu, self.repeats, self.rustc, self.date
        )
    }
}

/// Prints the table and writes `results.json` and `curves.svg`.
pub(crate) fn write(searchers: &[Searcher], skipped: &[Skipped], conditions: &Conditions, out: &Path) -> Outcome {
    if searchers.is_empty() {
        return Err("no engine could be measured; the lines above say why".into());
    }
    let frontiers: Vec<Vec<Point>> = searchers.iter().map(|searcher| frontier(&searcher.points())).collect();
    println!("{}\n\n{}", conditions.sentence(), table(searchers, &frontiers));
    print_skipped(skipped);
    let engines: Vec<Value> = searchers.iter().zip(&frontiers).map(|(one, curve)| engine_json(one, curve)).collect();
    let mut results = conditions.json();
    results["engines"] = engines.into();
    results["left_out"] = skipped_json(skipped);
    std::fs::write(out.join("results.json"), serde_json::to_vec_pretty(&results)?)?;
    let colour = |name: &str| ALL.iter().position(|spec| spec.name == name).unwrap_or(0);
    let names = searchers.iter().map(|searcher| searcher.spec.name);
    let lines = names.zip(&frontiers).map(|(name, points)| Line { name, points, colour: colour(name) });
    std::fs::write(out.join("curves.svg"), svg(&lines.collect::<Vec<_>>(), conditions.k))?;
    eprintln!("figures are in {}", out.display());
    Ok(())
}

pub(crate) fn print_skipped(skipped: &[Skipped]) {
    for Skipped { engine, reason } in skipped {
        println!("Left out: {engine} ({reason}).");
    }
}

pub(crate) fn skipped_json(skipped: &[Skipped]) -> Value {
    skipped.iter().map(|one| json!({"engine": one.engine, "reason": one.reason})).collect()
}

fn table(searchers: &[Searcher], frontiers: &[Vec<Point>]) -> String {
    let head = [
        "engine",
        "QPS @.90",
        "QPS @.95",
        "QPS @.99",
        "uninote × @.90",
        "uninote × @.95",
        "uninote × @.99",
        "build CPU s",
        "disk MB",
        "resident MB (anon + file)",
        "before opening MB",
        "open ms",
        "evaluations @.95",
    ];
    let ours = searchers.iter().position(|searcher| searcher.spec.name == ALL[0].name);
    let ours = ours.and_then(|place| frontiers.get(place));
    let rows = searchers.iter().zip(frontiers).map(|(searcher, curve)| cells(searcher, curve, ours));
    markdown(&head, rows)
}

/// A table in Markdown, with figures to the right of the first column.
pub(crate) fn markdown(head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
    let mut table = line(&head.iter().copied().map(str::to_owned).collect::<Vec<_>>());
    table.push_str(&format!("|---{}|\n", "|--:".repeat(head.len() - 1)));
    rows.for_each(|cells| table.push_str(&line(&cells)));
    table
}

fn cells(searcher: &Searcher, curve: &[Point], ours: Option<&Vec<Point>>) -> Vec<String> {
    let dash = || "-".to_owned();
    let mut cells = vec![searcher.spec.name.to_owned()];
    let reached = TARGETS.map(|target| at(curve, target));
    cells.extend(
        reached.iter().map(|point| point.map_or_else(|| "never".to_owned(), |point| format!("{:.0}", point.qps))),
    );
    cells.extend(TARGETS.iter().zip(&reached).map(|(target, theirs)| {
        let ours = ours.and_then(|curve| at(curve, *target));
        ours.zip(*theirs).map_or_else(dash, |(ours, theirs)| format!("{:.2}", ours.qps / theirs.qps))
    }));
    let Memory { rss_kb, anon_kb, file_kb, .. } = searcher.memory;
    cells.push(format!("{:.1}", searcher.built.cpu_s));
    cells.push(searcher.built.bytes.map_or_else(dash, |bytes| format!("{:.1}", bytes as f64 / 1e6)));
    cells.push(format!("{:.0} ({:.0} + {:.0})", megabytes(rss_kb), megabytes(anon_kb), megabytes(file_kb)));
    let persists = searcher.spec.persists;
    cells.push(if persists { format!("{:.0}", megabytes(searcher.opened.before.rss_kb)) } else { dash() });
    cells.push(if persists { format!("{:.1}", searcher.opened.open_ms) } else { dash() });
    let evaluations = at(curve, MIDDLE).and_then(|point| point.evaluations);
    cells.push(evaluations.map_or_else(dash, |evaluations| format!("{evaluations:.0}")));
    cells
}

pub(crate) fn megabytes(kb: u64) -> f64 {
    kb as f64 * 1024.0 / 1e6
}

fn engine_json(searcher: &Searcher, curve: &[Point]) -> Value {
    let settings = |setting: &Setting| {
        json!({
            "settings": searcher.spec.named(&setting.knob),
            "recall": setting.recall, "evaluations": setting.evaluations, "qps": median(&setting.qps),
            "qps_min": setting.qps.iter().copied().reduce(f64::min),
            "qps_max": setting.qps.iter().copied().reduce(f64::max),
        })
    };
    let reached = TARGETS.map(|target| {
        let point = at(curve, target);
        let evaluations = point.and_then(|point| point.evaluations);
        json!({"recall": target, "qps": point.map(|point| point.qps), "evaluations": evaluations})
    });
    json!({
        "engine": searcher.spec.name, "versions": searcher.versions, "build": searcher.built,
        "open": searcher.spec.persists.then_some(searcher.opened), "searching": searcher.memory,
        "at": reached, "points": searcher.settings.iter().map(settings).collect::<Vec<_>>(),
    })
}
