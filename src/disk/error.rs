//! What can go wrong between the engine and its storage, with the path and the remedy in each message.

use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use thiserror::Error;

/// Renaming a temporary into place.
pub(super) const OP_RENAME: &str = "rename";
/// Removing a file.
pub(super) const OP_REMOVE: &str = "remove";

/// A failure of a [`Storage`](super::Storage).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DiskError {
    /// An operating system error without a more exact variant.
    #[error("cannot {op} {path}: {source}")]
    Io {
        /// What was tried, as a verb.
        op: &'static str,
        /// The file or directory it was tried on.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The system could not confirm that data reached the disk. It may already have dropped the data, and a second
    /// sync may then succeed without having stored it, so the writer must stop.
    #[error(
        "syncing {path} failed ({source}): the last changes may be lost and this writer can write no more; check \
         the disk, then reopen to continue from the last good commit"
    )]
    Sync {
        /// The file or directory that was being synced.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file or directory is not there.
    #[error("{path} does not exist: check the path, or create the index first")]
    NotFound {
        /// What was looked for.
        path: PathBuf,
    },
    /// The name belongs to a directory, device or pipe.
    #[error("{path} is not a regular file: move it out of the index directory")]
    NotAFile {
        /// What was found.
        path: PathBuf,
    },
    /// A directory was expected.
    #[error("{path} is not a directory: an index is a directory, name that instead")]
    NotADirectory {
        /// What was found.
        path: PathBuf,
    },
    /// Another writer holds the lock. Who and since when are what the holder noted in the lock file, and only
    /// informative.
    #[error("{path} is locked by {}: wait for that writer to finish, or end it; reading needs no lock", holder(*pid, *since))]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// Process id of the holder, where readable.
        pid: Option<u32>,
        /// When the lock was taken, in seconds since 1970-01-01 UTC, where readable.
        since: Option<u64>,
    },
    /// The storage keeps no other storages within it.
    #[error("{location} has no place for storages within it: use one that has, such as a directory")]
    NoBranches {
        /// Where its files are.
        location: String,
    },
    /// Writing is not permitted here.
    #[error(
        "{path} is read-only for this user: searching works, writing needs write permission on the index directory \
         and its files"
    )]
    ReadOnly {
        /// The file or directory that could not be written.
        path: PathBuf,
    },
    /// No space or quota left.
    #[error("no space left to write {path}: free some disk space or quota and try again")]
    Full {
        /// The file that was being written.
        path: PathBuf,
    },
    /// In use, and the platform refuses to replace or remove files in use.
    #[error("{path} is in use: try again once searches that have it open are done")]
    Busy {
        /// The file in use.
        path: PathBuf,
    },
    /// A name that could escape the directory or be confused with something else.
    #[error("{name:?} is not a valid file name in an index: {reason}")]
    BadName {
        /// The refused name.
        name: String,
        /// Why it was refused.
        reason: &'static str,
    },
}

impl DiskError {
    /// Whether a file or directory sync failed, after which the caller must write no more.
    ///
    /// A system may report a failed write-back once and forget the data: a later sync proves nothing (Rebello et
    /// al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020).
    pub fn is_sync_failure(&self) -> bool {
        matches!(self, Self::Sync { .. })
    }

    /// Classifies a failure to find, open or read something.
    pub(super) fn reading(op: &'static str, path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::NotFound => Self::NotFound { path },
            ErrorKind::NotADirectory => Self::NotADirectory { path },
            _ => Self::Io { op, path, source },
        }
    }

    /// Classifies a failure to create, rename or remove something.
    pub(super) fn changing(op: &'static str, path: &Path, source: io::Error) -> Self {
        // Windows denies access, without a kind of its own, when a map or handle stands in the way.
        let denied_means_busy = cfg!(windows) && matches!(op, OP_RENAME | OP_REMOVE);
        let owned = path.to_owned();
        match source.kind() {
            ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path: owned },
            ErrorKind::PermissionDenied if !denied_means_busy => Self::ReadOnly { path: owned },
            ErrorKind::PermissionDenied | ErrorKind::ResourceBusy => Self::Busy { path: owned },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { path: owned },
            _ if held_on_windows(&source) => Self::Busy { path: owned },
            _ => Self::reading(op, path, source),
        }
    }

    /// Classifies a failure while a file's content is written. The error may come from the caller's closure, so
    /// its kind says little about `path`; only a full disk is told apart.
    pub(super) fn writing(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => Self::Full { path },
            _ => Self::Io { op: "write", path, source },
        }
    }

    /// A failed sync of a file or directory.
    pub(super) fn syncing(path: &Path, source: io::Error) -> Self {
        Self::Sync { path: path.to_owned(), source }
    }
}

/// Sharing violation, lock violation, and "user mapped section open", which the standard library gives no kind.
fn held_on_windows(error: &io::Error) -> bool {
    cfg!(windows) && matches!(error.raw_os_error(), Some(32 | 33 | 1224))
}

/// Names the holder of a lock as far as it is known.
fn holder(pid: Option<u32>, since: Option<u64>) -> impl fmt::Display {
    let age = since
        .and_then(|seconds| UNIX_EPOCH.checked_add(Duration::from_secs(seconds)))
        .and_then(|taken| SystemTime::now().duration_since(taken).ok())
        .map(|age| format!(", for {} s so far", age.as_secs()))
        .unwrap_or_default();
    match pid {
        Some(pid) if pid == std::process::id() => format!("this very process ({pid}){age}"),
        Some(pid) => format!("process {pid}{age}"),
        None => format!("another writer{age}"),
    }
}
