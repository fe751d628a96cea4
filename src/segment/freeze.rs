//! Owned parts to one published segment file.

use super::file_name;
use crate::disk::Storage;
use crate::error::{Error, Result};
use crate::vector::Vectors;
use index_format::layout::NO_SPACE;
use index_format::segment::{add_meta, add_records};
use index_format::{
    Columns, FileBuilder, FileKind, FileRef, Links, Record, RowEntry, SectionKind, SegmentMeta, SpaceMeta, Words,
};

/// Everything a segment is made of.
pub(crate) struct SegmentParts<'a> {
    /// Notes in ordinal order.
    pub(crate) records: &'a [Record],
    /// Picture bytes that are kept, in the order the records number them.
    pub(crate) pictures: &'a [Vec<u8>],
    /// The words of the notes.
    pub(crate) words: &'a Words,
    /// The columns of their fields.
    pub(crate) columns: &'a Columns,
    /// Vector spaces by ordinal.
    pub(crate) spaces: Vec<SpaceParts>,
    /// When it was built, milliseconds since 1970 UTC.
    pub(crate) built_ms: i64,
    /// Number of the adapter that the vectors of the encoder's spaces went through.
    pub(crate) adapter: Option<u64>,
}

/// One vector space, its rows already in their final order.
pub(crate) struct SpaceParts {
    /// Row table.
    pub(crate) rows: Vec<RowEntry>,
    /// Full vectors.
    pub(crate) vectors: Vectors,
    /// What they were before the adapter: there for the encoder's spaces in a segment with one, and only there.
    pub(crate) sources: Option<Vectors>,
    /// Coarse codes.
    pub(crate) codes: Vec<i8>,
    /// The graph over the rows, if any.
    pub(crate) links: Option<Links>,
    /// Structured part.
    pub(crate) meta: SpaceMeta,
}

/// Writes a segment file and makes it durable under its final name. No manifest names it yet.
pub(crate) fn freeze(storage: &dyn Storage, index_id: u64, file_id: u64, parts: &SegmentParts<'_>) -> Result<FileRef> {
    let build_error = |source| Error::Damaged { file: file_name(FileKind::Segment, file_id), source };
    let notes = parts.records.len();
    let mut file = FileBuilder::new(FileKind::Segment, index_id, file_id);
    let meta = SegmentMeta {
        notes: notes as u32,
        built_ms: parts.built_ms,
        words: parts.words.meta(),
        spaces: parts.spaces.iter().map(|space| space.meta.clone()).collect(),
        adapter: parts.adapter,
    };
    add_meta(&mut file, &meta).map_err(build_error)?;
    let order = id_order(parts.records);
    file.array(SectionKind::IdOrder, NO_SPACE, &order, 1);
    file.blobs([SectionKind::IdExtents, SectionKind::IdBytes], parts.records.iter().map(|record| &record.id), 1);
    let by_note: Vec<_> = parts.spaces.iter().map(|space| rows_by_note(notes, &space.rows)).collect();
    for (ordinal, (space, (starts, rows))) in parts.spaces.iter().zip(&by_note).enumerate() {
        let ordinal = ordinal as u16;
        if let Some(links) = &space.links {
            file.array(SectionKind::Links, ordinal, &links.neighbours, links.degree as usize);
        }
        file.array(SectionKind::Codes, ordinal, &space.codes, space.meta.code_bytes());
        file.array(SectionKind::Rows, ordinal, &space.rows, 1);
        file.array(SectionKind::NoteRowStarts, ordinal, starts, 1);
        file.array(SectionKind::NoteRows, ordinal, rows, 1);
        file.array(SectionKind::Vectors, ordinal, space.vectors.flat(), space.vectors.width());
        if let Some(sources) = &space.sources {
            file.array(SectionKind::SourceVectors, ordinal, sources.flat(), sources.width());
        }
    }
    parts.words.add_to(&mut file);
    parts.columns.add_to(&mut file);
    add_records(&mut file, parts.records).map_err(build_error)?;
    file.blobs([SectionKind::PictureExtents, SectionKind::PictureBytes], parts.pictures, 1);
    publish(storage, FileKind::Segment, file_id, file)
}

/// Publishes a file and says how a manifest names it.
pub(super) fn publish(storage: &dyn Storage, kind: FileKind, file_id: u64, file: FileBuilder<'_>) -> Result<FileRef> {
    let name = file_name(kind, file_id);
    let image = file.finish().map_err(|source| Error::Damaged { file: name.clone(), source })?;
    let checksum = image.header_checksum();
    let len = image.len();
    storage.publish(&name, &mut |out| image.chunks().try_for_each(|chunk| out.write_all(chunk)))?;
    Ok(FileRef { id: file_id, len, checksum })
}

fn id_order(records: &[Record]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..records.len() as u32).collect();
    let id = |note: &u32| records.get(*note as usize).map(|record| record.id.as_bytes());
    order.sort_unstable_by(|left, right| id(left).cmp(&id(right)));
    order
}

/// The rows of each note, as starts and row numbers (compressed sparse rows).
fn rows_by_note(notes: usize, rows: &[RowEntry]) -> (Vec<u32>, Vec<u32>) {
    let mut numbers: Vec<u32> = (0..rows.len() as u32).collect();
    let key = |row: &u32| rows.get(*row as usize).map(|entry| (entry.note, entry.part_key()));
    numbers.sort_unstable_by_key(key);
    let mut starts = vec![0_u32; notes + 1];
    for entry in rows {
        if let Some(count) = starts.get_mut(entry.note as usize + 1) {
            *count += 1;
        }
    }
    let mut total = 0;
    for start in &mut starts {
        total += *start;
        *start = total;
    }
    (starts, numbers)
}
