//! Any text through analysis, postings, search and highlights.
//!
//! The first byte chooses the language; what follows, up to the first line feed, is the query, and each line after it a note.

#![no_main]

// The room itself: none of it is public.
#[allow(dead_code, unreachable_pub, unused_imports, reason = "a target uses a part of the room")]
#[path = "../../src/lexical/mod.rs"]
mod lexical;

use index_format::{Record, Words};
use lexical::{Bound, Gatherer, Language, WordsQuery, best_window};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((first, text)) = input.split_first() else { return };
    let language = Language::ALL[usize::from(*first) % Language::ALL.len()];
    let text = String::from_utf8_lossy(text);
    let (asked, notes) = text.split_once('\n').unwrap_or((&text, ""));
    let notes: Vec<&str> = notes.split('\n').take(300).collect();
    let mut query = WordsQuery::new(language);
    query.add(asked, 1.0);
    let words = [gathered(language, &notes), gathered(language, &notes[..1])];
    let bound = Bound::new(&query, &[words[0].view(), words[1].view()], 64).expect("what was gathered is sound");
    let found = bound.top(10, &|_, _| true, &|| false).expect("what was gathered is sound");
    let places: Vec<(usize, u32)> = found.iter().map(|found| (found.segment, found.note)).collect();
    let matched = bound.score(&places).expect("what was gathered is sound");
    for (found, matched) in found.iter().zip(matched) {
        assert!((found.score - matched.score).abs() <= 1e-4 * found.score.max(1e-3), "{found:?} {matched:?}");
        assert!(matched.terms > 0 && matched.coverage > 0.0 && found.score <= bound.best() * 1.001);
        let note = notes[found.note as usize];
        let spans = query.matches(note);
        assert!(!spans.is_empty(), "a note that was found says why");
        assert!(spans.iter().all(|found| note.get(found.span.clone()).is_some_and(|word| !word.is_empty())));
        for bytes in [0, 1, 30, 200] {
            let window = best_window(note, &spans, &|term| bound.terms()[term].weight, bytes);
            assert!(window.len() <= bytes && note.get(window).is_some());
        }
    }
});

fn gathered(language: Language, notes: &[&str]) -> Words {
    let mut gatherer = Gatherer::new(language);
    for note in notes {
        let (title, text) = note.split_once('|').unwrap_or(("", note));
        let (title, text) = (title.to_owned(), text.to_owned());
        let content_hash = [0; 16];
        let record =
            Record { id: String::new(), title, text, pictures: vec![], fields: vec![], created_ms: None, content_hash };
        gatherer.add(&record);
    }
    gatherer.finish().expect("terms and notes ascend")
}
