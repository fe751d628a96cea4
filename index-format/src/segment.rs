//! A segment file: the structured part, and typed views of the notes.

use crate::archive::{ARCHIVE_ALIGN, archived, from_bytes, to_bytes};
use crate::layout::{FileKind, NO_SPACE, OWN_SPACES, STARTS, SectionKind};
use crate::space::{SpaceMeta, SpaceView, check_space};
use crate::table::{Blobs, inconsistent};
use crate::words::{WordsMeta, WordsView};
use crate::{ArchivedRecord, ColumnsView, FileBuilder, FileTable, FormatError, LinksView, Record};
use rkyv::{Archive, Deserialize, Serialize};

/// The structured part of a segment.
#[derive(Debug, Clone, PartialEq, Archive, Serialize, Deserialize)]
pub struct SegmentMeta {
    /// Number of notes.
    pub notes: u32,
    /// When the segment was built, milliseconds since 1970 UTC.
    pub built_ms: i64,
    /// Its words.
    pub words: WordsMeta,
    /// Its vector spaces by ordinal.
    pub spaces: Vec<SpaceMeta>,
    /// Number of the adapter file that the vectors of the encoder's spaces went through, if they did.
    pub adapter: Option<u64>,
}

/// Adds the structured part to a file.
///
/// # Errors
/// [`FormatError::Archive`] if it cannot be archived.
pub fn add_meta(file: &mut FileBuilder<'_>, meta: &SegmentMeta) -> Result<(), FormatError> {
    let archive = to_bytes("segment meta", meta)?;
    file.bytes(SectionKind::Meta, NO_SPACE, archive.into_vec(), 1);
    Ok(())
}

/// Adds the records to a file, in note order.
///
/// # Errors
/// [`FormatError::Archive`] if one cannot be archived.
pub fn add_records<'a>(
    file: &mut FileBuilder<'_>,
    records: impl IntoIterator<Item = &'a Record>,
) -> Result<(), FormatError> {
    let archives: Result<Vec<_>, _> = records.into_iter().map(|record| to_bytes("record", record)).collect();
    file.blobs([SectionKind::RecordExtents, SectionKind::Records], archives?, ARCHIVE_ALIGN);
    Ok(())
}

/// The opened head of a segment file: section table and structured part.
#[derive(Debug, Clone)]
pub struct SegmentFile {
    /// Header and section table.
    pub table: FileTable,
    /// The structured part.
    pub meta: SegmentMeta,
}

