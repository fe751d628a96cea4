//! Clearing away index files that no commit names: what was replaced, compacted or never committed.

use super::state::read_manifest;
use crate::disk::{DiskError, Storage};
use crate::error::Result;
use crate::segment::{file_name, is_index_file};
use index_format::FileKind;
use std::collections::BTreeSet;

/// Removes index files that the manifest on the storage does not name, but for those in `kept`. Only the lock holder may call this. A file some
/// reader on Windows still maps stays for next time.
pub(super) fn remove_unnamed(storage: &dyn Storage, kept: &[String]) -> Result<()> {
    let manifest = read_manifest(storage)?;
    let mut named = BTreeSet::from([file_name(FileKind::Manifest, 0)]);
    named.extend(manifest.files().map(|(kind, file)| file_name(kind, file.id)));
    for name in storage.list()? {
        if is_index_file(&name) && !named.contains(&name) && !kept.contains(&name) {
            match storage.remove(&name) {
                Ok(()) | Err(DiskError::Busy { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(())
}
