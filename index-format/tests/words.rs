//! Words of a segment: what goes in comes out, what a reader would refuse is not written, and each rule of verification is
//! broken alone.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod samples;

use index_format::check::verify_segment;
use index_format::words::{BLOCK_POSTINGS, Posting, Postings, WordsView, length_code};
use index_format::{FormatError, SegmentFile, Words, WordsBuilder};
use proptest::prelude::*;
use samples::{Parts, matrix};
use std::collections::BTreeMap;

/// Terms with their notes and counts, as plain as can be.
type Plain = BTreeMap<Vec<u8>, BTreeMap<u32, u8>>;

fn built(notes: u32, plain: &Plain) -> Words {
    let mut lengths = vec![0_u32; notes as usize];
    plain.values().flatten().for_each(|(note, count)| lengths[*note as usize] += u32::from(*count));
    let mut builder = WordsBuilder::new(lengths.into_iter().map(length_code).collect());
    for (term, postings) in plain {
        let postings: Vec<Posting> =
            postings.iter().map(|(note, count)| Posting { note: *note, count: *count }).collect();
        builder.term(term, &postings).unwrap();
    }
    builder.finish()
}

fn read(postings: &Postings<'_>) -> Vec<(u32, u8)> {
    let mut read = Vec::new();
    for block in 0..postings.block_count() {
        let (mut notes, mut counts) = ([0; BLOCK_POSTINGS], [0; BLOCK_POSTINGS]);
        let size = postings.notes(block, &mut notes).unwrap();
        postings.counts(block, &mut counts).unwrap();
        read.extend(notes.into_iter().zip(counts).take(size));
    }
    read
}

/// A segment of empty notes with these words.
fn segment(words: Words) -> Vec<u8> {
    let notes = words.lengths.len();
    let mut parts = Parts::sound();
    parts.meta.notes = notes as u32;
    parts.meta.words = words.meta();
    parts.words = words;
    parts.records = (0..notes).map(|note| samples::record(&format!("{note:06}"), "", None)).collect();
    parts.columns = samples::columns(&parts.records);
    parts.ids = parts.records.iter().map(|record| record.id.clone().into_bytes()).collect();
    parts.id_order = (0..notes as u32).collect();
    parts.pictures.clear();
    parts.meta.spaces.clear();
    parts.spaces.clear();
    parts.bytes()
}

