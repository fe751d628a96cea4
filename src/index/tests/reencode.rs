//! An index moves from one encoder to another: what stays, what changes, and what a fault leaves behind.

use super::seer::{BLUE, FAIL, GREEN, RED, Seer, WIDTH, file, picture};
use super::*;
use crate::disk::{DiskError, FaultKind, Survival};
use crate::encode::Fusion;
use crate::note::Picture;
use image::ImageFormat;
use std::io::ErrorKind;

/// Wider than the seers of the other tests.
fn wide() -> Arc<Seer> {
    Seer::with("wide", |info| {
        info.width = WIDTH + 3;
        info.location = "/models/wide".to_owned();
    })
}

fn narrow() -> Arc<Seer> {
    Seer::with("narrow", |info| info.location = "/models/narrow".to_owned())
}

/// Notes in two segments, one of them deleted, with kept pictures and a space of the caller's.
fn filled(seer: &Arc<Seer>) -> (Index, MemoryStorage) {
    let storage = MemoryStorage::new();
    let options = IndexOptions::new().encoder(seer.clone()).keep_pictures(true).space("aspect", 2);
    let index = Index::create_in(Arc::new(storage.clone()), options).unwrap();
    index.add(Note::new("red").title("red").text("All red.").vector("aspect", [0.3, 0.7])).unwrap();
    index.add(Note::new("gone").title("red")).unwrap();
    index.commit().unwrap();
    index.add(Note::new("blue").picture(picture(BLUE)).field("year", 1999)).unwrap();
    index.add(Note::new("green").title("green").text("A green one. It is green all over.")).unwrap();
    index.delete("gone").unwrap();
    index.commit().unwrap();
    (index, storage)
}

#[track_caller]
fn finds(index: &Index, text: &str, id: &str) {
    let answer = index.search(text, &SearchOptions::new()).unwrap();
    assert_eq!(ids(&answer).first(), Some(&id), "{text}: {:?}", answer.hits);
}

/// Everything that must be the same before and after.
fn contents(index: &Index) -> Vec<Note> {
    let snapshot = index.snapshot();
    let mut notes: Vec<Note> = snapshot.ids().map(|id| snapshot.get(&id).unwrap().unwrap()).collect();
    notes.sort_by(|a, b| a.id.cmp(&b.id));
    notes
}

#[test]
fn all_notes_move_and_queries_go_to_the_new_encoder() {
    let (old, new) = (narrow(), wide());
    let (index, storage) = filled(&old);
    let before = contents(&index);
    let snapshot = index.snapshot();
    index.add(Note::new("late").title("blue").text("Not committed yet.")).unwrap();
    let mut heard = Vec::new();
    let commit = index.reencode(new.clone(), None, |done, total| heard.push((done, total))).unwrap();
    assert_eq!((commit.notes, commit.skipped.len()), (4, 0), "{:?}", commit.skipped);
    assert_eq!(heard, [(1, 4), (2, 4), (3, 4), (4, 4)]);
    let stats = index.snapshot().stats();
    assert_eq!((stats.fingerprint.as_str(), stats.width, stats.segments), ("wide-1", 7, 1));
    let after: Vec<Note> = contents(&index).into_iter().filter(|note| note.id != "late").collect();
    assert_eq!(after, before, "texts, fields, pictures and the caller's vectors are what they were");
    let old_calls = old.calls.lock().len();
    for (text, id) in [("red", "red"), ("green", "green")] {
        finds(&index, text, id);
    }
    assert_eq!(old.calls.lock().len(), old_calls);
    let was = snapshot.search("blue", &SearchOptions::new()).unwrap();
    assert_eq!((ids(&was)[0], was.generation), ("blue", snapshot.generation()));
    assert_eq!(old.calls.lock().len(), old_calls + 1, "an old snapshot asks the old encoder");
    let beside = Query::vector_in("aspect", [0.3, 0.7]);
    assert_eq!(ids(&index.search(beside, &SearchOptions::new()).unwrap()), ["red"]);
    assert!(index.verify().unwrap().is_sound());
    index.add(Note::new("more").title("green").picture(picture(GREEN))).unwrap();
    index.commit().unwrap();
    drop(index);
    let again = Index::open_in_with(Arc::new(storage.clone()), new).unwrap();
    assert_eq!(again.snapshot().len(), 5);
    let refused = Index::open_in_with(Arc::new(storage), old).unwrap_err().to_string();
    for word in ["wide (wide-1, loaded from /models/wide)", "narrow (narrow-1)", "uninote reencode"] {
        assert!(refused.contains(word), "{word:?} is not in: {refused}");
    }
}

