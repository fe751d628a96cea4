//! The constant-time part of opening: header, section table, bounds. Everything else builds on a [`FileTable`].

use crate::build::{header_checksum, table_end};
use crate::layout::{
    ALIGN, DRAFT, FileKind, Header, KNOWN_FEATURES, MAGIC, MAX_SECTIONS, SECTION_REQUIRED, SectionEntry, SectionKind,
    VERSION,
};
use crate::{Extent, FormatError};
use bytemuck::Pod;

/// A parsed header and section table. It does not hold the bytes: each accessor takes them again, so that one table serves
/// a mapped file for as long as the file lives.
#[derive(Debug, Clone)]
pub struct FileTable {
    header: Header,
    sections: Vec<SectionEntry>,
}

impl FileTable {
    /// Parses and checks the head of a file of the given kind: cost depends on the number of sections only.
    ///
    /// # Errors
    /// Whatever does not hold: see [`FormatError`].
    pub fn parse(bytes: &[u8], kind: FileKind) -> Result<Self, FormatError> {
        let header: Header = read_pod(bytes, 0, "header")?;
        check_header(&header, kind, bytes.len() as u64)?;
        let end = table_end(header.section_count);
        let table = bytes.get(size_of::<Header>()..end as usize).ok_or(FormatError::Truncated {
            what: "section table",
            needed: end,
            got: bytes.len() as u64,
        })?;
        let found = header_checksum(&header, table);
        if found != header.checksum {
            return Err(FormatError::Checksum { what: "header", offset: 0, expected: header.checksum, found });
        }
        let sections: Vec<SectionEntry> =
            table.chunks_exact(size_of::<SectionEntry>()).map(bytemuck::pod_read_unaligned).collect();
        check_sections(&sections, end, header.file_len)?;
        Ok(Self { header, sections })
    }

    /// A table of sections that someone else has looked at.
    pub(crate) const fn of(header: Header, sections: Vec<SectionEntry>) -> Self {
        Self { header, sections }
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The section table.
    #[must_use]
    pub fn sections(&self) -> &[SectionEntry] {
        &self.sections
    }

    /// The entry of a section, if the file has it.
    #[must_use]
    pub fn find(&self, kind: SectionKind, space: u16) -> Option<&SectionEntry> {
        self.sections.iter().find(|entry| entry.kind == kind as u16 && entry.space == space)
    }

    /// The entry of a section the file must have.
    ///
    /// # Errors
    /// [`FormatError::MissingSection`].
    pub fn require(&self, kind: SectionKind, space: u16) -> Result<&SectionEntry, FormatError> {
        self.find(kind, space).ok_or(FormatError::MissingSection { section: kind.name(), space })
    }

    /// The bytes of a section.
    ///
    /// # Errors
    /// [`FormatError::MissingSection`], or [`FormatError::Truncated`] where `bytes` is not the parsed file.
    pub fn bytes<'a>(&self, bytes: &'a [u8], kind: SectionKind, space: u16) -> Result<&'a [u8], FormatError> {
        slice(bytes, self.require(kind, space)?, kind.name())
    }

    /// A section as an array of `T`s, where the table says that each element is `width` of them.
    ///
    /// # Errors
    /// As [`FileTable::bytes`], and [`FormatError::Inconsistent`] where the element size differs.
    pub fn array<'a, T: Pod>(
        &self,
        bytes: &'a [u8],
        kind: SectionKind,
        space: u16,
        width: usize,
    ) -> Result<&'a [T], FormatError> {
        let entry = self.require(kind, space)?;
        let stride = (size_of::<T>() as u64).saturating_mul(width as u64);
        if entry.stride != stride {
            return Err(inconsistent("bytes an element", entry.offset, stride, entry.stride));
        }
        cast(slice(bytes, entry, kind.name())?, entry.offset)
    }

    /// Extents and bytes of variable-length elements.
    ///
    /// # Errors
    /// As [`FileTable::array`].
    pub fn blobs<'a>(&self, bytes: &'a [u8], kinds: [SectionKind; 2]) -> Result<Blobs<'a>, FormatError> {
        let [extent_kind, byte_kind] = kinds;
        let space = crate::layout::NO_SPACE;
        Ok(Blobs {
            extents: self.array(bytes, extent_kind, space, 1)?,
            bytes: self.bytes(bytes, byte_kind, space)?,
            offset: self.require(byte_kind, space)?.offset,
            what: byte_kind.name(),
        })
    }
}

/// Variable-length elements of one section.
#[derive(Debug, Clone, Copy)]
pub struct Blobs<'a> {
    extents: &'a [Extent],
    bytes: &'a [u8],
    offset: u64,
    what: &'static str,
}

