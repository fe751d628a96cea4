//! Owned parts to the bytes of one file: header, section table, aligned sections.

use crate::layout::{
    ALIGN, DRAFT, FileKind, Header, MAGIC, MAX_SECTIONS, NO_SPACE, SECTION_REQUIRED, SectionEntry, SectionKind, VERSION,
};
use crate::{Extent, FormatError, checksum};
use bytemuck::Pod;
use std::borrow::Cow;

const ZEROS: [u8; ALIGN as usize] = [0; ALIGN as usize];

/// Bytes of a section that are written at once where a search reads only a few.
const COLD_PIECE_BYTES: usize = 64 * 1024;

/// Collects the sections of one file and lays them out.
#[derive(Debug)]
pub struct FileBuilder<'a> {
    kind: FileKind,
    index_id: u64,
    file_id: u64,
    sections: Vec<(SectionEntry, Cow<'a, [u8]>)>,
}

impl<'a> FileBuilder<'a> {
    /// A file of `kind` belonging to index `index_id`, with the number `file_id`.
    #[must_use]
    pub const fn new(kind: FileKind, index_id: u64, file_id: u64) -> Self {
        Self { kind, index_id, file_id, sections: Vec::new() }
    }

    /// Adds a section of fixed-width elements, `stride` of them `T`s wide (1 for a plain list).
    pub fn array<T: Pod>(&mut self, kind: SectionKind, space: u16, elements: &'a [T], width: usize) {
        let stride = size_of::<T>().saturating_mul(width) as u64;
        let bytes: &[u8] = bytemuck::cast_slice(elements);
        let count = (bytes.len() as u64).checked_div(stride).unwrap_or(0);
        self.push(kind, space, Cow::Borrowed(bytes), count, stride);
    }

    /// Adds a section of bytes whose elements vary in length.
    pub fn bytes(&mut self, kind: SectionKind, space: u16, bytes: impl Into<Cow<'a, [u8]>>, count: u64) {
        self.push(kind, space, bytes.into(), count, 0);
    }

    /// Adds two sections, extents and bytes, for variable-length elements, each starting at a multiple of `align`.
    pub fn blobs<B: AsRef<[u8]>>(&mut self, kinds: [SectionKind; 2], items: impl IntoIterator<Item = B>, align: usize) {
        let (mut extents, mut bytes) = (Vec::new(), Vec::new());
        for item in items {
            let item = item.as_ref();
            bytes.resize(bytes.len().next_multiple_of(align.max(1)), 0);
            extents.push(Extent { offset: bytes.len() as u64, len: item.len() as u64 });
            bytes.extend_from_slice(item);
        }
        let count = extents.len() as u64;
        let [extent_kind, byte_kind] = kinds;
        let packed = bytemuck::cast_slice::<Extent, u8>(&extents).to_vec();
        self.push(extent_kind, NO_SPACE, Cow::Owned(packed), count, size_of::<Extent>() as u64);
        self.push(byte_kind, NO_SPACE, Cow::Owned(bytes), count, 0);
    }

    fn push(&mut self, kind: SectionKind, space: u16, bytes: Cow<'a, [u8]>, count: u64, stride: u64) {
        let entry = SectionEntry {
            kind: kind as u16,
            space,
            flags: SECTION_REQUIRED,
            offset: 0,
            len: bytes.len() as u64,
            count,
            stride,
            checksum: checksum(&bytes),
            reserved: [0; 16],
        };
        self.sections.push((entry, bytes));
    }

