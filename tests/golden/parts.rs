//! The stored index as owned parts: fixed parts to bytes, bytes back to parts.

#[path = "codes.rs"]
mod codes;

use codes::{LEVELS, codes, half_bytes};
use index_format::layout::{NO_NEIGHBOUR, NO_SPACE, ROW_NOTE, ROW_PASSAGE, ROW_PICTURE};
use index_format::segment::{add_meta, add_records};
use index_format::{
    EncoderRecord, FieldValue, FileBuilder, FileKind, FileRef, FileTable, GraphMeta, Manifest, PictureRecord,
    RecallPoint, Record, RowEntry, SectionKind, SegmentFile, SegmentMeta, SegmentRef, SpaceMeta,
};
use std::collections::BTreeMap;

/// Width of all vectors.
pub(crate) const WIDTH: usize = 8;
/// A complete picture of one pixel.
pub(crate) const PICTURE: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

const INDEX: u64 = 0x0123_4567_89ab_cdef;
const MILLIS: i64 = 1_760_000_000_000;

/// Files by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// A segment file taken apart.
pub(crate) struct Segment {
    file_id: u64,
    meta: SegmentMeta,
    records: Vec<Record>,
    id_order: Vec<u32>,
    pictures: Vec<Vec<u8>>,
    spaces: Vec<Space>,
}

#[derive(Default)]
struct Space {
    rows: Vec<RowEntry>,
    note_row_starts: Vec<u32>,
    note_rows: Vec<u32>,
    vectors: Vec<f32>,
    codes: Vec<i8>,
    links: Vec<u32>,
}

/// A vector of unit length that no other number up to 400 has: four of eight components, each plus or minus a half.
pub(crate) fn vector(number: usize) -> [f32; WIDTH] {
    let chosen: Vec<u32> = (0_u32..256).filter(|mask| mask.count_ones() == 4).collect();
    let mask = chosen[number % chosen.len()];
    let signs = number / chosen.len();
    let mut half = 0;
    std::array::from_fn(|axis| {
        if mask & (1 << axis) == 0 {
            return 0.0;
        }
        half += 1;
        if signs & (1 << (half - 1)) == 0 { 0.5 } else { -0.5 }
    })
}

/// The rotation: axes in reverse, every other one turned round.
fn turned(vector: [f32; WIDTH]) -> [f32; WIDTH] {
    std::array::from_fn(|axis| if axis % 2 == 0 { vector[7 - axis] } else { -vector[7 - axis] })
}

fn matrix() -> Vec<f32> {
    let mut rows = vec![0.0; WIDTH * WIDTH];
    for axis in 0..WIDTH {
        rows[axis * WIDTH + 7 - axis] = if axis % 2 == 0 { 1.0 } else { -1.0 };
    }
    rows
}

fn record(id: &str, title: &str, text: &str) -> Record {
    let (id, title, text) = (id.to_owned(), title.to_owned(), text.to_owned());
    Record { id, title, text, pictures: vec![], fields: vec![], created_ms: None, content_hash: [0; 16] }
}

/// Notes with everything a note can have; no graph, no rotation.
fn rich() -> Segment {
    let mut first = record("kyoto/autumn.md", "Autumn in 京都", "Leaves turn red.\n\nTemples stay.");
    first.created_ms = Some(-1);
    let kept = PictureRecord {
        alt: "one pixel".to_owned(),
        path: Some("pix/leaf.gif".to_owned()),
        hash: xxhash_rust::xxh3::xxh3_128(PICTURE).to_le_bytes(),
        width: 1,
        height: 1,
        blob: Some(0),
    };
    let lost = PictureRecord { hash: [0; 16], width: 0, height: 0, blob: None, ..kept.clone() };
    first.pictures = vec![lost, kept];
    let values = [
        ("day", FieldValue::DateTime(0)),
        ("height", FieldValue::Float(-0.25)),
        ("place", FieldValue::Keyword("Kyōto".to_owned())),
        ("public", FieldValue::Bool(true)),
        ("tags", FieldValue::Tags(vec!["leaf".to_owned(), String::new()])),
        ("year", FieldValue::Integer(i64::MAX)),
    ];
    first.fields = values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let mut records = vec![first, record("deleted.md", "Deleted", ""), record("a\nb", "", "an id in two lines")];
    records.iter_mut().for_each(|record| record.content_hash = record.hash_content());
    let row = |note, part, ordinal, start, end| RowEntry { note, part, ordinal, start, end };
    let global = vec![row(0, ROW_NOTE, 0, 0, 0), row(1, ROW_NOTE, 0, 0, 0), row(2, ROW_NOTE, 0, 0, 0)];
    let local = vec![row(0, ROW_PASSAGE, 0, 0, 16), row(0, ROW_PASSAGE, 1, 18, 31), row(0, ROW_PICTURE, 1, 0, 0)];
    let spaces = [(global, vec![0, 1, 2, 3], 100), (local, vec![0, 3, 3, 3], 103)].map(|(rows, starts, number)| {
        let vectors: Vec<f32> = (number..number + 3).flat_map(vector).collect();
        let codes = codes(&vectors, WIDTH, 254.0);
        Space { rows, note_row_starts: starts, note_rows: vec![0, 1, 2], vectors, codes, links: Vec::new() }
    });
    let meta = SpaceMeta {
        width: WIDTH as u32,
        rows: 3,
        code_dims: WIDTH as u32,
        code_bits: 8,
        code_scale: 254.0,
        rotation: None,
        graph: None,
        near: 0.0,
        far: 0.0,
        curve: Vec::new(),
    };
    Segment {
        file_id: 1,
        meta: SegmentMeta { notes: 3, built_ms: MILLIS, spaces: vec![meta.clone(), meta] },
        records,
        id_order: vec![2, 1, 0],
        pictures: vec![PICTURE.to_vec()],
        spaces: spaces.into(),
    }
}

