//! A segment of the stored index: owned parts to bytes, bytes back to parts.

use super::INDEX;
use index_format::layout::{NO_SPACE, OWN_SPACES};
use index_format::segment::{add_meta, add_records};
use index_format::{
    ColumnsBuilder, FileBuilder, FileKind, Record, RowEntry, SectionKind, SegmentFile, SegmentMeta, Words,
};

/// A segment file taken apart.
pub(crate) struct Segment {
    pub(super) file_id: u64,
    pub(super) meta: SegmentMeta,
    pub(super) records: Vec<Record>,
    pub(super) id_order: Vec<u32>,
    pub(super) pictures: Vec<Vec<u8>>,
    pub(super) words: Words,
    pub(super) spaces: Vec<Space>,
}

#[derive(Default)]
pub(super) struct Space {
    pub(super) rows: Vec<RowEntry>,
    pub(super) note_row_starts: Vec<u32>,
    pub(super) note_rows: Vec<u32>,
    pub(super) vectors: Vec<f32>,
    /// Empty in the caller's space.
    pub(super) sources: Vec<f32>,
    pub(super) codes: Vec<i8>,
    pub(super) links: Vec<u32>,
}

impl Segment {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut file = FileBuilder::new(FileKind::Segment, INDEX, self.file_id);
        add_meta(&mut file, &self.meta).unwrap();
        file.array(SectionKind::IdOrder, NO_SPACE, &self.id_order, 1);
        file.blobs([SectionKind::IdExtents, SectionKind::IdBytes], self.records.iter().map(|record| &record.id), 1);
        for (ordinal, (meta, space)) in self.meta.spaces.iter().zip(&self.spaces).enumerate() {
            let ordinal = ordinal as u16;
            if let Some(graph) = meta.graph {
                file.array(SectionKind::Links, ordinal, &space.links, graph.degree as usize);
            }
            file.array(SectionKind::Codes, ordinal, &space.codes, meta.code_bytes());
            file.array(SectionKind::Rows, ordinal, &space.rows, 1);
            file.array(SectionKind::NoteRowStarts, ordinal, &space.note_row_starts, 1);
            file.array(SectionKind::NoteRows, ordinal, &space.note_rows, 1);
            file.array(SectionKind::Vectors, ordinal, &space.vectors, meta.width as usize);
            if usize::from(ordinal) < OWN_SPACES {
                file.array(SectionKind::SourceVectors, ordinal, &space.sources, meta.width as usize);
            }
        }
        self.words.add_to(&mut file);
        let mut columns = ColumnsBuilder::default();
        self.records.iter().for_each(|record| columns.add(record));
        let columns = columns.finish();
        columns.add_to(&mut file);
        add_records(&mut file, &self.records).unwrap();
        file.blobs([SectionKind::PictureExtents, SectionKind::PictureBytes], &self.pictures, 1);
        file.finish().unwrap().to_vec()
    }

    pub(crate) fn decode(bytes: &[u8]) -> Self {
        let file = SegmentFile::parse(bytes).unwrap();
        let view = file.view(bytes).unwrap();
        let spaces = (0..file.meta.spaces.len()).map(|ordinal| {
            let space = file.space(bytes, ordinal as u16).unwrap();
            Space {
                rows: space.rows.to_vec(),
                note_row_starts: space.note_row_starts.to_vec(),
                note_rows: space.note_rows.to_vec(),
                vectors: space.vectors.to_vec(),
                sources: space.sources.unwrap_or_default().to_vec(),
                codes: space.codes.to_vec(),
                links: space.links.map_or(Vec::new(), |links| links.neighbours.to_vec()),
            }
        });
        Self {
            file_id: file.table.header().file_id,
            records: (0..file.meta.notes).map(|note| view.record(note).unwrap()).collect(),
            id_order: view.id_order.to_vec(),
            words: super::words::again(&file.words(bytes).unwrap()),
            pictures: (0..view.pictures.len()).map(|blob| view.pictures.get(blob).unwrap().to_vec()).collect(),
            spaces: spaces.collect(),
            meta: file.meta,
        }
    }
}
