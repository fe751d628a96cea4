//! Answers arranged beyond their scores: newer first, copies folded, not more of the same; and what a passage shows.

use super::*;
use crate::query::Decay;
use std::time::Duration;

const DAY: i64 = 86_400_000;
const NOW: i64 = 1_760_000_000_000;

fn ids(answer: &Answer) -> Vec<&str> {
    answer.hits.iter().map(|hit| hit.id.as_str()).collect()
}

/// Notes with equal words, each of another day; one without a date.
fn dated() -> Index {
    let index = Index::in_memory().unwrap();
    for (id, days) in [("old", 400), ("older", 900), ("new", 1)] {
        index.add(Note::new(id).text("The roof of the shed leaks.").created(NOW - days * DAY)).unwrap();
    }
    index.add(Note::new("undated").text("The roof of the shed leaks.")).unwrap();
    index.commit().unwrap();
    index
}

#[test]
fn older_notes_count_less_where_that_is_wanted() {
    let index = dated();
    let decay = Decay::new(Duration::from_secs(200 * 86_400)).now_ms(NOW);
    for mode in [Mode::Dense, Mode::Fused, Mode::Ranked] {
        let options = SearchOptions::new().mode(mode);
        assert_eq!(
            ids(&index.search("leaking roof", &options).unwrap()),
            ["new", "old", "older", "undated"],
            "{mode:?}"
        );
        let answer = index.search("leaking roof", &options.decay(decay)).unwrap();
        assert_eq!(ids(&answer), ["new", "undated", "old", "older"], "{mode:?}");
        assert!(answer.hits.is_sorted_by(|left, right| left.score >= right.score), "{mode:?}");
    }
}

#[test]
fn copies_are_folded_under_the_best_of_them_and_the_page_fills_up() {
    let index = dated();
    index.add(Note::new("other").text("A shed with a green roof and a door.")).unwrap();
    index.commit().unwrap();
    let options = SearchOptions::new().k(2).fold(0.8);
    let answer = index.search("the roof of the shed leaks", &options).unwrap();
    assert_eq!(ids(&answer), ["new", "other"]);
    assert_eq!(answer.hits[0].folded, ["old", "older", "undated"]);
    assert!(answer.hits[1].folded.is_empty() && answer.next.is_none(), "what is folded is on no other page");
    let plain = index.search("the roof of the shed leaks", &SearchOptions::new().k(2)).unwrap();
    assert!(plain.hits.iter().all(|hit| hit.folded.is_empty()) && plain.next.is_some());
}

#[test]
fn diversity_shows_something_else_before_more_of_the_same() {
    let index = dated();
    index.add(Note::new("other").text("Leaks of a tap: how to change a washer.")).unwrap();
    index.commit().unwrap();
    let place = |diversity: f32| {
        let options = SearchOptions::new().diversity(diversity).mode(Mode::Fused);
        let answer = index.search("a roof that leaks", &options).unwrap();
        assert_eq!(answer.hits.len(), 5);
        answer.hits.iter().position(|hit| hit.id == "other").unwrap()
    };
    assert_eq!((place(0.0), place(0.6)), (4, 1));
}

#[test]
fn wishes_that_make_no_sense_are_refused() {
    let index = dated();
    let wishes = [
        SearchOptions::new().diversity(1.5),
        SearchOptions::new().fold(-0.5),
        SearchOptions::new().decay(Decay::new(Duration::ZERO)),
    ];
    for wish in wishes {
        assert!(matches!(index.search("roof", &wish), Err(Error::Option { .. })), "{wish:?}");
    }
}

#[test]
fn a_passage_shows_the_words_that_were_asked_for() {
    let index = Index::in_memory().unwrap();
    let filler = "Nothing of note happened on that long and quiet day by the sea. ".repeat(6);
    let text = format!("{filler}Then the connections of the old pump were leaking again. {filler}");
    index.add(Note::new("a").title("Diary").text(text)).unwrap();
    index.commit().unwrap();
    let passage = |mode: Mode| {
        let answer = index.search("connected leaks", &SearchOptions::new().mode(mode)).unwrap();
        answer.hits.into_iter().next().and_then(|hit| hit.passage).unwrap()
    };
    let ranked = passage(Mode::Ranked);
    let words: Vec<&str> = ranked.matches.iter().map(|span| &ranked.text[span.clone()]).collect();
    assert_eq!(words, ["connections", "leaking"]);
    let snippet = &ranked.text[ranked.snippet.clone()];
    assert!(snippet.len() <= 200 && words.iter().all(|word| snippet.contains(word)), "{snippet}");
    assert!(passage(Mode::Dense).matches.is_empty());
}
