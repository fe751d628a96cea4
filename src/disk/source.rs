//! Reading a file that is not part of an index: the original of a picture.

use super::DiskError;
use std::fs::File;
use std::io::Read;
use std::path::Path;

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
