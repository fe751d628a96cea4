//! Throughput while only a share of an index may be in memory and the rest has to come from disk.

use crate::Outcome;
use crate::cgroup::Place;
use crate::coordinate::{Bench, Skipped, skip};
use crate::engine::{self, Spec};
use crate::memory_report;
use crate::process::folder_bytes;
use crate::protocol::Versions;
use crate::report::Conditions;
use crate::sweep::Searcher;
use crate::trial::{Allowed, Run, Trial, ids, pass};
use std::error::Error;
use std::fs::File;

/// Engines that are taken where none is named.
const USUAL: [&str; 3] = ["uninote", "usearch-f32", "usearch-i8"];
/// Recall that an engine is set to reach.
const GOOD: f64 = 0.95;
/// Given beyond the index's share and the process's own memory: a pass needs some memory that it gives back at its end.
const ROOM: u64 = 16_000_000;

/// A share of an index as it is written on the command line.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    match text.trim().parse() {
        Ok(share) if (0.0..=100.0).contains(&share) => Ok(share),
        _ => Err("a share is a number such as 0.5 for half of the index".to_owned()),
    }
}

/// The engines of these names.
pub(crate) fn chosen(names: &[String]) -> Outcome<Vec<Spec>> {
    if names.is_empty() { engine::chosen(&USUAL.map(str::to_owned)) } else { engine::chosen(names) }
}

/// What one engine gave.
pub(crate) struct Measured {
    pub(crate) spec: Spec,
    pub(crate) versions: Versions,
    pub(crate) knob: Vec<f64>,
    /// Of the files of its index.
    pub(crate) bytes: u64,
    /// The process's own memory without a limit, which every limit includes.
    pub(crate) own_bytes: u64,
    /// The first is without limit.
    pub(crate) runs: Vec<Run>,
}

/// Measures one engine after the other.
pub(crate) fn run(specs: Vec<Spec>, bench: &Bench<'_>) -> Outcome {
    if !cfg!(target_os = "linux") {
        return Err("memory is limited by means of Linux; leave out --memory elsewhere".into());
    }
    // Writing back what was just written would take turns at the disk with what is measured.
    File::open(&bench.collection.base)?.sync_all()?;
    let place = Place::find();
    if let Err(reason) = &place {
        eprintln!("{reason}: without a limit, indexes are put out of memory before each pass");
    }
    let (mut measured, mut skipped) = (Vec::new(), Vec::new());
    for spec in specs {
        let engine = measure(spec, bench, place.as_ref().ok(), &mut skipped);
        match engine {
            Ok(engine) => measured.push(engine),
            Err(error) => skip(&mut skipped, spec.name, error.as_ref()),
        }
    }
    std::fs::remove_file(ids(bench)).ok();
    let conditions = Conditions::of(bench.arguments, &bench.collection.judge);
    let reason = place.err().map(|error| error.to_string());
    memory_report::write(&measured, &skipped, &conditions, reason.as_deref(), &bench.out)
}

fn measure(spec: Spec, bench: &Bench<'_>, place: Option<&Place>, skipped: &mut Vec<Skipped>) -> Outcome<Measured> {
    if !spec.mapped {
        return Err("its index is not mapped into memory, so all of it has to be there".into());
    }
    let Searcher { mut handle, versions, .. } = bench.ready(spec)?;
    let knob = settled(spec.knobs(), |knob| Ok(pass(bench, &mut handle, knob, None)?.0.recall))?;
    // As long as a worker has the files mapped they cannot be put out of memory.
    drop(handle);
    let trial = Trial { spec, bench, place, knob };
    let whole = trial.run(Allowed::All)?;
    let own_bytes = whole.memory.anon_kb * 1024;
    let bytes = folder_bytes(&bench.index(&spec))?;
    let limited = |share: &f64| Allowed::Share { share: *share, limit: limit(*share, bytes, own_bytes) };
    let others = match place {
        Some(_) => bench.arguments.memory.iter().map(limited).collect(),
        None => vec![Allowed::Evicted],
    };
    let mut runs = vec![whole];
    for allowed in others {
        match trial.run(allowed) {
            Ok(run) => runs.push(run),
            Err(error) => skip(skipped, spec.name, Box::<dyn Error>::from(format!("{allowed}: {error}")).as_ref()),
        }
    }
    Ok(Measured { spec, versions, knob: trial.knob, bytes, own_bytes, runs })
}

/// Bytes that a process may use which has this share of an index in memory.
fn limit(share: f64, bytes: u64, own_bytes: u64) -> u64 {
    (share * bytes as f64) as u64 + own_bytes + ROOM
}

/// The first setting with the recall wanted; if there is none, the one with the most.
fn settled(knobs: Vec<Vec<f64>>, mut recall: impl FnMut(&[f64]) -> Outcome<f64>) -> Outcome<Vec<f64>> {
    let mut best: Option<(f64, Vec<f64>)> = None;
    for knob in knobs {
        let reached = recall(&knob)?;
        if best.as_ref().is_none_or(|(most, _)| reached > *most) {
            best = Some((reached, knob));
        }
        if reached >= GOOD {
            break;
        }
    }
    best.map(|(_, knob)| knob).ok_or_else(|| "it has no setting to try".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_numbers_that_make_sense() {
        assert_eq!(share("0.25"), Ok(0.25));
        assert_eq!(share(" 1"), Ok(1.0));
        for text in ["", "half", "-0.5", "NaN", "inf"] {
            assert!(share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn without_names_a_few_mapped_engines_are_taken() {
        let specs = chosen(&[]).expect("known engines");
        assert_eq!(specs.iter().map(|spec| spec.name).collect::<Vec<_>>(), USUAL);
        assert!(specs.iter().all(|spec| spec.mapped));
        assert!(chosen(&["annoy".to_owned()]).is_err());
    }

    #[test]
    fn the_first_setting_with_enough_recall_is_taken() {
        let knobs = |values: &[f64]| values.iter().map(|value| vec![*value]).collect::<Vec<_>>();
        let mut tried: Vec<f64> = Vec::new();
        let mut recall = |knob: &[f64]| {
            tried.extend(knob);
            Ok(knob.iter().sum())
        };
        assert_eq!(settled(knobs(&[0.8, 0.95, 0.99]), &mut recall).expect("settings"), [0.95]);
        assert_eq!(settled(knobs(&[0.8, 0.9, 0.7]), &mut recall).expect("settings"), [0.9]);
        assert!(settled(Vec::new(), &mut recall).is_err());
        assert_eq!(tried, [0.8, 0.95, 0.8, 0.9, 0.7], "no more than needed");
        assert!(settled(knobs(&[0.8]), |_| Err("no answer".into())).is_err());
    }

    #[test]
    fn limits_leave_room_for_the_process() {
        assert_eq!(limit(0.5, 1_000_000, 300_000), 500_000 + 300_000 + ROOM);
        assert_eq!(limit(0.0, 1_000_000, 0), ROOM);
    }
}
