//! The best rows met so far, and which of them a walk follows next.

use crate::vector::QueryCode;
use std::cmp::Ordering;

/// A row and the dot product of its code with the query's; higher is closer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scored {
    pub(super) score: i32,
    pub(super) row: u32,
}

/// Bits below the row in a key.
const MARK_BITS: u32 = 2;
/// Mark of a row that counts.
const ACCEPTED: u64 = 1;
/// Mark of a row whose links have been followed.
const FOLLOWED: u64 = 2;
/// Lowest score a key holds.
const SCORE_MIN: i32 = -(1 << 29);

impl Scored {
    /// Both numbers in one, so that ordering compares once: score first, then row; the lowest bits are left for marks.
    /// Scores past 29 bits, which only codes of more than 30,000 components have, count as equal.
    const fn key(self) -> u64 {
        let score = if self.score < SCORE_MIN { SCORE_MIN } else { self.score };
        let score = if score > -SCORE_MIN - 1 { -SCORE_MIN - 1 } else { score };
        ((score - SCORE_MIN) as u64) << (32 + MARK_BITS) | (self.row as u64) << MARK_BITS
    }

    const fn of(key: u64) -> Self {
        Self { score: (key >> (32 + MARK_BITS)) as i32 + SCORE_MIN, row: (key >> MARK_BITS) as u32 }
    }
}

impl Ord for Scored {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}

impl PartialOrd for Scored {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How far a walk goes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Reach {
    /// Accepted rows that are wanted.
    pub(super) wanted: usize,
    /// How much farther than the last wanted row another may be and still be followed, as a share of that row's distance
    /// (one less its cosine).
    pub(super) slack: Slack,
    /// Accepted rows held at most, whatever the slack would allow.
    pub(super) most: usize,
}

/// How far past the second distance a share goes on changing, counted from the first.
const BEYOND: f64 = 1.5;

/// A share that changes evenly from one distance to another and on to half as far again: a query far from all rows has many
/// more of them at nearly the distance of its best ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Slack {
    /// Distances at both ends.
    pub(super) distances: [f32; 2],
    /// Shares at both ends.
    pub(super) shares: [f32; 2],
}

impl Slack {
    /// The same share at any distance.
    pub(super) const fn even(share: f32) -> Self {
        Self { distances: [0.0; 2], shares: [share; 2] }
    }

    fn at(&self, distance: f64) -> f64 {
        let [near, far] = self.distances.map(f64::from);
        let [least, most] = self.shares.map(f64::from);
        let place = if far > near { ((distance - near) / (far - near)).clamp(0.0, BEYOND) } else { 0.0 };
        least + place * (most - least)
    }
}

/// Rows in one list, best first: for the numbers in use that is faster than two heaps. A row is held while it is among the
/// wanted ones or not much farther than the last of them (Al-Jazzazi et al. 2025, "Distance adaptive beam search", arXiv
/// 2505.15636): a query with clear neighbours ends soon, one among many near equals looks further. Rows that are not
/// accepted stay as long as they may lead to better ones, and do not count.
#[derive(Default)]
pub(super) struct Beam {
    /// Keys with their marks.
    held: Vec<u64>,
    accepted: usize,
    /// All rows before this place have been followed.
    next: usize,
    /// Place of the last wanted row, once there are enough.
    last_wanted: Option<usize>,
    /// Scores up to here are too far, once there are enough rows.
    floor: i32,
    /// The score of a cosine of 1, and the cosine that a unit of score stands for.
    full: f64,
    unit: f64,
}

impl Beam {
    pub(super) fn begin(&mut self, query: &QueryCode) {
        self.held.clear();
        (self.accepted, self.next, self.last_wanted) = (0, 0, None);
        self.floor = i32::MIN;
        (self.full, self.unit) = (query.full_score(), query.unit());
    }

    /// Rows held, accepted or not.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Whether a row with this score would be held.
    #[inline]
    pub(super) fn wants(&self, candidate: Scored, reach: Reach) -> bool {
        candidate.score > self.floor
            && (self.accepted < reach.most || self.held.last().is_none_or(|worst| *worst < candidate.key()))
    }

    pub(super) fn insert(&mut self, candidate: Scored, accepted: bool, reach: Reach) {
        let key = candidate.key() | if accepted { ACCEPTED } else { 0 };
        let place = self.held.partition_point(|held| *held > key);
        self.held.insert(place, key);
        self.accepted += usize::from(accepted);
        self.next = self.next.min(place);
        if self.moves_last_wanted((place, accepted), reach.wanted) {
            let last =
                self.last_wanted.and_then(|last| self.held.get(last)).map_or(i32::MIN, |key| Scored::of(*key).score);
            let distance = (self.full - f64::from(last)).max(0.0);
            // Just below the last wanted row if there is no slack: of many equal rows no more are held than wanted.
            self.floor = (f64::from(last) - reach.slack.at(distance * self.unit) * distance) as i32;
        }
        self.drop_worst(reach.most);
    }

    /// Keeps the place of the last wanted row; tells whether another row has come to be it.
    fn moves_last_wanted(&mut self, (place, accepted): (usize, bool), wanted: usize) -> bool {
        let is_accepted = |held: &u64| held & ACCEPTED != 0;
        match self.last_wanted {
            None if self.accepted < wanted => false,
            None => {
                self.last_wanted = self.held.iter().rposition(is_accepted);
                true
            }
            Some(last) if place > last => false,
            Some(last) if accepted => {
                // What was the last one has moved on by a place, and the accepted one before it is the last one now.
                self.last_wanted = self.held.iter().take(last + 1).rposition(is_accepted);
                true
            }
            Some(last) => {
                self.last_wanted = Some(last + 1);
                false
            }
        }
    }

    /// Drops what is too far, or too much; of a full list nothing is kept behind the worst accepted row.
    fn drop_worst(&mut self, most: usize) {
        while let Some(worst) = self.held.last() {
            let accepted = worst & ACCEPTED != 0;
            let too_far = self.last_wanted.is_some_and(|last| last + 1 < self.held.len())
                && Scored::of(*worst).score <= self.floor;
            let too_much = self.accepted > most || (self.accepted == most && !accepted);
            if !too_far && !too_much {
                break;
            }
            self.held.pop();
            self.accepted -= usize::from(accepted);
        }
    }

    /// The best row that has not been followed; it counts as followed from now on.
    pub(super) fn follow(&mut self) -> Option<u32> {
        while let Some(held) = self.held.get_mut(self.next) {
            self.next += 1;
            if *held & FOLLOWED == 0 {
                *held |= FOLLOWED;
                return Some(Scored::of(*held).row);
            }
        }
        None
    }

    /// The accepted rows, best first.
    pub(super) fn found(&self) -> Vec<Scored> {
        self.held.iter().filter(|held| **held & ACCEPTED != 0).map(|held| Scored::of(*held)).collect()
    }
}
