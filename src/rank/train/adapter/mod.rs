//! Training of an adapter: a projection of vectors and queries, near the identity, that puts what is of use first.
//!
//! | file | what it does |
//! |---|---|
//! | `settings.rs` | how it is done, and what is said of it afterwards |
//! | `material.rs` | rows of notes, judged queries, and which of them are for what |
//! | `exact.rs` | exact ranking: measures and hard negatives |
//! | `projection.rs` | the matrix as tensors |
//! | `course.rs` | what both stages have in common |
//! | `contrast.rs` | stage 1: contrastive, at every prefix |
//! | `reinforce.rs` | stage 2: by the reward of orderings |
//! | `jury.rs` | whether the outcome is worth having |
//!
//! Queries are in three parts. One is learned from; one says when to stop and which stage's outcome is kept; the last, which
//! the caller names, is looked at once, at the end, and decides whether the adapter is worth having.

mod contrast;
mod course;
mod exact;
mod jury;
mod material;
mod projection;
mod reinforce;
mod settings;

pub(crate) use material::{Judged, Material};
pub use settings::{AdapterGain, AdapterReport, AdapterSettings, AdapterStage, Contrasted, Rewarded, UnseenGain};

use super::super::RankError;
use super::super::random::Random;
use super::course::Pace;
use crate::vector::{Adapter, VectorError};
use course::Course;
use jury::{Compared, Jury};
use material::Parts;
use projection::Projection;

/// Trains an adapter and holds it against the present one, or none. `prefixes` are lengths at which vectors are to stay good;
/// the full width is always among them. Once `cancelled` says so, training ends with the next look, and what comes back is of
/// no use.
///
/// # Errors
/// [`RankError::NothingToLearn`] for fewer than two queries with something to find that do not decide,
/// [`RankError::NoHeldOut`] where none decides, [`RankError::List`],
/// [`RankError::Width`] and [`RankError::Setting`] for what makes no sense, [`RankError::Tensor`].
pub(crate) fn adapt(
    material: &Material,
    (prefixes, present): (&[usize], Option<&Adapter>),
    settings: &AdapterSettings,
    cancelled: &dyn Fn() -> bool,
) -> Result<(Adapter, AdapterReport), RankError> {
    settings.check()?;
    material.check()?;
    let width = material.rows.width();
    let mut lengths: Vec<usize> = prefixes.iter().copied().filter(|dims| (1..width).contains(dims)).collect();
    lengths.push(width);
    let parts = material.parts(settings.held_out, settings.seed)?;
    let random = |purpose| Random::new(settings.seed, purpose);
    let Contrasted { rank, steps, every, patience, batch, learning_rate: rate, .. } = settings.contrasted;
    let start = Projection::identity(width, rank, &mut random(8))?;
    let pace = Pace { steps, every, patience, batch, rate };
    let mut course = Course::new(material, &parts, (start, pace, random(9)), cancelled)?;
    contrast::contrast(&mut course, &settings.contrasted, &lengths)?;
    let (first, kept, curve) = course.finish();
    let contrasted = AdapterStage { curve, kept };
    let (adapter, rewarded) = match &settings.rewarded {
        None => (first.clone(), None),
        Some(second) => {
            let (adapter, stage) = reward((material, &parts), &first, (second, random(10)), cancelled)?;
            (adapter, Some(stage))
        }
    };
    let queries = [parts.learn.train.len(), parts.learn.held_out.len(), parts.gate.len()];
    let judge = Jury { material, gate: &parts.gate, seed: settings.seed };
    let added = rewarded.as_ref().map(|_| judge.compare(Some(&first), &adapter, width)).transpose()?;
    let gains = lengths.iter().map(|dims| judge.compare(present, &adapter, *dims));
    let gains = gains.collect::<Result<Vec<Compared>, RankError>>()?;
    let (verdict, unseen) = (judge.verdict(gains.last())?, judge.unseen(gains.last(), &parts.learn));
    let gains = gains.iter().zip(&lengths).map(|(of, dims)| of.gain(*dims)).collect();
    let (settings, added) = (settings.clone(), added.map(|added| added.gain));
    Ok((adapter, AdapterReport { settings, queries, contrasted, rewarded, added, gains, unseen, verdict }))
}

/// Stage 2 from what stage 1 came to.
fn reward(
    (material, parts): (&Material, &Parts),
    first: &Adapter,
    (settings, random): (&Rewarded, Random),
    cancelled: &dyn Fn() -> bool,
) -> Result<(Adapter, AdapterStage), RankError> {
    let Rewarded { steps, every, patience, batch, learning_rate: rate, .. } = *settings;
    let pace = Pace { steps, every, patience, batch, rate };
    let origin = Projection::of(first)?;
    let mut course = Course::new(material, parts, (Projection::of(first)?, pace, random), cancelled)?;
    reinforce::reinforce(&mut course, &origin, settings, first.width())?;
    let (adapter, kept, curve) = course.finish();
    Ok((adapter, AdapterStage { curve, kept }))
}

/// The fault of a vector as one of training.
fn of_vector(error: VectorError) -> RankError {
    RankError::Tensor { why: error.to_string() }
}

#[cfg(test)]
mod tests;
