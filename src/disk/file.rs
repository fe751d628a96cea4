//! A storage in a directory of the file system.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::lock::FileLock;
use super::publish::{self, Medium};
use super::{BRANCHES_NAME, Bytes, DiskError, LOCK_NAME, Lock, Storage, TEMPORARY_PREFIX, WriteSeek, check_name, copy};

/// Files up to this length are read into memory instead of mapped: a map costs more than the copy, and on Windows it
/// would keep a small file that is replaced often, such as a manifest, from being replaced.
const COPIED_BYTES_MAX: u64 = 64 * 1024;

/// Files in one directory, reached through memory maps. See [`Storage`] for the promises.
///
/// The lock is an advisory lock of the operating system on a file named `lock`; do not delete that file while a
/// writer runs, since a second writer would then lock a new one.
#[derive(Debug)]
pub struct FileStorage {
    dir: PathBuf,
    temporaries: AtomicU64,
}

impl FileStorage {
    /// Opens an existing directory, which may be read-only.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, DiskError> {
        // Absolute, so that a later change of the working directory does not move the index.
        let dir = absolute(dir.as_ref())?;
        let metadata = fs::metadata(&dir).map_err(|e| DiskError::reading("open", &dir, e))?;
        if !metadata.is_dir() {
            return Err(DiskError::NotADirectory { path: dir });
        }
        Ok(Self { dir, temporaries: AtomicU64::new(0) })
    }

    /// Opens a directory, and creates it and its parents where missing.
    pub fn create(dir: impl AsRef<Path>) -> Result<Self, DiskError> {
        let dir = absolute(dir.as_ref())?;
        let missing: Vec<&Path> = dir.ancestors().take_while(|path| !path.exists()).collect();
        if !missing.is_empty() {
            fs::create_dir_all(&dir).map_err(|e| DiskError::changing("create", &dir, e))?;
        }
        // A durable file in a directory that a power loss takes away would not be durable.
        for parent in missing.iter().filter_map(|made| made.parent()) {
            sync_directory(parent).map_err(|e| DiskError::syncing(parent, e))?;
        }
        Self::open(&dir)
    }

    /// The names of the regular files for which `keep` holds, in no particular order.
    fn files(&self, keep: impl Fn(&str) -> bool) -> Result<Vec<String>, DiskError> {
        let failed = |e| DiskError::reading("list", &self.dir, e);
        let mut names = Vec::new();
        for entry in fs::read_dir(&self.dir).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            if keep(&name) && entry.file_type().map_err(failed)?.is_file() {
                names.push(name);
            }
        }
        Ok(names)
    }
}

impl Storage for FileStorage {
    fn map(&self, name: &str) -> Result<Bytes, DiskError> {
        check_name(name)?;
        let path = self.path(name);
        // Asked before opening: to open a pipe would wait for its other end.
        let metadata = fs::metadata(&path).map_err(|e| DiskError::reading("open", &path, e))?;
        if !metadata.is_file() {
            return Err(DiskError::NotAFile { path });
        }
        if metadata.len() <= COPIED_BYTES_MAX {
            let read = fs::read(&path).map_err(|e| DiskError::reading("read", &path, e))?;
            return Ok(Bytes::from_vec(read));
        }
        let file = File::open(&path).map_err(|e| DiskError::reading("open", &path, e))?;
        Bytes::map(&file).map_err(|e| DiskError::reading("map", &path, e))
    }

    fn publish(
        &self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn WriteSeek) -> io::Result<()>,
    ) -> Result<u64, DiskError> {
        publish::publish(self, name, write)
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        let mut names = self.files(|name| check_name(name).is_ok())?;
        names.sort_unstable();
        Ok(names)
    }

    fn sweep(&self) -> Result<usize, DiskError> {
        let leftovers = self.files(|name| name.starts_with(TEMPORARY_PREFIX))?;
        for name in &leftovers {
            publish::remove(self, name)?;
        }
        Ok(leftovers.len())
    }

    fn remove(&self, name: &str) -> Result<(), DiskError> {
        check_name(name)?;
        publish::remove(self, name)
    }

    fn lock(&self) -> Result<Lock, DiskError> {
        FileLock::acquire(&self.path(LOCK_NAME)).map(Lock::new)
    }

    fn location(&self) -> String {
        self.dir.display().to_string()
    }

    fn directory(&self) -> Option<&Path> {
        Some(&self.dir)
    }

    fn share(&self, name: &str, with: &dyn Storage) -> Result<(), DiskError> {
        check_name(name)?;
        // Files never change, so two directories may well have the same one. Not every file system can do that, and none
        // across its border: then the bytes are copied.
        let linked = with.directory().is_some_and(|other| fs::hard_link(self.path(name), other.join(name)).is_ok());
        if linked { Ok(()) } else { copy(self, name, with) }
    }

    fn branch(&self, name: &str) -> Result<Arc<dyn Storage>, DiskError> {
        check_name(name)?;
        Ok(Arc::new(Self::create(self.dir.join(BRANCHES_NAME).join(name))?))
    }

    fn branches(&self) -> Result<Vec<String>, DiskError> {
        let place = self.dir.join(BRANCHES_NAME);
        let failed = |e| DiskError::reading("list", &place, e);
        let entries = match fs::read_dir(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(failed)?,
        };
        let mut names = Vec::new();
        for entry in entries {
            let entry = entry.map_err(failed)?;
            let name = entry.file_name().into_string().ok().filter(|name| check_name(name).is_ok());
            names.extend(name.filter(|_| entry.file_type().is_ok_and(|kind| kind.is_dir())));
        }
        names.sort_unstable();
        Ok(names)
    }

    fn remove_branch(&self, name: &str) -> Result<(), DiskError> {
        check_name(name)?;
        let path = self.dir.join(BRANCHES_NAME).join(name);
        match fs::remove_dir_all(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(DiskError::changing(super::error::OP_REMOVE, &path, error))
            }
            _ => Ok(()),
        }
    }
}

impl Medium for FileStorage {
    type File = File;

    fn next_temporary(&self) -> String {
        let serial = self.temporaries.fetch_add(1, Ordering::Relaxed);
        format!("{TEMPORARY_PREFIX}{}-{serial}", process::id())
    }

    fn create(&self, name: &str) -> io::Result<File> {
        OpenOptions::new().write(true).create_new(true).open(self.path(name))
    }

    fn sync_file(&self, file: &mut File) -> io::Result<()> {
        file.sync_all()
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path(from), self.path(to))
    }

    fn sync_directory(&self) -> io::Result<()> {
        sync_directory(&self.dir)
    }

    fn unlink(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path(name))
    }

    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.dir.clone() } else { self.dir.join(name) }
    }
}

fn absolute(dir: &Path) -> Result<PathBuf, DiskError> {
    std::path::absolute(dir).map_err(|e| DiskError::reading("resolve", dir, e))
}

/// Makes the names in a directory durable.
#[cfg(unix)]
fn sync_directory(dir: &Path) -> io::Result<()> {
    let synced = File::open(dir)?.sync_all();
    // Some network and shared-folder file systems have no directory sync and say so: there is nothing to wait for.
    synced.or_else(|e| match e.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => Ok(()),
        _ => Err(e),
    })
}

/// Windows offers no directory sync; NTFS journals its names, in order.
#[cfg(not(unix))]
fn sync_directory(_dir: &Path) -> io::Result<()> {
    Ok(())
}
