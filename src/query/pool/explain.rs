//! How the hits of a page came to their places.

use super::super::search::Placed;
use super::super::words::Words;
use super::super::{Explanation, FeatureShare};
use super::Contender;
use crate::error::Result;
use crate::rank::{Head, Table};

/// What is known of a contender without a head.
pub(super) fn of(contender: &Contender<'_>, fused: usize) -> Explanation {
    let [dense, lexical] = contender.places.map(|place| place.map(|place| place as usize));
    Explanation { dense, lexical, fused: Some(fused), ..Explanation::NOTHING }
}

/// Adds what a head saw in a candidate of its table, and made of it.
pub(super) fn add_head(why: &mut Explanation, (head, table): (&Head, &Table), candidate: usize) -> Result<()> {
    let Some(taken_apart) = head.explain(table, candidate)? else { return Ok(()) };
    let row = table.row(candidate).unwrap_or_default();
    let share = |(name, contribution): (&str, f32)| {
        let value = head.schema().position(name).and_then(|column| row.get(column)).copied();
        FeatureShare { name: name.to_owned(), value: value.filter(|value| value.is_finite()), contribution }
    };
    why.baseline = taken_apart.baseline;
    why.features = head.features().zip(taken_apart.contributions).map(share).collect();
    Ok(())
}

/// Adds what the words of the hits say.
pub(super) fn add_words(placed: &mut [Placed<'_>], words: &Words<'_>) -> Result<()> {
    let places: Vec<_> = placed.iter().map(|placed| placed.found.place()).collect();
    for (placed, matched) in placed.iter_mut().zip(words.score(&places)?) {
        if let Some(why) = &mut placed.why {
            (why.bm25, why.coverage) = (matched.score, matched.coverage);
        }
    }
    Ok(())
}
