//! Segments merged by themselves: few are left however many commits there are, nothing is lost or comes back, and nothing is
//! published that was not committed. And how a handle waits for its turn.

use super::*;
use crate::disk::{DiskError, FileStorage};
use crate::fields::Filter;
use crate::segment::file_name;
use index_format::{FileKind, FileTable, SectionKind};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Enough that a commit does not merge them while its caller waits.
const LARGE: usize = 1_200;

/// Puts so many notes from a number on.
fn fill(index: &Index, numbers: std::ops::Range<usize>) {
    for number in numbers {
        let turn = number as f32 * 0.37;
        put(index, &format!("n{number}"), &[turn.cos(), turn.sin(), 1.0, 0.5]);
    }
}

/// Eight commits after which a merge begins in the background.
fn begun() -> (Index, Arc<MemoryStorage>) {
    let (index, storage) = external(4);
    for part in 0..8 {
        fill(&index, part * LARGE..(part + 1) * LARGE);
        index.commit().unwrap();
    }
    (index, storage)
}

fn all_ids(index: &Index) -> std::collections::BTreeSet<String> {
    index.snapshot().ids().collect()
}

#[test]
fn thousands_of_one_note_commits_do_not_pile_up_files() {
    let (index, storage) = external(2);
    let mut most = 0;
    for number in 0..2_000 {
        put(&index, &format!("n{number}"), &[1.0, number as f32]);
        if number % 7 == 0 && number > 0 {
            index.delete(&format!("n{}", number / 2)).unwrap();
        }
        index.commit().unwrap();
        most = most.max(storage.list().unwrap().len());
    }
    assert!(most <= 40, "{most} files");
    index.wait_for_merges(None).unwrap();
    let stats = index.snapshot().stats();
    assert!(stats.segments <= 21 && stats.deleted * 4 <= stats.notes, "{stats:?}");
    let gone: std::collections::BTreeSet<usize> = (1..2_000).filter(|number| number % 7 == 0).map(|n| n / 2).collect();
    let expected = (0..2_000).filter(|number| !gone.contains(number)).map(|number| format!("n{number}"));
    assert_eq!(all_ids(&index), expected.collect());
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn what_is_deleted_and_replaced_while_segments_are_merged_stays_so() {
    let (index, storage) = begun();
    let mut model: BTreeMap<usize, String> = (0..8 * LARGE).map(|n| (n, format!("title of n{n}"))).collect();
    for round in 0..40 {
        for number in (round * 13..8 * LARGE).step_by(997) {
            if model.remove(&number).is_some() {
                index.delete(&format!("n{number}")).unwrap();
            }
        }
        let replaced = round * 211 + 5;
        let note = Note::new(format!("n{replaced}")).title(format!("changed {round}"));
        index.put_with_vector(note, &[1.0, 0.0, 0.0, round as f32]).unwrap();
        model.insert(replaced, format!("changed {round}"));
        index.commit().unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    index.wait_for_merges(None).unwrap();
    let again = Index::open_in(storage).unwrap();
    for index in [&index, &again] {
        assert_eq!(all_ids(index), model.keys().map(|number| format!("n{number}")).collect());
        for (number, title) in model.iter().step_by(17) {
            assert_eq!(&index.get(&format!("n{number}")).unwrap().unwrap().title, title);
        }
    }
    let stats = index.snapshot().stats();
    assert!(stats.segments < 8, "{stats:?}");
    assert!(again.verify().unwrap().is_sound());
}

#[test]
fn a_merge_is_published_by_itself_and_readers_see_the_same_notes() {
    let (index, storage) = begun();
    let reader = Index::open_in(storage).unwrap();
    let before = (reader.snapshot(), all_ids(&reader));
    let until = Instant::now() + Duration::from_secs(60);
    while index.snapshot().stats().segments > 1 {
        assert!(Instant::now() < until, "{:?}", index.snapshot().stats());
        std::thread::sleep(Duration::from_millis(10));
    }
    reader.refresh().unwrap();
    assert_eq!((reader.snapshot().stats().segments, all_ids(&reader)), (1, before.1.clone()));
    assert_eq!(before.0.ids().count(), before.1.len(), "a snapshot from before stays as it was");
    assert!(before.0.get("n7").unwrap().is_some());
    assert!(reader.verify().unwrap().is_sound());
}

#[test]
fn a_merge_publishes_nothing_that_is_not_committed() {
    let (index, storage) = begun();
    put(&index, "new", &[1.0, 1.0, 1.0, 1.0]);
    index.delete("n0").unwrap();
    index.wait_for_merges(None).unwrap();
    let other = Index::open_in(storage.clone()).unwrap();
    assert!(other.get("new").unwrap().is_none() && other.get("n0").unwrap().is_some());
    index.rollback().unwrap();
    let merged = |storage: &Arc<MemoryStorage>| Index::open_in(storage.clone()).unwrap().snapshot().stats().segments;
    assert!(index.get("new").unwrap().is_none());
    // What was given up with it is made again, or was published before the first of the two calls.
    put(&index, "new", &[1.0, 1.0, 1.0, 1.0]);
    index.commit().unwrap();
    index.wait_for_merges(None).unwrap();
    assert!(merged(&storage) <= 2);
    assert_eq!(all_ids(&index).len(), 8 * LARGE + 1);
}

#[test]
fn an_index_that_is_dropped_or_rolled_back_while_segments_are_merged_is_whole() {
    for rolled_back in [false, true] {
        let (index, storage) = begun();
        if rolled_back {
            index.rollback().unwrap();
        }
        drop(index);
        let again = Index::open_in(storage.clone()).unwrap();
        assert_eq!(again.snapshot().len(), 8 * LARGE);
        assert!(again.verify().unwrap().is_sound());
        put(&again, "new", &[1.0, 1.0, 1.0, 1.0]);
        again.commit().unwrap();
        again.wait_for_merges(None).unwrap();
        let files = again.snapshot().state.manifest.files().count();
        assert_eq!(storage.list().unwrap().len(), files + 1, "nothing is left over beside the manifest and its files");
    }
}

#[test]
fn a_segment_with_many_deleted_notes_is_written_anew() {
    let (index, _) = external(4);
    fill(&index, 0..2 * LARGE);
    index.commit().unwrap();
    let bytes = index.snapshot().stats().bytes;
    assert_eq!(index.delete_matching(&Filter::parse("id ^= n1 or id ^= n2").unwrap()).unwrap(), 1_111 + 511);
    index.commit().unwrap();
    index.wait_for_merges(None).unwrap();
    let stats = index.snapshot().stats();
    assert_eq!((stats.deleted, stats.segments), (0, 1));
    assert!(stats.bytes < bytes / 2, "{} of {bytes} bytes are left", stats.bytes);
}

#[test]
fn whoever_wants_none_of_it_keeps_the_segments() {
    let (index, _) = external(4);
    index.set_write_options(WriteOptions::new().merging(false));
    for number in 0..30 {
        fill(&index, number..number + 1);
        index.commit().unwrap();
    }
    assert_eq!(index.snapshot().stats().segments, 30);
    index.set_write_options(WriteOptions::new());
    fill(&index, 30..31);
    index.commit().unwrap();
    assert_eq!(index.snapshot().stats().segments, 1);
}

#[test]
fn with_little_memory_a_compaction_leaves_several_segments_and_all_notes() {
    let (index, _) = begun();
    index.wait_for_merges(None).unwrap();
    let bytes = index.snapshot().stats().bytes;
    index.compact(None).unwrap();
    assert_eq!(index.snapshot().stats().segments, 1);
    let (index, _) = external(4);
    index.set_write_options(WriteOptions::new().merging(false).memory(bytes));
    for part in 0..8 {
        fill(&index, part * LARGE..(part + 1) * LARGE);
        index.commit().unwrap();
    }
    index.delete("n9").unwrap();
    index.compact(None).unwrap();
    let stats = index.snapshot().stats();
    assert!((2..8).contains(&stats.segments) && stats.deleted == 0, "{stats:?}");
    assert_eq!(all_ids(&index).len(), 8 * LARGE - 1);
    let generation = stats.generation;
    index.compact(None).unwrap();
    assert_eq!(index.snapshot().generation(), generation, "there is nothing more to do");
}

#[test]
fn a_second_writer_waits_as_long_as_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let first = Index::create_with(&path, IndexOptions::new().external_vectors(4)).unwrap();
    fill(&first, 0..1);
    let second = Index::open_in(Arc::new(FileStorage::open(&path).unwrap())).unwrap();
    let try_for = |wait| {
        second.set_write_options(WriteOptions::new().wait(wait));
        let start = Instant::now();
        let outcome = second.put_with_vector(Note::new("other").title("x"), &[1.0, 0.0, 0.0, 0.0]);
        (outcome, start.elapsed())
    };
    for wait in [Duration::ZERO, Duration::from_millis(150)] {
        let (refused, took) = try_for(wait);
        let Err(Error::Disk(DiskError::Locked { pid, since, .. })) = refused else { panic!("{refused:?}") };
        assert!(pid == Some(std::process::id()) && since.is_some());
        assert!(took >= wait && took < wait + Duration::from_secs(20), "{took:?}");
    }
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| try_for(Duration::from_secs(600)));
        std::thread::sleep(Duration::from_millis(50));
        first.commit().unwrap();
        drop(first);
        waiting.join().unwrap().0.unwrap();
    });
    assert_eq!(second.commit().unwrap().notes, 2, "it starts from what the first has committed");
}

