//! Spaces of the caller's: vectors in them come back, are found, replaced and deleted, and are refused where they cannot be.

use super::oracle::{Draw, Shape, best, cosine, recall, unit, vectors};
use super::*;
use crate::vector::VectorError;

/// An index with the built-in encoder and two spaces.
fn with_spaces() -> (Index, Arc<MemoryStorage>) {
    let storage = Arc::new(MemoryStorage::new());
    let options = IndexOptions::new().space("audio", 3).space("taste", 2);
    (Index::create_in(storage.clone(), options).unwrap(), storage)
}

#[test]
fn vectors_in_a_space_come_back_and_are_found_with_their_row() {
    let (index, storage) = with_spaces();
    let storm = Note::new("storm").title("A storm").vector("audio", [0.0, 3.0, 4.0]).vector("audio", [1.0, 0.0, 0.0]);
    index.put(storm).unwrap();
    index.put(Note::new("calm").vector("audio", [0.0, 1.0, 0.0]).vector("taste", vec![2.0, 0.0])).unwrap();
    index.put(Note::new("mute").text("says nothing")).unwrap();
    assert_eq!(index.commit().unwrap().skipped, []);
    let check = |index: &Index| {
        let note = index.get("storm").unwrap().unwrap();
        assert_eq!(note.vectors["audio"], [[0.0, 0.6, 0.8], [1.0, 0.0, 0.0]]);
        assert_eq!(index.get("calm").unwrap().unwrap().vectors["taste"], [[1.0, 0.0]]);
        assert!(index.get("mute").unwrap().unwrap().vectors.is_empty());
        let answer = index.search(Query::vector_in("audio", [0.0, 0.0, 1.0]), &SearchOptions::new()).unwrap();
        assert_eq!(ids(&answer), ["storm", "calm"], "a note without a vector there is not found there");
        assert_eq!(answer.hits[0].row, Row::Vector { space: "audio".to_owned(), ordinal: 0 });
        assert!((answer.hits[0].score - 0.8).abs() < 1e-6 && answer.hits[0].aims.is_empty());
        assert_eq!(answer.hits[0].passage, None);
        let alike = index.search(Query::similar_in("calm", "audio"), &SearchOptions::new()).unwrap();
        assert_eq!(ids(&alike), ["storm"]);
        let spaces = index.snapshot().stats().spaces;
        let listed: Vec<_> = spaces.iter().map(|space| (space.name.as_str(), space.width, space.rows)).collect();
        assert_eq!(listed[2..], [("audio", 3, 3), ("taste", 2, 1)]);
        assert!(index.verify().unwrap().is_sound());
    };
    check(&index);
    index.compact(None).unwrap();
    check(&index);
    drop(index);
    let again = Index::open_in(storage).unwrap();
    check(&again);
    // A note put again has what it was given this time.
    again.put(again.get("storm").unwrap().unwrap().vector("taste", [0.0, 1.0])).unwrap();
    again.put(Note::new("calm").text("no vector now")).unwrap();
    again.commit().unwrap();
    assert_eq!(again.get("storm").unwrap().unwrap().vectors.len(), 2);
    let answer = again.search(Query::vector_in("audio", [0.0, 1.0, 0.0]), &SearchOptions::new()).unwrap();
    assert_eq!(ids(&answer), ["storm"]);
    again.delete("storm").unwrap();
    again.compact(None).unwrap();
    assert!(again.search(Query::vector_in("audio", [0.0, 1.0, 0.0]), &SearchOptions::new()).unwrap().hits.is_empty());
}

#[test]
fn a_space_can_be_added_later_and_old_notes_have_nothing_in_it() {
    let (index, storage) = external(2);
    put(&index, "old", &[1.0, 0.0]);
    index.commit().unwrap();
    put(&index, "pending", &[0.0, 1.0]);
    let before = index.snapshot().generation();
    let commit = index.add_space("audio", 3).unwrap();
    assert_eq!((commit.generation, commit.notes), (before + 1, 2), "one commit with what was written before");
    let sound = Query::vector_in("audio", [1.0, 0.0, 0.0]);
    assert!(index.search(sound.clone(), &SearchOptions::new()).unwrap().hits.is_empty());
    index.put_with_vector(Note::new("new").vector("audio", [1.0, 1.0, 0.0]), &[1.0, 1.0]).unwrap();
    index.put(Note::new("sound only").vector("audio", [0.0, 1.0, 0.0])).unwrap();
    index.commit().unwrap();
    drop(index);
    let index = Index::open_in(storage).unwrap();
    for _ in 0..2 {
        let answer = index.search(sound.clone(), &SearchOptions::new()).unwrap();
        assert_eq!(ids(&answer), ["new", "sound only"]);
        let own = index.search(Query::vector([1.0, 0.0]), &SearchOptions::new()).unwrap();
        assert_eq!(ids(&own), ["old", "new", "pending"]);
        assert!(index.verify().unwrap().is_sound());
        index.compact(None).unwrap();
    }
    assert!(matches!(index.add_space("audio", 3), Err(Error::Space { .. })));
    assert!(matches!(index.add_space("video", 0), Err(Error::Option { .. })));
    assert_eq!(index.snapshot().stats().spaces.len(), 3);
}

