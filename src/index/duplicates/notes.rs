//! The live notes of all segments under one number each.

use crate::error::Result;
use crate::index::snapshot::Snapshot;
use crate::query::LiveSegment;
use index_format::ArchivedRecord;

/// Live notes, numbered in the order in which one would keep them: the oldest first, those without a date last, equally old
/// ones by id. So nothing that is decided by number depends on when and where a note was put.
pub(super) struct Notes<'a> {
    pub(super) segments: &'a [LiveSegment],
    all: Vec<Stored<'a>>,
}

/// A note where it lies.
#[derive(Clone, Copy)]
pub(super) struct Stored<'a> {
    /// Number of the segment in the state.
    pub(super) segment: usize,
    /// Number of the note in the segment.
    pub(super) note: u32,
    pub(super) record: &'a ArchivedRecord,
}

impl Stored<'_> {
    /// Milliseconds since 1970 UTC.
    pub(super) fn created(&self) -> Option<i64> {
        self.record.created_ms.as_ref().map(|created| created.to_native())
    }
}

impl<'a> Notes<'a> {
    pub(super) fn of(snapshot: &'a Snapshot) -> Result<Self> {
        let segments = snapshot.state.segments.as_slice();
        let mut all = Vec::with_capacity(snapshot.len());
        for (segment, live) in segments.iter().enumerate() {
            let view = live.segment.view()?;
            for note in (0..live.segment.meta().notes).filter(|note| !live.deleted.contains(*note)) {
                let record = view.archived(note).map_err(|source| live.segment.damaged(source))?;
                all.push(Stored { segment, note, record });
            }
        }
        all.sort_unstable_by_key(|stored| (stored.created().is_none(), stored.created(), stored.record.id.as_str()));
        Ok(Self { segments, all })
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn all(&self) -> &[Stored<'a>] {
        &self.all
    }

    pub(super) fn get(&self, number: u32) -> Option<&Stored<'a>> {
        self.all.get(number as usize)
    }
}