#[test]
fn damage_is_not_merged_into_segments_that_look_sound() {
    let (index, storage) = external(4);
    fill(&index, 0..40);
    index.commit().unwrap();
    let file = index.snapshot().state.manifest.segments[0].file.clone();
    drop(index);
    let name = file_name(FileKind::Segment, file.id);
    let mut bytes = storage.map(&name).unwrap().to_vec();
    let table = FileTable::parse(&bytes, FileKind::Segment).unwrap();
    let at = table.find(SectionKind::Vectors, 0).unwrap().offset as usize;
    // The last bit of a number: nothing but the checksum can tell.
    bytes[at + 16] ^= 1;
    storage.publish(&name, &mut |out| out.write_all(&bytes)).unwrap();
    let index = Index::open_in(storage.clone()).unwrap();
    index.delete("n39").unwrap();
    for refused in [
        index.compact(None).map(drop).unwrap_err(),
        index.update_fields("n0", [("kind", Some(crate::Value::from("new")))]).unwrap_err(),
    ] {
        assert!(matches!(&refused, Error::Damaged { file, .. } if *file == name), "{refused}");
    }
    // Neither does it keep notes from being added, nor is it forgotten when segments become many.
    for number in 40..60 {
        fill(&index, number..number + 1);
        index.commit().unwrap();
    }
    assert_eq!(index.snapshot().len(), 59);
    let damages = index.verify().unwrap().damages;
    assert!(damages.iter().all(|damage| damage.file == name) && !damages.is_empty(), "{damages:?}");
}
