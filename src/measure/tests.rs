//! Measures against values worked out by hand, and intervals against what is known of them.

use super::*;

fn close(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12, "found {found}, expected {expected}");
}

#[test]
fn ndcg_by_hand() {
    // Returned: grades 1, 0, 3; the other note of grade 2 was not found.
    let found = 1.0 / 2_f64.log2() + 3.0 / 4_f64.log2();
    let ideal = 3.0 / 2_f64.log2() + 2.0 / 3_f64.log2() + 1.0 / 4_f64.log2();
    close(ndcg(&[1.0, 0.0, 3.0], &[3.0, 1.0, 0.0, 2.0], 10), found / ideal);
    close(ndcg(&[1.0, 0.0, 3.0], &[3.0, 1.0, 0.0, 2.0], 1), 1.0 / 3.0);
    close(ndcg(&[3.0, 2.0, 1.0], &[1.0, 3.0, 2.0], 3), 1.0);
}

#[test]
fn the_other_measures_by_hand() {
    let (ranked, all) = ([0.0, 2.0, 0.0, 1.0], [1.0, 0.0, 2.0, 1.0]);
    close(reciprocal_rank(&ranked, 10), 0.5);
    close(reciprocal_rank(&ranked, 1), 0.0);
    close(recall(&ranked, &all, 10), 2.0 / 3.0);
    close(recall(&ranked, &all, 2), 1.0 / 3.0);
    close(precision(&ranked, 10), 0.2);
    close(precision(&ranked, 2), 0.5);
    close(average_precision(&ranked, &all), (0.5 + 0.5) / 3.0);
}

#[test]
fn nothing_relevant_and_nothing_returned_are_zero() {
    for (ranked, all) in [(&[0.0, -1.0][..], &[0.0, -1.0][..]), (&[], &[1.0]), (&[], &[])] {
        for k in [0, 1, 10] {
            close(ndcg(ranked, all, k), 0.0);
            close(reciprocal_rank(ranked, k), 0.0);
            close(recall(ranked, all, k), 0.0);
            close(precision(ranked, k), 0.0);
        }
        close(average_precision(ranked, all), 0.0);
    }
}

#[test]
fn grades_below_zero_count_as_zero() {
    close(ndcg(&[-2.0, 1.0], &[1.0, -2.0], 10), ndcg(&[0.0, 1.0], &[1.0], 10));
}

#[test]
fn no_values_no_interval() {
    assert_eq!(bootstrap(&[], 0), None);
    assert_eq!(bootstrap(&[1.0, f64::NAN], 0), None);
    assert_eq!(paired(&[1.0], &[1.0, 2.0], 0), None);
}

#[test]
fn the_same_seed_gives_the_same_interval() {
    let values: Vec<f64> = (0..50).map(|number| f64::from(number).sqrt()).collect();
    assert_eq!(bootstrap(&values, 3), bootstrap(&values, 3));
    assert_ne!(bootstrap(&values, 3), bootstrap(&values, 4));
}

#[test]
fn an_interval_of_shares_is_near_the_normal_one() {
    // 400 queries, 100 of them answered: the mean's standard error is sqrt(.25 * .75 / 400).
    let values: Vec<f64> = (0..400).map(|number| f64::from(u8::from(number % 4 == 0))).collect();
    let interval = bootstrap(&values, 0).unwrap();
    let half = 1.96 * (0.25_f64 * 0.75 / 400.0).sqrt();
    close(interval.mean, 0.25);
    assert!((interval.low - (0.25 - half)).abs() < 0.004, "{interval:?}, expected ± {half}");
    assert!((interval.high - (0.25 + half)).abs() < 0.004, "{interval:?}, expected ± {half}");
}

#[test]
fn a_pair_sees_what_two_means_do_not() {
    // Very different queries; the second system is a little better on each of them.
    let easy: Vec<f64> = (0..100).map(|number| f64::from(number % 10) / 10.0).collect();
    let better: Vec<f64> = easy.iter().enumerate().map(|(number, value)| value + [0.01, 0.03][number % 2]).collect();
    let (first, second) = (bootstrap(&easy, 0).unwrap(), bootstrap(&better, 0).unwrap());
    assert!(second.low < first.high, "alone, the two overlap: {first:?} {second:?}");
    let gain = paired(&better, &easy, 0).unwrap();
    close((gain.mean * 1e9).round() / 1e9, 0.02);
    assert!(gain.excludes_zero() && gain.low > 0.017 && gain.high < 0.023, "{gain:?}");
    assert!(paired(&easy, &better, 0).unwrap().excludes_zero());
    assert_eq!(paired(&easy, &easy, 0), Some(Interval::default()));
    assert!(!paired(&easy, &easy, 0).unwrap().excludes_zero());
}

#[test]
fn intervals_cover_the_truth_about_nineteen_times_of_twenty() {
    // Samples of 60 from a skewed distribution with a known mean: u^2 with u even in [0, 1) has the mean 1/3.
    let samples = 400_u64;
    let mut random = fastrand::Rng::with_seed(7);
    let mut covered = |seed: u64| {
        let values: Vec<f64> = (0..60).map(|_| random.f64().powi(2)).collect();
        let interval = bootstrap(&values, seed).unwrap();
        interval.low <= 1.0 / 3.0 && 1.0 / 3.0 <= interval.high
    };
    let share = (0..samples).filter(|seed| covered(*seed)).count() as f64 / samples as f64;
    // The standard error of the share is .011; the percentile method falls a little short on small samples.
    assert!((0.91..=0.98).contains(&share), "{share} of the intervals cover the mean");
}

#[test]
fn systems_that_do_not_differ_are_told_apart_about_one_time_in_twenty() {
    // Two systems that answer each query by the same chance: the true difference is zero.
    let pairs = 300_u64;
    let mut random = fastrand::Rng::with_seed(8);
    let mut told_apart = |seed: u64| {
        let mut values = || (0..60).map(|_| f64::from(u8::from(random.f64() < 0.4))).collect::<Vec<_>>();
        paired(&values(), &values(), seed).unwrap().excludes_zero()
    };
    let share = (0..pairs).filter(|seed| told_apart(*seed)).count() as f64 / pairs as f64;
    assert!((0.01..=0.09).contains(&share), "{share} of the pairs are told apart");
}