fn holds(notes: u32, plain: &Plain, view: &WordsView<'_>) {
    assert_eq!((view.len(), view.lengths().len()), (plain.len(), notes as usize));
    for (ordinal, (term, expected)) in plain.iter().enumerate() {
        assert_eq!(view.term(ordinal).unwrap(), term);
        let postings = view.find(term).unwrap().unwrap();
        assert_eq!(read(&postings), expected.iter().map(|(note, count)| (*note, *count)).collect::<Vec<_>>());
        assert_eq!((postings.len() as usize, postings.most()), (expected.len(), *expected.values().max().unwrap()));
        for note in (0..=notes).chain([u32::MAX]) {
            let naive = (0..).find(|block| postings.block(*block).is_none_or(|block| block.last >= note)).unwrap();
            for from in 0..=naive.min(2) {
                assert_eq!(postings.block_with(note, from), naive, "note {note} from block {from}");
            }
        }
    }
    for absent in [&b""[..], b"\0", b"nobody has this", &[0xff; 9]] {
        assert_eq!(view.find(absent).unwrap().is_some(), plain.contains_key(absent));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_goes_in_comes_out(
        notes in 1_u32..700,
        terms in prop::collection::btree_map("[a-c字]{1,4}", prop::collection::vec((any::<u32>(), 1_u8..), 1..600), 0..8),
        capped in any::<bool>(),
    ) {
        let bound = |count: u8| if capped { count } else { 1 + count % 5 };
        let plain: Plain = terms
            .into_iter()
            .map(|(term, postings)| {
                let postings = postings.into_iter().map(|(note, count)| (note % notes, bound(count)));
                (term.into_bytes(), postings.collect())
            })
            .collect();
        let words = built(notes, &plain);
        holds(notes, &plain, &words.view());
        let bytes = segment(words);
        holds(notes, &plain, &SegmentFile::parse(&bytes).unwrap().words(&bytes).unwrap());
        prop_assert_eq!(verify_segment(&bytes, &matrix).unwrap(), []);
    }
}

#[test]
fn widest_gaps_and_longest_lists_come_back() {
    let notes = 3 * BLOCK_POSTINGS as u32 + 1;
    let all: BTreeMap<u32, u8> = (0..notes).map(|note| (note, 1)).collect();
    let ends = BTreeMap::from([(0, 255), (notes - 1, 1)]);
    let exact: BTreeMap<u32, u8> = (0..2 * BLOCK_POSTINGS as u32).map(|note| (note + 9, 7)).collect();
    let plain = Plain::from([(b"all".to_vec(), all), (b"ends".to_vec(), ends), (b"exact".to_vec(), exact)]);
    let words = built(notes, &plain);
    holds(notes, &plain, &words.view());
    // Notes without a gap and counts of one cost no bits at all.
    assert_eq!((words.blocks[0].gap_bits, words.blocks[0].count_bits, words.blocks[1].start), (0, 0, 0));
    let far = vec![1; 1 << 21];
    let mut builder = WordsBuilder::new(far);
    let postings: Vec<Posting> = [0, 1, 1 << 20, (1 << 21) - 1].map(|note| Posting { note, count: 1 }).to_vec();
    builder.term(b"far", &postings).unwrap();
    let words = builder.finish();
    let found = words.view().find(b"far").unwrap().unwrap();
    assert_eq!(read(&found).iter().map(|(note, _)| *note).collect::<Vec<_>>(), [0, 1, 1 << 20, (1 << 21) - 1]);
}

#[test]
fn what_a_reader_would_refuse_is_not_written() {
    let posting = |note, count| Posting { note, count };
    let refused = |term: &[u8], postings: &[Posting]| {
        let mut builder = WordsBuilder::new(vec![1; 3]);
        builder.term(b"m", &[posting(0, 1)]).unwrap();
        let before = format!("{builder:?}");
        assert!(matches!(builder.term(term, postings), Err(FormatError::Inconsistent { .. })), "{term:?} {postings:?}");
        assert_eq!(format!("{builder:?}"), before);
    };
    refused(b"m", &[posting(0, 1)]);
    refused(b"a", &[posting(0, 1)]);
    refused(b"", &[posting(0, 1)]);
    refused(b"n", &[]);
    refused(b"n", &[posting(0, 0)]);
    refused(b"n", &[posting(3, 1)]);
    refused(b"n", &[posting(1, 1), posting(1, 1)]);
    refused(b"n", &[posting(2, 1), posting(1, 1)]);
    assert!(matches!(WordsBuilder::new(Vec::new()).term(b"", &[posting(0, 1)]), Err(FormatError::Inconsistent { .. })));
}

/// Bends one thing and expects damage in this section.
#[track_caller]
fn damages(section: &str, bend: impl FnOnce(&mut Parts)) {
    let mut parts = Parts::sound();
    bend(&mut parts);
    let bytes = parts.bytes();
    let found = verify_segment(&bytes, &matrix).unwrap();
    assert!(found.iter().any(|damage| damage.section == section), "{section}: {found:?}");
    assert!(found.iter().all(|damage| damage.offset < bytes.len() as u64), "{found:?}");
}

#[test]
fn dictionaries_that_contradict_themselves_are_named() {
    damages("terms", |parts| parts.words.terms[0].start = 1);
    damages("terms", |parts| parts.words.terms[1].start = 9);
    damages("terms", |parts| parts.words.terms[1].start = 0);
    damages("terms", |parts| parts.words.terms[2].start = 1_000);
    damages("terms", |parts| parts.words.term_bytes[0] = b'o');
    damages("terms", |parts| parts.words.term_bytes[1] = 0xff);
    damages("terms", |parts| parts.words.terms[2].reserved = [0, 1]);
    damages("terms", |parts| parts.words.terms[0].notes = 0);
    damages("terms", |parts| parts.words.terms[1].notes = 3);
    damages("terms", |parts| parts.words.terms[1].notes = u32::MAX);
    damages("terms", |parts| parts.words.terms[1].first = 1);
    damages("terms", |parts| parts.words.terms[0].notes = 2);
    damages("terms", |parts| parts.words.terms[1].notes = 1);
    damages("terms", |parts| parts.words.terms[0].first = 2);
    damages("terms", |parts| parts.words.terms[0].shortest = 8);
    damages("terms", |parts| parts.words.terms[1].shortest = 5);
    damages("terms", |parts| parts.words.terms[1].most = 3);
}

#[test]
fn postings_that_contradict_themselves_are_named() {
    damages("posting blocks", |parts| parts.words.blocks[0].start = 1);
    damages("posting blocks", |parts| parts.words.blocks[0].last = 0);
    damages("posting blocks", |parts| parts.words.blocks[0].last = 2);
    damages("posting blocks", |parts| parts.words.blocks[0].most = 3);
    damages("posting blocks", |parts| parts.words.blocks[0].shortest = 5);
    damages("posting blocks", |parts| parts.words.blocks[0].gap_bits = 33);
    damages("posting blocks", |parts| parts.words.blocks[0].count_bits = 9);
    damages("posting blocks", |parts| parts.words.postings.push(0));
    damages("posting blocks", |parts| parts.words.postings.clear());
    // Counts of another sum than the lengths.
    damages("note lengths", |parts| parts.words.lengths[1] = 5);
    damages("note lengths", |parts| parts.meta.words.length = 12);
    damages("posting blocks", |parts| parts.words.lengths[1] = 3);
    // Where only one note has a term, its entry is the posting.
    damages("note lengths", |parts| parts.words.terms[0].most = 3);
    damages("note lengths", |parts| parts.words.terms[0].most = 0);
}

#[test]
fn sizes_of_words_that_disagree_are_refused_at_opening() {
    let bends: [&dyn Fn(&mut Parts); 4] = [
        &|parts| parts.meta.words.terms = 2,
        &|parts| parts.meta.words.blocks = 2,
        &|parts| parts.words.lengths.push(0),
        &|parts| parts.words.blocks.clear(),
    ];
    for bend in bends {
        let mut parts = Parts::sound();
        bend(&mut parts);
        assert!(matches!(SegmentFile::parse(&parts.bytes()), Err(FormatError::Inconsistent { .. })));
    }
}
