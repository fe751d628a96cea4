//! What each way of ordering is worth on judged collections, and heads trained on some of them and tried on others.

use crate::Outcome;
use crate::data::{Entry, Judged as Set};
use crate::heads::{grid, trained};
use crate::quality::{discounted, interval, mean};
use clap::Args;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;
use uninote::disk::MemoryStorage;
use uninote::encode::from_dir;
use uninote::index::Judged;
use uninote::query::Fusion;
use uninote::rank::{Head, List};
use uninote::{Index, IndexOptions, Mode, Note, Query, SearchOptions};

const DEPTH: usize = 10;

#[derive(Args)]
pub(crate) struct RankingArguments {
    /// Collections to measure on, as folder:judgments
    #[arg(required = true)]
    sets: Vec<String>,
    /// Collections to learn from, as folder:judgments
    #[arg(long)]
    learn: Vec<String>,
    /// Queries taken from each at most
    #[arg(long, default_value_t = usize::MAX)]
    most: usize,
    /// Encoder from a model directory, instead of the one built in
    #[arg(long)]
    model: Option<PathBuf>,
    /// Features to read; all of them unless named
    #[arg(long, value_delimiter = ',')]
    pub(crate) features: Vec<String>,
    /// Features to leave out
    #[arg(long, value_delimiter = ',')]
    pub(crate) without: Vec<String>,
    /// Fits a weighted sum, its weights held close to that of the rule by this much
    #[arg(long)]
    pub(crate) ridge: Option<f64>,
    /// Lets heads see sizes of values, and what all candidates of a query share
    #[arg(long)]
    pub(crate) absolute: bool,
    /// Tunes the weighted sum with all weights free, at this learning rate
    #[arg(long)]
    pub(crate) tune: Option<f64>,
    /// Share of features taken away at random in stage 1
    #[arg(long, default_value_t = 0.05)]
    pub(crate) dropout: f64,
    /// Decay of weights in stage 1
    #[arg(long, default_value_t = 0.01)]
    pub(crate) decay: f64,
    /// Leash of stage 2
    #[arg(long, default_value_t = 0.01)]
    pub(crate) leash: f64,
    /// Learning rate of stage 2
    #[arg(long, default_value_t = 1e-3)]
    pub(crate) rate: f64,
    /// Seed
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Trains stage 2 with three settings and three seeds each, and prints what each adds and how its rewards went
    #[arg(long)]
    stage2: bool,
    /// Writes a head trained on everything there is to learn from
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Lists of one collection.
pub(crate) struct Lists {
    pub(crate) name: String,
    group: u32,
    pub(crate) lists: Vec<List>,
}

/// Measures and trains.
pub(crate) fn ranking(arguments: &RankingArguments) -> Outcome {
    let mut groups = BTreeMap::new();
    let mut indexes: BTreeMap<PathBuf, Index> = BTreeMap::new();
    let mut gather = |set: &String, measured: bool| -> Outcome<Lists> {
        let (folder, part) = set.rsplit_once(':').ok_or("write folder:judgments, such as scifact:train")?;
        let next = groups.len() as u32;
        let group = *groups.entry(folder.to_owned()).or_insert(next);
        let judged =
            if part == "titles" { Set::of_titles(Path::new(folder))? } else { Set::read(Path::new(folder), part)? };
        let index = match indexes.entry(PathBuf::from(if part == "titles" { set } else { folder })) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => new.insert(built(&judged, arguments.model.as_deref())?),
        };
        let queries = asked(&judged, arguments.most);
        if measured {
            modes(set, index, &queries)?;
        }
        let start = Instant::now();
        let lists = index.snapshot().lists(&queries, &[], group)?;
        let name = set.rsplit('/').next().unwrap_or(set).to_owned();
        println!("  {} lists in {:.1} s", lists.len(), start.elapsed().as_secs_f64());
        Ok(Lists { name, group, lists })
    };
    let measured = arguments.sets.iter().map(|set| gather(set, true)).collect::<Outcome<Vec<_>>>()?;
    let learned = arguments.learn.iter().map(|set| gather(set, false)).collect::<Outcome<Vec<_>>>()?;
    if learned.is_empty() {
        return Ok(());
    }
    for set in &measured {
        let others: Vec<List> =
            learned.iter().filter(|other| other.group != set.group).flat_map(|other| other.lists.clone()).collect();
        if others.iter().any(List::orders_differ) {
            if arguments.stage2 {
                grid(&others, set, arguments)?;
                continue;
            }
            let [first, second] = trained(&others, arguments)?;
            compare(&format!("{} after learning from the other collections", set.name), set, &first, &second)?;
        }
    }
    if arguments.stage2 {
        return Ok(());
    }
    let all: Vec<List> = learned.into_iter().flat_map(|set| set.lists).collect();
    let [first, second] = trained(&all, arguments)?;
    for set in &measured {
        compare(&format!("{} after learning from all", set.name), set, &first, &second)?;
    }
    if let Some(path) = &arguments.out {
        std::fs::write(path, second.to_bytes()?)?;
        println!("wrote {}: {} numbers", path.display(), second.parameters());
    }
    Ok(())
}

