//! What is left of a damaged index: readers are served what there is, and a repair saves every note that can be read.

use super::seer::{BLUE, RED, picture};
use super::*;
use crate::disk::FileStorage;
use crate::segment::file_name;
use index_format::{FileKind, FileTable, SectionKind};
use std::collections::BTreeMap;

const NOTES: usize = 60;

/// Three segments with pictures, fields and vectors of the caller's; two notes are deleted, one is replaced.
fn written() -> (Index, Arc<MemoryStorage>) {
    let storage = Arc::new(MemoryStorage::new());
    let options = IndexOptions::new().keep_pictures(true).space("sound", 2);
    let index = Index::create_in(storage.clone(), options).unwrap();
    index.set_write_options(WriteOptions::new().merging(false));
    for number in 0..NOTES {
        let text = format!("Note {number} is about the {} of {}.", ["sea", "land", "sky"][number % 3], number * 7 % 11);
        let mut note = Note::new(format!("n{number:02}")).title(format!("Title {number}")).text(text);
        note = note.field("number", number as i64).vector("sound", [1.0, number as f32]);
        if number % 10 == 0 {
            note = note.picture(picture(if number % 20 == 0 { RED } else { BLUE }).alt("a colour"));
        }
        index.put(note).unwrap();
        if number % 20 == 19 {
            index.commit().unwrap();
        }
    }
    index.delete("n03").unwrap();
    index.delete("n25").unwrap();
    index.put(Note::new("n07").text("Replaced: about a lighthouse.")).unwrap();
    index.commit().unwrap();
    (index, storage)
}

/// Everything of every note but the last bits of its vectors.
fn content(index: &Index) -> BTreeMap<String, String> {
    let shown = |id: &str| {
        let note = index.get(id).unwrap().unwrap();
        let sounds: Vec<Vec<f32>> = note.vectors.values().flatten().cloned().collect();
        format!("{} {} {:?} {:?} {sounds:.4?}", note.title, note.text, note.fields, note.pictures)
    };
    index.snapshot().ids().map(|id| (id.clone(), shown(&id))).collect()
}

/// The segment files, oldest first.
fn segments(index: &Index) -> Vec<String> {
    let manifest = index.snapshot().state.manifest.clone();
    manifest.segments.iter().map(|entry| file_name(FileKind::Segment, entry.file.id)).collect()
}

fn change(storage: &MemoryStorage, name: &str, mut change: impl FnMut(&mut Vec<u8>)) {
    let mut bytes = storage.map(name).unwrap().to_vec();
    change(&mut bytes);
    storage.publish(name, &mut |out| out.write_all(&bytes)).unwrap();
}

/// The byte at which a section begins.
fn offset(storage: &MemoryStorage, name: &str, kind: SectionKind, space: u16) -> usize {
    let bytes = storage.map(name).unwrap();
    FileTable::parse(&bytes, FileKind::Segment).unwrap().find(kind, space).unwrap().offset as usize
}

fn repaired(storage: &MemoryStorage) -> (Index, RepairReport) {
    let target = Arc::new(MemoryStorage::new());
    let report = Index::repair_in(storage, target.clone(), None).unwrap();
    let index = Index::open_in(target).unwrap();
    let found = index.verify().unwrap();
    assert!(found.is_sound(), "{:?}", found.damages);
    assert_eq!(report.notes as usize, index.snapshot().len());
    (index, report)
}

#[test]
fn what_is_derived_is_made_again_and_nothing_is_encoded() {
    let none = index_format::layout::NO_SPACE;
    for (kind, space) in [(SectionKind::Codes, 1), (SectionKind::IdOrder, none), (SectionKind::NoteRows, 0)] {
        let (index, storage) = written();
        let name = &segments(&index)[0];
        let at = offset(&storage, name, kind, space);
        change(&storage, name, |bytes| bytes[at + 1] ^= 0x10);
        let (saved, report) = repaired(&storage);
        assert_eq!((report.reencoded, report.saved), (0, 18), "{kind:?}: {report:?}");
        assert!(report.lost.is_empty() && !report.damages.is_empty(), "{report:?}");
        assert_eq!(content(&saved), content(&index));
        let ask = |index: &Index| ids(&index.search("lighthouse", &SearchOptions::new()).unwrap())[0].to_owned();
        assert_eq!(ask(&saved), "n07");
    }
}

#[test]
fn notes_with_damaged_vectors_are_encoded_anew() {
    let (index, storage) = written();
    let name = &segments(&index)[1];
    let at = offset(&storage, name, SectionKind::Vectors, 1);
    change(&storage, name, |bytes| bytes[at + 5] ^= 0x40);
    let (saved, report) = repaired(&storage);
    assert_eq!((report.reencoded, report.saved, report.lost.len()), (19, 19, 0), "{report:?}");
    let (before, after) = (content(&index), content(&saved));
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    let order = |index: &Index| {
        let answer = index.similar("n21", Like::Note, &SearchOptions::new().recall(1.0)).unwrap();
        answer.hits[0].id.clone()
    };
    let (untouched, _) = written();
    assert_eq!(order(&saved), order(&untouched), "the vectors are what they were");
}

