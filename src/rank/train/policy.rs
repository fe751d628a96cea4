//! Orderings as choices of a policy: the Plackett-Luce model over a head's scores (Luce 1959, Plackett 1975), which picks
//! the first candidate in proportion to the exponential of its score, then the next among those left.

use super::super::random::Random;
use super::losses::softmax;

/// Draws the first `places` of an ordering: candidates by descending score plus a Gumbel variable each, which has the
/// model's distribution (Yellott 1977; Kool et al. 2019, "Stochastic beams and where to find them", arXiv 1903.06059).
pub(super) fn sample(scores: &[f64], temperature: f64, places: usize, random: &mut Random) -> Vec<usize> {
    let mut keyed: Vec<(f64, usize)> = scores
        .iter()
        .enumerate()
        .map(|(candidate, score)| (score / temperature + random.gumbel(), candidate))
        .collect();
    let descending = |left: &(f64, usize), right: &(f64, usize)| right.0.total_cmp(&left.0);
    if places < keyed.len() {
        keyed.select_nth_unstable_by(places, descending);
        keyed.truncate(places);
    }
    keyed.sort_unstable_by(descending);
    keyed.into_iter().map(|(_, candidate)| candidate).collect()
}

/// Adds `weight` times the gradient, by each score, of the logarithm of the probability of an ordering's first places.
pub(super) fn add_gradient(scores: &[f64], temperature: f64, order: &[usize], weight: f64, gradient: &mut [f64]) {
    let parts = softmax(scores, temperature);
    let mut left: f64 = parts.iter().sum();
    let mut passed = vec![false; scores.len()];
    // The sum over places of 1 / what was left at each: a candidate's share of all choices it was part of.
    let mut shares = 0.0;
    for &chosen in order {
        let Some(part) = parts.get(chosen).copied() else { continue };
        // Rounding may leave less than the one that is chosen.
        shares += 1.0 / left.max(part).max(f64::MIN_POSITIVE);
        left -= part;
        if let (Some(sum), Some(passed)) = (gradient.get_mut(chosen), passed.get_mut(chosen)) {
            *sum += weight / temperature * (1.0 - part * shares);
            *passed = true;
        }
    }
    for ((sum, part), _) in gradient.iter_mut().zip(parts).zip(passed).filter(|(_, passed)| !passed) {
        *sum -= weight / temperature * part * shares;
    }
}

/// How much better each reward is than the mean of its group (Shao et al. 2024, "DeepSeekMath", arXiv 2402.03300): over the
/// group's standard deviation if `relative`, plain otherwise (Liu et al. 2025, arXiv 2503.20783, found that dividing favours
/// lists whose orders hardly differ). All 0 where the rewards are the same.
pub(super) fn advantages(rewards: &[f64], relative: bool) -> Vec<f64> {
    let count = rewards.len().max(1) as f64;
    let mean = rewards.iter().sum::<f64>() / count;
    let deviation = (rewards.iter().map(|reward| (reward - mean).powi(2)).sum::<f64>() / count).sqrt();
    let scale = if !relative {
        1.0
    } else if deviation > 1e-9 {
        1.0 / deviation
    } else {
        0.0
    };
    rewards.iter().map(|reward| (reward - mean) * scale).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The logarithm of the probability of an ordering's first places, by definition.
    fn log_probability(scores: &[f64], temperature: f64, order: &[usize]) -> f64 {
        let mut left: Vec<usize> = (0..scores.len()).collect();
        let mut sum = 0.0;
        for &chosen in order {
            let total: f64 = left.iter().map(|&candidate| (scores[candidate] / temperature).exp()).sum();
            sum += scores[chosen] / temperature - total.ln();
            left.retain(|&candidate| candidate != chosen);
        }
        sum
    }

    #[test]
    fn samples_have_the_probabilities_of_the_model() {
        let scores = [1.0, 0.0, 0.5, -1.0];
        let mut random = Random::new(1, 1);
        let mut counts = std::collections::BTreeMap::new();
        for _ in 0..100_000 {
            *counts.entry(sample(&scores, 0.8, 2, &mut random)).or_insert(0.0) += 1e-5;
        }
        assert_eq!(counts.len(), 12);
        for (order, share) in counts {
            let expected: f64 = log_probability(&scores, 0.8, &order).exp();
            assert!((share - expected).abs() < 0.006, "{order:?}: {share} instead of {expected}");
        }
    }

    #[test]
    fn the_gradient_is_the_difference_of_log_probabilities() {
        let scores = [1.0, -0.3, 0.5, -1.0, 2.0, 0.0];
        for order in [vec![2, 0, 5], vec![4], vec![5, 4, 3, 2, 1, 0]] {
            let mut gradient = vec![0.0; 6];
            add_gradient(&scores, 0.7, &order, -2.0, &mut gradient);
            for place in 0..6 {
                let moved = |by: f64| {
                    let mut scores = scores;
                    scores[place] += by;
                    -2.0 * log_probability(&scores, 0.7, &order)
                };
                let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((gradient[place] - expected).abs() < 1e-6, "{order:?} {place}: {} {expected}", gradient[place]);
            }
        }
    }

    #[test]
    fn extreme_scores_give_finite_gradients() {
        let scores = [1e4, -1e4, 0.0, 1e4];
        let mut gradient = vec![0.0; 4];
        add_gradient(&scores, 0.5, &[1, 2, 0, 3], 1.0, &mut gradient);
        assert!(gradient.iter().all(|part| part.is_finite()), "{gradient:?}");
        assert_eq!(sample(&scores, 0.5, 10, &mut Random::new(1, 1)).len(), 4);
        assert!(sample(&[], 1.0, 10, &mut Random::new(1, 1)).is_empty());
    }

    #[test]
    fn advantages_are_around_the_mean_of_the_group() {
        assert_eq!(advantages(&[1.0, 3.0], true), [-1.0, 1.0]);
        assert_eq!(advantages(&[0.0, 0.5], false), [-0.25, 0.25]);
        assert_eq!(advantages(&[0.7; 3], true), [0.0; 3]);
    }
}
