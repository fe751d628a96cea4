//! Searching for pictures finds what comparing all of them finds.

use super::*;
use crate::disk::MemoryStorage;
use crate::encode::Fusion;
use crate::index::tests::seer::{Seer, picture};
use crate::{Index, IndexOptions, Note};
use std::sync::Arc;

#[test]
fn searched_or_all_compared_the_clusters_are_the_same() {
    let seer = Seer::new("seer", Fusion::default());
    let index = Index::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new().encoder(seer)).unwrap();
    let mut random = fastrand::Rng::with_seed(3);
    for number in 0..90_u32 {
        let mut note = Note::new(format!("n{number:02}"));
        for _ in 0..random.usize(1..4) {
            let shade = [random.u8(0..9), random.u8(0..9), random.u8(0..9)].map(|value| 28 * value);
            note.pictures.push(picture(shade));
        }
        index.put(note).unwrap();
        if number % 40 == 39 {
            index.commit().unwrap();
        }
    }
    index.delete("n07").unwrap();
    index.commit().unwrap();
    let snapshot = index.snapshot();
    let notes = Notes::of(&snapshot).unwrap();
    let clusters = |compared| {
        let mut work = Work { cancel: None, done: 0, total: 180, hear: &mut |_, _| () };
        let mut links = Links::new(notes.len());
        Pictures::read(&notes, 0.998).unwrap().link_with(compared, &mut links, &mut work).unwrap();
        links.clusters()
    };
    assert!(!clusters(0).is_empty());
    assert_eq!(clusters(0), clusters(1_000));
}