#[test]
fn a_record_that_cannot_be_read_takes_no_other_with_it() {
    let (index, storage) = written();
    let name = &segments(&index)[2];
    let start = offset(&storage, name, SectionKind::Records, index_format::layout::NO_SPACE);
    let bytes = storage.map(name).unwrap().to_vec();
    let text = b"Note 44 is about";
    let at = start + bytes[start..].windows(text.len()).position(|window| window == text).unwrap();
    change(&storage, name, |bytes| bytes[at] ^= 1);
    let (saved, report) = repaired(&storage);
    let lost: Vec<&str> = report.lost.iter().map(|lost| lost.section.as_str()).collect();
    assert_eq!((lost, report.saved), (vec!["note number 4"], 19), "{report:?}");
    let mut expected = content(&index);
    expected.remove("n44");
    assert_eq!(content(&saved).len(), expected.len());
    assert_eq!(content(&saved), expected);
}

#[test]
fn a_picture_that_is_damaged_takes_no_other_with_it() {
    let (index, storage) = written();
    let name = &segments(&index)[0];
    let at = offset(&storage, name, SectionKind::PictureBytes, index_format::layout::NO_SPACE);
    change(&storage, name, |bytes| bytes[at + 40] ^= 1);
    let (saved, report) = repaired(&storage);
    let lost: Vec<_> = report.lost.iter().map(|lost| (lost.section.as_str(), lost.why.as_str())).collect();
    assert_eq!((lost, report.saved), (vec![("note \"n00\"", "the bytes of picture 0")], 18), "{report:?}");
    let (before, after) = (content(&index), content(&saved));
    assert!(before["n10"] == after["n10"] && before["n00"] != after["n00"]);
}

#[test]
fn a_header_is_not_needed_and_half_a_file_is_better_than_none() {
    // Version; number of the index, length and checksum of the file.
    for (at, saved) in [(9, 0), (24, 18), (41, 18), (57, 18)] {
        let (index, storage) = written();
        let name = &segments(&index)[0];
        change(&storage, name, |bytes| bytes[at] ^= 0xFF);
        let (rest, report) = repaired(&storage);
        // What the version makes of it nobody can say; the rest is there with or without the numbers.
        let whole = saved > 0;
        assert_eq!((report.saved, report.lost.is_empty()), (saved, whole), "{at}: {report:?}");
        assert_eq!(content(&rest) == content(&index), whole, "{at}: {report:?}");
    }
    let (index, storage) = written();
    let name = &segments(&index)[0];
    change(&storage, name, |bytes| bytes.truncate(bytes.len() - 70));
    let (saved, report) = repaired(&storage);
    assert_eq!(report.notes as usize, saved.snapshot().len());
    assert!(report.saved as usize + report.lost.len() >= 18 && report.saved >= 17, "{report:?}");
}

#[test]
fn lost_files_cost_what_was_in_them_and_are_named() {
    let (index, storage) = written();
    let names = segments(&index);
    let tombstones = index.snapshot().state.manifest.segments[1].tombstones.as_ref().map(|file| file.id).unwrap();
    let tombstones = file_name(FileKind::Tombstones, tombstones);
    storage.remove(&names[0]).unwrap();
    storage.remove(&tombstones).unwrap();
    let (saved, report) = repaired(&storage);
    // The newest version of n07 is in another segment; n25 is back, and that is said.
    assert_eq!(report.notes as usize, NOTES - 20 + 1, "{report:?}");
    let named: Vec<&str> = report.lost.iter().map(|lost| lost.file.as_str()).collect();
    assert!(named.contains(&names[0].as_str()) && named.contains(&tombstones.as_str()), "{report:?}");
    assert!(saved.get("n25").unwrap().is_some() && saved.get("n00").unwrap().is_none());
    assert!(saved.get("n07").unwrap().unwrap().text.starts_with("Replaced"));
}

#[test]
fn without_a_manifest_all_notes_are_found_and_encoded_anew() {
    let (index, storage) = written();
    storage.remove(&file_name(FileKind::Manifest, 0)).unwrap();
    let (saved, report) = repaired(&storage);
    // The deleted ones among them, which nobody knows of any more.
    assert_eq!((report.notes, report.reencoded), (NOTES as u64, NOTES as u64), "{report:?}");
    assert!(saved.get("n07").unwrap().unwrap().text.starts_with("Replaced"), "the newest version counts");
    assert_eq!(saved.get("n10").unwrap().unwrap().pictures, index.get("n10").unwrap().unwrap().pictures);
    assert_eq!(ids(&saved.search("lighthouse", &SearchOptions::new().k(1)).unwrap()), ["n07"]);
    assert!(matches!(
        Index::repair_in(&MemoryStorage::new(), Arc::new(MemoryStorage::new()), None),
        Err(Error::NoIndex { .. })
    ));
}

