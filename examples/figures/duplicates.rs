//! Near-copies: how many edited descriptions are found again, in whose company; and what it makes of paraphrases.

use crate::Outcome;
use crate::data::lines;
use crate::process::{peak, timed};
use serde::Deserialize;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use uninote::disk::MemoryStorage;
use uninote::duplicates::{By, DuplicateOptions};
use uninote::{Index, IndexOptions, Note};

/// Edited copies, as many of each kind.
const VARIANTS: usize = 4_000;
const SEED: u64 = 11;
/// What is added to a text: such lines stand under many.
const BOILERPLATE: &str = "this listing is provided as is and may have changed since it was last checked by the team";

/// Ways of editing a text, each with the share of words that it touches or keeps.
const EDITS: [(&str, Edit, f64); 8] = [
    ("deleted", Edit::Delete, 0.1),
    ("replaced", Edit::Replace, 0.1),
    ("replaced", Edit::Replace, 0.2),
    ("replaced", Edit::Replace, 0.3),
    ("swapped", Edit::Swap, 0.1),
    ("of it kept", Edit::Keep, 0.7),
    ("of it kept", Edit::Keep, 0.5),
    ("with 18 words added", Edit::Add, 0.0),
];

#[derive(Clone, Copy)]
enum Edit {
    Delete,
    Replace,
    Swap,
    Keep,
    Add,
}

#[derive(Deserialize)]
struct Package {
    title: String,
    body: String,
    #[serde(default)]
    source: String,
}

#[derive(Deserialize)]
struct Pair {
    score: f64,
    scale: String,
    a: String,
    b: String,
}

/// Recall of edited copies among all descriptions, and the share of copies whose evidence is of their own source package.
pub(crate) fn copies(path: &Path, thresholds: &[f32]) -> Outcome {
    let packages: Vec<Package> = lines(path)?;
    let texts: Vec<String> = packages.iter().map(|package| format!("{} {}", package.title, package.body)).collect();
    let mut random = fastrand::Rng::with_seed(SEED);
    let index = Index::in_memory()?;
    for (number, text) in texts.iter().enumerate() {
        index.add(Note::new(number.to_string()).text(text))?;
    }
    let mut originals = Vec::with_capacity(VARIANTS);
    for variant in 0..VARIANTS {
        let original = random.usize(..texts.len());
        let (_, edit, share) = EDITS[variant % EDITS.len()];
        index.add(Note::new(format!("v{variant}")).text(edited(&texts, original, (edit, share), &mut random)))?;
        originals.push(original);
    }
    index.commit()?;
    for threshold in thresholds {
        let options = DuplicateOptions::new().by(By::Text).text(*threshold);
        let (report, clock, processor) = timed(|| index.duplicates(&options, None, |_, _| ()));
        let report = report?;
        let of: HashMap<&str, usize> = (0..)
            .zip(&report.clusters)
            .flat_map(|(cluster, found)| found.members.iter().map(move |member| (member.id.as_str(), cluster)))
            .collect();
        let found = |variant: usize| {
            let own = of.get(format!("v{variant}").as_str());
            own.is_some() && own == of.get(originals[variant].to_string().as_str())
        };
        println!(
            "{threshold}: {} clusters with {} notes in {:.1} s ({:.1} s of processor), {}",
            report.clusters.len(),
            of.len(),
            clock.as_secs_f64(),
            processor.as_secs_f64(),
            peak()
        );
        for (kind, (what, _, share)) in EDITS.iter().enumerate() {
            let of_kind: Vec<usize> = (kind..VARIANTS).step_by(EDITS.len()).collect();
            let hits = of_kind.iter().filter(|variant| found(**variant)).count();
            println!("  {:.0} % {what}: {:.3}", 100.0 * share, hits as f64 / of_kind.len() as f64);
        }
        let members = report.clusters.iter().flat_map(|cluster| &cluster.members);
        let (mut own, mut all) = (0, 0);
        for member in members.filter(|member| member.id.starts_with('v')) {
            let variant: usize = member.id[1..].parse()?;
            for evidence in member.evidence.iter().filter(|evidence| !evidence.with.starts_with('v')) {
                let with: usize = evidence.with.parse()?;
                own += usize::from(
                    with == originals[variant] || packages[with].source == packages[originals[variant]].source,
                );
                all += 1;
            }
        }
        println!("  evidence of a copy is of its own source package: {own} of {all}");
    }
    Ok(())
}

fn edited(texts: &[String], original: usize, (edit, share): (Edit, f64), random: &mut fastrand::Rng) -> String {
    let words: Vec<&str> = texts[original].split_whitespace().collect();
    let mut out: Vec<String> = Vec::with_capacity(words.len());
    let mut place = 0;
    while let Some(word) = words.get(place) {
        let hit = random.f64() < share;
        match edit {
            Edit::Keep if place as f64 >= share * words.len() as f64 => break,
            Edit::Delete if hit => {}
            Edit::Replace if hit => {
                let others: Vec<&str> = texts[random.usize(..texts.len())].split_whitespace().collect();
                out.extend(random.choice(others).map(str::to_owned));
            }
            Edit::Swap if hit && place + 1 < words.len() => {
                out.extend([words[place + 1].to_owned(), (*word).to_owned()]);
                place += 1;
            }
            _ => out.push((*word).to_owned()),
        }
        place += 1;
    }
    if matches!(edit, Edit::Add) {
        out.push(BOILERPLATE.to_owned());
    }
    out.join(" ")
}

/// Precision and recall of calling pairs duplicates that people graded, 4 and more of 5 (1 of 0/1) being the right ones.
pub(crate) fn paraphrases(path: &Path, thresholds: &[f32]) -> Outcome {
    let mut pairs: Vec<Pair> = lines(path)?;
    pairs.retain(|pair| !pair.a.trim().is_empty() && !pair.b.trim().is_empty());
    for threshold in thresholds {
        let options = DuplicateOptions::new().by(By::Text).text(*threshold);
        let mut counts: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
        for pair in &pairs {
            let right = pair.score >= if pair.scale == "0/1" { 1.0 } else { 4.0 };
            let called = alike(pair, &options)?;
            let [both, found, wanted] = counts.entry(&pair.scale).or_default();
            *both += usize::from(right && called);
            *found += usize::from(called);
            *wanted += usize::from(right);
        }
        for (scale, [both, found, wanted]) in counts {
            let share = |of: usize| both as f64 / of.max(1) as f64;
            println!("{threshold}, scale {scale}: precision {:.3}, recall {:.3}", share(found), share(wanted));
        }
    }
    Ok(())
}

/// Whether the texts of a pair are duplicates of each other.
fn alike(pair: &Pair, options: &DuplicateOptions) -> Outcome<bool> {
    // Words decide: a vector that says nothing spares encoding them.
    let index = Index::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new().external_vectors(1))?;
    index.put_with_vector(Note::new("a").text(&pair.a), &[1.0])?;
    index.put_with_vector(Note::new("b").text(&pair.b), &[1.0])?;
    index.commit()?;
    Ok(!index.duplicates(options, None, |_, _| ())?.clusters.is_empty())
}
