//! Damaged and hostile segment, tombstone, rotation and adapter files: parsing, verification and every accessor.
//!
//! The first byte of the input is the mode, the rest the file. Mode bit 0 makes all checksums right first, so that what lies
//! behind them is reached; bits 1 and 2 choose the kind of file.

#![no_main]

#[path = "support/reseal.rs"]
mod reseal;

use index_format::check::{verify_segment, verify_tombstones};
use index_format::layout::NO_SPACE;
use index_format::words::BLOCK_POSTINGS;
use index_format::{AdapterView, ColumnsView, FileKind, FileTable, Salvage, SectionKind, SegmentFile, WordsView};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((mode, file)) = input.split_first() else { return };
    let mut file = file.to_vec();
    if mode & 1 == 1 {
        reseal::reseal(&mut file);
    }
    match mode >> 1 & 3 {
        1 => adapter(&file),
        2 => tombstones(&file),
        3 => rotation(&file),
        _ => segment(&file),
    }
});

/// What a repair reads of a file that may be damaged anywhere.
fn salvage(bytes: &[u8]) {
    let Ok(salvage) = Salvage::open(bytes) else { return };
    let _ = salvage.ids_hold();
    for note in (0..salvage.notes().min(32)).chain([usize::MAX]) {
        let _ = salvage.id(note);
        let Ok(record) = salvage.record(note) else { continue };
        for picture in &record.pictures {
            let _ = picture.blob.map(|blob| salvage.picture(blob, &picture.hash));
        }
    }
    for space in 0..3 {
        for width in [0, 1, 8, 256] {
            let _ = salvage.may_have_had(space);
            let rows = salvage.space(space, width).map(|space| space.rows().take(64).count());
            assert!(rows.is_none_or(|rows| rows <= bytes.len()));
        }
    }
}

fn segment(bytes: &[u8]) {
    salvage(bytes);
    let verified = verify_segment(bytes, &|_| None);
    let Ok(file) = SegmentFile::parse(bytes) else {
        assert!(verified.is_err(), "what cannot be opened is not sound");
        return;
    };
    let view = file.view(bytes).expect("opening has held the sizes against each other");
    let sound = verified.is_ok_and(|damages| damages.is_empty());
    // Records that overlap may be read again and again: a few of them show as much as all.
    for note in (0..file.meta.notes.min(32)).chain([u32::MAX]) {
        let record = view.record(note);
        assert!(!sound || record.is_ok() || note == u32::MAX);
        let _ = view.ids.get(note as usize);
        let _ = view.pictures.get(note as usize);
        if let Ok(record) = record {
            let found = view.find(&record.id);
            assert!(!sound || found == Ok(Some(note)), "a sound segment finds its notes");
        }
    }
    let _ = view.find("");
    words(&file.words(bytes).expect("opening has held the sizes against each other"), sound);
    columns(&file.columns(bytes).expect("opening has held the sizes against each other"), sound);
    for ordinal in 0..file.meta.spaces.len() as u16 {
        let space = file.space(bytes, ordinal).expect("opening has held the sizes against each other");
        let rows = space.rows.len() as u32;
        for number in (0..rows.min(64)).chain([rows, u32::MAX]) {
            let _ = space.rows_of(number);
            if let Some(links) = space.links {
                assert!(!sound || links.of(number).iter().all(|row| *row < rows));
            }
        }
    }
    assert!(file.space(bytes, u16::MAX).is_err());
}

fn columns(view: &ColumnsView<'_>, sound: bool) {
    for ordinal in (0..view.len().min(64)).chain([view.len()]) {
        let column = view.column(ordinal);
        assert!(!sound || column.is_ok() || ordinal == view.len());
        let Ok(column) = column else { continue };
        assert!(!sound || column.all().is_ok_and(|all| all.count() <= view.notes()));
        let (keys, notes) = column.numbers();
        assert!(keys.len() == notes.len() && (!sound || notes.iter().all(|note| *note < view.notes())));
        let _ = column.partition(|text| text < "m");
        for value in (0..column.len().min(32)).chain([column.len()]) {
            let (text, set) = (column.text(value), column.notes_with(value));
            assert!(!sound || column.kind.is_number() || value == column.len() || (text.is_ok() && set.is_ok()));
        }
    }
}

fn words(view: &WordsView<'_>, sound: bool) {
    for ordinal in (0..view.len().min(64)).chain([view.len()]) {
        let (term, postings) = (view.term(ordinal), view.postings(ordinal));
        assert!(!sound || (term.is_ok() && postings.is_ok()) || ordinal == view.len());
        let (Ok(term), Ok(postings)) = (term, postings) else { continue };
        let found = view.find(term);
        assert!(!sound || found.is_ok_and(|found| found.is_some_and(|found| found.len() == postings.len())));
        assert!(postings.block_count() <= view.lengths().len());
        for index in (0..postings.block_count().min(8)).chain([usize::MAX]) {
            let mut notes = [0; BLOCK_POSTINGS];
            let _ = postings.counts(index, &mut [0; BLOCK_POSTINGS]);
            let _ = (postings.block(index), postings.block_with(ordinal as u32, index));
            let size = postings.notes(index, &mut notes).unwrap_or_default();
            assert!(!sound || notes[..size].iter().all(|note| (*note as usize) < view.lengths().len()));
        }
    }
    let _ = view.find(b"");
}

fn tombstones(bytes: &[u8]) {
    let sound = verify_tombstones(bytes, 1_000).is_ok_and(|damages| damages.is_empty());
    let Ok(table) = FileTable::parse(bytes, FileKind::Tombstones) else { return };
    if let Ok(deleted) = table.array::<u32>(bytes, SectionKind::Deleted, NO_SPACE, 1) {
        assert!(!sound || deleted.iter().all(|note| *note < 1_000));
    }
}

fn adapter(bytes: &[u8]) {
    let Ok(view) = AdapterView::from_file(bytes) else { return };
    assert!(view.width * view.width == view.matrix.len() && view.matrix.len() * size_of::<f32>() <= bytes.len());
    let again = view.to_file(1, 1).expect("what was read can be written").finish().expect("and laid out").to_vec();
    let read = AdapterView::from_file(&again).expect("and read again");
    assert!(read.record == view.record && read.width == view.width);
}

fn rotation(bytes: &[u8]) {
    let Ok(table) = FileTable::parse(bytes, FileKind::Rotation) else { return };
    let _ = table.damages(bytes);
    if let Ok(entry) = table.require(SectionKind::Matrix, NO_SPACE) {
        let width = usize::try_from(entry.count).unwrap_or(usize::MAX);
        if let Ok(matrix) = table.array::<f32>(bytes, SectionKind::Matrix, NO_SPACE, width) {
            assert!(matrix.len() * size_of::<f32>() <= bytes.len());
        }
    }
}
