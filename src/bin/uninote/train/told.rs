//! What is told of a training: stages, verdict, whether it is in use; for people, and as JSON.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::output::{diagnostic, print, print_json};
use serde::Serialize;
use std::fmt::Write;
use uninote::Index;
use uninote::index::{AdapterTraining, TrainReport};
use uninote::rank::gate::Verdict;
use uninote::rank::train::{AdapterReport, Point, Report, Settings};

/// Most points of a curve that people are shown.
const POINTS: usize = 8;

/// What both kinds of training tell.
pub(super) trait Trained {
    type Report: Serialize;
    fn installed(&self) -> bool;
    fn unused(&self) -> usize;
    fn report(&self) -> &Self::Report;
    fn verdict(&self) -> &Verdict;
    fn stages(&self) -> Vec<(&'static str, &[Point], usize)>;
}

/// A training of a head as JSON has it.
#[derive(Serialize)]
pub(super) struct HeadJson<'a> {
    verdict: &'a Verdict,
    stages: &'a [Report],
    #[serde(skip)]
    of: &'a TrainReport,
}

impl<'a> HeadJson<'a> {
    pub(super) fn of(of: &'a TrainReport) -> Self {
        Self { verdict: &of.verdict, stages: &of.stages, of }
    }
}

impl Trained for HeadJson<'_> {
    type Report = Self;
    fn installed(&self) -> bool {
        self.of.installed
    }
    fn unused(&self) -> usize {
        self.of.unused
    }
    fn report(&self) -> &Self {
        self
    }
    fn verdict(&self) -> &Verdict {
        self.verdict
    }
    fn stages(&self) -> Vec<(&'static str, &[Point], usize)> {
        let name = |settings: &Settings| match settings {
            Settings::Supervised(_) => "by grades",
            _ => "by reward",
        };
        self.stages.iter().map(|stage| (name(&stage.settings), stage.curve.as_slice(), stage.kept)).collect()
    }
}

impl Trained for AdapterTraining {
    type Report = AdapterReport;
    fn installed(&self) -> bool {
        self.installed
    }
    fn unused(&self) -> usize {
        self.unused
    }
    fn report(&self) -> &AdapterReport {
        &self.report
    }
    fn verdict(&self) -> &Verdict {
        &self.report.verdict
    }
    fn stages(&self) -> Vec<(&'static str, &[Point], usize)> {
        let first = ("by contrast", self.report.contrasted.curve.as_slice(), self.report.contrasted.kept);
        let second = self.report.rewarded.iter().map(|stage| ("by reward", stage.curve.as_slice(), stage.kept));
        std::iter::once(first).chain(second).collect()
    }
}

#[derive(Serialize)]
struct TrainedJson<'a, R> {
    trained: &'static str,
    installed: bool,
    unused: usize,
    generation: u64,
    words: String,
    report: &'a R,
}

/// Prints what a training came to; one whose outcome is not used is `Nothing`.
pub(super) fn tell<T: Trained>(
    what: &'static str,
    index: &Index,
    trained: &T,
    place: &Place,
) -> Result<Outcome, Failure> {
    let (installed, unused) = (trained.installed(), trained.unused());
    let (generation, words) = (index.snapshot().generation(), trained.verdict().words());
    if place.json {
        let report = trained.report();
        print_json(&TrainedJson { trained: what, installed, unused, generation, words, report })?;
        return Ok(Outcome::of(installed));
    }
    if unused > 0 {
        diagnostic(&format!(
            "{unused} judged queries were of no use: they cannot be asked here, or nothing is to be found"
        ));
    }
    let mut text = String::new();
    for (name, curve, kept) in trained.stages() {
        let _ = writeln!(text, "{name}: {}; step {kept} kept", brief(curve));
    }
    let _ = writeln!(text, "{words}");
    let now = if installed { "is in use now" } else { "is not used" };
    let _ = writeln!(text, "the new {what} {now} (generation {generation})");
    print(&text)?;
    Ok(Outcome::of(installed))
}

/// A curve in a few of its points: the measure on the queries that say when to stop.
fn brief(curve: &[Point]) -> String {
    let last = curve.len().saturating_sub(1);
    let points = POINTS.min(curve.len());
    let at = |number: usize| curve.get(number * last / points.saturating_sub(1).max(1));
    let values = (0..points).filter_map(at).map(|point| format!("{:.4}", point.held_out));
    let steps = curve.last().map_or(0, |point| point.step);
    format!("{} over {steps} steps", values.collect::<Vec<_>>().join(" "))
}
