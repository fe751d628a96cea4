//! Filtered search at many selectivities: recall and time, beside comparing all matches and beside an unfiltered walk that
//! asks for more and leaves out what does not match.

use crate::Outcome;
use crate::data::vectors;
use crate::process::{median, on_this_thread};
use clap::Args;
use std::collections::HashSet;
use std::path::PathBuf;
use uninote::encode::builtin::Builtin;
use uninote::encode::{Encoder, Input, Part, Role};
use uninote::fields::Filter;
use uninote::index::Listing;
use uninote::{Index, IndexOptions, Note, Query, SearchOptions, Snapshot};

/// Neighbours asked for.
const K: usize = 10;
/// Recall asked for.
const RECALL: f32 = 0.99;

#[derive(Args)]
pub(crate) struct FilterArguments {
    /// Vectors (.npy, f16 or f32)
    #[arg(long)]
    vectors: PathBuf,
    /// Query vectors (.npy)
    #[arg(long)]
    queries: PathBuf,
    /// Where the index is made, or was made by this command
    #[arg(long)]
    index: PathBuf,
    /// Queries of each line
    #[arg(long, default_value_t = 100)]
    count: usize,
    /// Passes to take medians of
    #[arg(long, default_value_t = 5)]
    passes: usize,
    /// Shares of the notes that filters let through, in parts of ten thousand
    #[arg(long, value_delimiter = ',', default_value = "5000,2000,1000,400,100,10,1")]
    shares: Vec<usize>,
}

/// Fields: `any` is a random order of the notes, `near` the order of their similarity to one of them.
fn make(arguments: &FilterArguments, rows: &[&[f32]], anchor: &[f32]) -> Outcome<Index> {
    let width = anchor.len();
    let mut any: Vec<usize> = (0..rows.len()).collect();
    fastrand::Rng::with_seed(3).shuffle(&mut any);
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|left, right| dot(rows[*right], anchor).total_cmp(&dot(rows[*left], anchor)));
    let mut near = vec![0; rows.len()];
    order.iter().enumerate().for_each(|(place, row)| near[*row] = place);
    let index = Index::create_with(&arguments.index, IndexOptions::new().external_vectors(width))?;
    for (row, vector) in rows.iter().enumerate() {
        let note = Note::new(row.to_string()).title(format!("row {row}"));
        index.put_with_vector(note.field("any", any[row] as i64).field("near", near[row] as i64), vector)?;
    }
    index.compact(None)?;
    Ok(index)
}

fn dot(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
}

#[derive(Args)]
pub(crate) struct FieldArguments {
    /// An index of real notes, made with the encoder inside
    #[arg(long)]
    index: PathBuf,
    /// Queries, one a line
    #[arg(long)]
    queries: PathBuf,
    /// Filters; may be given several times
    #[arg(long, required = true)]
    filter: Vec<Filter>,
    /// Passes to take medians of
    #[arg(long, default_value_t = 5)]
    passes: usize,
}

