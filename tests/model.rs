//! Any sequence of writes, commits, rollbacks, compactions, reopenings and power losses, against a plain map.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use oracle::{Draw, Noted, best, best_together};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use uninote::disk::{MemoryStorage, Survival};
use uninote::{Error, Index, IndexOptions, Note, Query, SearchOptions, Snapshot};

#[path = "oracle/mod.rs"]
mod oracle;

const WIDTH: usize = 8;
/// Width of the vectors in a space of the caller's.
const SOUND_WIDTH: usize = 5;

#[derive(Debug, Clone)]
enum Op {
    Put {
        id: u8,
        seed: u64,
    },
    /// A note with vectors in the space of the caller's, and perhaps one of its own.
    PutSounds {
        id: u8,
        seed: u64,
        count: usize,
        own: bool,
    },
    /// More notes than are searched exactly, so that scans and curves take part.
    PutMany {
        seed: u64,
    },
    Add {
        id: u8,
    },
    Update {
        id: u8,
    },
    Delete {
        id: u8,
    },
    Commit,
    Rollback,
    Compact,
    Reopen,
    Crash {
        survival: u64,
    },
}

fn op() -> impl Strategy<Value = Op> {
    let id = || 0_u8..24;
    prop_oneof![
        8 => (id(), 0_u64..40).prop_map(|(id, seed)| Op::Put { id, seed }),
        4 => (id(), 0_u64..40, 1_usize..4, any::<bool>())
            .prop_map(|(id, seed, count, own)| Op::PutSounds { id, seed, count, own }),
        1 => any::<u64>().prop_map(|seed| Op::PutMany { seed }),
        2 => id().prop_map(|id| Op::Add { id }),
        2 => id().prop_map(|id| Op::Update { id }),
        4 => id().prop_map(|id| Op::Delete { id }),
        4 => Just(Op::Commit),
        1 => Just(Op::Rollback),
        1 => Just(Op::Compact),
        1 => Just(Op::Reopen),
        1 => (0_u64..8).prop_map(|survival| Op::Crash { survival }),
    ]
}

/// A note as the model knows it.
#[derive(Debug, Clone, Default)]
struct Known {
    title: String,
    vector: Option<Vec<f32>>,
    sounds: Vec<Vec<f32>>,
}

type Model = BTreeMap<String, Known>;

struct Run {
    index: Index,
    storage: MemoryStorage,
    committed: Model,
    pending: Model,
    versions: u32,
}

impl Run {
    fn start() -> Self {
        let storage = MemoryStorage::new();
        let options = IndexOptions::new().external_vectors(WIDTH).space("sounds", SOUND_WIDTH);
        let index = Index::create_in(Arc::new(storage.clone()), options).unwrap();
        Self { index, storage, committed: Model::new(), pending: Model::new(), versions: 0 }
    }

    fn title(&mut self) -> String {
        self.versions += 1;
        format!("version {}", self.versions)
    }

    fn put(&mut self, id: String, vector: Vec<f32>) {
        let title = self.title();
        self.index.put_with_vector(Note::new(&id).title(&title), &vector).unwrap();
        self.pending.insert(id, Known { title, vector: Some(vector), sounds: Vec::new() });
    }

    fn put_sounds(&mut self, id: String, sounds: Vec<Vec<f32>>, vector: Option<Vec<f32>>) {
        let title = self.title();
        let note = Note::new(&id).title(&title);
        let note = sounds.iter().fold(note, |note, sound| note.vector("sounds", sound.as_slice()));
        match &vector {
            Some(vector) => self.index.put_with_vector(note, vector).unwrap(),
            None => self.index.put(note).unwrap(),
        }
        self.pending.insert(id, Known { title, vector, sounds });
    }

