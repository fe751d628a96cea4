//! Segments, tombstones and rotations: written, opened, asked, and refused where they belong elsewhere.

use super::*;
use crate::disk::{MemoryStorage, Storage};
use crate::error::Error;
use crate::note::{Note, Picture, Value};
use crate::vector::{Adapter, CodeParams, Rotation, Vectors};
use index_format::layout::{ROW_NOTE, ROW_PASSAGE, ROW_PICTURE, ROW_VECTOR};
use index_format::words::Posting;
use index_format::{
    AdapterRecord, Columns, ColumnsBuilder, FileRef, FormatError, Record, RowEntry, SpaceMeta, Words, WordsBuilder,
};
use std::sync::Arc;

const INDEX: u64 = 77;

fn records() -> Vec<Record> {
    let kept = Note::new("m").title("Mitte").text("Zwei Sätze. Hier.").field("year", 2_021).created(5);
    let notes = [
        kept.picture(Picture::path("bild.png").alt("Bild")),
        Note::new("z").text("letzter"),
        Note::new("a").title("x"),
    ];
    let mut records: Vec<Record> = notes.iter().map(|note| record_of(note, &[None])).collect();
    records[0].pictures[0].blob = Some(0);
    records[0].pictures[0].hash = xxhash_rust::xxh3::xxh3_128(b"pixels").to_le_bytes();
    records[0].content_hash = records[0].hash_content();
    records
}

fn words() -> Words {
    let mut words = WordsBuilder::new(vec![2, 1, 0]);
    words.term(b"mitte", &[Posting { note: 0, count: 2 }, Posting { note: 1, count: 1 }]).unwrap();
    words.finish()
}

fn columns() -> Columns {
    let mut columns = ColumnsBuilder::default();
    records().iter().for_each(|record| columns.add(record));
    columns.finish()
}

fn row(note: u32, part: u32, ordinal: u32) -> RowEntry {
    RowEntry { note, part, ordinal, start: 0, end: 0 }
}

fn space(rows: Vec<RowEntry>, rotation: Option<u64>) -> SpaceParts {
    let mut vectors = Vectors::with_capacity(2, rows.len()).unwrap();
    for number in 0..rows.len() {
        vectors.push(if number % 2 == 0 { &[0.6, 0.8] } else { &[1.0, 0.0] }).unwrap();
    }
    let params = CodeParams::eight(&vectors, 2);
    let meta = SpaceMeta {
        width: 2,
        rows: rows.len() as u32,
        code_dims: 2,
        code_bits: 8,
        code_scale: params.scale,
        rotation,
        graph: None,
        near: 0.0,
        far: 0.0,
        curve: Vec::new(),
    };
    SpaceParts { rows, codes: params.encode_all(&vectors), vectors, sources: None, links: None, meta }
}

/// Three notes; of the local rows, those of the first are out of order, as an ordering by a graph leaves them.
fn store(storage: &dyn Storage, file_id: u64, rotation: Option<u64>) -> FileRef {
    let records = records();
    let global = space((0..3).map(|note| row(note, ROW_NOTE, 0)).collect(), None);
    let local = vec![row(0, ROW_PASSAGE, 1), row(1, ROW_PASSAGE, 0), row(0, ROW_PICTURE, 0), row(0, ROW_PASSAGE, 0)];
    let parts = SegmentParts {
        records: &records,
        pictures: &[b"pixels".to_vec()],
        words: &words(),
        columns: &columns(),
        spaces: vec![global, space(local, rotation)],
        built_ms: 9,
        adapter: None,
    };
    freeze(storage, INDEX, file_id, &parts).unwrap()
}

fn open(storage: &dyn Storage, file: &FileRef) -> Result<Segment, Error> {
    Segment::open(storage, INDEX, file, &|_| None)
}

#[test]
fn a_frozen_segment_gives_back_its_notes_and_pictures() {
    let storage = MemoryStorage::new();
    let file = store(&storage, 3, None);
    assert_eq!(storage.list().unwrap(), ["segment-00000003.uni"]);
    let segment = open(&storage, &file).unwrap();
    assert_eq!((segment.file_ref(), segment.meta().notes, segment.meta().built_ms), (&file, 3, 9));
    for (ordinal, record) in records().into_iter().enumerate() {
        assert_eq!(segment.find(&record.id).unwrap(), Some(ordinal as u32));
        assert_eq!(segment.record(ordinal as u32).unwrap(), record);
    }
    for absent in ["", "b", "mm", "zz"] {
        assert_eq!(segment.find(absent).unwrap(), None, "{absent:?}");
    }
    let note = note_of(segment.record(0).unwrap(), |blob| segment.picture(blob).map(<[u8]>::to_vec)).unwrap();
    assert_eq!((note.title.as_str(), note.created, &note.fields["year"]), ("Mitte", Some(5), &Value::Integer(2_021)));
    assert_eq!(note.pictures, [Picture::bytes(*b"pixels").alt("Bild")]);
    let found = segment.words().unwrap().find(b"mitte").unwrap().unwrap();
    assert_eq!((found.len(), found.most(), segment.words().unwrap().lengths()), (2, 2, &[2, 1, 0][..]));
    assert!(segment.picture(1).is_err() && segment.record(3).is_err());
    let bytes = storage.map(&file_name(index_format::FileKind::Segment, 3)).unwrap();
    assert_eq!(index_format::check::verify_segment(&bytes, &|_| None).unwrap(), []);
}

