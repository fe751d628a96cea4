//! Whether a new head may take the place of the present order: only if it is better on lists that neither was trained on,
//! beyond what the choice of these lists explains.

use super::train::Reward;
use super::{Head, List, RankError};
use crate::measure::{DRAWS, Interval, bootstrap, paired};
use serde::{Deserialize, Serialize};

/// Fewer lists than this decide nothing: an interval over a handful of queries is narrow or wide by luck.
const FEWEST: usize = 20;

/// A comparison of a new head, or adapter, with what there is, on held-out queries. Means are over all of them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was measured.
    pub reward: Reward,
    /// The lists it was measured on.
    pub held_out: Vec<usize>,
    /// Seed of the bootstrap, and how often it drew the lists again.
    pub seed: u64,
    /// See `seed`.
    pub draws: usize,
    /// Mean of the present order, with its 95 % interval.
    pub present: Interval,
    /// Mean of the new one, with its 95 % interval.
    pub new: Interval,
    /// Mean of the differences list by list, new less present, with its 95 % interval.
    pub gain: Interval,
}

impl Verdict {
    /// Whether the new head is better: the interval of its gain lies above 0, and there were lists enough.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.held_out.len() >= FEWEST && self.gain.low > 0.0
    }

    /// The verdict in words, with its figures.
    #[must_use]
    pub fn words(&self) -> String {
        let Interval { mean: gain, low, high } = self.gain;
        let (present, new) = (self.present.mean, self.new.mean);
        let lists = self.held_out.len();
        let figures = format!(
            "{present:.4} at present, {new:.4} with the new one on {lists} held-out queries; gain {gain:+.4} (95 % interval \
             {low:+.4} to {high:+.4})"
        );
        let verdict = if lists < FEWEST {
            format!("not enough to decide, {FEWEST} held out are needed: judge more queries")
        } else if low > 0.0 {
            "better beyond chance".to_owned()
        } else if high < 0.0 {
            "worse beyond chance: the present order stays".to_owned()
        } else {
            "no difference beyond chance: the present order stays; more judged queries narrow the interval".to_owned()
        };
        format!("{figures}: {verdict}")
    }
}

/// Compares a new head with the present one, or with the order in which the candidates come if there is none, on held-out
/// lists by paired bootstrap (Sakai 2006, "Evaluating evaluation metrics based on the bootstrap").
///
/// `held_out` are numbers of `lists` that neither head learned from or was chosen by. Both heads read the same tables: where
/// they name other fields of notes, [`Head::over`] gives them one schema.
///
/// # Errors
/// [`RankError::NoHeldOut`] if no list is held out, [`RankError::Width`] or [`RankError::List`] for lists that do not fit,
/// and [`RankError::Setting`].
pub fn judge(
    present: Option<&Head>,
    new: &Head,
    lists: &[List],
    held_out: &[usize],
    reward: Reward,
    seed: u64,
) -> Result<Verdict, RankError> {
    reward.check()?;
    let mut values = (Vec::new(), Vec::new());
    for (number, list) in held_out.iter().filter_map(|number| Some((*number, lists.get(*number)?))) {
        list.check(number, new.schema().width())?;
        let judge = reward.on(list);
        let by = |head: &Head| -> Result<f64, RankError> {
            Ok(judge.scores(&head.scores(&list.table)?.into_iter().map(f64::from).collect::<Vec<_>>()))
        };
        let as_it_comes = || judge.order(&(0..list.grades.len()).collect::<Vec<_>>());
        values.0.push(present.map_or_else(|| Ok(as_it_comes()), by)?);
        values.1.push(by(new)?);
    }
    let (present, new) = values;
    let none = || RankError::NoHeldOut { lists: lists.len() };
    Ok(Verdict {
        reward,
        held_out: held_out.to_vec(),
        seed,
        draws: DRAWS,
        present: bootstrap(&present, seed).ok_or_else(none)?,
        new: bootstrap(&new, seed).ok_or_else(none)?,
        gain: paired(&new, &present, seed).ok_or_else(none)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::made::{list, schema, table, untrained};
    use super::super::random::Random;
    use super::super::{About, Shape};
    use super::*;

    /// A head that orders by the plain value of the first feature, times `weight`.
    fn by_first(weight: f32) -> Head {
        let head = untrained(&schema(2), Shape::default(), 1);
        let mut weights = head.weights().clone();
        weights.skip[0] = weight;
        head.with(head.reading().scalings.clone(), weights, About::default())
    }

    fn lists(count: usize) -> Vec<List> {
        let mut random = Random::new(1, 1);
        (0..count).map(|_| list(table(&mut random, 30, 2), 0, |row| f32::from(row[0] > 0.8))).collect()
    }

    fn verdict(present: Option<&Head>, new: &Head, lists: &[List]) -> Verdict {
        let all: Vec<usize> = (0..lists.len()).collect();
        judge(present, new, lists, &all, Reward::default(), 3).unwrap()
    }

    #[test]
    fn a_better_head_passes_and_a_worse_or_equal_one_does_not() {
        let lists = lists(40);
        let (good, bad) = (by_first(1.0), by_first(-1.0));
        assert!(verdict(None, &good, &lists).passes());
        assert!(verdict(Some(&bad), &good, &lists).passes());
        let worse = verdict(Some(&good), &bad, &lists);
        assert!(!worse.passes() && worse.words().contains("worse beyond chance"), "{}", worse.words());
        let same = verdict(Some(&good), &by_first(2.0), &lists);
        assert!(
            !same.passes() && same.gain == Interval::default() && same.words().contains("no difference"),
            "{}",
            same.words()
        );
    }

    #[test]
    fn what_is_measured_is_what_the_measures_say() {
        let lists = lists(25);
        let found = verdict(None, &by_first(1.0), &lists);
        let values: Vec<f64> = lists.iter().map(|list| crate::measure::ndcg(&list.grades, &list.grades, 10)).collect();
        assert!((found.present.mean - values.iter().sum::<f64>() / 25.0).abs() < 1e-12);
        assert_eq!((found.held_out.len(), found.seed, found.draws), (25, 3, DRAWS));
        assert!(found.words().contains("25 held-out queries"), "{}", found.words());
    }

    #[test]
    fn few_lists_decide_nothing_and_none_are_an_error() {
        let lists = lists(19);
        let few = verdict(None, &by_first(1.0), &lists);
        assert!(few.gain.low > 0.0 && !few.passes() && few.words().contains("judge more queries"), "{}", few.words());
        let none = judge(None, &by_first(1.0), &lists, &[99], Reward::default(), 1);
        assert_eq!(none, Err(RankError::NoHeldOut { lists: 19 }));
    }

    #[test]
    fn heads_that_differ_by_chance_seldom_pass() {
        // Neither head knows anything; of 60 comparisons one or two may pass by luck.
        let mut random = Random::new(5, 5);
        let passed = (0..60)
            .filter(|_| {
                let lists: Vec<List> = (0..40).map(|_| by_chance(&mut random)).collect();
                verdict(None, &by_first(1.0), &lists).passes()
            })
            .count();
        assert!(passed <= 5, "{passed} of 60");
    }

    fn by_chance(random: &mut Random) -> List {
        let table = table(random, 20, 2);
        list(table, 0, |_| f32::from(random.below(5) == 0))
    }
}
