//! From what was shown and chosen to grades: clicks say less about what stood further down, because fewer looked there.
//!
//! Each choice counts one over the probability that its place was looked at (inverse propensity scoring: Joachims,
//! Swaminathan and Schnabel 2017, "Unbiased learning-to-rank with biased feedback", arXiv 1608.04468), cut at a greatest
//! weight: far down, one accidental choice would otherwise outweigh hundreds. What was shown and not chosen has grade 0.

use super::RankError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One answer that somebody looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event<Id> {
    /// What was asked: events with the same number showed candidates for the same query.
    pub query: u64,
    /// What was shown, first place first.
    pub shown: Vec<Id>,
    /// What was chosen of it.
    pub chosen: Vec<Id>,
}

/// How probable it is that somebody looks at a place: one over the place, to a power.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Propensity {
    /// The power; 0 for somebody who looks at everything.
    pub power: f64,
    /// The greatest weight of a choice.
    pub greatest: f64,
}

impl Default for Propensity {
    fn default() -> Self {
        Self { power: 1.0, greatest: 10.0 }
    }
}

/// Powers that are tried when one is estimated, in hundredths.
const POWERS: std::ops::RangeInclusive<u32> = 0..=300;
/// Choices among comparable showings without which no power is estimated.
const FEWEST: f64 = 50.0;

/// How often a candidate was shown at each place, and chosen there.
type Places = BTreeMap<usize, (f64, f64)>;

impl Propensity {
    /// Refuses what gives no weights.
    ///
    /// # Errors
    /// [`RankError::Setting`].
    pub fn check(&self) -> Result<(), RankError> {
        let refuse =
            |setting, given: f64, remedy| Err(RankError::Setting { setting, given: given.to_string(), remedy });
        if !(0.0..=10.0).contains(&self.power) {
            return refuse("power", self.power, "0 to 10 will do");
        }
        if !(1.0..=1e6).contains(&self.greatest) {
            return refuse("greatest", self.greatest, "1 to a million will do");
        }
        Ok(())
    }

    /// The probability that a place, counted from 0, is looked at.
    #[must_use]
    pub fn looked_at(&self, place: usize) -> f64 {
        (place as f64 + 1.0).powf(-self.power)
    }

    /// What a choice at a place, counted from 0, counts: between 1 and the greatest weight.
    #[must_use]
    pub fn weight(&self, place: usize) -> f64 {
        (1.0 / self.looked_at(place)).min(self.greatest)
    }

    /// Grades of what an event showed, in the order it was shown. An id that was chosen and not shown counts nowhere.
    #[must_use]
    pub fn grades<Id: PartialEq>(&self, event: &Event<Id>) -> Vec<f32> {
        let grade = |(place, id): (usize, &Id)| if event.chosen.contains(id) { self.weight(place) as f32 } else { 0.0 };
        event.shown.iter().enumerate().map(grade).collect()
    }

    /// Estimates the power from candidates that the same query showed at different places: whatever they are worth, only the
    /// places explain why they were chosen more often at one than at another (intervention harvesting: Agarwal et al. 2019,
    /// "Estimating position bias without intrusive interventions", arXiv 1812.05161).
    ///
    /// The power under which the choices are most probable, given how often each candidate was chosen in all. None where
    /// fewer than 50 choices fell on candidates that were shown at two or more places.
    #[must_use]
    pub fn estimate<Id: Ord>(events: &[Event<Id>], greatest: f64) -> Option<Self> {
        let mut showings: BTreeMap<(u64, &Id), Places> = BTreeMap::new();
        for event in events {
            for (place, id) in event.shown.iter().enumerate() {
                let at_place = showings.entry((event.query, id)).or_default().entry(place).or_default();
                at_place.0 += 1.0;
                at_place.1 += if event.chosen.contains(id) { 1.0 } else { 0.0 };
            }
        }
        showings.retain(|_, places| places.len() > 1);
        let choices: f64 = showings.values().flat_map(BTreeMap::values).map(|(_, chosen)| chosen).sum();
        if choices < FEWEST {
            return None;
        }
        let candidates = POWERS.map(|power| Self { power: f64::from(power) / 100.0, greatest });
        let likelihoods = candidates.map(|propensity| (propensity, propensity.likelihood(&showings)));
        likelihoods.max_by(|left, right| left.1.total_cmp(&right.1)).map(|(propensity, _)| propensity)
    }

    /// Logarithm of the probability that the choices of each candidate fell on the places they fell on, given their number:
    /// shares of how often a place was shown times how often it is looked at.
    fn likelihood<Key>(&self, showings: &BTreeMap<Key, Places>) -> f64 {
        let of_one = |places: &Places| {
            let expected = |(place, (shown, _)): (&usize, &(f64, f64))| shown * self.looked_at(*place);
            let all: f64 = places.iter().map(expected).sum();
            let part = |place: (&usize, &(f64, f64))| place.1.1 * (expected(place) / all).ln();
            places.iter().map(part).sum::<f64>()
        };
        showings.values().map(of_one).sum()
    }
}

#[cfg(test)]
mod tests;
