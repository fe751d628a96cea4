//! Stage 1: scores are fitted to grades, and to a teacher, list by list.

use super::super::inputs::Scaling;
use super::super::random::Random;
use super::super::{Head, List, RankError};
use super::adam::Adam;
use super::batch::{Batch, Dropout};
use super::course::{Course, Pace, check_range};
use super::folds::by_group;
use super::losses::{cross_entropy, jensen_shannon, lambda};
use super::report::{Report, Settings};
use super::{Reward, Split};
use serde::{Deserialize, Serialize};

/// What is made small in stage 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Loss {
    /// Cross-entropy of the first choice to the share of each gain (after ListNet, Cao et al. 2007).
    Softmax,
    /// Pairs weighted by what swapping them does to nDCG (NDCG-Loss2++, Wang et al. 2018).
    Lambda,
}

/// Settings of stage 1. All are in the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supervised {
    /// What is made small.
    pub loss: Loss,
    /// Weight of the Jensen-Shannon divergence from the teacher, where a list has one; the loss by grades has weight 1.
    pub teacher_weight: f64,
    /// The teacher's scores are divided by this.
    pub teacher_temperature: f64,
    /// What the looks at the held-out part measure.
    pub reward: Reward,
    /// Steps at most.
    pub steps: usize,
    /// Steps between looks.
    pub every: usize,
    /// Looks without a better head before it stops.
    pub patience: usize,
    /// Lists a step.
    pub batch: usize,
    /// Highest learning rate.
    pub learning_rate: f64,
    /// Decay of weights, as a share of the learning rate.
    pub weight_decay: f64,
    /// Share of features that are taken from a list at random in each step.
    pub feature_dropout: f64,
    /// Everything random follows from this.
    pub seed: u64,
}

impl Default for Supervised {
    fn default() -> Self {
        Self {
            loss: Loss::Softmax,
            teacher_weight: 1.0,
            teacher_temperature: 1.0,
            reward: Reward::default(),
            steps: 2000,
            every: 50,
            patience: 10,
            batch: 32,
            learning_rate: 3e-3,
            weight_decay: 0.01,
            feature_dropout: 0.05,
            seed: 1,
        }
    }
}

impl Supervised {
    fn check(&self) -> Result<(), RankError> {
        check_range("teacher_weight", self.teacher_weight, 0.0..=1e6)?;
        check_range("teacher_temperature", self.teacher_temperature, 1e-6..=1e6)?;
        check_range("weight_decay", self.weight_decay, 0.0..=100.0)?;
        check_range("feature_dropout", self.feature_dropout, 0.0..=0.9)
    }

    fn pace(&self) -> Pace {
        let Self { steps, every, patience, batch, learning_rate: rate, .. } = *self;
        Pace { steps, every, patience, batch, rate }
    }

    /// The gradient of a list's loss by its scores is added to `gradient`; the loss is given back.
    fn slope(&self, list: &List, scores: &[f64], gradient: &mut Vec<f64>) -> f64 {
        let by_grades = match self.loss {
            Loss::Softmax => cross_entropy(scores, &list.grades),
            Loss::Lambda => lambda(scores, &list.grades, Reward::Ndcg { places: usize::MAX }.on(list).ideal),
        };
        let mut value = by_grades.value;
        *gradient = by_grades.gradient;
        if let Some(teacher) = list.teacher.as_ref().filter(|_| self.teacher_weight > 0.0) {
            let by_teacher = jensen_shannon(scores, teacher, self.teacher_temperature);
            value += self.teacher_weight * by_teacher.value;
            for (sum, part) in gradient.iter_mut().zip(by_teacher.gradient) {
                *sum += self.teacher_weight * part;
            }
        }
        value
    }
}

/// Trains a head on the lists that the split gives it and keeps the one that did best on those held out.
///
/// An untrained head gets the scalings of its features from the training part; one that is trained keeps its own. The inputs
/// of all lists are held in memory: about 35 KB a list of 100 candidates and 25 features.
///
/// # Errors
/// [`RankError::Width`] or [`RankError::List`] for lists that do not fit, [`RankError::NothingToLearn`], and
/// [`RankError::Setting`].
pub fn supervise(
    start: &Head,
    lists: &[List],
    split: &Split,
    settings: &Supervised,
) -> Result<(Head, Report), RankError> {
    supervise_until(start, (lists, split), settings, &|| false)
}

/// As [`supervise`]. Once `cancelled` says so it ends with the next step, and what comes back is of no use.
pub(crate) fn supervise_until(
    start: &Head,
    (lists, split): (&[List], &Split),
    settings: &Supervised,
    cancelled: &dyn Fn() -> bool,
) -> Result<(Head, Report), RankError> {
    settings.check()?;
    let start = &scaled(start, lists, split);
    let mut course = Course::new(start, lists, split, settings.pace(), settings.reward, settings.seed)?;
    let mut adam = Adam::new(settings.weight_decay);
    let mut dropout = Dropout { share: settings.feature_dropout, random: Random::new(settings.seed, 5) };
    let mut step = 0;
    while !cancelled() && course.look(step)? {
        let numbers = course.next();
        let batch = Batch::of(course.prepared(&numbers), &course.layout, Some(&mut dropout))?;
        let share = 1.0 / numbers.len().max(1) as f64;
        let mut loss = 0.0;
        course.network.step(&batch, &mut adam, settings.pace().rate_at(step), |place, scores| {
            let mut gradient = vec![0.0; scores.len()];
            if let Some(list) = numbers.get(place).and_then(|number| course.list(*number)) {
                loss += share * settings.slope(list, scores, &mut gradient);
            }
            gradient.iter_mut().for_each(|part| *part *= share);
            gradient
        })?;
        course.lost(loss);
        step += 1;
    }
    Ok(course.finish(start, Settings::Supervised(settings.clone()), split))
}

/// An untrained head with the scalings of the training part, each collection weighing the same.
fn scaled(start: &Head, lists: &[List], split: &Split) -> Head {
    if !start.about().stages.is_empty() {
        return start.clone();
    }
    let scalings = scalings(start, lists, split.train.iter().copied());
    start.with(scalings, start.weights().clone(), start.about().clone())
}

/// The scalings of a head's features over some lists.
pub(super) fn scalings(head: &Head, lists: &[List], numbers: impl Iterator<Item = usize>) -> Vec<Scaling> {
    let groups = by_group(lists, numbers);
    let weighted = groups.values().flat_map(|numbers| {
        let weight = 1.0 / numbers.len() as f64;
        numbers.iter().filter_map(move |number| Some((&lists.get(*number)?.table, weight)))
    });
    head.reading().measure(weighted)
}
