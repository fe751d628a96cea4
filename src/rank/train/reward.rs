//! What an order of candidates is worth: the measures that early stopping, stage 2 and reports go by.

use super::super::{List, RankError};
use super::losses::discount;
use serde::{Deserialize, Serialize};

/// A measure of the order of a list, 0 for the worst and 1 for the best.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Reward {
    /// Discounted gain of the first places over that of the best order (Järvelin and Kekäläinen 2002), gains as graded.
    Ndcg {
        /// Places that count.
        places: usize,
    },
    /// One over the place of the first candidate with a grade above 0.
    ReciprocalRank {
        /// Places that count.
        places: usize,
    },
    /// Whether somebody is served who reads from the top, goes on to the next place with a probability, and ends with what
    /// serves them: a cascade (Craswell et al. 2008) whose candidates serve as in expected reciprocal rank (Chapelle et al.
    /// 2009), `(2^grade - 1) / 2^greatest grade`.
    Clicks {
        /// Probability of going on to the next place.
        patience: f64,
        /// Places that are read at most.
        places: usize,
    },
}

impl Default for Reward {
    fn default() -> Self {
        Self::Ndcg { places: 10 }
    }
}

impl Reward {
    /// Places of an order that matter.
    #[must_use]
    pub fn places(&self) -> usize {
        match self {
            Self::Ndcg { places } | Self::ReciprocalRank { places } | Self::Clicks { places, .. } => *places,
        }
    }

    pub(in super::super) fn check(&self) -> Result<(), RankError> {
        let refuse = |given: String, remedy| Err(RankError::Setting { setting: "the reward", given, remedy });
        match self {
            Self::Clicks { patience, .. } if !(*patience > 0.0 && *patience <= 1.0) => {
                refuse(format!("clicks with patience {patience}"), "patience is above 0 and at most 1")
            }
            _ if self.places() == 0 => refuse("one of no places".to_owned(), "1 or more places count"),
            _ => Ok(()),
        }
    }

    /// This measure for one list, with what does not change from order to order computed once.
    pub(in super::super) fn on<'a>(&self, list: &'a List) -> Judge<'a> {
        let mut best: Vec<f32> = list.grades.iter().chain(&list.unretrieved).copied().collect();
        best.sort_by(|left, right| right.total_cmp(left));
        let greatest = best.first().map_or(0.0, |grade| f64::from(*grade));
        let mut judge = Judge { reward: *self, grades: &list.grades, greatest, ideal: 1.0 };
        judge.ideal = judge.sum(best.into_iter());
        judge
    }
}

/// A measure on one list.
#[derive(Debug)]
pub(in super::super) struct Judge<'a> {
    reward: Reward,
    grades: &'a [f32],
    greatest: f64,
    /// The sum of the best order.
    pub(super) ideal: f64,
}

impl Judge<'_> {
    /// What an order is worth, the candidates of its first places given; 0 where nothing has a grade above 0.
    pub(in super::super) fn order(&self, order: &[usize]) -> f64 {
        let grade = |candidate: &usize| self.grades.get(*candidate).copied().unwrap_or(0.0);
        if self.ideal > 0.0 { self.sum(order.iter().map(grade)) / self.ideal } else { 0.0 }
    }

    /// What the order by scores is worth; what has equal scores stays in the order given.
    pub(in super::super) fn scores(&self, scores: &[f64]) -> f64 {
        self.order(&order_by(scores))
    }

    fn sum(&self, grades: impl Iterator<Item = f32>) -> f64 {
        let mut grades = grades.take(self.reward.places()).map(f64::from);
        match self.reward {
            Reward::Ndcg { .. } => grades.enumerate().map(|(place, grade)| grade * discount(place)).sum(),
            Reward::ReciprocalRank { .. } => {
                let first = grades.position(|grade| grade > 0.0);
                first.map_or(0.0, |place| 1.0 / (place as f64 + 1.0))
            }
            Reward::Clicks { patience, .. } => {
                let (mut reads, mut served) = (1.0, 0.0);
                for grade in grades {
                    let serves = (grade - self.greatest).exp2() - (-self.greatest).exp2();
                    served += reads * serves;
                    reads *= patience * (1.0 - serves);
                }
                served
            }
        }
    }
}

/// Candidates by descending score; equal ones stay in order.
pub(super) fn order_by(scores: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    let score = |candidate: &usize| scores.get(*candidate).copied().unwrap_or(f64::NEG_INFINITY);
    order.sort_by(|left, right| score(right).total_cmp(&score(left)));
    order
}

#[cfg(test)]
mod tests {
    use super::super::super::Table;
    use super::*;

    fn list(grades: &[f32], unretrieved: &[f32]) -> List {
        let mut table = Table::with_capacity(1, grades.len());
        grades.iter().for_each(|_| table.push(&[0.0]).unwrap());
        List { table, grades: grades.to_vec(), unretrieved: unretrieved.to_vec(), teacher: None, group: 0 }
    }

    #[test]
    fn ndcg_counts_what_was_not_found_and_only_the_first_places() {
        let list = list(&[0.0, 1.0, 2.0], &[3.0]);
        let ndcg = |places, order: &[usize]| Reward::Ndcg { places }.on(&list).order(order);
        let expected = (2.0 + 1.0 / 3.0_f64.log2()) / (3.0 + 2.0 / 3.0_f64.log2() + 0.5);
        assert!((ndcg(10, &[2, 1, 0]) - expected).abs() < 1e-12);
        assert!((ndcg(1, &[1, 2, 0]) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(Reward::default().on(&self::list(&[0.0], &[])).order(&[0]), 0.0);
    }

    #[test]
    fn the_reciprocal_rank_is_that_of_the_first_of_use() {
        let list = list(&[0.0, 0.0, 1.0, 2.0], &[]);
        let reward = |places, order: &[usize]| Reward::ReciprocalRank { places }.on(&list).order(order);
        assert_eq!(reward(10, &[0, 2, 3, 1]), 0.5);
        assert_eq!(reward(2, &[0, 1, 2, 3]), 0.0);
        assert_eq!(reward(10, &[3, 2, 1, 0]), 1.0);
    }

    #[test]
    fn the_cascade_is_that_of_expected_reciprocal_rank_where_nobody_tires() {
        let list = list(&[1.0, 0.0, 2.0], &[]);
        let judge = Reward::Clicks { patience: 1.0, places: 10 }.on(&list);
        let served = |order: [usize; 3]| judge.order(&order) * judge.ideal;
        // Grades 2, 1 and 0 serve with 3/4, 1/4 and 0.
        assert!((served([2, 0, 1]) - (0.75 + 0.25 * 0.25)).abs() < 1e-12);
        assert!((judge.order(&[2, 0, 1]) - 1.0).abs() < 1e-12);
        let tired = Reward::Clicks { patience: 0.5, places: 10 }.on(&list);
        assert!((tired.order(&[1, 0, 2]) * tired.ideal - (0.5 * 0.25 + 0.25 * 0.75 * 0.75)).abs() < 1e-12);
    }

    #[test]
    fn equal_scores_keep_their_order() {
        assert_eq!(order_by(&[1.0, 2.0, 1.0, 2.0]), [1, 3, 0, 2]);
    }

    #[test]
    fn rewards_that_make_no_sense_are_refused() {
        assert!(Reward::Ndcg { places: 0 }.check().is_err());
        assert!(Reward::Clicks { patience: 0.0, places: 10 }.check().is_err());
        assert!(Reward::Clicks { patience: f64::NAN, places: 10 }.check().is_err());
        assert!(Reward::default().check().is_ok());
    }
}
