//! What was chosen of what was shown: how it is kept, and how it is forgotten.

use super::super::seer::{RED, Seer, picture};
use super::*;
use crate::disk::{FaultKind, Storage};
use crate::error::QueryError;
use crate::query::Sought;
use std::io::ErrorKind;

fn strings(ids: &[&str]) -> Vec<String> {
    ids.iter().map(|id| (*id).to_owned()).collect()
}

fn files(storage: &MemoryStorage) -> Vec<String> {
    storage.list().unwrap().into_iter().filter(|name| name.starts_with("feedback-")).collect()
}

/// Damages a file.
fn bend(storage: &MemoryStorage, name: &str) {
    let mut bytes = storage.map(name).unwrap().to_vec();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    storage.publish(name, &mut |out| out.write_all(&bytes)).unwrap();
}

/// What training would be given, by query.
fn kept(index: &Index) -> Vec<(Query, Vec<(String, f32)>)> {
    let judged = index.write(|writer| writer.chosen()).unwrap();
    let mut kept: Vec<_> = judged.into_iter().map(|judged| (judged.query, judged.grades)).collect();
    kept.sort_by_key(|(query, _)| format!("{query:?}"));
    kept
}

/// As many answers, each to another query, of which the second hit was chosen.
fn choose(index: &Index, numbers: std::ops::Range<usize>) {
    for number in numbers {
        index.feedback(format!("query {number:03}"), &strings(&["a", "b", "c"]), &strings(&["b"])).unwrap();
    }
}

