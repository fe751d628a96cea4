//! The report as JSON, in a form with a version: names are added within one, never changed or taken away.

use super::{Interval, Listed, Metric, Report, System};
use crate::eval::setting::mode_name;
use crate::measure::DRAWS;
use crate::query::Fusion;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// The form and its version.
const SCHEMA: &str = "uninote-eval/1";

#[derive(Serialize)]
struct ReportJson<'a> {
    schema: &'static str,
    collection: &'a str,
    split: &'a str,
    encoder: &'a str,
    notes: u64,
    depth: usize,
    judged_queries: usize,
    absent: usize,
    left_out: usize,
    bootstrap: BootstrapJson,
    queries: &'a [String],
    systems: Vec<SystemJson<'a>>,
    differences: Vec<DifferenceJson<'a>>,
    worst: Vec<WorstJson<'a>>,
}

#[derive(Serialize)]
struct BootstrapJson {
    draws: usize,
    seed: u64,
    level: f64,
}

#[derive(Serialize)]
struct IntervalJson {
    mean: f64,
    low: f64,
    high: f64,
}

#[derive(Serialize)]
struct SystemJson<'a> {
    name: &'a str,
    setting: Option<SettingJson>,
    unanswered: usize,
    metrics: BTreeMap<&'static str, IntervalJson>,
    latency: Option<LatencyJson>,
    values: BTreeMap<&'static str, &'a [f64]>,
}

#[derive(Serialize)]
struct SettingJson {
    mode: &'static str,
    fusion: Option<&'static str>,
    width: Option<usize>,
    recall: f32,
}

#[derive(Serialize)]
struct LatencyJson {
    queries: usize,
    p50_us: f64,
    p95_us: f64,
    p99_us: f64,
}

#[derive(Serialize)]
struct DifferenceJson<'a> {
    system: &'a str,
    baseline: &'a str,
    metric: &'static str,
    #[serde(flatten)]
    interval: IntervalJson,
    excludes_zero: bool,
    better: usize,
    worse: usize,
}

#[derive(Serialize)]
struct WorstJson<'a> {
    query: &'a str,
    text: &'a str,
    why: &'static str,
    relevant: usize,
    expected: Vec<ListedJson<'a>>,
    returned: BTreeMap<&'a str, Vec<ListedJson<'a>>>,
}

#[derive(Serialize)]
struct ListedJson<'a> {
    id: &'a str,
    title: &'a str,
    grade: Option<f32>,
}

/// The report as one line of JSON.
pub(super) fn json(report: &Report) -> String {
    let facts = &report.facts;
    let name = |system: usize| report.systems.get(system).map_or("", |system| system.name.as_str());
    let differences = report.differences.iter().map(|difference| DifferenceJson {
        system: name(difference.system),
        baseline: name(0),
        metric: difference.metric.name(),
        interval: interval(difference.interval),
        excludes_zero: difference.interval.excludes_zero(),
        better: difference.better,
        worse: difference.worse,
    });
    let whole = ReportJson {
        schema: SCHEMA,
        collection: &facts.collection,
        split: &facts.split,
        encoder: &facts.encoder,
        notes: facts.notes,
        depth: facts.depth,
        judged_queries: report.queries.len(),
        absent: facts.absent,
        left_out: facts.left_out.count,
        bootstrap: BootstrapJson { draws: DRAWS, seed: super::SEED, level: 0.95 },
        queries: &report.queries,
        systems: report.systems.iter().map(system).collect(),
        differences: differences.collect(),
        worst: worst(report),
    };
    // Strings, finite numbers and string keys have no way to fail.
    serde_json::to_string(&whole).unwrap_or_default()
}

fn interval(Interval { mean, low, high }: Interval) -> IntervalJson {
    IntervalJson { mean, low, high }
}

fn system(system: &System) -> SystemJson<'_> {
    let micros = |time: Duration| time.as_nanos() as f64 / 1000.0;
    SystemJson {
        name: &system.name,
        setting: system.setting.map(|setting| SettingJson {
            mode: mode_name(setting.mode),
            fusion: setting.rule().map(|rule| match rule {
                Fusion::Scores => "scores",
                Fusion::Ranks => "ranks",
            }),
            width: setting.width,
            recall: setting.recall,
        }),
        unanswered: system.unanswered,
        metrics: Metric::ALL.iter().map(|metric| (metric.name(), interval(system.interval(*metric)))).collect(),
        latency: system.latency.map(|latency| LatencyJson {
            queries: latency.queries,
            p50_us: micros(latency.p50),
            p95_us: micros(latency.p95),
            p99_us: micros(latency.p99),
        }),
        values: Metric::ALL.iter().map(|metric| (metric.name(), system.values(*metric))).collect(),
    }
}

fn worst(report: &Report) -> Vec<WorstJson<'_>> {
    let names = || report.systems.iter().map(|system| system.name.as_str());
    let all = report.worst.iter().map(|worst| WorstJson {
        query: report.queries.get(worst.query).map_or("", String::as_str),
        text: &worst.text,
        why: if worst.lost { "lost" } else { "low" },
        relevant: worst.relevant,
        expected: listed(&worst.expected),
        returned: names().zip(worst.returned.iter().map(|returned| listed(returned))).collect(),
    });
    all.collect()
}

fn listed(notes: &[Listed]) -> Vec<ListedJson<'_>> {
    notes.iter().map(|note| ListedJson { id: &note.id, title: &note.title, grade: note.grade }).collect()
}