    /// `add` or `update`: right if the note is absent, or present.
    fn expect(&mut self, id: u8, present: bool, call: impl Fn(&Index, Note) -> uninote::Result<()>) {
        let (id, title) = (id.to_string(), self.title());
        match call(&self.index, Note::new(&id).title(&title)) {
            Ok(()) => {
                assert_eq!(self.pending.contains_key(&id), present);
                self.pending.insert(id, Known { title, ..Known::default() });
            }
            Err(Error::DuplicateId { .. }) => assert!(!present && self.pending.contains_key(&id)),
            Err(Error::NoSuchNote { .. }) => assert!(present && !self.pending.contains_key(&id)),
            Err(other) => panic!("{other}"),
        }
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Put { id, seed } => self.put(id.to_string(), Draw(seed).unit(WIDTH)),
            Op::PutSounds { id, seed, count, own } => {
                let mut draw = Draw(seed);
                let sounds = (0..count).map(|_| draw.unit(SOUND_WIDTH)).collect();
                let vector = own.then(|| draw.unit(WIDTH));
                self.put_sounds(id.to_string(), sounds, vector);
            }
            Op::PutMany { seed } => {
                let mut draw = Draw(seed);
                for number in 0..1_100 {
                    self.put(format!("many {number}"), draw.unit(WIDTH));
                }
            }
            Op::Add { id } => self.expect(id, false, Index::add),
            Op::Update { id } => self.expect(id, true, Index::update),
            Op::Delete { id } => {
                let deleted = self.index.delete(&id.to_string());
                assert_eq!(deleted.is_ok(), self.pending.remove(&id.to_string()).is_some());
            }
            Op::Commit => self.committed_with(|index| index.commit()),
            Op::Compact => self.committed_with(|index| index.compact(None)),
            Op::Rollback => {
                self.index.rollback().unwrap();
                self.pending = self.committed.clone();
            }
            Op::Reopen => self.reopen(self.storage.clone()),
            Op::Crash { survival } => {
                let survival = match survival {
                    0 => Survival::DurableOnly,
                    1 => Survival::Everything,
                    seed => Survival::Torn(seed),
                };
                self.reopen(self.storage.crash_image(survival));
            }
        }
    }

    fn committed_with(&mut self, call: impl Fn(&Index) -> uninote::Result<uninote::Commit>) {
        let commit = call(&self.index).unwrap();
        self.committed = self.pending.clone();
        assert_eq!(commit.notes as usize, self.committed.len());
        assert!(commit.skipped.iter().all(|skipped| !skipped.whole), "{:?}", commit.skipped);
        self.check();
    }

    fn reopen(&mut self, storage: MemoryStorage) {
        let spare = Index::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new().external_vectors(WIDTH));
        drop(std::mem::replace(&mut self.index, spare.unwrap()));
        self.index = Index::open_in(Arc::new(storage.clone())).unwrap();
        self.storage = storage;
        self.pending = self.committed.clone();
        self.check();
    }

    /// Contents and searches of the committed state against the model.
    fn check(&self) {
        let snapshot = self.index.snapshot();
        let mut ids: Vec<String> = snapshot.ids().collect();
        ids.sort_unstable();
        assert!(ids.iter().eq(self.committed.keys()), "{ids:?} instead of {:?}", self.committed.keys());
        for (id, Known { title, sounds, .. }) in &self.committed {
            let note = snapshot.get(id).unwrap().unwrap();
            assert_eq!((&note.title, note.vectors.is_empty()), (title, sounds.is_empty()));
            for (stored, given) in note.vectors.get("sounds").into_iter().flatten().zip(sounds) {
                assert!(stored.iter().zip(given).all(|(stored, given)| (stored - given).abs() < 1e-6), "{note:?}");
            }
            assert_eq!(note.vectors.get("sounds").map_or(0, Vec::len), sounds.len());
        }
        assert!(self.index.verify().unwrap().is_sound());
        let with_vector = self.committed.iter().filter_map(|(id, known)| Some((id.as_str(), known.vector.as_deref()?)));
        let matches = with_vector.clone().count();
        let query = Draw(u64::from(self.versions)).unit(WIDTH);
        let search = |recall| {
            let options = SearchOptions::new().recall(recall);
            let answer = snapshot.search(Query::vector(query.as_slice()), &options).unwrap();
            assert_eq!(answer.hits.len(), matches.min(10));
            assert_eq!(answer.next.is_some(), matches > 10);
            answer.hits
        };
        let truth = best(with_vector, &query, 10);
        for (hit, (_, score)) in search(1.0).iter().zip(&truth) {
            assert!((f64::from(hit.score) - score).abs() < 1e-5, "{hit:?} instead of {score}");
        }
        for hit in search(0.95) {
            let Known { title, vector, .. } = &self.committed[&hit.id];
            assert_eq!(&hit.title, title);
            let score = oracle::cosine(vector.as_ref().unwrap(), &query);
            assert!((f64::from(hit.score) - score).abs() < 1e-5);
        }
        self.check_sounds(&snapshot, &query);
    }

    /// The space of the caller's, alone and together with the notes' own vectors.
    fn check_sounds(&self, snapshot: &Snapshot, query: &[f32]) {
        let notes = self
            .committed
            .iter()
            .map(|(id, known)| (id.clone(), vec![known.vector.iter().cloned().collect(), known.sounds.clone()]));
        let notes: Vec<Noted> = notes.collect();
        let sound = Draw(u64::from(self.versions) + 1).unit(SOUND_WIDTH);
        let in_sounds = Query::vector_in("sounds", sound.as_slice());
        let own = (2.0, 0, query.to_vec());
        let both = Query::vector(query).weight(2.0).and(in_sounds.clone());
        for (query, aims) in [(in_sounds, vec![(1.0, 1, sound.clone())]), (both, vec![own, (1.0, 1, sound)])] {
            let answer = snapshot.search(query, &SearchOptions::new().recall(1.0)).unwrap();
            let truth = best_together(&notes, &aims, 10);
            assert_eq!(answer.hits.len(), truth.len());
            for (hit, (_, score)) in answer.hits.iter().zip(&truth) {
                assert!((f64::from(hit.score) - score).abs() < 1e-5, "{hit:?} instead of {score}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_index_is_a_map_that_can_be_searched(ops in proptest::collection::vec(op(), 1..50)) {
        let mut run = Run::start();
        for op in &ops {
            run.apply(op);
        }
        run.apply(&Op::Commit);
    }
}