fn built(judged: &Set, model: Option<&Path>) -> Outcome<Index> {
    let options = match model {
        Some(directory) => IndexOptions::new().encoder(from_dir(directory)?),
        None => IndexOptions::new(),
    };
    let index = Index::create_in(Arc::new(MemoryStorage::new()), options)?;
    for document in &judged.documents {
        let note = Note::new(&document.id).title(&document.title).text(&document.text);
        if note.validate().is_ok() {
            index.add(note)?;
        }
    }
    index.commit()?;
    Ok(index)
}

/// The judged queries; one that is a document itself is not its own answer.
fn asked(judged: &Set, most: usize) -> Vec<Judged> {
    // Where queries and documents count from 1 each, an id says nothing.
    let documents: HashMap<&str, &Entry> =
        judged.documents.iter().map(|document| (document.id.as_str(), document)).collect();
    let with_grades = judged.queries.iter().filter_map(|query| Some((query, judged.grades.get(&query.id)?)));
    let asked = with_grades.map(|(query, grades)| {
        let grades = grades.iter().map(|(id, grade)| (id.clone(), (*grade).max(0) as f32));
        let words = || query.text.split_whitespace();
        let same = |own: &&&Entry| {
            let body = || own.text.split_whitespace();
            words().eq(body()) || words().eq(own.title.split_whitespace().chain(body()))
        };
        let own = documents.get(query.id.as_str()).filter(same);
        Judged::new(Query::text(&query.text).except(own.map(|_| query.id.clone())), grades)
    });
    let all: Vec<Judged> = asked.collect();
    let step = all.len().div_ceil(most).max(1);
    all.into_iter().step_by(step).collect()
}

/// nDCG@10 and time of each mode.
fn modes(set: &str, index: &Index, queries: &[Judged]) -> Outcome {
    println!("{set}: {} notes, {} queries", index.snapshot().len(), queries.len());
    let options = SearchOptions::new().k(DEPTH);
    for (name, options) in [
        ("vectors", options.clone().mode(Mode::Dense)),
        ("words", options.clone().mode(Mode::Lexical)),
        ("fused by ranks", options.clone().mode(Mode::Fused).fusion(Fusion::Ranks)),
        ("fused by scores", options.clone().mode(Mode::Fused)),
        ("ranked", options.clone().mode(Mode::Ranked)),
    ] {
        let (mut scores, mut times) = (Vec::new(), Vec::new());
        for Judged { query, grades, .. } in queries {
            let grade = |id: &str| grades.iter().find(|(known, _)| known == id).map_or(0.0, |(_, grade)| *grade);
            let start = Instant::now();
            let answer = index.search(query.clone(), &options)?;
            times.push(start.elapsed().as_secs_f64() * 1e6);
            let found: Vec<f32> = answer.hits.iter().map(|hit| grade(&hit.id)).collect();
            scores.push(ndcg(&found, grades.iter().map(|(_, grade)| *grade)));
        }
        times.sort_by(f64::total_cmp);
        let (low, high) = interval(&scores);
        let at = |share: f64| times[(times.len() as f64 * share) as usize];
        println!(
            "  {name}: nDCG@10 {:.4} [{low:.4}, {high:.4}], p50 {:.0} us, p99 {:.0} us",
            mean(&scores),
            at(0.5),
            at(0.99)
        );
    }
    Ok(())
}

fn ndcg(found: &[f32], all: impl Iterator<Item = f32>) -> f64 {
    let mut best: Vec<f32> = all.filter(|grade| *grade > 0.0).collect();
    best.sort_unstable_by(|left, right| right.total_cmp(left));
    let ideal = discounted(best.into_iter().take(DEPTH).map(f64::from));
    if ideal > 0.0 { discounted(found.iter().copied().take(DEPTH).map(f64::from)) / ideal } else { 0.0 }
}

/// Both stages beside the rule, on the lists of a collection.
fn compare(what: &str, set: &Lists, first: &Head, second: &Head) -> Outcome {
    let by_rule: Vec<f64> = set.lists.iter().map(|list| worth(list, &list.grades)).collect();
    let (first, second) = (worths(first, set)?, worths(second, set)?);
    println!(
        "{what}: rule {:.4}, stage 1 {:.4} ({}), stage 2 {:.4} ({} over stage 1)",
        mean(&by_rule),
        mean(&first),
        gain(&first, &by_rule),
        mean(&second),
        gain(&second, &first)
    );
    Ok(())
}

/// nDCG@10 of each list in the order of a head.
pub(crate) fn worths(head: &Head, set: &Lists) -> Outcome<Vec<f64>> {
    let one = |list: &List| -> Outcome<f64> {
        let scores = head.scores(&list.table)?;
        let mut order: Vec<usize> = (0..scores.len()).collect();
        order.sort_by(|left, right| scores[*right].total_cmp(&scores[*left]));
        let grades: Vec<f32> = order.iter().map(|candidate| list.grades[*candidate]).collect();
        Ok(worth(list, &grades))
    };
    set.lists.iter().map(one).collect()
}

/// The mean difference with its interval.
pub(crate) fn gain(new: &[f64], old: &[f64]) -> String {
    let gains: Vec<f64> = new.iter().zip(old).map(|(new, old)| new - old).collect();
    let (low, high) = interval(&gains);
    format!("{:+.4} [{low:+.4}, {high:+.4}]", mean(&gains))
}

fn worth(list: &List, ordered: &[f32]) -> f64 {
    ndcg(ordered, list.grades.iter().chain(&list.unretrieved).copied())
}
