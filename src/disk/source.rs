//! Files that are not part of an index: the originals of pictures, the files of a model, judgments; and reports.

#[cfg(feature = "checkpoints")]
use super::Bytes;
use super::DiskError;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;
#[cfg(feature = "checkpoints")]
use std::path::PathBuf;

/// The bytes of a file of at most `limit` bytes.
///
/// # Errors
/// [`DiskError`] where it is missing, unreadable, no file, or larger than the limit.
pub(crate) fn read_source(path: &Path, limit: u64) -> Result<Vec<u8>, DiskError> {
    let refused = |source| DiskError::reading("read", path, source);
    let file = File::open(path).map_err(refused)?;
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 > limit {
        let why = format!("larger than the limit of {limit} bytes");
        return Err(refused(std::io::Error::new(std::io::ErrorKind::FileTooLarge, why)));
    }
    Ok(bytes)
}

/// Writes a file that is not part of an index, in the place of one that is there.
///
/// # Errors
/// [`DiskError`] where it cannot be written.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let mut file = File::create(path).map_err(|source| DiskError::changing("create", path, source))?;
    file.write_all(bytes).map_err(|source| DiskError::writing(path, source))
}

/// A file of another program's making, mapped if it is not small. See [`Bytes`] for what happens to a map whose file is cut
/// short meanwhile.
///
/// # Errors
/// [`DiskError`] where it is missing, unreadable or no file.
#[cfg(feature = "checkpoints")]
pub(crate) fn map_source(path: &Path) -> Result<Bytes, DiskError> {
    let refused = |source| DiskError::reading("map", path, source);
    let file = File::open(path).map_err(refused)?;
    let metadata = file.metadata().map_err(refused)?;
    if !metadata.is_file() {
        return Err(refused(std::io::Error::from(std::io::ErrorKind::IsADirectory)));
    }
    if metadata.len() == 0 {
        return Ok(Bytes::from_vec(Vec::new()));
    }
    Bytes::map(&file).map_err(refused)
}

/// The names of the files right in a directory, ascending; names that are no text are left out.
///
/// # Errors
/// [`DiskError`] where it is missing or cannot be listed.
pub(crate) fn list_source(path: &Path) -> Result<Vec<String>, DiskError> {
    let refused = |source| DiskError::reading("list", path, source);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(path).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        if entry.path().is_file() {
            names.extend(entry.file_name().into_string());
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The path of a directory without dots and links, so that one directory has one path; the absolute path where the system
/// cannot follow it.
#[cfg(feature = "checkpoints")]
pub(crate) fn resolve_source(path: &Path) -> PathBuf {
    let resolved = std::fs::canonicalize(path).or_else(|_| std::path::absolute(path));
    resolved.unwrap_or_else(|_| path.to_path_buf())
}