/// Forty notes with a graph and codes of a turned prefix. The local space is empty.
fn graphed() -> Segment {
    let notes = 40_u32;
    let mut records: Vec<Record> = (0..notes).map(|note| record(&format!("n{note:02}"), "A number", "")).collect();
    records.iter_mut().for_each(|record| record.content_hash = record.hash_content());
    let vectors: Vec<f32> = (0..notes as usize).flat_map(vector).collect();
    let coded: Vec<f32> = (0..notes as usize).flat_map(|note| turned(vector(note))).collect();
    let links =
        (0..notes).flat_map(|row| [(row + 1) % notes, (row + notes - 1) % notes, (row + 7) % notes, NO_NEIGHBOUR]);
    let point = |rescored, recall| RecallPoint {
        slack: 0.25,
        far_slack: 0.5,
        margin: 0.0625,
        rescored,
        recall,
        scored: 4 * rescored,
    };
    let meta = SpaceMeta {
        width: WIDTH as u32,
        rows: notes,
        code_dims: 4,
        code_bits: 4,
        code_scale: LEVELS,
        rotation: Some(2),
        graph: Some(GraphMeta { degree: 4, entry: 17 }),
        near: 0.25,
        far: 0.5,
        curve: vec![point(10, 0.875), point(20, 1.0)],
    };
    let empty = SpaceMeta { rows: 0, graph: None, curve: Vec::new(), ..meta.clone() };
    let global = Space {
        rows: (0..notes).map(|note| RowEntry { note, part: ROW_NOTE, ordinal: 0, start: 0, end: 0 }).collect(),
        note_row_starts: (0..=notes).collect(),
        note_rows: (0..notes).collect(),
        codes: half_bytes(&coded),
        vectors,
        links: links.collect(),
    };
    Segment {
        file_id: 3,
        meta: SegmentMeta { notes, built_ms: MILLIS + 1, spaces: vec![meta, empty] },
        records,
        id_order: (0..notes).collect(),
        pictures: Vec::new(),
        spaces: vec![global, Space { note_row_starts: vec![0; notes as usize + 1], ..Space::default() }],
    }
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
        }
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
                codes: space.codes.to_vec(),
                links: space.links.map_or(Vec::new(), |links| links.neighbours.to_vec()),
            }
        });
        Self {
            file_id: file.table.header().file_id,
            records: (0..file.meta.notes).map(|note| view.record(note).unwrap()).collect(),
            id_order: view.id_order.to_vec(),
            pictures: (0..view.pictures.len()).map(|blob| view.pictures.get(blob).unwrap().to_vec()).collect(),
            spaces: spaces.collect(),
            meta: file.meta,
        }
    }
}

pub(crate) fn encode_tombstones(notes: &[u32]) -> Vec<u8> {
    let mut file = FileBuilder::new(FileKind::Tombstones, INDEX, 4);
    file.array(SectionKind::Deleted, NO_SPACE, notes, 1);
    file.finish().unwrap().to_vec()
}

pub(crate) fn encode_rotation(matrix: &[f32]) -> Vec<u8> {
    let mut file = FileBuilder::new(FileKind::Rotation, INDEX, 2);
    file.array(SectionKind::Matrix, NO_SPACE, matrix, WIDTH);
    file.finish().unwrap().to_vec()
}

/// The whole index from fixed parts.
pub(crate) fn files() -> Files {
    let named = |kind: FileKind, bytes: &[u8]| {
        let header = *FileTable::parse(bytes, kind).unwrap().header();
        FileRef { id: header.file_id, len: header.file_len, checksum: header.checksum }
    };
    let (rich, graphed) = (rich().encode(), graphed().encode());
    let (tombstones, rotation) = (encode_tombstones(&[1]), encode_rotation(&matrix()));
    let manifest = Manifest {
        index_id: INDEX,
        generation: 3,
        next_file: 5,
        created_ms: MILLIS,
        committed_ms: MILLIS + 2,
        encoder: EncoderRecord {
            name: "external".to_owned(),
            fingerprint: "external-8".to_owned(),
            width: WIDTH as u32,
            prefixes: Vec::new(),
        },
        keeps_pictures: true,
        spaces: vec!["global".to_owned(), "local".to_owned()],
        segments: vec![
            SegmentRef {
                file: named(FileKind::Segment, &rich),
                notes: 3,
                deleted: 1,
                tombstones: Some(named(FileKind::Tombstones, &tombstones)),
                rotations: Vec::new(),
            },
            SegmentRef {
                file: named(FileKind::Segment, &graphed),
                notes: 40,
                deleted: 0,
                tombstones: None,
                rotations: vec![2],
            },
        ],
        rotations: vec![named(FileKind::Rotation, &rotation)],
    };
    let files = [
        ("manifest.uni", manifest.to_bytes().unwrap()),
        ("rotation-00000002.uni", rotation),
        ("segment-00000001.uni", rich),
        ("segment-00000003.uni", graphed),
        ("tombstones-00000004.uni", tombstones),
    ];
    files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}
