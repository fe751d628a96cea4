//! Wishes about an answer beyond the order of its hits: newer notes first, no near-copies, not more of the same.

use crate::error::{Error, Result};
use std::time::Duration;

/// How much less an older note counts.
///
/// A note's score is brought to 0..1 and multiplied by a factor that is 1 up to `grace` before `now`, falls with age as the
/// curve says, reaches one half at `grace + half_life`, and never falls below `floor`. A note without a date counts like one
/// of the half life, and one from the future like one of now.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Decay {
    /// How the factor falls.
    pub curve: Curve,
    /// Age beyond the grace at which a note counts half.
    pub half_life: Duration,
    /// Age up to which nothing is taken away. Default none.
    pub grace: Duration,
    /// The least factor, in 0..1. Default 0.
    pub floor: f32,
    /// What ages are counted from, milliseconds since 1970 UTC; the time of the search unless set.
    pub now_ms: Option<i64>,
}

/// How a factor falls with age.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Curve {
    /// By half in each half life.
    #[default]
    Exponential,
    /// Slowly at first, then faster, then slowly: a Gaussian.
    Gaussian,
    /// Evenly, down to nothing at twice the half life.
    Linear,
}

impl Decay {
    /// Halves the score of a note in each half life.
    #[must_use]
    pub const fn new(half_life: Duration) -> Self {
        Self { curve: Curve::Exponential, half_life, grace: Duration::ZERO, floor: 0.0, now_ms: None }
    }

    /// Falls along this curve.
    #[must_use]
    pub const fn curve(mut self, curve: Curve) -> Self {
        self.curve = curve;
        self
    }

    /// Takes nothing away up to this age.
    #[must_use]
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Never takes more away than leaves this factor.
    #[must_use]
    pub const fn floor(mut self, floor: f32) -> Self {
        self.floor = floor;
        self
    }

    /// Counts ages from this time, milliseconds since 1970 UTC.
    #[must_use]
    pub const fn now_ms(mut self, now_ms: i64) -> Self {
        self.now_ms = Some(now_ms);
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.half_life.is_zero() {
            let (given, remedy) = (format!("{:?}", self.half_life), "use a time above 0");
            return Err(Error::Option { option: "half life of the decay", given, remedy });
        }
        share("floor of the decay", self.floor)
    }

    /// What the score of a note made at a time is multiplied by.
    pub(super) fn factor(&self, created_ms: Option<i64>, now_ms: i64) -> f32 {
        let half_lives = created_ms.map_or(1.0, |created| {
            let age = now_ms.saturating_sub(created).max(0) as f64 / 1e3;
            (age - self.grace.as_secs_f64()).max(0.0) / self.half_life.as_secs_f64()
        });
        let factor = match self.curve {
            Curve::Exponential => 0.5_f64.powf(half_lives),
            Curve::Gaussian => 0.5_f64.powf(half_lives * half_lives),
            Curve::Linear => (1.0 - half_lives / 2.0).max(0.0),
        };
        (factor as f32).max(self.floor)
    }
}

/// Refuses what is no share.
pub(super) fn share(option: &'static str, given: f32) -> Result<()> {
    if (0.0..=1.0).contains(&given) {
        return Ok(());
    }
    Err(Error::Option { option, given: given.to_string(), remedy: "use a share from 0 to 1" })
}

