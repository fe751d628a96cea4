//! At most so many hits of each value of a field, and hits in the order of a field.

use super::super::search::{Page, Placed};
use super::super::{SearchOptions, Stages};
use super::page::{Shown, cursor};
use crate::error::Result;
use crate::fields::Key;
use index_format::ArchivedRecord;
use std::collections::BTreeMap;

/// Hits looked at before it is known whether they are enough.
const FIRST: usize = 100;

/// How hits are grouped ([`SearchOptions::group_by`]).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grouping {
    /// The field whose values are the groups.
    pub field: String,
    /// Most hits of a group.
    pub best: usize,
}

/// The order in which hits are shown ([`SearchOptions::sort_by`]).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sorting {
    /// The field.
    pub field: String,
    /// Whether the greatest value comes first.
    pub descending: bool,
}

/// What grouping asks of the index.
pub(in crate::query) trait Groups {
    /// The group of a note; `None` for one without the field.
    fn of(&self, record: &ArchivedRecord) -> Option<Key>;
    /// Hits there can be with at most `best` of each group.
    fn most(&self, best: usize) -> Result<usize>;
}

/// Only the `best` first hits of each value, from pages of the order without groups. Pages are read from the first one on,
/// so that what earlier pages showed of a group counts.
pub(in crate::query) fn grouped<'a>(
    options: &SearchOptions,
    groups: &dyn Groups,
    pages: impl Fn(&SearchOptions) -> Result<Shown<'a>>,
) -> Result<Shown<'a>> {
    let Some(best) = options.grouping.as_ref().map(|grouping| grouping.best).filter(|_| options.k > 0) else {
        return pages(options);
    };
    let before = options.after.as_ref().map_or(0, |cursor| cursor.seen as usize);
    let mut inner = SearchOptions { k: options.k.max(FIRST), after: None, ..options.clone() };
    let mut taken = Taken { best, groups: BTreeMap::new(), hits: Vec::new(), folded: Vec::new(), seen: 0, total: 0 };
    let mut stages: Option<Stages> = None;
    let mut most = None;
    loop {
        let Shown { page, folded, next } = pages(&inner)?;
        stages = Some(stages.map_or(page.stages, |before| before.and(page.stages)));
        taken.take(page.placed, folded, (before, options.k), groups)?;
        if taken.hits.len() > options.k || next.is_none() {
            break;
        }
        let most = match most {
            Some(most) => most,
            None => *most.insert(groups.most(best)?),
        };
        if taken.total >= most {
            break;
        }
        inner.after = next;
        if inner.arrangement().is_none() {
            inner.k = inner.k.saturating_mul(2);
        }
    }
    Ok(taken.page(options.k, stages.unwrap_or(Stages::nothing(0))))
}

/// What was kept of the pages so far.
struct Taken<'a> {
    best: usize,
    /// How many were kept of each group.
    groups: BTreeMap<Option<Key>, usize>,
    /// The hits of the page that is asked for and one more, each with its place in the order without groups.
    hits: Vec<(usize, Placed<'a>)>,
    folded: Vec<Vec<String>>,
    /// Hits looked at.
    seen: usize,
    /// Hits kept, earlier pages' among them.
    total: usize,
}

impl<'a> Taken<'a> {
    fn take(
        &mut self,
        placed: Vec<Placed<'a>>,
        folded: Vec<Vec<String>>,
        (before, k): (usize, usize),
        groups: &dyn Groups,
    ) -> Result<()> {
        let mut folded = folded.into_iter();
        for placed in placed {
            let (place, under) = (self.seen, folded.next().unwrap_or_default());
            self.seen += 1;
            let group = groups.of(placed.found.segment.record(placed.found.note)?);
            let count = self.groups.entry(group).or_default();
            if *count >= self.best || self.hits.len() > k {
                continue;
            }
            *count += 1;
            self.total += 1;
            if place >= before {
                self.hits.push((place, placed));
                self.folded.push(under);
            }
        }
        Ok(())
    }

    /// The page of the first `k`; the one after them only says that there are more.
    fn page(self, k: usize, stages: Stages) -> Shown<'a> {
        let more = self.hits.len() > k;
        let (mut hits, mut folded) = (self.hits, self.folded);
        hits.truncate(k);
        folded.truncate(k);
        let next = hits.last().filter(|_| more).and_then(|(place, last)| cursor(place + 1, Some(last)));
        let placed = hits.into_iter().map(|(_, placed)| placed).collect();
        Shown { page: Page { placed, more, stages }, folded, next }
    }
}
