//! Text to terms. What is listed here is part of the format: an index holds such terms.

use super::super::analysis::Analyser;
use super::*;
use proptest::prelude::*;

fn terms(language: Language, text: &str) -> Vec<String> {
    let analyser = Analyser::new(language);
    analyser.words(text).filter_map(|span| analyser.term(&text[span])).collect()
}

#[track_caller]
fn becomes(text: &str, expected: &[&str]) {
    assert_eq!(terms(Language::English, text), expected, "{text:?}");
}

#[test]
fn english_words_lose_case_accents_and_endings() {
    becomes("Connections connected CONNECTING", &["connect", "connect", "connect"]);
    becomes("The naïve café's résumés", &["the", "naiv", "cafe", "resum"]);
    becomes("the dogs' bowl, John's and JOHN’S", &["the", "dog", "bowl", "john", "and", "john"]);
    becomes("don't O'Brien rock'n'roll 'quoted'", &["dont", "obrien", "rocknrol", "quot"]);
    becomes("Straße Ærø Łódź Đorđe ŒUVRE", &["strass", "aero", "lodz", "dord", "oeuvr"]);
    becomes("ﬁsh ＦＵＬＬ e\u{301}tude so\u{ad}ft", &["fish", "full", "etud", "soft"]);
}

#[test]
fn numbers_and_codes_stay_findable() {
    becomes("covid-19 COVID19 SARS-CoV-2", &["covid", "19", "covid19", "sar", "cov", "2"]);
    becomes("c++ C# f# c+ g++ notepad++", &["c++", "c#", "f#", "c", "g++", "notepad"]);
    becomes("3.14, 1,000 1,2 10,00 v1.2.3.", &["3.14", "1000", "1", "2", "10", "00", "v1.2.3"]);
    becomes(
        "foo_bar fooBar std::fs a/b.txt x@y.com",
        &["foo", "bar", "foobar", "std", "fs", "a", "b", "txt", "x", "y", "com"],
    );
    becomes("U.S.A. e.g. this. The end.Next", &["usa", "eg", "this", "the", "end", "next"]);
    becomes("H2O 4th 192.168.0.1", &["h2o", "4th", "192.168.0.1"]);
    becomes("…--- !? '' ++ #", &[]);
}

#[test]
fn scripts_without_spaces_come_in_pairs() {
    becomes("東京都 京", &["東京", "京都", "京"]);
    becomes("ひらがなXカ", &["ひら", "らが", "がな", "x", "カ"]);
    becomes("ｶﾞｽ", &["ガス"]);
    becomes("대한민국", &["대한", "한민", "민국"]);
    assert_eq!(terms(Language::Neutral, "ภาษาไทย").len(), 6);
    becomes("iPhone15を買う", &["iphone15", "を買", "買う"]);
}

#[test]
fn other_scripts_are_words_whose_marks_stay() {
    becomes("Привет, МИР! й", &["привет", "мир", "й"]);
    becomes("Ελλάδα ΟΔΌΣ", &["ελλαδα", "οδοσ"]);
    becomes("हिन्दी भाषा", &["हिन्दी", "भाषा"]);
    becomes("שלום עולם", &["שלום", "עולם"]);
}

#[test]
fn languages_cut_their_own_endings() {
    assert_eq!(terms(Language::Neutral, "Connections l'homme"), ["connections", "l", "homme"]);
    assert_eq!(terms(Language::German, "Häuser Haus häusern"), ["haus", "haus", "haus"]);
    assert_eq!(terms(Language::French, "l'été continuellement"), ["l", "ete", "continuel"]);
    assert_eq!(terms(Language::Russian, "книги книга"), ["книг", "книг"]);
    assert_eq!(terms(Language::Ukrainian, "п'ять").len(), 1);
}

#[test]
fn every_language_is_found_by_its_name() {
    for language in Language::ALL {
        assert_eq!(Language::from_name(language.name()), Some(*language));
    }
    assert_eq!((Language::from_name("klingon"), Language::from_name("")), (None, None));
    assert_eq!(Language::default(), Language::English);
}

#[test]
fn terms_are_of_bounded_length() {
    for unit in ["a", "é", "東", "\u{301}", "a\u{301}", "ﷺ", "a.", "a'"] {
        let text = unit.repeat(100_000);
        for term in terms(Language::English, &text) {
            assert!((1..=64).contains(&term.len()), "{unit:?}: {term:?}");
        }
    }
    let long = "x".repeat(300);
    assert_eq!(terms(Language::English, &long), terms(Language::English, &format!("{long}y")));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_has_words_between_letters_in_every_language(text in any::<String>(), language in 0..Language::ALL.len()) {
        let analyser = Analyser::new(Language::ALL[language]);
        let mut before = 0..0;
        for span in analyser.words(&text) {
            prop_assert!(span.start >= before.start && span.end > before.end && span.end > span.start);
            let word = text.get(span.clone());
            prop_assert!(word.is_some(), "{span:?}");
            let term = analyser.term(word.unwrap());
            prop_assert!(term.is_none_or(|term| (1..=64).contains(&term.len())));
            before = span;
        }
    }

    #[test]
    fn words_of_a_language_reach_its_stemmer(
        text in "[a-zäöüßéèçñığşčřž' ]{0,40}|[а-яіїєґ' ]{0,40}|[\u{620}-\u{652} ]{0,40}|[\u{900}-\u{94d} ]{0,40}|[α-ωάέή ]{0,40}|[\u{b82}-\u{bcd} ]{0,40}|[\u{561}-\u{587} ]{0,40}|[\u{5d0}-\u{5ea} ]{0,40}",
        language in 0..Language::ALL.len(),
    ) {
        prop_assert!(terms(Language::ALL[language], &text).iter().all(|term| term.len() <= 64));
    }
}
