//! What a change costs: nothing for a note that is stored so already, no encoding for one of which only fields change.

use super::seer::{GREEN, RED, Seer, picture};
use super::*;
use crate::encode::Fusion;
use crate::fields::Filter;
use crate::note::{Picture, Value};
use std::sync::atomic::Ordering;

/// An index whose encoder tells how many bytes of text it has read.
fn counted() -> (Index, Arc<Fake>) {
    let fake = Arc::new(Fake::new(8));
    let options = IndexOptions::new().encoder(fake.clone()).space("sound", 2);
    (Index::create_in(Arc::new(MemoryStorage::new()), options).unwrap(), fake)
}

fn song() -> Note {
    let note = Note::new("song").title("A song").text("Of the sea. And of the land.").created(1_000);
    note.field("year", 1971).field("tags", ["old", "slow"]).vector("sound", [1.0, 2.0]).vector("sound", [3.0, 1.0])
}

fn counts(commit: &Commit) -> [u64; 4] {
    [commit.added, commit.updated, commit.unchanged, commit.deleted]
}

#[test]
fn a_note_put_again_as_it_is_costs_nothing_and_is_reported_unchanged() {
    let (index, fake) = counted();
    index.put(song()).unwrap();
    let first = index.commit().unwrap();
    assert_eq!(counts(&first), [1, 0, 0, 0]);
    let read = fake.read.load(Ordering::Relaxed);
    for _ in 0..3 {
        index.put(song()).unwrap();
    }
    let again = index.commit().unwrap();
    assert_eq!((counts(&again), again.generation), ([0, 0, 3, 0], first.generation));
    assert_eq!(fake.read.load(Ordering::Relaxed), read, "nothing was encoded");
    index.compact(None).unwrap();
    index.put(song()).unwrap();
    assert_eq!(counts(&index.commit().unwrap()), [0, 0, 1, 0], "as little after a compaction");
}

#[test]
fn whatever_of_a_note_differs_makes_it_another() {
    type Change = fn(Note) -> Note;
    let others: [(&str, Change); 9] = [
        ("title", |note| note.title("Another song")),
        ("text", |note| note.text("Of the sea. And of the land!")),
        ("created", |note| note.created(1_001)),
        ("a field more", |note| note.field("new", true)),
        ("another kind of value", |note| note.field("year", 1971.0)),
        ("a tag less", |note| note.field("tags", ["old"])),
        ("a vector more", |note| note.vector("sound", [0.0, 1.0])),
        ("a picture more", |note| note.picture(picture(RED))),
        ("other vectors", |mut note| {
            note.vectors.clear();
            note.vector("sound", [1.0, 2.0]).vector("sound", [3.0, 1.5])
        }),
    ];
    for (what, change) in others {
        let (index, _) = counted();
        index.put(song()).unwrap();
        index.commit().unwrap();
        index.put(change(song())).unwrap();
        assert_eq!(counts(&index.commit().unwrap()), [0, 1, 0, 0], "{what}");
        index.put(song()).unwrap();
        assert_eq!(counts(&index.commit().unwrap()), [0, 1, 0, 0], "{what}, and back");
    }
}

#[test]
fn a_note_that_waits_for_its_commit_is_not_taken_for_the_one_that_is_stored() {
    let (index, _) = counted();
    index.put(song()).unwrap();
    index.commit().unwrap();
    index.put(song().title("Changed")).unwrap();
    index.put(song()).unwrap();
    index.commit().unwrap();
    assert_eq!(index.get("song").unwrap().unwrap().title, "A song");
    index.delete("song").unwrap();
    index.put(song()).unwrap();
    assert_eq!(counts(&index.commit().unwrap()), [1, 0, 0, 1]);
    assert_eq!(index.get("song").unwrap().unwrap().title, "A song");
}

#[test]
fn pictures_are_compared_by_their_bytes_wherever_they_lie() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.png");
    let bytes_of = |colour| match picture(colour).source {
        crate::note::PictureSource::Bytes(bytes) => bytes,
        crate::note::PictureSource::Path(_) => unreachable!("made of bytes"),
    };
    let write = |colour| std::fs::write(&path, bytes_of(colour)).unwrap();
    let seer = Seer::new("seer", Fusion::Late { text: 1.0, picture: 1.0 });
    let options = IndexOptions::new().encoder(seer.clone()).keep_pictures(true);
    let index = Index::create_in(Arc::new(MemoryStorage::new()), options).unwrap();
    let note = || Note::new("n").text("red").picture(Picture::path(&path).alt("a colour"));
    // Not there yet: what could not be read is tried again each time, and told each time.
    for counted in [[1, 0, 0, 0], [0, 1, 0, 0]] {
        index.put(note()).unwrap();
        let commit = index.commit().unwrap();
        assert_eq!((counts(&commit), commit.skipped.len()), (counted, 1));
    }
    write(RED);
    for counted in [[0, 1, 0, 0], [0, 0, 1, 0]] {
        index.put(note()).unwrap();
        assert_eq!(counts(&index.commit().unwrap()), counted);
    }
    let seen = seer.inputs().len();
    index.put(note()).unwrap();
    index.commit().unwrap();
    assert_eq!(seer.inputs().len(), seen, "nothing was encoded");
    write(GREEN);
    index.put(note()).unwrap();
    assert_eq!(counts(&index.commit().unwrap()), [0, 1, 0, 0], "the file at the path is another");
    index.put(Note::new("n").text("red").picture(Picture::path(&path).alt("another"))).unwrap();
    assert_eq!(counts(&index.commit().unwrap()), [0, 1, 0, 0], "it is called another");
}