#[test]
fn names_that_cannot_be_are_refused_with_what_would_do() {
    let long = "x".repeat(65);
    let create = |options| Index::create_in(Arc::new(MemoryStorage::new()), options);
    for name in ["", "two words", "ü", "a/b", long.as_str(), "global", "local", "content"] {
        let refused = create(IndexOptions::new().space(name, 3)).unwrap_err();
        assert!(matches!(&refused, Error::Space { .. }), "{name}: {refused}");
    }
    let twice = create(IndexOptions::new().space("a", 3).space("a", 3)).unwrap_err();
    assert!(matches!(&twice, Error::Space { name, .. } if name == "a"), "{twice}");
    let many = |count: usize| (0..count).fold(IndexOptions::new(), |all, number| all.space(format!("s{number}"), 1));
    assert!(matches!(create(many(65)), Err(Error::Space { .. })));
    let index = create(many(64)).unwrap();
    index.put(Note::new("last").vector("s63", [1.0])).unwrap();
    index.commit().unwrap();
    assert_eq!(index.search(Query::vector_in("s63", [2.0]), &SearchOptions::new()).unwrap().hits.len(), 1);
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn vectors_that_cannot_be_are_refused_when_they_are_put() {
    let (index, _) = with_spaces();
    let refused = |space: &str, vector: &[f32]| index.put(Note::new("n").text("t").vector(space, vector)).unwrap_err();
    let unknown = refused("smell", &[1.0]);
    assert!(unknown.to_string().contains("it has audio, taste"), "{unknown}");
    assert!(matches!(refused("global", &[1.0]), Error::NoSuchSpace { .. }));
    for (vector, expected) in [
        (&[1.0, 2.0][..], VectorError::WrongWidth { expected: 3, got: 2 }),
        (&[0.0; 3], VectorError::Zero),
        (&[0.0, f32::NAN, 0.0], VectorError::NotFinite { position: 1 }),
    ] {
        let error = refused("audio", vector);
        assert!(error.to_string().contains("space \"audio\""), "{error}");
        let Error::SpaceVector { source, .. } = error else { panic!("{error}") };
        assert_eq!(source, expected);
    }
    let many = (0..4_097).fold(Note::new("many"), |note, _| note.vector("taste", [1.0, 0.0]));
    assert!(matches!(index.put(many), Err(Error::Note { .. })));
    let commit = index.commit().unwrap();
    assert_eq!((commit.notes, commit.skipped.len()), (0, 0), "nothing was taken");
    let (bare, _) = external(2);
    let error = bare.put(Note::new("n").vector("audio", [1.0])).unwrap_err();
    assert!(error.to_string().contains("add_space"), "{error}");
}

#[test]
fn a_space_has_its_own_width_rotation_and_graph() {
    let (index, storage) = external(4);
    index.add_space("wide", 80).unwrap();
    let rows = vectors(Shape::Clustered, 5_000, 80, 21);
    let names: Vec<String> = (0..rows.len()).map(|number| format!("{number:04}")).collect();
    for (name, row) in names.iter().zip(&rows) {
        index.put_with_vector(Note::new(name).title("t").vector("wide", row.as_slice()), &row[..4]).unwrap();
    }
    index.commit().unwrap();
    let rotations = || storage.list().unwrap().iter().filter(|name| name.starts_with("rotation-")).count();
    let check = || {
        assert_eq!(rotations(), 1, "four components are too few for one");
        let stats = index.snapshot().stats();
        assert_eq!(stats.spaces.iter().map(|space| space.rows_in_graphs).collect::<Vec<_>>(), [5_000, 0, 5_000]);
        assert!(index.verify().unwrap().is_sound());
        let mut found_all = 0.0;
        for seed in 0..40 {
            let query =
                unit(rows[seed * 100].iter().zip(Draw(seed as u64).unit(80)).map(|(a, b)| a + 0.3 * b).collect());
            let truth = best(names.iter().map(String::as_str).zip(rows.iter().map(Vec::as_slice)), &query, 10);
            let answer = index.search(Query::vector_in("wide", query.as_slice()), &SearchOptions::new()).unwrap();
            assert!(!answer.stages.exact);
            for hit in &answer.hits {
                let row = &rows[hit.id.parse::<usize>().unwrap()];
                assert!((f64::from(hit.score) - cosine(row, &query)).abs() < 1e-5);
            }
            found_all += recall(&truth, answer.hits.iter().map(|hit| f64::from(hit.score))) / 40.0;
        }
        assert!(found_all >= 0.94, "recall {found_all}");
    };
    check();
    index.delete("0000").unwrap();
    index.put_with_vector(Note::new("0000").title("t").vector("wide", rows[0].as_slice()), &rows[0][..4]).unwrap();
    index.compact(None).unwrap();
    check();
}
