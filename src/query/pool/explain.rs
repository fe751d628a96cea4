//! How the hits of a page came to their places.

use super::super::{Explanation, FeatureShare};
use super::Contender;
use crate::error::Result;
use crate::rank::{Head, Table};

/// What is known of a contender without a head.
pub(super) fn of(contender: &Contender<'_>, fused: usize) -> Explanation {
    let [dense, lexical] = contender.places.map(|place| place.map(|place| place as usize));
    let (bm25, coverage) = (contender.matched.score, contender.matched.coverage);
    Explanation { dense, lexical, fused: Some(fused), bm25, coverage, ..Explanation::NOTHING }
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
