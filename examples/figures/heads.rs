//! Heads trained as arguments say, and stage 2 with other settings and seeds.

use crate::Outcome;
use crate::ranking::{Lists, RankingArguments, gain, worths};
use std::time::Instant;
use uninote::rank::train::{Reinforced, Report, Split, Supervised, Weighing, reinforce, split, supervise, weigh};
use uninote::rank::{Head, List, Schema, Shape};

/// The share of lists that say when to stop.
const STOP: f64 = 0.2;

/// What a head is fitted to the rule with, of the features it may use.
const FREE: [&str; 3] = ["lexical", "dense", "lexical_share"];

/// A head after each stage.
pub(crate) fn trained(lists: &[List], arguments: &RankingArguments) -> Outcome<[Head; 2]> {
    let lists = telling(lists);
    let parts = split(&lists, STOP, arguments.seed);
    let clock = Instant::now();
    let first = first_stage(&lists, &parts, arguments)?;
    let settings = Reinforced {
        seed: arguments.seed,
        leash: arguments.leash,
        learning_rate: arguments.rate,
        ..Reinforced::default()
    };
    let (second, report) = reinforce(&first, &lists, &parts, &settings)?;
    println!("{} lists, stage 2 {}; {:.0} s", lists.len(), kept(&report), clock.elapsed().as_secs_f64());
    Ok([first, second])
}

/// Lists that have something to teach.
fn telling(lists: &[List]) -> Vec<List> {
    lists.iter().filter(|list| list.orders_differ()).cloned().collect()
}

/// A head after stage 1: a weighted sum close to the rule where a ridge is given, tuned from there where a rate is; else a network.
fn first_stage(lists: &[List], parts: &Split, arguments: &RankingArguments) -> Outcome<Head> {
    let schema = Schema::built_in();
    let wanted = |name: &&str| {
        (arguments.features.is_empty() || arguments.features.iter().any(|known| known == name))
            && !arguments.without.iter().any(|known| known == name)
    };
    let names = schema.features().iter().map(|feature| feature.name.as_str());
    let names: Vec<&str> = names.filter(wanted).collect();
    let start = Head::untrained(&schema, &names, Shape::default(), arguments.seed)?;
    let supervised = Supervised { seed: arguments.seed, ..Supervised::default() };
    let (start, settings) = match (arguments.ridge, arguments.tune) {
        (None, _) => (start, supervised),
        (Some(ridge), tune) => {
            let free = FREE.map(str::to_owned).to_vec();
            let weighing = Weighing { ridge, free, relative: !arguments.absolute, ..Weighing::default() };
            let sum = weigh(&start, lists, &weighing)?;
            let Some(learning_rate) = tune else { return Ok(sum) };
            let (feature_dropout, weight_decay) = (arguments.dropout, arguments.decay);
            (sum, Supervised { learning_rate, feature_dropout, weight_decay, ..supervised })
        }
    };
    let (head, report) = supervise(&start, lists, parts, &settings)?;
    println!("{} lists, stage 1 {}", lists.len(), kept(&report));
    Ok(head)
}

/// Which step of a training was kept, and its reward on lists held out.
fn kept(report: &Report) -> String {
    let held_out = report.best().map_or(0.0, |point| point.held_out);
    format!("kept step {} ({held_out:.4} held out)", report.kept)
}

/// Stage 2 from one stage 1, with three settings and three seeds each: what it adds on a collection that was left out, and the
/// rewards of its training.
pub(crate) fn grid(lists: &[List], set: &Lists, arguments: &RankingArguments) -> Outcome {
    let lists = telling(lists);
    let parts = split(&lists, STOP, arguments.seed);
    let first = first_stage(&lists, &parts, arguments)?;
    let before = worths(&first, set)?;
    println!("{}: stage 1 {:.4}", set.name, crate::quality::mean(&before));
    for (leash, learning_rate) in [(0.01, 1e-3), (0.1, 1e-3), (0.01, 3e-4)] {
        for seed in 1..=3 {
            let settings = Reinforced { seed, leash, learning_rate, ..Reinforced::default() };
            let (head, report) = reinforce(&first, &lists, &parts, &settings)?;
            let added = gain(&worths(&head, set)?, &before);
            println!("  leash {leash}, rate {learning_rate}, seed {seed}: {added}, {}", kept(&report));
            let points = report.curve.iter().step_by(report.curve.len().div_ceil(8).max(1));
            let points: Vec<String> =
                points.map(|point| format!("{}: {:.4} {:.4}", point.step, point.train, point.held_out)).collect();
            println!("    step: train, held out: {}", points.join(", "));
        }
    }
    Ok(())
}
