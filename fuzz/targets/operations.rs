//! Any sequence of writes, commits, faults, power losses and searches, held against two plain maps and exact arithmetic.
//!
//! The maps are what was committed and what is pending. After a commit that failed half way either of the two may be on
//! the storage, whole; after one that succeeded it is the pending one, whatever the power loss.

#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::sync::Arc;
use uninote::disk::{FaultKind, MemoryStorage, Survival};
use uninote::{Error, Index, IndexOptions, Mode, Note, Query, SearchOptions};

const WIDTH: usize = 8;
const SOUND_WIDTH: usize = 2;
const MOST_OPERATIONS: usize = 40;
/// How far scores may be from exact arithmetic.
const WITHIN: f64 = 1e-5;

#[derive(Debug, Arbitrary)]
enum Operation {
    Add { id: u8 },
    Update { id: u8 },
    Put { id: u8, vector: [i8; WIDTH] },
    PutSound { id: u8, sound: [i8; SOUND_WIDTH], vector: [i8; WIDTH] },
    Delete { id: u8 },
    Commit,
    CommitOnFullDisk { passing: u8 },
    CommitIntoCrash { passing: u8, survival: Lost },
    Compact,
    Rollback,
    Crash { survival: Lost },
    Reopen,
    Search { vector: [i8; WIDTH], k: u8 },
    Pages { vector: [i8; WIDTH], k: u8 },
    Similar { id: u8 },
    SearchSounds { sound: [i8; SOUND_WIDTH] },
    Verify,
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Lost {
    Unsynced,
    Nothing,
    Torn(u16),
}

impl From<Lost> for Survival {
    fn from(lost: Lost) -> Self {
        match lost {
            Lost::Unsynced => Self::DurableOnly,
            Lost::Nothing => Self::Everything,
            Lost::Torn(seed) => Self::Torn(seed.into()),
        }
    }
}

/// Title and vector by id.
type Notes = BTreeMap<String, (String, Option<[f32; WIDTH]>)>;
/// Vectors in the caller's space by title, which no two versions of a note share.
type Sounds = BTreeMap<String, [f32; SOUND_WIDTH]>;

struct World {
    storage: MemoryStorage,
    index: Index,
    committed: Notes,
    pending: Notes,
    sounds: Sounds,
    versions: u32,
}

fuzz_target!(|operations: Vec<Operation>| {
    let storage = MemoryStorage::new();
    let options = IndexOptions::new().external_vectors(WIDTH).space("sounds", SOUND_WIDTH);
    let index = Index::create_in(Arc::new(storage.clone()), options).expect("memory takes an index");
    let mut world =
        World { storage, index, committed: Notes::new(), pending: Notes::new(), sounds: Sounds::new(), versions: 0 };
    for operation in operations.into_iter().take(MOST_OPERATIONS) {
        world.run(operation);
        world.check_ids();
    }
    world.commit();
    world.verify();
});

impl World {
    fn run(&mut self, operation: Operation) {
        match operation {
            Operation::Add { id } => self.add(name(id)),
            Operation::Update { id } => self.update(name(id)),
            Operation::Put { id, vector } => self.put(name(id), vector),
            Operation::PutSound { id, sound, vector } => self.put_sound(name(id), sound, vector),
            Operation::Delete { id } => self.delete(&name(id)),
            Operation::Commit => self.commit(),
            Operation::CommitOnFullDisk { passing } => self.commit_on_full_disk(passing),
            Operation::CommitIntoCrash { passing, survival } => self.commit_into_crash(passing, survival),
            Operation::Compact => {
                self.index.compact(None).expect("nothing stands in the way");
                self.committed = self.pending.clone();
                assert!(self.index.snapshot().stats().segments <= 1);
            }
            Operation::Rollback => {
                self.index.rollback().expect("nothing stands in the way");
                self.pending = self.committed.clone();
            }
            Operation::Crash { survival } => self.reopen(self.storage.crash_image(survival.into())),
            Operation::Reopen => self.reopen(self.storage.clone()),
            Operation::Search { vector, k } => self.search(vector, usize::from(k)),
            Operation::Pages { vector, k } => self.pages(vector, usize::from(k % 8) + 1),
            Operation::Similar { id } => self.similar(&name(id)),
            Operation::SearchSounds { sound } => self.search_sounds(sound),
            Operation::Verify => self.verify(),
        }
    }

    /// A new version of a note, without a vector.
    fn version(&mut self, id: &str) -> (Note, String) {
        self.versions += 1;
        let title = format!("version {}", self.versions);
        (Note::new(id).title(&title), title)
    }

    fn add(&mut self, id: String) {
        let (note, title) = self.version(&id);
        let added = self.index.add(note);
        if self.pending.contains_key(&id) {
            assert!(matches!(added, Err(Error::DuplicateId { .. })), "{added:?}");
        } else {
            added.expect("the id was free");
            self.pending.insert(id, (title, None));
        }
    }

