//! Files of what was learnt, and of what it can be learnt from: a ranking head, feedback.

use super::{file_name, freeze::publish, open::check_identity};
use crate::disk::Storage;
use crate::error::{Error, Result};
use index_format::layout::NO_SPACE;
use index_format::{Feedback, FileBuilder, FileKind, FileRef, FileTable, FormatError, SectionKind};

/// Publishes the bytes of a head.
pub(crate) fn store_head(storage: &dyn Storage, index_id: u64, file_id: u64, weights: &[u8]) -> Result<FileRef> {
    let mut file = FileBuilder::new(FileKind::Head, index_id, file_id);
    file.bytes(SectionKind::Weights, NO_SPACE, weights, 1);
    publish(storage, FileKind::Head, file_id, file)
}

/// Loads the bytes of a head, every one of them checked.
pub(crate) fn load_head(storage: &dyn Storage, index_id: u64, file: &FileRef) -> Result<Vec<u8>> {
    let name = file_name(FileKind::Head, file.id);
    let bytes = storage.map(&name)?;
    let read = || {
        let table = FileTable::parse(&bytes, FileKind::Head)?;
        check_identity(table.header(), index_id, file)?;
        if let Some(damage) = table.damages(&bytes).into_iter().next() {
            return Err(FormatError::Archive { what: damage.section, offset: damage.offset, why: damage.why });
        }
        table.bytes(&bytes, SectionKind::Weights, NO_SPACE).map(<[u8]>::to_vec)
    };
    read().map_err(|source| Error::Damaged { file: name, source })
}

/// Publishes feedback.
pub(crate) fn store_feedback(
    storage: &dyn Storage,
    index_id: u64,
    file_id: u64,
    feedback: &Feedback,
) -> Result<FileRef> {
    let name = file_name(FileKind::Feedback, file_id);
    let damaged = |source| Error::Damaged { file: name.clone(), source };
    let bytes = feedback.to_file(index_id, file_id).map_err(damaged)?;
    let checksum = FileTable::parse(&bytes, FileKind::Feedback).map_err(damaged)?.header().checksum;
    storage.publish(&name, &mut |out| out.write_all(&bytes))?;
    Ok(FileRef { id: file_id, len: bytes.len() as u64, checksum })
}

/// Loads feedback.
pub(crate) fn load_feedback(storage: &dyn Storage, index_id: u64, file: &FileRef) -> Result<Feedback> {
    let name = file_name(FileKind::Feedback, file.id);
    let bytes = storage.map(&name)?;
    let read = || {
        let table = FileTable::parse(&bytes, FileKind::Feedback)?;
        check_identity(table.header(), index_id, file)?;
        Feedback::from_file(&bytes)
    };
    read().map_err(|source| Error::Damaged { file: name, source })
}
