//! A stored index of each format version: opened, asked, and re-encoded byte for byte.
//!
//! `tests/golden/v0` is of the present draft. When the draft is raised on purpose, write it anew with
//! `UNINOTE_WRITE_GOLDEN=1 cargo test --test golden`; without that variable nothing is ever written.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

#[path = "golden/parts.rs"]
mod parts;

use index_format::layout::{DRAFT, NO_SPACE};
use index_format::{AdapterView, Feedback, FileKind, FileTable, FormatError, Manifest, SectionKind};
use parts::{Files, PICTURE, Segment, encode_rotation, encode_tombstones, named_vector, vector};
use std::path::PathBuf;
use std::sync::Arc;
use uninote::disk::{MemoryStorage, Storage};
use uninote::{Error, Granularity, Index, Like, Picture, Query, Row, SearchOptions, Value};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v0")
}

fn stored() -> Files {
    let entries = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let files = entries.filter(|path| path.extension().is_some_and(|end| end == "uni"));
    files.map(|path| (name(&path), std::fs::read(&path).unwrap())).collect()
}

#[test]
fn the_fixed_parts_still_give_the_stored_bytes() {
    let made = parts::files();
    if std::env::var_os("UNINOTE_WRITE_GOLDEN").is_some_and(|value| value == "1") {
        for (name, bytes) in &made {
            std::fs::write(folder().join(name), bytes).unwrap();
        }
    }
    let stored = stored();
    assert_eq!(made.keys().collect::<Vec<_>>(), stored.keys().collect::<Vec<_>>());
    for (name, bytes) in &made {
        let differs = bytes.iter().zip(&stored[name]).position(|(made, stored)| made != stored);
        assert_eq!((bytes.len(), differs), (stored[name].len(), None), "{name}: length and first other byte");
    }
    assert!(stored.values().map(Vec::len).sum::<usize>() < 200_000);
}

/// Targets that read files of an index, with the mode byte that stands before each kind of file; bit 0 is set in half of them.
const SEEDS: [(&str, &str, u8); 5] = [
    ("segment_bytes", "segment", 0),
    ("segment_bytes", "adapter", 2),
    ("segment_bytes", "tombstones", 4),
    ("segment_bytes", "rotation", 6),
    ("manifest_bytes", "manifest", 0),
];

#[test]
fn the_seeds_of_the_fuzz_targets_are_the_stored_files() {
    let seeds = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    if !seeds.is_dir() {
        println!("skipped: no {}", seeds.display());
        return;
    }
    for (name, bytes) in parts::files() {
        let stem = name.trim_end_matches(".uni");
        let Some((target, _, kind)) = SEEDS.iter().find(|(_, kind, _)| stem.starts_with(kind)) else { continue };
        for mode in [0, 1] {
            let path = seeds.join(target).join(format!("{stem}-mode{mode}"));
            let seed = [&[kind | mode], bytes.as_slice()].concat();
            if std::env::var_os("UNINOTE_WRITE_GOLDEN").is_some_and(|value| value == "1") {
                std::fs::write(&path, &seed).unwrap();
            }
            assert!(std::fs::read(&path).ok() == Some(seed), "{} is another file", path.display());
        }
    }
}

#[test]
fn each_stored_file_is_re_encoded_byte_for_byte() {
    for (name, bytes) in stored() {
        let again = match name.split(['-', '.']).next().unwrap() {
            "manifest" => Manifest::from_bytes(&bytes).unwrap().to_bytes().unwrap(),
            "segment" => Segment::decode(&bytes).encode(),
            "tombstones" => {
                let table = FileTable::parse(&bytes, FileKind::Tombstones).unwrap();
                encode_tombstones(table.array(&bytes, SectionKind::Deleted, NO_SPACE, 1).unwrap())
            }
            "rotation" => {
                let table = FileTable::parse(&bytes, FileKind::Rotation).unwrap();
                encode_rotation(table.array(&bytes, SectionKind::Matrix, NO_SPACE, parts::WIDTH).unwrap())
            }
            "feedback" => {
                let header = *FileTable::parse(&bytes, FileKind::Feedback).unwrap().header();
                Feedback::from_file(&bytes).unwrap().to_file(header.index_id, header.file_id).unwrap()
            }
            "adapter" => parts::adapter::encode(&AdapterView::from_file(&bytes).unwrap()),
            other => panic!("{other} is no kind of file"),
        };
        assert!(again == bytes, "{name} is re-encoded to other bytes");
    }
}

