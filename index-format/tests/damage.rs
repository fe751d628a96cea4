//! Accidents and attacks on bytes: cuts, flips, and numbers made to hurt. Nothing may panic, hang, or pass for sound.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod samples;

use index_format::check::{verify_segment, verify_tombstones};
use index_format::layout::{DRAFT, MAX_SECTIONS, SECTION_REQUIRED};
use index_format::words::BLOCK_POSTINGS;
use index_format::{AdapterView, Damage, Feedback, FileKind, FileTable, FormatError, Manifest, SegmentFile, WordsView};
use samples::{
    INDEX, Numbers, Parts, adapter, adapter_bytes, feedback, manifest, matrix, reseal, rotation, tombstones,
};

type Verify = fn(&[u8]) -> Result<Vec<Damage>, FormatError>;

fn kinds() -> [(&'static str, Vec<u8>, Verify); 6] {
    [
        ("segment", Parts::sound().bytes(), |bytes| verify_segment(bytes, &matrix)),
        ("manifest", manifest().to_bytes().unwrap(), |bytes| Manifest::from_bytes(bytes).map(|_| Vec::new())),
        ("tombstones", tombstones(&[0, 1]), |bytes| verify_tombstones(bytes, 2)),
        ("feedback", feedback().to_file(INDEX, 12).unwrap(), |bytes| Feedback::from_file(bytes).map(|_| Vec::new())),
        ("adapter", adapter_bytes(&adapter()), |bytes| AdapterView::from_file(bytes).map(|_| Vec::new())),
        ("rotation", rotation(), |bytes| Ok(FileTable::parse(bytes, FileKind::Rotation)?.damages(bytes))),
    ]
}

/// Everything a reader may ask of a segment, whatever its bytes.
fn read_all(bytes: &[u8]) {
    let Ok(file) = SegmentFile::parse(bytes) else { return };
    let Ok(view) = file.view(bytes) else { return };
    for note in (0..file.meta.notes.min(64)).chain([u32::MAX]) {
        let _ = view.record(note);
        let _ = view.ids.get(note as usize);
        let _ = view.pictures.get(note as usize);
        let _ = view.pictures.offset_of(note as usize);
    }
    let _ = view.find("a");
    read_words(&file.words(bytes).unwrap());
    for ordinal in (0..4).chain([u16::MAX]) {
        let Ok(space) = file.space(bytes, ordinal) else { continue };
        for number in (0..64).chain([u32::MAX]) {
            let _ = space.rows_of(number);
            let _ = space.links.map(|links| links.of(number));
        }
    }
}

fn read_words(words: &WordsView<'_>) {
    let _ = words.find(b"note");
    for ordinal in (0..8).chain([usize::MAX]) {
        let _ = words.term(ordinal);
        let Ok(postings) = words.postings(ordinal) else { continue };
        assert!(postings.block_count() <= words.lengths().len());
        for index in (0..4).chain([usize::MAX]) {
            let _ = (postings.block(index), postings.block_with(index as u32, index));
            let mut notes = [0; BLOCK_POSTINGS];
            let size = postings.notes(index, &mut notes).unwrap_or_default();
            assert!(notes[..size].windows(2).all(|pair| pair[0] < pair[1] || pair[1] == u32::MAX), "{notes:?}");
            let _ = postings.counts(index, &mut [0; BLOCK_POSTINGS]);
        }
    }
}

#[test]
fn a_file_cut_at_any_length_is_refused() {
    for (kind, bytes, verify) in kinds() {
        for length in 0..bytes.len() {
            assert!(verify(&bytes[..length]).is_err(), "{kind} cut to {length}");
        }
        let longer = [&bytes[..], &[0; 64]].concat();
        assert!(matches!(verify(&longer), Err(FormatError::Truncated { .. })), "{kind} with more behind it");
    }
}

#[test]
fn every_flipped_bit_is_noticed() {
    for (kind, bytes, verify) in kinds() {
        assert_eq!(verify(&bytes).unwrap(), [], "{kind}");
        for bit in 0..bytes.len() * 8 {
            let mut bent = bytes.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            match verify(&bent) {
                Err(_) => {}
                Ok(damages) => {
                    let at = (bit / 8) as u64;
                    let named = damages.iter().any(|damage| damage.offset <= at);
                    assert!(named, "{kind}: bit {bit} flipped, found {damages:?}");
                }
            }
        }
    }
}

#[test]
fn flipped_bits_under_right_checksums_panic_nowhere() {
    for (_, bytes, verify) in kinds() {
        for bit in 0..bytes.len() * 8 {
            let mut bent = bytes.clone();
            bent[bit / 8] ^= 1 << (bit % 8);
            reseal(&mut bent);
            let _ = verify(&bent);
            read_all(&bent);
        }
    }
}

#[test]
fn random_words_under_right_checksums_panic_nowhere() {
    let mut numbers = Numbers(7);
    let edges = [0, 1, 63, 64, u64::from(u32::MAX), 1 << 32, u64::MAX / 2, u64::MAX - 63, u64::MAX];
    for (_, bytes, verify) in kinds() {
        for _ in 0..4_000 {
            let mut bent = bytes.clone();
            for _ in 0..=numbers.below(3) {
                let at = numbers.below(bent.len() / 4) * 4;
                let word = if numbers.below(2) == 0 { edges[numbers.below(edges.len())] } else { numbers.next() };
                let width = (bent.len() - at).min(if numbers.below(2) == 0 { 4 } else { 8 });
                bent[at..at + width].copy_from_slice(&word.to_le_bytes()[..width]);
            }
            reseal(&mut bent);
            let _ = verify(&bent);
            read_all(&bent);
        }
    }
}

/// Sets one number of the sample segment, makes the checksums right, and opens it.
fn with(at: usize, number: &[u8]) -> FormatError {
    let mut bytes = Parts::sound().bytes();
    bytes[at..at + number.len()].copy_from_slice(number);
    reseal(&mut bytes);
    SegmentFile::parse(&bytes).unwrap_err()
}

#[test]
fn hostile_heads_are_refused() {
    let second = 64 + 64;
    for count in [0_u16, 1, 200, MAX_SECTIONS, MAX_SECTIONS + 1, u16::MAX] {
        with(48, &count.to_le_bytes());
    }
    for offset in [0_u64, 64, 65, u64::MAX, u64::MAX - 63, 1 << 63] {
        // The second section at the start of the file, over the table, unaligned, far outside.
        assert!(matches!(with(second + 8, &offset.to_le_bytes()), FormatError::Inconsistent { .. }), "{offset}");
    }
    for len in [u64::MAX, u64::MAX - 63, 1 << 40] {
        assert!(matches!(with(second + 16, &len.to_le_bytes()), FormatError::Truncated { .. }), "{len}");
    }
    for count in [u64::MAX, 1 << 62, 0] {
        assert!(matches!(with(second + 24, &count.to_le_bytes()), FormatError::Inconsistent { .. }), "{count}");
    }
    let twice = Parts::sound().bytes()[64 + 64..64 + 68].to_vec();
    assert!(matches!(with(64 + 128, &twice), FormatError::Inconsistent { what: "sections listed twice", .. }));
}

#[test]
fn versions_kinds_and_features_are_told_apart() {
    let future = with(10, &1_u16.to_le_bytes());
    assert!(matches!(future, FormatError::FutureVersion { found: 1, supported: 0 }) && says(&future, "upgrade"));
    // A released version that claims a draft could read it.
    assert!(matches!(with(8, &1_u16.to_le_bytes()), FormatError::FutureVersion { found: 1, .. }));
    let draft = with(12, &(DRAFT + 1).to_le_bytes());
    assert!(matches!(draft, FormatError::Draft { supported: DRAFT, .. }) && says(&draft, "build the index again"));
    let feature = with(16, &4_u64.to_le_bytes());
    assert!(matches!(feature, FormatError::Feature { unknown: 4 }) && says(&feature, "upgrade"));
    assert!(matches!(with(0, b"PK"), FormatError::Magic { .. }));
    assert!(matches!(with(14, &3_u16.to_le_bytes()), FormatError::WrongKind { expected: "segment", found: 3 }));
}

fn says(error: &FormatError, word: &str) -> bool {
    error.to_string().contains(word)
}

#[test]
fn a_section_of_unknown_kind_is_skipped_unless_it_is_required() {
    let mut parts = Parts::sound();
    parts.pictures.clear();
    parts.records[0].pictures.clear();
    let mut bytes = parts.bytes();
    let last = 64 * usize::from(u16::from_le_bytes([bytes[48], bytes[49]]));
    bytes[last..last + 2].copy_from_slice(&999_u16.to_le_bytes());
    reseal(&mut bytes);
    let required = FileTable::parse(&bytes, FileKind::Segment).unwrap_err();
    assert!(matches!(required, FormatError::UnknownSection { kind: 999, .. }));
    bytes[last + 4..last + 8].copy_from_slice(&(!SECTION_REQUIRED).to_le_bytes());
    reseal(&mut bytes);
    assert!(FileTable::parse(&bytes, FileKind::Segment).unwrap().damages(&bytes).is_empty());
}

#[test]
fn overlapping_records_are_not_read_again_and_again() {
    // A thousand notes that all claim the bytes of one long record: a megabyte that would read as a gigabyte.
    let mut parts = Parts::sound();
    let long = samples::record("a", &"x".repeat(1 << 20), None);
    let notes = 1_000;
    parts.records = vec![samples::record("b", "", None); notes - 1];
    parts.records.insert(0, long);
    parts.ids = (0..notes).map(|note| note.to_string().into_bytes()).collect();
    parts.id_order = (0..notes as u32).collect();
    parts.meta.notes = notes as u32;
    parts.words.lengths.resize(notes, 0);
    for space in &mut parts.spaces {
        let last = *space.note_row_starts.last().unwrap();
        space.note_row_starts.resize(notes + 1, last);
    }
    let mut bytes = parts.bytes();
    let table = SegmentFile::parse(&bytes).unwrap().table;
    let extents = *table.require(index_format::SectionKind::RecordExtents, u16::MAX).unwrap();
    let start = extents.offset as usize;
    let first = bytes[start..start + 16].to_vec();
    for extent in bytes[start..start + 16 * notes].chunks_exact_mut(16) {
        extent.copy_from_slice(&first);
    }
    reseal(&mut bytes);
    let damages = verify_segment(&bytes, &matrix).unwrap();
    assert_eq!((damages[0].section, damages[0].offset), ("record extents", extents.offset + 16));
    assert!(damages.iter().all(|damage| damage.section != "records"), "{damages:?}");
}
