//! Losses of a list: their values and their gradients by the scores.

/// The value of a loss and its gradient by each score.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slope {
    pub(super) value: f64,
    pub(super) gradient: Vec<f64>,
}

/// Probabilities of a first choice among scores (Luce 1959).
pub(super) fn softmax(scores: &[f64], temperature: f64) -> Vec<f64> {
    let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut parts: Vec<f64> = scores.iter().map(|score| ((score - greatest) / temperature).exp()).collect();
    let sum: f64 = parts.iter().sum();
    parts.iter_mut().for_each(|part| *part /= sum);
    parts
}

/// Cross-entropy of the first choice by scores to one in proportion to gains (ListNet's loss of top one: Cao et al. 2007,
/// "Learning to rank: from pairwise approach to listwise approach", with gains as they are instead of their exponentials).
/// 0 where nothing has a gain.
pub(super) fn cross_entropy(scores: &[f64], gains: &[f32]) -> Slope {
    let total: f64 = gains.iter().map(|gain| f64::from(*gain)).sum();
    if total <= 0.0 {
        return Slope { value: 0.0, gradient: vec![0.0; scores.len()] };
    }
    let chosen = softmax(scores, 1.0);
    let mut value = 0.0;
    let gradient = chosen.iter().zip(gains).map(|(chosen, gain)| {
        let wanted = f64::from(*gain) / total;
        if wanted > 0.0 {
            // A probability that rounds to 0 is as bad as the smallest that does not.
            value -= wanted * chosen.max(f64::MIN_POSITIVE).ln();
        }
        chosen - wanted
    });
    let gradient = gradient.collect();
    Slope { value, gradient }
}

/// How much of a pair's weight is by the distance of its two places (Wang et al. 2018 found 10 good).
const BY_DISTANCE: f64 = 10.0;

/// What a place counts in discounted cumulative gain; places count from 0.
pub(super) fn discount(place: usize) -> f64 {
    1.0 / (place as f64 + 2.0).log2()
}

/// Logistic loss of each pair in the wrong or right order, weighted by what swapping it does to nDCG and by how far apart
/// the two stand (NDCG-Loss2++: Wang et al. 2018, "The LambdaLoss framework for ranking metric optimization"). The weights
/// count as constants in the gradient. `ideal` is the discounted gain of the best order.
pub(super) fn lambda(scores: &[f64], gains: &[f32], ideal: f64) -> Slope {
    let mut slope = Slope { value: 0.0, gradient: vec![0.0; scores.len()] };
    if ideal <= 0.0 {
        return slope;
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|left, right| value(scores, *right).total_cmp(&value(scores, *left)));
    let discounts: Vec<f64> = (0..=scores.len()).map(discount).collect();
    let counts = |place: usize| value(&discounts, place);
    for (high, &upper) in order.iter().enumerate() {
        for (low, &lower) in order.iter().enumerate().skip(high + 1) {
            let gain = |candidate: usize| gains.get(candidate).map_or(0.0, |gain| f64::from(*gain));
            let difference = gain(upper) - gain(lower);
            if difference == 0.0 {
                continue;
            }
            let distance = low - high;
            let by_place = counts(high) - counts(low);
            let by_distance = counts(distance - 1) - counts(distance);
            let weight = difference.abs() / ideal * (by_place + BY_DISTANCE * by_distance);
            let (better, worse) = if difference > 0.0 { (upper, lower) } else { (lower, upper) };
            let lead = value(scores, better) - value(scores, worse);
            slope.value += weight * ((-lead.abs()).exp().ln_1p() + (-lead).max(0.0));
            let push = weight / (1.0 + lead.exp());
            add(&mut slope.gradient, better, -push);
            add(&mut slope.gradient, worse, push);
        }
    }
    slope
}

/// Jensen-Shannon divergence (Lin 1991) of the first choice by scores and by a teacher's scores at a temperature.
pub(super) fn jensen_shannon(scores: &[f64], teacher: &[f32], temperature: f64) -> Slope {
    let own = softmax(scores, 1.0);
    let teacher: Vec<f64> = teacher.iter().map(|score| f64::from(*score)).collect();
    let wanted = softmax(&teacher, temperature);
    let half_log = |part: f64, mean: f64| if part > 0.0 { 0.5 * (part / mean).ln() } else { 0.0 };
    let means = own.iter().zip(&wanted).map(|(own, wanted)| 0.5 * (own + wanted));
    let logs: Vec<(f64, f64)> = own
        .iter()
        .zip(&wanted)
        .zip(means)
        .map(|((own, wanted), mean)| (half_log(*own, mean), half_log(*wanted, mean)))
        .collect();
    let of_own: f64 = own.iter().zip(&logs).map(|(own, (log, _))| own * log).sum();
    let of_wanted: f64 = wanted.iter().zip(&logs).map(|(wanted, (_, log))| wanted * log).sum();
    let gradient = own.iter().zip(&logs).map(|(own, (log, _))| own * (log - of_own)).collect();
    Slope { value: of_own + of_wanted, gradient }
}

