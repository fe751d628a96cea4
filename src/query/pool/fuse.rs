//! Rules that make one score of what vectors and words say.

use super::Contender;

/// How much further places count less in reciprocal rank fusion (Cormack, Clarke and Buettcher 2009, "Reciprocal rank fusion
/// outperforms Condorcet and individual rank learning methods").
const RANK_OFFSET: f32 = 60.0;

/// The share of the vectors in a score-based fusion. Over nine collections (four with judgments, five made of titles, captions and
/// paraphrases) shares of 0.3 to 0.5 were within half a point of nDCG@10 of each other on average.
const DENSE_SHARE: f32 = 0.5;

/// Scores by places alone: of each list the reciprocal of the place, far places nearly alike.
pub(super) fn by_rank(contenders: &[Contender<'_>]) -> Vec<f32> {
    let reciprocal = |place: &Option<u32>| place.map_or(0.0, |place| 1.0 / (RANK_OFFSET + 1.0 + place as f32));
    contenders.iter().map(|contender| contender.places.iter().map(reciprocal).sum()).collect()
}

/// Scores by what the two ways say, each as a share of the best in the pool: a convex combination (Bruch, Gai and Ingber 2023,
/// "An analysis of fusion functions for hybrid retrieval"). The least in the pool stays out of it: where a list of a hundred
/// ends says nothing about how good its first is.
pub(super) fn by_score(contenders: &[Contender<'_>]) -> Vec<f32> {
    let dense = shares(contenders.iter().map(|contender| contender.close));
    let words = shares(contenders.iter().map(|contender| contender.matched.score));
    dense.into_iter().zip(words).map(|(dense, words)| DENSE_SHARE * dense + (1.0 - DENSE_SHARE) * words).collect()
}

/// Values as shares of the greatest; all 0 where none is above 0.
fn shares(values: impl Iterator<Item = f32> + Clone) -> Vec<f32> {
    let most = values.clone().fold(0.0, f32::max);
    values.map(|value| if most > 0.0 { (value / most).max(0.0) } else { 0.0 }).collect()
}
