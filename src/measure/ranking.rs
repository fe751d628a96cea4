//! Measures of one ranked list, as `trec_eval` defines them.
//!
//! A list is the grades of what was returned, best rank first. A note that nobody judged has grade 0. Grades above 0 are
//! relevant; grades below 0, which some collections give to spam, count as 0. Beside the list stand the grades of everything
//! that was judged for the query, in any order, whether it was returned or not. A query without relevant notes has the
//! value 0 in every measure, and counts in means.

/// Normalised discounted cumulative gain of the first `k`, in [0, 1].
///
/// The gain is the grade itself, the discount log2(rank + 1) (Järvelin and Kekäläinen 2002, "Cumulated gain-based
/// evaluation of IR techniques", with the discount of `trec_eval`'s `ndcg_cut`), the ideal the best order of `all`.
#[must_use]
pub fn ndcg(ranked: &[f32], all: &[f32], k: usize) -> f64 {
    let mut ideal: Vec<f32> = all.iter().copied().filter(|grade| *grade > 0.0).collect();
    ideal.sort_unstable_by(|a, b| b.total_cmp(a));
    let best = gain(&ideal, k);
    if best > 0.0 { gain(ranked, k) / best } else { 0.0 }
}

/// Discounted cumulative gain of the first `k`.
fn gain(ranked: &[f32], k: usize) -> f64 {
    let discounted = |(rank, grade): (usize, &f32)| f64::from(grade.max(0.0)) / (rank as f64 + 2.0).log2();
    ranked.iter().take(k).enumerate().map(discounted).sum()
}

/// One over the rank of the first relevant note among the first `k`; 0 where there is none.
#[must_use]
pub fn reciprocal_rank(ranked: &[f32], k: usize) -> f64 {
    let first = ranked.iter().take(k).position(|grade| *grade > 0.0);
    first.map_or(0.0, |rank| 1.0 / (rank as f64 + 1.0))
}

/// The share of the relevant notes that is among the first `k`.
#[must_use]
pub fn recall(ranked: &[f32], all: &[f32], k: usize) -> f64 {
    share(relevant(ranked.iter().take(k)), relevant(all.iter()))
}

/// The share of the first `k` that is relevant. A list shorter than `k` counts as if filled up with what is not.
#[must_use]
pub fn precision(ranked: &[f32], k: usize) -> f64 {
    share(relevant(ranked.iter().take(k)), k)
}

/// Mean over the relevant notes of the precision at the rank of each, 0 for those that were not returned. Its mean over
/// queries is MAP.
#[must_use]
pub fn average_precision(ranked: &[f32], all: &[f32]) -> f64 {
    let mut found = 0_usize;
    let mut sum = 0.0;
    for (rank, grade) in ranked.iter().enumerate() {
        if *grade > 0.0 {
            found += 1;
            sum += share(found, rank + 1);
        }
    }
    match relevant(all.iter()) {
        0 => 0.0,
        relevant => sum / relevant as f64,
    }
}

fn relevant<'a>(grades: impl Iterator<Item = &'a f32>) -> usize {
    grades.filter(|grade| **grade > 0.0).count()
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
