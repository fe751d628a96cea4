//! States put aside: named snapshots come back as they were, backups are indexes of their own, and writers need not stop.

use super::*;
use crate::disk::{FaultKind, FileStorage};
use std::collections::BTreeMap;

/// Ids and titles.
fn content(index: &Index) -> BTreeMap<String, String> {
    let ids: Vec<String> = index.snapshot().ids().collect();
    ids.into_iter().map(|id| (id.clone(), index.get(&id).unwrap().unwrap().title)).collect()
}

/// Notes in two segments with deletions, then changes.
fn written(storage: Arc<dyn Storage>) -> Index {
    let index = Index::create_in(storage, IndexOptions::new().external_vectors(2)).unwrap();
    for part in 0..2 {
        for number in 0..20 {
            put(&index, &format!("n{}", part * 20 + number), &[1.0, number as f32]);
        }
        index.commit().unwrap();
    }
    index.delete("n3").unwrap();
    index.commit().unwrap();
    index
}

fn change(index: &Index) {
    for number in (0..40).step_by(3).filter(|number| *number != 3) {
        index.delete(&format!("n{number}")).unwrap();
    }
    put(index, "later", &[3.0, 1.0]);
    index.commit().unwrap();
    index.compact(None).unwrap();
}

#[test]
fn a_saved_snapshot_comes_back_whatever_was_written_since() {
    let folder = tempfile::tempdir().unwrap();
    let storages: [Arc<dyn Storage>; 2] =
        [Arc::new(MemoryStorage::new()), Arc::new(FileStorage::create(folder.path().join("index")).unwrap())];
    for storage in storages {
        let index = written(storage.clone());
        let before = content(&index);
        let saved = index.save_snapshot("before").unwrap();
        assert_eq!((saved.notes, saved.generation), (39, index.snapshot().generation()));
        change(&index);
        let after = content(&index);
        index.save_snapshot("after").unwrap();
        let reader = Index::open_in(storage.clone()).unwrap();
        // What is not committed is forgotten.
        put(&index, "lost", &[1.0, 1.0]);
        let restored = index.restore_snapshot("before").unwrap();
        assert_eq!((restored.notes, content(&index)), (39, before.clone()));
        assert!(restored.generation > saved.generation + 1, "states only move forward");
        assert!(reader.refresh().unwrap());
        assert_eq!(content(&reader), before);
        assert!(index.verify().unwrap().is_sound());
        // Both ways, more than once, and what is written goes on from there.
        index.restore_snapshot("after").unwrap();
        assert_eq!(content(&index), after);
        index.restore_snapshot("before").unwrap();
        put(&index, "new", &[2.0, 2.0]);
        assert_eq!(index.commit().unwrap().notes, 40);
        let names: Vec<String> = index.saved_snapshots().unwrap().into_iter().map(|saved| saved.name).collect();
        assert_eq!(names, ["after", "before"]);
        index.remove_snapshot("after").unwrap();
        index.remove_snapshot("after").unwrap();
        assert_eq!(index.saved_snapshots().unwrap().len(), 1);
        assert!(index.verify().unwrap().is_sound());
    }
}