impl<'a> Blobs<'a> {
    /// Number of elements.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.extents.len()
    }

    /// Whether there is no element.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.extents.is_empty()
    }

    /// Where element `index` lies in the file.
    #[must_use]
    pub fn offset_of(&self, index: usize) -> u64 {
        self.extents.get(index).map_or(self.offset, |extent| self.offset.saturating_add(extent.offset))
    }

    /// Checks that the elements lie in order, each at the next multiple of `align`, without gap or overlap: what a writer
    /// makes, and what keeps reading all of them as cheap as the file is long. Gives the first element that does not.
    pub(crate) fn misplaced(&self, align: u64) -> Option<usize> {
        let mut end = 0_u64;
        for (index, extent) in self.extents.iter().enumerate() {
            if end.checked_next_multiple_of(align) != Some(extent.offset) {
                return Some(index);
            }
            end = extent.offset.saturating_add(extent.len);
        }
        (end != self.bytes.len() as u64).then_some(self.extents.len())
    }

    /// Element `index`.
    ///
    /// # Errors
    /// [`FormatError::Inconsistent`] where there is no such element or it reaches out of its section.
    pub fn get(&self, index: usize) -> Result<&'a [u8], FormatError> {
        let extent = self
            .extents
            .get(index)
            .ok_or_else(|| inconsistent(self.what, self.offset, self.extents.len() as u64, index as u64))?;
        let end = extent.offset.saturating_add(extent.len);
        let range = usize::try_from(extent.offset).ok().zip(usize::try_from(end).ok());
        range
            .and_then(|(start, end)| self.bytes.get(start..end))
            .ok_or_else(|| inconsistent(self.what, self.offset_of(index), self.bytes.len() as u64, end))
    }
}

pub(crate) const fn inconsistent(what: &'static str, offset: u64, expected: u64, found: u64) -> FormatError {
    FormatError::Inconsistent { what, offset, expected, found }
}

pub(crate) fn read_pod<T: Pod>(bytes: &[u8], start: usize, what: &'static str) -> Result<T, FormatError> {
    let end = start.saturating_add(size_of::<T>());
    bytes.get(start..end).map(bytemuck::pod_read_unaligned).ok_or(FormatError::Truncated {
        what,
        needed: end as u64,
        got: bytes.len() as u64,
    })
}

fn slice<'a>(bytes: &'a [u8], entry: &SectionEntry, what: &'static str) -> Result<&'a [u8], FormatError> {
    let end = entry.offset.saturating_add(entry.len);
    bytes.get(entry.offset as usize..end as usize).ok_or(FormatError::Truncated {
        what,
        needed: end,
        got: bytes.len() as u64,
    })
}

fn cast<T: Pod>(bytes: &[u8], offset: u64) -> Result<&[T], FormatError> {
    bytemuck::try_cast_slice(bytes)
        .map_err(|_| inconsistent("alignment of the mapped bytes", offset, align_of::<T>() as u64, bytes.len() as u64))
}

fn check_header(header: &Header, kind: FileKind, len: u64) -> Result<(), FormatError> {
    if header.magic != MAGIC {
        return Err(FormatError::Magic { found: header.magic });
    }
    if header.reader_version > VERSION {
        return Err(FormatError::FutureVersion { found: header.reader_version, supported: VERSION });
    }
    // A draft is read by its own draft only, and a reader of a draft reads nothing else.
    if VERSION == 0 && header.version != 0 {
        return Err(FormatError::FutureVersion { found: header.version, supported: VERSION });
    }
    if header.version == 0 && header.draft != DRAFT {
        return Err(FormatError::Draft { found: header.draft, supported: DRAFT });
    }
    let unknown = header.required_features & !KNOWN_FEATURES;
    if unknown != 0 {
        return Err(FormatError::Feature { unknown });
    }
    if header.kind != kind as u16 {
        return Err(FormatError::WrongKind { expected: kind.name(), found: header.kind });
    }
    if header.file_len != len {
        return Err(FormatError::Truncated { what: "file", needed: header.file_len, got: len });
    }
    if header.section_count > MAX_SECTIONS {
        return Err(inconsistent("number of sections", 48, u64::from(MAX_SECTIONS), u64::from(header.section_count)));
    }
    if header.reserved != [0; 6] {
        return Err(inconsistent("reserved header bytes", 50, 0, 1));
    }
    Ok(())
}

/// Holds a section table against the file it describes. Writers run it on what they are about to write.
pub(crate) fn check_sections(sections: &[SectionEntry], table_end: u64, file_len: u64) -> Result<(), FormatError> {
    let mut end = table_end;
    for (index, entry) in sections.iter().enumerate() {
        let at = entry_offset(index);
        let start = end.next_multiple_of(ALIGN);
        if entry.offset != start {
            return Err(inconsistent("section offset", at, start, entry.offset));
        }
        end = entry.offset.saturating_add(entry.len);
        if end > file_len {
            return Err(FormatError::Truncated { what: "section", needed: end, got: file_len });
        }
        if entry.stride != 0 && entry.count.checked_mul(entry.stride) != Some(entry.len) {
            return Err(inconsistent("section length", at, entry.count.saturating_mul(entry.stride), entry.len));
        }
        if SectionKind::from_number(entry.kind).is_none() && entry.flags & SECTION_REQUIRED != 0 {
            return Err(FormatError::UnknownSection { index, kind: entry.kind });
        }
        if entry.reserved != [0; 16] {
            return Err(inconsistent("reserved section bytes", at, 0, 1));
        }
    }
    if end.next_multiple_of(ALIGN) != file_len {
        return Err(inconsistent("end of the last section", 40, file_len, end.next_multiple_of(ALIGN)));
    }
    let mut keys: Vec<_> = sections.iter().map(|entry| (entry.kind, entry.space)).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| matches!(pair, [left, right] if left == right)) {
        return Err(inconsistent("sections listed twice", size_of::<Header>() as u64, 0, 1));
    }
    Ok(())
}

fn entry_offset(index: usize) -> u64 {
    (size_of::<Header>() as u64).saturating_add((index as u64).saturating_mul(size_of::<SectionEntry>() as u64))
}