#[test]
fn vectors_without_an_encoder_are_saved_or_their_notes_are_named() {
    let (index, storage) = external(4);
    for number in 0..9 {
        put(&index, &format!("n{number}"), &[1.0, number as f32, 0.0, 2.0]);
    }
    index.commit().unwrap();
    let name = segments(&index)[0].clone();
    let at = offset(&storage, &name, SectionKind::Rows, 0);
    let codes = offset(&storage, &name, SectionKind::Codes, 0);
    change(&storage, &name, |bytes| bytes[codes] ^= 1);
    let (saved, report) = repaired(&storage);
    let nearest = |index: &Index| {
        ids(&index.search(Query::vector([1.0, 8.0, 0.0, 2.0]), &SearchOptions::new()).unwrap())[0].to_owned()
    };
    assert_eq!((report.saved, nearest(&saved)), (9, "n8".to_owned()));
    change(&storage, &name, |bytes| bytes[at] ^= 1);
    let (_, report) = repaired(&storage);
    assert_eq!((report.notes, report.lost.len()), (0, 9), "{report:?}");
}

#[test]
fn a_sound_index_is_copied_and_a_place_that_is_taken_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("from"), folder.path().join("to"));
    let (index, _) = written();
    index.backup(&from).unwrap();
    let report = Index::repair(&from, &to).unwrap();
    assert_eq!((report.notes as usize, report.saved, report.lost.len(), report.damages.len()), (NOTES - 2, 0, 0, 0));
    assert_eq!(content(&Index::open(&to).unwrap()), content(&index));
    assert!(matches!(Index::repair(&from, &to), Err(Error::IndexExists { .. })));
}

#[test]
fn any_byte_may_be_damaged_and_a_repair_still_saves_the_rest() {
    let (index, storage) = written();
    let whole = content(&index);
    let names = storage.list().unwrap();
    let mut random = fastrand::Rng::with_seed(11);
    for turn in 0..120 {
        let name = &names[turn % names.len()];
        let copy = MemoryStorage::new();
        for file in &names {
            let bytes = storage.map(file).unwrap().to_vec();
            copy.publish(file, &mut |out| out.write_all(&bytes)).unwrap();
        }
        change(&copy, name, |bytes| {
            let at = random.usize(..bytes.len());
            if turn % 5 == 4 { bytes.truncate(at) } else { bytes[at] ^= 1 << random.u32(..8) }
        });
        let target = Arc::new(MemoryStorage::new());
        let Ok(report) = Index::repair_in(&copy, target.clone(), None) else {
            panic!("{name}: {:?}", Index::repair_in(&copy, Arc::new(MemoryStorage::new()), None));
        };
        let saved = Index::open_in(target).unwrap();
        assert!(saved.verify().unwrap().is_sound(), "{name}: {report:?}");
        let found = content(&saved);
        if report.lost.is_empty() {
            assert!(found == whole, "{name}: what is not there is not named: {report:?}");
        }
        for (id, note) in found.iter().filter(|(id, _)| whole.contains_key(*id)) {
            let about = |lost: &FileDamage| {
                lost.section.contains(id.as_str()) || lost.section == "space sound" || lost.file.contains("manifest")
            };
            assert!(
                report.lost.iter().any(about) || note == &whole[id] || id == "n07",
                "{name}: {id} is {note}: {report:?}"
            );
        }
    }
}

#[test]
fn what_can_be_opened_is_served_and_nothing_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let (index, _) = written();
    index.backup(&path).unwrap();
    let (sound, missing) = Index::open_degraded(&path).unwrap();
    assert!(missing.is_empty());
    sound.put(Note::new("new").text("written to a sound index")).unwrap();
    drop(sound);
    let names = segments(&index);
    std::fs::remove_file(path.join(&names[1])).unwrap();
    assert!(Index::open(&path).is_err());
    let (rest, missing) = Index::open_degraded(&path).unwrap();
    assert_eq!(missing.iter().map(|damage| damage.file.as_str()).collect::<Vec<_>>(), [names[1].as_str()]);
    assert_eq!(rest.snapshot().len(), NOTES - 2 - 19);
    assert_eq!(ids(&rest.search("lighthouse", &SearchOptions::new().k(1)).unwrap()), ["n07"]);
    let files = |path: &std::path::Path| FileStorage::open(path).unwrap().list().unwrap();
    let before = files(&path);
    assert!(matches!(rest.put(Note::new("x").text("y")), Err(Error::Degraded { .. })));
    assert!(matches!(rest.commit(), Err(Error::Degraded { .. })));
    assert!(matches!(rest.compact(None), Err(Error::Degraded { .. })));
    assert_eq!(files(&path), before);
}
