//! What becomes of notes on their way into a commit when something goes wrong.

use super::*;
use crate::disk::{DiskError, FaultKind, Step};
use crate::note::Picture;
use crate::vector::VectorError;
use std::io::ErrorKind;
use std::sync::atomic::Ordering;

#[test]
fn a_note_the_encoder_fails_on_is_reported_and_its_old_version_stays() {
    let index = Index::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new().encoder(Fake::shared(8))).unwrap();
    for id in ["a", "b", "c", "d"] {
        index.add(Note::new(id).text(format!("the first text of {id}"))).unwrap();
    }
    index.commit().unwrap();
    for (id, text) in [("a", "PANIC"), ("b", "FAIL"), ("c", "SHORT"), ("d", "fine"), ("new", "PANIC")] {
        index.put(Note::new(id).text(text)).unwrap();
    }
    let commit = index.commit().unwrap();
    let skipped: Vec<_> = commit.skipped.iter().map(|skipped| (skipped.id.as_str(), skipped.whole)).collect();
    assert_eq!(skipped, [("a", true), ("b", true), ("c", true), ("new", true)]);
    assert!(commit.skipped[0].why.contains("asked to panic"), "{:?}", commit.skipped[0]);
    assert_eq!(commit.notes, 4);
    assert_eq!(index.get("a").unwrap().unwrap().text, "the first text of a");
    assert_eq!(index.get("d").unwrap().unwrap().text, "fine");
    assert_eq!(index.get("new").unwrap(), None);
    index.add(Note::new("new").text("fine now")).unwrap();
    assert_eq!(index.commit().unwrap().notes, 5);
}

#[test]
fn a_picture_that_cannot_be_read_is_reported_and_the_note_kept() {
    let index = Index::in_memory().unwrap();
    let note = Note::new("n").text("about a picture");
    index.add(note.picture(Picture::path("/nowhere/x.png")).picture(Picture::bytes(*b"no picture"))).unwrap();
    let commit = index.commit().unwrap();
    assert_eq!((commit.notes, commit.skipped.len()), (1, 2));
    assert!(commit.skipped.iter().all(|skipped| !skipped.whole && skipped.id == "n"));
    assert!(commit.skipped[0].why.starts_with("picture 0: "), "{:?}", commit.skipped);
    assert_eq!(index.get("n").unwrap().unwrap().pictures.len(), 2);
}

#[test]
fn a_title_costs_no_more_than_its_context_however_long_it_is() {
    let fake = Arc::new(Fake::new(8));
    let options = IndexOptions::new().encoder(fake.clone());
    let index = Index::create_in(Arc::new(MemoryStorage::new()), options).unwrap();
    let text = "A sentence of some length, which is followed by another. ".repeat(180_000);
    assert!(text.len() > 10_000_000);
    index.add(Note::new("long").title("title ".repeat(10_000)).text(text.clone())).unwrap();
    assert_eq!(index.commit().unwrap().notes, 1);
    let read = fake.read.load(Ordering::Relaxed);
    assert!(read < 2 * text.len(), "{read} bytes were encoded for {} bytes of text", text.len());
    assert_eq!(index.get("long").unwrap().unwrap().text.len(), text.len());
}

#[test]
fn a_deletion_is_not_forgotten_when_the_manifest_could_not_be_published() {
    for step in [Step::Create, Step::Write, Step::Rename] {
        let (index, storage) = external(2);
        put(&index, "a", &[1.0, 0.0]);
        put(&index, "b", &[0.0, 1.0]);
        index.commit().unwrap();
        index.delete("a").unwrap();
        let steps_of_one_file = {
            let before = storage.steps();
            storage.publish("probe", &mut |out| out.write_all(b"x")).unwrap();
            storage.steps() - before
        };
        let within =
            [Step::Create, Step::Write, Step::SyncFile, Step::Rename].iter().position(|it| *it == step).unwrap();
        storage.fail_after(steps_of_one_file + within as u64, FaultKind::Error(ErrorKind::StorageFull));
        assert!(matches!(index.commit(), Err(Error::Disk(DiskError::Full { .. }))), "{step:?}");
        assert_eq!(index.snapshot().len(), 2);
        assert_eq!(index.commit().unwrap().notes, 1, "{step:?}");
        assert_eq!(Index::open_in(storage).unwrap().snapshot().ids().collect::<Vec<_>>(), ["b"]);
    }
}

#[test]
fn a_failed_sync_ends_writing_and_opening_again_resumes_it() {
    for step in [Step::SyncFile, Step::SyncDirectory] {
        let (index, storage) = external(2);
        put(&index, "a", &[1.0, 0.0]);
        index.commit().unwrap();
        put(&index, "b", &[0.0, 1.0]);
        storage.fail_next(step, FaultKind::Error(ErrorKind::Other));
        assert!(matches!(index.commit(), Err(Error::Disk(DiskError::Sync { .. }))));
        let refused = index.delete("a").unwrap_err();
        assert!(matches!(refused, Error::Poisoned { .. }), "{refused}");
        assert!(refused.to_string().contains("open the index again"));
        assert_eq!(index.snapshot().len(), 1, "reading goes on");
        let again = Index::open_in(storage).unwrap();
        put(&again, "c", &[1.0, 1.0]);
        assert_eq!(again.commit().unwrap().notes, 2, "the lock came back with the failure");
    }
}

