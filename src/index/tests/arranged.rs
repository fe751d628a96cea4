//! Answers arranged by date, by likeness and with copies folded; words of the query in passages.

use super::*;
use crate::query::{Decay, Mode};
use std::collections::BTreeSet;
use std::time::Duration;

const DAY: i64 = 86_400_000;

/// Notes with vectors ever farther from the first axis: score falls with the number.
fn fan(texts: &[&str]) -> Index {
    let (index, _) = external(3);
    for (number, text) in texts.iter().enumerate() {
        let angle = number as f32 * 0.01;
        let mut note = Note::new(format!("n{number:03}")).text(*text);
        note.created = Some((texts.len() - number) as i64 * -10 * DAY);
        index.put_with_vector(note, &[angle.cos(), angle.sin(), 0.0]).unwrap();
    }
    index.commit().unwrap();
    index
}

fn ask(index: &Index, options: &SearchOptions) -> Answer {
    index.search(Query::vector([1.0, 0.0, 0.0]), &options.clone().mode(Mode::Dense)).unwrap()
}

#[test]
fn copies_fold_into_the_first_and_the_page_fills_up() {
    let soup = "Roast the tomatoes with garlic, then blend them with stock.";
    let index = fan(&[soup, "the moon wanes", soup, "a puncture", "the tides", soup]);
    let plain = ask(&index, &SearchOptions::new().k(3));
    assert_eq!(ids(&plain), ["n000", "n001", "n002"]);
    assert!(plain.hits.iter().all(|hit| hit.folded.is_empty()));
    let folded = ask(&index, &SearchOptions::new().k(3).fold(0.9));
    assert_eq!(ids(&folded), ["n000", "n001", "n003"]);
    assert_eq!(folded.hits[0].folded, ["n002", "n005"]);
    assert_eq!(folded.hits[0].score, plain.hits[0].score);
    let rest = ask(&index, &SearchOptions::new().k(3).fold(0.9).after(folded.next.unwrap()));
    assert_eq!(ids(&rest), ["n004"]);
    assert!(rest.next.is_none());
}

#[test]
fn pages_go_through_the_arrangement_and_then_through_what_is_behind_it() {
    let texts: Vec<String> = (0..150).map(|number| format!("w{} v{number}", number % 40)).collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let index = fan(&texts);
    let mut options = SearchOptions::new().k(7).fold(0.3).diversity(0.3);
    let (mut shown, mut pages) = (Vec::new(), 0);
    loop {
        let answer = ask(&index, &options);
        shown.extend(answer.hits.iter().flat_map(|hit| hit.folded.iter().chain([&hit.id]).cloned()));
        pages += 1;
        match answer.next {
            Some(next) => options = options.after(next.to_string().parse().unwrap()),
            None => break,
        }
    }
    assert!(pages > 10);
    assert_eq!(shown.len(), 150, "every note once");
    assert_eq!(shown.iter().collect::<BTreeSet<_>>().len(), 150);
}

#[test]
fn new_notes_rise_with_a_decay_and_diversity_brings_other_kinds_up() {
    let (index, _) = external(3);
    let mut old = Note::new("old").text("one");
    old.created = Some(0);
    let mut new = Note::new("new").text("two");
    new.created = Some(100 * DAY);
    let notes = [(old, [1.0, 0.1, 0.0]), (new, [1.0, 0.2, 0.0]), (Note::new("other").text("three"), [1.0, 0.0, 0.9])];
    for (note, vector) in notes {
        index.put_with_vector(note, &vector).unwrap();
    }
    index.commit().unwrap();
    assert_eq!(ids(&ask(&index, &SearchOptions::new())), ["old", "new", "other"]);
    let decay = Decay::exponential(Duration::from_secs(10 * 86_400)).origin(100 * DAY);
    let recent = ask(&index, &SearchOptions::new().decay(decay));
    assert_eq!(ids(&recent)[0], "new");
    assert!(recent.hits.iter().all(|hit| (0.0..=1.0).contains(&hit.score)));
    assert_eq!(ids(&ask(&index, &SearchOptions::new().diversity(0.9))), ["old", "other", "new"]);
    for wrong in [-0.1, 1.1, f32::NAN] {
        let refused = index.search(Query::vector([1.0, 0.0, 0.0]), &SearchOptions::new().diversity(wrong));
        assert!(matches!(refused, Err(Error::Option { option: "diversity", .. })));
    }
}

#[test]
fn a_passage_names_the_words_asked_for_and_shows_the_part_that_has_them() {
    let index = Index::in_memory().unwrap();
    let filler = "It waxes from new to full and wanes again within the month, as everybody knows. ".repeat(4);
    let text = format!("{filler}Blend the roasted tomatoes with basil. {filler}");
    index.add(Note::new("a").text(text.as_str())).unwrap();
    index.commit().unwrap();
    let answer = index.search("tomatoes and basil", &SearchOptions::new()).unwrap();
    let passage = answer.hits[0].passage.as_ref().unwrap();
    let words: Vec<&str> = passage.matches.iter().map(|span| &text[span.clone()]).collect();
    assert!(words.contains(&"tomatoes") && words.contains(&"basil"), "{words:?}");
    let snippet = &passage.snippet;
    assert_eq!(snippet.text, text[snippet.start..snippet.end]);
    assert!(snippet.text.len() <= 200 && snippet.text.contains("tomatoes with basil"), "{snippet:?}");
    let dense = index.search("tomatoes and basil", &SearchOptions::new().mode(Mode::Dense)).unwrap();
    assert!(dense.hits[0].passage.as_ref().unwrap().matches.is_empty());
}
