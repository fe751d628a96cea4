//! How far a candidate is ahead of the next one: a clear winner and one of many that are alike may have the same score.

use super::{Contender, Pool, Words};
use crate::rank::column;

/// By candidate, how far each is ahead of the next one.
pub(super) struct Ahead {
    dense: Vec<f32>,
    lexical: Vec<f32>,
}

impl Ahead {
    pub(super) fn of(pool: &Pool<'_>, words: &Words<'_>) -> Self {
        let dense = |contender: &Contender<'_>| if contender.found.has_row() { contender.close } else { f32::NAN };
        let lexical = |contender: &Contender<'_>| if words.is_empty() { f32::NAN } else { contender.matched.score };
        let of = |value: &dyn Fn(&Contender<'_>) -> f32| gaps(&pool.contenders.iter().map(value).collect::<Vec<_>>());
        Self { dense: of(&dense), lexical: of(&lexical) }
    }

    /// The columns of a candidate.
    pub(super) fn columns(&self, number: usize, contender: &Contender<'_>) -> [(usize, f32); 3] {
        let at = |gaps: &[f32]| gaps.get(number).copied().unwrap_or(f32::NAN);
        [
            (column::GAP_DENSE, at(&self.dense)),
            (column::GAP_LEXICAL, at(&self.lexical)),
            (column::GAP_PLACES, places(contender)),
        ]
    }
}

/// By candidate, how far its value is above the next lower candidate's; missing where it has none, and for the last.
fn gaps(values: &[f32]) -> Vec<f32> {
    let mut order: Vec<usize> =
        (0..values.len()).filter(|at| values.get(*at).is_some_and(|value| value.is_finite())).collect();
    let value = |at: usize| values.get(at).copied().unwrap_or(f32::NAN);
    order.sort_unstable_by(|left, right| value(*right).total_cmp(&value(*left)));
    let mut gaps = vec![f32::NAN; values.len()];
    for pair in order.windows(2) {
        if let [one, next] = *pair
            && let Some(gap) = gaps.get_mut(one)
        {
            *gap = value(one) - value(next);
        }
    }
    gaps
}

/// Places by vectors less places by words, where it has both.
fn places(contender: &Contender<'_>) -> f32 {
    match contender.places {
        [Some(dense), Some(lexical)] => dense as f32 - lexical as f32,
        _ => f32::NAN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_to_the_next_lower_value() {
        let found = gaps(&[0.5, f32::NAN, 0.75, 0.25, 0.5]);
        assert!(found[1].is_nan() && found[3].is_nan());
        assert_eq!(found[2], 0.25);
        // Of two that are equal one has no lead and the other all of it.
        let mut ties = [found[0], found[4]];
        ties.sort_by(f32::total_cmp);
        assert_eq!(ties, [0.0, 0.25]);
        assert!(gaps(&[]).is_empty() && gaps(&[1.0])[0].is_nan());
    }
}
