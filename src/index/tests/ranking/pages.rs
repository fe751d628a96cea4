//! Pages of every order, and what must never be on them.

use super::super::oracle::{Shape as Cloud, vectors};
use super::*;
use crate::query::Fusion;
use std::collections::BTreeSet;
use std::time::Duration;

/// Each way of ordering that goes on after the pool.
fn ways() -> [SearchOptions; 3] {
    [all(Mode::Fused), all(Mode::Fused).fusion(Fusion::Ranks), all(Mode::Ranked)]
}

fn names(hits: &[Hit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.id.as_str()).collect()
}

#[test]
fn pages_hold_every_note_once_in_one_order() {
    let notes = made(450, 21);
    let (index, _) = index_of(&notes, 200);
    notes.iter().step_by(7).for_each(|note| index.delete(&note.id).unwrap());
    index.commit().unwrap();
    index.install_head(&by_feature("length", -1.0)).unwrap();
    let mut live: Vec<String> = index.snapshot().ids().collect();
    live.sort_unstable();
    for options in ways() {
        let query = Query::text("bababa kobaba duko");
        let whole = index.search(query.clone(), &options).unwrap();
        assert_eq!(whole.next, None);
        never_rises(&whole.hits);
        let mut shown = names(&whole.hits);
        assert!(shown.len() > 300, "more than the pool holds");
        shown.sort_unstable();
        assert_eq!(shown, live, "{:?}", options.mode);
        for k in [1, 10, 97, 250] {
            let options = options.clone().k(k);
            assert_eq!(all_pages(&index, &query, &options), whole.hits, "{:?}, {k} a page", options.mode);
        }
    }
}

#[test]
fn segments_do_not_change_an_order() {
    let notes = made(450, 22);
    let (one, _) = index_of(&notes, 450);
    let (many, _) = index_of(&notes, 70);
    assert!(many.snapshot().stats().segments > 5);
    for index in [&one, &many] {
        index.install_head(&by_feature("lexical", 0.5)).unwrap();
    }
    for options in ways() {
        let query = "bababa kobaba fe";
        let (one, many) = (one.search(query, &options).unwrap(), many.search(query, &options).unwrap());
        // Where the hundred by words end among equals, which of them are in the pool is left to the index.
        assert_eq!(names(&one.hits[..80]), names(&many.hits[..80]), "{options:?}");
    }
    let lexical = |index: &Index| index.search("bababa kobaba", &all(Mode::Lexical)).unwrap().hits;
    assert_eq!(names(&lexical(&one)), names(&lexical(&many)));
}

#[test]
fn pages_of_an_approximate_search_repeat_nothing() {
    let (index, _) = external(16);
    let mut draw = Draw(3);
    for (number, row) in vectors(Cloud::Clustered, 3_000, 16, 4).iter().enumerate() {
        let words = text(&mut draw, 3);
        index.put_with_vector(Note::new(format!("n{number}")).title(words), row).unwrap();
    }
    index.commit().unwrap();
    let query = Query::vector(Draw(9).unit(16)).and("bababa");
    let options = SearchOptions::new().k(150).recall(0.8).mode(Mode::Fused);
    assert!(!index.search(query.clone(), &options).unwrap().stages.exact);
    let hits = all_pages(&index, &query, &options);
    never_rises(&hits);
    let different: BTreeSet<&str> = hits.iter().map(|hit| hit.id.as_str()).collect();
    assert_eq!(different.len(), hits.len());
    assert!(hits.len() > 2_700, "{} of 3,000", hits.len());
}

#[test]
fn what_is_left_out_is_on_no_page() {
    let notes = made(300, 23);
    let (index, _) = index_of(&notes, 100);
    let best = index.search("bababa kobaba", &SearchOptions::new().k(5)).unwrap();
    let out: Vec<&str> = ids(&best);
    let query = || Query::text("bababa kobaba").except(out.clone());
    for options in ways().into_iter().chain([all(Mode::Lexical), all(Mode::Dense)]) {
        let hits = all_pages(&index, &query(), &options.k(20));
        assert!(hits.iter().all(|hit| !out.contains(&hit.id.as_str())));
        assert!(hits.len() > 20);
    }
    let (first, second) = (&notes[3].id, &notes[4].id);
    for options in ways() {
        let hits = all_pages(&index, &Query::like([first, second]), &options.k(50));
        assert_eq!(hits.len(), 298, "notes that are terms are no hits");
    }
}

