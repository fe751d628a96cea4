//! The words of a segment: the dictionary, the blocks of postings, the lengths of notes, and that each says the same as the
//! others.

use super::Collector;
use crate::layout::{NO_SPACE, SectionKind};
use crate::words::{BLOCK_POSTINGS, MOST_COUNTED, TermEntry, WordsView, length_code, length_of};
use crate::{Damage, SegmentFile};

/// What the postings say of a note.
#[derive(Clone, Copy, Default)]
struct Counted {
    /// Its counts together.
    length: u64,
    /// Whether one of them may stand for more.
    capped: bool,
}

pub(super) fn verify(file: &SegmentFile, view: &WordsView<'_>, damages: &mut Vec<Damage>) {
    let before = damages.len();
    verify_terms(file, view, damages);
    verify_blocks(file, view, damages);
    // Terms that share blocks could make few bytes as long to read as many.
    if damages.len() == before {
        let counted = verify_postings(file, view, damages);
        verify_lengths(file, view, &counted, damages);
    }
}

/// Terms follow one another in their bytes and in strictly ascending order, and so do their blocks.
fn verify_terms(file: &SegmentFile, view: &WordsView<'_>, damages: &mut Vec<Damage>) {
    let mut found = Collector::new(file, SectionKind::Terms, NO_SPACE);
    let (mut before, mut blocks): (&[u8], usize) = (&[], 0);
    for (ordinal, entry) in view.terms.iter().enumerate() {
        match view.term(ordinal) {
            Ok(term) if term <= before => found.push(ordinal, "terms are not strictly ascending".to_owned()),
            Ok(term) if std::str::from_utf8(term).is_err() => found.push(ordinal, "the term is no text".to_owned()),
            Ok(term) => before = term,
            Err(error) => found.push(ordinal, error.to_string()),
        }
        if ordinal == 0 && entry.start != 0 {
            found.push(ordinal, format!("the first term starts at byte {}", entry.start));
        }
        if entry.reserved != [0; 2] {
            found.push(ordinal, "reserved bytes are not zero".to_owned());
        }
        if entry.notes == 0 || entry.notes as usize > view.lengths.len() {
            found.push(ordinal, format!("it stands in {} notes of {}", entry.notes, view.lengths.len()));
        }
        if entry.notes > 1 {
            if entry.first as usize != blocks {
                found.push(ordinal, format!("its blocks start at {}, those before it end at {blocks}", entry.first));
            }
            blocks = blocks.saturating_add((entry.notes as usize).div_ceil(BLOCK_POSTINGS));
        }
    }
    if blocks != view.blocks.len() {
        found.push(view.terms.len().saturating_sub(1), format!("terms have {blocks} blocks of {}", view.blocks.len()));
    }
    if view.terms.is_empty() && !view.term_bytes.is_empty() {
        found.push(0, "there are bytes of terms and no term".to_owned());
    }
    found.into(damages);
}

/// Blocks lie one after the other, from the first byte of the postings to the last.
fn verify_blocks(file: &SegmentFile, view: &WordsView<'_>, damages: &mut Vec<Damage>) {
    let mut found = Collector::new(file, SectionKind::PostingBlocks, NO_SPACE);
    let mut end = 0;
    let several = view.terms.iter().filter(|entry| entry.notes > 1);
    let sizes = several.flat_map(|entry| {
        let notes = (entry.notes as usize).min(view.lengths.len());
        (0..notes.div_ceil(BLOCK_POSTINGS))
            .map(move |block| notes.saturating_sub(block.saturating_mul(BLOCK_POSTINGS)).min(BLOCK_POSTINGS))
    });
    for (index, (block, size)) in view.blocks.iter().zip(sizes).enumerate() {
        if block.start != end {
            found.push(index, format!("it starts at byte {}, the one before it ends at {end}", block.start));
        }
        end = block.end(size);
    }
    if end != view.postings.len() as u64 {
        let last = view.blocks.len().saturating_sub(1);
        found.push(last, format!("blocks end at byte {end} of {}", view.postings.len()));
    }
    found.into(damages);
}

