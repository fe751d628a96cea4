//! The power goes, a sync fails or the disk is full at every single step of every kind of commit.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;
use uninote::disk::{DiskError, FaultKind, MemoryStorage, Survival};
use uninote::index::WriteOptions;
use uninote::{Error, Index, IndexOptions, Note, Query, Result, SearchOptions};

const SURVIVALS: [Survival; 8] = [
    Survival::DurableOnly,
    Survival::Everything,
    Survival::Torn(1),
    Survival::Torn(2),
    Survival::Torn(3),
    Survival::Torn(4),
    Survival::Torn(5),
    Survival::Torn(6),
];

/// What is written before the fault, and what is written under it.
struct Story {
    name: &'static str,
    write: fn(&Index) -> Result<()>,
    finish: fn(&Index) -> Result<()>,
}

const STORIES: [Story; 3] = [
    Story { name: "add and commit", write: additions, finish: |index| index.commit().map(drop) },
    Story { name: "delete and commit", write: |index| index.delete("b"), finish: |index| index.commit().map(drop) },
    Story { name: "compact", write: |index| index.delete("c"), finish: |index| index.compact(None).map(drop) },
];

fn additions(index: &Index) -> Result<()> {
    put(index, "d", "fourth", [0.0, 0.0, 0.0, 1.0])?;
    put(index, "a", "first, second version", [0.5, 0.5, 0.0, 0.0])
}

fn put(index: &Index, id: &str, title: &str, vector: [f32; 4]) -> Result<()> {
    index.put_with_vector(Note::new(id).title(title), &vector)
}

/// Two commits, so that there are two segments and a tombstone file.
fn prepared() -> (Index, MemoryStorage) {
    let storage = MemoryStorage::new();
    let options = IndexOptions::new().external_vectors(4);
    let index = Index::create_in(Arc::new(storage.clone()), options).unwrap();
    put(&index, "a", "first", [1.0, 0.0, 0.0, 0.0]).unwrap();
    put(&index, "b", "second", [0.0, 1.0, 0.0, 0.0]).unwrap();
    put(&index, "gone", "deleted", [0.0, 1.0, 1.0, 0.0]).unwrap();
    index.commit().unwrap();
    put(&index, "c", "third", [0.0, 0.0, 1.0, 0.0]).unwrap();
    index.delete("gone").unwrap();
    index.commit().unwrap();
    (index, storage)
}

type Contents = BTreeMap<String, String>;

/// Everything in an index, seen through its ids and through an exact search alike.
fn contents(index: &Index) -> Contents {
    let snapshot = index.snapshot();
    let by_id: Contents = snapshot.ids().map(|id| (id.clone(), snapshot.get(&id).unwrap().unwrap().title)).collect();
    let all = SearchOptions::new().k(100).recall(1.0);
    let answer = snapshot.search(Query::vector([1.0; 4]), &all).unwrap();
    let by_search: Contents = answer.hits.into_iter().map(|hit| (hit.id, hit.title)).collect();
    assert_eq!(by_id, by_search);
    by_id
}

/// The contents before and after a story, and how many steps its end takes.
fn told(story: &Story) -> (Contents, Contents, u64) {
    let (index, storage) = prepared();
    let before = contents(&index);
    (story.write)(&index).unwrap();
    let steps = storage.steps();
    (story.finish)(&index).unwrap();
    (before, contents(&index), storage.steps() - steps)
}

/// Opens what is left, which must be sound, hold one of the states, and take further notes.
fn open_again(storage: MemoryStorage, allowed: &[&Contents], what: &str) {
    let index = Index::open_in(Arc::new(storage.clone())).unwrap();
    let report = index.verify().unwrap();
    assert!(report.is_sound(), "{what}: {:?}", report.damages);
    let found = contents(&index);
    assert!(allowed.contains(&&found), "{what}: {found:?}");
    put(&index, "later", "after the fault", [1.0, 1.0, 0.0, 0.0]).unwrap();
    assert_eq!(index.commit().unwrap().notes as usize, found.len() + 1, "{what}");
    drop(index);
    let again = Index::open_in(Arc::new(storage.clone())).unwrap();
    assert_eq!(contents(&again).len(), found.len() + 1, "{what}");
}

#[test]
fn a_power_loss_at_any_step_leaves_the_last_commit_or_the_one_in_progress() {
    for story in &STORIES {
        let (before, after, steps) = told(story);
        assert!(steps >= 5, "{}: {steps} steps", story.name);
        for step in 0..=steps {
            let (index, storage) = prepared();
            (story.write)(&index).unwrap();
            storage.fail_after(step, FaultKind::Crash);
            let reported = (story.finish)(&index).is_ok();
            assert!(reported || step < steps, "{}: no fault was left for step {step}", story.name);
            for survival in SURVIVALS {
                let what = format!("{}, step {step} of {steps}, {survival:?}", story.name);
                let allowed = if reported { vec![&after] } else { vec![&before, &after] };
                open_again(storage.crash_image(survival), &allowed, &what);
            }
        }
    }
}