    fn update(&mut self, id: String) {
        let (note, title) = self.version(&id);
        let updated = self.index.update(note);
        if self.pending.contains_key(&id) {
            updated.expect("the note was there");
            self.pending.insert(id, (title, None));
        } else {
            assert!(matches!(updated, Err(Error::NoSuchNote { .. })), "{updated:?}");
        }
    }

    fn put(&mut self, id: String, vector: [i8; WIDTH]) {
        let (note, title) = self.version(&id);
        let given = vector.map(f32::from);
        let put = self.index.put_with_vector(note, &given);
        if vector == [0; WIDTH] {
            assert!(matches!(put, Err(Error::Vector(_))), "{put:?}");
        } else {
            put.expect("a finite vector of the right width");
            self.pending.insert(id, (title, Some(given)));
        }
    }

    /// A note with a vector in the caller's space, and one of its own unless that is zero.
    fn put_sound(&mut self, id: String, sound: [i8; SOUND_WIDTH], vector: [i8; WIDTH]) {
        let (note, title) = self.version(&id);
        let given = sound.map(f32::from);
        let own = Some(vector.map(f32::from)).filter(|_| vector != [0; WIDTH]);
        let note = note.vector("sounds", given);
        let put = match &own {
            Some(own) => self.index.put_with_vector(note, own),
            None => self.index.put(note),
        };
        if sound == [0; SOUND_WIDTH] {
            assert!(matches!(put, Err(Error::SpaceVector { .. })), "{put:?}");
        } else {
            put.expect("finite vectors of the right widths");
            self.sounds.insert(title.clone(), given);
            self.pending.insert(id, (title, own));
        }
    }

    fn search_sounds(&self, sound: [i8; SOUND_WIDTH]) {
        let query = sound.map(f32::from);
        let answer = self.index.search(Query::vector_in("sounds", query), &SearchOptions::new().k(255).recall(1.0));
        if sound == [0; SOUND_WIDTH] {
            assert!(matches!(answer, Err(Error::SpaceVector { .. })));
            return;
        }
        let hits = answer.expect("a sound index answers").hits;
        let with_sound = self.committed.values().filter(|(title, _)| self.sounds.contains_key(title)).count();
        assert_eq!(hits.len(), with_sound);
        for hit in hits {
            let score = cosine(&query, &self.sounds[&self.committed[&hit.id].0]);
            assert!((f64::from(hit.score) - score).abs() < WITHIN, "{hit:?} instead of {score}");
        }
    }

    fn delete(&mut self, id: &str) {
        let deleted = self.index.delete(id);
        match self.pending.remove(id) {
            Some(_) => deleted.expect("it was there"),
            None => assert!(matches!(deleted, Err(Error::NoSuchNote { .. })), "{deleted:?}"),
        }
    }

    fn commit(&mut self) {
        let commit = self.index.commit().expect("nothing stands in the way");
        assert_eq!(commit.notes, self.pending.len() as u64);
        assert!(commit.skipped.iter().all(|skipped| !skipped.whole), "{:?}", commit.skipped);
        self.committed = self.pending.clone();
    }

    /// A commit that fails leaves everything as it was, and can be repeated once there is space.
    fn commit_on_full_disk(&mut self, passing: u8) {
        self.storage.fail_after(passing.into(), FaultKind::Persistent(ErrorKind::StorageFull));
        let committed = self.index.commit();
        self.storage.clear_fault();
        match committed {
            Ok(_) => self.committed = self.pending.clone(),
            Err(Error::Disk(error)) if error.is_sync_failure() => self.reopen_after_failure(self.storage.clone()),
            Err(Error::Disk(_)) => {
                self.check_ids();
                self.commit();
            }
            Err(Error::Poisoned { .. }) => self.reopen_after_failure(self.storage.clone()),
            Err(other) => panic!("not the error of a full disk: {other}"),
        }
    }

    fn commit_into_crash(&mut self, passing: u8, survival: Lost) {
        self.storage.fail_after(passing.into(), FaultKind::Crash);
        let committed = self.index.commit();
        let image = self.storage.crash_image(survival.into());
        if committed.is_ok() {
            self.committed = self.pending.clone();
            self.reopen(image);
        } else {
            self.reopen_after_failure(image);
        }
    }

    /// The last commit is there, or else the one that failed; nothing in between.
    fn reopen_after_failure(&mut self, storage: MemoryStorage) {
        let index = Index::open_in(Arc::new(storage.clone())).expect("a crash leaves an index");
        if contents(&index, &self.pending) == titles(&self.pending) {
            self.committed = self.pending.clone();
        }
        drop(index);
        self.reopen(storage);
    }

    fn reopen(&mut self, storage: MemoryStorage) {
        // The old handle gives the lock back first.
        let _ = self.index.rollback();
        self.index = Index::open_in(Arc::new(storage.clone())).expect("what was committed opens");
        self.storage = storage;
        self.pending = self.committed.clone();
        assert_eq!(contents(&self.index, &self.committed), titles(&self.committed));
        self.verify();
    }

