//! Encoders that fail, panic and use threads, and what that must not cost.

use super::*;
use crate::disk::Storage;
use crate::encode::{EncodeError, Encoder, EncoderInfo, Input, Modalities, Part, Role};
use crate::index::prepare::Given;
use crate::note::Picture;
use crate::segment::record_of;
use crate::vector::{Rotation, Vectors};
use parking_lot::Mutex;
use rayon::prelude::*;
use std::sync::mpsc::channel;
use std::time::Duration;
use xxhash_rust::xxh3::xxh3_128;

/// Works on the threads of the pool it is called on, and does what the query says.
struct Busy {
    info: EncoderInfo,
    /// Whether every call fails.
    broken: bool,
    calls: Mutex<Vec<(Role, usize)>>,
}

impl Busy {
    fn new(broken: bool) -> Arc<Self> {
        let mut info = EncoderInfo::new("busy", if broken { "busy-broken" } else { "busy-1" }, 3);
        info.modalities = Modalities::TEXT_AND_PICTURE;
        Arc::new(Self { info, broken, calls: Mutex::default() })
    }
}

impl Encoder for Busy {
    fn info(&self) -> &EncoderInfo {
        &self.info
    }

    fn encode(&self, role: Role, inputs: &[Input<'_>]) -> Result<Vectors, EncodeError> {
        self.calls.lock().push((role, inputs.len()));
        if self.broken {
            return Err(EncodeError::Failed { encoder: "busy".to_owned(), why: "out of memory".to_owned() });
        }
        let of_one = |input: &Input<'_>| {
            let mut vector = vec![1.0, 0.0, 0.0];
            for part in input.parts {
                let Part::Text(text) = part else { continue };
                assert!(!text.contains("PANIC"), "asked to panic");
                text.bytes().for_each(|byte| vector[usize::from(byte) % 3] += 1.0);
            }
            crate::vector::normalise(&mut vector).unwrap();
            vector
        };
        let encoded: Vec<Vec<f32>> = inputs.par_iter().map(of_one).collect();
        let mut vectors = Vectors::with_capacity(3, encoded.len()).unwrap();
        encoded.iter().for_each(|vector| vectors.push(vector).unwrap());
        Ok(vectors)
    }
}

fn index_of(encoder: &Arc<Busy>) -> (Index, Arc<MemoryStorage>) {
    let storage = Arc::new(MemoryStorage::new());
    (Index::create_in(storage.clone(), IndexOptions::new().encoder(encoder.clone())).unwrap(), storage)
}

#[test]
fn an_encoder_that_always_fails_does_not_empty_the_index() {
    for notes in [3, 200] {
        let (index, storage) = index_of(&Busy::new(false));
        for number in 0..notes {
            index.add(Note::new(number.to_string()).text(format!("note number {number}"))).unwrap();
        }
        index.commit().unwrap();
        let (before, files) = (index.snapshot().stats(), storage.list().unwrap());
        let broken = Busy::new(true);
        let failed = index.reencode(broken.clone(), None, |_, _| ()).unwrap_err();
        assert!(
            matches!(&failed, Error::Encode(EncodeError::Failed { why, .. }) if why == "out of memory"),
            "{failed}"
        );
        assert!(notes == 3 || broken.calls.lock().len() < 200, "the first notes are enough to know");
        assert_eq!((index.snapshot().stats(), storage.list().unwrap()), (before, files));
        assert_eq!(index.search("note number 1", &SearchOptions::new()).unwrap().hits.len(), notes.min(10));
        index.reencode(Busy::new(false), None, |_, _| ()).unwrap();
    }
}

