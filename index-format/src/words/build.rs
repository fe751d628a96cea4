//! Postings to the sections of a file: terms come in ascending order, the postings of each in ascending order of notes.

use super::layout::{BLOCK_POSTINGS, PostingBlock, TermEntry, length_of};
use super::pack::{pack, width};
use super::{WordsMeta, WordsView};
use crate::layout::{NO_SPACE, SectionKind};
use crate::table::inconsistent;
use crate::{FileBuilder, FormatError};

/// That a term stands in a note, and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The note.
    pub note: u32,
    /// How often, at least 1.
    pub count: u8,
}

/// The words of a segment, as its sections hold them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words {
    /// The dictionary, in ascending order of the terms' bytes.
    pub terms: Vec<TermEntry>,
    /// Terms, one after the other.
    pub term_bytes: Vec<u8>,
    /// Blocks of postings, in the order of their terms.
    pub blocks: Vec<PostingBlock>,
    /// Packed gaps and counts.
    pub postings: Vec<u8>,
    /// The length code of each note.
    pub lengths: Vec<u8>,
}

impl Words {
    /// The structured part.
    #[must_use]
    pub fn meta(&self) -> WordsMeta {
        WordsMeta {
            terms: self.terms.len() as u32,
            blocks: self.blocks.len() as u32,
            length: self.lengths.iter().map(|code| u64::from(length_of(*code))).sum(),
        }
    }

    /// The same as a reader sees it.
    #[must_use]
    pub fn view(&self) -> WordsView<'_> {
        WordsView {
            terms: &self.terms,
            term_bytes: &self.term_bytes,
            blocks: &self.blocks,
            postings: &self.postings,
            lengths: &self.lengths,
            total: self.meta().length,
            offsets: [0; 3],
        }
    }

    /// Adds the sections to a segment file.
    pub fn add_to<'a>(&'a self, file: &mut FileBuilder<'a>) {
        file.array(SectionKind::Terms, NO_SPACE, &self.terms, 1);
        file.bytes(SectionKind::TermBytes, NO_SPACE, &*self.term_bytes, self.terms.len() as u64);
        file.array(SectionKind::PostingBlocks, NO_SPACE, &self.blocks, 1);
        file.bytes(SectionKind::Postings, NO_SPACE, &*self.postings, self.blocks.len() as u64);
        file.array(SectionKind::NoteLengths, NO_SPACE, &self.lengths, 1);
    }
}

/// Makes [`Words`] of postings.
#[derive(Debug)]
pub struct WordsBuilder {
    words: Words,
}

impl WordsBuilder {
    /// For as many notes as there are lengths, each the code of one ([`length_code`](super::length_code)).
    #[must_use]
    pub fn new(lengths: Vec<u8>) -> Self {
        Self { words: Words { lengths, ..Words::default() } }
    }

    /// Adds a term.
    ///
    /// # Errors
    /// [`FormatError::Inconsistent`] where a reader would refuse it: the term does not come after the one before it, it has
    /// no postings, they do not ascend or name no note, or the sections would be too large (4 GiB of terms, 2^32 blocks).
    pub fn term(&mut self, term: &[u8], postings: &[Posting]) -> Result<(), FormatError> {
        self.check(term, postings)?;
        let words = &mut self.words;
        let start = narrow("bytes of terms", words.term_bytes.len())?;
        let first = match postings {
            [only] => only.note,
            _ => narrow("blocks of postings", words.blocks.len())?,
        };
        narrow("terms", words.terms.len().saturating_add(1))?;
        let [most, shortest] = extremes(postings, &words.lengths);
        let entry =
            TermEntry { start, notes: narrow("notes", postings.len())?, first, most, shortest, reserved: [0; 2] };
        if postings.len() > 1 {
            let mut next = 0;
            for chunk in postings.chunks(BLOCK_POSTINGS) {
                next = add_block(words, chunk, next);
            }
        }
        words.terms.push(entry);
        words.term_bytes.extend_from_slice(term);
        Ok(())
    }

    /// The words, with everything that was added.
    #[must_use]
    pub fn finish(self) -> Words {
        self.words
    }

    fn check(&self, term: &[u8], postings: &[Posting]) -> Result<(), FormatError> {
        let last = self.words.terms.last().map(|entry| entry.start as usize);
        let last = last.and_then(|start| self.words.term_bytes.get(start..)).unwrap_or_default();
        if last >= term {
            return Err(inconsistent("order of terms", 0, self.words.terms.len() as u64, 0));
        }
        let ascending = postings.windows(2).all(|pair| matches!(pair, [left, right] if left.note < right.note));
        let counted = postings.iter().all(|posting| posting.count > 0);
        let notes = self.words.lengths.len();
        match postings.last() {
            Some(last) if ascending && counted && (last.note as usize) < notes => Ok(()),
            last => Err(inconsistent("notes of a term", 0, notes as u64, last.map_or(0, |last| last.note.into()))),
        }
    }
}

/// Appends a block whose notes do not come before `first`, and says before which those of the next one do not.
fn add_block(words: &mut Words, postings: &[Posting], first: u32) -> u32 {
    let mut next = first;
    let gaps: Vec<u32> = postings
        .iter()
        .map(|posting| {
            let gap = posting.note.saturating_sub(next);
            next = posting.note.saturating_add(1);
            gap
        })
        .collect();
    let counts = || postings.iter().map(|posting| u32::from(posting.count).saturating_sub(1));
    let [most, shortest] = extremes(postings, &words.lengths);
    let block = PostingBlock {
        start: words.postings.len() as u64,
        last: next.saturating_sub(1),
        gap_bits: gaps.iter().copied().map(width).max().unwrap_or(0),
        count_bits: counts().map(width).max().unwrap_or(0),
        most,
        shortest,
    };
    words.blocks.push(block);
    pack(gaps.into_iter(), block.gap_bits, &mut words.postings);
    pack(counts(), block.count_bits, &mut words.postings);
    next
}

/// Highest count and lowest length code.
fn extremes(postings: &[Posting], lengths: &[u8]) -> [u8; 2] {
    let most = postings.iter().map(|posting| posting.count).max().unwrap_or(0);
    let codes = postings.iter().filter_map(|posting| lengths.get(posting.note as usize));
    [most, codes.copied().min().unwrap_or(0)]
}

fn narrow(what: &'static str, number: usize) -> Result<u32, FormatError> {
    u32::try_from(number).map_err(|_| inconsistent(what, 0, u64::from(u32::MAX), number as u64))
}
