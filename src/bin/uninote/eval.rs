//! `uninote eval`: how good searching is on a judged collection, and what the difference between two ways of it is worth.

use crate::failure::{Failure, Outcome};
use crate::output::{diagnostic, on_terminal, one_line, print};
use crate::progress::Progress;
use crate::signals::{Rule, Signals};
use crate::{Place, encoder, interrupt};
use comfy_table::{ContentArrangement, Table, presets};
use std::fmt::Write;
use std::path::{Path, PathBuf};
use uninote::eval::{Collection, Direction, Evaluation, Interval, Judgments, Metric, Report, Run, Setting, System};
use uninote::{Cancel, Index};

/// Arguments of `uninote eval`.
#[derive(Debug, clap::Args)]
pub(crate) struct Eval {
    /// Directory of the collection: corpus.jsonl, queries.jsonl and qrels/SPLIT.tsv; or captions.jsonl
    #[arg(value_name = "COLLECTION", required_unless_present = "runs")]
    collection: Option<PathBuf>,
    /// Which of its judgments [default: the only ones]
    #[arg(long)]
    split: Option<String>,
    /// By which signals to search, several with commas between them [default: auto]
    #[arg(long, value_name = "MODES", value_enum, value_delimiter = ',')]
    mode: Vec<Signals>,
    /// By which rules to fuse in the mode fused, several with commas between them [default: scores]
    #[arg(long, value_name = "RULES", value_enum, value_delimiter = ',')]
    fusion: Vec<Rule>,
    /// How many components of each vector to keep, several with commas between them [default: all]
    #[arg(long, value_name = "WIDTHS", value_delimiter = ',')]
    width: Vec<usize>,
    /// Share of the true best hits to find, several with commas between them; 1 is exact [default: that of a search]
    #[arg(long, value_name = "SHARES", value_delimiter = ',', value_parser = share)]
    recall: Vec<f32>,
    /// Ranks to look at, at least 100
    #[arg(long, value_name = "N", default_value_t = uninote::eval::DEPTH)]
    depth: usize,
    /// Of pictures with captions: ask with pictures for captions
    #[arg(long)]
    reverse: bool,
    /// Directory of the model whose encoder is evaluated [default: the variable UNINOTE_MODEL, else the encoder inside]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// A run in TREC's form that all others are compared with [default: the first of them]
    #[arg(long, value_name = "RUN")]
    baseline: Option<PathBuf>,
    /// Write what was returned to a file in TREC's form; of several settings, one file each, with its name in it
    #[arg(long, value_name = "FILE")]
    run_out: Option<PathBuf>,
    /// Write the report as a page
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Evaluate runs in TREC's form instead; the first is what the others are compared with
    #[arg(long, value_name = "RUN", num_args = 1.., requires = "qrels", conflicts_with_all = ["collection", "baseline", "run_out"])]
    runs: Vec<PathBuf>,
    /// The judgments for --runs: a file of BEIR's form or of TREC's
    #[arg(long, value_name = "FILE", requires = "runs")]
    qrels: Option<PathBuf>,
}

/// A share above 0 and up to 1.
fn share(text: &str) -> Result<f32, String> {
    let share = text.parse().ok().filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| "a share above 0 and up to 1 is expected, such as 0.95".to_owned())
}

impl Eval {
    /// Runs the command.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        if !self.fusion.is_empty() && !self.mode.contains(&Signals::Fused) {
            return Err(Failure::NothingFused);
        }
        let report = match (&self.collection, &self.qrels) {
            (Some(collection), _) => self.evaluate(collection, place)?,
            (None, Some(qrels)) => {
                let runs = self.runs.iter().map(|path| Run::read(path)).collect::<Result<_, _>>()?;
                Report::of_runs(&qrels.display().to_string(), &Judgments::read(qrels)?, runs)?
            }
            // Clap has seen to it that there is one or the other.
            (None, None) => return Ok(Outcome::Nothing),
        };
        if let Some(path) = &self.run_out {
            let ours: Vec<&System> = report.systems.iter().filter(|system| system.setting.is_some()).collect();
            for system in &ours {
                let path = if ours.len() > 1 { with_name(path, &system.name) } else { path.clone() };
                system.run.write(&path)?;
            }
        }
        if let Some(path) = &self.html {
            report.write_html(path)?;
        }
        remarks(&report);
        match (place.json, on_terminal()) {
            (true, _) => print(&format!("{}\n", report.to_json()))?,
            (false, true) => print(&tables(&report))?,
            (false, false) => print(&lines(&report))?,
        }
        Ok(Outcome::Done)
    }

    fn evaluate(&self, directory: &Path, place: &Place) -> Result<Report, Failure> {
        let direction = if self.reverse { Direction::PictureToText } else { Direction::TextToPicture };
        let collection = Collection::open(directory, self.split.as_deref(), direction)?;
        let baseline = self.baseline.as_deref().map(Run::read).transpose()?;
        let index = self.index(place)?;
        let cancel: Cancel = interrupt::watch()?;
        let evaluation = Evaluation::new(&collection).depth(self.depth).cancel(&cancel);
        let mut evaluation = self.settings().into_iter().fold(evaluation, Evaluation::setting);
        if let Some(run) = baseline {
            evaluation = evaluation.baseline(run);
        }
        match (&index, self.model.clone().or_else(encoder::from_environment)) {
            (Some(index), _) => evaluation = evaluation.index(index),
            (None, Some(model)) => evaluation = evaluation.encoder(encoder::load(&model)?),
            (None, None) => {}
        }
        let progress = Progress::of_work(String::new());
        let report = evaluation.run(|at| progress.at(at.doing, at.done, at.of));
        progress.clear();
        Ok(report?)
    }

    /// The index that was named, if one was.
    fn index(&self, place: &Place) -> Result<Option<Index>, Failure> {
        match (&place.index, &self.model) {
            (None, _) => Ok(None),
            (Some(_), None) => place.open().map(Some),
            (Some(directory), Some(model)) => Ok(Some(Index::open_with(directory, encoder::load(model)?)?)),
        }
    }

    /// Every mode, by every rule where it fuses, at every width with every recall.
    fn settings(&self) -> Vec<Setting> {
        let modes = if self.mode.is_empty() { &[Signals::Auto][..] } else { &self.mode };
        let rules = if self.fusion.is_empty() { &[Rule::Scores][..] } else { &self.fusion };
        let ruled = |signals: &Signals| {
            let rules = if *signals == Signals::Fused { rules } else { &[Rule::Scores] };
            let setting = Setting::new(signals.mode());
            rules.iter().map(move |rule| setting.fusion(rule.fusion()))
        };
        let mut settings: Vec<Setting> = modes.iter().flat_map(ruled).collect();
        if !self.width.is_empty() {
            let wide = |setting: Setting| self.width.iter().map(move |width| setting.width(*width));
            settings = settings.into_iter().flat_map(wide).collect();
        }
        if !self.recall.is_empty() {
            let sure = |setting: Setting| self.recall.iter().map(move |recall| setting.recall(*recall));
            settings = settings.into_iter().flat_map(sure).collect();
        }
        settings
    }
}

