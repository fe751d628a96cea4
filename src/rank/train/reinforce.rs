//! Stage 2: orderings are sampled from the head, and it is moved towards those with the better reward.
//!
//! The gradient of the expected reward by the scores (Williams 1992), with the mean reward of the orderings of one list as
//! the level that an ordering has to beat. Each step samples anew, so nothing needs to be corrected for a policy that has
//! moved on. A weighted divergence from the head that the stage started with keeps it from forgetting.

use super::super::random::Random;
use super::super::{Head, List, RankError};
use super::adam::Adam;
use super::batch::Batch;
use super::course::{Course, Pace, check_range};
use super::losses::leash;
use super::network::Network;
use super::policy::{add_gradient, advantages, sample};
use super::report::{Report, Settings};
use super::{Reward, Split};
use serde::{Deserialize, Serialize};

/// Settings of stage 2. All are in the report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reinforced {
    /// What an ordering is worth.
    pub reward: Reward,
    /// Orderings sampled of a list in each step.
    pub samples: usize,
    /// Scores are divided by this before orderings are sampled: higher explores more.
    pub temperature: f64,
    /// Whether what an ordering is better than the others of its list counts relative to how much they differ.
    pub relative: bool,
    /// Weight of the divergence from the head that the stage started with.
    pub leash: f64,
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
    /// Everything random follows from this.
    pub seed: u64,
}

impl Default for Reinforced {
    fn default() -> Self {
        Self {
            reward: Reward::default(),
            samples: 32,
            temperature: 1.0,
            relative: false,
            leash: 0.01,
            steps: 1000,
            every: 25,
            patience: 12,
            batch: 32,
            learning_rate: 1e-3,
            weight_decay: 0.0,
            seed: 1,
        }
    }
}

impl Reinforced {
    fn check(&self) -> Result<(), RankError> {
        if self.samples < 2 {
            let (given, remedy) = (self.samples.to_string(), "an ordering is compared with others: 2 or more will do");
            return Err(RankError::Setting { setting: "samples", given, remedy });
        }
        check_range("temperature", self.temperature, 1e-3..=1e3)?;
        check_range("leash", self.leash, 0.0..=1e6)?;
        check_range("weight_decay", self.weight_decay, 0.0..=100.0)
    }

    fn pace(&self) -> Pace {
        let Self { steps, every, patience, batch, learning_rate: rate, .. } = *self;
        Pace { steps, every, patience, batch, rate }
    }

    /// The gradient of a list's loss by its scores, and the divergence from the start.
    fn slope(&self, list: &List, scores: &[f64], start: &[f64], random: &mut Random) -> (Vec<f64>, f64) {
        let judge = self.reward.on(list);
        let orders: Vec<Vec<usize>> =
            (0..self.samples).map(|_| sample(scores, self.temperature, self.reward.places(), random)).collect();
        let rewards: Vec<f64> = orders.iter().map(|order| judge.order(order)).collect();
        let mut gradient = vec![0.0; scores.len()];
        for (order, advantage) in orders.iter().zip(advantages(&rewards, self.relative)) {
            // With the mean of the group as level each ordering also counts against itself; this takes that back.
            let weight = -advantage / (self.samples - 1) as f64;
            if advantage != 0.0 {
                add_gradient(scores, self.temperature, order, weight, &mut gradient);
            }
        }
        let held = leash(scores, start, self.temperature);
        for (sum, part) in gradient.iter_mut().zip(held.gradient) {
            *sum += self.leash * part;
        }
        (gradient, held.value)
    }
}

/// Trains a head further on the lists that the split gives it, by reward, and keeps the one that did best on those held
/// out, which may be the one it started with.
///
/// # Errors
/// As [`super::supervise`].
pub fn reinforce(
    start: &Head,
    lists: &[List],
    split: &Split,
    settings: &Reinforced,
) -> Result<(Head, Report), RankError> {
    reinforce_until(start, (lists, split), settings, &|| false)
}

/// As [`reinforce`]. Once `cancelled` says so it ends with the next step, and what comes back is of no use.
pub(crate) fn reinforce_until(
    start: &Head,
    (lists, split): (&[List], &Split),
    settings: &Reinforced,
    cancelled: &dyn Fn() -> bool,
) -> Result<(Head, Report), RankError> {
    settings.check()?;
    let mut course = Course::new(start, lists, split, settings.pace(), settings.reward, settings.seed)?;
    let origin = Network::of(start.weights())?;
    let mut adam = Adam::new(settings.weight_decay);
    let mut random = Random::new(settings.seed, 6);
    let mut step = 0;
    while !cancelled() && course.look(step)? {
        let numbers = course.next();
        let batch = Batch::of(course.prepared(&numbers), &course.layout, None)?;
        let before = origin.lists(&batch)?;
        let share = 1.0 / numbers.len().max(1) as f64;
        let mut divergence = 0.0;
        course.network.step(&batch, &mut adam, settings.pace().rate_at(step), |place, scores| {
            let list = numbers.get(place).and_then(|number| course.list(*number));
            let (Some(list), Some(before)) = (list, before.get(place)) else { return vec![0.0; scores.len()] };
            let (mut gradient, apart) = settings.slope(list, scores, before, &mut random);
            divergence += share * apart;
            gradient.iter_mut().for_each(|part| *part *= share);
            gradient
        })?;
        course.lost(divergence);
        step += 1;
    }
    Ok(course.finish(start, Settings::Reinforced(settings.clone()), split))
}
