//! Small sound files of each kind, and the parts they are made of, for tests to bend.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

use index_format::layout::{
    NO_NEIGHBOUR, NO_SPACE, OWN_SPACES, ROW_NOTE, ROW_PASSAGE, ROW_PICTURE, ROW_REGION, ROW_VECTOR,
};
use index_format::segment::{add_meta, add_records};
use index_format::words::Posting;
use index_format::{
    AdapterRecord, AdapterView, Columns, ColumnsBuilder, EncoderRecord, EventRecord, Feedback, FieldValue, FileBuilder,
    FileKind, FileRef, GraphMeta, Manifest, PictureRecord, RecallPoint, Record, RowEntry, SectionKind, SegmentMeta,
    SegmentRef, SoughtRecord, SpaceMeta, SpaceRecord, TermRecord, Words, WordsBuilder, checksum,
};

/// Number of the index all samples belong to.
pub(crate) const INDEX: u64 = 0x1234_5678_9abc_def0;

/// Everything a segment file is made of. Fields can be bent before [`Parts::bytes`] writes them as they are.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) meta: SegmentMeta,
    pub(crate) records: Vec<Record>,
    pub(crate) ids: Vec<Vec<u8>>,
    pub(crate) id_order: Vec<u32>,
    pub(crate) pictures: Vec<Vec<u8>>,
    pub(crate) spaces: Vec<SpaceParts>,
    pub(crate) words: Words,
    pub(crate) columns: Columns,
}

pub(crate) fn columns(records: &[Record]) -> Columns {
    let mut columns = ColumnsBuilder::default();
    records.iter().for_each(|record| columns.add(record));
    columns.finish()
}

/// The arrays of one space.
#[derive(Debug, Clone)]
pub(crate) struct SpaceParts {
    pub(crate) rows: Vec<RowEntry>,
    pub(crate) note_row_starts: Vec<u32>,
    pub(crate) note_rows: Vec<u32>,
    pub(crate) vectors: Vec<f32>,
    pub(crate) sources: Vec<f32>,
    pub(crate) codes: Vec<i8>,
    pub(crate) links: Vec<u32>,
}

pub(crate) fn row(note: u32, part: u32, ordinal: u32, start: u32, end: u32) -> RowEntry {
    RowEntry { note, part, ordinal, start, end }
}

impl Parts {
    /// Two notes, one with a picture that is kept; a global space without and a local one with a graph, and a space of the
    /// caller with another width.
    pub(crate) fn sound() -> Self {
        let picture = b"not decoded here".to_vec();
        let records = vec![record("b", "Zwei Absätze, hier der zweite.", Some(&picture)), record("a", "", None)];
        let global = SpaceMeta {
            width: 2,
            rows: 2,
            code_dims: 2,
            code_bits: 8,
            code_scale: 100.0,
            rotation: None,
            graph: None,
            near: 0.25,
            far: 0.5,
            curve: Vec::new(),
        };
        let point = RecallPoint { slack: 0.5, far_slack: 0.5, margin: 0.1, rescored: 10, recall: 0.97, scored: 40 };
        let local = SpaceMeta {
            rows: 4,
            code_dims: 1,
            rotation: Some(9),
            graph: Some(GraphMeta { degree: 2, entry: 1 }),
            curve: vec![point],
            ..global.clone()
        };
        let named = SpaceMeta { width: 1, rows: 3, code_dims: 1, ..global.clone() };
        let words = words();
        Self {
            meta: SegmentMeta {
                notes: 2,
                built_ms: 1_700_000_000_000,
                words: words.meta(),
                spaces: vec![global, local, named],
                adapter: Some(11),
            },
            words,
            columns: columns(&records),
            ids: records.iter().map(|record| record.id.clone().into_bytes()).collect(),
            id_order: vec![1, 0],
            pictures: vec![picture],
            records,
            spaces: vec![
                SpaceParts {
                    rows: vec![row(0, ROW_NOTE, 0, 0, 0), row(1, ROW_NOTE, 0, 0, 0)],
                    note_row_starts: vec![0, 1, 2],
                    note_rows: vec![0, 1],
                    vectors: vec![0.6, 0.8, 0.0, -1.0],
                    sources: vec![0.8, -0.6, -1.0, 0.0],
                    codes: vec![60, 80, 0, -100],
                    links: Vec::new(),
                },
                SpaceParts {
                    rows: vec![
                        row(0, ROW_PICTURE, 0, 0, 0),
                        row(0, ROW_PASSAGE, 0, 0, 14),
                        row(0, ROW_PASSAGE, 1, 15, 31),
                        row(0, ROW_REGION, 0, 3, 2),
                    ],
                    note_row_starts: vec![0, 4, 4],
                    note_rows: vec![1, 2, 0, 3],
                    vectors: vec![1.0, 0.0, 0.8, -0.6, 0.0, 1.0, -1.0, 0.0],
                    sources: vec![0.0, -1.0, -0.6, -0.8, 1.0, 0.0, 0.0, 1.0],
                    codes: vec![100, 100, -100, -100],
                    links: vec![1, NO_NEIGHBOUR, 0, 2, 1, 3, 2, NO_NEIGHBOUR],
                },
                SpaceParts {
                    rows: vec![row(0, ROW_VECTOR, 1, 0, 0), row(1, ROW_VECTOR, 0, 0, 0), row(0, ROW_VECTOR, 0, 0, 0)],
                    note_row_starts: vec![0, 2, 3],
                    note_rows: vec![2, 0, 1],
                    vectors: vec![1.0, -1.0, 1.0],
                    sources: Vec::new(),
                    codes: vec![100, -100, 100],
                    links: Vec::new(),
                },
            ],
        }
    }