#[test]
fn equal_notes_come_in_the_order_of_their_ids() {
    let (index, _) = index_of(&[], 1);
    for number in 0..700 {
        index.add(Note::new(format!("{:03}", (number * 37) % 700)).text("bababa")).unwrap();
        if number % 300 == 299 {
            index.commit().unwrap();
        }
    }
    index.commit().unwrap();
    let expected: Vec<String> = (0..700).map(|number| format!("{number:03}")).collect();
    for k in [1_000, 130] {
        let hits = all_pages(&index, &Query::text("bababa"), &all(Mode::Lexical).k(k));
        assert_eq!(names(&hits), expected, "{k} a page");
    }
}

#[test]
fn a_page_goes_on_after_a_note_that_is_gone() {
    let notes = made(400, 24);
    let (index, _) = index_of(&notes, 400);
    let options = all(Mode::Fused).k(280);
    let first = index.search("bababa", &options).unwrap();
    let last = first.hits.last().unwrap().id.clone();
    index.delete(&last).unwrap();
    index.commit().unwrap();
    let second = index.search("bababa", &options.after(first.next.clone().unwrap())).unwrap();
    let shown: BTreeSet<&str> = ids(&first).into_iter().collect();
    let again = ids(&second).iter().filter(|id| shown.contains(*id)).count();
    assert!(second.hits.len() >= 119 && again <= 1, "{} hits, {again} of them again", second.hits.len());
}

#[test]
fn no_hits_wanted_and_cursors_of_nowhere() {
    let notes = made(250, 25);
    let (index, _) = index_of(&notes, 250);
    for options in ways().into_iter().chain([all(Mode::Lexical)]) {
        let none = index.search("bababa", &options.clone().k(0)).unwrap();
        assert!(none.hits.is_empty() && none.next.is_none());
        let far = options.clone().after("ffffffff.3f000000.b.c".parse().unwrap());
        assert!(index.search("bababa", &far).unwrap().hits.is_empty());
        let empty =
            Index::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new().encoder(Fake::shared(4))).unwrap();
        assert!(empty.search("bababa", &options).unwrap().hits.is_empty());
    }
}

#[test]
fn limits_stop_every_order() {
    let notes = made(50, 26);
    let (index, _) = index_of(&notes, 50);
    let cancel = Cancel::new();
    cancel.cancel();
    for options in ways().into_iter().chain([all(Mode::Lexical)]) {
        let stopped = index.search("bababa", &options.clone().cancel(&cancel));
        assert!(matches!(stopped, Err(Error::Cancelled)));
        let late = index.search("bababa", &options.deadline(Duration::ZERO));
        assert!(matches!(late, Err(Error::Deadline { .. })));
    }
}

#[test]
fn granularities_look_at_their_rows_only() {
    let (index, _) = index_of(&[], 1);
    index.add(Note::new("both").title("kokoko").text("bababa")).unwrap();
    index.add(Note::new("title").title("bababa")).unwrap();
    index.commit().unwrap();
    let close = |granularity, id: &str| {
        let options = all(Mode::Fused).granularity(granularity).explain(true);
        let answer = index.search("bababa", &options).unwrap();
        answer.hits.iter().find(|hit| hit.id == id).unwrap().stages.full
    };
    let alone = |granularity| scores(&index.search("bababa", &all(Mode::Dense).granularity(granularity)).unwrap());
    for granularity in [Granularity::Global, Granularity::Local] {
        let expected = alone(granularity)["both"];
        assert!((f64::from(close(granularity, "both")) - expected).abs() < 1e-6, "{granularity:?}");
    }
    assert_eq!(close(Granularity::Local, "title"), 0.0, "found by its words; it has no passage");
}

#[test]
fn a_batch_is_answered_as_one_by_one_in_every_order() {
    let notes = made(150, 27);
    let (index, _) = index_of(&notes, 60);
    index.install_head(&by_feature("coverage", 2.0)).unwrap();
    for options in ways().into_iter().chain([all(Mode::Lexical)]) {
        let queries = || ["bababa", "kobaba fe", "duko bababa"].map(Query::text);
        let together = index.snapshot().search_batch(queries(), &options).unwrap();
        let alone: Vec<Answer> = queries().into_iter().map(|query| index.search(query, &options).unwrap()).collect();
        assert_eq!(together, alone);
    }
}