#[test]
fn a_snapshot_in_a_directory_shares_its_files_and_opens_as_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("index");
    let index = written(Arc::new(FileStorage::create(&path).unwrap()));
    let before = content(&index);
    index.save_snapshot("s").unwrap();
    let saved = Index::open(path.join("snapshots").join("s")).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (kind, file) = index.snapshot().state.manifest.files().next().map(|(kind, file)| (kind, file.id)).unwrap();
        let name = crate::segment::file_name(kind, file);
        let inode = |path: std::path::PathBuf| std::fs::metadata(path).unwrap().ino();
        assert_eq!(inode(path.join(&name)), inode(path.join("snapshots/s").join(&name)));
    }
    change(&index);
    assert_eq!(content(&saved), before);
    put(&saved, "other", &[1.0, 0.0]);
    saved.commit().unwrap();
    saved.compact(None).unwrap();
    drop(saved);
    let (changed, own) = (content(&Index::open(path.join("snapshots").join("s")).unwrap()), content(&index));
    // It comes back as it is now, unless a file of it has the number of another file here.
    match index.restore_snapshot("s") {
        Ok(_) => assert_eq!(content(&index), changed),
        Err(error) => {
            assert!(matches!(error, Error::Snapshot { .. }), "{error}");
            assert_eq!(content(&index), own);
        }
    }
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn names_that_are_taken_missing_or_none_are_refused() {
    let index = written(Arc::new(MemoryStorage::new()));
    index.save_snapshot("one").unwrap();
    assert!(matches!(index.save_snapshot("one"), Err(Error::Snapshot { .. })));
    assert!(matches!(index.restore_snapshot("two"), Err(Error::Snapshot { name, .. }) if name == "two"));
    for name in ["", "..", "a/b", "../x", "lock", ".hidden"] {
        assert!(index.save_snapshot(name).is_err(), "{name}");
        assert!(index.restore_snapshot(name).is_err(), "{name}");
        assert!(index.remove_snapshot(name).is_err(), "{name}");
    }
}

#[test]
fn a_backup_is_an_index_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let index = written(Arc::new(MemoryStorage::new()));
    let before = content(&index);
    let path = folder.path().join("backup");
    assert_eq!(index.backup(&path).unwrap().notes, 39);
    assert!(matches!(index.backup(&path), Err(Error::IndexExists { .. })));
    change(&index);
    let backup = Index::open(&path).unwrap();
    assert_eq!(content(&backup), before);
    put(&backup, "own", &[0.5, 0.5]);
    assert_eq!(backup.commit().unwrap().notes, 40);
    assert!(backup.verify().unwrap().is_sound());
    assert!(index.get("own").unwrap().is_none());
}

#[test]
fn a_backup_made_while_others_write_is_one_of_their_commits() {
    let storage = Arc::new(MemoryStorage::new());
    let index = Index::create_in(storage.clone(), IndexOptions::new().external_vectors(2)).unwrap();
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for round in 0..300 {
                // Each commit has the round in both of its notes.
                for id in ["a", "b"] {
                    let note = Note::new(id).title(format!("round {round}"));
                    index.put_with_vector(note, &[1.0, round as f32]).unwrap();
                }
                index.commit().unwrap();
            }
        });
        let mut copies = 0;
        while !writer.is_finished() || copies == 0 {
            let target = MemoryStorage::new();
            // Where commits come faster than files are copied it says so, and is tried again.
            if index.backup_in(&target).is_ok() {
                let copy = Index::open_in(Arc::new(target)).unwrap();
                let titles: Vec<String> = content(&copy).into_values().collect();
                assert!(titles.is_empty() || titles.len() == 2 && titles[0] == titles[1], "{titles:?}");
                assert!(copy.verify().unwrap().is_sound());
                copies += 1;
            }
        }
    });
}

#[test]
fn a_fault_while_restoring_leaves_one_state_or_the_other() {
    for passing in 0.. {
        let storage = Arc::new(MemoryStorage::new());
        let index = written(storage.clone());
        let before = content(&index);
        index.save_snapshot("s").unwrap();
        change(&index);
        let after = content(&index);
        index.rollback().unwrap();
        storage.fail_after(passing, FaultKind::Persistent(std::io::ErrorKind::StorageFull));
        let restored = index.restore_snapshot("s");
        storage.clear_fault();
        let again = Index::open_in(storage.clone()).unwrap();
        assert!(again.verify().unwrap().is_sound(), "{passing}");
        let (found, uncertain) =
            (content(&again), matches!(&restored, Err(Error::Disk(disk)) if disk.is_sync_failure()));
        let expected = if restored.is_ok() || uncertain && found == before { &before } else { &after };
        assert!(&found == expected, "{passing}: {restored:?}");
        assert!(uncertain || &content(&index) == expected, "{passing}: {restored:?}");
        if restored.is_ok() {
            assert!(passing > 3);
            break;
        }
    }
}