    /// The file as a writer makes it.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut file = FileBuilder::new(FileKind::Segment, INDEX, 7);
        add_meta(&mut file, &self.meta).unwrap();
        file.array(SectionKind::IdOrder, NO_SPACE, &self.id_order, 1);
        file.blobs([SectionKind::IdExtents, SectionKind::IdBytes], &self.ids, 1);
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
            if self.meta.adapter.is_some() && ordinal < OWN_SPACES as u16 {
                file.array(SectionKind::SourceVectors, ordinal, &space.sources, meta.width as usize);
            }
        }
        self.words.add_to(&mut file);
        self.columns.add_to(&mut file);
        add_records(&mut file, &self.records).unwrap();
        file.blobs([SectionKind::PictureExtents, SectionKind::PictureBytes], &self.pictures, 1);
        file.finish().unwrap().to_vec()
    }
}

/// Words of two notes: of one term both, of two others one of them.
pub(crate) fn words() -> Words {
    let posting = |note, count| Posting { note, count };
    let mut builder = WordsBuilder::new(vec![9, 4]);
    builder.term("hier".as_bytes(), &[posting(0, 2)]).unwrap();
    builder.term("note".as_bytes(), &[posting(0, 1), posting(1, 4)]).unwrap();
    builder.term("zwei".as_bytes(), &[posting(0, 6)]).unwrap();
    builder.finish()
}

/// A note with a field of every kind.
pub(crate) fn record(id: &str, text: &str, picture: Option<&[u8]>) -> Record {
    let pictures = picture.map(|bytes| PictureRecord {
        alt: "ein Bild".to_owned(),
        path: Some("bild.png".to_owned()),
        hash: hash(bytes),
        width: 3,
        height: 4,
        blob: Some(0),
    });
    let fields = [
        ("bool", FieldValue::Bool(true)),
        ("date", FieldValue::DateTime(-1)),
        ("float", FieldValue::Float(0.5)),
        ("integer", FieldValue::Integer(i64::MIN)),
        ("keyword", FieldValue::Keyword("only one word".to_owned())),
        ("tags", FieldValue::Tags(vec![String::new(), "two".to_owned()])),
    ];
    let mut record = Record {
        id: id.to_owned(),
        title: format!("Note {id}"),
        text: text.to_owned(),
        pictures: pictures.into_iter().collect(),
        fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        created_ms: Some(42),
        content_hash: [0; 16],
    };
    record.content_hash = record.hash_content();
    record
}

pub(crate) fn hash(bytes: &[u8]) -> [u8; 16] {
    xxhash_rust::xxh3::xxh3_128(bytes).to_le_bytes()
}

