//! An adapter file: the matrix that vectors and queries of the encoder's spaces go through, and what it was trained for.

use crate::archive::{from_bytes, to_bytes};
use crate::layout::{ADAPTER_WIDTH_MAX, FileKind, NO_SPACE, SectionKind};
use crate::table::inconsistent;
use crate::{FileBuilder, FileTable, FormatError};
use rkyv::{Archive, Deserialize, Serialize};

/// What an adapter was trained for, and how.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct AdapterRecord {
    /// Name of the encoder it was trained for, for messages.
    pub encoder: String,
    /// The encoder's fingerprint: to the vectors of another one the adapter means nothing.
    pub fingerprint: String,
    /// When it was trained, milliseconds since 1970 UTC.
    pub made_ms: i64,
    /// How it was trained and what it gained, in words; may be empty.
    pub made_with: String,
}

/// An adapter file as it lies.
#[derive(Debug, Clone, PartialEq)]
pub struct AdapterView<'a> {
    /// What it was trained for.
    pub record: AdapterRecord,
    /// Width of the vectors.
    pub width: usize,
    /// `width` axes of `width` components; their values are the caller's to check.
    pub matrix: &'a [f32],
}

impl<'a> AdapterView<'a> {
    /// The file, to be laid out and written.
    ///
    /// # Errors
    /// [`FormatError::Archive`] if the record cannot be archived, and [`FormatError::Inconsistent`] for a matrix of another
    /// size.
    pub fn to_file(&self, index_id: u64, file_id: u64) -> Result<FileBuilder<'a>, FormatError> {
        check_size(self.width, self.matrix.len() as u64, 0)?;
        let archive = to_bytes(SectionKind::Meta.name(), &self.record)?;
        let mut file = FileBuilder::new(FileKind::Adapter, index_id, file_id);
        file.bytes(SectionKind::Meta, NO_SPACE, archive.into_vec(), 1);
        file.array(SectionKind::Matrix, NO_SPACE, self.matrix, self.width);
        Ok(file)
    }

    /// Reads an adapter file whole, every byte of it checked.
    ///
    /// # Errors
    /// Whatever does not hold.
    pub fn from_file(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let table = FileTable::parse(bytes, FileKind::Adapter)?;
        if let Some(damage) = table.damages(bytes).into_iter().next() {
            return Err(FormatError::Archive { what: damage.section, offset: damage.offset, why: damage.why });
        }
        let offset = table.require(SectionKind::Meta, NO_SPACE)?.offset;
        let archive = table.bytes(bytes, SectionKind::Meta, NO_SPACE)?;
        let record = from_bytes(SectionKind::Meta.name(), offset, archive)?;
        let entry = *table.require(SectionKind::Matrix, NO_SPACE)?;
        let width = usize::try_from(entry.count).unwrap_or(usize::MAX);
        let matrix: &[f32] = table.array(bytes, SectionKind::Matrix, NO_SPACE, width)?;
        check_size(width, matrix.len() as u64, entry.offset)?;
        Ok(Self { record, width, matrix })
    }
}

fn check_size(width: usize, found: u64, offset: u64) -> Result<(), FormatError> {
    if !(1..=ADAPTER_WIDTH_MAX).contains(&width) {
        return Err(inconsistent("width of an adapter (1 to 4096)", offset, ADAPTER_WIDTH_MAX as u64, width as u64));
    }
    let expected = (width as u64).saturating_mul(width as u64);
    if expected == found { Ok(()) } else { Err(inconsistent("components of an adapter", offset, expected, found)) }
}
