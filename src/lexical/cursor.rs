//! The postings of a term, read forward.

use super::bm25::Saturation;
use index_format::FormatError;
use index_format::words::{BLOCK_POSTINGS, Postings};

/// A place in the postings of a term. It only goes forward, so that reading ends whatever the bytes say.
pub(super) struct Cursor<'a> {
    postings: Postings<'a>,
    lengths: &'a [u8],
    /// What the term is worth.
    weight: f32,
    block: usize,
    /// Postings of the block that are read, and where in them; none before the block is.
    read: usize,
    at: usize,
    notes: [u32; BLOCK_POSTINGS],
    counts: [u8; BLOCK_POSTINGS],
    counted: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(postings: Postings<'a>, lengths: &'a [u8], weight: f32) -> Self {
        Self {
            postings,
            lengths,
            weight,
            block: 0,
            read: 0,
            at: 0,
            notes: [0; BLOCK_POSTINGS],
            counts: [0; BLOCK_POSTINGS],
            counted: false,
        }
    }

    /// The highest score that a note from `from` up to and without `end` can have, after passing the blocks before.
    pub(super) fn most(&mut self, from: u32, end: u32, saturation: &Saturation) -> f32 {
        self.pass(from);
        let mut most = 0.0_f32;
        let mut index = self.block;
        while let Some(block) = self.postings.block(index) {
            most = most.max(saturation.worth(block.most, block.shortest));
            index += 1;
            if block.last >= end {
                break;
            }
        }
        most * self.weight
    }

    /// No note before this one comes any more.
    pub(super) fn next(&self) -> Option<u32> {
        if let Some(note) = self.note() {
            return Some(note);
        }
        self.postings.block(self.block)?;
        let before = self.block.checked_sub(1).and_then(|before| self.postings.block(before));
        Some(before.map_or(0, |block| block.last.saturating_add(1)))
    }

    /// Leaves the blocks that end before a note.
    fn pass(&mut self, note: u32) {
        let block = self.postings.block_with(note, self.block);
        if block > self.block {
            (self.block, self.read, self.at, self.counted) = (block, 0, 0, false);
        }
    }

    /// Reads the block, if it is not read yet; false at the end.
    fn fill(&mut self) -> Result<bool, FormatError> {
        if self.postings.block(self.block).is_none() {
            return Ok(false);
        }
        if self.read == 0 {
            self.read = self.postings.notes(self.block, &mut self.notes)?;
        }
        Ok(true)
    }

    /// The score of the posting it is at.
    fn score(&mut self, saturation: &Saturation) -> Result<f32, FormatError> {
        if !self.counted {
            self.postings.counts(self.block, &mut self.counts)?;
            self.counted = true;
        }
        let length = self.notes.get(self.at).and_then(|note| self.lengths.get(*note as usize)).copied();
        let count = self.counts.get(self.at).copied().unwrap_or_default();
        Ok(length.map_or(0.0, |length| self.weight * saturation.worth(count, length)))
    }

    /// Gives every posting from `from` up to and without `end` to `each`.
    pub(super) fn read(
        &mut self,
        from: u32,
        end: u32,
        saturation: &Saturation,
        mut each: impl FnMut(u32, f32),
    ) -> Result<(), FormatError> {
        self.pass(from);
        while self.fill()? {
            self.skip(from);
            while let Some(note) = self.note() {
                if note >= end {
                    return Ok(());
                }
                each(note, self.score(saturation)?);
                self.at += 1;
            }
            (self.block, self.read, self.at, self.counted) = (self.block + 1, 0, 0, false);
        }
        Ok(())
    }

    /// The note of the posting it is at, in a block that is read.
    fn note(&self) -> Option<u32> {
        self.notes.get(..self.read).and_then(|notes| notes.get(self.at)).copied()
    }

    /// Leaves the postings of the block that come before a note.
    fn skip(&mut self, note: u32) {
        let rest = self.notes.get(self.at..self.read).unwrap_or_default();
        self.at += rest.partition_point(|other| *other < note);
    }

    /// The score of a note that does not come before those asked for earlier; `None` where it has not the term.
    pub(super) fn score_of(&mut self, note: u32, saturation: &Saturation) -> Result<Option<f32>, FormatError> {
        self.pass(note);
        if !self.fill()? {
            return Ok(None);
        }
        self.skip(note);
        if self.note() == Some(note) { self.score(saturation).map(Some) } else { Ok(None) }
    }
}