/// Every posting read: notes ascend and exist, and what entries and blocks say of them is so.
fn verify_postings(file: &SegmentFile, view: &WordsView<'_>, damages: &mut Vec<Damage>) -> Vec<Counted> {
    let mut terms = Collector::new(file, SectionKind::Terms, NO_SPACE);
    let mut blocks = Collector::new(file, SectionKind::PostingBlocks, NO_SPACE);
    let mut counted = vec![Counted::default(); view.lengths.len()];
    for (ordinal, entry) in view.terms.iter().enumerate() {
        let (mut most, mut shortest) = (0, u8::MAX);
        let first = if entry.notes > 1 { entry.first as usize } else { 0 };
        for index in 0..(entry.notes as usize).div_ceil(BLOCK_POSTINGS) {
            match read_block(view, (ordinal, entry), index, &mut counted) {
                Ok([block_most, block_shortest]) => {
                    (most, shortest) = (most.max(block_most), shortest.min(block_shortest));
                }
                Err(why) if entry.notes > 1 => blocks.push(first.saturating_add(index), why),
                Err(why) => terms.push(ordinal, why),
            }
        }
        if (most, shortest) != (entry.most, entry.shortest) {
            let said = [entry.most, entry.shortest];
            terms.push(ordinal, format!("highest count and lowest length {said:?}, found {:?}", [most, shortest]));
        }
    }
    terms.into(damages);
    blocks.into(damages);
    counted
}

/// Highest count and lowest length code of a block, after everything in it has been counted.
fn read_block(
    view: &WordsView<'_>,
    (ordinal, entry): (usize, &TermEntry),
    index: usize,
    counted: &mut [Counted],
) -> Result<[u8; 2], String> {
    let (mut notes, mut counts) = ([0; BLOCK_POSTINGS], [0; BLOCK_POSTINGS]);
    let postings = view.postings(ordinal).map_err(|error| error.to_string())?;
    let size = postings.notes(index, &mut notes).map_err(|error| error.to_string())?;
    postings.counts(index, &mut counts).map_err(|error| error.to_string())?;
    let (mut most, mut shortest, mut before) = (0, u8::MAX, None);
    for (note, count) in notes.iter().zip(counts).take(size) {
        let place = counted.get_mut(*note as usize).zip(view.lengths.get(*note as usize));
        let (place, code) = place.ok_or_else(|| format!("note {note} does not exist"))?;
        if before.is_some_and(|before| before >= *note) {
            return Err(format!("note {note} comes twice"));
        }
        before = Some(*note);
        place.length = place.length.saturating_add(u64::from(count));
        place.capped |= count == MOST_COUNTED;
        (most, shortest) = (most.max(count), shortest.min(*code));
    }
    let block = postings.block(index).ok_or("there is no such block")?;
    let said = (block.last, block.most, block.shortest);
    let last = before.unwrap_or_default();
    if entry.notes > 1 && said != (last, most, shortest) {
        return Err(format!("last note, highest count and lowest length {said:?}, found {:?}", (last, most, shortest)));
    }
    Ok([most, shortest])
}

fn verify_lengths(file: &SegmentFile, view: &WordsView<'_>, counted: &[Counted], damages: &mut Vec<Damage>) {
    let mut found = Collector::new(file, SectionKind::NoteLengths, NO_SPACE);
    let mut total = 0_u64;
    for (note, (code, counted)) in view.lengths.iter().zip(counted).enumerate() {
        total = total.saturating_add(u64::from(length_of(*code)));
        let expected = length_code(u32::try_from(counted.length).unwrap_or(u32::MAX));
        if *code < expected || (*code > expected && !counted.capped) {
            found.push(note, format!("note {note} has length code {code}, its counts give {expected}"));
        }
    }
    if total != view.total_length() {
        found.push(0, format!("lengths come to {total}, the segment says {}", view.total_length()));
    }
    found.into(damages);
}