#[test]
fn the_rows_of_a_note_are_found_in_the_order_of_its_parts() {
    let storage = MemoryStorage::new();
    let segment = open(&storage, &store(&storage, 1, None)).unwrap();
    let local = segment.space(LOCAL).unwrap().unwrap();
    assert_eq!(local.view.rows_of(0), [3, 0, 2]);
    assert_eq!(local.view.rows_of(1), [1]);
    assert!(local.view.rows_of(2).is_empty() && local.view.rows_of(3).is_empty());
    assert_eq!(segment.space(GLOBAL).unwrap().unwrap().view.rows_of(2), [2]);
    assert!(segment.space(2).unwrap().is_none());
}

#[test]
fn an_empty_segment_opens() {
    let storage = MemoryStorage::new();
    let parts = SegmentParts {
        records: &[],
        pictures: &[],
        words: &Words::default(),
        columns: &Columns::default(),
        spaces: vec![space(Vec::new(), None), space(Vec::new(), None)],
        built_ms: 0,
        adapter: None,
    };
    let file = freeze(&storage, INDEX, 1, &parts).unwrap();
    assert_eq!(open(&storage, &file).unwrap().find("a").unwrap(), None);
}

#[test]
fn a_file_of_another_index_number_or_content_is_not_taken() {
    let storage = MemoryStorage::new();
    let (file, other) = (store(&storage, 1, None), store(&storage, 2, Some(5)));
    let refused = |index_id, file: &FileRef, expected: &str| {
        let error = Segment::open(&storage, index_id, file, &|_| None).unwrap_err();
        let Error::Damaged { file, source: FormatError::Inconsistent { what, .. } } = error else { panic!("{error}") };
        assert_eq!((file.as_str(), what), ("segment-00000001.uni", expected));
    };
    refused(INDEX + 1, &file, "index number");
    refused(INDEX, &FileRef { len: file.len + 64, ..file.clone() }, "file length");
    refused(INDEX, &FileRef { checksum: other.checksum, ..file.clone() }, "header checksum named by the manifest");
    let bytes = storage.map("segment-00000002.uni").unwrap();
    storage.publish("segment-00000001.uni", &mut |out| out.write_all(&bytes)).unwrap();
    refused(INDEX, &FileRef { len: other.len, ..file }, "file number");
}

#[test]
fn tombstones_are_read_where_they_lie() {
    let storage = MemoryStorage::new();
    let file = Deleted::store(&storage, INDEX, 4, &[0, 2]).unwrap();
    let deleted = Deleted::open(&storage, INDEX, &file).unwrap();
    assert_eq!(deleted.notes(), [0, 2]);
    assert_eq!([0, 1, 2, 3].map(|note| deleted.contains(note)), [true, false, true, false]);
    assert!(Deleted::default().notes().is_empty() && !Deleted::default().contains(0));
    assert!(matches!(Deleted::open(&storage, INDEX + 1, &file), Err(Error::Damaged { .. })));
    // A segment's file under a tombstone's name.
    store(&storage, 5, None);
    let bytes = storage.map("segment-00000005.uni").unwrap();
    storage.publish("tombstones-00000004.uni", &mut |out| out.write_all(&bytes)).unwrap();
    let error = Deleted::open(&storage, INDEX, &file).unwrap_err();
    assert!(matches!(error, Error::Damaged { source: FormatError::WrongKind { found: 2, .. }, .. }), "{error}");
}

#[test]
fn a_rotation_comes_back_and_belongs_to_the_spaces_that_name_it() {
    let storage = MemoryStorage::new();
    let rotation = Rotation::from_stored(2, vec![0.6, -0.8, 0.8, 0.6]).unwrap();
    let stored = store_rotation(&storage, INDEX, 5, &rotation).unwrap();
    assert_eq!(load_rotation(&storage, INDEX, &stored).unwrap(), rotation);
    assert!(matches!(load_rotation(&storage, INDEX + 1, &stored), Err(Error::Damaged { .. })));
    let file = store(&storage, 6, Some(5));
    let shared = Arc::new(rotation);
    let find = |id: u64| (id == 5).then(|| Arc::clone(&shared));
    let segment = Segment::open(&storage, INDEX, &file, &find).unwrap();
    assert_eq!(segment.space(LOCAL).unwrap().unwrap().rotation, Some(shared.as_ref()));
    assert_eq!(segment.space(GLOBAL).unwrap().unwrap().rotation, None);
    assert!(matches!(open(&storage, &file), Err(Error::Damaged { .. })), "its rotation is not there");
    let wide = Arc::new(Rotation::identity(3));
    let error = Segment::open(&storage, INDEX, &file, &|_| Some(Arc::clone(&wide))).unwrap_err();
    assert!(matches!(error, Error::Damaged { .. }), "a rotation of another width: {error}");
}

