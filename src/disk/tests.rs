//! The storage contract, held against both storages, and what only a real directory can show.

use std::fs;
use std::io::{self, ErrorKind, SeekFrom};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::*;

/// Runs a contract on a fresh storage of each kind.
fn on_both(contract: impl Fn(&dyn Storage)) {
    let dir = TempDir::new().unwrap();
    contract(&FileStorage::open(dir.path()).unwrap());
    contract(&MemoryStorage::new());
}

fn put(storage: &dyn Storage, name: &str, content: &[u8]) -> Result<u64, DiskError> {
    storage.publish(name, &mut |file| file.write_all(content))
}

#[test]
fn a_published_file_maps_lists_and_goes() {
    on_both(|storage| {
        let big: Vec<u8> = (0..300_000_u32).map(|i| (i % 251) as u8).collect();
        assert_eq!(put(storage, "seg-2.big", &big).unwrap(), 300_000);
        assert_eq!(put(storage, "seg-1.empty", b"").unwrap(), 0);
        assert_eq!(storage.list().unwrap(), ["seg-1.empty", "seg-2.big"]);

        let mapped = storage.map("seg-2.big").unwrap();
        assert_eq!(&*mapped, &big[..]);
        assert_eq!(mapped.as_ptr() as usize % 64, 0);
        for advice in [Advice::Random, Advice::WillNeed, Advice::Normal] {
            mapped.advise(advice);
        }
        assert!(storage.map("seg-1.empty").unwrap().is_empty());

        if !cfg!(windows) {
            storage.remove("seg-2.big").unwrap();
            storage.remove("seg-2.big").unwrap();
            assert_eq!(&*mapped, &big[..], "a map outlives the removal of its name");
            assert_eq!(storage.list().unwrap(), ["seg-1.empty"]);
        }
        let missing = storage.map("seg-3").unwrap_err();
        assert!(matches!(missing, DiskError::NotFound { .. }), "{missing}");
    });
}

#[test]
fn a_writer_may_seek_back_and_the_length_is_that_of_the_file() {
    on_both(|storage| {
        let write = &mut |file: &mut dyn WriteSeek| {
            file.write_all(b"????body")?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(b"head")
        };
        assert_eq!(storage.publish("m", write).unwrap(), 8);
        assert_eq!(&*storage.map("m").unwrap(), b"headbody");
    });
}

#[test]
fn a_publication_that_fails_leaves_the_old_content_and_no_temporary() {
    on_both(|storage| {
        put(storage, "m", b"old").unwrap();
        let failed = storage.publish("m", &mut |file| {
            file.write_all(&[7; 500_000])?;
            Err(ErrorKind::StorageFull.into())
        });
        assert!(matches!(failed, Err(DiskError::Full { .. })), "{failed:?}");
        assert_eq!(&*storage.map("m").unwrap(), b"old");
        assert_eq!(storage.sweep().unwrap(), 0);
        put(storage, "m", b"new").unwrap();
        assert_eq!(&*storage.map("m").unwrap(), b"new");
    });
}

#[test]
fn names_that_are_not_plain_are_refused_everywhere() {
    on_both(|storage| {
        let long = "n".repeat(256);
        let bad = [
            "", ".", "..", "../x", "a/b", "a\\b", "/etc", "c:x", ".hidden", "end.", "a b", "a\0b", "é", "lock", "LOCK",
            "nul", "Com1.seg", &long,
        ];
        for name in bad {
            let refused = [storage.map(name).err(), put(storage, name, b"x").err(), storage.remove(name).err()];
            for error in refused {
                assert!(matches!(error, Some(DiskError::BadName { .. })), "{name:?}: {error:?}");
            }
        }
        for name in ["n".repeat(255).as_str(), "a..b", "Manifest-1_2.bin", "com"] {
            put(storage, name, b"x").unwrap();
        }
    });
}

#[test]
fn one_writer_at_a_time_even_within_a_process() {
    on_both(|storage| {
        let held = storage.lock().unwrap();
        match storage.lock().unwrap_err() {
            DiskError::Locked { pid, since, .. } if !cfg!(windows) => {
                assert_eq!(pid, Some(std::process::id()));
                assert!(since.is_some_and(|seconds| seconds > 1_600_000_000));
            }
            DiskError::Locked { .. } => {}
            other => panic!("expected Locked, got {other}"),
        }
        put(storage, "m", b"x").unwrap();
        assert_eq!(storage.list().unwrap(), ["m"], "the lock file is not listed");
        drop(held);
        drop(storage.lock().unwrap());
    });
}

#[test]
fn two_handles_on_one_directory_share_the_lock() {
    let dir = TempDir::new().unwrap();
    let first = FileStorage::open(dir.path()).unwrap();
    let second = FileStorage::open(dir.path()).unwrap();
    let held = first.lock().unwrap();
    assert!(matches!(second.lock(), Err(DiskError::Locked { .. })));
    drop(held);
    drop(second.lock().unwrap());
}

/// Set for the child process of `a_killed_writer_frees_the_lock`: the directory to lock.
const CHILD_DIR: &str = "UNINOTE_DISK_LOCK_CHILD_DIR";

/// The child's part; a no-op in an ordinary test run.
#[test]
fn child_locks_and_waits_to_be_killed() {
    let Some(dir) = std::env::var_os(CHILD_DIR) else {
        return;
    };
    let storage = FileStorage::open(dir).unwrap();
    let _held = storage.lock().unwrap();
    put(&storage, "ready", b"").unwrap();
    sleep(Duration::from_secs(120));
}

