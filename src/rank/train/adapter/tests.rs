//! Adapters on made-up collections whose useful axes are known.

use super::super::super::random::Random;
use super::course::mean;
use super::exact::{Exact, worth};
use super::*;
use crate::measure::Interval;
use crate::vector::{Vectors, normalise};

const SIGNAL: usize = 8;
const NOISE: usize = 16;

fn unit(mut vector: Vec<f32>) -> Vec<f32> {
    normalise(&mut vector).unwrap();
    vector
}

/// Notes that say something in the first axes and nothing, loudly, in the others; each query is about one of them.
fn drowned(notes: usize, queries: usize, seed: u64) -> Material {
    let mut random = Random::new(seed, 50);
    let signals: Vec<Vec<f64>> = (0..notes).map(|_| (0..SIGNAL).map(|_| random.normal()).collect()).collect();
    let seen = |signal: &[f64], random: &mut Random| {
        let heard = signal.iter().map(|value| (value + 0.3 * random.normal()) as f32);
        let heard: Vec<f32> = heard.collect();
        let noise = (0..NOISE).map(|_| (1.5 * random.normal()) as f32);
        unit(heard.into_iter().chain(noise).collect())
    };
    let mut rows = Vectors::with_capacity(SIGNAL + NOISE, notes).unwrap();
    signals.iter().for_each(|signal| rows.push(&seen(signal, &mut random)).unwrap());
    let queries = (0..queries).map(|number| {
        let note = number % notes;
        let (vector, grades) = (seen(&signals[note], &mut random), vec![(note as u32, 1.0)]);
        Judged { vector, grades, left_out: Vec::new(), decides: number % 5 == 0 }
    });
    let queries = queries.collect();
    Material { rows, starts: (0..=notes).collect(), queries }
}

/// The adapter that somebody would write who knows which axes are useful.
fn known() -> Adapter {
    let width = SIGNAL + NOISE;
    let mut rows = vec![0.0; width * width];
    rows.iter_mut().step_by(width + 1).take(SIGNAL).for_each(|diagonal| *diagonal = 1.0);
    Adapter::from_stored(width, rows).unwrap()
}

fn quick() -> AdapterSettings {
    let contrasted = Contrasted { steps: 200, learning_rate: 5e-3, leash: 0.01, ..Contrasted::default() };
    AdapterSettings { contrasted, rewarded: None, ..AdapterSettings::default() }
}

#[test]
fn useful_axes_are_found_under_noise() {
    let material = drowned(300, 450, 1);
    let (adapter, report) = adapt(&material, (&[SIGNAL], None), &quick(), &|| false).unwrap();
    let parts = material.parts(0.2, 1).unwrap();
    let best = mean(&Exact::new(&material, Some(&known()), usize::MAX).unwrap().measured(&parts.gate));
    let [without, with] = report.gains[1].ndcg;
    assert!(best > without + 0.3, "{without} to {best} is little to learn");
    // No query that it learned from asks for a note that one it is judged by asks for.
    assert!(with - without > 0.35 * (best - without), "{without} to {with}, {best} can be had");
    assert!(report.verdict.passes() && report.gains[1].gain.low > 0.0, "{}", report.verdict.words());
    assert_eq!((report.queries, report.gains[0].dims, report.gains[1].dims), ([288, 72, 90], SIGNAL, SIGNAL + NOISE));
    let measured = mean(&Exact::new(&material, Some(&adapter), usize::MAX).unwrap().measured(&parts.gate));
    assert!((measured - with).abs() < 1e-12, "the report is about the adapter that comes back");
    // Every fifth query decides, and so those about every fifth note: nothing was learned from any of these.
    let unseen = report.unseen.unwrap();
    assert_eq!((unseen.queries, unseen.gain), (90, report.gains[1].gain));
    assert!(report.passes());
    let of_unseen = |unseen| AdapterReport { unseen: Some(unseen), ..report.clone() };
    let harmful = UnseenGain { queries: 20, gain: Interval { mean: -0.1, low: -0.2, high: -0.01 } };
    assert!(!of_unseen(harmful).passes() && of_unseen(UnseenGain { queries: 19, ..harmful }).passes());
    let again = adapt(&material, (&[SIGNAL], None), &quick(), &|| false).unwrap();
    assert_eq!((again.0, again.1), (adapter, report), "a seed repeats");
}

#[test]
fn what_is_added_may_be_of_low_rank() {
    let material = drowned(200, 300, 2);
    let settings = AdapterSettings { contrasted: Contrasted { rank: Some(SIGNAL), ..quick().contrasted }, ..quick() };
    let (_, report) = adapt(&material, (&[], None), &settings, &|| false).unwrap();
    assert!(report.verdict.passes(), "{}", report.verdict.words());
}

#[test]
fn nothing_is_learned_from_random_judgments() {
    let mut passed = 0;
    for seed in 0..6 {
        let mut material = drowned(200, 200, seed);
        let mut random = Random::new(seed, 51);
        for query in &mut material.queries {
            query.grades = vec![(random.below(200) as u32, 1.0)];
        }
        let settings = AdapterSettings { seed, ..quick() };
        passed += usize::from(adapt(&material, (&[], None), &settings, &|| false).unwrap().1.verdict.passes());
    }
    // One in forty may pass by luck.
    assert!(passed <= 1, "{passed} of 6");
}

