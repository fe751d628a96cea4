//! The words of a segment: a sorted dictionary of terms, for each the notes it stands in and how often, and how long each
//! note is.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | views, and finding a term in them |
//! | `layout.rs` | entries and constants |
//! | `pack.rs` | a block of postings to bits and back |
//! | `build.rs` | postings to the sections |
//!
//! What a term is, and what its counts are worth, is the engine's business.

mod build;
mod layout;
mod pack;

pub use build::{Posting, Words, WordsBuilder};
pub use layout::{BLOCK_POSTINGS, MOST_COUNTED, PostingBlock, TermEntry, length_code, length_of};

use crate::layout::{NO_SPACE, SectionKind};
use crate::table::inconsistent;
use crate::{FileTable, FormatError};
use rkyv::{Archive, Deserialize, Serialize};
use std::cmp::Ordering;

/// The structured part of the words of a segment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct WordsMeta {
    /// Terms in the dictionary.
    pub terms: u32,
    /// Blocks of postings.
    pub blocks: u32,
    /// Lengths of all notes together, as their codes give them.
    pub length: u64,
}

/// The words of a segment where they lie. The arrays are of the sizes that the structured part says; what is in them is
/// checked when it is used.
#[derive(Debug, Clone, Copy)]
pub struct WordsView<'a> {
    pub(crate) terms: &'a [TermEntry],
    pub(crate) term_bytes: &'a [u8],
    pub(crate) blocks: &'a [PostingBlock],
    pub(crate) postings: &'a [u8],
    pub(crate) lengths: &'a [u8],
    total: u64,
    /// Where terms, blocks and postings start in the file, for messages.
    offsets: [u64; 3],
}

impl<'a> WordsView<'a> {
    /// Views of the sections, held against the structured part: cost does not depend on what they hold.
    pub(crate) fn new(table: &FileTable, bytes: &'a [u8], notes: u32, meta: &WordsMeta) -> Result<Self, FormatError> {
        let start = |kind| table.require(kind, NO_SPACE).map(|entry| entry.offset);
        let view = Self {
            terms: table.array(bytes, SectionKind::Terms, NO_SPACE, 1)?,
            term_bytes: table.bytes(bytes, SectionKind::TermBytes, NO_SPACE)?,
            blocks: table.array(bytes, SectionKind::PostingBlocks, NO_SPACE, 1)?,
            postings: table.bytes(bytes, SectionKind::Postings, NO_SPACE)?,
            lengths: table.array(bytes, SectionKind::NoteLengths, NO_SPACE, 1)?,
            total: meta.length,
            offsets: [start(SectionKind::Terms)?, start(SectionKind::PostingBlocks)?, start(SectionKind::Postings)?],
        };
        for (what, expected, found) in [
            ("terms", meta.terms, view.terms.len()),
            ("posting blocks", meta.blocks, view.blocks.len()),
            ("note lengths", notes, view.lengths.len()),
        ] {
            if u64::from(expected) != found as u64 {
                return Err(inconsistent(what, 0, u64::from(expected), found as u64));
            }
        }
        Ok(view)
    }

    /// Number of terms.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.terms.len()
    }

    /// Whether there is no term.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// The length code of each note.
    #[must_use]
    pub const fn lengths(&self) -> &'a [u8] {
        self.lengths
    }

    /// The lengths of all notes together, as the file says.
    #[must_use]
    pub const fn total_length(&self) -> u64 {
        self.total
    }

    /// The bytes of the term with this ordinal.
    ///
    /// # Errors
    /// Where there is no such term or it does not lie in its section.
    pub fn term(&self, ordinal: usize) -> Result<&'a [u8], FormatError> {
        let start = self.terms.get(ordinal).map(|entry| entry.start as usize);
        let next = self.terms.get(ordinal.saturating_add(1)).map(|entry| entry.start as usize);
        let end = next.unwrap_or(self.term_bytes.len());
        let bytes = start.and_then(|start| self.term_bytes.get(start..end));
        bytes.ok_or_else(|| {
            inconsistent("bytes of a term", self.offset_of(ordinal), self.term_bytes.len() as u64, end as u64)
        })
    }

    /// Where the entry of a term lies in the file.
    fn offset_of(&self, ordinal: usize) -> u64 {
        let [terms, ..] = self.offsets;
        terms.saturating_add((ordinal as u64).saturating_mul(size_of::<TermEntry>() as u64))
    }

    /// The postings of a term; `None` where no note has it.
    ///
    /// # Errors
    /// Where the dictionary or the term's entry contradicts itself.
    pub fn find(&self, term: &[u8]) -> Result<Option<Postings<'a>>, FormatError> {
        let (mut low, mut high) = (0, self.terms.len());
        while low < high {
            let middle = low.midpoint(high);
            match self.term(middle)?.cmp(term) {
                Ordering::Equal => return self.postings(middle).map(Some),
                Ordering::Less => low = middle.saturating_add(1),
                Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }

    /// The postings of the term with this ordinal.
    ///
    /// # Errors
    /// Where there is no such term, or it has more postings than there are notes or blocks for.
    pub fn postings(&self, ordinal: usize) -> Result<Postings<'a>, FormatError> {
        let wrong = |what, expected, found| inconsistent(what, self.offset_of(ordinal), expected, found);
        let entry = self.terms.get(ordinal).ok_or_else(|| wrong("term", self.terms.len() as u64, ordinal as u64))?;
        if entry.notes == 0 || entry.notes as usize > self.lengths.len() {
            return Err(wrong("notes of a term", self.lengths.len() as u64, u64::from(entry.notes)));
        }
        let blocks = if entry.notes == 1 {
            &[]
        } else {
            let first = entry.first as usize;
            let end = first.saturating_add((entry.notes as usize).div_ceil(BLOCK_POSTINGS));
            let blocks = self.blocks.get(first..end);
            blocks.ok_or_else(|| wrong("blocks of a term", self.blocks.len() as u64, end as u64))?
        };
        let [_, _, offset] = self.offsets;
        Ok(Postings { entry: *entry, blocks, packed: self.postings, offset })
    }
}