#[test]
fn a_killed_writer_frees_the_lock() {
    let dir = TempDir::new().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    let (_crate, module) = module_path!().split_once("::").unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg("--exact")
        .arg(format!("{module}::child_locks_and_waits_to_be_killed"))
        .env(CHILD_DIR, dir.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(60);
    while storage.list().unwrap().is_empty() {
        assert!(Instant::now() < deadline, "the child never took the lock");
        sleep(Duration::from_millis(5));
    }
    let refused = storage.lock().unwrap_err();
    assert!(
        matches!(refused, DiskError::Locked { pid, .. } if cfg!(windows) || pid == Some(child.id())),
        "{refused:?}"
    );
    child.kill().unwrap();
    child.wait().unwrap();
    drop(storage.lock().unwrap());
}

#[test]
fn opening_needs_a_directory_and_creating_makes_one() {
    let dir = TempDir::new().unwrap();
    let deep = dir.path().join("a").join("b");
    let missing = FileStorage::open(&deep).unwrap_err();
    assert!(matches!(missing, DiskError::NotFound { .. }), "{missing}");

    let storage = FileStorage::create(&deep).unwrap();
    put(&storage, "m", b"x").unwrap();
    let again = FileStorage::create(&deep).unwrap();
    assert_eq!(&*again.map("m").unwrap(), b"x");
    assert!(again.location().ends_with('b'));

    let file = deep.join("m");
    for not_a_directory in [FileStorage::open(&file), FileStorage::create(&file), FileStorage::create(file.join("c"))] {
        let error = not_a_directory.unwrap_err();
        assert!(matches!(error, DiskError::NotADirectory { .. }), "{error}");
    }
}

#[test]
fn foreign_files_are_neither_listed_nor_swept_and_leftovers_are() {
    let dir = TempDir::new().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    put(&storage, "m", b"x").unwrap();
    drop(storage.lock().unwrap());
    fs::create_dir(dir.path().join("folder")).unwrap();
    fs::write(dir.path().join("my notes.txt"), b"mine").unwrap();
    // What a killed process with our own id would have left.
    let leftover = format!("{TEMPORARY_PREFIX}{}-1", std::process::id());
    fs::write(dir.path().join(&leftover), b"half").unwrap();

    assert_eq!(storage.list().unwrap(), ["m"]);
    put(&storage, "m", b"y").unwrap();
    assert_eq!(fs::read(dir.path().join(&leftover)).unwrap(), b"half");
    assert_eq!(storage.sweep().unwrap(), 1);
    assert_eq!(storage.sweep().unwrap(), 0);
    assert!(dir.path().join("my notes.txt").exists());
    let folder = storage.map("folder").unwrap_err();
    assert!(matches!(folder, DiskError::NotAFile { .. }), "{folder}");
}

#[test]
fn replacing_a_mapped_file_leaves_the_map_as_it_was() {
    let dir = TempDir::new().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    let old = vec![1; 200_000];
    put(&storage, "m", &old).unwrap();
    let mapped = storage.map("m").unwrap();
    match put(&storage, "m", &[2; 100]) {
        Err(DiskError::Busy { .. }) if cfg!(windows) => return,
        published => assert_eq!(published.unwrap(), 100),
    }
    assert_eq!(&*mapped, &old[..]);
    assert_eq!(&*storage.map("m").unwrap(), &[2; 100]);
}

#[cfg(unix)]
#[test]
fn a_read_only_directory_opens_and_maps_but_takes_no_writer() {
    use std::os::unix::fs::PermissionsExt;
    let dir = TempDir::new().unwrap();
    let storage = FileStorage::open(dir.path()).unwrap();
    put(&storage, "m", b"x").unwrap();
    let set_mode = |mode| fs::set_permissions(dir.path(), fs::Permissions::from_mode(mode)).unwrap();
    set_mode(0o555);
    let modes_bind = fs::File::create(dir.path().join("probe")).is_err();
    if modes_bind {
        let reader = FileStorage::create(dir.path()).unwrap();
        assert_eq!(&*reader.map("m").unwrap(), b"x");
        assert_eq!(reader.list().unwrap(), ["m"]);
        let refused = [reader.lock().err(), put(&reader, "m", b"y").err(), reader.remove("m").err()];
        for error in refused {
            assert!(matches!(error, Some(DiskError::ReadOnly { .. })), "{error:?}");
        }
    } else {
        println!("skipped: this user (root) may write to read-only directories");
    }
    set_mode(0o755);
}

#[test]
fn errors_are_told_apart_and_name_the_path() {
    let path = Path::new("dir/seg-1");
    let told = |kind: ErrorKind| DiskError::changing("rename", path, kind.into());
    assert!(matches!(told(ErrorKind::StorageFull), DiskError::Full { .. }));
    assert!(matches!(told(ErrorKind::QuotaExceeded), DiskError::Full { .. }));
    assert!(matches!(told(ErrorKind::ReadOnlyFilesystem), DiskError::ReadOnly { .. }));
    assert!(matches!(told(ErrorKind::ResourceBusy), DiskError::Busy { .. }));
    assert!(matches!(told(ErrorKind::NotFound), DiskError::NotFound { .. }));
    let busy = matches!(told(ErrorKind::PermissionDenied), DiskError::Busy { .. });
    assert_eq!(busy, cfg!(windows));
    // A closure that misses a file of its own does not mean that the storage misses one.
    let other = DiskError::writing(path, ErrorKind::NotFound.into());
    assert!(matches!(other, DiskError::Io { op: "write", .. }), "{other}");
    // A disk found full only at the sync is a sync failure first.
    let synced = DiskError::syncing(path, io::Error::from(ErrorKind::StorageFull));
    assert!(synced.is_sync_failure() && !other.is_sync_failure());
    for error in [other, synced, told(ErrorKind::StorageFull)] {
        assert!(error.to_string().contains("seg-1"), "{error}");
    }
}
