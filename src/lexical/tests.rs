//! Search by words, held against a twin that reads every note; and words under damage.

mod damage;
mod highlights;
mod terms;

use super::analysis::Analyser;
use super::*;
use index_format::words::{length_code, length_of};
use index_format::{Record, Words, WordsView};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

fn record(title: &str, text: &str) -> Record {
    let (title, text) = (title.to_owned(), text.to_owned());
    Record { id: String::new(), title, text, pictures: vec![], fields: vec![], created_ms: None, content_hash: [0; 16] }
}

fn gathered(texts: &[String]) -> Words {
    let mut gatherer = Gatherer::new(Language::English);
    texts.iter().for_each(|text| gatherer.add(&record("", text)));
    gatherer.finish().unwrap()
}

fn terms_of(text: &str) -> Vec<String> {
    let analyser = Analyser::new(Language::English);
    analyser.words(text).filter_map(|span| analyser.term(&text[span])).collect()
}

fn asked(text: &str) -> WordsQuery {
    let mut query = WordsQuery::new(Language::English);
    query.add(text, 1.0);
    query
}

/// BM25 by the words of the paper, over every note of every segment; counts and lengths as a segment keeps them.
fn naive(segments: &[Vec<String>], query: &WordsQuery, [k1, b]: [f64; 2]) -> BTreeMap<(usize, u32), f64> {
    let notes: Vec<Vec<Vec<String>>> =
        segments.iter().map(|texts| texts.iter().map(|text| terms_of(text)).collect()).collect();
    let all: Vec<&Vec<String>> = notes.iter().flatten().collect();
    let length = |terms: &Vec<String>| f64::from(length_of(length_code(terms.len() as u32)));
    let average = all.iter().map(|terms| length(terms)).sum::<f64>() / all.len() as f64;
    let mut scores = BTreeMap::new();
    for asked in query.terms() {
        let with = all.iter().filter(|terms| terms.contains(&asked.term)).count() as f64;
        let rarity = (1.0 + (all.len() as f64 - with + 0.5) / (with + 0.5)).ln();
        for (segment, notes) in notes.iter().enumerate() {
            for (note, terms) in notes.iter().enumerate() {
                let count = terms.iter().filter(|term| **term == asked.term).count().min(255) as f64;
                if count > 0.0 {
                    let half = k1 * (1.0 - b + b * length(terms) / average);
                    let score = f64::from(asked.weight) * rarity * (k1 + 1.0) * count / (count + half);
                    *scores.entry((segment, note as u32)).or_default() += score;
                }
            }
        }
    }
    scores
}

/// Holds what the search finds against the twin: as many, with the same scores place by place, each the note's own.
fn agrees(segments: &[Vec<String>], query: &WordsQuery, most: usize, alive: &dyn Fn(usize, u32) -> bool) {
    let words: Vec<Words> = segments.iter().map(|texts| gathered(texts)).collect();
    let views: Vec<WordsView<'_>> = words.iter().map(Words::view).collect();
    let bound = Bound::new(query, &views, usize::MAX).unwrap();
    let scores = naive(segments, query, bm25::K1_AND_B.map(f64::from));
    let mut best: Vec<f64> =
        scores.iter().filter(|((segment, note), _)| alive(*segment, *note)).map(|(_, score)| *score).collect();
    best.sort_by(|left, right| right.total_cmp(left));
    best.truncate(most);
    let found = bound.top(most, alive, &|| false).unwrap();
    let close = |left: f64, right: f64| (left - right).abs() <= 1e-5 * right.abs().max(1e-3);
    assert_eq!(found.len(), best.len());
    for (found, best) in found.iter().zip(&best) {
        assert!(close(f64::from(found.score), *best), "{found:?} for {best}");
        assert!(close(scores[&(found.segment, found.note)], *best) && alive(found.segment, found.note));
        assert!(found.score <= bound.best() * 1.000_01);
    }
    assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
    let places: Vec<(usize, u32)> = found.iter().map(|found| (found.segment, found.note)).rev().collect();
    let matched = bound.score(&places).unwrap();
    for (matched, found) in matched.iter().zip(found.iter().rev()) {
        assert!(close(f64::from(matched.score), f64::from(found.score)), "{matched:?} {found:?}");
    }
}

/// A word, the earlier ones of the list more often.
fn word() -> impl Strategy<Value = String> {
    (0_u32..1_000).prop_map(|number| format!("word{}", (number * number) / 40_000))
}

