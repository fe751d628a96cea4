//! What can still be read of a damaged segment file: the sections whose own checksums hold, whatever the header, the table's
//! order or the rest of the file say, and records that are what they were written as.

use crate::archive::from_bytes;
use crate::layout::{
    DRAFT, FileKind, Header, MAGIC, MAX_SECTIONS, NO_SPACE, RowEntry, SectionEntry, SectionKind, VERSION,
};
use crate::table::{Blobs, FileTable, read_pod};
use crate::{FormatError, Record, checksum};

/// Bytes of a picture's hash that was never computed.
const NO_HASH: [u8; 16] = [0; 16];

/// A damaged segment file.
#[derive(Debug, Clone)]
pub struct Salvage<'a> {
    bytes: &'a [u8],
    table: FileTable,
    records: Blobs<'a>,
    pictures: Option<Blobs<'a>>,
    /// Whether all records, and all pictures, are as they were written.
    whole: [bool; 2],
    /// The spaces that had vectors, where that is known.
    spaces: Option<Vec<u16>>,
}

/// The rows of one vector space, all of whose sections are as they were written.
#[derive(Debug, Clone, Copy)]
pub struct SalvagedSpace<'a> {
    rows: &'a [RowEntry],
    vectors: &'a [f32],
    width: usize,
}

impl<'a> Salvage<'a> {
    /// Looks for what can be read. Of the header only magic number, version and kind count: they say that this is a segment
    /// which this version reads.
    ///
    /// # Errors
    /// Where it is none, or where nothing says any more where its records lie.
    pub fn open(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let header: Header = read_pod(bytes, 0, "header")?;
        if header.magic != MAGIC {
            return Err(FormatError::Magic { found: header.magic });
        }
        if header.version != VERSION {
            return Err(FormatError::FutureVersion { found: header.version, supported: VERSION });
        }
        if header.draft != DRAFT {
            return Err(FormatError::Draft { found: header.draft, supported: DRAFT });
        }
        if header.kind != FileKind::Segment as u16 {
            return Err(FormatError::WrongKind { expected: FileKind::Segment.name(), found: header.kind });
        }
        let entries = usize::from(header.section_count.min(MAX_SECTIONS));
        let size = size_of::<SectionEntry>();
        let end = size_of::<Header>().saturating_add(entries.saturating_mul(size)).min(bytes.len());
        let table = bytes.get(size_of::<Header>()..end).unwrap_or_default();
        let sections = table.chunks_exact(size).map(bytemuck::pod_read_unaligned::<SectionEntry>);
        // Sections lie beside each other. A table that says otherwise must not have the file read again and again: each byte
        // twice is enough for one entry that has gone wrong.
        let mut left = (bytes.len() as u64).saturating_mul(2);
        let wanted = |entry: &SectionEntry| {
            let affordable = entry.len <= left;
            left = left.saturating_sub(entry.len);
            // Records and pictures are held against hashes of their own; everything else has to be whole.
            let hashed = [SectionKind::Records as u16, SectionKind::PictureBytes as u16].contains(&entry.kind);
            affordable && (if hashed { section(bytes, entry).is_some() } else { is_whole(bytes, entry) })
        };
        let table = FileTable::of(header, sections.filter(wanted).collect());
        let records = table.blobs(bytes, [SectionKind::RecordExtents, SectionKind::Records])?;
        let pictures = table.blobs(bytes, [SectionKind::PictureExtents, SectionKind::PictureBytes]).ok();
        let vectors = |entry: &&SectionEntry| entry.kind == SectionKind::Vectors as u16 && entry.len > 0;
        let spaces = FileTable::parse(bytes, FileKind::Segment)
            .ok()
            .map(|whole| whole.sections().iter().filter(vectors).map(|entry| entry.space).collect());
        let whole = [SectionKind::Records, SectionKind::PictureBytes]
            .map(|kind| table.find(kind, NO_SPACE).is_some_and(|entry| is_whole(bytes, entry)));
        Ok(Self { bytes, table, records, pictures, whole, spaces })
    }

    /// The number of the index that the file says it is of.
    #[must_use]
    pub const fn index_id(&self) -> u64 {
        self.table.header().index_id
    }

