//! Which notes of a segment are deleted: a small immutable file beside it, read in place.

use super::file_name;
use crate::disk::{Bytes, Storage};
use crate::error::{Error, Result};
use index_format::layout::NO_SPACE;
use index_format::{FileBuilder, FileKind, FileRef, FileTable, SectionKind};

/// The deleted notes of one segment, as ordinals in ascending order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deleted {
    file: Option<(FileTable, Bytes)>,
}

impl Deleted {
    /// Publishes a tombstone file.
    pub(crate) fn store(storage: &dyn Storage, index_id: u64, file_id: u64, notes: &[u32]) -> Result<FileRef> {
        let mut file = FileBuilder::new(FileKind::Tombstones, index_id, file_id);
        file.array(SectionKind::Deleted, NO_SPACE, notes, 1);
        super::freeze::publish(storage, FileKind::Tombstones, file_id, file)
    }

    /// Opens the tombstone file a manifest names.
    pub(crate) fn open(storage: &dyn Storage, index_id: u64, file: &FileRef) -> Result<Self> {
        let name = file_name(FileKind::Tombstones, file.id);
        let bytes = storage.map(&name)?;
        let damaged = |source| Error::Damaged { file: name.clone(), source };
        let table = FileTable::parse(&bytes, FileKind::Tombstones).map_err(damaged)?;
        super::open::check_identity(table.header(), index_id, file).map_err(damaged)?;
        table.array::<u32>(&bytes, SectionKind::Deleted, NO_SPACE, 1).map_err(damaged)?;
        Ok(Self { file: Some((table, bytes)) })
    }

    /// The deleted notes.
    pub(crate) fn notes(&self) -> &[u32] {
        let Some((table, bytes)) = &self.file else { return &[] };
        table.array(bytes, SectionKind::Deleted, NO_SPACE, 1).unwrap_or(&[])
    }

    /// Whether a note is deleted.
    pub(crate) fn contains(&self, note: u32) -> bool {
        self.file.is_some() && self.notes().binary_search(&note).is_ok()
    }
}
