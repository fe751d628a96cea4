//! What is written of throughput under a memory limit: a table, and all figures as JSON.

use crate::Outcome;
use crate::coordinate::Skipped;
use crate::curve::median;
use crate::limited::Measured;
use crate::page_cache::read_ahead_kb;
use crate::report::{Conditions, markdown, megabytes, print_skipped, skipped_json};
use crate::trial::{Allowed, Figures, Run};
use serde_json::{Value, json};
use std::path::Path;

const HEAD: [&str; 9] = [
    "engine (setting)",
    "share of the index in memory",
    "limit MB",
    "recall",
    "QPS",
    "of that without limit",
    "major faults a query",
    "KB read a query",
    "resident MB",
];

/// Prints the table and writes `memory.json`; `unlimited` says why no limit could be set, if so.
pub(crate) fn write(
    measured: &[Measured],
    skipped: &[Skipped],
    conditions: &Conditions,
    unlimited: Option<&str>,
    out: &Path,
) -> Outcome {
    if measured.is_empty() {
        return Err("no engine could be measured; the lines above say why".into());
    }
    let ahead = read_ahead_kb(out);
    let about = ahead.map_or_else(String::new, |kb| format!(" The disk reads {kb} KB ahead unless asked otherwise."));
    println!("{} Speed is by the clock.{about}\n", conditions.sentence());
    if let Some(reason) = unlimited {
        println!(
            "No limit could be set ({reason}). Instead every pass, «evicted», has a worker that starts with its index \
             on disk alone and may bring in all of it.\n"
        );
    }
    println!("{}", table(measured, conditions.queries));
    print_skipped(skipped);
    let mut results = conditions.json();
    results["engines"] = measured.iter().map(engine_json).collect();
    results["left_out"] = skipped_json(skipped);
    results["read_ahead_kb"] = ahead.into();
    results["no_limit_because"] = unlimited.into();
    std::fs::write(out.join("memory.json"), serde_json::to_vec_pretty(&results)?)?;
    eprintln!("figures are in {}", out.join("memory.json").display());
    Ok(())
}

/// A row for each allowance of each engine; `queries` are those of a full pass.
fn table(measured: &[Measured], queries: usize) -> String {
    let rows = measured.iter().flat_map(|engine| {
        let whole = engine.runs.first().map(Run::qps);
        engine.runs.iter().map(move |run| cells(engine, run, whole, queries))
    });
    markdown(&HEAD, rows)
}

impl Run {
    fn qps(&self) -> f64 {
        self.median(|pass| Some(pass.qps)).unwrap_or(f64::NAN)
    }

    /// None if a pass does not tell.
    fn median(&self, value: impl Fn(&Figures) -> Option<f64>) -> Option<f64> {
        self.passes.iter().map(value).collect::<Option<Vec<f64>>>().map(|values| median(&values))
    }
}

fn cells(engine: &Measured, run: &Run, whole: Option<f64>, queries: usize) -> Vec<String> {
    let dash = || "-".to_owned();
    let settings = engine.spec.named(&engine.knob);
    let settings: Vec<String> = settings.iter().map(|(name, value)| format!("{name} {value}")).collect();
    let (share, limit) = match run.allowed {
        Allowed::All => (dash(), dash()),
        Allowed::Share { share, limit } => (share.to_string(), format!("{:.0}", limit as f64 / 1e6)),
        Allowed::Evicted => ("evicted".to_owned(), dash()),
    };
    let fewest = run.passes.iter().map(|pass| pass.queries).min().filter(|fewest| *fewest < queries);
    let part = fewest.map_or_else(String::new, |fewest| format!(" (first {fewest} queries)"));
    let figure = |value: fn(&Figures) -> Option<f64>, digits: usize| {
        run.median(value).map_or_else(dash, |value| format!("{value:.digits$}"))
    };
    vec![
        format!("{} ({})", engine.spec.name, settings.join(", ")),
        share,
        limit,
        figure(|pass| Some(pass.recall), 3),
        rounded(run.qps()) + &part,
        whole.map_or_else(dash, |whole| rounded(run.qps() / whole)),
        figure(|pass| pass.major_faults, 1),
        figure(|pass| pass.read_kb, 1),
        format!("{:.0}", megabytes(run.memory.rss_kb)),
    ]
}

/// With as many digits as tell something: what a limit leaves can be very little.
fn rounded(value: f64) -> String {
    let digits = match value {
        10.0.. => 0,
        0.1.. => 2,
        _ => 4,
    };
    format!("{value:.digits$}")
}

fn engine_json(engine: &Measured) -> Value {
    json!({
        "engine": engine.spec.name, "versions": engine.versions, "settings": engine.spec.named(&engine.knob),
        "bytes": engine.bytes, "own_bytes": engine.own_bytes,
        "runs": engine.runs.iter().map(run_json).collect::<Vec<_>>(),
    })
}

fn run_json(run: &Run) -> Value {
    let (share, limit) = match run.allowed {
        Allowed::Share { share, limit } => (Some(share), Some(limit)),
        Allowed::All | Allowed::Evicted => (None, None),
    };
    json!({
        "share": share, "limit_bytes": limit, "evicted": run.allowed == Allowed::Evicted,
        "qps": run.qps(), "recall": run.median(|pass| Some(pass.recall)),
        "cpu_ms": run.median(|pass| Some(pass.cpu_ms)), "major_faults": run.median(|pass| pass.major_faults),
        "read_kb": run.median(|pass| pass.read_kb), "searching": run.memory,
        "warming": run.warming, "passes": run.passes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::chosen;
    use crate::process::Memory;

    fn figures(qps: f64, queries: usize) -> Figures {
        Figures { queries, recall: 0.96, qps, cpu_ms: 1.0, major_faults: Some(2.5), read_kb: None }
    }

    fn run(allowed: Allowed, passes: &[Figures]) -> Run {
        let memory = Memory { rss_kb: 10_000, ..Memory::default() };
        Run { allowed, warming: None, passes: passes.to_vec(), memory }
    }

    #[test]
    fn every_allowance_has_a_row() {
        let spec = chosen(&["uninote".to_owned()]).expect("a known engine").remove(0);
        let share = Allowed::Share { share: 0.5, limit: 24_000_000 };
        let runs = vec![
            run(Allowed::All, &[figures(900.0, 20), figures(1_000.0, 20), figures(2_000.0, 20)]),
            run(share, &[figures(100.0, 20), figures(90.0, 7)]),
            run(Allowed::Evicted, &[figures(50.0, 20)]),
        ];
        let measured = Measured { spec, versions: Default::default(), knob: vec![0.9], bytes: 1, own_bytes: 1, runs };
        let table = table(&[measured], 20);
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(
            rows,
            [
                "| uninote (recall 0.9) | - | - | 0.960 | 1000 | 1.00 | 2.5 | - | 10 |",
                "| uninote (recall 0.9) | 0.5 | 24 | 0.960 | 100 (first 7 queries) | 0.10 | 2.5 | - | 10 |",
                "| uninote (recall 0.9) | evicted | - | 0.960 | 50 | 0.0500 | 2.5 | - | 10 |",
            ]
        );
    }
}
