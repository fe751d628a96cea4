//! Arranging the best hits of an answer anew: by date, with less repetition, with near-copies folded.
//!
//! | file | what it does |
//! |---|---|
//! | `decay.rs` | what is far from a date counts less |
//! | `diversify.rs` | an order that repeats itself less |
//! | `fold.rs` | near-copies of a hit under that hit |
//! | `by_field.rs` | at most so many hits of a group; the order of a field |
//! | `page.rs` | a page of the arrangement, and of what comes after it |
//!
//! All but the last two are pure: scores, dates and similarities come in, orders go out.

mod by_field;
mod decay;
mod diversify;
mod fold;
mod page;

pub use by_field::{Grouping, Sorting};
pub(super) use by_field::{Groups, grouped};
pub use decay::{Curve, Decay};
pub(super) use page::{Shown, page};

use diversify::diversified;
use fold::{Fold, folded};

/// What is asked of the arrangement.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Arrangement {
    pub(super) decay: Option<Decay>,
    /// How much likeness to hits before counts against relevance, in [0, 1].
    pub(super) diversity: f32,
    /// Similarity of texts from which a hit is a copy.
    pub(super) fold: Option<f32>,
}

/// A hit of the arrangement: its place before, its score now, the places of those folded under it.
#[derive(Debug, Clone, PartialEq)]
struct Arranged {
    place: usize,
    score: f32,
    under: Vec<usize>,
}

/// Arranges hits with these scores, best first, and dates: decay, then folding, then diversity among what stands.
/// `similarity` says how alike two hits are in meaning, `copies` how alike their texts are; both by places and up to 1.
fn arranged(
    wanted: &Arrangement,
    (scores, dates, now): (&[f32], &[Option<i64>], i64),
    similarity: impl Fn(usize, usize) -> f32,
    copies: impl Fn(usize, usize) -> f32,
) -> Vec<Arranged> {
    let units = units(scores);
    let mut hits: Vec<(usize, f32, f32)> = Vec::with_capacity(scores.len());
    for (place, ((unit, score), date)) in units.iter().zip(scores).zip(dates).enumerate() {
        let factor = wanted.decay.map_or(1.0, |decay| decay.factor(*date, now));
        hits.push((place, unit * factor, if wanted.decay.is_some() { unit * factor } else { *score }));
    }
    hits.sort_by(|left, right| right.1.total_cmp(&left.1));
    let at = |number: usize| hits.get(number).map_or(number, |hit| hit.0);
    let folds = match wanted.fold {
        Some(least) => folded(0..hits.len(), |one, other| copies(at(one), at(other)) >= least),
        None => (0..hits.len()).map(|first| Fold { first, under: Vec::new() }).collect(),
    };
    let standing: Vec<f32> = folds.iter().filter_map(|fold| hits.get(fold.first)).map(|hit| hit.1).collect();
    let order = if wanted.diversity > 0.0 {
        let first = |number: usize| folds.get(number).map_or(number, |fold| at(fold.first));
        diversified(&standing, wanted.diversity, |one, other| similarity(first(one), first(other)))
    } else {
        (0..folds.len()).collect()
    };
    let ready = |fold: &Fold| {
        let under = fold.under.iter().map(|number| at(*number)).collect();
        hits.get(fold.first).map(|(place, _, score)| Arranged { place: *place, score: *score, under })
    };
    order.into_iter().filter_map(|number| folds.get(number)).filter_map(ready).collect()
}

/// Scores brought to 0..1: 1 for the highest, 0 for the lowest, 1 for all where they are equal.
fn units(scores: &[f32]) -> Vec<f32> {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let lowest = scores.iter().copied().fold(f32::INFINITY, f32::min);
    let span = highest - lowest;
    scores.iter().map(|score| if span > 0.0 { (score - lowest) / span } else { 1.0 }).collect()
}

#[cfg(test)]
mod tests;
