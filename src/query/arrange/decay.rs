//! Date decay: what is far from a date counts less.

use crate::error::{Error, Result};
use std::time::Duration;

/// How a score falls with the distance in time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Curve {
    /// Slowly at first, then fast, then slowly: a bell.
    #[default]
    Gauss,
    /// By the same share in each span of time.
    Exponential,
    /// By the same amount in each span of time, down to nothing at twice the scale.
    Linear,
}

/// Makes notes count less the farther their date is from an origin.
///
/// A score, brought to 0..1 within the pool, is multiplied by a factor: 1 up to the grace period before and after the origin,
/// 0.5 at the scale beyond it, and never below the floor. Notes without a date keep their score.
///
/// ```
/// use std::time::Duration;
/// use uninote::SearchOptions;
/// use uninote::query::Decay;
///
/// let month = Duration::from_secs(30 * 24 * 3600);
/// let recent_first = SearchOptions::new().decay(Decay::exponential(month).floor(0.2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Decay {
    /// How the factor falls.
    pub curve: Curve,
    /// The time around which notes count in full, in milliseconds since 1970 UTC; none: the time of the search.
    pub origin: Option<i64>,
    /// Distance, beyond the grace period, at which the factor is 0.5.
    pub scale: Duration,
    /// Distance up to which the factor is 1. Default none.
    pub grace: Duration,
    /// The least factor, in [0, 1]. Default 0.
    pub floor: f32,
}

impl Decay {
    /// With this curve and scale, around the time of the search.
    #[must_use]
    pub const fn new(curve: Curve, scale: Duration) -> Self {
        Self { curve, origin: None, scale, grace: Duration::ZERO, floor: 0.0 }
    }

    /// A bell.
    #[must_use]
    pub const fn gauss(scale: Duration) -> Self {
        Self::new(Curve::Gauss, scale)
    }

    /// By the same share in each span of time.
    #[must_use]
    pub const fn exponential(scale: Duration) -> Self {
        Self::new(Curve::Exponential, scale)
    }

    /// By the same amount in each span of time.
    #[must_use]
    pub const fn linear(scale: Duration) -> Self {
        Self::new(Curve::Linear, scale)
    }

    /// Around this time, in milliseconds since 1970 UTC.
    #[must_use]
    pub const fn origin(mut self, millis: i64) -> Self {
        self.origin = Some(millis);
        self
    }

    /// With nothing lost up to this distance.
    #[must_use]
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// With no factor below this.
    #[must_use]
    pub const fn floor(mut self, floor: f32) -> Self {
        self.floor = floor;
        self
    }

    pub(in crate::query) fn check(&self) -> Result<()> {
        if self.scale.is_zero() {
            let remedy = "use a time above zero, at which a score is halved";
            return Err(Error::Option { option: "scale of the decay", given: "0".to_owned(), remedy });
        }
        if !(0.0..=1.0).contains(&self.floor) {
            let (given, remedy) = (self.floor.to_string(), "use a number from 0 to 1");
            return Err(Error::Option { option: "floor of the decay", given, remedy });
        }
        Ok(())
    }

    /// What the score of a note with this date is multiplied by, if it is `now`; both in milliseconds since 1970 UTC.
    pub(super) fn factor(&self, created: Option<i64>, now: i64) -> f32 {
        let Some(created) = created else { return 1.0 };
        let distance = self.origin.unwrap_or(now).abs_diff(created) as f64 / 1e3;
        let beyond = (distance - self.grace.as_secs_f64()).max(0.0) / self.scale.as_secs_f64();
        let factor = match self.curve {
            Curve::Gauss => 0.5_f64.powf(beyond * beyond),
            Curve::Exponential => 0.5_f64.powf(beyond),
            Curve::Linear => (1.0 - beyond / 2.0).max(0.0),
        };
        (factor as f32).max(self.floor)
    }
}
