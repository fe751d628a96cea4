//! The only door to the file system: map a file, publish a file atomically, list, remove, lock.
//!
//! Files are *published* whole and never modified afterwards; a change is a new file renamed over the old name.
//! Everything above this room rests on that one rule: maps stay valid, readers need no lock, and a crash leaves
//! either the old file or the new one.
//!
//! Map of the room:
//! * [`Storage`] (here): the trait that the engine writes against, and what names are allowed.
//! * `bytes`: [`Bytes`], a file's content as a map or as aligned memory; the one unsafe block of the room.
//! * `publish`: the order of steps that makes publication atomic and durable, written once for every medium.
//! * `file`: [`FileStorage`], a directory. `lock`: its writer lock.
//! * `memory`: [`MemoryStorage`], the in-memory twin. `ledger`: its account of what would survive a power loss.
//!   `faults`: the faults that it can be asked for, and how a torn file looks.
//! * `source`: reading, listing and writing files that are not part of an index.
//! * `error`: [`DiskError`].
//!
//! Absences: the room does not know what the bytes mean, starts no thread, and never retries a failed sync.

mod bytes;
#[cfg(test)]
mod crash_tests;
mod error;
mod faults;
mod file;
mod ledger;
mod lock;
mod memory;
mod publish;
mod source;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{self, Seek, Write};
use std::path::Path;
use std::sync::Arc;

pub use bytes::{Advice, Bytes};
pub use error::DiskError;
pub use faults::{FaultKind, Step, Survival};
pub use file::FileStorage;
pub use memory::MemoryStorage;
pub(crate) use source::{list_source, read_source, write_whole};
#[cfg(feature = "checkpoints")]
pub(crate) use source::{map_source, resolve_source};

/// Name of the lock file inside a storage directory.
const LOCK_NAME: &str = "lock";
/// What the names of temporaries start with. A leading dot is not a valid name, so the two never collide.
const TEMPORARY_PREFIX: &str = ".tmp-";
/// Name of the directory that branches of a storage lie in.
const BRANCHES_NAME: &str = "snapshots";
/// The longest name that every supported file system takes.
const NAME_BYTES_MAX: usize = 255;

/// What a writer of one file may do with it.
pub trait WriteSeek: Write + Seek {}
impl<T: Write + Seek + ?Sized> WriteSeek for T {}

/// A flat set of named, immutable files with one exclusive writer lock.
///
/// Names are plain: ASCII letters, digits, `.`, `-` and `_`, at most 255 bytes, neither starting nor ending
/// with `.`, not `lock`, and not a device name of Windows such as `nul`. Any other name is refused with [`DiskError::BadName`] before the file system is touched.
///
/// Mapping and listing need no lock. Whoever publishes, sweeps or removes holds the lock; the storage does not check.
pub trait Storage: Send + Sync + fmt::Debug {
    /// The whole file. A file of length zero is empty [`Bytes`], not an error.
    ///
    /// The bytes stay valid and unchanged after the name is published anew or removed.
    fn map(&self, name: &str) -> Result<Bytes, DiskError>;

    /// Writes a file and gives it `name`, replacing a file of that name; returns its length in bytes.
    ///
    /// After `Ok` the file is durable. After `Err` the name is as it was before; the one exception is a
    /// [sync failure](DiskError::is_sync_failure), after which it may be new and may not be durable. An error that
    /// `write` returns stops the publication.
    fn publish(
        &self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn WriteSeek) -> io::Result<()>,
    ) -> Result<u64, DiskError>;

    /// The names of all files, sorted. Leaves out the lock file, temporaries, directories, and files whose name
    /// this storage would not accept.
    fn list(&self) -> Result<Vec<String>, DiskError>;

    /// Removes the temporaries that a killed writer left, and returns how many there were. Only the lock holder may
    /// call this, and not while it publishes: a temporary in use would go too.
    fn sweep(&self) -> Result<usize, DiskError>;

    /// Removes a file; a missing one is fine. The removal is durable with the next publication: after a power loss
    /// before that, the file may be back.
    ///
    /// [`DiskError::Busy`] where the platform refuses to remove a mapped file (Windows): try again once the map is
    /// gone.
    fn remove(&self, name: &str) -> Result<(), DiskError>;

    /// Takes the exclusive writer lock without waiting; [`DiskError::Locked`] if anyone holds it, this process
    /// included. Dropping the [`Lock`] releases it, and so does the end of the process, however it ends.
    fn lock(&self) -> Result<Lock, DiskError>;

    /// Where the files are, for messages.
    fn location(&self) -> String;

    /// The directory the files lie in, where they do.
    fn directory(&self) -> Option<&Path> {
        None
    }

    /// Puts a file of this storage into another one under the same name, in the place of one that is there; where both lie in
    /// one file system that can share files, no byte of it is copied. It is durable with the next publication there.
    fn share(&self, name: &str, with: &dyn Storage) -> Result<(), DiskError> {
        copy(self, name, with)
    }

    /// A storage within this one, made if it is not there, whose files no other call of this one sees.
    fn branch(&self, name: &str) -> Result<Arc<dyn Storage>, DiskError> {
        check_name(name)?;
        Err(DiskError::NoBranches { location: self.location() })
    }

    /// The names of all branches, sorted.
    fn branches(&self) -> Result<Vec<String>, DiskError> {
        Ok(Vec::new())
    }

    /// Removes a branch with all that is in it; a missing one is fine.
    fn remove_branch(&self, name: &str) -> Result<(), DiskError> {
        check_name(name)
    }
}

/// Copies a file of one storage into another one under the same name, in the place of one that is there.
pub(crate) fn copy<S: Storage + ?Sized>(from: &S, name: &str, to: &dyn Storage) -> Result<(), DiskError> {
    let bytes = from.map(name)?;
    to.publish(name, &mut |out| out.write_all(&bytes)).map(|_| ())
}

/// The writer lock of a [`Storage`]; released on drop.
#[must_use = "the lock is released as soon as this is dropped"]
pub struct Lock {
    _held: Box<dyn Send + Sync>,
}

impl Lock {
    /// A lock that is held as long as `held` lives; the drop of `held` releases it.
    pub fn new(held: impl Send + Sync + 'static) -> Self {
        Self { _held: Box::new(held) }
    }
}

impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lock")
    }
}

/// Refuses every name that could leave the directory, hide in it, or mean different files on different platforms.
fn check_name(name: &str) -> Result<(), DiskError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.len() > NAME_BYTES_MAX {
        "it is longer than 255 bytes"
    } else if name.starts_with('.') || name.ends_with('.') {
        "it starts or ends with a dot"
    } else if name.eq_ignore_ascii_case(LOCK_NAME) {
        "it is reserved for the writer lock"
    } else if is_windows_device(name) {
        "Windows reserves it for a device"
    } else if !name.bytes().all(plain) {
        "it holds a character other than ASCII letters, digits, '.', '-' and '_'"
    } else {
        return Ok(());
    };
    Err(DiskError::BadName { name: name.to_owned(), reason })
}

/// Whether Windows takes the name, with any extension, for a device instead of a file.
fn is_windows_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).to_ascii_lowercase();
    let port = stem.strip_prefix("com").or(stem.strip_prefix("lpt"));
    matches!(stem.as_str(), "con" | "prn" | "aux" | "nul")
        || port.is_some_and(|digit| matches!(digit.as_bytes(), [b'0'..=b'9']))
}