    fn check_ids(&self) {
        let mut ids: Vec<String> = self.index.snapshot().ids().collect();
        ids.sort_unstable();
        assert!(ids.iter().eq(self.committed.keys()), "{ids:?} instead of {:?}", self.committed.keys());
    }

    fn verify(&self) {
        let report = self.index.verify().expect("the manifest can be read");
        assert!(report.is_sound(), "{report:?}");
    }

    fn search(&self, vector: [i8; WIDTH], k: usize) {
        let query = vector.map(f32::from);
        let answer = self.index.search(Query::vector(query), &SearchOptions::new().k(k).recall(1.0));
        if vector == [0; WIDTH] {
            assert!(matches!(answer, Err(Error::Vector(_))));
            return;
        }
        let hits = answer.expect("a sound index answers").hits;
        self.compare(&query, hits.iter().map(|hit| (hit.id.as_str(), hit.score)), k, None);
    }

    /// Hits are as good as the exact best, place by place, and each has its own exact score.
    fn compare<'a>(
        &self,
        query: &[f32; WIDTH],
        hits: impl Iterator<Item = (&'a str, f32)>,
        k: usize,
        not: Option<&str>,
    ) {
        let mut scores: BTreeMap<&str, f64> = BTreeMap::new();
        for (id, (_, vector)) in &self.committed {
            if let Some(vector) = vector.as_ref().filter(|_| Some(id.as_str()) != not) {
                scores.insert(id, cosine(query, vector));
            }
        }
        let mut best: Vec<f64> = scores.values().copied().collect();
        best.sort_unstable_by(|left, right| right.total_cmp(left));
        best.truncate(k);
        let hits: Vec<(&str, f32)> = hits.collect();
        assert_eq!(hits.len(), best.len(), "{hits:?} instead of {best:?}");
        for ((id, score), best) in hits.iter().zip(&best) {
            let score = f64::from(*score);
            assert!(
                (score - best).abs() < WITHIN && (score - scores[id]).abs() < WITHIN,
                "{hits:?} instead of {best:?}"
            );
        }
        let mut ids: Vec<&str> = hits.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), hits.len(), "a note is found once");
    }

    /// Pages neither repeat nor skip a note.
    fn pages(&self, vector: [i8; WIDTH], k: usize) {
        if vector == [0; WIDTH] {
            return;
        }
        let query = vector.map(f32::from);
        let options = SearchOptions::new().k(k).recall(1.0);
        let mut hits = Vec::new();
        let mut after = None;
        loop {
            let options = after.take().map_or(options.clone(), |cursor| options.clone().after(cursor));
            let answer = self.index.search(Query::vector(query), &options).expect("a sound index answers");
            hits.extend(answer.hits.into_iter().map(|hit| (hit.id, hit.score)));
            assert!(hits.len() <= self.committed.len());
            match answer.next {
                Some(cursor) => after = Some(cursor),
                None => break,
            }
        }
        self.compare(&query, hits.iter().map(|(id, score)| (id.as_str(), *score)), usize::MAX, None);
    }

    fn similar(&self, id: &str) {
        let answer = self.index.search(Query::similar(id), &SearchOptions::new().recall(1.0).mode(Mode::Dense));
        match self.committed.get(id) {
            None => assert!(matches!(answer, Err(Error::NoSuchNote { .. }))),
            Some((_, None)) => assert!(matches!(answer, Err(Error::NoSuchPart { .. }))),
            Some((_, Some(vector))) => {
                let hits = answer.expect("a sound index answers").hits;
                self.compare(vector, hits.iter().map(|hit| (hit.id.as_str(), hit.score)), 10, Some(id));
            }
        }
    }
}

/// Few enough ids that they meet, some of them odd.
fn name(id: u8) -> String {
    match id % 12 {
        0 => "line break".to_owned(),
        1 => "ü".to_owned(),
        other => format!("n{other}"),
    }
}

fn titles(notes: &Notes) -> BTreeMap<String, String> {
    notes.iter().map(|(id, (title, _))| (id.clone(), title.clone())).collect()
}

/// Ids and titles of an index; ids of `expected` are asked for by name too.
fn contents(index: &Index, expected: &Notes) -> BTreeMap<String, String> {
    let ids = index.snapshot().ids().chain(expected.keys().cloned()).collect::<Vec<_>>();
    let titled = |id: String| index.get(&id).expect("a sound index answers").map(|note| (id, note.title));
    ids.into_iter().filter_map(titled).collect()
}

fn cosine(left: &[f32], right: &[f32]) -> f64 {
    let dot = |left: &[f32], right: &[f32]| -> f64 {
        left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
    };
    dot(left, right) / (dot(left, left) * dot(right, right)).sqrt()
}