#[test]
fn rollback_forgets_gives_the_lock_back_and_leaves_no_file() {
    let (index, storage) = external(2);
    put(&index, "a", &[1.0, 0.0]);
    index.commit().unwrap();
    let files = storage.list().unwrap();
    for number in 0..20_000 {
        put(&index, &format!("n{number}"), &[1.0, number as f32]);
    }
    index.delete("a").unwrap();
    assert!(storage.list().unwrap().len() > files.len(), "that many notes are written before the commit");
    let other = Index::open_in(storage.clone()).unwrap();
    let refused = other.delete("a").unwrap_err();
    assert!(matches!(refused, Error::Disk(DiskError::Locked { pid: Some(pid), .. }) if pid == std::process::id()));
    index.rollback().unwrap();
    assert_eq!(storage.list().unwrap(), files);
    other.delete("a").unwrap();
    assert_eq!(other.commit().unwrap().notes, 0);
    assert!(index.refresh().unwrap());
    assert!(index.snapshot().is_empty());
}

#[test]
fn ids_are_unique_within_a_batch_and_across_commits() {
    let (index, _) = external(2);
    put(&index, "a", &[1.0, 0.0]);
    assert!(matches!(index.add(Note::new("a").title("again")), Err(Error::DuplicateId { .. })));
    assert!(matches!(index.update(Note::new("b").title("none")), Err(Error::NoSuchNote { .. })));
    index.delete("a").unwrap();
    assert!(matches!(index.delete("a"), Err(Error::NoSuchNote { .. })));
    put(&index, "a", &[0.0, 1.0]);
    put(&index, "a", &[1.0, 1.0]);
    assert_eq!(index.commit().unwrap().notes, 1);
    assert!(matches!(index.add(Note::new("a").title("again")), Err(Error::DuplicateId { .. })));
}

#[test]
fn vectors_that_mean_nothing_are_refused() {
    let (index, _) = external(2);
    let refused = |vector: &[f32]| match index.put_with_vector(Note::new("x").title("x"), vector) {
        Err(Error::Vector(error)) => error,
        other => panic!("{vector:?}: {other:?}"),
    };
    assert_eq!(refused(&[1.0]), VectorError::WrongWidth { expected: 2, got: 1 });
    assert_eq!(refused(&[f32::NAN, 0.0]), VectorError::NotFinite { position: 0 });
    assert_eq!(refused(&[0.0, f32::INFINITY]), VectorError::NotFinite { position: 1 });
    assert_eq!(refused(&[0.0, 0.0]), VectorError::Zero);
    assert_eq!(index.commit().unwrap().notes, 0, "and leave nothing behind");
    let search = index.search(Query::vector(vec![f32::NAN, 1.0]), &SearchOptions::new());
    assert!(matches!(search, Err(Error::Vector(VectorError::NotFinite { .. }))));
    assert!(matches!(index.search("text", &SearchOptions::new()), Err(Error::NoEncoder { .. })));
    let given = garden().put_with_vector(Note::new("x").title("x"), &[1.0; 256]);
    assert!(matches!(given, Err(Error::VectorNotWanted { .. })));
}

#[test]
fn a_note_without_a_vector_is_kept_and_found_by_its_id_only() {
    let (index, _) = external(2);
    index.add(Note::new("mute").title("no vector")).unwrap();
    put(&index, "a", &[1.0, 0.0]);
    let commit = index.commit().unwrap();
    assert_eq!((commit.notes, commit.skipped.len()), (2, 1));
    let all = index.search(Query::vector([1.0, 0.0]), &SearchOptions::new()).unwrap();
    assert_eq!(ids(&all), ["a"]);
    assert_eq!(index.get("mute").unwrap().unwrap().title, "no vector");
    assert!(matches!(index.similar("mute", Like::Note, &SearchOptions::new()), Err(Error::NoSuchPart { .. })));
    index.compact(None).unwrap();
    assert!(index.get("mute").unwrap().is_some());
}

#[test]
fn a_cancelled_compaction_changes_nothing() {
    let (index, storage) = external(2);
    for id in ["a", "b"] {
        put(&index, id, &[1.0, 0.0]);
        index.commit().unwrap();
    }
    let cancel = Cancel::new();
    cancel.cancel();
    index.add(Note::new("mute").title("reported once the commit is")).unwrap();
    assert!(matches!(index.compact(Some(&cancel)), Err(Error::Cancelled)));
    assert_eq!((index.snapshot().len(), index.snapshot().stats().segments), (3, 3));
    assert_eq!(index.commit().unwrap().skipped.len(), 1, "what was left out is still said");
    assert_eq!(index.compact(None).unwrap().notes, 3);
    assert_eq!(Index::open_in(storage).unwrap().snapshot().stats().segments, 1);
}

#[test]
fn a_vector_alone_is_enough_but_all_else_must_hold() {
    let (index, _) = external(4);
    index.put_with_vector(Note::new("bare"), &[1.0, 0.0, 0.0, 0.0]).unwrap();
    let bad = Note::new("bad").field("", 1);
    assert!(matches!(index.put_with_vector(bad, &[1.0; 4]), Err(Error::Note { .. })));
    assert!(matches!(index.put(Note::new("empty")), Err(Error::Note { .. })));
    assert_eq!(index.commit().unwrap().notes, 1);
}
