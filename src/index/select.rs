//! Notes by their fields alone: how many, which, in the order of a field, with which values; and deleting them.

use super::Index;
use super::snapshot::Snapshot;
use super::writer::Writer;
use crate::error::Result;
use crate::fields::{self, FacetCount, Filter, Key};
use crate::note::Note;
use crate::query::{Admitted, LiveSegment, matching};
use crate::segment::Segment;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Which notes [`Snapshot::list`] gives, and in which order.
///
/// ```
/// use uninote::index::Listing;
/// let second_page = Listing::new().filter("year >= 1990".parse()?).sort_by("year").descending().skip(20).take(20);
/// # Ok::<(), uninote::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Listing {
    /// Which notes. Default all.
    pub filter: Option<Filter>,
    /// The field they are ordered by; notes without it come last. Default: the order of the index.
    pub sort: Option<String>,
    /// Whether the greatest value comes first.
    pub descending: bool,
    /// Notes to pass over.
    pub skip: usize,
    /// Most notes. Default 100.
    pub take: usize,
}

impl Default for Listing {
    fn default() -> Self {
        Self { filter: None, sort: None, descending: false, skip: 0, take: 100 }
    }
}

impl Listing {
    /// The first hundred notes in the order of the index.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Only notes that a filter lets through.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// In the order of a field's values (numbers, then words by their bytes; of several tags the least), and of ids where
    /// these are equal. `created` and `id` are fields here, unless notes have one of that name.
    #[must_use]
    pub fn sort_by(mut self, field: impl Into<String>) -> Self {
        self.sort = Some(field.into());
        self
    }

    /// The greatest value first.
    #[must_use]
    pub const fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Passes over so many notes.
    #[must_use]
    pub const fn skip(mut self, notes: usize) -> Self {
        self.skip = notes;
        self
    }

    /// At most so many notes.
    #[must_use]
    pub const fn take(mut self, notes: usize) -> Self {
        self.take = notes;
        self
    }
}

impl Snapshot {
    /// How many notes a filter lets through.
    ///
    /// # Errors
    /// [`Error::Filter`](crate::Error::Filter) for a filter that does not fit the fields of the notes, damage met on the way.
    pub fn count(&self, filter: &Filter) -> Result<usize> {
        Ok(self.admitted(Some(filter))?.iter().map(|segment| segment.count).sum())
    }

    /// The values of a field among the notes that a filter lets through, or all notes, and how many have each: those that most
    /// have first, then the least first.
    ///
    /// # Errors
    /// As [`Snapshot::count`], for a field that no note has as well.
    pub fn facets(&self, field: &str, filter: Option<&Filter>) -> Result<Vec<FacetCount>> {
        self.check_field(field)?;
        let mut counts = BTreeMap::new();
        for (live, admitted) in self.segments().zip(self.admitted(filter)?) {
            let found = fields::facets(&live.segment.columns()?, field, &admitted.notes, &mut counts);
            found.map_err(|source| live.segment.damaged(source))?;
        }
        let mut counts: Vec<(Key, u64)> = counts.into_iter().collect();
        counts.sort_by_key(|(_, notes)| Reverse(*notes));
        Ok(counts.into_iter().map(|(key, notes)| FacetCount::new(key.value(), notes)).collect())
    }

    /// Notes without a query: those a filter lets through, in the order of a field.
    ///
    /// # Errors
    /// As [`Snapshot::facets`].
    pub fn list(&self, listing: &Listing) -> Result<Vec<Note>> {
        let by_id = listing.sort.as_deref() == Some("id") && !self.has_field("id")?;
        if let Some(field) = listing.sort.as_deref().filter(|_| !by_id) {
            self.check_field(field)?;
        }
        let mut found: Vec<(Option<Key>, String)> = Vec::new();
        for (live, admitted) in self.segments().zip(self.admitted(listing.filter.as_ref())?) {
            let damaged = |source| live.segment.damaged(source);
            let mut keys = match listing.sort.as_deref().filter(|_| !by_id) {
                Some(field) => fields::keys(&live.segment.columns()?, field, &admitted.notes).map_err(damaged)?,
                None => BTreeMap::new(),
            };
            let view = live.segment.view()?;
            for note in admitted.notes.iter() {
                let id = view.ids.get(note as usize).map_err(damaged)?;
                found.push((keys.remove(&note), String::from_utf8_lossy(id).into_owned()));
            }
        }
        if listing.sort.is_some() {
            let descending = listing.descending;
            found.sort_by(|(left, one), (right, other)| {
                let order = fields::in_order(descending, left, right);
                order.then_with(|| if descending && by_id { other.cmp(one) } else { one.cmp(other) })
            });
        }
        let page = found.into_iter().skip(listing.skip).take(listing.take);
        page.filter_map(|(_, id)| self.get(&id).transpose()).collect()
    }

    fn segments(&self) -> impl Iterator<Item = &LiveSegment> {
        self.state.segments.iter()
    }

    fn admitted(&self, filter: Option<&Filter>) -> Result<Vec<Admitted>> {
        Admitted::all(filter, &self.state.segments)
    }

    fn has_field(&self, field: &str) -> Result<bool> {
        for live in self.segments() {
            if fields::has_field(&live.segment.columns()?, field).map_err(|source| live.segment.damaged(source))? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// An error that says so where no note has the field.
    fn check_field(&self, field: &str) -> Result<()> {
        self.count(&Filter::field(field).exists()).map(drop)
    }
}

impl Index {
    /// How many notes of the last committed state a filter lets through ([`Snapshot::count`]).
    ///
    /// # Errors
    /// As [`Snapshot::count`].
    pub fn count(&self, filter: &Filter) -> Result<usize> {
        self.snapshot().count(filter)
    }

    /// The values of a field and how many notes have each ([`Snapshot::facets`]).
    ///
    /// # Errors
    /// As [`Snapshot::facets`].
    pub fn facets(&self, field: &str, filter: Option<&Filter>) -> Result<Vec<FacetCount>> {
        self.snapshot().facets(field, filter)
    }

    /// Notes without a query ([`Snapshot::list`]).
    ///
    /// # Errors
    /// As [`Snapshot::list`].
    pub fn list(&self, listing: &Listing) -> Result<Vec<Note>> {
        self.snapshot().list(listing)
    }

    /// Deletes all notes that a filter lets through, those among them that were put and not committed yet; says how many.
    ///
    /// # Errors
    /// [`Error::Filter`](crate::Error::Filter) for a filter that does not fit the fields of the notes, and those of
    /// [`Index::commit`] for what has to be encoded before: nothing is deleted then.
    pub fn delete_matching(&self, filter: &Filter) -> Result<u64> {
        self.write(|writer| writer.delete_matching(filter))
    }
}

impl Writer {
    fn delete_matching(&mut self, filter: &Filter) -> Result<u64> {
        self.flush()?;
        let segments: Vec<&Segment> = self.segments.iter().map(|entry| entry.segment.as_ref()).collect();
        let found = matching(filter, &segments)?;
        let mut deleted = 0;
        for (number, notes) in found.iter().enumerate() {
            for note in notes.iter() {
                let entry = self.segments.get(number);
                if entry.is_some_and(|entry| !entry.deleted.contains(&note)) {
                    self.mark_deleted((number, note));
                    deleted += 1;
                }
            }
        }
        self.changes.deleted += deleted;
        Ok(deleted)
    }
}
