//! Intervals over queries: how far a mean would move if the queries had been others of their kind.
//!
//! The percentile bootstrap (Efron and Tibshirani 1993, "An Introduction to the Bootstrap", chapter 13; for measures of
//! retrieval Sakai 2006, "Evaluating evaluation metrics based on the bootstrap"). Queries are drawn with replacement, as
//! many as there are; the interval lies between the 2.5th and the 97.5th percentile of the means. Two systems on the same
//! queries are compared by the differences of each query, which are far less spread than the two means.

use serde::{Deserialize, Serialize};

/// How often the queries are drawn again.
pub const DRAWS: usize = 10_000;

/// The share of draws that lies outside an interval, half of it on each side.
const OUTSIDE: f64 = 0.05;

/// A mean over queries and its 95 % interval.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Mean over all queries.
    pub mean: f64,
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether zero lies outside, on either side: then a difference is not just the luck of these queries.
    #[must_use]
    pub fn excludes_zero(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Mean of one value a query, with its 95 % interval. The same values in the same order and the same `seed` give the same
/// interval on every machine. None where there are no values, or one is not finite.
#[must_use]
pub fn bootstrap(values: &[f64], seed: u64) -> Option<Interval> {
    if values.is_empty() || !values.iter().all(|value| value.is_finite()) {
        return None;
    }
    let mut random = Random(seed);
    let mut means: Vec<f64> = (0..DRAWS).map(|_| redrawn_mean(values, &mut random)).collect();
    means.sort_unstable_by(f64::total_cmp);
    let cut = ((DRAWS + 1) as f64 * OUTSIDE / 2.0) as usize;
    let low = means.get(cut.saturating_sub(1)).copied()?;
    let high = means.get(DRAWS.saturating_sub(cut)).copied()?;
    Some(Interval { mean: values.iter().sum::<f64>() / values.len() as f64, low, high })
}

/// Mean of `system − baseline` over the queries, with its 95 % interval. Both have one value a query, in the same order.
/// None where the lengths differ, and where [`bootstrap`] gives none.
#[must_use]
pub fn paired(system: &[f64], baseline: &[f64], seed: u64) -> Option<Interval> {
    if system.len() != baseline.len() {
        return None;
    }
    let differences: Vec<f64> = system.iter().zip(baseline).map(|(system, baseline)| system - baseline).collect();
    bootstrap(&differences, seed)
}

/// Mean of as many values as there are, drawn with replacement.
fn redrawn_mean(values: &[f64], random: &mut Random) -> f64 {
    let drawn = (0..values.len()).filter_map(|_| values.get(random.below(values.len())));
    drawn.sum::<f64>() / values.len() as f64
}

/// SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number generators").
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, by the upper half of a product; the bias is `end` in 2^64.
    fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}
