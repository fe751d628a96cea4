//! A live segment opened for one search: its views are made once, however often they are asked.

use super::search::LiveSegment;
use crate::error::Result;
use crate::segment::{GLOBAL, LOCAL, OpenSpace};
use crate::vector::kernels;
use index_format::layout::OWN_SPACES;
use index_format::{ArchivedRecord, SegmentView, WordsView};

/// Views of a segment and of its spaces.
#[derive(Debug)]
pub(super) struct Opened<'a> {
    pub(super) live: &'a LiveSegment,
    /// Its place among the segments of the search.
    pub(super) number: usize,
    notes: SegmentView<'a>,
    words: WordsView<'a>,
    /// Those of the encoder.
    own: [Option<OpenSpace<'a>>; OWN_SPACES],
    /// Those of the caller that the search needs.
    named: Vec<(u16, OpenSpace<'a>)>,
}

impl<'a> Opened<'a> {
    /// Opens the encoder's spaces of each segment, and those of the caller with these ordinals.
    pub(super) fn all(segments: &'a [LiveSegment], wanted: impl Iterator<Item = u16> + Clone) -> Result<Vec<Self>> {
        let open = |(number, live): (usize, &'a LiveSegment)| {
            let segment = &live.segment;
            let own = [segment.space(GLOBAL)?, segment.space(LOCAL)?];
            let mut named = Vec::new();
            for ordinal in wanted.clone() {
                named.extend(segment.space(ordinal)?.map(|space| (ordinal, space)));
            }
            Ok(Self { live, number, notes: segment.view()?, words: segment.words()?, own, named })
        };
        segments.iter().enumerate().map(open).collect()
    }

    /// A space, unless it has no rows.
    pub(super) fn space(&self, ordinal: u16) -> Option<&OpenSpace<'a>> {
        let space = match self.own.get(usize::from(ordinal)) {
            Some(own) => own.as_ref(),
            None => self.named.iter().find(|(number, _)| *number == ordinal).map(|(_, space)| space),
        };
        space.filter(|space| space.meta.rows > 0)
    }

    /// The words of its notes.
    pub(super) const fn words(&self) -> WordsView<'a> {
        self.words
    }

    /// The id of a note; none where the file is damaged.
    pub(super) fn id(&self, note: u32) -> Option<&'a [u8]> {
        self.notes.ids.get(note as usize).ok()
    }

    /// Asks for what is stored of a note ahead of reading it.
    pub(super) fn prefetch(&self, note: u32) {
        if let Ok(record) = self.notes.records.get(note as usize) {
            kernels::prefetch(record);
        }
    }

    /// What is stored of a note, read where it lies.
    pub(super) fn record(&self, note: u32) -> Result<&'a ArchivedRecord> {
        self.notes.archived(note).map_err(|source| self.live.segment.damaged(source))
    }
}
