//! Training of heads from judged lists, in two stages.
//!
//! Stage 1 ([`supervise`]) fits the scores to grades list by list, and to a teacher's scores where there are some. Stage 2
//! ([`reinforce`]) samples orderings from the head and moves it towards those that score better by the measure that counts,
//! on a leash to what stage 1 found. Both work with any differentiable network and compute the gradient of their loss by the
//! scores themselves, in plain arithmetic; the tensor library carries it from the scores to the weights. The same lists,
//! settings and seed give the same head again on the same machine.

mod adam;
mod adapter;
mod batch;
mod course;
mod folds;
mod losses;
mod network;
mod policy;
mod reinforce;
mod report;
mod reward;
mod supervise;
mod weigh;

pub use adapter::{AdapterGain, AdapterReport, AdapterSettings, AdapterStage, Contrasted, Rewarded, UnseenGain};
pub(crate) use adapter::{Judged, Material, adapt};
pub use folds::{Split, folds, leave_one_group_out, split};
pub(crate) use reinforce::reinforce_until;
pub use reinforce::{Reinforced, reinforce};
pub use report::{Point, Report, Settings};
pub use reward::Reward;
pub(crate) use supervise::supervise_until;
pub use supervise::{Loss, Supervised, supervise};
pub use weigh::{Weighing, weigh};

#[cfg(test)]
mod tests;
