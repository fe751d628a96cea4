//! `uninote duplicates`: which notes are the same or nearly so.

use crate::failure::{Failure, Outcome};
use crate::output::{diagnostic, on_terminal, one_line, print, print_json};
use crate::progress::Progress;
use crate::{Place, interrupt};
use clap::ValueEnum;
use serde::Serialize;
use std::fmt::Write;
use uninote::duplicates::{By, DuplicateOptions, DuplicateReport, Evidence, Matching, Member};

/// Arguments of `uninote duplicates`.
#[derive(Debug, clap::Args)]
pub(crate) struct Duplicates {
    /// What is compared: texts, pictures, or both, one of which is enough
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Compared::Both)]
    by: Compared,
    /// Share of words and pairs of words that near-duplicates have in common, above 0 and up to 1; 1: only the same words
    #[arg(long, value_name = "S", default_value_t = DuplicateOptions::default().text)]
    threshold: f32,
    /// Cosine from which pictures are near-duplicates, above 0 and up to 1
    #[arg(long, value_name = "S", default_value_t = DuplicateOptions::default().picture)]
    picture_threshold: f32,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Compared {
    Text,
    Picture,
    Both,
}

impl Duplicates {
    /// Runs the command; without duplicates it ends as a search that finds nothing.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let by = match self.by {
            Compared::Text => By::Text,
            Compared::Picture => By::Picture,
            Compared::Both => By::Both,
        };
        let options = DuplicateOptions::new().by(by).text(self.threshold).picture(self.picture_threshold);
        let index = place.open_without_encoder()?;
        let cancel = interrupt::watch()?;
        let progress = Progress::of_work(String::new());
        let report = index.duplicates(&options, Some(&cancel), |done, total| progress.at("comparing", done, total));
        progress.clear();
        let report = report?;
        if place.json {
            print_json(&ReportJson::of(&report))?;
        } else if report.clusters.is_empty() {
            diagnostic("no duplicates");
        } else if on_terminal() {
            print(&blocks(&report))?;
        } else {
            print(&lines(&report))?;
        }
        Ok(Outcome::of(!report.clusters.is_empty()))
    }
}

/// For people: a block a cluster, and the counts at the end.
fn blocks(report: &DuplicateReport) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for cluster in &report.clusters {
        let _ = writeln!(text, "{} notes, {:.2} alike or more", cluster.members.len(), cluster.loosest);
        for member in &cluster.members {
            let mark = if member.id == cluster.keep { "keep".to_owned() } else { format!("{:.2}", member.similarity) };
            let why: Vec<String> = member.evidence.iter().map(reason).collect();
            let (id, title) = (one_line(&member.id), one_line(&member.title));
            let _ = writeln!(text, "  {mark}  {id}  {title}  ({})", why.join("; "));
        }
        text.push('\n');
    }
    let _ =
        writeln!(text, "{} clusters, {} of {} notes could go", report.clusters.len(), report.surplus(), report.notes);
    text
}

fn reason(evidence: &Evidence) -> String {
    let with = one_line(&evidence.with);
    match evidence.matching {
        Matching::Picture { ordinal, with: other } if evidence.exact => {
            format!("picture {ordinal} is picture {other} of {with}")
        }
        Matching::Picture { ordinal, with: other } => {
            format!("picture {ordinal}, {:.2} like picture {other} of {with}", evidence.similarity)
        }
        _ if evidence.exact => {
            format!("{} as {with}", if kind(evidence) == "note" { "same note" } else { "same words" })
        }
        _ => format!("text, {:.2} like {with}", evidence.similarity),
    }
}

const fn kind(evidence: &Evidence) -> &'static str {
    match evidence.matching {
        Matching::Note => "note",
        Matching::Picture { .. } => "picture",
        _ => "text",
    }
}

/// For programs: one line a note, with tabs between number of the cluster, `keep` or `copy`, similarity to the one to keep,
/// id, title, and the strongest evidence: what is alike, how much, `exact` or `near`, and with which note.
fn lines(report: &DuplicateReport) -> String {
    let mut text = String::new();
    for (number, cluster) in report.clusters.iter().enumerate() {
        for member in &cluster.members {
            let role = if member.id == cluster.keep { "keep" } else { "copy" };
            let (id, title) = (one_line(&member.id), one_line(&member.title));
            let evidence = member.evidence.first().map(|evidence| {
                let degree = if evidence.exact { "exact" } else { "near" };
                format!("{}\t{:.4}\t{degree}\t{}", kind(evidence), evidence.similarity, one_line(&evidence.with))
            });
            let evidence = evidence.unwrap_or_else(|| "\t\t\t".to_owned());
            let _ = writeln!(text, "{number}\t{role}\t{:.4}\t{id}\t{title}\t{evidence}", member.similarity);
        }
    }
    text
}

#[derive(Serialize)]
struct ReportJson<'a> {
    notes: u64,
    surplus: usize,
    generation: u64,
    clusters: Vec<ClusterJson<'a>>,
}

#[derive(Serialize)]
struct ClusterJson<'a> {
    keep: &'a str,
    loosest: f32,
    members: Vec<MemberJson<'a>>,
}

#[derive(Serialize)]
struct MemberJson<'a> {
    id: &'a str,
    title: &'a str,
    created: Option<i64>,
    similarity: f32,
    evidence: Vec<EvidenceJson<'a>>,
}

#[derive(Serialize)]
struct EvidenceJson<'a> {
    with: &'a str,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    with_picture: Option<u32>,
    similarity: f32,
    exact: bool,
}

impl<'a> ReportJson<'a> {
    fn of(report: &'a DuplicateReport) -> Self {
        let clusters = report.clusters.iter().map(|cluster| ClusterJson {
            keep: &cluster.keep,
            loosest: cluster.loosest,
            members: cluster.members.iter().map(MemberJson::of).collect(),
        });
        let (notes, surplus, generation) = (report.notes, report.surplus(), report.generation);
        Self { notes, surplus, generation, clusters: clusters.collect() }
    }
}

impl<'a> MemberJson<'a> {
    fn of(member: &'a Member) -> Self {
        let evidence = member.evidence.iter().map(|evidence| {
            let (picture, with_picture) = match evidence.matching {
                Matching::Picture { ordinal, with } => (Some(ordinal), Some(with)),
                _ => (None, None),
            };
            let (kind, Evidence { with, similarity, exact, .. }) = (kind(evidence), evidence);
            EvidenceJson { with, kind, picture, with_picture, similarity: *similarity, exact: *exact }
        });
        let Member { id, title, created, similarity, .. } = member;
        Self { id, title, created: *created, similarity: *similarity, evidence: evidence.collect() }
    }
}