#[test]
fn the_reward_goes_on_where_the_contrast_was_cut_short() {
    let material = drowned(200, 400, 3);
    let short = Contrasted { steps: 20, every: 10, ..quick().contrasted };
    let rewarded = Rewarded { steps: 150, learning_rate: 3e-3, temperature: 0.1, leash: 0.0, ..Rewarded::default() };
    let settings = AdapterSettings { contrasted: short, rewarded: Some(rewarded), ..quick() };
    let (_, report) = adapt(&material, (&[], None), &settings, &|| false).unwrap();
    let Interval { mean: added, low, .. } = report.added.unwrap();
    assert!(added > 0.0 && low > 0.0, "{added} from {low}: {:?}", report.rewarded);
    assert!(report.record().contains("\"added\""));
}

#[test]
fn exact_ranking_is_that_of_a_naive_reader() {
    let mut random = Random::new(4, 1);
    let mut rows = Vectors::with_capacity(6, 30).unwrap();
    (0..30).for_each(|_| rows.push(&unit((0..6).map(|_| random.normal() as f32).collect())).unwrap());
    // Notes of no, one, two … rows.
    let starts = vec![0, 0, 1, 3, 6, 10, 15, 21, 30];
    let query = Judged {
        vector: unit(vec![1.0; 6]),
        grades: vec![(3, 2.0), (5, 1.0), (7, 0.0)],
        left_out: Vec::new(),
        decides: true,
    };
    let material = Material { rows, starts, queries: vec![query] };
    let query = &material.queries[0];
    let mut naive: Vec<(f64, u32)> = Vec::new();
    for note in 0..8_u32 {
        let rows = material.starts[note as usize]..material.starts[note as usize + 1];
        let cosine = |row: usize| -> f64 {
            let (row, aim) = (&material.rows.row(row)[..4], &query.vector[..4]);
            let size = |vector: &[f32]| vector.iter().map(|value| f64::from(*value).powi(2)).sum::<f64>().sqrt();
            row.iter().zip(aim).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() / size(row) / size(aim)
        };
        naive.extend(rows.map(cosine).max_by(f64::total_cmp).map(|best| (best, note)));
    }
    naive.sort_by(|left, right| right.0.total_cmp(&left.0));
    let exact = Exact::new(&material, None, 4).unwrap();
    let found = exact.best(query, 5);
    assert_eq!(found.len(), 5);
    for (found, (score, note)) in found.iter().zip(&naive) {
        assert_eq!(found.note, *note);
        assert!((f64::from(found.score) - score).abs() < 1e-6);
        assert!(material.rows_of(*note).contains(&found.row));
    }
    let all = exact.best(query, 99);
    assert_eq!(all.len(), 7, "a note without rows is not found");
    let grades: Vec<f32> = naive.iter().map(|(_, note)| query.grade(*note)).collect();
    let expected = crate::measure::ndcg(&grades, &[2.0, 1.0, 0.0], 10);
    assert!((worth(query, &all) - expected).abs() < 1e-12 && exact.measured(&[0]) == [worth(query, &all)]);
    assert_eq!(exact.of(query, [0, 3].into_iter()).len(), 1);
    let but_first = Judged { left_out: vec![naive[0].1], ..query.clone() };
    assert_eq!(exact.best(&but_first, 99), all[1..]);
}

#[test]
fn material_and_settings_that_make_no_sense_are_refused() {
    let refused = |bend: &dyn Fn(&mut Material)| {
        let mut material = drowned(20, 30, 1);
        bend(&mut material);
        adapt(&material, (&[], None), &quick(), &|| false).unwrap_err()
    };
    assert!(matches!(refused(&|material| material.starts[5] = 99), RankError::Setting { .. }));
    assert!(matches!(refused(&|material| material.starts.push(21)), RankError::Setting { .. }));
    assert!(matches!(refused(&|material| material.starts.clear()), RankError::Setting { .. }));
    assert!(matches!(refused(&|material| material.queries[3].vector.clear()), RankError::Width { got: 0, .. }));
    assert!(matches!(refused(&|material| material.queries[3].vector[0] = f32::NAN), RankError::List { number: 3, .. }));
    assert!(matches!(refused(&|material| material.queries[4].grades[0].0 = 20), RankError::List { number: 4, .. }));
    assert!(matches!(refused(&|material| material.queries[4].grades[0].1 = -1.0), RankError::List { .. }));
    let nothing = refused(&|material| material.queries.iter_mut().for_each(|query| query.grades[0].1 = 0.0));
    assert!(matches!(nothing, RankError::NothingToLearn { lists: 30 }));
    let undecided = refused(&|material| material.queries.iter_mut().for_each(|query| query.decides = false));
    assert!(matches!(undecided, RankError::NoHeldOut { lists: 30 }));
    let material = drowned(20, 30, 1);
    let bends: [fn(&mut AdapterSettings); 6] = [
        |settings| settings.held_out = 0.0,
        |settings| settings.contrasted.temperature = 0.0,
        |settings| settings.contrasted.batch = 0,
        |settings| settings.contrasted.rank = Some(0),
        |settings| settings.contrasted.learning_rate = f64::NAN,
        |settings| settings.rewarded = Some(Rewarded { samples: 1, ..Rewarded::default() }),
    ];
    for (number, bend) in bends.iter().enumerate() {
        let mut settings = quick();
        bend(&mut settings);
        let refused = adapt(&material, (&[], None), &settings, &|| false).unwrap_err();
        assert!(matches!(refused, RankError::Setting { .. }), "{number}: {refused}");
    }
}