fn text(words: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    prop::collection::vec(word(), words).prop_map(|words| words.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_best_are_those_of_a_search_through_everything(
        segments in prop::collection::vec(prop::collection::vec(text(0..12), 0..300), 1..4),
        queries in prop::collection::vec((text(1..6), 0.1_f32..3.0), 1..3),
        most in 1_usize..30,
        dead in 1_u32..5,
    ) {
        let mut query = WordsQuery::new(Language::English);
        queries.iter().for_each(|(text, weight)| query.add(text, *weight));
        prop_assume!(segments.iter().any(|segment| !segment.is_empty()));
        agrees(&segments, &query, most, &|segment, note| (segment as u32 + note) % dead != 1);
    }
}

/// Many notes, so that there are many windows, and in most of them only terms that cannot matter any more.
fn many(notes: u32) -> Vec<String> {
    let mut state = 9_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    let texts = (0..notes).map(|note| {
        let mut words: Vec<String> = (0..4 + next() % 9).map(|_| format!("common{}", next() % 7)).collect();
        words.extend((next() % 50 == 0).then(|| format!("seldom{}", next() % 3)));
        words.extend((note % 4_001 == 77).then(|| "unique".to_owned()));
        words.join(" ")
    });
    texts.collect()
}

#[test]
fn windows_that_cannot_matter_are_passed_over_and_nothing_is_lost() {
    let segments = [many(6_500), many(2_500)];
    for text in
        ["common1", "unique", "unique common1 common2", "seldom1 common3 common4", "seldom0 unique seldom2 common0"]
    {
        for most in [1, 10, 100] {
            agrees(&segments, &asked(text), most, &|_, _| true);
            agrees(&segments, &asked(text), most, &|_, note| note % 3 != 0);
        }
    }
}

#[test]
fn a_search_that_is_stopped_gives_what_it_has() {
    let words = gathered(&many(9_000));
    let bound = Bound::new(&asked("common1"), &[words.view()], 9).unwrap();
    let asked = std::cell::Cell::new(0);
    let stopped = || {
        asked.set(asked.get() + 1);
        asked.get() > 2
    };
    let found = bound.top(20_000, &|_, _| true, &stopped).unwrap();
    let all = bound.top(20_000, &|_, _| true, &|| false).unwrap();
    assert!(!found.is_empty() && found.len() < all.len());
}

#[test]
fn coverage_is_the_weight_of_the_terms_a_note_has() {
    let texts = ["rare common", "common", "common other", "other"].map(str::to_owned);
    let words = gathered(&texts);
    let bound = Bound::new(&asked("rare common absent"), &[words.view()], 9).unwrap();
    let places = [(0, 3), (0, 0), (0, 1), (5, 0), (0, 99)];
    let matched = bound.score(&places).unwrap();
    assert_eq!(matched.iter().map(|matched| matched.terms).collect::<Vec<_>>(), [0, 2, 1, 0, 0]);
    let [rare, common, absent] = [0, 1, 2].map(|term| bound.terms()[term].weight);
    assert!(absent > rare && rare > common && common > 0.0, "what is rarer says more");
    assert!((matched[1].coverage - (rare + common) / bound.weight()).abs() < 1e-6);
    assert_eq!((matched[0].score, matched[0].coverage), (0.0, 0.0));
}

#[test]
fn a_query_of_words_that_say_nothing_still_finds_them() {
    let words = gathered(&["to be or not to be".to_owned(), "the end of the line".to_owned()]);
    let find = |text: &str| {
        let found = Bound::new(&asked(text), &[words.view()], 9).unwrap().top(9, &|_, _| true, &|| false).unwrap();
        found.iter().map(|found| found.note).collect::<Vec<_>>()
    };
    assert_eq!(find("to be or not to be"), [0]);
    assert_eq!(find("the line"), [1]);
    assert_eq!(asked("the line").terms().map(|term| term.term.as_str()).collect::<Vec<_>>(), ["line"]);
    assert_eq!(find("nobody wrote this"), [0_u32; 0]);
    assert_eq!(find(""), [0_u32; 0]);
}

#[test]
fn only_the_terms_worth_most_are_kept() {
    let texts: Vec<String> = (0..20).map(|note| format!("everywhere word{note} half{}", note % 2)).collect();
    let words = gathered(&texts);
    let query = asked("everywhere half0 word7 half1 word3 word7");
    let kept = |most| {
        let bound = Bound::new(&query, &[words.view()], most).unwrap();
        bound.terms().iter().map(|term| term.term.clone()).collect::<Vec<_>>()
    };
    assert_eq!(kept(3), ["half0", "word7", "word3"]);
    assert_eq!(kept(4), ["half0", "word7", "half1", "word3"]);
    assert_eq!(kept(1), ["word7"]);
    assert_eq!((kept(0).len(), kept(99).len()), (0, 5));
}

#[test]
fn titles_and_texts_of_pictures_are_read() {
    let mut seen = record("Harvest", "of apples");
    seen.pictures = ["a red tractor", ""].map(picture).to_vec();
    let mut gatherer = Gatherer::new(Language::English);
    gatherer.add(&seen);
    let words = gatherer.finish().unwrap();
    let terms: BTreeSet<&str> =
        (0..words.view().len()).map(|term| std::str::from_utf8(words.view().term(term).unwrap()).unwrap()).collect();
    assert_eq!(terms, BTreeSet::from(["a", "appl", "harvest", "of", "red", "tractor"]));
}

fn picture(alt: &str) -> index_format::PictureRecord {
    let alt = alt.to_owned();
    index_format::PictureRecord { alt, path: None, hash: [0; 16], width: 0, height: 0, blob: None }
}

#[test]
fn postings_made_in_many_stretches_are_those_made_at_once() {
    let texts = many(700);
    let mut whole = Gatherer::new(Language::English);
    texts.iter().for_each(|text| whole.add(&record("", text)));
    let mut pieces = Gatherer::new(Language::English);
    texts.iter().for_each(|text| pieces.add(&record("", text)));
    assert_eq!(whole.finish().unwrap(), pieces.finish_in(100).unwrap());
}
