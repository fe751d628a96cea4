//! The stored index as owned parts, and their bytes.

#[path = "adapter.rs"]
pub(crate) mod adapter;
#[path = "codes.rs"]
mod codes;
#[path = "feedback.rs"]
mod feedback;
#[path = "segment.rs"]
mod segment;
#[path = "words.rs"]
mod words;

use adapter::adapted;
use codes::{LEVELS, codes, half_bytes};
use index_format::layout::{NO_NEIGHBOUR, NO_SPACE, ROW_NOTE, ROW_PASSAGE, ROW_PICTURE, ROW_REGION, ROW_VECTOR};
use index_format::{
    EncoderRecord, FieldValue, FileBuilder, FileKind, FileRef, FileTable, GraphMeta, Manifest, PictureRecord,
    RecallPoint, Record, RowEntry, SectionKind, SegmentMeta, SegmentRef, SpaceMeta, SpaceRecord,
};
pub(crate) use segment::Segment;
use segment::Space;
use std::collections::BTreeMap;
use words::words;

/// Width of all vectors.
pub(crate) const WIDTH: usize = 8;
/// Width of the vectors of the caller's space.
pub(crate) const NAMED_WIDTH: usize = 3;
/// A complete picture of one pixel.
pub(crate) const PICTURE: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

const INDEX: u64 = 0x0123_4567_89ab_cdef;
const MILLIS: i64 = 1_760_000_000_000;

/// Files by name.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

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

/// The vectors of the caller's space: of three axes, one each.
pub(crate) fn named_vector(number: usize) -> [f32; NAMED_WIDTH] {
    std::array::from_fn(|axis| if axis == number { 1.0 } else { 0.0 })
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

/// A record with everything a note can have.
fn rich_record() -> Record {
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
    first
}

/// Notes with every kind of row, also in a space of the caller's; no graph, no rotation.
fn rich() -> Segment {
    let mut records =
        vec![rich_record(), record("deleted.md", "Deleted", ""), record("a\nb", "", "an id in two lines")];
    records.iter_mut().for_each(|record| record.content_hash = record.hash_content());
    let row = |note, part, ordinal, start, end| RowEntry { note, part, ordinal, start, end };
    let global = vec![row(0, ROW_NOTE, 0, 0, 0), row(1, ROW_NOTE, 0, 0, 0), row(2, ROW_NOTE, 0, 0, 0)];
    let local = vec![
        row(0, ROW_PASSAGE, 0, 0, 16),
        row(0, ROW_PASSAGE, 1, 18, 31),
        row(0, ROW_PICTURE, 1, 0, 0),
        row(0, ROW_REGION, 1, 3, 2),
    ];
    let named = vec![row(0, ROW_VECTOR, 0, 0, 0), row(0, ROW_VECTOR, 1, 0, 0), row(2, ROW_VECTOR, 0, 0, 0)];
    let spaces = [
        (global, vec![0, 1, 2, 3], 100, WIDTH),
        (local, vec![0, 4, 4, 4], 103, WIDTH),
        (named, vec![0, 2, 2, 3], 0, NAMED_WIDTH),
    ]
    .map(|(rows, starts, number, width)| {
        let count = rows.len();
        let sources = (number..number + count).map(vector).filter(|_| width == WIDTH);
        let vectors: Vec<f32> = match width {
            WIDTH => sources.clone().flat_map(adapted).collect(),
            _ => (0..count).flat_map(named_vector).collect(),
        };
        let sources = sources.flatten().collect();
        let codes = codes(&vectors, width, 254.0);
        let note_rows = (0..count as u32).collect();
        Space { rows, note_row_starts: starts, note_rows, vectors, sources, codes, links: Vec::new() }
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
    let words = words(
        3,
        &[("autumn", vec![(0, 1)]), ("delet", vec![(1, 255)]), ("in", vec![(0, 1), (2, 3)]), ("京都", vec![(0, 40)])],
    );
    Segment {
        file_id: 1,
        meta: SegmentMeta {
            notes: 3,
            built_ms: MILLIS,
            words: words.meta(),
            spaces: vec![
                meta.clone(),
                SpaceMeta { rows: 4, ..meta.clone() },
                SpaceMeta { width: NAMED_WIDTH as u32, code_dims: NAMED_WIDTH as u32, ..meta },
            ],
            adapter: Some(adapter::NUMBER),
        },
        records,
        id_order: vec![2, 1, 0],
        pictures: vec![PICTURE.to_vec()],
        words,
        spaces: spaces.into(),
    }
}

/// Forty notes with a graph and codes of a turned prefix. The local space is empty.
fn graphed() -> Segment {
    let notes = 40_u32;
    let mut records: Vec<Record> = (0..notes).map(|note| record(&format!("n{note:02}"), "A number", "")).collect();
    records.iter_mut().for_each(|record| record.content_hash = record.hash_content());
    let sources = (0..notes as usize).map(vector);
    let vectors: Vec<f32> = sources.clone().flat_map(adapted).collect();
    let coded: Vec<f32> = sources.clone().map(adapted).flat_map(turned).collect();
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
        sources: sources.flatten().collect(),
        links: links.collect(),
    };
    let words = words(notes as usize, &[("a", (0..notes).map(|note| (note, 1 + (note % 3) as u8)).collect())]);
    Segment {
        file_id: 3,
        meta: SegmentMeta {
            notes,
            built_ms: MILLIS + 1,
            words: words.meta(),
            spaces: vec![meta, empty],
            adapter: Some(adapter::NUMBER),
        },
        records,
        id_order: (0..notes).collect(),
        pictures: Vec::new(),
        words,
        spaces: vec![global, Space { note_row_starts: vec![0; notes as usize + 1], ..Space::default() }],
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
    let (feedback, adapter) = (feedback::encode(), adapter::file());
    let manifest = Manifest {
        index_id: INDEX,
        generation: 3,
        next_file: 7,
        created_ms: MILLIS,
        committed_ms: MILLIS + 2,
        encoder: EncoderRecord {
            name: "external".to_owned(),
            fingerprint: "external-8".to_owned(),
            width: WIDTH as u32,
            prefixes: Vec::new(),
            location: String::new(),
        },
        language: "english".to_owned(),
        keeps_pictures: true,
        picture_regions: false,
        spaces: [("global", WIDTH), ("local", WIDTH), ("audio", NAMED_WIDTH)]
            .map(|(name, width)| SpaceRecord { name: name.to_owned(), width: width as u32 })
            .to_vec(),
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
        head: None,
        adapter: Some(named(FileKind::Adapter, &adapter)),
        feedback: vec![named(FileKind::Feedback, &feedback)],
    };
    let files = [
        ("adapter-00000006.uni", adapter),
        ("feedback-00000005.uni", feedback),
        ("manifest.uni", manifest.to_bytes().unwrap()),
        ("rotation-00000002.uni", rotation),
        ("segment-00000001.uni", rich),
        ("segment-00000003.uni", graphed),
        ("tombstones-00000004.uni", tombstones),
    ];
    files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}
