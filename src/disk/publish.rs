//! The order of steps that makes a publication atomic and durable, written once for every medium, so that the crash
//! tests on the in-memory twin judge the very protocol that runs on disk.

use std::io::{self, BufWriter, ErrorKind, Seek, SeekFrom, Write};
use std::path::PathBuf;

use super::error::{OP_REMOVE, OP_RENAME};
use super::{DiskError, WriteSeek, check_name};

/// How many bytes of small writes are gathered into one. Not more than what a caller deliberately writes in pieces.
const BUFFER_BYTES: usize = 64 * 1024;

/// The primitive effects that a publication is made of. Names here are trusted: the caller has checked them.
pub(super) trait Medium {
    /// A temporary file being written.
    type File: Write + Seek;

    /// A name for a temporary, never the same twice from one value.
    fn next_temporary(&self) -> String;
    /// Creates a file for writing; `AlreadyExists` if the name is taken.
    fn create(&self, name: &str) -> io::Result<Self::File>;
    /// Makes the file's content durable.
    fn sync_file(&self, file: &mut Self::File) -> io::Result<()>;
    /// Gives `from` the name `to`, replacing what had it, in one atomic step.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;
    /// Makes all name changes so far durable.
    fn sync_directory(&self) -> io::Result<()>;
    /// Takes a name away.
    fn unlink(&self, name: &str) -> io::Result<()>;
    /// The path of a name, or of the directory for an empty one; for messages.
    fn path(&self, name: &str) -> PathBuf;
}

/// Publishes one file: temporary, content, file sync, rename, directory sync.
///
/// The file sync comes before the rename so that the name never points to content that a power loss can take; the
/// directory sync comes last so that `Ok` means durable, and so that what is published next cannot survive without
/// this file.
pub(super) fn publish<M: Medium>(
    medium: &M,
    name: &str,
    write: &mut dyn FnMut(&mut dyn WriteSeek) -> io::Result<()>,
) -> Result<u64, DiskError> {
    check_name(name)?;
    let (temporary, file) = create_temporary(medium)?;
    let renamed = write_and_sync(medium, name, file, write).and_then(|len| {
        medium.rename(&temporary, name).map_err(|e| DiskError::changing(OP_RENAME, &medium.path(name), e))?;
        Ok(len)
    });
    if renamed.is_err() {
        // The first error is the one to report; the next writer's sweep removes what stays behind here.
        let _ = medium.unlink(&temporary);
    }
    let len = renamed?;
    medium.sync_directory().map_err(|e| DiskError::syncing(&medium.path(""), e))?;
    Ok(len)
}

/// Creates a temporary under a name that no leftover of an earlier process with the same id has.
fn create_temporary<M: Medium>(medium: &M) -> Result<(String, M::File), DiskError> {
    loop {
        let temporary = medium.next_temporary();
        match medium.create(&temporary) {
            Ok(file) => return Ok((temporary, file)),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => {
                let op = "create a file in";
                return Err(DiskError::changing(op, &medium.path(""), e));
            }
        }
    }
}

/// Fills the file and makes its content durable; closes it, since Windows renames only closed files.
fn write_and_sync<M: Medium>(
    medium: &M,
    name: &str,
    file: M::File,
    write: &mut dyn FnMut(&mut dyn WriteSeek) -> io::Result<()>,
) -> Result<u64, DiskError> {
    let path = medium.path(name);
    let mut buffered = BufWriter::with_capacity(BUFFER_BYTES, file);
    write(&mut buffered).map_err(|e| DiskError::writing(&path, e))?;
    let mut file = buffered.into_inner().map_err(|e| DiskError::writing(&path, e.into_error()))?;
    let len = file.seek(SeekFrom::End(0)).map_err(|e| DiskError::writing(&path, e))?;
    medium.sync_file(&mut file).map_err(|e| DiskError::syncing(&path, e))?;
    Ok(len)
}

/// Removes one file; a missing one is fine.
pub(super) fn remove<M: Medium>(medium: &M, name: &str) -> Result<(), DiskError> {
    match medium.unlink(name) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(DiskError::changing(OP_REMOVE, &medium.path(name), e)),
        _ => Ok(()),
    }
}
