//! What both stages have in common: lists picked evenly over collections, looks at the head, and when to stop.

use super::super::head::Weights;
use super::super::list::check_all;
use super::super::random::Random;
use super::super::{Head, List, RankError};
use super::batch::{Batch, Layout, Prepared};
use super::folds::by_group;
use super::network::Network;
use super::report::{Point, Report, Settings};
use super::{Reward, Split};
use std::collections::BTreeMap;

/// Lists scored together when a head is looked at.
const LOOKED_AT_TOGETHER: usize = 64;
/// Lists of the training part that a look takes of each collection at most.
const LOOKED_AT: usize = 500;

/// How long a stage goes on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    pub(super) steps: usize,
    /// Steps between looks.
    pub(super) every: usize,
    /// Looks without a better head before it stops.
    pub(super) patience: usize,
    /// Lists a step.
    pub(super) batch: usize,
    /// Highest learning rate.
    pub(super) rate: f64,
}

impl Pace {
    /// The learning rate of a step: rising over the first twentieth of the steps, then falling along a cosine
    /// (Loshchilov and Hutter 2017, arXiv 1608.03983).
    pub(super) fn rate_at(&self, step: usize) -> f64 {
        let way = step as f64 / self.steps.max(1) as f64;
        let warm = (way * 20.0 + 1.0 / self.steps.max(1) as f64).min(1.0);
        self.rate * warm * 0.5 * (1.0 + (std::f64::consts::PI * way).cos())
    }

    pub(super) fn check(&self) -> Result<(), RankError> {
        let refuse = |setting, given: String, remedy| Err(RankError::Setting { setting, given, remedy });
        for (setting, given) in [("steps", self.steps), ("every", self.every), ("batch", self.batch)] {
            if given == 0 {
                return refuse(setting, "0".to_owned(), "1 or more will do");
            }
        }
        check_range("learning_rate", self.rate, 0.0..=1.0)
    }
}

/// Refuses a number out of a range or none at all.
pub(super) fn check_range(
    setting: &'static str,
    given: f64,
    range: std::ops::RangeInclusive<f64>,
) -> Result<(), RankError> {
    if range.contains(&given) {
        return Ok(());
    }
    let given = format!("{given}, allowed is {} to {}", range.start(), range.end());
    Err(RankError::Setting { setting, given, remedy: "choose a number in the range" })
}

/// Lists and a head on its way.
pub(super) struct Course<'a> {
    lists: &'a [List],
    prepared: Vec<Prepared>,
    pub(super) layout: Layout,
    pub(super) network: Network,
    pace: Pace,
    reward: Reward,
    /// Lists of each collection that a look takes of the training part, and the held-out part.
    looked_at: [BTreeMap<u32, Vec<usize>>; 2],
    queues: Queues,
    curve: Vec<Point>,
    best: (usize, f64, Weights),
    lost: (f64, usize),
}

impl<'a> Course<'a> {
    pub(super) fn new(
        head: &Head,
        lists: &'a [List],
        split: &Split,
        pace: Pace,
        reward: Reward,
        seed: u64,
    ) -> Result<Self, RankError> {
        check_all(lists, head.schema().width())?;
        pace.check()?;
        reward.check()?;
        let prepared = lists.iter().map(|list| Ok(Prepared::of(&head.inputs(&list.table)?)));
        let prepared = prepared.collect::<Result<Vec<_>, RankError>>()?;
        let mut train = by_group(lists, split.train.iter().copied());
        let queues = Queues::new(lists, &train, seed)?;
        train.values_mut().for_each(|numbers| numbers.truncate(LOOKED_AT));
        let held_out = by_group(lists, split.held_out.iter().copied());
        let network = Network::of(head.weights())?;
        let best = (0, f64::NEG_INFINITY, network.weights()?);
        Ok(Self {
            lists,
            prepared,
            layout: Layout::of(head.reading()),
            network,
            pace,
            reward,
            looked_at: [train, held_out],
            queues,
            curve: Vec::new(),
            best,
            lost: (0.0, 0),
        })
    }

    /// The lists of the next step.
    pub(super) fn next(&mut self) -> Vec<usize> {
        (0..self.pace.batch).filter_map(|_| self.queues.next()).collect()
    }

