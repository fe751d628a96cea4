//! The writer lock of a directory: an advisory lock of the operating system, so that a killed process frees it.
//!
//! The standard library's file lock (`flock` on Linux and macOS, `LockFileEx` on Windows) belongs to the open
//! handle, not to the process: a second lock within one process fails as well.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Write};
use std::path::Path;
use std::process;
use std::time::{SystemTime, UNIX_EPOCH};

use super::DiskError;

/// How much of a lock file is read: two decimal numbers fit, whatever else stands there is not ours.
const NOTE_BYTES_MAX: u64 = 64;

/// A held lock.
#[derive(Debug)]
pub(super) struct FileLock {
    file: File,
}

impl FileLock {
    /// Locks the file, creating it where missing, and notes in it who holds it since when.
    pub(super) fn acquire(path: &Path) -> Result<Self, DiskError> {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)
            .map_err(|e| DiskError::changing("open", path, e))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let (pid, since) = read_note(&file);
                let path = path.to_owned();
                return Err(DiskError::Locked { path, pid, since });
            }
            Err(TryLockError::Error(e)) => return Err(DiskError::changing("lock", path, e)),
        }
        // The note only serves the message that a second writer gets, so failing to write it is no failure to lock.
        let _ = write_note(&file);
        Ok(Self { file })
    }
}

impl Drop for FileLock {
    fn drop(&mut self) {
        // Closing the handle is not enough: a child process that is just being started may share it until it runs.
        let _ = self.file.unlock();
    }
}

/// Now, in seconds since 1970-01-01 UTC; 0 for a clock before that.
pub(super) fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |elapsed| elapsed.as_secs())
}

fn write_note(mut file: &File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.write_all(format!("{} {}\n", process::id(), unix_seconds()).as_bytes())
}

/// The holder's process id and the time of locking, as far as they can be read; on Windows the lock itself prevents
/// reading them.
fn read_note(file: &File) -> (Option<u32>, Option<u64>) {
    let mut note = Vec::new();
    let _ = file.take(NOTE_BYTES_MAX).read_to_end(&mut note);
    let note = String::from_utf8_lossy(&note);
    let mut words = note.split_ascii_whitespace();
    let pid = words.next().and_then(|word| word.parse().ok());
    let since = words.next().and_then(|word| word.parse().ok());
    (pid, since)
}
