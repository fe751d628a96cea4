//! Rotation files: one orthogonal matrix each, shared by the segments whose codes are made in it.

use super::{file_name, freeze::publish, open::check_identity};
use crate::disk::Storage;
use crate::error::{Error, Result};
use crate::vector::Rotation;
use index_format::layout::NO_SPACE;
use index_format::{FileBuilder, FileKind, FileRef, FileTable, FormatError, SectionKind};

/// Publishes a rotation.
pub(crate) fn store_rotation(
    storage: &dyn Storage,
    index_id: u64,
    file_id: u64,
    rotation: &Rotation,
) -> Result<FileRef> {
    let mut file = FileBuilder::new(FileKind::Rotation, index_id, file_id);
    file.array(SectionKind::Matrix, NO_SPACE, rotation.rows(), rotation.width());
    publish(storage, FileKind::Rotation, file_id, file)
}

/// Loads a rotation. The whole file is checked: it is small, and a bent matrix would bend every estimate.
pub(crate) fn load_rotation(storage: &dyn Storage, index_id: u64, file: &FileRef) -> Result<Rotation> {
    let name = file_name(FileKind::Rotation, file.id);
    let bytes = storage.map(&name)?;
    let damaged = |source| Error::Damaged { file: name.clone(), source };
    let table = FileTable::parse(&bytes, FileKind::Rotation).map_err(damaged)?;
    check_identity(table.header(), index_id, file).map_err(damaged)?;
    let entry = *table.require(SectionKind::Matrix, NO_SPACE).map_err(damaged)?;
    let archive =
        |why: String| damaged(FormatError::Archive { what: SectionKind::Matrix.name(), offset: entry.offset, why });
    if let Some(damage) = table.damages(&bytes).into_iter().next() {
        return Err(archive(damage.why));
    }
    let width = usize::try_from(entry.count).unwrap_or(usize::MAX);
    let rows: &[f32] = table.array(&bytes, SectionKind::Matrix, NO_SPACE, width).map_err(damaged)?;
    Rotation::from_stored(width, rows.to_vec()).map_err(|error| archive(error.to_string()))
}