#[test]
fn kept_bytes_that_are_no_picture_any_more_stay() {
    let storage = Arc::new(MemoryStorage::new());
    let options = IndexOptions::new().encoder(Busy::new(false)).keep_pictures(true);
    let index = Index::create_in(storage, options).unwrap();
    let bytes = b"a format that was read once";
    let kept = Picture::bytes(*bytes);
    let note = Note::new("n").title("title").picture(kept.clone());
    let mut record = record_of(&note, &[None]);
    record.pictures[0].hash = xxh3_128(bytes).to_le_bytes();
    index.write(|writer| writer.take(note, Given::default(), Some(Box::new(record)))).unwrap();
    index.commit().unwrap();
    for round in 0..2 {
        let stored = index.get("n").unwrap().unwrap();
        assert_eq!(stored.pictures, std::slice::from_ref(&kept), "round {round}");
        let commit = index.reencode(Busy::new(false), None, |_, _| ()).unwrap();
        assert!(commit.skipped[0].why.starts_with("picture 0: "), "{:?}", commit.skipped);
    }
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn notes_are_put_from_all_threads_of_the_callers_pool() {
    let (index, _) = index_of(&Busy::new(false));
    let (done, waited) = channel();
    std::thread::spawn(move || {
        (0..200).into_par_iter().for_each(|number: u32| {
            index.put(Note::new(number.to_string()).text(format!("note number {number}"))).unwrap();
        });
        done.send(index.commit().unwrap().notes).unwrap();
    });
    assert_eq!(waited.recv_timeout(Duration::from_secs(60)), Ok(200), "it hangs");
}

#[test]
fn a_commit_with_nothing_new_forgets_the_rotations_that_none_names() {
    let (index, storage) = external(68);
    let mut rows = Vectors::with_capacity(68, 100).unwrap();
    oracle::vectors(oracle::Shape::Clustered, 100, 68, 3).iter().for_each(|row| rows.push(row).unwrap());
    put(&index, "first", rows.row(0));
    index.commit().unwrap();
    // As a spill leaves it whose notes are then all deleted.
    index.write(|writer| writer.store(0, Rotation::learn(&rows)).map(drop)).unwrap();
    let rotations = || storage.list().unwrap().iter().filter(|name| name.starts_with("rotation-")).count();
    assert_eq!(rotations(), 1);
    index.commit().unwrap();
    let cancel = Cancel::new();
    cancel.cancel();
    assert!(matches!(index.reencode(Busy::new(false), Some(&cancel), |_, _| ()), Err(Error::Cancelled)));
    assert_eq!(rotations(), 0);
    let known = index.write(|writer| Ok(writer.rotations.len() + writer.newest_rotations.len()));
    assert_eq!(known.unwrap(), 0, "the next segment would name a file that is gone");
}

#[test]
fn a_panic_of_the_encoder_in_a_query_is_an_error() {
    let (index, _) = index_of(&Busy::new(false));
    index.add(Note::new("a").text("a note")).unwrap();
    index.commit().unwrap();
    let failed = index.search("PANIC", &SearchOptions::new()).unwrap_err();
    assert!(failed.to_string().contains("asked to panic"), "{failed}");
    let failed = index.snapshot().search_batch(["a note", "PANIC"], &SearchOptions::new()).unwrap_err();
    assert!(matches!(&failed, Error::Encode(EncodeError::Failed { encoder, .. }) if encoder == "busy"), "{failed}");
    assert_eq!(index.search("a note", &SearchOptions::new()).unwrap().hits.len(), 1);
}

#[test]
fn texts_of_a_batch_of_queries_are_encoded_in_one_call() {
    let encoder = Busy::new(false);
    let (index, _) = index_of(&encoder);
    for number in 0..40 {
        index.add(Note::new(number.to_string()).text(format!("note number {number}"))).unwrap();
    }
    index.commit().unwrap();
    let mut queries: Vec<Query> = (0..20).map(|number| Query::text(format!("query {number}"))).collect();
    queries.insert(7, Query::similar("7"));
    queries.insert(3, Query::text("this").unlike("that"));
    let options = SearchOptions::new();
    let alone: Vec<Answer> = queries.iter().map(|query| index.search(query.clone(), &options).unwrap()).collect();
    encoder.calls.lock().clear();
    let together = index.snapshot().search_batch(queries, &options).unwrap();
    let mut calls: Vec<usize> = encoder.calls.lock().iter().map(|(_, inputs)| *inputs).collect();
    calls.sort_unstable();
    assert_eq!(calls, [2, 20]);
    for (together, alone) in together.iter().zip(&alone) {
        assert_eq!(together.hits, alone.hits);
    }
}

#[test]
fn the_largest_weights_add_up() {
    let (index, _) = external(2);
    index.add_space("audio", 2).unwrap();
    put(&index, "a", &[1.0, 0.0]);
    put(&index, "b", &[0.0, 1.0]);
    index.commit().unwrap();
    let heavy = |vector: [f32; 2]| Query::vector(vector).weight(3e38);
    let query = heavy([1.0, 0.0]).and(heavy([0.9, 0.1])).and(Query::vector_in("audio", [1.0, 0.0]));
    let answer = index.search(query, &SearchOptions::new()).unwrap();
    assert_eq!(ids(&answer), ["a", "b"]);
    assert!(answer.hits[0].score > 0.9, "{:?}", answer.hits);
}
