//! The handle's promises on small collections, against what a naive reader would expect.

use super::*;
use crate::disk::{MemoryStorage, Storage};
use crate::error::Error;
use crate::note::Note;
use crate::oracle;
use crate::query::{Granularity, Mode, Row};
use fakes::Fake;

mod adapter;
mod arranged;
mod change;
mod duplicates;
mod fakes;
mod faults;
mod filters;
mod grouping;
mod intake;
mod leading;
mod limits;
mod merging;
mod paging;
mod queries;
mod ranking;
mod real;
mod reencode;
mod repair;
mod rotation;
mod saved;
pub(super) mod seer;
mod spaces;
mod together;
mod training;
mod writing;

/// An index for vectors of this width, in memory that the test can reach.
fn external(width: usize) -> (Index, Arc<MemoryStorage>) {
    let storage = Arc::new(MemoryStorage::new());
    let index = Index::create_in(storage.clone(), IndexOptions::new().external_vectors(width)).unwrap();
    (index, storage)
}

fn put(index: &Index, id: &str, vector: &[f32]) {
    index.put_with_vector(Note::new(id).title(format!("title of {id}")), vector).unwrap();
}

fn ids(answer: &Answer) -> Vec<&str> {
    answer.hits.iter().map(|hit| hit.id.as_str()).collect()
}

fn garden() -> Index {
    let index = Index::in_memory().unwrap();
    for (id, title, text) in [
        ("tomato", "Tomato soup", "Roast the tomatoes with garlic, then blend them with stock and basil."),
        ("bike", "Mending a puncture", "Take the tyre off the wheel, find the hole in the tube and patch it."),
        ("moon", "Phases of the moon", "The moon waxes from new to full and wanes again within a month."),
    ] {
        index.add(Note::new(id).title(title).text(text)).unwrap();
    }
    index.commit().unwrap();
    index
}

#[test]
fn a_text_finds_the_note_it_is_about() {
    let index = garden();
    for (query, expected) in
        [("vegetable soup recipe", "tomato"), ("bicycle tire repair", "bike"), ("lunar cycle", "moon")]
    {
        let answer = index.search(query, &SearchOptions::new()).unwrap();
        assert_eq!(answer.hits.len(), 3, "every note comes back, best first");
        assert_eq!(answer.hits[0].id, expected, "{query}: {:?}", answer.hits);
        assert!(answer.stages.exact);
        let passage = answer.hits[0].passage.as_ref().unwrap();
        assert!(passage.text.len() > 20 && passage.start == 0);
    }
}

#[test]
fn what_is_not_committed_is_not_seen_and_what_is_survives_reopening() {
    let storage = Arc::new(MemoryStorage::new());
    let index = Index::create_in(storage.clone(), IndexOptions::new()).unwrap();
    index.add(Note::new("a").text("first")).unwrap();
    assert!(index.snapshot().is_empty());
    index.commit().unwrap();
    index.add(Note::new("b").text("second")).unwrap();
    drop(index);
    let again = Index::open_in(storage).unwrap();
    assert_eq!(again.snapshot().ids().collect::<Vec<_>>(), ["a"]);
    assert_eq!(again.get("a").unwrap().unwrap().text, "first");
}

#[test]
fn updates_and_deletes_replace_what_was_there() {
    let index = garden();
    index.update(Note::new("moon").text("Tides follow the moon.")).unwrap();
    index.delete("bike").unwrap();
    let commit = index.commit().unwrap();
    assert_eq!(commit.notes, 2);
    assert_eq!(index.get("bike").unwrap(), None);
    assert_eq!(index.get("moon").unwrap().unwrap().text, "Tides follow the moon.");
    let compacted = index.compact(None).unwrap();
    assert_eq!((compacted.notes, index.snapshot().stats().segments), (2, 1));
    assert_eq!(index.get("moon").unwrap().unwrap().text, "Tides follow the moon.");
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn local_hits_name_the_passage_and_similar_leaves_the_note_itself_out() {
    let index = garden();
    let options = SearchOptions::new().granularity(Granularity::Local).k(1);
    let hit = index.search("basil and garlic", &options).unwrap().hits.remove(0);
    assert!(matches!(hit.row, Row::Passage { ordinal: 0, start: 0, .. }), "{hit:?}");
    let alike = index.similar("moon", Like::Note, &SearchOptions::new()).unwrap();
    assert_eq!(alike.hits.len(), 2);
    assert!(alike.hits.iter().all(|hit| hit.id != "moon"));
}

#[test]
fn a_title_alone_is_found_as_a_whole_and_has_no_passage() {
    let index = Index::in_memory().unwrap();
    index.add(Note::new("t").title("Growing tomatoes")).unwrap();
    index.commit().unwrap();
    let by_vectors = SearchOptions::new().mode(Mode::Dense);
    let search = |granularity| index.search("tomato", &by_vectors.clone().granularity(granularity)).unwrap();
    let whole = search(Granularity::Global);
    assert_eq!((&whole.hits[0].row, &whole.hits[0].passage), (&Row::Global, &None));
    assert!(search(Granularity::Local).hits.is_empty());
    let missing = index.similar("t", Like::Passage(0), &SearchOptions::new()).unwrap_err();
    assert!(matches!(missing, Error::NoSuchPart { part: "passage", .. }), "{missing}");
}

#[test]
fn an_index_opens_only_with_the_encoder_it_was_made_with() {
    let storage = Arc::new(MemoryStorage::new());
    drop(Index::create_in(storage.clone(), IndexOptions::new().encoder(Fake::shared(8))).unwrap());
    let wrong = Index::open_in(storage.clone()).unwrap_err();
    assert!(matches!(&wrong, Error::WrongEncoder { index, .. } if index == "fake-8"), "{wrong}");
    assert!(matches!(Index::open_in_with(storage.clone(), Fake::shared(9)), Err(Error::WrongEncoder { .. })));
    Index::open_in_with(storage.clone(), Fake::shared(8)).unwrap();
    assert!(matches!(Index::create_in(storage, IndexOptions::new()), Err(Error::IndexExists { .. })));
    for width in [0, 100_000] {
        let options = IndexOptions::new().external_vectors(width);
        assert!(matches!(Index::create_in(Arc::new(MemoryStorage::new()), options), Err(Error::Option { .. })));
    }
}
