//! A segment file: the structured part, and typed views of the bulk.

use crate::archive::{ARCHIVE_ALIGN, from_bytes, to_bytes};
use crate::layout::{FileKind, NO_SPACE, RowEntry, SectionKind};
use crate::table::{Blobs, inconsistent};
use crate::{FileBuilder, FileTable, FormatError, LinksView, Record};
use rkyv::{Archive, Deserialize, Serialize};

/// Where a walk starts and how wide the link rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct GraphMeta {
    /// Slots a node.
    pub degree: u32,
    /// Entry node.
    pub entry: u32,
}

/// One measured point of a space's recall curve (k = 10, held-out rows as queries).
#[derive(Debug, Clone, Copy, PartialEq, Archive, Serialize, Deserialize)]
pub struct RecallPoint {
    /// Beam width of the coarse walk; 0 means a scan of all codes.
    pub beam: u32,
    /// Candidates rescored on full vectors.
    pub rescored: u32,
    /// Mean recall@10 against exact search.
    pub recall: f32,
    /// Mean coarse scores computed a query.
    pub scored: u32,
}

/// A vector space of a segment.
#[derive(Debug, Clone, PartialEq, Archive, Serialize, Deserialize)]
pub struct SpaceMeta {
    /// Width of the full vectors.
    pub width: u32,
    /// Number of rows.
    pub rows: u32,
    /// Dimensions of the coarse codes: of a prefix of the vectors, turned where there is a rotation.
    pub code_dims: u32,
    /// Bits of a component of a code: 4 or 8.
    pub code_bits: u32,
    /// Code units per unit of a renormalised (at 4 bits also spread) prefix component.
    pub code_scale: f32,
    /// The rotation file that codes are made in, if any.
    pub rotation: Option<u64>,
    /// The graph, if the space is large enough to have one.
    pub graph: Option<GraphMeta>,
    /// Measured recall at rising cost; may be empty (then a search is exact).
    pub curve: Vec<RecallPoint>,
}

impl SpaceMeta {
    /// Bytes of a coarse code.
    #[must_use]
    pub const fn code_bytes(&self) -> usize {
        (self.code_dims as usize).saturating_mul(self.code_bits as usize) / 8
    }
}

/// The structured part of a segment.
#[derive(Debug, Clone, PartialEq, Archive, Serialize, Deserialize)]
pub struct SegmentMeta {
    /// Number of notes.
    pub notes: u32,
    /// When the segment was built, milliseconds since 1970 UTC.
    pub built_ms: i64,
    /// Its vector spaces by ordinal.
    pub spaces: Vec<SpaceMeta>,
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
            Ok::<_, FormatError>(LinksView { degree, entry: graph.entry, neighbours })
        });
        let view = SpaceView {
            rows: table.array(bytes, SectionKind::Rows, space, 1)?,
            note_row_starts: table.array(bytes, SectionKind::NoteRowStarts, space, 1)?,
            note_rows: table.array(bytes, SectionKind::NoteRows, space, 1)?,
            vectors: table.array(bytes, SectionKind::Vectors, space, meta.width as usize)?,
            codes: table.array(bytes, SectionKind::Codes, space, meta.code_bytes())?,
            links: graph.transpose()?,
        };
        check_space(meta, u64::from(self.meta.notes), &view)?;
        Ok(view)
    }
}

fn check_space(meta: &SpaceMeta, notes: u64, view: &SpaceView<'_>) -> Result<(), FormatError> {
    let rows = u64::from(meta.rows);
    let sized = [
        ("width of the vectors (at least 1)", u64::from(meta.width.max(1)), u64::from(meta.width)),
        ("width of the codes", u64::from(meta.code_dims.clamp(1, meta.width.max(1))), u64::from(meta.code_dims)),
        ("rows", rows, view.rows.len() as u64),
        ("note row starts", notes.saturating_add(1), view.note_row_starts.len() as u64),
        ("note rows", rows, view.note_rows.len() as u64),
        ("vectors", rows.saturating_mul(u64::from(meta.width)), view.vectors.len() as u64),
        ("codes", rows.saturating_mul(meta.code_bytes() as u64), view.codes.len() as u64),
    ];
    match meta.code_bits {
        8 => {}
        4 if meta.code_dims >= 2 && meta.code_dims.is_power_of_two() => {}
        4 => return Err(inconsistent("components of 4 bits (a power of two)", 0, 2, u64::from(meta.code_dims))),
        bits => return Err(inconsistent("bits of a code component (4 or 8)", 0, 8, u64::from(bits))),
    }
    for (what, expected, found) in sized {
        if expected != found {
            return Err(inconsistent(what, 0, expected, found));
        }
    }
    if let (Some(graph), Some(links)) = (meta.graph, view.links) {
        let slots = rows.saturating_mul(u64::from(graph.degree));
        if links.neighbours.len() as u64 != slots || graph.degree == 0 {
            return Err(inconsistent("links", 0, slots, links.neighbours.len() as u64));
        }
        if u64::from(graph.entry) >= rows {
            return Err(inconsistent("entry node", 0, rows, u64::from(graph.entry)));
        }
    }
    if !meta.code_scale.is_finite() || meta.code_scale <= 0.0 {
        return Err(inconsistent("code scale bits (finite, above 0)", 0, 0, u64::from(meta.code_scale.to_bits())));
    }
    // A search that finds too little multiplies this effort until it is enough: none at all would never be.
    let odd = meta.curve.iter().find(|point| point.rescored == 0 || !(0.0..=1.0).contains(&point.recall));
    if let Some(odd) = odd {
        return Err(inconsistent("candidates rescored at a measured recall", 0, 1, u64::from(odd.rescored)));
    }
    Ok(())
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

impl SegmentView<'_> {
    /// The record of a note.
    ///
    /// # Errors
    /// Where there is no such note or its archive is damaged.
    pub fn record(&self, note: u32) -> Result<Record, FormatError> {
        let bytes = self.records.get(note as usize)?;
        from_bytes("record", self.records.offset_of(note as usize), bytes)
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

/// A vector space of a segment. Row numbers, note ordinals and links come from the file and may be anything: the arrays are
/// of the right size, their contents are the caller's to check.
#[derive(Debug, Clone, Copy)]
pub struct SpaceView<'a> {
    /// Row table.
    pub rows: &'a [RowEntry],
    /// `notes + 1` starts into `note_rows`.
    pub note_row_starts: &'a [u32],
    /// Row numbers grouped by note.
    pub note_rows: &'a [u32],
    /// Full vectors, row-major.
    pub vectors: &'a [f32],
    /// Coarse codes, row-major.
    pub codes: &'a [i8],
    /// The graph, if there is one.
    pub links: Option<LinksView<'a>>,
}

impl<'a> SpaceView<'a> {
    /// The rows of a note; empty for a note out of range.
    #[must_use]
    pub fn rows_of(&self, note: u32) -> &'a [u32] {
        let at = note as usize;
        let bounds = self.note_row_starts.get(at).zip(self.note_row_starts.get(at.saturating_add(1)));
        bounds.and_then(|(start, end)| self.note_rows.get(*start as usize..*end as usize)).unwrap_or(&[])
    }
}
