//! Damaged, missing, foreign and swapped files: named by verification, refused or survived by everything else.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use index_format::{FileKind, FileTable, SectionKind};
use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};
use uninote::disk::{FileStorage, MemoryStorage, Storage};
use uninote::fields::Filter;
use uninote::index::{FileDamage, Listing};
use uninote::query::Like;
use uninote::{Error, Index, IndexOptions, Note, Picture, Query, SearchOptions};

type Files = BTreeMap<String, Vec<u8>>;

/// Passages, fields, a kept picture, two segments and a tombstone file, from the built-in encoder.
static GARDEN: LazyLock<Files> = LazyLock::new(|| {
    let storage = Arc::new(MemoryStorage::new());
    let index = Index::create_in(storage.clone(), IndexOptions::new().keep_pictures(true)).unwrap();
    for number in 0..6 {
        let text = format!("Note {number} is about apples.\n\nIt says little about pears.");
        index.add(Note::new(format!("n{number}")).title("Fruit").text(text).field("number", number)).unwrap();
    }
    index.commit().unwrap();
    let picture = include_bytes!("../examples/notes/pictures/swallow.png");
    index.add(Note::new("bird").text("A swallow.").picture(Picture::bytes(*picture).alt("a bird"))).unwrap();
    index.delete("n3").unwrap();
    index.commit().unwrap();
    files(storage.as_ref())
});

/// Enough of the caller's own vectors for a rotation.
static TURNED: LazyLock<Files> = LazyLock::new(|| turned(1));

fn turned(seed: u64) -> Files {
    let storage = Arc::new(MemoryStorage::new());
    let index = Index::create_in(storage.clone(), IndexOptions::new().external_vectors(68)).unwrap();
    let mut numbers = Numbers(seed);
    for number in 0..4_200 {
        let vector: [f32; 68] = std::array::from_fn(|_| numbers.below(1_000) as f32 - 499.5);
        index.put_with_vector(Note::new(format!("v{number}")), &vector).unwrap();
    }
    index.commit().unwrap();
    files(storage.as_ref())
}

fn files(storage: &dyn Storage) -> Files {
    storage.list().unwrap().into_iter().map(|name| (name.clone(), storage.map(&name).unwrap().to_vec())).collect()
}

fn stored(files: &Files) -> Arc<MemoryStorage> {
    let storage = MemoryStorage::new();
    for (name, bytes) in files {
        storage.publish(name, &mut |out| out.write_all(bytes)).unwrap();
    }
    Arc::new(storage)
}

fn with(files: &Files, name: &str, bytes: Vec<u8>) -> Files {
    let mut files = files.clone();
    files.insert(name.to_owned(), bytes);
    files
}

/// SplitMix64 (Steele et al. 2014).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((word ^ (word >> 31)) % bound.max(1) as u64) as usize
    }
}

/// Uses an index in every way a reader can. Errors are fine; each must be of a kind that names damage.
fn read(storage: Arc<MemoryStorage>) {
    let started = Instant::now();
    let options = SearchOptions::new().k(5);
    let fine = |error: &Error| {
        matches!(error, Error::Damaged { .. } | Error::Disk(_) | Error::NoSuchNote { .. } | Error::NoSuchPart { .. })
    };
    match Index::open_in(storage) {
        Ok(index) => {
            let width = index.snapshot().stats().width as usize;
            let by_vector = index.search(Query::vector(vec![1.0; width]), &options);
            let exact = index.search(Query::vector(vec![1.0; width]), &options.clone().recall(1.0));
            for answer in [by_vector, exact]
                .into_iter()
                .chain([Like::Note, Like::Passage(1)].map(|part| index.similar("n1", part, &options)))
            {
                assert!(answer.as_ref().err().is_none_or(fine), "{answer:?}");
            }
            // A name that is damaged is an unknown one.
            let fine_too = |error: &Error| fine(error) || matches!(error, Error::Filter(_));
            let filter: Filter = "number >= 1 and not id = n2".parse().unwrap();
            for recall in [0.95, 1.0] {
                let options = options.clone().recall(recall).filter(filter.clone());
                let answer = index.search(Query::vector(vec![1.0; width]), &options);
                assert!(answer.as_ref().err().is_none_or(fine_too), "{answer:?}");
            }
            let counted = (index.count(&filter), index.facets("number", None));
            assert!(counted.0.as_ref().err().is_none_or(fine_too), "{counted:?}");
            assert!(counted.1.as_ref().err().is_none_or(fine_too), "{counted:?}");
            let listed = index.list(&Listing::new().filter(filter).sort_by("number"));
            assert!(listed.as_ref().err().is_none_or(fine_too), "{listed:?}");
            for id in ["n1", "bird", "v17", "absent"] {
                let got = index.get(id);
                assert!(got.as_ref().err().is_none_or(fine), "{got:?}");
            }
            assert!(index.snapshot().ids().count() < 10_000);
        }
        Err(Error::Damaged { .. } | Error::NoIndex { .. } | Error::Disk(_)) => {}
        Err(other) => panic!("not the error of a damaged index: {other}"),
    }
    assert!(started.elapsed() < Duration::from_secs(5), "reading took {:?}", started.elapsed());
}

