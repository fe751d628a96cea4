//! Readers, writers and handles beside each other.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use uninote::disk::{DiskError, MemoryStorage};
use uninote::{Answer, Error, Index, IndexOptions, Note, Query, SearchOptions, Snapshot};

fn index() -> Index {
    Index::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new().external_vectors(4)).unwrap()
}

fn put(index: &Index, id: usize, title: &str) {
    index.put_with_vector(Note::new(id.to_string()).title(title), &[1.0, id as f32, 2.0, 3.0]).unwrap();
}

fn all(snapshot: &Snapshot) -> Answer {
    snapshot.search(Query::vector([1.0; 4]), &SearchOptions::new().k(1_000)).unwrap()
}

#[test]
fn handles_and_what_they_give_may_be_shared_between_threads() {
    fn shared<T: Send + Sync + 'static>() {}
    shared::<Index>();
    shared::<Snapshot>();
    shared::<SearchOptions>();
    shared::<Answer>();
    shared::<Error>();
}

/// Sets a flag when dropped, so that readers end even if the writer panics.
struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn every_answer_is_one_committed_state() {
    let index = index();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let (mut last, mut answers) = (0, 0);
                while !done.load(Ordering::Relaxed) || answers == 0 {
                    index.refresh().unwrap();
                    let answer = all(&index.snapshot());
                    assert!(answer.generation >= last, "an older state came back");
                    last = answer.generation;
                    answers += 1;
                    // Commit g holds 5 g notes, all of version g; a compaction is a generation without new notes.
                    let titles: Vec<&str> = answer.hits.iter().map(|hit| hit.title.as_str()).collect();
                    assert!(titles.windows(2).all(|pair| pair[0] == pair[1]), "two versions in one answer");
                    let version: usize = titles.first().map_or(0, |title| title.parse().unwrap());
                    assert_eq!(titles.len(), 5 * version);
                }
            });
        }
        let _done = Done(&done);
        for version in 1..=40 {
            for id in 0..5 * version {
                put(&index, id, &version.to_string());
            }
            index.commit().unwrap();
            if version % 7 == 0 {
                index.compact(None).unwrap();
            }
        }
    });
    assert_eq!(index.snapshot().len(), 200);
}

#[test]
fn several_threads_may_write_through_one_handle() {
    let index = index();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let index = &index;
            scope.spawn(move || {
                for number in 0..50 {
                    put(index, thread * 50 + number, "x");
                    if number % 20 == 0 {
                        index.commit().unwrap();
                    }
                }
            });
        }
    });
    assert_eq!(index.commit().unwrap().notes, 200);
}

#[test]
fn a_snapshot_stays_as_it_is_while_its_files_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Index::create_with(folder.path(), IndexOptions::new().external_vectors(4)).unwrap();
    // Enough that segments are mapped, not read.
    let title = "long ".repeat(200);
    for id in 0..200 {
        put(&writer, id, &title);
    }
    writer.commit().unwrap();
    let reader = Index::open(folder.path()).unwrap();
    let snapshot = reader.snapshot();
    for id in 0..150 {
        writer.delete(&id.to_string()).unwrap();
    }
    writer.compact(None).unwrap();
    assert_eq!(all(&snapshot).hits.len(), 200);
    assert_eq!(all(&reader.snapshot()).hits.len(), 200, "until it looks");
    assert!(reader.refresh().unwrap());
    assert!(!reader.refresh().unwrap());
    assert_eq!(all(&reader.snapshot()).hits.len(), 50);
    assert_eq!(all(&snapshot).hits.len(), 200);
    assert_eq!(snapshot.get("3").unwrap().unwrap().title, title);
}

#[test]
fn readers_open_while_a_writer_compacts() {
    let folder = tempfile::tempdir().unwrap();
    let writer = Index::create_with(folder.path(), IndexOptions::new().external_vectors(4)).unwrap();
    put(&writer, 0, "x");
    writer.commit().unwrap();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let reader = Index::open(folder.path()).unwrap();
                let snapshot = reader.snapshot();
                assert_eq!(all(&snapshot).hits.len(), snapshot.len());
            }
        });
        let _done = Done(&done);
        for id in 1..40 {
            put(&writer, id, "x");
            writer.compact(None).unwrap();
        }
    });
}

#[test]
fn a_second_writer_is_told_who_the_first_one_is() {
    let folder = tempfile::tempdir().unwrap();
    let first = Index::create_with(folder.path(), IndexOptions::new().external_vectors(4)).unwrap();
    put(&first, 1, "x");
    let second = Index::open(folder.path()).unwrap();
    let refused = second.delete("1").unwrap_err();
    assert!(refused.to_string().contains(&std::process::id().to_string()), "{refused}");
    assert!(matches!(refused, Error::Disk(DiskError::Locked { pid: Some(pid), .. }) if pid == std::process::id()));
    first.commit().unwrap();
    drop(first);
    second.delete("1").unwrap();
    assert_eq!(second.commit().unwrap().notes, 0, "a new writer starts from the newest commit");
}