#[test]
fn a_rotation_with_any_bit_flipped_is_refused() {
    let storage = MemoryStorage::new();
    let file = store_rotation(&storage, INDEX, 5, &Rotation::identity(2)).unwrap();
    let sound = storage.map("rotation-00000005.uni").unwrap().to_vec();
    for bit in 0..sound.len() * 8 {
        let mut bent = sound.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        storage.publish("rotation-00000005.uni", &mut |out| out.write_all(&bent)).unwrap();
        assert!(matches!(load_rotation(&storage, INDEX, &file), Err(Error::Damaged { .. })), "bit {bit}");
    }
}

fn adapter_file(storage: &dyn Storage) -> (Adapter, AdapterRecord, FileRef) {
    let adapter = Adapter::from_stored(2, vec![0.0, -2.0, 2.0, 0.5]).unwrap();
    let record = AdapterRecord {
        encoder: "static".to_owned(),
        fingerprint: "static-1".to_owned(),
        made_ms: 4,
        made_with: "by hand".to_owned(),
    };
    let file = store_adapter(storage, INDEX, 5, (&adapter, &record)).unwrap();
    (adapter, record, file)
}

#[test]
fn an_adapter_comes_back_with_what_it_was_trained_for() {
    let storage = MemoryStorage::new();
    let (adapter, record, file) = adapter_file(&storage);
    assert_eq!(storage.list().unwrap(), ["adapter-00000005.uni"]);
    assert_eq!(load_adapter(&storage, INDEX, &file).unwrap(), (adapter, record.clone()));
    assert!(matches!(load_adapter(&storage, INDEX + 1, &file), Err(Error::Damaged { .. })));
    // What the format lets through and no adapter may hold.
    let view = index_format::AdapterView { record, width: 1, matrix: &[f32::INFINITY] };
    let image = view.to_file(INDEX, 6).unwrap().finish().unwrap();
    storage.publish("adapter-00000006.uni", &mut |out| out.write_all(&image.to_vec())).unwrap();
    let wild = FileRef { id: 6, len: image.len(), checksum: image.header_checksum() };
    let error = load_adapter(&storage, INDEX, &wild).unwrap_err();
    assert!(matches!(&error, Error::Damaged { source: FormatError::Archive { what: "matrix", .. }, .. }), "{error}");
}

#[test]
fn an_adapter_with_any_bit_flipped_is_refused() {
    let storage = MemoryStorage::new();
    let (.., file) = adapter_file(&storage);
    let sound = storage.map("adapter-00000005.uni").unwrap().to_vec();
    for bit in 0..sound.len() * 8 {
        let mut bent = sound.clone();
        bent[bit / 8] ^= 1 << (bit % 8);
        storage.publish("adapter-00000005.uni", &mut |out| out.write_all(&bent)).unwrap();
        assert!(matches!(load_adapter(&storage, INDEX, &file), Err(Error::Damaged { .. })), "bit {bit}");
    }
}

#[test]
fn a_segment_with_an_adapter_gives_back_vectors_and_what_they_were() {
    let storage = MemoryStorage::new();
    let records = records();
    let mut global = space((0..3).map(|note| row(note, ROW_NOTE, 0)).collect(), None);
    let mut local = space(Vec::new(), None);
    global.sources = Some(Vectors::from_flat(2, vec![0.0, 1.0, 1.0, 0.0, 0.0, -1.0]).unwrap());
    local.sources = Some(Vectors::with_capacity(2, 0).unwrap());
    let named = space((0..3).map(|note| row(note, ROW_VECTOR, 0)).collect(), None);
    let pictures = [b"pixels".to_vec()];
    let spaces = vec![global, local, named];
    let (words, columns) = (words(), columns());
    let (records, pictures, words, columns) = (&records, &pictures, &words, &columns);
    let parts = SegmentParts { records, pictures, words, columns, spaces, built_ms: 9, adapter: Some(5) };
    let file = freeze(&storage, INDEX, 3, &parts).unwrap();
    let segment = open(&storage, &file).unwrap();
    assert_eq!(segment.meta().adapter, Some(5));
    let global = segment.space(GLOBAL).unwrap().unwrap();
    assert_eq!((global.vector(2), global.source(2)), (Some(&[0.6, 0.8][..]), Some(&[0.0, -1.0][..])));
    assert_eq!((global.vector(3), global.source(3), global.source(u32::MAX)), (None, None, None));
    let named = segment.space(2).unwrap().unwrap();
    assert_eq!(named.source(1), named.vector(1));
}
