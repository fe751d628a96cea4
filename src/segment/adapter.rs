//! Adapter files: the matrix that vectors and queries of the encoder's spaces go through, and what it was trained for.

use super::{file_name, freeze::publish, open::check_identity};
use crate::disk::Storage;
use crate::error::{Error, Result};
use crate::vector::Adapter;
use index_format::{AdapterRecord, AdapterView, FileKind, FileRef, FileTable, FormatError, SectionKind};

/// Publishes an adapter.
pub(crate) fn store_adapter(
    storage: &dyn Storage,
    index_id: u64,
    file_id: u64,
    (adapter, record): (&Adapter, &AdapterRecord),
) -> Result<FileRef> {
    let view = AdapterView { record: record.clone(), width: adapter.width(), matrix: adapter.rows() };
    let damaged = |source| Error::Damaged { file: file_name(FileKind::Adapter, file_id), source };
    publish(storage, FileKind::Adapter, file_id, view.to_file(index_id, file_id).map_err(damaged)?)
}

/// Loads an adapter. The whole file is checked: with a bent matrix queries and vectors would not fit each other.
pub(crate) fn load_adapter(storage: &dyn Storage, index_id: u64, file: &FileRef) -> Result<(Adapter, AdapterRecord)> {
    let name = file_name(FileKind::Adapter, file.id);
    let bytes = storage.map(&name)?;
    let damaged = |source| Error::Damaged { file: name.clone(), source };
    let table = FileTable::parse(&bytes, FileKind::Adapter).map_err(damaged)?;
    check_identity(table.header(), index_id, file).map_err(damaged)?;
    let AdapterView { record, width, matrix } = AdapterView::from_file(&bytes).map_err(damaged)?;
    let adapter = Adapter::from_stored(width, matrix.to_vec()).map_err(|error| {
        let offset = table.find(SectionKind::Matrix, index_format::layout::NO_SPACE).map_or(0, |entry| entry.offset);
        damaged(FormatError::Archive { what: SectionKind::Matrix.name(), offset, why: error.to_string() })
    })?;
    Ok((adapter, record))
}
