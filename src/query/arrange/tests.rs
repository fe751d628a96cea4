//! Arrangements against what their formulas say.

use super::*;
use std::time::Duration;

const DAY: i64 = 86_400_000;

fn days(count: u64) -> Duration {
    Duration::from_secs(count * 86_400)
}

fn alone(wanted: Arrangement, scores: &[f32]) -> Vec<usize> {
    let dates = vec![None; scores.len()];
    let hits = arranged(&wanted, (scores, &dates, 0), |_, _| 0.0, |_, _| 0.0);
    hits.iter().map(|hit| hit.place).collect()
}

#[test]
fn nothing_asked_nothing_changed() {
    assert_eq!(alone(Arrangement::default(), &[0.9, 0.5, 0.5, 0.1]), [0, 1, 2, 3]);
    assert_eq!(alone(Arrangement::default(), &[]), [0_usize; 0]);
    let hits = arranged(&Arrangement::default(), (&[0.9, 0.5], &[None, None], 0), |_, _| 1.0, |_, _| 1.0);
    assert_eq!(hits.iter().map(|hit| hit.score).collect::<Vec<_>>(), [0.9, 0.5]);
}

#[test]
fn every_curve_is_one_at_the_origin_a_half_at_the_scale_and_falls() {
    for curve in [Curve::Gauss, Curve::Exponential, Curve::Linear] {
        let decay = Decay::new(curve, days(30)).origin(100 * DAY);
        let factor = |day: i64| decay.factor(Some(day * DAY), 0);
        assert_eq!(factor(100), 1.0);
        assert!((factor(70) - 0.5).abs() < 1e-6 && (factor(130) - 0.5).abs() < 1e-6, "{curve:?}");
        assert!((0..100).all(|day| factor(day) <= factor(day + 1)), "{curve:?}");
        let mild = decay.grace(days(10)).floor(0.25);
        let mild = |day: i64| mild.factor(Some(day * DAY), 0);
        assert!(mild(90) == 1.0 && (mild(60) - 0.5).abs() < 1e-6 && mild(-10_000) == 0.25, "{curve:?}");
    }
    assert_eq!(Decay::linear(days(1)).factor(Some(0), 2 * DAY), 0.0);
    assert!((Decay::exponential(days(1)).factor(Some(0), 3 * DAY) - 0.125).abs() < 1e-6);
    assert!((Decay::gauss(days(1)).factor(Some(0), 2 * DAY) - 0.0625).abs() < 1e-6);
    assert_eq!(Decay::gauss(days(1)).factor(None, 0), 1.0);
    assert_eq!(Decay::gauss(days(1)).factor(Some(i64::MIN), i64::MAX), 0.0);
}

#[test]
fn a_decay_that_means_nothing_is_refused() {
    assert!(Decay::gauss(days(1)).floor(1.0).check().is_ok());
    for wrong in
        [Decay::gauss(Duration::ZERO), Decay::gauss(days(1)).floor(-0.1), Decay::gauss(days(1)).floor(f32::NAN)]
    {
        assert!(wrong.check().is_err(), "{wrong:?}");
    }
}

#[test]
fn new_notes_overtake_old_ones_that_match_a_little_better() {
    let wanted = Arrangement { decay: Some(Decay::exponential(days(30))), ..Arrangement::default() };
    let dates = [Some(0), Some(90 * DAY), None, Some(88 * DAY)];
    let hits = arranged(&wanted, (&[0.9, 0.8, 0.5, 0.4], &dates, 90 * DAY), |_, _| 0.0, |_, _| 0.0);
    assert_eq!(hits.iter().map(|hit| hit.place).collect::<Vec<_>>(), [1, 2, 0, 3]);
    assert!(
        (hits[0].score - 0.8).abs() < 1e-6 && (hits[2].score - 0.125).abs() < 1e-6 && hits[3].score == 0.0,
        "{hits:?}"
    );
}

#[test]
fn diversity_takes_turns_between_kinds_and_one_looks_at_nothing_else() {
    // Two kinds; hits of one kind are alike.
    let kinds = [0, 0, 0, 1, 1];
    let like = |one: usize, other: usize| if kinds[one] == kinds[other] { 0.9 } else { 0.1 };
    let scores = [1.0, 0.9, 0.8, 0.7, 0.6];
    let order = |diversity| {
        let hits =
            arranged(&Arrangement { diversity, ..Arrangement::default() }, (&scores, &[None; 5], 0), like, |_, _| 0.0);
        hits.iter().map(|hit| hit.place).collect::<Vec<_>>()
    };
    assert_eq!(order(0.0), [0, 1, 2, 3, 4]);
    assert_eq!(order(0.5), [0, 3, 1, 2, 4]);
    assert_eq!(order(1.0)[..2], [0, 3]);
}

/// The formula, with every likeness looked up anew.
fn naive_mmr(relevance: &[f32], diversity: f32, like: &[Vec<f32>]) -> Vec<usize> {
    let mut order: Vec<usize> = Vec::new();
    while order.len() < relevance.len() {
        let value = |hit: usize| {
            let nearest = order.iter().map(|known| like[*known][hit]).fold(0.0, f32::max);
            (1.0 - diversity) * relevance[hit] - diversity * nearest
        };
        let left = (0..relevance.len()).filter(|hit| !order.contains(hit));
        let best = left.rev().max_by(|one, other| value(*one).total_cmp(&value(*other))).unwrap();
        order.push(best);
    }
    order
}

#[test]
fn diversity_is_what_its_formula_says() {
    let mut random = fastrand::Rng::with_seed(4);
    for _ in 0..50 {
        let count = random.usize(1..20);
        let relevance: Vec<f32> = (0..count).map(|_| random.u8(0..10) as f32 / 10.0).collect();
        let like: Vec<Vec<f32>> = (0..count).map(|_| (0..count).map(|_| random.f32()).collect()).collect();
        let diversity = random.f32();
        let found = diversified(&relevance, diversity, |one, other| like[one][other]);
        assert_eq!(found, naive_mmr(&relevance, diversity, &like));
    }
}

#[test]
fn copies_fold_under_the_first_and_chains_do_not() {
    // Neighbours in this row of numbers are copies.
    let numbers = [10, 11, 12, 20, 10];
    let alike = |one: usize, other: usize| 1.0 - f32::from(numbers[one] as i8 - numbers[other] as i8).abs() / 10.0;
    let wanted = Arrangement { fold: Some(0.9), ..Arrangement::default() };
    let hits = arranged(&wanted, (&[5.0, 4.0, 3.0, 2.0, 1.0], &[None; 5], 0), |_, _| 0.0, alike);
    let folds: Vec<(usize, &[usize])> = hits.iter().map(|hit| (hit.place, hit.under.as_slice())).collect();
    assert_eq!(folds, [(0, &[1, 4][..]), (2, &[]), (3, &[])]);
    assert_eq!(hits[0].score, 5.0);
}
