//! The words of a segment of the stored index, from fixed terms, and again from what lies in a file.

use index_format::words::{BLOCK_POSTINGS, Posting, WordsView, length_code};
use index_format::{Words, WordsBuilder};

/// Words of so many notes: terms in ascending order, each with its notes and counts.
pub(super) fn words(notes: usize, terms: &[(&str, Vec<(u32, u8)>)]) -> Words {
    let mut lengths = vec![0; notes];
    terms.iter().flat_map(|(_, postings)| postings).for_each(|(note, count)| {
        lengths[*note as usize] += u32::from(*count);
    });
    let mut builder = WordsBuilder::new(lengths.into_iter().map(length_code).collect());
    for (term, postings) in terms {
        let postings: Vec<Posting> =
            postings.iter().map(|(note, count)| Posting { note: *note, count: *count }).collect();
        builder.term(term.as_bytes(), &postings).unwrap();
    }
    builder.finish()
}

/// Words as a reader sees them, built again.
pub(super) fn again(view: &WordsView<'_>) -> Words {
    let mut builder = WordsBuilder::new(view.lengths().to_vec());
    for ordinal in 0..view.len() {
        let postings = view.postings(ordinal).unwrap();
        let mut read = Vec::new();
        for block in 0..postings.block_count() {
            let (mut notes, mut counts) = ([0; BLOCK_POSTINGS], [0; BLOCK_POSTINGS]);
            let size = postings.notes(block, &mut notes).unwrap();
            postings.counts(block, &mut counts).unwrap();
            read.extend(notes.into_iter().zip(counts).take(size).map(|(note, count)| Posting { note, count }));
        }
        builder.term(view.term(ordinal).unwrap(), &read).unwrap();
    }
    builder.finish()
}