#[test]
fn the_stored_index_opens_and_answers() {
    let index = Index::open(folder()).unwrap();
    let stats = index.snapshot().stats();
    assert_eq!((stats.notes, stats.deleted, stats.segments, stats.generation), (42, 1, 2, 3));
    assert!(index.get("deleted.md").unwrap().is_none());
    let note = index.get("kyoto/autumn.md").unwrap().unwrap();
    assert_eq!((note.title.as_str(), note.created), ("Autumn in 京都", Some(-1)));
    assert_eq!(note.pictures[1], Picture::bytes(PICTURE).alt("one pixel"));
    assert_eq!(note.fields["year"], Value::Integer(i64::MAX));
    assert_eq!(note.fields.len(), 6);
    assert_eq!(note.vectors["audio"], [named_vector(0), named_vector(1)]);
    assert_eq!(stats.spaces[2].name, "audio");
    assert_eq!((stats.spaces[2].width, stats.spaces[2].rows), (3, 3));
    // Turned vectors and plain ones answer in the same axes, the encoder's own, though all went through an adapter; the deleted note's vector finds it no more.
    for (number, id) in [(0, "n00"), (23, "n23"), (39, "n39"), (100, "kyoto/autumn.md"), (102, "a\nb")] {
        let answer = index.search(Query::vector(vector(number)), &SearchOptions::new().k(3)).unwrap();
        assert_eq!((answer.hits[0].id.as_str(), answer.hits[0].score), (id, 1.0), "{number}");
    }
    let answer = index.search(Query::vector(vector(101)), &SearchOptions::new().k(50)).unwrap();
    assert!(answer.hits.iter().all(|hit| hit.id != "deleted.md"));
    assert_eq!(answer.hits.len(), 42);
    let local = SearchOptions::new().granularity(Granularity::Local).k(1);
    let hit = index.search(Query::vector(vector(104)), &local).unwrap().hits.remove(0);
    assert_eq!(hit.row, Row::Passage { ordinal: 1, start: 18, end: 31 });
    assert_eq!(hit.passage.unwrap().text, "Temples stay.");
    let hit = index.search(Query::vector(vector(106)), &local).unwrap().hits.remove(0);
    assert_eq!(hit.row, Row::Region { ordinal: 1, cell: 3, side: 2 });
    let region = |cell| index.similar("kyoto/autumn.md", Like::Region { picture: 1, cell }, &SearchOptions::new());
    assert!(region(3).is_ok() && matches!(region(2), Err(Error::NoSuchPart { .. })));
    let sounds = index.search(Query::vector_in("audio", named_vector(2)), &SearchOptions::new()).unwrap().hits;
    assert_eq!(sounds.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), ["a\nb", "kyoto/autumn.md"]);
    assert_eq!(sounds[0].row, Row::Vector { space: "audio".to_owned(), ordinal: 0 });
    let report = Index::verify_at(folder()).unwrap();
    assert!(report.is_sound() && report.files == 7, "{report:?}");
}

/// Opens the stored index with two bytes of one file's header changed.
fn with_header(name: &str, offset: usize, number: u16) -> FormatError {
    let storage = MemoryStorage::new();
    for (file, mut bytes) in stored() {
        if file == name {
            bytes[offset..offset + 2].copy_from_slice(&number.to_le_bytes());
        }
        storage.publish(&file, &mut |out| out.write_all(&bytes)).unwrap();
    }
    match Index::open_in(Arc::new(storage)) {
        Err(Error::Damaged { file, source }) if file == name => source,
        Err(other) => panic!("{name}: {other}"),
        Ok(_) => panic!("{name} was accepted"),
    }
}

#[test]
fn another_version_or_draft_is_refused_with_what_to_do() {
    // Feedback is read when it is learned from, not when an index is opened.
    for name in stored().keys().filter(|name| !name.starts_with("feedback")) {
        let future = with_header(name, 10, 2);
        assert!(matches!(future, FormatError::FutureVersion { found: 2, supported: 0 }), "{name}: {future}");
        assert!(future.to_string().contains("upgrade"), "{future}");
        let draft = with_header(name, 12, DRAFT + 1);
        assert!(matches!(draft, FormatError::Draft { supported: DRAFT, .. }), "{name}: {draft}");
        assert!(draft.to_string().contains("build the index again"), "{draft}");
    }
}
