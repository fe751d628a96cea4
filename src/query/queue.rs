//! The rows a walk has still to follow, nearest first, to within a few thousandths of cosine.
//!
//! A bucket queue (Dial 1969, "Algorithm 360"): a row goes to the bucket of its score, and what is in the nearest bucket
//! comes out first, the last one in before the others. Putting in and taking out compare nothing, so there is no branch to
//! guess wrong, which a heap makes a walk wait for; following near equals in another order does not matter to it.

use super::beam::Scored;
use crate::vector::QueryCode;

/// Buckets: each holds a five hundredth to a thousandth of the cosines from 1 to -1.
const BUCKETS: usize = 1_024;
/// Marks the end of a bucket.
const END: u32 = u32::MAX;

/// A row in a bucket, and the place of the one put in before it.
#[derive(Debug, Clone, Copy)]
struct Entry {
    scored: Scored,
    before: u32,
}

/// See the module.
pub(super) struct Queue {
    /// All rows put in so far, whether taken out or not.
    entries: Vec<Entry>,
    /// Place of the last row put into each bucket.
    last: [u32; BUCKETS],
    /// A bit for each bucket that holds something.
    filled: [u64; BUCKETS / 64],
    /// Score of the first bucket's near end, and how many bits a score's distance from it is wider than a bucket's number.
    nearest: i64,
    shift: u32,
}

impl Default for Queue {
    fn default() -> Self {
        Self { entries: Vec::new(), last: [END; BUCKETS], filled: [0; BUCKETS / 64], nearest: 0, shift: 0 }
    }
}

impl Queue {
    /// Empties the queue for a query.
    pub(super) fn begin(&mut self, query: &QueryCode) {
        self.entries.clear();
        self.filled.fill(0);
        self.nearest = query.full_score() as i64;
        // From a cosine of 1 to one of -1; scores beyond, which rounding makes, go to the buckets at the ends.
        let range = (2.0 / query.unit()) as u64 / BUCKETS as u64;
        self.shift = u64::BITS - range.leading_zeros();
    }

    #[inline]
    fn bucket(&self, score: i32) -> usize {
        let distance = (self.nearest - i64::from(score)).max(0) as u64;
        ((distance >> self.shift) as usize).min(BUCKETS - 1)
    }

    #[inline]
    pub(super) fn push(&mut self, scored: Scored) {
        let bucket = self.bucket(scored.score);
        let place = self.entries.len() as u32;
        if let (Some(last), Some(filled)) = (self.last.get_mut(bucket), self.filled.get_mut(bucket / 64)) {
            let bit = 1 << (bucket % 64);
            let before = if *filled & bit == 0 { END } else { *last };
            self.entries.push(Entry { scored, before });
            *last = place;
            *filled |= bit;
        }
    }

    /// The nearest bucket that holds something.
    #[inline]
    fn first(&self) -> Option<usize> {
        let word = self.filled.iter().position(|word| *word != 0)?;
        Some(word * 64 + self.filled.get(word)?.trailing_zeros() as usize)
    }

    /// What comes out next.
    #[inline]
    pub(super) fn peek(&self) -> Option<Scored> {
        let last = *self.last.get(self.first()?)?;
        Some(self.entries.get(last as usize)?.scored)
    }

    /// Takes out the next row that scores at least `floor`; lower ones before it are dropped. None once there can be no
    /// such row.
    #[inline]
    pub(super) fn pop(&mut self, floor: i32) -> Option<Scored> {
        let furthest = self.bucket(floor);
        loop {
            let bucket = self.first().filter(|bucket| *bucket <= furthest)?;
            let last = self.last.get_mut(bucket)?;
            let Entry { scored, before } = *self.entries.get(*last as usize)?;
            *last = before;
            if before == END {
                *self.filled.get_mut(bucket / 64)? &= !(1 << (bucket % 64));
            }
            if scored.score >= floor {
                return Some(scored);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::{Bits, CodeParams};
    use proptest::prelude::*;

    fn queue() -> Queue {
        let params = CodeParams { bits: Bits::Eight, dims: 2, scale: 100.0 };
        let mut queue = Queue::default();
        queue.begin(&params.query(&[1.0, 0.0]));
        queue
    }

    proptest! {
        /// A score of 10,000 stands for a cosine of 1 here, so a bucket is at most 40 wide.
        #[test]
        fn rows_come_out_nearest_first_to_within_a_bucket(
            steps in proptest::collection::vec((-20_000..20_000_i32, any::<bool>()), 0..300),
            floor in -12_000..12_000_i32,
        ) {
            let mut queue = queue();
            let mut held: Vec<Scored> = Vec::new();
            for (row, (score, takes)) in steps.into_iter().enumerate() {
                let scored = Scored { score, row: row as u32 };
                queue.push(scored);
                held.push(scored);
                if takes {
                    let next = queue.peek();
                    let Some(taken) = queue.pop(floor) else {
                        prop_assert!(held.iter().all(|held| held.score < floor));
                        held.clear();
                        continue;
                    };
                    prop_assert!(taken.score >= floor && (next == Some(taken) || next.is_some_and(|next| next.score < floor)));
                    let nearest = held.iter().map(|held| held.score.min(10_000)).max().unwrap();
                    prop_assert!(taken.score.min(10_000) > nearest - 40 || nearest <= -10_000);
                    let place = held.iter().position(|held| *held == taken);
                    prop_assert!(place.is_some());
                    held.remove(place.unwrap());
                }
            }
        }

        /// Damaged codes and odd scales give scores of any size.
        #[test]
        fn every_row_comes_out_once(scores in proptest::collection::vec(any::<i32>(), 0..300)) {
            let mut queue = queue();
            for (row, score) in scores.iter().enumerate() {
                queue.push(Scored { score: *score, row: row as u32 });
            }
            let mut rows: Vec<u32> = std::iter::from_fn(|| queue.pop(i32::MIN)).map(|scored| scored.row).collect();
            rows.sort_unstable();
            prop_assert!(rows.into_iter().eq(0..scores.len() as u32));
        }
    }
}
