//! An order that repeats itself less: maximal marginal relevance (Carbonell and Goldstein 1998, "The use of MMR,
//! diversity-based reranking for reordering documents and producing summaries").

/// The order of hits of which each next one has the best balance of its relevance and its likeness to those before it:
/// `(1 - diversity) * relevance - diversity * highest similarity`, of equals the one that was first. `relevance` is in 0..1,
/// one number a hit; `similarity` says how alike two hits are, by their places, up to 1.
pub(super) fn diversified(relevance: &[f32], diversity: f32, similarity: impl Fn(usize, usize) -> f32) -> Vec<usize> {
    let mut order = Vec::with_capacity(relevance.len());
    // By hit that is left: its place, its relevance and its likeness to the nearest of those chosen.
    let mut left: Vec<(usize, f32, f32)> = relevance.iter().enumerate().map(|(at, score)| (at, *score, 0.0)).collect();
    while !left.is_empty() {
        let value = |hit: &(usize, f32, f32)| (1.0 - diversity) * hit.1 - diversity * hit.2;
        let mut best = 0;
        for (place, hit) in left.iter().enumerate() {
            if left.get(best).is_some_and(|known| value(hit) > value(known)) {
                best = place;
            }
        }
        let (chosen, ..) = left.remove(best);
        order.push(chosen);
        for (at, _, nearest) in &mut left {
            *nearest = nearest.max(similarity(chosen, *at));
        }
    }
    order
}