/// Candidates with scores in 0..1, best first, in an order that trades their score against their likeness to those before
/// them (maximal marginal relevance: Carbonell and Goldstein 1998, "The use of MMR, diversity-based reranking for
/// reordering documents and producing summaries"). At `diversity` 0 the order stays, at 1 likeness alone decides after the
/// first. The second number is what each was chosen by.
pub(super) fn diversified(
    scored: &[(usize, f32)],
    diversity: f32,
    alike: &dyn Fn(usize, usize) -> f32,
) -> Vec<(usize, f32)> {
    let mut left: Vec<(usize, f32, f32)> = scored.iter().map(|(number, score)| (*number, *score, 0.0)).collect();
    let mut chosen = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let worth = |(_, score, nearest): &(usize, f32, f32)| (1.0 - diversity) * score - diversity * nearest;
        let best = (0..left.len()).rev().max_by(|one, other| {
            let worth = |at: &usize| left.get(*at).map_or(f32::NEG_INFINITY, worth);
            worth(one).total_cmp(&worth(other))
        });
        let Some(best) = best else { break };
        let taken = left.remove(best);
        chosen.push((taken.0, worth(&taken)));
        for (number, _, nearest) in &mut left {
            *nearest = nearest.max(alike(taken.0, *number));
        }
    }
    chosen
}

/// The candidates of which none is too like one before it, each with those that were folded under it.
pub(super) fn folded(
    ordered: Vec<(usize, f32)>,
    same: &dyn Fn(usize, usize) -> bool,
) -> Vec<((usize, f32), Vec<usize>)> {
    let mut kept: Vec<((usize, f32), Vec<usize>)> = Vec::with_capacity(ordered.len());
    for (number, score) in ordered {
        match kept.iter_mut().find(|((first, _), _)| same(*first, number)) {
            Some((_, folded)) => folded.push(number),
            None => kept.push(((number, score), Vec::new())),
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: Duration = Duration::from_secs(86_400);
    const NOW: i64 = 1_760_000_000_000;

    fn days_ago(days: i64) -> Option<i64> {
        Some(NOW - days * 86_400_000)
    }

    #[test]
    fn a_note_counts_half_at_the_half_life_on_every_curve() {
        for curve in [Curve::Exponential, Curve::Gaussian, Curve::Linear] {
            let decay = Decay::new(10 * DAY).curve(curve).grace(2 * DAY).floor(0.1);
            decay.check().unwrap();
            let factor = |created| decay.factor(created, NOW);
            assert_eq!([factor(days_ago(0)), factor(days_ago(2)), factor(days_ago(-5))], [1.0; 3], "{curve:?}");
            assert!((factor(days_ago(12)) - 0.5).abs() < 1e-6 && (factor(None) - 0.5).abs() < 1e-6, "{curve:?}");
            assert_eq!(factor(days_ago(10_000)), 0.1, "{curve:?}");
            let falling: Vec<f32> = (0..60).map(|days| factor(days_ago(days))).collect();
            assert!(falling.is_sorted_by(|left, right| left >= right), "{curve:?}");
        }
    }

    #[test]
    fn decays_that_make_no_sense_are_refused() {
        assert!(Decay::new(Duration::ZERO).check().is_err());
        for floor in [-0.1, 1.1, f32::NAN] {
            assert!(Decay::new(DAY).floor(floor).check().is_err());
        }
    }

    #[test]
    fn diversity_brings_what_is_unlike_the_first_forward() {
        // 0 and 1 are the same, 2 is unlike both.
        let alike = |one: usize, other: usize| if one.max(other) == 1 { 1.0 } else { 0.0 };
        let scored = [(0, 1.0), (1, 0.9), (2, 0.5)];
        let order = |diversity| -> Vec<usize> {
            diversified(&scored, diversity, &alike).into_iter().map(|(number, _)| number).collect()
        };
        assert_eq!(order(0.0), [0, 1, 2]);
        assert_eq!(order(0.5), [0, 2, 1]);
        assert!(diversified(&[], 0.5, &alike).is_empty());
    }

    #[test]
    fn copies_are_folded_under_the_first_of_them() {
        let same = |one: usize, other: usize| one % 3 == other % 3;
        let kept = folded(vec![(4, 0.9), (1, 0.8), (0, 0.7), (7, 0.6), (2, 0.5)], &same);
        assert_eq!(kept, [((4, 0.9), vec![1, 7]), ((0, 0.7), vec![]), ((2, 0.5), vec![])]);
    }
}
