//! Weighted sums held close to the order they start from.

use super::super::super::made::{list, names, schema, table, untrained};
use super::super::super::random::Random;
use super::super::{Weighing, weigh};
use super::{SMALL, by_head, mean, ndcg};
use crate::rank::{Head, List, RankError};

/// Lists in which the first feature says much, the second more, the third the opposite; the fourth says nothing.
fn lists(seed: u64) -> Vec<List> {
    let mut random = Random::new(seed, 70);
    let known = |value: f32| if value.is_nan() { 0.0 } else { value };
    let one = |random: &mut Random| {
        let table = table(random, 30, 4);
        list(table, 0, |row| f32::from(known(row[0]) + 2.0 * known(row[1]) - known(row[2]) > 3.0))
    };
    (0..120).map(|_| one(&mut random)).collect()
}

fn settings(ridge: f64, free: &[&str]) -> Weighing {
    let free = free.iter().map(|name| (*name).to_owned()).collect();
    Weighing { base: "made0".to_owned(), free, ridge, relative: true }
}

fn fitted(lists: &[List], settings: &Weighing) -> Head {
    weigh(&untrained(&schema(4), SMALL, 1), lists, settings).unwrap()
}

#[test]
fn a_strong_ridge_leaves_the_order_of_the_base() {
    let lists = lists(1);
    let head = fitted(&lists, &settings(1e6, &[]));
    for list in &lists {
        let scores = head.scores(&list.table).unwrap();
        let rows: Vec<&[f32]> = list.table.rows().collect();
        for (left, left_score) in rows.iter().zip(&scores) {
            for (right, right_score) in rows.iter().zip(&scores) {
                assert!(!(left[0] > right[0] + 1e-3 && left_score < right_score), "{left:?} {right:?}");
            }
        }
    }
}

#[test]
fn what_helps_is_found_and_what_should_help_is_never_held_against_a_note() {
    let (learned, unseen) = (lists(1), lists(2));
    let all: Vec<usize> = (0..unseen.len()).collect();
    let worth = |head: &Head| mean(&ndcg(&unseen, &all, by_head(head)));
    let base = worth(&fitted(&learned, &settings(1e6, &[])));
    let bound = worth(&fitted(&learned, &settings(0.01, &[])));
    let free = worth(&fitted(&learned, &settings(0.01, &["made2"])));
    assert!(bound > base + 0.1 && free > bound + 0.02, "{base} {bound} {free}");
    let weights = fitted(&learned, &settings(0.01, &[])).weights().skip.clone();
    assert!(weights.iter().all(|weight| *weight >= 0.0), "{weights:?}");
}

#[test]
fn a_relative_head_does_not_see_what_all_candidates_share() {
    let learned = lists(1);
    let head = fitted(&learned, &settings(0.01, &[]));
    let mut random = Random::new(9, 9);
    let plain = table(&mut random, 20, 4);
    let mut raised = crate::rank::Table::with_capacity(4, 20);
    // The first feature of a made schema is read as it is: raising all its values changes no difference.
    plain.rows().for_each(|row| raised.push(&[row[0] + 7.0, row[1], row[2], row[3]]).unwrap());
    let (before, after) = (head.scores(&plain).unwrap(), head.scores(&raised).unwrap());
    assert!(before.iter().zip(&after).all(|(before, after)| (before - after).abs() < 1e-3), "{before:?} {after:?}");
}

#[test]
fn an_unknown_base_is_refused_by_name() {
    let head = untrained(&schema(4), SMALL, 1);
    let wrong = Weighing { base: "nothing".to_owned(), ..settings(0.1, &[]) };
    assert!(
        matches!(weigh(&head, &lists(1), &wrong), Err(RankError::UnknownFeature { name, .. }) if name == "nothing")
    );
    assert_eq!(names(&schema(4)).len(), 4);
}