/// Kullback-Leibler divergence of the first choice by scores from that by another head's scores, both at a temperature.
pub(super) fn leash(scores: &[f64], other: &[f64], temperature: f64) -> Slope {
    let own = softmax(scores, temperature);
    let other = softmax(other, temperature);
    let log = |(own, other): (&f64, &f64)| (own.max(f64::MIN_POSITIVE) / other.max(f64::MIN_POSITIVE)).ln();
    let logs: Vec<f64> = own.iter().zip(&other).map(log).collect();
    let value: f64 = own.iter().zip(&logs).map(|(own, log)| own * log).sum();
    let gradient = own.iter().zip(&logs).map(|(own, log)| own * (log - value) / temperature).collect();
    Slope { value, gradient }
}

fn value(values: &[f64], place: usize) -> f64 {
    values.get(place).copied().unwrap_or(0.0)
}

fn add(values: &mut [f64], place: usize, amount: f64) {
    if let Some(value) = values.get_mut(place) {
        *value += amount;
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::random::Random;
    use super::*;

    /// Holds a gradient against differences of the value.
    fn check(scores: &[f64], slope: impl Fn(&[f64]) -> Slope) {
        let found = slope(scores).gradient;
        for place in 0..scores.len() {
            let moved = |by: f64| {
                let mut scores = scores.to_vec();
                scores[place] += by;
                slope(&scores).value
            };
            let expected = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            assert!((found[place] - expected).abs() < 1e-6, "{place}: {} instead of {expected}", found[place]);
        }
    }

    fn scores(seed: u64, count: usize) -> Vec<f64> {
        let mut random = Random::new(seed, 5);
        (0..count).map(|_| 2.0 * random.normal()).collect()
    }

    #[test]
    fn gradients_are_the_differences_of_values() {
        let gains = [0.0, 2.0, 0.0, 1.0, 0.5, 0.0, 3.0];
        let teacher = [0.3, 1.0, -2.0, 0.0, 4.0, 1.0, 1.0];
        for seed in 0..5 {
            let scores = scores(seed, 7);
            check(&scores, |scores| cross_entropy(scores, &gains));
            check(&scores, |scores| lambda(scores, &gains, 4.0));
            check(&scores, |scores| jensen_shannon(scores, &teacher, 0.7));
            check(&scores, |scores| leash(scores, &super::softmax(&[1.0; 7], 1.0), 1.3));
        }
    }

    #[test]
    fn divergences_are_0_for_equals_and_bounded() {
        let scores = scores(9, 20);
        let same: Vec<f32> = scores.iter().map(|score| *score as f32).collect();
        assert!(jensen_shannon(&scores, &same, 1.0).value.abs() < 1e-9);
        assert!(leash(&scores, &scores, 0.5).value.abs() < 1e-12);
        let far = jensen_shannon(&[1000.0, 0.0], &[0.0, 1000.0], 1.0);
        assert!((far.value - 2.0_f64.ln()).abs() < 1e-9 && far.gradient.iter().all(|part| part.is_finite()));
        assert!(leash(&[1000.0, 0.0], &[0.0, 1000.0], 1.0).value.is_finite());
    }

    #[test]
    fn losses_are_least_in_the_best_order() {
        let gains = [3.0, 2.0, 1.0, 0.0];
        let best = [3.0, 2.0, 1.0, -9.0];
        let worst = [-9.0, 1.0, 2.0, 3.0];
        assert!(cross_entropy(&best, &gains).value < cross_entropy(&worst, &gains).value);
        assert!(lambda(&best, &gains, 5.0).value < lambda(&worst, &gains, 5.0).value);
        assert_eq!(cross_entropy(&best, &[0.0; 4]).gradient, [0.0; 4]);
        assert_eq!(lambda(&best, &[0.0; 4], 0.0).gradient, [0.0; 4]);
        assert!(cross_entropy(&[-1e9, 0.0], &[1.0, 0.0]).value.is_finite());
    }
}
