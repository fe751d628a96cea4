//! Training on made-up collections whose best order is known.

use super::super::made::{list, random_head, schema, table, untrained};
use super::super::random::Random;
use super::super::{Head, List, RankError, Shape, Table};
use super::batch::{Batch, Layout, Prepared};
use super::network::Network;
use super::*;
use crate::measure;

#[path = "tests/stages.rs"]
mod stages;
#[path = "tests/weighing.rs"]
mod weighing;

const SMALL: Shape = Shape { first: 16, second: 8 };

/// Lists of one collection: usefulness is a bent function of three features and some chance; a fifth is of use.
fn bent(seed: u64, count: usize, group: u32) -> Vec<List> {
    let mut random = Random::new(seed, 90);
    (0..count)
        .map(|_| {
            let table = table(&mut random, 30, 4);
            let known = |value: f32| if value.is_nan() { -0.5 } else { value };
            list(table, group, |row| {
                let worth = known(row[0]) + known(row[1]) * known(row[0]).max(0.0) - known(row[2]).abs();
                ((worth + 0.5 * random.normal() as f32 - 0.2).max(0.0) * 2.0).floor().min(3.0)
            })
        })
        .collect()
}

/// Mean nDCG@10 of the order by `scores`, by the room that measures.
fn ndcg(lists: &[List], numbers: &[usize], scores: impl Fn(&List) -> Vec<f32>) -> Vec<f64> {
    let value = |number: &usize| {
        let list = &lists[*number];
        let scores: Vec<f64> = scores(list).into_iter().map(f64::from).collect();
        let ranked: Vec<f32> = reward::order_by(&scores).into_iter().map(|candidate| list.grades[candidate]).collect();
        let all = [list.grades.clone(), list.unretrieved.clone()].concat();
        measure::ndcg(&ranked, &all, 10)
    };
    numbers.iter().map(value).collect()
}

fn by_head(head: &Head) -> impl Fn(&List) -> Vec<f32> + '_ {
    |list| head.scores(&list.table).unwrap()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn quick() -> Supervised {
    Supervised { steps: 300, every: 25, batch: 16, ..Supervised::default() }
}

#[test]
fn tensors_and_loops_give_the_same_scores() {
    let schema = schema(5);
    for seed in 0..5 {
        let head = random_head(&schema, seed);
        let mut random = Random::new(seed, 1);
        let tables: Vec<Table> = [1, 100, 37].map(|rows| table(&mut random, rows, 5)).into();
        let prepared: Vec<Prepared> = tables.iter().map(|table| Prepared::of(&head.inputs(table).unwrap())).collect();
        let batch = Batch::of(prepared.iter(), &Layout::of(head.reading()), None).unwrap();
        let found = Network::of(head.weights()).unwrap().lists(&batch).unwrap();
        for (table, found) in tables.iter().zip(found) {
            for (score, found) in head.scores(table).unwrap().iter().zip(found) {
                assert!((f64::from(*score) - found).abs() < 1e-4 * (1.0 + found.abs()), "{score} {found}");
            }
        }
    }
}

#[test]
fn both_stages_end_with_the_step_in_which_they_are_cancelled() {
    let (lists, start) = (bent(1, 60, 0), untrained(&schema(4), SMALL, 1));
    let split = split(&lists, 0.3, 1);
    let asked = std::cell::Cell::new(0);
    let cancelled = || asked.replace(asked.get() + 1) >= 30;
    let last = |report: Report| report.curve.last().map(|point| point.step);
    let (_, report) = supervise_until(&start, (&lists, &split), &quick(), &cancelled).unwrap();
    assert_eq!((last(report), asked.replace(0)), (Some(25), 31));
    let settings = Reinforced { every: 10, ..Reinforced::default() };
    let (_, report) = reinforce_until(&start, (&lists, &split), &settings, &cancelled).unwrap();
    assert_eq!((last(report), asked.get()), (Some(20), 31));
}

#[test]
fn stage_1_finds_an_order_that_no_single_feature_gives() {
    let lists = bent(1, 300, 0);
    let split = split(&lists, 0.3, 1);
    let (head, report) = supervise(&untrained(&schema(4), SMALL, 1), &lists, &split, &quick()).unwrap();
    let held_out = |scores: &dyn Fn(&List) -> Vec<f32>| mean(&ndcg(&lists, &split.held_out, scores));
    let learned = held_out(&by_head(&head));
    let best = held_out(&|list| list.table.rows().map(|row| if row[0].is_nan() { -9.0 } else { row[0] }).collect());
    assert!(learned > best + 0.1, "learned {learned}, the best feature alone {best}");
    let kept = report.best().unwrap();
    assert!((kept.held_out - learned).abs() < 1e-3, "{} reported, {learned} measured", kept.held_out);
    assert!(report.curve.iter().all(|point| point.held_out <= kept.held_out));
    assert!(report.curve[0].step == 0 && report.curve[0].held_out < kept.held_out);
}

#[test]
fn the_lambda_loss_learns_too() {
    let lists = bent(2, 200, 0);
    let split = split(&lists, 0.3, 1);
    let settings = Supervised { loss: Loss::Lambda, ..quick() };
    let (_, report) = supervise(&untrained(&schema(4), SMALL, 1), &lists, &split, &settings).unwrap();
    assert!(report.best().unwrap().held_out > report.curve[0].held_out + 0.2, "{:?}", report.curve);
}