#[test]
fn fields_change_without_the_encoder_and_everything_else_stays() {
    let (index, fake) = counted();
    index.put(song()).unwrap();
    index.put(Note::new("other").text("Of the hills.").field("year", 1990)).unwrap();
    index.commit().unwrap();
    let (read, before) = (fake.read.load(Ordering::Relaxed), index.search("sea", &SearchOptions::new()).unwrap());
    index
        .update_fields("song", [("year", Some(Value::from(1972))), ("tags", None), ("new", Some(true.into()))])
        .unwrap();
    assert_eq!(counts(&index.commit().unwrap()), [0, 1, 0, 0]);
    assert_eq!(fake.read.load(Ordering::Relaxed) - "sea".len(), read, "nothing but the query was encoded");
    let mut expected = song().field("year", 1972).field("new", true);
    expected.fields.remove("tags");
    let found = index.get("song").unwrap().unwrap();
    assert_eq!((&found.fields, &found.text, found.created), (&expected.fields, &expected.text, expected.created));
    assert_eq!(found.vectors["sound"].len(), 2);
    assert_eq!(index.count(&Filter::parse("year = 1972 and new = true").unwrap()).unwrap(), 1);
    let after = index.search("sea", &SearchOptions::new()).unwrap();
    let scores = |answer: &Answer| {
        let hits = answer.hits.iter().map(|hit| (hit.id.clone(), hit.score.to_bits(), format!("{:?}", hit.row)));
        hits.collect::<std::collections::BTreeSet<_>>()
    };
    assert_eq!(scores(&after), scores(&before));
    assert!(index.verify().unwrap().is_sound());
    index.put(expected).unwrap();
    assert_eq!(counts(&index.commit().unwrap()), [0, 0, 1, 0], "the note is what it would be if put so");
}

#[test]
fn fields_of_notes_that_are_not_committed_change_as_well() {
    let (index, fake) = counted();
    index.put(song()).unwrap();
    index.update_fields("song", [("year", Some(Value::from(1))), ("a", Some("x".into()))]).unwrap();
    index.update_fields("song", [("year", Some(Value::from(2)))]).unwrap();
    assert_eq!(counts(&index.commit().unwrap()), [1, 0, 0, 0]);
    let read = fake.read.load(Ordering::Relaxed);
    for year in 3..6 {
        index.update_fields("song", [("year", Some(Value::from(year)))]).unwrap();
    }
    index.update_fields("song", [("a", None)]).unwrap();
    index.commit().unwrap();
    let fields = index.get("song").unwrap().unwrap().fields;
    assert_eq!((fields["year"].clone(), fields.contains_key("a")), (Value::from(5), false));
    assert_eq!(fake.read.load(Ordering::Relaxed), read);
    let commit = index.commit().unwrap();
    index.update_fields("song", [("year", Some(Value::from(5)))]).unwrap();
    let same = index.commit().unwrap();
    assert_eq!((counts(&same), same.generation), ([0, 0, 1, 0], commit.generation));
}

#[test]
fn fields_that_a_note_could_not_have_are_refused_and_nothing_changes() {
    let (index, _) = counted();
    index.put(song()).unwrap();
    index.commit().unwrap();
    let none = index.update_fields("nobody", [("a", Some(Value::from(1)))]);
    assert!(matches!(none, Err(Error::NoSuchNote { id }) if id == "nobody"));
    let refused = index.update_fields("song", [("good", Some(Value::from(1))), ("bad", Some(f64::NAN.into()))]);
    assert!(matches!(refused, Err(Error::Note { id, .. }) if id == "song"));
    let many = (0..2_000).map(|number| (format!("f{number}"), Some(Value::from(number))));
    assert!(matches!(index.update_fields("song", many), Err(Error::Note { .. })));
    index.put(Note::new("doomed").text("FAIL")).unwrap();
    let gone = index.update_fields("doomed", [("a", Some(Value::from(1)))]);
    assert!(matches!(gone, Err(Error::NoSuchNote { .. })), "it was refused by the encoder");
    index.commit().unwrap();
    assert_eq!(index.get("song").unwrap().unwrap().fields, song().fields);
}
