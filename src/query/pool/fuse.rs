//! Rules that make one score of what vectors and words say.

use super::Contender;

/// How much further places count less in reciprocal rank fusion (Cormack, Clarke and Buettcher 2009, "Reciprocal rank fusion
/// outperforms Condorcet and individual rank learning methods").
const RANK_OFFSET: f32 = 60.0;

/// The share of the vectors in a score-based fusion.
const DENSE_SHARE: f32 = 0.5;

/// Scores by places alone: of each list the reciprocal of the place, far places nearly alike.
pub(super) fn by_rank(contenders: &[Contender<'_>]) -> Vec<f32> {
    let reciprocal = |place: &Option<u32>| place.map_or(0.0, |place| 1.0 / (RANK_OFFSET + 1.0 + place as f32));
    contenders.iter().map(|contender| contender.places.iter().map(reciprocal).sum()).collect()
}

/// Scores by what the two ways say, each brought to 0..1 over the pool: a convex combination (Bruch, Gai and Ingber 2023,
/// "An analysis of fusion functions for hybrid retrieval").
pub(super) fn by_score(contenders: &[Contender<'_>]) -> Vec<f32> {
    let dense = spread(contenders.iter().map(|contender| contender.found.score));
    let words = spread(contenders.iter().map(|contender| contender.words));
    dense.into_iter().zip(words).map(|(dense, words)| DENSE_SHARE * dense + (1.0 - DENSE_SHARE) * words).collect()
}

/// Values brought to 0..1; all 0 where they are all the same.
fn spread(values: impl Iterator<Item = f32> + Clone) -> Vec<f32> {
    let low = values.clone().fold(f32::INFINITY, f32::min);
    let high = values.clone().fold(f32::NEG_INFINITY, f32::max);
    let width = high - low;
    values.map(|value| if width > 0.0 { (value - low) / width } else { 0.0 }).collect()
}