#[test]
fn the_index_is_searched_as_before_until_the_commit_and_others_are_told() {
    let old = narrow();
    let (index, storage) = filled(&old);
    let other = Index::open_in_with(Arc::new(storage), old).unwrap();
    let mut searches = 0;
    index
        .reencode(wide(), None, |_, _| {
            finds(&index, "green", "green");
            finds(&other, "green", "green");
            assert!(!other.refresh().unwrap(), "nothing is committed yet");
            searches += 1;
        })
        .unwrap();
    assert_eq!(searches, 3);
    let told = other.refresh().unwrap_err();
    assert!(matches!(&told, Error::WrongEncoder { index, .. } if index == "wide-1"), "{told}");
    finds(&other, "green", "green");
    assert!(matches!(other.add(Note::new("x").title("red")), Err(Error::Disk(DiskError::Locked { .. }))));
    drop(index);
    assert!(matches!(other.add(Note::new("x").title("red")), Err(Error::WrongEncoder { .. })));
}

#[test]
fn a_picture_that_is_gone_and_a_note_that_fails_stay_in_the_index() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, file(GREEN, (8, 8), ImageFormat::Png)).unwrap();
        path
    };
    let (stays, goes) = (place("stays.png"), place("goes.png"));
    let storage = Arc::new(MemoryStorage::new());
    let index = Index::create_in(storage, IndexOptions::new()).unwrap();
    index.add(Note::new("n").title("red").picture(Picture::path(&stays)).picture(Picture::path(&goes))).unwrap();
    index.add(Note::new("lost").title("red").picture(Picture::bytes(file(RED, (8, 8), ImageFormat::Png)))).unwrap();
    index.add(Note::new("bad").text("This one will FAIL.")).unwrap();
    index.commit().unwrap();
    let before = contents(&index);
    std::fs::remove_file(&goes).unwrap();
    let seen = index.reencode(wide(), None, |_, _| ()).unwrap();
    let why: Vec<String> = seen.skipped.iter().map(|skipped| format!("{}: {}", skipped.id, skipped.why)).collect();
    assert_eq!(why.len(), 2, "{why:#?}");
    assert!(why[0].starts_with("n: picture 1: ") && why[0].contains("goes.png"), "{why:#?}");
    assert!(why[1].starts_with("lost: picture 0: "), "{why:#?}");
    assert_eq!(contents(&index), before);
    let green = index.search("green", &SearchOptions::new().granularity(Granularity::Local).k(1)).unwrap();
    assert_eq!((green.hits[0].id.as_str(), green.hits[0].row.clone()), ("n", Row::Picture { ordinal: 0 }));
    let failed = index.reencode(Fake::shared(8), None, |_, _| ()).unwrap();
    let bad: Vec<_> = failed.skipped.iter().filter(|skipped| skipped.id == "bad").collect();
    assert!(bad.iter().all(|skipped| !skipped.whole) && bad[0].why.contains("asked to"), "{bad:?}");
    assert_eq!(contents(&index), before);
    assert!(matches!(index.similar("bad", Like::Note, &SearchOptions::new()), Err(Error::NoSuchPart { .. })));
}

#[test]
fn kept_pictures_need_no_originals() {
    let (index, _) = filled(&narrow());
    index.add(Note::new("odd").title("red").picture(picture(FAIL))).unwrap();
    index.commit().unwrap();
    let commit = index.reencode(Seer::new("whole", Fusion::Interleaved), None, |_, _| ()).unwrap();
    assert_eq!(commit.skipped.len(), 2, "the picture alone and beside its text: {:?}", commit.skipped);
    finds(&index, "blue", "blue");
    let odd = index.get("odd").unwrap().unwrap();
    assert_eq!(odd.pictures, [picture(FAIL)], "kept, whatever an encoder makes of it");
}

