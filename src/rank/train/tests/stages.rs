//! A collection on which stage 2 must win, because what stage 1 makes small is not what the measure counts.
//!
//! Cross-entropy wants each list's relevant notes to share one unit of probability among them, so a list with many counts
//! little for each; nDCG@10 never asks for more than ten. Two kinds of queries look alike here. The broad kind has many
//! relevant notes: most of those that look like X, and others. The narrow kind has one, among those that look like Y. Any
//! head that fits the first choice puts Y first; the best nDCG@10 comes from X first. More capacity or data does not help.

use super::*;

fn broad_and_narrow(seed: u64, count: usize) -> Vec<List> {
    let mut random = Random::new(seed, 91);
    let one = |number: usize| {
        let mut table = Table::with_capacity(2, 60);
        let mut looks: Vec<usize> = (0..60).map(|place| (place / 12).min(2)).collect();
        random.shuffle(&mut looks);
        for look in &looks {
            let signal = |of: usize| if *look == of { 1.0 } else { 0.0 } + 0.1 * random.normal() as f32;
            table.push(&[0, 1].map(signal)).unwrap();
        }
        let narrow = number % 2 == 1;
        let only = looks.iter().enumerate().filter(|(_, look)| **look == 1).nth(random.below(12)).unwrap().0;
        let mut share = |share: f64| f32::from(random.unit() < share);
        let grades = looks.iter().enumerate().map(|(place, look)| match (narrow, look) {
            (true, _) => f32::from(place == only),
            (false, 0) => share(0.8),
            (false, 1) => 0.0,
            (false, _) => share(0.4),
        });
        let grades = grades.collect();
        List { table, grades, unretrieved: Vec::new(), teacher: None, group: 0 }
    };
    (0..count).map(one).collect()
}

#[test]
fn stage_2_wins_where_the_loss_of_stage_1_is_not_the_measure() {
    let lists = broad_and_narrow(1, 360);
    let split = Split { train: (0..200).collect(), held_out: (200..260).collect() };
    let unseen: Vec<usize> = (260..360).collect();
    for seed in 1..=3 {
        let start = untrained(&schema(2), SMALL, seed);
        let (first, _) = supervise(&start, &lists, &split, &Supervised { seed, patience: 4, ..quick() }).unwrap();
        let settings = Reinforced { steps: 120, every: 20, seed, ..Reinforced::default() };
        let (second, report) = reinforce(&first, &lists, &split, &settings).unwrap();
        let (before, after) = (ndcg(&lists, &unseen, by_head(&first)), ndcg(&lists, &unseen, by_head(&second)));
        let gain = measure::paired(&after, &before, seed).unwrap();
        assert!(gain.low > 0.05, "seed {seed}: {gain:?}, {:?}", report.curve);
    }
}