/// What verification finds in one file; nothing may be found in another.
#[track_caller]
fn damages(files: &Files, name: &str) -> Vec<FileDamage> {
    let report = Index::verify_in(stored(files).as_ref()).unwrap();
    let (own, others): (Vec<_>, Vec<_>) = report.damages.into_iter().partition(|damage| damage.file == name);
    assert!(!own.is_empty() && others.is_empty(), "{name}: {own:?}, {others:?}");
    own
}

fn kind(name: &str) -> FileKind {
    let kinds = [FileKind::Manifest, FileKind::Segment, FileKind::Tombstones, FileKind::Rotation];
    kinds.into_iter().find(|kind| name.starts_with(kind.name())).unwrap()
}

/// The section a byte lies in, its start and its end; `None` in the head.
fn section_of(name: &str, bytes: &[u8], at: usize) -> Option<(&'static str, u64)> {
    let table = FileTable::parse(bytes, kind(name)).unwrap();
    let head = 64 + 64 * table.sections().len();
    let inside = table.sections().iter().find(|entry| (entry.offset..entry.offset + entry.len).contains(&(at as u64)));
    let section = inside.map(|entry| (SectionKind::from_number(entry.kind).unwrap().name(), entry.offset));
    (at >= head).then(|| section.unwrap_or(("padding", at as u64)))
}

/// First and last bytes of all sections, and bytes drawn at random.
fn positions(name: &str, bytes: &[u8], drawn: usize) -> Vec<usize> {
    let table = FileTable::parse(bytes, kind(name)).unwrap();
    let edges = table.sections().iter().flat_map(|entry| [entry.offset, entry.offset + entry.len]);
    let mut positions: Vec<usize> = edges.flat_map(|edge| [(edge as usize).saturating_sub(1), edge as usize]).collect();
    let mut numbers = Numbers(bytes.len() as u64);
    positions.extend((0..drawn).map(|_| numbers.below(bytes.len())));
    positions.extend([0, 63, 64, bytes.len() - 1]);
    positions.retain(|at| *at < bytes.len());
    positions.sort_unstable();
    positions.dedup();
    positions
}

#[test]
fn a_flipped_bit_anywhere_is_named_with_file_section_and_offset() {
    let mut numbers = Numbers(3);
    for (files, drawn) in [(&*GARDEN, 60), (&*TURNED, 5)] {
        for (name, sound) in files {
            for at in positions(name, sound, drawn) {
                let mut bytes = sound.clone();
                bytes[at] ^= 1 << numbers.below(8);
                let bent = with(files, name, bytes);
                let found = damages(&bent, name);
                match section_of(name, sound, at) {
                    Some((section, offset)) => {
                        assert!(
                            found.iter().any(|damage| damage.section == section && damage.offset == offset),
                            "{name} {at}: {found:?}"
                        );
                    }
                    None => assert!(found.iter().all(|damage| damage.section != "padding"), "{name} {at}: {found:?}"),
                }
                read(stored(&bent));
            }
        }
    }
}

#[test]
fn a_file_cut_anywhere_is_named_and_nothing_panics() {
    for (files, drawn) in [(&*GARDEN, 20), (&*TURNED, 3)] {
        for (name, sound) in files {
            for length in positions(name, sound, drawn) {
                let cut = with(files, name, sound[..length].to_vec());
                let found = damages(&cut, name);
                assert!(found.iter().any(|damage| damage.why.contains("cut short") || length == 0), "{found:?}");
                read(stored(&cut));
            }
        }
    }
}

