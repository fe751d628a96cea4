//! Which pictures are read together with the text of their note, whatever else is in the batch.

use super::seer::{BLUE, FAIL, GREEN, RED, Seer, file, picture, wholes};
use super::*;
use crate::encode::Fusion;
use crate::note::Picture;
use image::ImageFormat;

fn index_of(seer: &Arc<Seer>) -> Index {
    Index::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new().encoder(seer.clone())).unwrap()
}

fn square(colour: [u8; 3], side: u32) -> Picture {
    Picture::bytes(file(colour, (side, side), ImageFormat::Png))
}

/// The cosine of a whole note to a colour.
fn likeness(index: &Index, id: &str, colour: [f32; 3]) -> f32 {
    let options = SearchOptions::new().granularity(Granularity::Global).k(100).recall(1.0);
    let query: Vec<f32> = colour.into_iter().chain([0.0]).collect();
    let answer = index.search(Query::vector(query), &options).unwrap();
    answer.hits.iter().find(|hit| hit.id == id).unwrap().score
}

#[test]
fn they_end_at_the_first_that_has_no_room() {
    let seer = Seer::new("whole", Fusion::Interleaved);
    let index = index_of(&seer);
    let note = Note::new("n").title("red").text("A red one.");
    index.add(note.picture(square(RED, 2400)).picture(square(BLUE, 2000)).picture(square(GREEN, 500))).unwrap();
    index.commit().unwrap();
    assert_eq!(wholes(&seer), [vec![RED]]);
    assert!(likeness(&index, "n", [1.0, 0.0, 0.0]) > 0.99);
}

#[test]
fn those_that_cannot_be_read_part_no_others() {
    let seer = Seer::new("whole", Fusion::Interleaved);
    let index = index_of(&seer);
    let before = (0..31).fold(Note::new("before"), |note, _| note.picture(picture(RED)));
    index.add(before).unwrap();
    let note = Note::new("n").title("red").picture(picture(GREEN)).picture(Picture::bytes(*b"none"));
    let note = [BLUE, GREEN, RED, BLUE].into_iter().fold(note, |note, colour| note.picture(picture(colour)));
    index.add(note).unwrap();
    index.commit().unwrap();
    // The notes before it have no text, so that their whole is all their leading pictures.
    assert_eq!(wholes(&seer), [vec![RED; 4], vec![GREEN, BLUE, GREEN, RED]]);
}

#[test]
fn a_whole_stays_where_its_picture_fails_alone() {
    let seer = Seer::new("whole", Fusion::Interleaved);
    seer.alone.store(true, std::sync::atomic::Ordering::Relaxed);
    let index = index_of(&seer);
    let text = "It is green it says. And green it is too.";
    index.add(Note::new("n").title("red").text(text).picture(picture(FAIL))).unwrap();
    let commit = index.commit().unwrap();
    assert_eq!(commit.skipped.len(), 1, "the picture alone: {:?}", commit.skipped);
    assert_eq!(wholes(&seer), [vec![FAIL]]);
    assert!(likeness(&index, "n", [0.0, 0.0, 1.0]) > 0.8, "the whole has the picture's blue");
}