    /// Lays the file out. The result is written chunk by chunk, so that big sections are never copied.
    ///
    /// # Errors
    /// Whatever a reader would refuse: more than [`MAX_SECTIONS`] sections, one listed twice, or elements that do not fill
    /// their section.
    pub fn finish(mut self) -> Result<FileImage<'a>, FormatError> {
        let count = u16::try_from(self.sections.len()).ok().filter(|count| *count <= MAX_SECTIONS);
        let Some(section_count) = count else {
            return Err(FormatError::Inconsistent {
                what: "number of sections",
                offset: 48,
                expected: u64::from(MAX_SECTIONS),
                found: self.sections.len() as u64,
            });
        };
        let mut end = table_end(section_count);
        for (entry, bytes) in &mut self.sections {
            entry.offset = end.next_multiple_of(ALIGN);
            end = entry.offset.saturating_add(bytes.len() as u64);
        }
        let mut header = Header {
            magic: MAGIC,
            version: VERSION,
            reader_version: VERSION,
            draft: DRAFT,
            kind: self.kind as u16,
            required_features: 0,
            index_id: self.index_id,
            file_id: self.file_id,
            file_len: end.next_multiple_of(ALIGN),
            section_count,
            reserved: [0; 6],
            checksum: 0,
        };
        let entries: Vec<SectionEntry> = self.sections.iter().map(|(entry, _)| *entry).collect();
        crate::table::check_sections(&entries, table_end(section_count), header.file_len)?;
        let table: &[u8] = bytemuck::cast_slice(&entries);
        header.checksum = header_checksum(&header, table);
        let mut head = bytemuck::bytes_of(&header).to_vec();
        head.extend_from_slice(table);
        let sections = self.sections.into_iter().map(|(entry, bytes)| (entry.kind, bytes)).collect();
        Ok(FileImage { head, sections, header })
    }
}

/// One past the last byte of the section table.
pub(crate) fn table_end(section_count: u16) -> u64 {
    (size_of::<Header>() as u64)
        .saturating_add(u64::from(section_count).saturating_mul(size_of::<SectionEntry>() as u64))
}

/// The checksum of a header and its table: bytes 0..56 of the header, then the table.
pub(crate) fn header_checksum(header: &Header, table: &[u8]) -> u64 {
    let mut covered = bytemuck::bytes_of(header).to_vec();
    covered.truncate(56);
    covered.extend_from_slice(table);
    checksum(&covered)
}

/// A laid-out file, ready to be written in order.
#[derive(Debug)]
pub struct FileImage<'a> {
    head: Vec<u8>,
    /// Kind and bytes of each.
    sections: Vec<(u16, Cow<'a, [u8]>)>,
    header: Header,
}

impl FileImage<'_> {
    /// Length of the file in bytes.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a file has at least its header")]
    pub const fn len(&self) -> u64 {
        self.header.file_len
    }

    /// The checksum in the header: it covers the checksums of all sections, and so names this content.
    #[must_use]
    pub const fn header_checksum(&self) -> u64 {
        self.header.checksum
    }

    /// The file's bytes in order, as slices to be written one after the other.
    ///
    /// Codes and links come in one piece each, everything else in pieces of 64 KiB: Linux keeps what was written at once
    /// together in memory, and touching a byte of a mapped file later makes all of that resident. A search goes all over
    /// codes and links, but reads only a few rows of the rest.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let sections = self.sections.iter().flat_map(|(kind, bytes)| {
            let hot = [SectionKind::Codes, SectionKind::Links].iter().any(|hot| *hot as u16 == *kind);
            let piece = if hot { bytes.len().max(1) } else { COLD_PIECE_BYTES };
            bytes.chunks(piece).chain([padding(bytes.len())])
        });
        [self.head.as_slice(), padding(self.head.len())].into_iter().chain(sections)
    }

    /// The whole file in one buffer, for small files and tests.
    #[must_use]
    pub fn to_vec(&self) -> Vec<u8> {
        self.chunks().fold(Vec::new(), |mut bytes, chunk| {
            bytes.extend_from_slice(chunk);
            bytes
        })
    }
}

fn padding(len: usize) -> &'static [u8] {
    let align = ALIGN as usize;
    let missing = len.next_multiple_of(align).saturating_sub(len);
    ZEROS.get(..missing).unwrap_or(&[])
}
