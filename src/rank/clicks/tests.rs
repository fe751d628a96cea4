//! Click logs made by somebody whose habits are known: what is estimated, and what training learns from them.

use super::super::made::{schema, table, untrained};
use super::super::random::Random;
use super::super::train::{Split, Supervised, supervise};
use super::super::{List, Shape, Table};
use super::*;
use crate::measure;

const SHOWN: usize = 20;

/// Somebody who looks at a place with the probability of `habit` and then chooses what is of use.
fn log(
    habit: Propensity,
    shown: Vec<usize>,
    useful: impl Fn(usize) -> f64,
    query: u64,
    random: &mut Random,
) -> Event<usize> {
    let looks = |(place, id): (usize, &usize)| {
        (random.unit() < habit.looked_at(place) && random.unit() < useful(*id)).then_some(*id)
    };
    let chosen = shown.iter().enumerate().filter_map(looks).collect();
    Event { query, shown, chosen }
}

#[test]
fn choices_further_down_count_more_up_to_a_limit() {
    let event = Event { query: 0, shown: vec!["a", "b", "c", "d"], chosen: vec!["d", "a", "x"] };
    assert_eq!(Propensity::default().grades(&event), [1.0, 0.0, 0.0, 4.0]);
    assert_eq!(Propensity { power: 1.0, greatest: 3.0 }.grades(&event), [1.0, 0.0, 0.0, 3.0]);
    assert_eq!(Propensity { power: 0.0, greatest: 3.0 }.grades(&event), [1.0, 0.0, 0.0, 1.0]);
    for wrong in [(f64::NAN, 5.0), (-1.0, 5.0), (1.0, 0.5), (1.0, f64::INFINITY)] {
        assert!(Propensity { power: wrong.0, greatest: wrong.1 }.check().is_err(), "{wrong:?}");
    }
    assert!(Propensity::default().check().is_ok());
}

#[test]
fn weights_make_up_for_what_was_not_looked_at() {
    let habit = Propensity { power: 1.0, greatest: 1e6 };
    let mut random = Random::new(1, 1);
    let mut sums = [0.0_f64; SHOWN];
    for _ in 0..20_000 {
        let event = log(habit, (0..SHOWN).collect(), |_| 0.5, 0, &mut random);
        sums.iter_mut().zip(habit.grades(&event)).for_each(|(sum, grade)| *sum += f64::from(grade) / 20_000.0);
    }
    assert!(sums.iter().all(|mean| (mean - 0.5).abs() < 0.06), "each place is worth a half: {sums:?}");
}

#[test]
fn the_power_is_found_from_shuffled_showings_only() {
    for power in [0.0, 0.7, 1.5] {
        let habit = Propensity { power, greatest: 10.0 };
        let mut random = Random::new(2, 2);
        let mut events = Vec::new();
        for query in 0..400 {
            let useful = |id: usize| ((id * 7 + query as usize) % 10) as f64 / 10.0;
            for _ in 0..10 {
                let mut shown: Vec<usize> = (0..SHOWN).collect();
                // Small changes of the order, as new notes or another head bring them.
                (0..6).for_each(|_| {
                    let place = random.below(SHOWN - 1);
                    shown.swap(place, place + 1);
                });
                events.push(log(habit, shown, useful, query, &mut random));
            }
        }
        let found = Propensity::estimate(&events, 10.0).unwrap();
        assert!((found.power - power).abs() < 0.15, "{} instead of {power}", found.power);
    }
    let always_alike: Vec<_> = (0..500)
        .map(|query| log(Propensity::default(), vec![1, 2, 3], |_| 0.9, query, &mut Random::new(query, 3)))
        .collect();
    assert_eq!(Propensity::estimate(&always_alike, 10.0), None);
}

#[test]
fn corrected_training_finds_the_true_order_better_than_naive() {
    // The first feature says what a note is worth, the second is what the answers were ordered by until now, which says
    // little. Somebody who seldom looks far down makes the second look like the reason of choices.
    let habit = Propensity { power: 1.0, greatest: 1e6 };
    let mut random = Random::new(4, 4);
    let (mut naive, mut corrected, mut truth) = (Vec::new(), Vec::new(), Vec::new());
    for query in 0..1500 {
        let all = table(&mut random, SHOWN, 2);
        let known = |value: f32| if value.is_nan() { 0.0 } else { value };
        let mut order: Vec<usize> = (0..SHOWN).collect();
        let row = |id: usize| all.row(id).unwrap();
        order.sort_by(|left, right| known(row(*right)[1]).total_cmp(&known(row(*left)[1])));
        let worth = |id: usize| f64::from((known(row(id)[0]) * 0.2 + 0.3).clamp(0.02, 0.9));
        let event = log(habit, order.clone(), worth, query, &mut random);
        let mut table = Table::with_capacity(2, SHOWN);
        order.iter().for_each(|&id| table.push(row(id)).unwrap());
        let list = |grades| List { table: table.clone(), grades, unretrieved: Vec::new(), teacher: None, group: 0 };
        naive.push(list(Propensity { power: 0.0, ..Propensity::default() }.grades(&event)));
        corrected.push(list(Propensity { power: 1.0, greatest: 20.0 }.grades(&event)));
        truth.push(list(order.iter().map(|&id| worth(id) as f32).collect()));
    }
    let split = Split { train: (0..1200).collect(), held_out: Vec::new() };
    let start = untrained(&schema(2), Shape { first: 8, second: 4 }, 1);
    let settings = Supervised { steps: 300, every: 300, feature_dropout: 0.0, ..Supervised::default() };
    let [naive, corrected] = [naive, corrected].map(|lists| {
        let (head, _) = supervise(&start, &lists, &split, &settings).unwrap();
        let value = |list: &List| {
            let scores = head.scores(&list.table).unwrap();
            let mut order: Vec<usize> = (0..SHOWN).collect();
            order.sort_by(|left, right| scores[*right].total_cmp(&scores[*left]));
            let ranked: Vec<f32> = order.into_iter().map(|candidate| list.grades[candidate]).collect();
            measure::ndcg(&ranked, &list.grades, 10)
        };
        truth[1200..].iter().map(value).collect::<Vec<f64>>()
    });
    let gain = measure::paired(&corrected, &naive, 1).unwrap();
    assert!(gain.low > 0.0, "{gain:?}");
}
