//! Any sequence of writes, commits, rollbacks, compactions, reopenings and power losses, against a plain map.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use oracle::{Draw, best};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use uninote::disk::{MemoryStorage, Survival};
use uninote::{Error, Index, IndexOptions, Note, Query, SearchOptions};

#[path = "oracle/mod.rs"]
mod oracle;

const WIDTH: usize = 8;

#[derive(Debug, Clone)]
enum Op {
    Put {
        id: u8,
        seed: u64,
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

/// A note as the model knows it: its title, and its vector if it has one.
type Model = BTreeMap<String, (String, Option<Vec<f32>>)>;

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
        let options = IndexOptions::new().external_vectors(WIDTH);
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
        self.pending.insert(id, (title, Some(vector)));
    }

    /// `add` or `update`: right if the note is absent, or present.
    fn expect(&mut self, id: u8, present: bool, call: impl Fn(&Index, Note) -> uninote::Result<()>) {
        let (id, title) = (id.to_string(), self.title());
        match call(&self.index, Note::new(&id).title(&title)) {
            Ok(()) => {
                assert_eq!(self.pending.contains_key(&id), present);
                self.pending.insert(id, (title, None));
            }
            Err(Error::DuplicateId { .. }) => assert!(!present && self.pending.contains_key(&id)),
            Err(Error::NoSuchNote { .. }) => assert!(present && !self.pending.contains_key(&id)),
            Err(other) => panic!("{other}"),
        }
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Put { id, seed } => self.put(id.to_string(), Draw(seed).unit(WIDTH)),
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
        for (id, (title, _)) in &self.committed {
            assert_eq!(&snapshot.get(id).unwrap().unwrap().title, title);
        }
        assert!(self.index.verify().unwrap().is_sound());
        let with_vector = self.committed.iter().filter_map(|(id, (_, vector))| Some((id.as_str(), vector.as_deref()?)));
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
            let (title, vector) = &self.committed[&hit.id];
            assert_eq!(&hit.title, title);
            let score = oracle::cosine(vector.as_ref().unwrap(), &query);
            assert!((f64::from(hit.score) - score).abs() < 1e-5);
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
