//! Answers in the order of words, of the rules and of heads, against what a naive reader would compute; what is learnt, and
//! how it is kept.

use super::oracle::Draw;
use super::*;
use crate::lexical::Language;
use crate::query::Hit;
use crate::rank::{Head, Schema, Shape};
use safetensors::SafeTensors;
use std::collections::BTreeMap;

mod explained;
mod feedback;
mod heads;
mod learning;
mod limit;
mod orders;
mod pages;

/// Letters that make one term, another for each number.
fn word(number: usize) -> String {
    let syllable = |number: usize| ["ba", "ko", "du", "fe", "gi", "ha", "jo", "lu", "me", "ni"][number % 10];
    format!("{}{}{}", syllable(number), syllable(number / 10), syllable(number / 100))
}

/// A text of so many words, the first ones of all most often.
fn text(draw: &mut Draw, words: usize) -> String {
    let word = |draw: &mut Draw| word(draw.below(40) * draw.below(40) / 40);
    (0..words).map(|_| word(draw)).collect::<Vec<_>>().join(" ")
}

/// Notes with a title each, most with a text.
fn made(count: usize, seed: u64) -> Vec<Note> {
    let mut draw = Draw(seed);
    let note = |number: usize| {
        let (title, words) = (text(&mut draw, 2), draw.below(5) * draw.below(5));
        let note = Note::new(format!("n{:04}", (number * 37) % count)).title(title).text(text(&mut draw, words));
        note.field("stars", draw.below(100) as i64)
    };
    (0..count).map(note).collect()
}

/// An index of notes whose words are read as they are; a commit, and so a segment, every so many of them.
fn index_of(notes: &[Note], per_commit: usize) -> (Index, MemoryStorage) {
    let storage = MemoryStorage::new();
    let options = IndexOptions::new().encoder(Fake::shared(16)).language(Language::Neutral);
    let index = Index::create_in(Arc::new(storage.clone()), options).unwrap();
    for some in notes.chunks(per_commit) {
        some.iter().for_each(|note| index.add(note.clone()).unwrap());
        index.commit().unwrap();
    }
    (index, storage)
}

fn opened(storage: &MemoryStorage) -> Index {
    Index::open_in_with(Arc::new(storage.clone()), Fake::shared(16)).unwrap()
}

/// Every row compared, every note wanted.
fn all(mode: Mode) -> SearchOptions {
    SearchOptions::new().k(100_000).recall(1.0).mode(mode)
}

fn scores(answer: &Answer) -> BTreeMap<String, f64> {
    answer.hits.iter().map(|hit| (hit.id.clone(), f64::from(hit.score))).collect()
}

/// The hits of all pages, one after the other.
fn all_pages(index: &Index, query: &Query, options: &SearchOptions) -> Vec<Hit> {
    let snapshot = index.snapshot();
    let (mut options, mut hits) = (options.clone(), Vec::new());
    loop {
        let answer = snapshot.search(query.clone(), &options).unwrap();
        let next = answer.next.clone();
        assert!(next.is_none() || answer.hits.len() == options.k, "only the last page may be short");
        hits.extend(answer.hits);
        let Some(next) = next else { return hits };
        options = options.after(next.to_string().parse().unwrap());
    }
}

/// A head that orders by the value of one feature times a weight.
fn by_feature(feature: &str, weight: f32) -> Head {
    let untrained = Head::untrained(&Schema::built_in(), &[feature], Shape { first: 4, second: 4 }, 1).unwrap();
    let mut bytes = untrained.to_bytes().unwrap();
    let start = SafeTensors::deserialize(&bytes).unwrap().tensor("skip.weight").unwrap().data().as_ptr() as usize;
    let start = start - bytes.as_ptr() as usize;
    bytes[start..start + 4].copy_from_slice(&weight.to_le_bytes());
    Head::from_bytes(&bytes, &Schema::built_in()).unwrap()
}

/// Best first, equals by id.
fn in_order(scores: impl IntoIterator<Item = (String, f64)>) -> Vec<(String, f64)> {
    let mut order: Vec<(String, f64)> = scores.into_iter().collect();
    order.sort_by(|left, right| right.1.total_cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    order
}

/// The same scores place by place, each the note's own; notes that differ by rounding only may change places.
#[track_caller]
fn agrees(hits: &[Hit], expected: &[(String, f64)]) {
    assert_eq!(hits.len(), expected.len());
    let own: BTreeMap<&str, f64> = expected.iter().map(|(id, score)| (id.as_str(), *score)).collect();
    for (place, (hit, (_, score))) in hits.iter().zip(expected).enumerate() {
        let near = |other: f64| (f64::from(hit.score) - other).abs() <= 1e-5 * other.abs().max(1.0);
        assert!(near(*score) && near(own[hit.id.as_str()]), "place {place}: {} {} for {score}", hit.id, hit.score);
    }
}

#[track_caller]
fn never_rises(hits: &[Hit]) {
    for pair in hits.windows(2) {
        assert!(
            pair[0].score >= pair[1].score,
            "{} {} before {} {}",
            pair[0].id,
            pair[0].score,
            pair[1].id,
            pair[1].score
        );
    }
}
