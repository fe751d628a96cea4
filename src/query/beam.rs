//! The best rows met so far, and which row a walk follows next.

use super::queue::Queue;
use crate::vector::QueryCode;

/// A row and the dot product of its code with the query's; higher is closer. Orders by score, then by row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Scored {
    pub(super) score: i32,
    pub(super) row: u32,
}

/// How far a walk goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reach {
    /// Accepted rows that are wanted.
    pub(super) wanted: usize,
    /// How much farther than the last wanted row another may be and still be followed, as a share of that row's distance
    /// (one less its cosine).
    pub(super) slack: ByDistance,
    /// Codes compared at most: a walk that needs more is given up.
    pub(super) compared: usize,
}

/// A number that changes evenly from one distance to another: a query far from all rows has many more of them at nearly the
/// distance of its best ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ByDistance {
    /// Distances at both ends.
    pub(super) distances: [f32; 2],
    /// Numbers at both ends.
    pub(super) values: [f32; 2],
}

impl ByDistance {
    /// The same number at any distance.
    pub(super) const fn even(value: f32) -> Self {
        Self { distances: [0.0; 2], values: [value; 2] }
    }

    pub(super) fn at(&self, distance: f64) -> f64 {
        let [near, far] = self.distances.map(f64::from);
        let [least, most] = self.values.map(f64::from);
        if distance <= near {
            least
        } else if distance >= far {
            most
        } else {
            least + (distance - near) / (far - near) * (most - least)
        }
    }

    /// The score that lies a margin below that of the last wanted row.
    pub(super) fn floor(&self, query: &QueryCode, last: i32) -> i32 {
        query.below(last, self.at(f64::from(1.0 - query.cosine(last))) as f32)
    }
}

/// What a walk has met. A row is worth following while it is not much farther than the last of the wanted ones (Al-Jazzazi et
/// al. 2025, "Distance adaptive beam search", arXiv 2505.15636): a query with clear neighbours ends soon, one among many near
/// equals looks further. Rows that are not accepted may lead to better ones, and do not count.
#[derive(Default)]
pub(super) struct Beam {
    /// Rows still to be followed.
    open: Queue,
    /// Accepted rows, in the order they were met.
    accepted: Vec<Scored>,
    /// Scores of the wanted rows so far, best first.
    wanted: Vec<i32>,
    /// Scores below are too far, once there are enough rows.
    floor: i32,
    /// The score of a cosine of 1, and the cosine that a unit of score stands for.
    full: f64,
    unit: f64,
}

impl Beam {
    pub(super) fn begin(&mut self, query: &QueryCode) {
        self.open.begin(query);
        self.accepted.clear();
        self.wanted.clear();
        self.floor = i32::MIN;
        (self.full, self.unit) = (query.full_score(), query.unit());
    }

    /// Rows with a score up to this are too far, or as far as the last wanted one: of many equal rows no more are taken than
    /// wanted.
    #[inline]
    pub(super) const fn floor(&self) -> i32 {
        self.floor
    }

    /// Takes rows that score above the floor, and raises the floor with them.
    #[inline]
    pub(super) fn extend(&mut self, candidates: &[Scored], accept: impl Fn(u32) -> bool, reach: Reach) {
        let mut last = self.last_wanted(reach);
        for candidate in candidates {
            self.open.push(*candidate);
            if accept(candidate.row) {
                self.accepted.push(*candidate);
                if last.is_none_or(|last| last < candidate.score) {
                    self.want(candidate.score, last.is_some());
                    last = self.last_wanted(reach);
                }
            }
        }
        if let Some(last) = last.map(f64::from) {
            let distance = (self.full - last).max(0.0);
            self.floor = (last - reach.slack.at(distance * self.unit) * distance) as i32;
        }
    }

    /// The score of the last wanted row, once there are enough.
    fn last_wanted(&self, reach: Reach) -> Option<i32> {
        self.wanted.get(reach.wanted.checked_sub(1)?).copied()
    }

    fn want(&mut self, score: i32, full: bool) {
        if full {
            self.wanted.pop();
        }
        let place = self.wanted.partition_point(|held| *held >= score);
        self.wanted.insert(place, score);
    }

    /// The nearest row that has not been followed, unless it is too far; it counts as followed from now on.
    #[inline]
    pub(super) fn follow(&mut self) -> Option<u32> {
        self.open.pop(self.floor).map(|nearest| nearest.row)
    }

    /// The row that would be followed next.
    #[inline]
    pub(super) fn next(&self) -> Option<u32> {
        self.open.peek().map(|next| next.row)
    }

    /// The accepted rows whose cosine is estimated at most `margin` below that of the last wanted one, in no order.
    pub(super) fn found(&self, query: &QueryCode, margin: ByDistance) -> Vec<Scored> {
        let floor = self.wanted.last().map_or(i32::MIN, |last| margin.floor(query, *last));
        self.accepted.iter().filter(|scored| scored.score >= floor).copied().collect()
    }
}
