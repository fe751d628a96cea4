//! What given notes score: for notes that something else than their words brought up.

use super::bound::{Bound, DamagedWords};

/// How a note matches a query.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Matched {
    /// Its score; 0 where it has none of the terms.
    pub(crate) score: f32,
    /// Weight of the terms it has, as a share of all terms' weight.
    pub(crate) coverage: f32,
    /// How many of the terms it has.
    pub(crate) terms: u32,
}

impl Bound<'_> {
    /// What notes, each named by its segment and its ordinal there, score: in their order.
    pub(crate) fn score(&self, notes: &[(usize, u32)]) -> Result<Vec<Matched>, DamagedWords> {
        let mut matched = vec![Matched::default(); notes.len()];
        let mut order: Vec<(&(usize, u32), &mut Matched)> = notes.iter().zip(&mut matched).collect();
        order.sort_unstable_by_key(|(place, _)| **place);
        let weight = self.weight();
        for group in order.chunk_by_mut(|((left, _), _), ((right, _), _)| left == right) {
            let Some(number) = group.first().map(|((segment, _), _)| *segment) else { continue };
            let Some(segment) = self.segments.get(number) else { continue };
            let lists = segment.lists.iter().filter_map(|(term, _)| self.terms.get(*term));
            for (mut cursor, term) in self.cursors(segment).into_iter().zip(lists) {
                for ((_, note), matched) in group.iter_mut() {
                    let score = cursor.score_of(*note, &self.saturation);
                    let score = score.map_err(|source| DamagedWords { segment: number, source })?;
                    if let Some(score) = score {
                        matched.score += score;
                        matched.coverage += term.weight / weight;
                        matched.terms += 1;
                    }
                }
            }
        }
        Ok(matched)
    }
}
