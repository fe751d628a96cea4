//! Power loss and failing steps at every point of a publication, on the in-memory twin; and that the twin does catch
//! a publication with a sync left out.

use std::io::{self, ErrorKind};
use std::path::PathBuf;

use super::publish::{self, Medium};
use super::*;

/// Seeds tried for each torn crash.
const SEEDS: u64 = 200;

fn put(storage: &dyn Storage, name: &str, content: &[u8]) -> Result<u64, DiskError> {
    storage.publish(name, &mut |file| {
        // In pieces larger than the write buffer, so that a file is made of several write steps.
        content.chunks(200_000).try_for_each(|c| file.write_all(c))
    })
}

/// Content of several sectors and several writes, without a repeating sector.
fn content(fill: u8) -> Vec<u8> {
    (0..410_000_u32).map(|i| fill ^ (i.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn survivals() -> impl Iterator<Item = Survival> {
    [Survival::DurableOnly, Survival::Everything].into_iter().chain((0..SEEDS).map(Survival::Torn))
}

/// The content of a name, if the name is there.
fn read(storage: &MemoryStorage, name: &str) -> Option<Bytes> {
    match storage.map(name) {
        Ok(bytes) => Some(bytes),
        Err(DiskError::NotFound { .. }) => None,
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn what_is_published_is_durable() {
    let storage = MemoryStorage::new();
    put(&storage, "m", b"old").unwrap();
    put(&storage, "m", b"new").unwrap();
    for survival in survivals() {
        let image = storage.crash_image(survival);
        assert_eq!(&*image.map("m").unwrap(), b"new");
        assert_eq!(image.list().unwrap(), ["m"]);
        assert_eq!((image.steps(), image.sweep().unwrap()), (0, 0));
    }
}

#[test]
fn a_crash_at_any_step_leaves_old_or_new_and_never_a_mix() {
    let (old, new) = (content(1), content(2));
    let run = |storage: &MemoryStorage| {
        let first = put(storage, "m", &old).is_ok();
        (first, put(storage, "m", &new).is_ok())
    };
    let whole = MemoryStorage::new();
    assert_eq!(run(&whole), (true, true));
    assert!(whole.steps() >= 14, "several writes per file");

    for passing in 0..whole.steps() {
        let storage = MemoryStorage::new();
        storage.fail_after(passing, FaultKind::Crash);
        let (first, second) = run(&storage);
        assert!(!second, "the crash at step {passing} struck");
        for survival in survivals() {
            let image = storage.crash_image(survival);
            let left = read(&image, "m");
            let left = left.as_deref();
            let is_old = left == Some(&old[..]);
            let is_new = left == Some(&new[..]);
            let allowed = match (first, survival) {
                (true, Survival::DurableOnly) => is_old,
                (true, _) => is_old || is_new,
                (false, _) => left.is_none() || is_old,
            };
            assert!(allowed, "crash at step {passing}, {survival:?}");
            // The next writer cleans up and goes on.
            let _held = image.lock().unwrap();
            image.sweep().unwrap();
            put(&image, "m", b"next").unwrap();
            let after = image.crash_image(Survival::DurableOnly);
            assert_eq!(&*after.map("m").unwrap(), b"next");
        }
    }
}

/// A segment and then the manifest that names it.
fn commit(storage: &dyn Storage) -> Result<(), DiskError> {
    put(storage, "segment", b"vectors")?;
    put(storage, "manifest", b"segment").map(drop)
}

/// How many images hold a manifest whose segment is missing or damaged.
fn dangling(storage: &MemoryStorage) -> usize {
    let broken = |image: &MemoryStorage| {
        read(image, "manifest").is_some() && read(image, "segment").as_deref() != Some(b"vectors")
    };
    survivals().filter(|&survival| broken(&storage.crash_image(survival))).count()
}

#[test]
fn what_is_published_later_never_survives_alone() {
    for passing in 0..=10 {
        let storage = MemoryStorage::new();
        storage.fail_after(passing, FaultKind::Crash);
        assert_eq!(commit(&storage).is_ok(), passing == 10);
        assert_eq!(dangling(&storage), 0, "crash at step {passing}");
    }
}

/// A medium whose syncs can be left out, to show that the twin notices.
struct Careless {
    storage: MemoryStorage,
    syncs_files: bool,
    syncs_directory: bool,
}

impl Medium for Careless {
    type File = <MemoryStorage as Medium>::File;

    fn next_temporary(&self) -> String {
        self.storage.next_temporary()
    }
    fn create(&self, name: &str) -> io::Result<Self::File> {
        self.storage.create(name)
    }
    fn sync_file(&self, file: &mut Self::File) -> io::Result<()> {
        if self.syncs_files {
            self.storage.sync_file(file)?;
        }
        Ok(())
    }
    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.storage.rename(from, to)
    }
    fn sync_directory(&self) -> io::Result<()> {
        if self.syncs_directory {
            self.storage.sync_directory()?;
        }
        Ok(())
    }
    fn unlink(&self, name: &str) -> io::Result<()> {
        self.storage.unlink(name)
    }
    fn path(&self, name: &str) -> PathBuf {
        self.storage.path(name)
    }
}

#[test]
fn a_publication_without_file_sync_is_caught() {
    let careless = Careless { storage: MemoryStorage::new(), syncs_files: false, syncs_directory: true };
    let new = content(3);
    publish::publish(&careless, "m", &mut |file| file.write_all(&new)).unwrap();
    assert_eq!(&*careless.storage.map("m").unwrap(), &new[..]);
    let least = careless.storage.crash_image(Survival::DurableOnly);
    assert!(least.map("m").unwrap().is_empty());

    let left: Vec<Bytes> = (0..SEEDS)
        .map(|seed| careless.storage.crash_image(Survival::Torn(seed)))
        .map(|image| image.map("m").unwrap())
        .collect();
    let shorter = |bytes: &&Bytes| !bytes.is_empty() && new.starts_with(bytes) && ***bytes != new;
    let garbled = |bytes: &&Bytes| bytes.len() == new.len() && ***bytes != new;
    assert!(left.iter().filter(shorter).count() > 10);
    assert!(left.iter().filter(garbled).count() > 10);
    assert!(left.iter().any(|bytes| **bytes == new));
}

#[test]
fn a_publication_without_directory_sync_is_caught() {
    let careless = Careless { storage: MemoryStorage::new(), syncs_files: true, syncs_directory: false };
    for (name, content) in [("segment", &b"vectors"[..]), ("manifest", b"segment")] {
        publish::publish(&careless, name, &mut |file| file.write_all(content)).unwrap();
    }
    let least = careless.storage.crash_image(Survival::DurableOnly);
    assert!(least.list().unwrap().is_empty());
    assert!(dangling(&careless.storage) > 10);
}

#[test]
fn each_failing_step_is_reported_and_leaves_old_or_new() {
    let failing = [
        (Step::Create, false),
        (Step::Write, false),
        (Step::SyncFile, true),
        (Step::Rename, false),
        (Step::SyncDirectory, true),
    ];
    for (step, is_sync) in failing {
        let storage = MemoryStorage::new();
        put(&storage, "m", b"old").unwrap();
        storage.fail_next(step, FaultKind::Error(ErrorKind::StorageFull));
        let error = put(&storage, "m", b"new").unwrap_err();
        assert_eq!(error.is_sync_failure(), is_sync, "{step:?}: {error}");
        assert_eq!(matches!(error, DiskError::Full { .. }), !is_sync);
        let expected: &[u8] = match step {
            Step::SyncDirectory => b"new",
            _ => b"old",
        };
        assert_eq!(&*storage.map("m").unwrap(), expected, "{step:?}");
        assert_eq!(storage.sweep().unwrap(), 0, "{step:?} left a temporary");
        put(&storage, "m", b"again").unwrap();
        for survival in survivals() {
            let image = storage.crash_image(survival);
            assert_eq!(&*image.map("m").unwrap(), b"again");
        }
    }
}

#[test]
fn a_failed_directory_sync_is_not_healed_by_a_later_one() {
    let storage = MemoryStorage::new();
    storage.fail_next(Step::SyncDirectory, FaultKind::Error(ErrorKind::Other));
    let failed = put(&storage, "segment", b"vectors").unwrap_err();
    assert!(failed.is_sync_failure());
    // What a writer must not do: go on.
    put(&storage, "manifest", b"segment").unwrap();
    assert!(dangling(&storage) > 10);
}

#[test]
fn a_persistent_fault_lasts_until_it_is_cleared() {
    let storage = MemoryStorage::new();
    storage.fail_next(Step::Write, FaultKind::Persistent(ErrorKind::StorageFull));
    for _ in 0..3 {
        let error = put(&storage, "m", b"x").unwrap_err();
        assert!(matches!(error, DiskError::Full { .. }), "{error}");
    }
    storage.clear_fault();
    put(&storage, "m", b"x").unwrap();
}

#[test]
fn a_removal_is_durable_with_the_next_publication() {
    let storage = MemoryStorage::new();
    put(&storage, "old", b"x").unwrap();
    storage.remove("old").unwrap();
    storage.remove("old").unwrap();
    assert!(storage.list().unwrap().is_empty());
    let listed = |survival| storage.crash_image(survival).list().unwrap();
    assert_eq!(listed(Survival::DurableOnly), ["old"]);
    assert!(listed(Survival::Everything).is_empty());
    put(&storage, "new", b"y").unwrap();
    assert_eq!(storage.crash_image(Survival::DurableOnly).list().unwrap(), ["new"]);
}

#[test]
fn a_crash_frees_the_lock_and_a_seed_names_one_image() {
    let storage = MemoryStorage::new();
    let _held = storage.lock().unwrap();
    assert!(matches!(storage.clone().lock(), Err(DiskError::Locked { .. })));
    storage.fail_next(Step::Rename, FaultKind::Crash);
    put(&storage, "m", b"x").unwrap_err();
    put(&storage, "n", b"y").unwrap_err();
    storage.remove("m").unwrap_err();

    let careless =
        Careless { storage: storage.crash_image(Survival::Everything), syncs_files: false, syncs_directory: false };
    drop(careless.storage.lock().unwrap());
    assert_eq!(careless.storage.sweep().unwrap(), 1, "the temporary of m");
    let new = content(4);
    publish::publish(&careless, "m", &mut |file| file.write_all(&new)).unwrap();
    for seed in 0..20 {
        let twice = [(); 2].map(|()| careless.storage.crash_image(Survival::Torn(seed)));
        let [first, second] = twice.map(|image| read(&image, "m"));
        assert_eq!(first.as_deref(), second.as_deref());
    }
}