/// The notes that a term stands in, block by block.
#[derive(Debug, Clone, Copy)]
pub struct Postings<'a> {
    entry: TermEntry,
    /// Empty where there is only one note: then the entry says it all.
    blocks: &'a [PostingBlock],
    packed: &'a [u8],
    offset: u64,
}

impl Postings<'_> {
    /// Number of notes, at least 1.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "no term is without notes")]
    pub const fn len(&self) -> u32 {
        self.entry.notes
    }

    /// Highest count of the term in a note.
    #[must_use]
    pub const fn most(&self) -> u8 {
        self.entry.most
    }

    /// Lowest length code of a note it stands in.
    #[must_use]
    pub const fn shortest(&self) -> u8 {
        self.entry.shortest
    }

    /// Number of blocks, at least 1.
    #[must_use]
    pub fn block_count(&self) -> usize {
        self.blocks.len().max(1)
    }

    /// What is known of a block without reading it; `None` past the last one.
    #[must_use]
    pub fn block(&self, index: usize) -> Option<PostingBlock> {
        let TermEntry { first, most, shortest, .. } = self.entry;
        let only = PostingBlock { start: 0, last: first, gap_bits: 0, count_bits: 0, most, shortest };
        if self.blocks.is_empty() { (index == 0).then_some(only) } else { self.blocks.get(index).copied() }
    }

    /// The first block from `from` on whose last note is not before `note`: the one that has it, if any has.
    #[must_use]
    pub fn block_with(&self, note: u32, from: usize) -> usize {
        if self.blocks.is_empty() {
            return if self.entry.first < note { 1 } else { from };
        }
        let rest = self.blocks.get(from..).unwrap_or_default();
        // The wanted block is mostly near: steps of doubling length, then halving within the last one.
        let mut step = 1_usize;
        while rest.get(step).is_some_and(|block| block.last < note) {
            step = step.saturating_mul(2);
        }
        let window = rest.get(..step.saturating_add(1).min(rest.len())).unwrap_or_default();
        from.saturating_add(window.partition_point(|block| block.last < note))
    }

    /// Notes in a block.
    fn size(&self, index: usize) -> usize {
        let before = index.saturating_mul(BLOCK_POSTINGS);
        (self.entry.notes as usize).saturating_sub(before).min(BLOCK_POSTINGS)
    }

    /// The notes of a block, ascending, written to the front of `out`; says how many there are.
    ///
    /// # Errors
    /// Where there is no such block, or it does not lie in its section.
    pub fn notes(&self, index: usize, out: &mut [u32; BLOCK_POSTINGS]) -> Result<usize, FormatError> {
        if self.blocks.is_empty() && index == 0 {
            let [first, ..] = out;
            *first = self.entry.first;
            return Ok(1);
        }
        let size = self.size(index);
        let before = index.checked_sub(1).and_then(|before| self.blocks.get(before));
        let first = before.map_or(0, |block| block.last.saturating_add(1));
        let read = self.blocks.get(index).zip(out.get_mut(..size));
        let done = read.and_then(|(block, out)| block.notes(self.packed, first, out));
        done.map(|()| size).ok_or_else(|| self.misplaced(index))
    }

    /// The counts of a block, in the order of its notes, written to the front of `out`.
    ///
    /// # Errors
    /// As [`Postings::notes`].
    pub fn counts(&self, index: usize, out: &mut [u8; BLOCK_POSTINGS]) -> Result<(), FormatError> {
        if self.blocks.is_empty() && index == 0 {
            let [first, ..] = out;
            *first = self.entry.most;
            return Ok(());
        }
        let read = self.blocks.get(index).zip(out.get_mut(..self.size(index)));
        let done = read.and_then(|(block, out)| block.counts(self.packed, out));
        done.ok_or_else(|| self.misplaced(index))
    }

    fn misplaced(&self, index: usize) -> FormatError {
        let start = self.blocks.get(index).map_or(0, |block| block.start);
        inconsistent("block of postings", self.offset.saturating_add(start), self.packed.len() as u64, start)
    }
}
