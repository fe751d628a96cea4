//! How a note agrees with the best ones of the pool: relevant notes resemble each other (the cluster hypothesis, Jardine and
//! van Rijsbergen 1971), so what is like the first few is likely to be relevant (pseudo-relevance feedback).

use super::vectors::Parts;
use crate::vector::kernels::dot_f32;

/// Notes that the query is moved towards.
const FEEDBACK: usize = 5;
/// How much the mean of these counts against the query.
const FEEDBACK_SHARE: f32 = 0.5;
/// Notes that others are held against.
const LEADING: usize = 20;

/// The best notes of a pool, by the rule that needs no training.
pub(super) struct Crowd {
    feedback: Vec<f32>,
    agreement: Vec<f32>,
    neighbours: Vec<f32>,
}

impl Crowd {
    /// Of contenders in the order of the rule, with what it gives them.
    pub(super) fn of(query: Option<&[f32]>, parts: &[&Parts<'_>], fused: &[f32]) -> Self {
        let wholes = parts.iter().zip(fused).enumerate();
        let leading: Vec<(usize, &[f32], f32)> =
            wholes.filter_map(|(number, (parts, fused))| Some((number, parts.whole?, *fused))).take(LEADING).collect();
        let moved = moved(query, &leading);
        let with_whole = |value: &dyn Fn(usize, &[f32]) -> f32| -> Vec<f32> {
            let value =
                |(number, parts): (usize, &&Parts<'_>)| parts.whole.map_or(f32::NAN, |whole| value(number, whole));
            parts.iter().enumerate().map(value).collect()
        };
        let feedback = match &moved {
            Some(moved) => with_whole(&|_, whole| dot_f32(moved, whole)),
            None => vec![f32::NAN; parts.len()],
        };
        let agreement = with_whole(&|number, whole| {
            let others = leading.iter().filter(|(other, ..)| *other != number);
            let (sum, total) = others.fold((0.0, 0.0), |(sum, total), (_, vector, weight)| {
                (sum + weight * dot_f32(whole, vector), total + weight)
            });
            sum / total
        });
        Self { feedback, agreement, neighbours: neighbours(parts, fused) }
    }

    /// The cosine of a note with the query moved towards the first notes.
    pub(super) fn feedback(&self, number: usize) -> f32 {
        self.feedback.get(number).copied().unwrap_or(f32::NAN)
    }

    /// The mean score, by the rule, of the notes most like it.
    pub(super) fn neighbours(&self, number: usize) -> f32 {
        self.neighbours.get(number).copied().unwrap_or(f32::NAN)
    }

    /// The mean cosine of a note with the first ones, by their scores.
    pub(super) fn agreement(&self, number: usize) -> f32 {
        self.agreement.get(number).copied().unwrap_or(f32::NAN)
    }
}

/// The query moved towards the first notes, of unit length (Rocchio 1971, "Relevance feedback in information retrieval").
fn moved(query: Option<&[f32]>, leading: &[(usize, &[f32], f32)]) -> Option<Vec<f32>> {
    let mut moved: Vec<f32> = query?.iter().map(|value| (1.0 - FEEDBACK_SHARE) * value).collect();
    let first = leading.get(..FEEDBACK).unwrap_or(leading);
    let share = FEEDBACK_SHARE / first.len().max(1) as f32;
    for (_, vector, _) in first {
        moved.iter_mut().zip(*vector).for_each(|(sum, value)| *sum += share * value);
    }
    let length = dot_f32(&moved, &moved).sqrt();
    moved.iter_mut().for_each(|value| *value /= length);
    Some(moved)
}

/// Neighbours whose scores count.
const NEAREST: usize = 10;

/// The mean score of the nearest other notes (score regularisation, Diaz 2005, "Regularizing ad hoc retrieval scores").
fn neighbours(parts: &[&Parts<'_>], fused: &[f32]) -> Vec<f32> {
    let mut nearest: Vec<Vec<(f32, f32)>> = vec![Vec::with_capacity(NEAREST + 1); parts.len()];
    let mut offer = |to: usize, cosine: f32, score: f32| {
        let Some(kept) = nearest.get_mut(to) else { return };
        if kept.len() == NEAREST && kept.last().is_some_and(|last| last.0 >= cosine) {
            return;
        }
        let at = kept.partition_point(|known| known.0 >= cosine);
        kept.insert(at, (cosine, score));
        kept.truncate(NEAREST);
    };
    let wholes = parts.iter().zip(fused).enumerate();
    for (number, (one, score)) in wholes.clone() {
        for (other_number, (other, other_score)) in wholes.clone().take(number) {
            let Some((one, other)) = one.whole.zip(other.whole) else { continue };
            let cosine = dot_f32(one, other);
            offer(number, cosine, *other_score);
            offer(other_number, cosine, *score);
        }
    }
    let mean = |kept: Vec<(f32, f32)>| kept.iter().map(|(_, score)| score).sum::<f32>() / kept.len() as f32;
    nearest.into_iter().map(mean).collect()
}