#[test]
fn a_missing_file_is_named() {
    for files in [&*GARDEN, &*TURNED] {
        for name in files.keys() {
            let mut left = files.clone();
            left.remove(name);
            assert_eq!(damages(&left, name)[0].section, "file");
            read(stored(&left));
        }
    }
}

#[test]
fn files_of_another_index_and_foreign_ones_are_not_taken() {
    let other = turned(2);
    let foreign = b"\x7fELF and so on, which is no index at all".repeat(50);
    for (name, sound) in &*TURNED {
        if name == "manifest.uni" {
            continue;
        }
        let swapped = with(&TURNED, name, other[name].clone());
        let found = damages(&swapped, name);
        assert!(found[0].why.contains("index number"), "{found:?}");
        read(stored(&swapped));
        assert_ne!(sound, &other[name]);
    }
    for (name, bytes) in [("manifest.uni", &foreign), ("manifest.uni", &Vec::new())] {
        let bent = with(&TURNED, name, bytes.clone());
        damages(&bent, name);
        read(stored(&bent));
    }
    // A whole manifest of another index finds none of its files.
    let bent = with(&TURNED, "manifest.uni", other["manifest.uni"].clone());
    assert!(!Index::verify_in(stored(&bent).as_ref()).unwrap().is_sound());
    read(stored(&bent));
    // Two segments of one index, each under the other's name.
    let names: Vec<&String> = GARDEN.keys().filter(|name| name.starts_with("segment")).collect();
    let mut bent = GARDEN.clone();
    bent.insert(names[0].clone(), GARDEN[names[1]].clone());
    assert!(damages(&bent, names[0])[0].why.contains("file number"));
    read(stored(&bent));
}

#[test]
fn an_index_whose_manifest_is_lost_is_not_created_over() {
    let mut left = GARDEN.clone();
    left.remove("manifest.uni");
    let storage = stored(&left);
    assert!(matches!(Index::open_in(storage.clone()), Err(Error::NoIndex { .. })));
    assert!(matches!(Index::create_in(storage.clone(), IndexOptions::new()), Err(Error::IndexExists { .. })));
    assert_eq!(files(storage.as_ref()), left);
}

#[test]
fn a_writer_on_a_damaged_index_loses_nothing_that_is_sound() {
    for (name, sound) in &*GARDEN {
        let mut bytes = sound.clone();
        let at = bytes.len() / 2;
        bytes[at] ^= 4;
        let storage = stored(&with(&GARDEN, name, bytes));
        let before = files(storage.as_ref());
        if let Ok(index) = Index::open_in(storage.clone()) {
            let _ = index.compact(None);
            let _ = index.add(Note::new("new").text("more"));
            let _ = index.commit();
        } else {
            assert_eq!(files(storage.as_ref()), before, "{name}: a reader changed files");
        }
    }
}

#[test]
fn a_directory_gives_the_same_answers_as_memory() {
    let folder = tempfile::tempdir().unwrap();
    let write = |files: &Files| {
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
    };
    write(&GARDEN);
    assert!(Index::verify_at(folder.path()).unwrap().is_sound());
    for (name, sound) in &*GARDEN {
        for bytes in [Vec::new(), sound[..sound.len() / 2].to_vec(), [&sound[..sound.len() - 1], &[9]].concat()] {
            std::fs::write(folder.path().join(name), &bytes).unwrap();
            let expected = Index::verify_in(stored(&with(&GARDEN, name, bytes)).as_ref()).unwrap();
            assert_eq!(Index::verify_at(folder.path()).unwrap().damages, expected.damages, "{name}");
            let opened = Index::open(folder.path());
            assert!(matches!(opened, Ok(_) | Err(Error::Damaged { .. })), "{name}: {opened:?}");
        }
        std::fs::remove_file(folder.path().join(name)).unwrap();
        std::fs::create_dir(folder.path().join(name)).unwrap();
        assert!(matches!(Index::open(folder.path()), Err(Error::Disk(_))), "{name} is a directory");
        let report = Index::verify_at(folder.path());
        assert!(report.is_ok_and(|report| !report.is_sound()) || name == "manifest.uni", "{name} is a directory");
        std::fs::remove_dir(folder.path().join(name)).unwrap();
        write(&GARDEN);
    }
    assert!(FileStorage::open(folder.path()).unwrap().list().unwrap().len() == GARDEN.len());
}
