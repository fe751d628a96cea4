//! Where a text says what a query asks.

use super::super::highlight::{Match, best_window};
use super::*;
use proptest::prelude::*;

fn marked(query: &str, text: &str) -> Vec<String> {
    asked(query).matches(text).into_iter().map(|found| text[found.span].to_owned()).collect()
}

#[test]
fn words_are_found_in_every_form_a_search_finds_them_in() {
    assert_eq!(
        marked("connection of café", "Connected cafés, the CAFE's connecting."),
        ["Connected", "cafés", "CAFE's", "connecting"]
    );
    assert_eq!(marked("the end", "The end of the line"), ["end"]);
    assert_eq!(marked("the", "The end of the line"), ["The", "the"]);
    assert_eq!(marked("東京都", "私は東京に住む"), ["東京"]);
    assert_eq!(marked("", "anything"), [""; 0]);
    assert_eq!(marked("c++ covid-19", "C++ and COVID 19"), ["C++", "COVID", "19"]);
}

fn window(query: &str, text: &str, bytes: usize) -> String {
    let query = asked(query);
    let words = gathered(&[text.to_owned(), "filler".to_owned()]);
    let bound = Bound::new(&query, &[words.view()], 99).unwrap();
    let weight = |term: usize| bound.terms()[term].weight;
    text[best_window(text, &query.matches(text), &weight, bytes)].to_owned()
}

#[test]
fn the_best_window_has_most_of_what_is_asked_and_whole_words() {
    let text =
        "Apples are red. Pears are green and grow on trees. Apples and pears make a fine juice, as trees do not.";
    assert_eq!(window("apples pears juice", text, 48), "Apples and pears make a fine juice, as");
    assert_eq!(window("apples", text, 16), "Apples are red.");
    assert_eq!(window("nothing of it", text, 12), "Apples are");
    assert_eq!(window("apples", text, 1_000), text);
    assert_eq!(window("juice", "", 10), "");
    assert_eq!(window("apples pears", "apples apples apples apples. Or pears, or apples.", 21), "apples. Or pears,");
    // Pairs of letters that overlap, in windows too small for one, for one, and for two.
    for (bytes, shown) in [(0, ""), (5, "私"), (6, "東京"), (9, "東京都")] {
        assert_eq!(window("東京都", "私は東京都に住む", bytes), shown, "{bytes}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn windows_lie_between_letters_and_are_no_longer_than_asked(
        text in "[a-z äé東京.]{0,80}",
        query in "[a-z äé東京]{0,12}",
        bytes in 0_usize..60,
    ) {
        let query = asked(&query);
        let matches = query.matches(&text);
        let window = best_window(&text, &matches, &|term| 1.0 + term as f32, bytes);
        let shown = text.get(window.clone());
        prop_assert!(shown.is_some(), "{window:?} of {text:?}");
        prop_assert!(window.len() <= bytes);
        let inside = |found: &&Match| window.start <= found.span.start && found.span.end <= window.end;
        let fits = matches.iter().any(|found| found.span.len() <= bytes);
        prop_assert!(!fits || matches.iter().filter(inside).count() > 0, "{window:?} of {text:?}: {matches:?}");
    }
}
