//! The values that notes have in one field, for grouping and sorting hits.

use super::admit::{Admitted, matching};
use super::arrange::{Groups, Sorting};
use super::search::{LiveSegment, Placed};
use super::{Hit, SearchOptions};
use crate::error::Result;
use crate::fields::{self, Filter, Key};
use crate::note::Value;
use crate::segment::Segment;
use index_format::ArchivedRecord;
use std::collections::BTreeMap;

/// A field of notes.
#[derive(Debug, Clone, Copy)]
pub(super) struct FieldOf<'a> {
    name: &'a str,
    /// Whether it is one that notes carry; else it is their id or when they were made.
    own: bool,
}

impl<'a> FieldOf<'a> {
    /// The field of this name.
    ///
    /// # Errors
    /// [`Error::Filter`](crate::Error::Filter) where no note has it, and damage met on the way.
    pub(super) fn named(name: &'a str, segments: &[LiveSegment]) -> Result<Self> {
        let of: Vec<&Segment> = segments.iter().map(|live| live.segment.as_ref()).collect();
        matching(&Filter::field(name).exists(), &of)?;
        let mut own = false;
        for segment in of {
            let has = fields::has_field(&segment.columns()?, name);
            own |= has.map_err(|source| segment.damaged(source))?;
        }
        Ok(Self { name, own })
    }

    /// Its value in a note: of several tags the least.
    pub(super) fn of(&self, record: &ArchivedRecord) -> Option<Key> {
        match self.name {
            name if self.own => fields::key_of(record, name),
            "id" => Some(Key::id(&record.id)),
            _ => fields::key_of_created(record),
        }
    }

    /// How many hits there can be with at most `best` of each value, notes without one being a group too.
    ///
    /// # Errors
    /// Damage met on the way.
    pub(super) fn most(&self, best: usize, segments: &[LiveSegment], admitted: Option<&[Admitted]>) -> Result<usize> {
        if !self.own && self.name == "id" {
            return Ok(usize::MAX);
        }
        let all = if admitted.is_none() { Admitted::all(None, segments)? } else { Vec::new() };
        let mut counts: BTreeMap<Option<Key>, usize> = BTreeMap::new();
        for (live, admitted) in segments.iter().zip(admitted.unwrap_or(&all)) {
            let keys = fields::keys(&live.segment.columns()?, self.name, &admitted.notes);
            let keys = keys.map_err(|source| live.segment.damaged(source))?;
            *counts.entry(None).or_default() += admitted.count.saturating_sub(keys.len());
            keys.into_values().for_each(|key| *counts.entry(Some(key)).or_default() += 1);
        }
        Ok(counts.values().map(|notes| (*notes).min(best)).sum())
    }
}

/// What a search asks of fields besides its filter.
pub(super) struct ByField<'a> {
    grouping: Option<FieldOf<'a>>,
    sorting: Option<(FieldOf<'a>, &'a Sorting)>,
    segments: &'a [LiveSegment],
    /// By segment, the notes that a filter lets through, if there is one.
    admitted: Option<&'a [Admitted]>,
}

impl<'a> ByField<'a> {
    /// # Errors
    /// As [`FieldOf::named`].
    pub(super) fn asked(
        options: &'a SearchOptions,
        segments: &'a [LiveSegment],
        admitted: Option<&'a [Admitted]>,
    ) -> Result<Self> {
        let grouping = match &options.grouping {
            Some(grouping) => Some(FieldOf::named(&grouping.field, segments)?),
            None => None,
        };
        let sorting = match &options.sorting {
            Some(sorting) => Some((FieldOf::named(&sorting.field, segments)?, sorting)),
            None => None,
        };
        Ok(Self { grouping, sorting, segments, admitted })
    }

    /// The group of a note, where hits are grouped and it has one.
    pub(super) fn group(&self, record: &ArchivedRecord) -> Option<Value> {
        self.grouping?.of(record).map(|key| key.value())
    }

    /// The hits, which stand in the places of `placed`, in the order asked for.
    pub(super) fn sorted(&self, hits: Vec<Hit>, placed: &[Placed<'_>]) -> Result<Vec<Hit>> {
        let Some((field, sorting)) = self.sorting else { return Ok(hits) };
        let mut keyed = Vec::with_capacity(hits.len());
        for (hit, Placed { found, .. }) in hits.into_iter().zip(placed) {
            keyed.push((field.of(found.segment.record(found.note)?), hit));
        }
        keyed.sort_by(|(left, _), (right, _)| fields::in_order(sorting.descending, left, right));
        Ok(keyed.into_iter().map(|(_, hit)| hit).collect())
    }
}

impl Groups for ByField<'_> {
    fn of(&self, record: &ArchivedRecord) -> Option<Key> {
        self.grouping?.of(record)
    }

    fn most(&self, best: usize) -> Result<usize> {
        self.grouping.map_or(Ok(usize::MAX), |field| field.most(best, self.segments, self.admitted))
    }
}