#[test]
fn the_same_seed_gives_the_same_head_and_another_one_another() {
    let lists = bent(3, 40, 0);
    let split = split(&lists, 0.3, 1);
    let start = untrained(&schema(4), SMALL, 1);
    let run = |seed| {
        let first = Supervised { steps: 20, every: 10, seed, ..quick() };
        let second = Reinforced { steps: 10, every: 5, batch: 8, samples: 4, seed, ..Reinforced::default() };
        let (head, _) = supervise(&start, &lists, &split, &first).unwrap();
        reinforce(&head, &lists, &split, &second).unwrap().0.to_bytes().unwrap()
    };
    assert_eq!(run(7), run(7));
    assert_ne!(run(7), run(8));
}

#[test]
fn a_teacher_alone_is_followed() {
    let mut lists = bent(4, 150, 0);
    for list in &mut lists {
        list.teacher = Some(list.grades.iter().map(|grade| 2.0 * grade).collect());
    }
    let judged = lists.clone();
    // One judged list is needed so that there is something to stop by.
    lists.iter_mut().skip(1).for_each(|list| list.grades.fill(0.0));
    let split = Split { train: (0..150).collect(), held_out: Vec::new() };
    let start = untrained(&schema(4), SMALL, 1);
    let settings = Supervised { steps: 200, every: 200, ..quick() };
    let (head, _) = supervise(&start, &lists, &split, &settings).unwrap();
    let untaught = mean(&ndcg(&judged, &split.train, by_head(&start)));
    let taught = mean(&ndcg(&judged, &split.train, by_head(&head)));
    assert!(taught > untaught + 0.2, "{taught} with a teacher, {untaught} untrained");
}

#[test]
fn collections_take_turns_whatever_their_sizes() {
    let lists = [bent(5, 90, 3), bent(6, 10, 8)].concat();
    let split = Split { train: (0..100).collect(), held_out: Vec::new() };
    let head = untrained(&schema(4), SMALL, 1);
    let pace = course::Pace { steps: 1, every: 1, patience: 1, batch: 40, rate: 0.1 };
    let mut course = course::Course::new(&head, &lists, &split, pace, Reward::default(), 1).unwrap();
    let numbers = course.next();
    assert_eq!(numbers.iter().filter(|number| **number >= 90).count(), 20);
    let mut first: Vec<usize> = numbers.into_iter().filter(|number| *number < 90).collect();
    first.sort_unstable();
    first.dedup();
    assert_eq!(first.len(), 20, "no list comes again before all others did");
}

#[test]
fn held_out_lists_are_not_learned_from() {
    let lists = bent(7, 60, 0);
    let split = split(&lists, 0.5, 1);
    let mut other = lists.clone();
    split.held_out.iter().for_each(|&number| other[number].grades.reverse());
    let start = untrained(&schema(4), SMALL, 1);
    let settings = Supervised { steps: 30, every: 10, patience: 100, ..quick() };
    let curve = |lists: &[List]| -> Vec<(f64, f64)> {
        let (_, report) = supervise(&start, lists, &split, &settings).unwrap();
        report.curve.iter().map(|point| (point.loss, point.train)).collect()
    };
    assert_eq!(curve(&lists), curve(&other));
}

#[test]
fn a_head_says_how_it_was_made() {
    let lists = bent(8, 30, 0);
    let split = split(&lists, 0.3, 1);
    let settings = Supervised { steps: 5, every: 5, seed: 99, ..quick() };
    let (head, report) = supervise(&untrained(&schema(4), SMALL, 1), &lists, &split, &settings).unwrap();
    let (head, _) = reinforce(&head, &lists, &split, &Reinforced { steps: 2, ..Reinforced::default() }).unwrap();
    let [first, second] = &head.about().stages[..] else { panic!("{:?}", head.about()) };
    assert!(first.contains("\"seed\":99") && first.contains("\"supervised\""), "{first}");
    assert!(second.contains("\"reinforced\"") && second.contains("\"lists\":[21,9]"), "{second}");
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap().split, split);
}

#[test]
fn lists_and_settings_that_make_no_sense_are_refused() {
    let lists = bent(9, 10, 0);
    let start = untrained(&schema(4), SMALL, 1);
    let split = split(&lists, 0.3, 1);
    let refused = |lists: &[List], settings: Supervised| supervise(&start, lists, &split, &settings).unwrap_err();
    let changed = |change: fn(&mut List)| {
        let mut lists = lists.clone();
        change(&mut lists[4]);
        refused(&lists, quick())
    };
    assert!(matches!(changed(|list| list.grades.push(0.0)), RankError::List { number: 4, .. }));
    assert!(matches!(changed(|list| list.grades[0] = f32::NAN), RankError::List { number: 4, .. }));
    assert!(matches!(changed(|list| list.grades[0] = -1.0), RankError::List { number: 4, .. }));
    assert!(matches!(changed(|list| list.teacher = Some(vec![1.0])), RankError::List { number: 4, .. }));
    assert!(matches!(
        changed(|list| list.table = Table::with_capacity(3, 0)),
        RankError::Width { expected: 4, got: 3 }
    ));
    let mut useless = lists.clone();
    useless.iter_mut().for_each(|list| list.grades.fill(1.0));
    assert_eq!(refused(&useless, quick()), RankError::NothingToLearn { lists: 10 });
    for settings in [
        Supervised { steps: 0, ..quick() },
        Supervised { batch: 0, ..quick() },
        Supervised { learning_rate: f64::NAN, ..quick() },
        Supervised { teacher_temperature: 0.0, ..quick() },
        Supervised { reward: Reward::Ndcg { places: 0 }, ..quick() },
    ] {
        assert!(matches!(refused(&lists, settings), RankError::Setting { .. }));
    }
    let alone = Reinforced { samples: 1, ..Reinforced::default() };
    assert!(matches!(reinforce(&start, &lists, &split, &alone), Err(RankError::Setting { setting: "samples", .. })));
}