#[test]
fn a_cancelled_move_changes_nothing() {
    let old = narrow();
    let (index, storage) = filled(&old);
    let (files, before) = (storage.list().unwrap(), contents(&index));
    let cancel = Cancel::new();
    let stopped = index.reencode(wide(), Some(&cancel), |done, _| {
        if done == 2 {
            cancel.cancel();
        }
    });
    assert!(matches!(stopped, Err(Error::Cancelled)));
    assert_eq!(storage.list().unwrap(), files);
    assert_eq!((contents(&index), index.snapshot().stats().fingerprint), (before, "narrow-1".to_owned()));
    index.add(Note::new("more").title("green green")).unwrap();
    assert_eq!(index.commit().unwrap().notes, 4);
    index.reencode(wide(), None, |_, _| ()).unwrap();
    assert_eq!(index.snapshot().stats().fingerprint, "wide-1");
}

#[test]
fn a_fault_at_any_step_leaves_one_state_or_the_other() {
    let (old, new) = (narrow(), wide());
    let (index, storage) = filled(&old);
    let before = contents(&index);
    let start = storage.steps();
    index.reencode(new.clone(), None, |_, _| ()).unwrap();
    let steps = storage.steps() - start;
    drop(index);
    assert!(steps > 5, "{steps}");
    for step in 0..steps {
        for kind in [FaultKind::Crash, FaultKind::Error(ErrorKind::StorageFull)] {
            let (index, storage) = filled(&old);
            storage.fail_after(step, kind);
            let result = index.reencode(new.clone(), None, |_, _| ());
            let fingerprint = if result.is_ok() { "wide-1" } else { "narrow-1" };
            assert_eq!(index.snapshot().stats().fingerprint, fingerprint, "step {step}, {kind:?}: {result:?}");
            assert_eq!(contents(&index), before);
            if kind != FaultKind::Crash {
                storage.clear_fault();
            }
            drop(index);
            for survival in [Survival::DurableOnly, Survival::Everything, Survival::Torn(step)] {
                let left = Arc::new(storage.crash_image(survival));
                let opened = Index::open_in_with(left.clone(), new.clone());
                assert!(result.is_err() || opened.is_ok(), "step {step}: what was committed stays");
                let opened = opened.or_else(|_| Index::open_in_with(left, old.clone()));
                let opened = opened.unwrap_or_else(|error| panic!("step {step}, {kind:?}, {survival:?}: {error}"));
                assert_eq!(contents(&opened), before, "step {step}, {kind:?}, {survival:?}");
                finds(&opened, "blue", "blue");
                assert!(opened.verify().unwrap().is_sound());
            }
        }
    }
}

#[test]
fn an_index_of_the_callers_vectors_and_an_empty_one_get_an_encoder() {
    let (index, _) = external(2);
    index.put_with_vector(Note::new("bare"), &[1.0, 0.0]).unwrap();
    index.put_with_vector(Note::new("red").title("red").text("All of it is red."), &[0.0, 1.0]).unwrap();
    let commit = index.reencode(wide(), None, |_, _| ()).unwrap();
    assert_eq!((commit.notes, commit.skipped.len()), (2, 1), "a note without content is found by its id only");
    finds(&index, "red", "red");
    assert_eq!(index.snapshot().stats().spaces[1].rows, 1);
    let (empty, storage) = external(2);
    empty.reencode(wide(), None, |_, _| ()).unwrap();
    assert_eq!(empty.snapshot().stats().width, 7);
    drop(empty);
    Index::open_in_with(storage, wide()).unwrap();
}

#[test]
fn an_index_without_its_encoder_does_all_that_needs_none() {
    let (index, storage) = filled(&narrow());
    drop(index);
    let index = Index::open_in_without_encoder(Arc::new(storage)).unwrap();
    let alike = index.similar("red", Like::Note, &SearchOptions::new()).unwrap();
    assert_eq!(alike.hits.len(), 2);
    for refused in
        [index.search("red", &SearchOptions::new()).unwrap_err(), index.add(Note::new("x").title("x")).unwrap_err()]
    {
        assert!(matches!(refused, Error::EncoderAbsent { .. }), "{refused}");
        assert!(refused.to_string().contains("narrow, loaded from /models/narrow"), "{refused}");
    }
    index.delete("green").unwrap();
    assert_eq!(index.compact(None).unwrap().notes, 2);
    index.reencode(wide(), None, |_, _| ()).unwrap();
    finds(&index, "blue", "blue");
}