#[test]
fn feedback_is_kept_by_a_commit_and_not_before() {
    let (index, storage) = index_of(&made(10, 51), 10);
    choose(&index, 0..3);
    assert!(files(&storage).is_empty());
    index.rollback().unwrap();
    index.commit().unwrap();
    assert!(files(&storage).is_empty() && kept(&index).is_empty());
    choose(&index, 0..3);
    let before = index.snapshot().generation();
    assert_eq!(index.commit().unwrap().generation, before + 1);
    assert_eq!(index.commit().unwrap().generation, before + 1, "there is nothing new");
    let grades: Vec<(String, f32)> = vec![("a".to_owned(), 0.0), ("b".to_owned(), 2.0), ("c".to_owned(), 0.0)];
    let expected =
        [("query 000".into(), grades.clone()), ("query 001".into(), grades.clone()), ("query 002".into(), grades)];
    assert_eq!(kept(&index), expected, "the second place is looked at half as often");
    index.delete(&index.snapshot().ids().next().unwrap()).unwrap();
    index.compact(None).unwrap();
    drop(index);
    let index = opened(&storage);
    assert_eq!(kept(&index), expected);
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn answers_to_one_query_are_one_list() {
    let (index, _) = index_of(&made(10, 52), 10);
    for chosen in [&["a"][..], &[], &["b", "a", "a"]] {
        index.feedback("same", &strings(&["a", "b"]), &strings(chosen)).unwrap();
    }
    index.feedback("other", ["a"], [""; 0]).unwrap();
    let lists = kept(&index);
    assert_eq!(lists.len(), 2);
    let [(_, other), (same, grades)] = lists.as_slice() else { panic!("{lists:?}") };
    assert_eq!((same, other.as_slice()), (&Query::text("same"), &[("a".to_owned(), 0.0)][..]));
    assert_eq!(grades[0], ("a".to_owned(), 2.0 / 3.0));
    assert_eq!(grades[1], ("b".to_owned(), 2.0 / 3.0), "one of three, at the second place");
}

#[test]
fn many_files_become_one_and_all_can_be_erased() {
    let (index, storage) = index_of(&made(10, 53), 10);
    for number in 0..40 {
        choose(&index, number..number + 1);
        index.commit().unwrap();
        assert!((1..=16).contains(&files(&storage).len()), "{:?}", files(&storage));
        assert_eq!(kept(&index).len(), number + 1);
    }
    choose(&index, 50..52);
    index.forget_feedback().unwrap();
    assert!(files(&storage).is_empty() && kept(&index).is_empty());
    index.commit().unwrap();
    drop(index);
    assert!(kept(&opened(&storage)).is_empty());
}

#[test]
fn what_cannot_be_feedback_is_refused() {
    let (index, _) = index_of(&made(10, 54), 10);
    let shown = strings(&["a", "b"]);
    let refused = index.feedback("q", &shown, &strings(&["c"])).unwrap_err();
    assert!(matches!(&refused, Error::Query(QueryError::NotShown { id }) if id == "c"), "{refused}");
    let empty = index.feedback(Query::like([""; 0]), &shown, [""; 0]).unwrap_err();
    assert!(matches!(empty, Error::Query(QueryError::Empty)), "{empty}");
    for weight in [0.0, -1.0, f32::NAN] {
        let refused = index.feedback(Query::text("q").weight(weight), &shown, [""; 0]).unwrap_err();
        assert!(matches!(refused, Error::Query(QueryError::Weight { .. })), "{refused}");
    }
    let far: Vec<String> = (0..1_001).map(|number| number.to_string()).collect();
    let refused = index.feedback("q", &far, ["1000"]).unwrap_err();
    assert!(matches!(&refused, Error::Query(QueryError::TooFarDown { id, .. }) if id == "1000"), "{refused}");
    for vector in [vec![1.0; 3], vec![f32::NAN; 16], vec![0.0; 16]] {
        let refused = index.feedback(Query::vector(vector), &shown, [""; 0]).unwrap_err();
        assert!(matches!(refused, Error::Vector(_)), "{refused}");
    }
    index.add_space("sound", 2).unwrap();
    let refused = index.feedback(Query::vector_in("sound", vec![1.0]), &shown, [""; 0]).unwrap_err();
    assert!(matches!(refused, Error::SpaceVector { .. }), "{refused}");
    for query in [Query::vector_in("taste", vec![1.0]), Query::similar_in("n0001", "taste")] {
        let refused = index.feedback(query, &shown, [""; 0]).unwrap_err();
        assert!(matches!(refused, Error::NoSuchSpace { .. }), "{refused}");
    }
    assert!(kept(&index).is_empty());
    index.feedback("q", &far, ["999"]).unwrap();
    assert_eq!(kept(&index)[0].1.len(), 1_000);
}

#[test]
fn another_encoder_keeps_what_does_not_hang_on_the_one_before() {
    let seer = |name: &'static str| Seer::with(name, |_| {});
    let storage = MemoryStorage::new();
    let options = IndexOptions::new().encoder(seer("first")).space("sound", 2);
    let index = Index::create_in(Arc::new(storage.clone()), options).unwrap();
    index.add(Note::new("a").title("red")).unwrap();
    let kept_ones = [Query::text("red"), Query::vector_in("sound", vec![0.0, 1.0]), Query::similar("a")];
    let choose = |query: &Query| index.feedback(query.clone(), ["a"], ["a"]).unwrap();
    kept_ones.iter().for_each(choose);
    index.commit().unwrap();
    choose(&Query::picture(picture(RED)));
    choose(&Query::vector(vec![1.0, 0.0, 0.0, 0.0]).and("red"));
    choose(&"late".into());
    index.reencode(seer("first"), None, |_, _| {}).unwrap();
    assert_eq!(index.feedback_events().unwrap(), 6, "the same encoder");
    index.reencode(seer("second"), None, |_, _| {}).unwrap();
    let left: Vec<Query> = kept(&index).into_iter().map(|(query, _)| query).collect();
    assert_eq!((left.len(), index.feedback_events().unwrap()), (4, 4), "{left:?}");
    assert!(kept_ones.iter().chain([&"late".into()]).all(|query| left.contains(query)), "{left:?}");
    assert_eq!(files(&storage).len(), 2);
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn damaged_feedback_keeps_nobody_from_writing() {
    let (index, storage) = index_of(&made(10, 57), 10);
    for number in 0..16 {
        choose(&index, number..number + 1);
        index.commit().unwrap();
    }
    let name = files(&storage).remove(3);
    bend(&storage, &name);
    choose(&index, 16..17);
    index.add(Note::new("new").title("ba")).unwrap();
    index.commit().unwrap();
    assert_eq!(files(&storage).len(), 2, "the damaged one, and all others together");
    assert!(files(&storage).contains(&name) && index.get("new").unwrap().is_some());
    index.forget_feedback().unwrap();
    assert!(files(&storage).is_empty() && index.verify().unwrap().is_sound());
}

#[test]
fn what_a_failed_commit_left_behind_is_erased_too() {
    let mut left_behind = 0;
    for step in 0..12 {
        let (index, storage) = index_of(&made(10, 58), 10);
        choose(&index, 0..2);
        storage.fail_after(step, FaultKind::Error(ErrorKind::StorageFull));
        let failed = index.commit().is_err();
        storage.clear_fault();
        let left = failed && !files(&storage).is_empty();
        match index.forget_feedback() {
            // After a failed sync nothing is written any more.
            Err(Error::Poisoned { .. }) => continue,
            forgotten => forgotten.map(|_| left_behind += usize::from(left)).unwrap(),
        }
        assert!(files(&storage).is_empty(), "step {step}");
    }
    assert!(left_behind > 0, "no fault left a file");
}

#[test]
fn every_kind_of_query_comes_back_and_pictures_as_vectors() {
    let seer = Seer::new("seer", crate::encode::Fusion::default());
    let options = IndexOptions::new().encoder(seer).space("sound", 2);
    let index = Index::create_in(Arc::new(MemoryStorage::new()), options).unwrap();
    let plain = [
        Query::text("red").weight(2.0).unlike("blue"),
        Query::vector(vec![1.0, 0.0, 0.0, 0.0]).and(Query::vector_in("sound", vec![0.0, 1.0])),
        Query::similar("a").and(Query::similar_in("b", "sound")),
        Query::similar_to_part("a", Like::Passage(2)).and(Query::similar_to_part("a", Like::Picture(1))),
        Query::similar_to_part("a", Like::Region { picture: 1, cell: 4 }),
    ];
    for query in &plain {
        index.feedback(query.clone(), &strings(&["a"]), &strings(&["a"])).unwrap();
    }
    index.feedback(Query::picture(picture(RED)), &strings(&["a"]), &strings(&["a"])).unwrap();
    index.commit().unwrap();
    let kept: Vec<Query> = kept(&index).into_iter().map(|(query, _)| query).collect();
    assert_eq!(kept.len(), 6);
    assert!(plain.iter().all(|query| kept.contains(query)), "{kept:?}");
    let seen = kept.iter().find(|query| !plain.contains(query)).unwrap();
    let Sought::Vector { space: None, vector } = &seen.terms[0].sought else { panic!("{seen:?}") };
    assert!(vector[0] > vector[1] && vector.len() == 4, "what the encoder made of it: {vector:?}");
}

#[test]
fn searching_never_reads_feedback() {
    let (index, storage) = index_of(&made(30, 55), 30);
    let before = index.search("bababa", &all(Mode::Ranked)).unwrap().hits;
    choose(&index, 0..5);
    index.commit().unwrap();
    drop(index);
    let name = files(&storage).remove(0);
    bend(&storage, &name);
    let index = opened(&storage);
    assert_eq!(index.search("bababa", &all(Mode::Ranked)).unwrap().hits, before);
    let report = index.verify().unwrap();
    assert!(report.damages.iter().all(|damage| damage.file == name) && !report.is_sound(), "{report:?}");
    let refused = index.train_on_feedback(&TrainOptions::new(), None).unwrap_err();
    assert!(matches!(&refused, Error::Damaged { file, .. } if *file == name), "{refused}");
    index.forget_feedback().unwrap();
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn a_fault_keeps_feedback_for_the_next_try() {
    let steps = {
        let (index, storage) = index_of(&made(10, 56), 10);
        choose(&index, 0..2);
        let start = storage.steps();
        index.commit().unwrap();
        storage.steps() - start
    };
    for step in 0..steps {
        let (index, storage) = index_of(&made(10, 56), 10);
        choose(&index, 0..2);
        storage.fail_after(step, FaultKind::Error(ErrorKind::StorageFull));
        let first = index.commit();
        storage.clear_fault();
        // After a failed sync a handle writes no more, and what it had is gone.
        let poisoned = first.is_err() && matches!(index.commit(), Err(Error::Poisoned { .. }));
        drop(index);
        let left = kept(&opened(&storage)).len();
        assert!(left == 2 || (poisoned && left == 0), "step {step}: {first:?}, {left} left");
        assert_eq!(files(&storage).len(), usize::from(left > 0));
    }
}