    /// Number of records, readable or not.
    #[must_use]
    pub const fn notes(&self) -> usize {
        self.records.len()
    }

    /// The record of a note, if it is as it was written.
    ///
    /// # Errors
    /// Where it is not.
    pub fn record(&self, note: usize) -> Result<Record, FormatError> {
        let offset = self.records.offset_of(note);
        let record: Record = from_bytes("record", offset, self.records.get(note)?)?;
        let found = record.hash_content();
        if found == record.content_hash {
            return Ok(record);
        }
        let number = |hash: [u8; 16]| u64::from_le_bytes(std::array::from_fn(|at| hash.get(at).copied().unwrap_or(0)));
        let (expected, found) = (number(record.content_hash), number(found));
        Err(FormatError::Checksum { what: "record", offset, expected, found })
    }

    /// Whether all records are as they were written, ids included, which no hash of theirs covers.
    #[must_use]
    pub const fn ids_hold(&self) -> bool {
        let [records, _] = self.whole;
        records
    }

    /// The id of a note as the list of ids has it, where that can be read.
    #[must_use]
    pub fn id(&self, note: usize) -> Option<&'a str> {
        let ids = self.table.blobs(self.bytes, [SectionKind::IdExtents, SectionKind::IdBytes]).ok()?;
        std::str::from_utf8(ids.get(note).ok()?).ok()
    }

    /// The kept bytes of a picture, if they can be read.
    #[must_use]
    pub fn picture(&self, blob: u32, hash: &[u8; 16]) -> Option<&'a [u8]> {
        let bytes = self.pictures?.get(blob as usize).ok()?;
        let found = xxhash_rust::xxh3::xxh3_128(bytes).to_le_bytes();
        let [_, pictures] = self.whole;
        let same = if *hash == NO_HASH { pictures } else { found == *hash };
        same.then_some(bytes)
    }

    /// The rows of a space with vectors of this width, as the encoder or the caller gave them; `None` where any of it is
    /// damaged.
    #[must_use]
    pub fn space(&self, space: u16, width: usize) -> Option<SalvagedSpace<'a>> {
        let rows: &[RowEntry] = self.table.array(self.bytes, SectionKind::Rows, space, 1).ok()?;
        let vectors = |kind| self.table.array::<f32>(self.bytes, kind, space, width).ok();
        // Which of the two came from the encoder is told by whether there are both: where one may be lost, neither counts.
        let adapted = self.adapted()? && usize::from(space) < crate::layout::OWN_SPACES;
        let vectors = vectors(if adapted { SectionKind::SourceVectors } else { SectionKind::Vectors })?;
        (vectors.len() == rows.len().checked_mul(width)?).then_some(SalvagedSpace { rows, vectors, width })
    }

    /// Whether a space had vectors; true where that is not known any more.
    #[must_use]
    pub fn may_have_had(&self, space: u16) -> bool {
        self.spaces.as_ref().is_none_or(|spaces| spaces.contains(&space))
    }

    /// Whether vectors went through an adapter, if the structured part can be read.
    fn adapted(&self) -> Option<bool> {
        let raw = self.table.bytes(self.bytes, SectionKind::Meta, NO_SPACE).ok()?;
        let meta: crate::SegmentMeta = from_bytes(SectionKind::Meta.name(), 0, raw).ok()?;
        Some(meta.adapter.is_some())
    }
}

impl<'a> SalvagedSpace<'a> {
    /// All rows with their vectors.
    pub fn rows(&self) -> impl Iterator<Item = (RowEntry, &'a [f32])> + use<'a> {
        self.rows.iter().copied().zip(self.vectors.chunks_exact(self.width.max(1)))
    }
}

fn is_whole(bytes: &[u8], entry: &SectionEntry) -> bool {
    section(bytes, entry).map(checksum) == Some(entry.checksum)
}

fn section<'a>(bytes: &'a [u8], entry: &SectionEntry) -> Option<&'a [u8]> {
    let end = entry.offset.checked_add(entry.len)?;
    bytes.get(usize::try_from(entry.offset).ok()?..usize::try_from(end).ok()?)
}