/// A path with a name before its extension.
fn with_name(path: &Path, name: &str) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|extension| format!(".{}", extension.to_string_lossy()));
    path.with_file_name(format!("{stem}.{}{}", name.replace(' ', "-"), extension.unwrap_or_default()))
}

/// What should be known of the numbers.
fn remarks(report: &Report) {
    let facts = &report.facts;
    facts.left_out.reasons.iter().for_each(|why| diagnostic(&one_line(&format!("not indexed: {why}"))));
    if facts.left_out.count > 0 {
        diagnostic(&format!("{} times something was not indexed", facts.left_out.count));
    }
    if facts.absent > 0 {
        diagnostic(&format!("{} relevant notes are not in the index: no search can find them", facts.absent));
    }
    for system in report.systems.iter().filter(|system| system.unanswered > 0) {
        diagnostic(&format!(
            "{}: no answer to {} of the queries, which count 0",
            one_line(&system.name),
            system.unanswered
        ));
    }
}

fn cell(interval: Interval, signed: bool) -> String {
    let Interval { mean, low, high } = interval;
    if signed { format!("{mean:+.4}\n{low:+.4} … {high:+.4}") } else { format!("{mean:.4}\n{low:.4} … {high:.4}") }
}

/// The report for a terminal.
fn tables(report: &Report) -> String {
    let table = |first: String| {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header(std::iter::once(first).chain(Metric::ALL.iter().map(|metric| metric.name().to_owned())));
        table
    };
    let facts = &report.facts;
    let mut text =
        format!("{} {}: {} queries", one_line(&facts.collection), one_line(&facts.split), report.queries.len());
    if facts.notes > 0 {
        let _ = write!(text, ", {} notes, {}", facts.notes, one_line(&facts.encoder));
    }
    let mut means = table("95 % intervals".to_owned());
    for system in &report.systems {
        let cells = Metric::ALL.iter().map(|metric| cell(system.interval(*metric), false));
        means.add_row(std::iter::once(one_line(&system.name)).chain(cells));
    }
    let _ = write!(text, "\n{means}\n");
    if let Some((first, others)) = report.systems.split_first().filter(|(_, others)| !others.is_empty()) {
        let mut gains = table(format!("− {}", one_line(&first.name)));
        for (number, system) in (1..).zip(others) {
            let of = |metric: &Metric| report.difference(number, *metric).map(|one| cell(one.interval, true));
            let cells = Metric::ALL.iter().map(|metric| of(metric).unwrap_or_default());
            gains.add_row(std::iter::once(one_line(&system.name)).chain(cells));
        }
        let _ = writeln!(text, "{gains}");
    }
    for system in &report.systems {
        if let Some(latency) = &system.latency {
            let name = one_line(&system.name);
            let _ = writeln!(text, "{name}: p50 {:.3?}, p95 {:.3?}, p99 {:.3?}", latency.p50, latency.p95, latency.p99);
        }
    }
    text
}

/// The report for a pipe: what it is, system, measure, and numbers, with tabs between them.
fn lines(report: &Report) -> String {
    let mut text = String::new();
    for system in &report.systems {
        let name = one_line(&system.name);
        for metric in Metric::ALL {
            let Interval { mean, low, high } = system.interval(metric);
            let _ = writeln!(text, "mean\t{name}\t{}\t{mean:.6}\t{low:.6}\t{high:.6}", metric.name());
        }
        if let Some(latency) = &system.latency {
            let [p50, p95, p99] = [latency.p50, latency.p95, latency.p99].map(|time| time.as_secs_f64() * 1000.0);
            let _ = writeln!(text, "milliseconds\t{name}\tp50 p95 p99\t{p50:.4}\t{p95:.4}\t{p99:.4}");
        }
    }
    for difference in &report.differences {
        let name = report.systems.get(difference.system).map(|system| one_line(&system.name)).unwrap_or_default();
        let (Interval { mean, low, high }, metric) = (difference.interval, difference.metric.name());
        let _ = writeln!(text, "difference\t{name}\t{metric}\t{mean:.6}\t{low:.6}\t{high:.6}");
    }
    text
}