impl SegmentFile {
    /// Opens a segment: header, table, structured part, and that every section has the size the structured part calls for.
    /// Cost does not depend on the number of notes.
    ///
    /// # Errors
    /// Whatever does not hold.
    pub fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let table = FileTable::parse(bytes, FileKind::Segment)?;
        let entry = *table.require(SectionKind::Meta, NO_SPACE)?;
        let raw = table.bytes(bytes, SectionKind::Meta, NO_SPACE)?;
        let found = crate::checksum(raw);
        if found != entry.checksum {
            let expected = entry.checksum;
            return Err(FormatError::Checksum {
                what: SectionKind::Meta.name(),
                offset: entry.offset,
                expected,
                found,
            });
        }
        let meta: SegmentMeta = from_bytes(SectionKind::Meta.name(), entry.offset, raw)?;
        let file = Self { table, meta };
        file.view(bytes)?;
        file.words(bytes)?;
        file.columns(bytes)?;
        for space in file.ordinals() {
            file.space(bytes, space)?;
        }
        Ok(file)
    }

    /// The ordinals of the spaces. There are far fewer than 65,536, since each takes sections of its own.
    pub(crate) fn ordinals(&self) -> std::ops::Range<u16> {
        0..u16::try_from(self.meta.spaces.len()).unwrap_or(u16::MAX)
    }

    /// Views of what belongs to no vector space.
    ///
    /// # Errors
    /// Where a section is missing or has another size than the structured part says.
    pub fn view<'a>(&self, bytes: &'a [u8]) -> Result<SegmentView<'a>, FormatError> {
        let view = SegmentView {
            records: self.table.blobs(bytes, [SectionKind::RecordExtents, SectionKind::Records])?,
            id_order: self.table.array(bytes, SectionKind::IdOrder, NO_SPACE, 1)?,
            ids: self.table.blobs(bytes, [SectionKind::IdExtents, SectionKind::IdBytes])?,
            pictures: self.table.blobs(bytes, [SectionKind::PictureExtents, SectionKind::PictureBytes])?,
        };
        let notes = u64::from(self.meta.notes);
        for (what, found) in
            [("records", view.records.len()), ("id order", view.id_order.len()), ("ids", view.ids.len())]
        {
            if found as u64 != notes {
                return Err(inconsistent(what, 0, notes, found as u64));
            }
        }
        Ok(view)
    }

    /// The words of its notes.
    ///
    /// # Errors
    /// As [`SegmentFile::view`].
    pub fn words<'a>(&self, bytes: &'a [u8]) -> Result<WordsView<'a>, FormatError> {
        WordsView::new(&self.table, bytes, self.meta.notes, &self.meta.words)
    }

    /// The columns of its notes' fields.
    ///
    /// # Errors
    /// As [`SegmentFile::view`].
    pub fn columns<'a>(&self, bytes: &'a [u8]) -> Result<ColumnsView<'a>, FormatError> {
        ColumnsView::new(&self.table, bytes, self.meta.notes)
    }

    /// Views of one vector space.
    ///
    /// # Errors
    /// As [`SegmentFile::view`].
    pub fn space<'a>(&self, bytes: &'a [u8], space: u16) -> Result<SpaceView<'a>, FormatError> {
        let spaces = self.meta.spaces.len() as u64;
        let meta = self.meta.spaces.get(usize::from(space));
        let meta = meta.ok_or_else(|| inconsistent("space", 0, spaces, u64::from(space)))?;
        let table = &self.table;
        let graph = meta.graph.map(|graph| {
            let degree = graph.degree as usize;
            let neighbours = table.array(bytes, SectionKind::Links, space, degree)?;
            Ok::<_, FormatError>(LinksView { degree, entry: graph.entry, starts: STARTS.min(meta.rows), neighbours })
        });
        let adapted = self.meta.adapter.is_some() && usize::from(space) < OWN_SPACES;
        let sources = adapted.then(|| table.array(bytes, SectionKind::SourceVectors, space, meta.width as usize));
        let view = SpaceView {
            rows: table.array(bytes, SectionKind::Rows, space, 1)?,
            note_row_starts: table.array(bytes, SectionKind::NoteRowStarts, space, 1)?,
            note_rows: table.array(bytes, SectionKind::NoteRows, space, 1)?,
            vectors: table.array(bytes, SectionKind::Vectors, space, meta.width as usize)?,
            codes: table.array(bytes, SectionKind::Codes, space, meta.code_bytes())?,
            sources: sources.transpose()?,
            links: graph.transpose()?,
        };
        check_space(meta, u64::from(self.meta.notes), &view)?;
        Ok(view)
    }
}

/// The note part of a segment.
#[derive(Debug, Clone, Copy)]
pub struct SegmentView<'a> {
    /// Archived records by note ordinal.
    pub records: Blobs<'a>,
    /// Note ordinals in ascending byte order of their ids.
    pub id_order: &'a [u32],
    /// Ids by note ordinal.
    pub ids: Blobs<'a>,
    /// Kept picture bytes.
    pub pictures: Blobs<'a>,
}

impl<'a> SegmentView<'a> {
    /// The record of a note.
    ///
    /// # Errors
    /// Where there is no such note or its archive is damaged.
    pub fn record(&self, note: u32) -> Result<Record, FormatError> {
        let bytes = self.records.get(note as usize)?;
        from_bytes("record", self.records.offset_of(note as usize), bytes)
    }

    /// The record of a note where it lies, validated.
    ///
    /// # Errors
    /// As [`SegmentView::record`], and where the file's bytes do not start at a multiple of 16.
    pub fn archived(&self, note: u32) -> Result<&'a ArchivedRecord, FormatError> {
        let bytes = self.records.get(note as usize)?;
        archived::<ArchivedRecord>("record", self.records.offset_of(note as usize), bytes)
    }

    /// The ordinal of the note with this id.
    ///
    /// # Errors
    /// Where the id sections contradict themselves.
    pub fn find(&self, id: &str) -> Result<Option<u32>, FormatError> {
        let (mut low, mut high) = (0, self.id_order.len());
        while low < high {
            let middle = low.midpoint(high);
            let Some(note) = self.id_order.get(middle) else { break };
            match self.ids.get(*note as usize)?.cmp(id.as_bytes()) {
                std::cmp::Ordering::Equal => return Ok(Some(*note)),
                std::cmp::Ordering::Less => low = middle.saturating_add(1),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        Ok(None)
    }
}
