//! A query and the segments it is asked of: its terms looked up once, with statistics over all segments together, so that a
//! score means the same in each.

use super::bm25::{Saturation, Statistics};
use super::query::WordsQuery;
use index_format::words::Postings;
use index_format::{FormatError, WordsView};
use thiserror::Error;

/// Damage met in the words of a segment.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("segment {segment}: {source}")]
pub(crate) struct DamagedWords {
    /// Number of the segment among those given.
    pub(crate) segment: usize,
    /// What does not hold.
    pub(crate) source: FormatError,
}

/// A query, bound to segments.
pub(crate) struct Bound<'a> {
    pub(super) terms: Vec<BoundTerm>,
    pub(super) segments: Vec<BoundSegment<'a>>,
    pub(super) saturation: Saturation,
}

/// A term of a query.
#[derive(Debug, Clone)]
pub(crate) struct BoundTerm {
    /// As the index knows it.
    pub(crate) term: String,
    /// What it is worth: its weight in the query, times how rare it is.
    pub(crate) weight: f32,
}

/// A segment, with the postings of the terms it has.
pub(super) struct BoundSegment<'a> {
    pub(super) lengths: &'a [u8],
    /// Numbers of terms, ascending, and their postings.
    pub(super) lists: Vec<(usize, Postings<'a>)>,
}

impl<'a> Bound<'a> {
    /// Looks the terms up in the segments. At most `most` terms are kept: those worth most.
    pub(crate) fn new(query: &WordsQuery, views: &[WordsView<'a>], most: usize) -> Result<Self, DamagedWords> {
        let statistics = Statistics {
            notes: views.iter().map(|view| view.lengths().len() as u64).sum(),
            length: views.iter().map(WordsView::total_length).fold(0, u64::saturating_add),
        };
        let mut found = Vec::new();
        for asked in query.terms() {
            let mut lists = Vec::new();
            for (segment, view) in views.iter().enumerate() {
                let postings = view.find(asked.term.as_bytes()).map_err(|source| DamagedWords { segment, source })?;
                lists.extend(postings.map(|postings| (segment, postings)));
            }
            let notes = lists.iter().map(|(_, postings)| u64::from(postings.len())).sum();
            let weight = asked.weight * statistics.rarity(notes);
            found.push((BoundTerm { term: asked.term.clone(), weight }, lists));
        }
        keep_best(&mut found, most);
        let mut segments: Vec<BoundSegment<'a>> =
            views.iter().map(|view| BoundSegment { lengths: view.lengths(), lists: Vec::new() }).collect();
        let mut terms = Vec::new();
        for (number, (term, lists)) in found.into_iter().enumerate() {
            terms.push(term);
            for (segment, postings) in lists {
                if let Some(bound) = segments.get_mut(segment) {
                    bound.lists.push((number, postings));
                }
            }
        }
        Ok(Self { terms, segments, saturation: Saturation::new(statistics) })
    }

    /// The terms, in the order of the query.
    pub(crate) fn terms(&self) -> &[BoundTerm] {
        &self.terms
    }

    /// The terms' weights together.
    pub(crate) fn weight(&self) -> f32 {
        self.terms.iter().map(|term| term.weight).sum()
    }

    /// No note scores more.
    pub(crate) fn best(&self) -> f32 {
        let worth = |term: usize| {
            let lists = self.segments.iter().flat_map(|segment| &segment.lists).filter(|(number, _)| *number == term);
            lists.map(|(_, postings)| self.saturation.worth(postings.most(), postings.shortest())).fold(0.0, f32::max)
        };
        self.terms.iter().enumerate().map(|(number, term)| term.weight * worth(number)).sum()
    }
}

/// Drops the terms worth least; what is left stays in order.
fn keep_best<T>(found: &mut Vec<(BoundTerm, T)>, most: usize) {
    if found.len() <= most {
        return;
    }
    let mut weights: Vec<f32> = found.iter().map(|(term, _)| term.weight).collect();
    weights.sort_unstable_by(|left, right| right.total_cmp(left));
    let least = weights.get(most).copied().unwrap_or_default();
    // Of those that weigh the same as the first one dropped, the earlier ones stay.
    let mut ties = most - weights.iter().filter(|weight| **weight > least).count().min(most);
    found.retain(|(term, _)| {
        let tied = term.weight == least && ties > 0;
        ties -= usize::from(tied);
        term.weight > least || tied
    });
}
