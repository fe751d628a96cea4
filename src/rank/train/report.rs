//! What a stage of training did: enough to run it again and to see whether it helped.

use super::{Reinforced, Split, Supervised};
use serde::{Deserialize, Serialize};

/// The settings of a stage.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Settings {
    /// Of stage 1.
    Supervised(Supervised),
    /// Of stage 2.
    Reinforced(Reinforced),
}

/// One look at a head in training. Rewards are means over collections of the means over their lists.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Steps done.
    pub step: usize,
    /// Mean loss of the steps since the last look: of stage 1 the loss, of stage 2 the divergence from the start.
    pub loss: f64,
    /// Reward on lists of the training part.
    pub train: f64,
    /// Reward on the held-out part.
    pub held_out: f64,
}

/// What a stage of training did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// All settings, the seed among them.
    pub settings: Settings,
    /// Which lists it learned from, and which decided when to stop.
    pub split: Split,
    /// The head over time; the first point is before the first step.
    pub curve: Vec<Point>,
    /// The step whose head was kept: the best on the held-out part.
    pub kept: usize,
    /// Whether it stopped before its last step because nothing got better.
    pub stopped_early: bool,
}

impl Report {
    /// The look at which the head was kept.
    #[must_use]
    pub fn best(&self) -> Option<&Point> {
        self.curve.iter().find(|point| point.step == self.kept)
    }

    /// The line that a head keeps of this: settings and outcome without the curve and the numbers of lists.
    pub(super) fn record(&self) -> String {
        let summary = serde_json::json!({
            "settings": self.settings,
            "lists": [self.split.train.len(), self.split.held_out.len()],
            "before": self.curve.first(),
            "kept": self.best(),
        });
        summary.to_string()
    }
}