/// Prints the table of filters on real fields.
pub(crate) fn fields(arguments: &FieldArguments) -> Outcome {
    let text = std::fs::read_to_string(&arguments.queries)?;
    let lines: Vec<[Part<'_>; 1]> = text.lines().map(|line| [Part::Text(line)]).collect();
    let inputs: Vec<Input<'_>> = lines.iter().map(|parts| Input { parts }).collect();
    let vectors = Builtin::shared().encode(Role::Query, &inputs)?;
    let queries: Vec<&[f32]> = vectors.iter().collect();
    let snapshot = Index::open(&arguments.index)?.snapshot();
    println!("| filter | let through | recall@10 | filtered | all matches | asking for more | ratio |");
    println!("|---|---|---|---|---|---|---|");
    for filter in &arguments.filter {
        let matches = snapshot.count(filter)?;
        let share = 100.0 * matches as f64 / snapshot.len() as f64;
        println!(
            "| `{filter}` | {share:.2} % ({matches}) | {} |",
            line(&snapshot, &queries, filter, arguments.passes)?
        );
    }
    Ok(())
}

/// Prints the table.
pub(crate) fn filters(arguments: &FilterArguments) -> Outcome {
    let (base, queries) = (vectors(&arguments.vectors)?, vectors(&arguments.queries)?);
    let rows: Vec<&[f32]> = base.rows().collect();
    let anchor = rows[rows.len() / 3];
    let index = if arguments.index.exists() { Index::open(&arguments.index)? } else { make(arguments, &rows, anchor)? };
    let snapshot = index.snapshot();
    let mut asked: Vec<&[f32]> = queries.rows().collect();
    asked.sort_by(|left, right| dot(right, anchor).total_cmp(&dot(left, anchor)));
    let count = arguments.count.min(asked.len() / 3);
    let any: Vec<&[f32]> = asked.iter().step_by((asked.len() / count).max(1)).copied().collect();
    let kinds = [
        ("independent", "any", any),
        ("with", "near", asked[..count].to_vec()),
        ("against", "near", asked[asked.len() - count..].to_vec()),
    ];
    println!("| filter and query | let through | recall@10 | filtered | all matches | asking for more | ratio |");
    println!("|---|---|---|---|---|---|---|");
    for (kind, field, queries) in &kinds {
        for share in &arguments.shares {
            let matches = (rows.len() * share).div_ceil(10_000);
            let filter = Filter::parse(&format!("{field} < {matches}"))?;
            let line = line(&snapshot, queries, &filter, arguments.passes)?;
            println!("| {kind} | {} % ({matches}) | {line} |", *share as f64 / 100.0);
        }
    }
    Ok(())
}

type Ids = HashSet<String>;

fn ids(snapshot: &Snapshot, query: &[f32], options: &SearchOptions) -> Outcome<Vec<String>> {
    let answer = snapshot.search(Query::vector(query), options)?;
    Ok(answer.hits.into_iter().map(|hit| hit.id).collect())
}

/// Time of a pass over all queries, in microseconds a query, and what was found.
fn timed(queries: &[&[f32]], mut ask: impl FnMut(&[f32]) -> Outcome<Ids>) -> Outcome<(f64, Vec<Ids>)> {
    let (found, time) = on_this_thread(|| queries.iter().map(|query| ask(query)).collect::<Outcome<Vec<_>>>());
    Ok((time.as_secs_f64() * 1e6 / queries.len() as f64, found?))
}

fn recall(found: &[Ids], truth: &[Ids]) -> f64 {
    let right: usize = found.iter().zip(truth).map(|(found, truth)| found.intersection(truth).count()).sum();
    right as f64 / truth.iter().map(HashSet::len).sum::<usize>() as f64
}

fn line(snapshot: &Snapshot, queries: &[&[f32]], filter: &Filter, passes: usize) -> Outcome<String> {
    let options = SearchOptions::new().k(K).filter(filter.clone());
    let (walk, scan) = (options.clone().recall(RECALL), options.recall(1.0));
    let mut listing = Listing::default();
    (listing.filter, listing.take) = (Some(filter.clone()), usize::MAX);
    let through: Ids = snapshot.list(&listing)?.into_iter().map(|note| note.id).collect();
    let filtered = |options: &SearchOptions| {
        timed(queries, |query| Ok(ids(snapshot, query, options)?.into_iter().collect::<Ids>()))
    };
    let (_, truth) = filtered(&scan)?;
    // How many hits without a filter hold as much of the truth as the filtered search found.
    let (_, ours) = filtered(&walk)?;
    let wanted = recall(&ours, &truth).min(f64::from(RECALL));
    let more = |k: usize| {
        let options = SearchOptions::new().k(k).recall(RECALL);
        timed(queries, |query| {
            let matching = ids(snapshot, query, &options)?.into_iter().filter(|id| through.contains(id));
            Ok(matching.take(K).collect())
        })
    };
    let mut k = 2 * K;
    while k < snapshot.len() && recall(&more(k)?.1, &truth) < wanted {
        k *= 2;
    }
    let mut times = [Vec::new(), Vec::new(), Vec::new()];
    for _ in 0..passes {
        // Each after a pass that warms the caches: what comes after all of an index has been read is slower.
        filtered(&walk)?;
        times[0].push(filtered(&walk)?.0);
        filtered(&scan)?;
        times[1].push(filtered(&scan)?.0);
        times[2].push(more(k)?.0);
    }
    let [walk, scan, more] = times.map(median);
    let ratio = walk / scan.min(more);
    Ok(format!("{:.4} | {walk:.0} µs | {scan:.0} µs | {more:.0} µs (k {k}) | {ratio:.2}", recall(&ours, &truth)))
}