    pub(super) fn list(&self, number: usize) -> Option<&'a List> {
        self.lists.get(number)
    }

    pub(super) fn prepared<'b>(&'b self, numbers: &'b [usize]) -> impl Iterator<Item = &'b Prepared> {
        numbers.iter().filter_map(|number| self.prepared.get(*number))
    }

    /// Adds a step's loss to what the next look reports.
    pub(super) fn lost(&mut self, loss: f64) {
        self.lost = (self.lost.0 + loss, self.lost.1 + 1);
    }

    /// Looks at the head after so many steps, if it is time to, and says whether to go on.
    pub(super) fn look(&mut self, step: usize) -> Result<bool, RankError> {
        if !step.is_multiple_of(self.pace.every) && step != self.pace.steps {
            return Ok(true);
        }
        let [train, held_out] = &self.looked_at;
        let (train, held_out) = (self.mean_reward(train)?, self.mean_reward(held_out)?);
        let loss = if self.lost.1 > 0 { self.lost.0 / self.lost.1 as f64 } else { 0.0 };
        self.lost = (0.0, 0);
        self.curve.push(Point { step, loss, train, held_out });
        // With nothing held out there is nothing to stop by: the training part decides which head is kept.
        let judged = if self.looked_at.iter().skip(1).all(BTreeMap::is_empty) { train } else { held_out };
        if judged > self.best.1 {
            self.best = (step, judged, self.network.weights()?);
        }
        Ok(step - self.best.0 < self.pace.patience.saturating_mul(self.pace.every) && step < self.pace.steps)
    }

    /// The reward of the head as it is: the mean over collections of the means over their lists.
    fn mean_reward(&self, groups: &BTreeMap<u32, Vec<usize>>) -> Result<f64, RankError> {
        let mut means = 0.0;
        for numbers in groups.values() {
            let mut sum = 0.0;
            for numbers in numbers.chunks(LOOKED_AT_TOGETHER) {
                let batch = Batch::of(self.prepared(numbers), &self.layout, None)?;
                let lists = numbers.iter().filter_map(|number| self.list(*number));
                let scores = self.network.lists(&batch)?;
                sum += lists.zip(scores).map(|(list, scores)| self.reward.on(list).scores(&scores)).sum::<f64>();
            }
            means += sum / numbers.len().max(1) as f64;
        }
        Ok(means / groups.len().max(1) as f64)
    }

    /// The best head seen, and what was done.
    pub(super) fn finish(self, start: &Head, settings: Settings, split: &Split) -> (Head, Report) {
        let (kept, _, weights) = self.best;
        let last = self.curve.last().map_or(0, |point| point.step);
        let stopped_early = last < self.pace.steps;
        let report = Report { settings, split: split.clone(), curve: self.curve, kept, stopped_early };
        let mut about = start.about().clone();
        about.stages.push(report.record());
        (start.with(start.reading().scalings.clone(), weights, about), report)
    }
}

/// Collections in turn, and the lists of each in a random order that begins anew when it is through. Lists from which no
/// order can be learned are left out.
struct Queues {
    random: Random,
    groups: Vec<(Vec<usize>, usize)>,
    turn: usize,
}

impl Queues {
    fn new(lists: &[List], groups: &BTreeMap<u32, Vec<usize>>, seed: u64) -> Result<Self, RankError> {
        let teaches =
            |number: &usize| lists.get(*number).is_some_and(|list| list.orders_differ() || list.teacher.is_some());
        let groups: Vec<(Vec<usize>, usize)> = groups
            .values()
            .map(|numbers| (numbers.iter().copied().filter(teaches).collect::<Vec<_>>(), usize::MAX))
            .filter(|(numbers, _)| !numbers.is_empty())
            .collect();
        if groups.is_empty() {
            return Err(RankError::NothingToLearn { lists: lists.len() });
        }
        Ok(Self { random: Random::new(seed, 4), groups, turn: 0 })
    }

    fn next(&mut self) -> Option<usize> {
        let turn = self.turn % self.groups.len();
        self.turn = turn + 1;
        let (numbers, place) = self.groups.get_mut(turn)?;
        if *place >= numbers.len() {
            self.random.shuffle(numbers);
            *place = 0;
        }
        *place += 1;
        numbers.get(*place - 1).copied()
    }
}