pub(crate) fn manifest() -> Manifest {
    let file = |id| FileRef { id, len: 64 * id, checksum: id };
    Manifest {
        index_id: INDEX,
        generation: 5,
        next_file: 14,
        created_ms: 1,
        committed_ms: 2,
        encoder: EncoderRecord {
            name: "static".to_owned(),
            fingerprint: "static-0123456789".to_owned(),
            width: 256,
            prefixes: vec![64, 128, 256],
            location: "models/static".to_owned(),
        },
        language: "english".to_owned(),
        keeps_pictures: true,
        picture_regions: true,
        spaces: [("global", 256), ("local", 256), ("audio", 12)]
            .map(|(name, width)| SpaceRecord { name: name.to_owned(), width })
            .to_vec(),
        segments: vec![
            SegmentRef { file: file(3), notes: 4, deleted: 0, tombstones: None, rotations: Vec::new() },
            SegmentRef { file: file(7), notes: 2, deleted: 1, tombstones: Some(file(8)), rotations: vec![9] },
        ],
        rotations: vec![file(9)],
        head: Some(file(10)),
        adapter: Some(file(11)),
        feedback: vec![file(12), file(13)],
    }
}

pub(crate) fn feedback() -> Feedback {
    let term = |sought, weight, wanted| TermRecord { sought, weight, wanted };
    let event = |terms, chosen: &[u32]| EventRecord {
        terms,
        shown: ["soup", "stew", "moon"].map(str::to_owned).to_vec(),
        chosen: chosen.to_vec(),
        at_ms: 1_750_000_000_000,
    };
    Feedback {
        events: vec![
            event(vec![term(SoughtRecord::Text("a warm dinner".to_owned()), 1.0, true)], &[0, 2]),
            event(
                vec![
                    term(SoughtRecord::Vector(String::new(), vec![0.6, 0.8]), 0.5, true),
                    term(SoughtRecord::Note("salad".to_owned(), 1, 3, 0), 2.0, false),
                    term(SoughtRecord::NoteIn("rain".to_owned(), "audio".to_owned()), 1.0, true),
                ],
                &[],
            ),
        ],
    }
}

pub(crate) fn tombstones(notes: &[u32]) -> Vec<u8> {
    let mut file = FileBuilder::new(FileKind::Tombstones, INDEX, 8);
    file.array(SectionKind::Deleted, NO_SPACE, notes, 1);
    file.finish().unwrap().to_vec()
}

pub(crate) fn matrix(id: u64) -> Option<&'static [f32]> {
    match id {
        9 => Some(&[0.6, -0.8, 0.8, 0.6]),
        11 => Some(&[0.0, -2.0, 2.0, 0.0]),
        _ => None,
    }
}

/// A quarter turn that doubles the length.
pub(crate) fn adapter() -> AdapterView<'static> {
    let record = AdapterRecord {
        encoder: "static".to_owned(),
        fingerprint: "static-0123456789".to_owned(),
        made_ms: 3,
        made_with: "by hand".to_owned(),
    };
    AdapterView { record, width: 2, matrix: matrix(11).unwrap() }
}

pub(crate) fn adapter_bytes(view: &AdapterView<'_>) -> Vec<u8> {
    view.to_file(INDEX, 11).unwrap().finish().unwrap().to_vec()
}

pub(crate) fn rotation() -> Vec<u8> {
    let mut file = FileBuilder::new(FileKind::Rotation, INDEX, 9);
    file.array(SectionKind::Matrix, NO_SPACE, matrix(9).unwrap(), 2);
    file.finish().unwrap().to_vec()
}

/// Makes every checksum of a file right again, as far as its table leads inside it: what a hostile writer would do.
pub(crate) fn reseal(bytes: &mut [u8]) {
    let word = |bytes: &[u8], at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    if bytes.len() < 64 {
        return;
    }
    let count = usize::from(u16::from_le_bytes([bytes[48], bytes[49]]));
    let end = (64 + 64 * count).min(bytes.len());
    for entry in (64..end).step_by(64).filter(|entry| entry + 64 <= end) {
        let (start, len) = (word(bytes, entry + 8), word(bytes, entry + 16));
        let range = start as usize..start.saturating_add(len) as usize;
        if let Some(section) = bytes.get(range) {
            let sum = checksum(section).to_le_bytes();
            bytes[entry + 40..entry + 48].copy_from_slice(&sum);
        }
    }
    let covered = [&bytes[..56], &bytes[64..end]].concat();
    bytes[56..64].copy_from_slice(&checksum(&covered).to_le_bytes());
}

/// A deterministic stream of numbers (SplitMix64, Steele et al. 2014).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}