#[test]
fn a_full_disk_at_any_step_is_an_error_that_loses_nothing() {
    for story in &STORIES {
        let (before, after, steps) = told(story);
        let mut full = 0;
        for step in 0..steps {
            for kind in [FaultKind::Error(ErrorKind::StorageFull), FaultKind::Persistent(ErrorKind::StorageFull)] {
                let (index, storage) = prepared();
                (story.write)(&index).unwrap();
                storage.fail_after(step, kind);
                let what = format!("{}, step {step} of {steps}, {kind:?}", story.name);
                match (story.finish)(&index) {
                    // What fails after the manifest is the removal of old files, which the next writer repeats.
                    Ok(()) => assert_eq!(contents(&index), after, "{what}"),
                    Err(Error::Disk(DiskError::Full { .. })) => {
                        full += 1;
                        let now = contents(&index);
                        assert!(now == before || now == after, "{what}: {now:?}");
                        storage.clear_fault();
                        (story.finish)(&index).unwrap();
                        assert_eq!(contents(&index), after, "{what}");
                    }
                    Err(Error::Disk(error)) if error.is_sync_failure() => poisoned(&index, &what),
                    Err(other) => panic!("{what}: {other}"),
                }
                storage.clear_fault();
                drop(index);
                open_again(storage, &[&before, &after], &what);
            }
        }
        assert!(full >= 6, "{}: the disk was full {full} times only", story.name);
    }
}

fn poisoned(index: &Index, what: &str) {
    let refused = index.commit().unwrap_err();
    assert!(matches!(refused, Error::Poisoned { .. }), "{what}: {refused}");
    assert!(matches!(index.delete("b"), Err(Error::Poisoned { .. })), "{what}");
    assert!(!contents(index).is_empty(), "{what}: reading goes on");
}

#[test]
fn many_notes_survive_a_full_disk_on_their_way_to_a_commit() {
    let (index, storage) = prepared();
    storage.fail_after(0, FaultKind::Persistent(ErrorKind::StorageFull));
    let mut taken = 0;
    let refused = loop {
        match put(&index, &format!("n{taken}"), "many", [1.0, taken as f32, 0.0, 0.0]) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 20_000, "memory stays bounded");
    };
    assert!(matches!(refused, Error::Disk(DiskError::Full { .. })), "{refused}");
    assert!(taken > 10_000);
    assert!(index.commit().is_err());
    storage.clear_fault();
    assert_eq!(index.commit().unwrap().notes, 3 + taken);
    assert_eq!(Index::open_in(Arc::new(storage)).unwrap().snapshot().len() as u64, 3 + taken);
}

/// Notes of each of eight segments, with two rows each: the next commit makes a merge due of more rows than it does itself, and
/// of too few in each space for a graph, which would take its time at every step.
const NOTES: usize = 260;

/// The files of such an index, and the ids of its notes.
fn due_for_a_merge() -> (MemoryStorage, Vec<String>) {
    let storage = MemoryStorage::new();
    let options = IndexOptions::new().external_vectors(2).space("other", 1);
    let index = Index::create_in(Arc::new(storage.clone()), options).unwrap();
    index.set_write_options(WriteOptions::new().merging(false));
    for number in 0..8 * NOTES {
        let angle = number as f32 * 0.0015;
        let note = Note::new(format!("n{number:04}")).vector("other", [1.0]);
        index.put_with_vector(note, &[angle.cos(), angle.sin()]).unwrap();
        if number % NOTES == NOTES - 1 {
            index.commit().unwrap();
        }
    }
    let mut ids: Vec<String> = index.snapshot().ids().collect();
    ids.sort_unstable();
    (storage, ids)
}

/// Deletes one, which makes the merge begin, and another while it is under way.
fn merge_beside_everything(index: &Index) -> Result<()> {
    index.delete("n0001")?;
    index.commit()?;
    index.delete("n0002")?;
    index.commit()?;
    index.wait_for_merges(None)
}

#[test]
fn a_power_loss_at_any_step_of_a_merge_in_the_background_loses_no_note() {
    let (origin, ids) = due_for_a_merge();
    let fresh = || {
        let storage = origin.crash_image(Survival::Everything);
        (Index::open_in(Arc::new(storage.clone())).unwrap(), storage)
    };
    let (index, storage) = fresh();
    let before = storage.steps();
    merge_beside_everything(&index).unwrap();
    let steps = storage.steps() - before;
    assert_eq!(index.snapshot().stats().segments, 1, "the merge took place");
    for step in 0..=steps {
        let (index, storage) = fresh();
        storage.fail_after(step, FaultKind::Crash);
        let done = merge_beside_everything(&index).is_ok();
        drop(index);
        for survival in [Survival::DurableOnly, Survival::Everything, Survival::Torn(step + 1)] {
            let what = format!("step {step} of {steps}, {survival:?}");
            let again = Index::open_in(Arc::new(storage.crash_image(survival))).unwrap();
            let mut found: Vec<String> = again.snapshot().ids().collect();
            found.sort_unstable();
            let gone: Vec<&String> = ids.iter().filter(|id| found.binary_search(id).is_err()).collect();
            assert!(["n0001", "n0002"].iter().take(gone.len()).eq(gone.iter()), "{what}: {gone:?}");
            assert!(found.len() + gone.len() == ids.len() && (!done || gone.len() == 2), "{what}: {gone:?}");
            assert!(again.verify().unwrap().is_sound(), "{what}");
            again.delete("n0003").unwrap();
            again.commit().unwrap();
        }
    }
}
