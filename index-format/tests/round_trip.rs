//! What is written is read again, for whatever a caller may put in.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod samples;

use index_format::archive::{from_bytes, to_bytes};
use index_format::layout::{ALIGN, NO_SPACE};
use index_format::{
    FieldValue, FileBuilder, FileKind, FileTable, FormatError, Manifest, Record, SectionKind, SegmentFile,
};
use proptest::prelude::*;
use samples::{INDEX, Parts, manifest};

#[test]
fn a_segment_gives_back_its_parts() {
    let parts = Parts::sound();
    let bytes = parts.bytes();
    let file = SegmentFile::parse(&bytes).unwrap();
    assert_eq!(file.meta, parts.meta);
    let header = file.table.header();
    assert_eq!((header.index_id, header.file_id, header.file_len), (INDEX, 7, bytes.len() as u64));
    let view = file.view(&bytes).unwrap();
    for (note, record) in parts.records.iter().enumerate() {
        assert_eq!(&view.record(note as u32).unwrap(), record);
        assert_eq!(view.find(&record.id).unwrap(), Some(note as u32));
    }
    assert_eq!(view.find("").unwrap(), None);
    assert_eq!(view.find("aa").unwrap(), None);
    assert_eq!(view.pictures.get(0).unwrap(), parts.pictures[0]);
    for (ordinal, expected) in parts.spaces.iter().enumerate() {
        let space = file.space(&bytes, ordinal as u16).unwrap();
        assert_eq!((space.rows, space.note_rows), (&expected.rows[..], &expected.note_rows[..]));
        assert_eq!((space.vectors, space.codes), (&expected.vectors[..], &expected.codes[..]));
        assert_eq!(space.links.map_or(&[][..], |links| links.neighbours), expected.links);
    }
    let local = file.space(&bytes, 1).unwrap();
    assert_eq!((local.rows_of(0), local.rows_of(1), local.rows_of(2)), (&[1, 2, 0, 3][..], &[][..], &[][..]));
    let named = file.space(&bytes, 2).unwrap();
    assert_eq!((named.rows_of(0), named.rows_of(1)), (&[2, 0][..], &[1][..]));
    assert_eq!((local.links.unwrap().of(0), local.links.unwrap().of(1)), (&[1][..], &[0, 2][..]));
}

#[test]
fn bytes_that_are_not_aligned_give_an_error_or_the_same_answer() {
    let bytes = Parts::sound().bytes();
    let shifted = [&[0], &bytes[..]].concat();
    for start in [&bytes[..], &shifted[1..]] {
        match SegmentFile::parse(start) {
            Ok(file) => assert_eq!(file.meta, Parts::sound().meta),
            Err(error) => assert!(matches!(error, FormatError::Inconsistent { .. }), "{error}"),
        }
    }
    let manifest = manifest();
    let shifted = [&[0], &manifest.to_bytes().unwrap()[..]].concat();
    assert_eq!(Manifest::from_bytes(&shifted[1..]).unwrap(), manifest);
}

#[test]
fn a_writer_is_refused_what_a_reader_would_refuse() {
    let mut twice = FileBuilder::new(FileKind::Rotation, 1, 1);
    twice.array(SectionKind::Matrix, NO_SPACE, &[1.0_f32], 1);
    twice.array(SectionKind::Matrix, NO_SPACE, &[1.0_f32], 1);
    assert!(matches!(twice.finish(), Err(FormatError::Inconsistent { .. })));
    let mut ragged = FileBuilder::new(FileKind::Rotation, 1, 1);
    ragged.array(SectionKind::Matrix, NO_SPACE, &[1.0_f32; 5], 2);
    assert!(matches!(ragged.finish(), Err(FormatError::Inconsistent { .. })));
    let mut many = FileBuilder::new(FileKind::Segment, 1, 1);
    (0..2_000).for_each(|space| many.array(SectionKind::Rows, space, &[0_u32], 1));
    assert!(matches!(many.finish(), Err(FormatError::Inconsistent { .. })));
}

#[test]
fn the_content_hash_sees_every_part_but_the_id() {
    let base = samples::record("a", "text", Some(b"bytes"));
    let bends: [&dyn Fn(&mut Record); 9] = [
        &|record| record.title.push('x'),
        &|record| record.text.push('x'),
        &|record| record.created_ms = None,
        &|record| record.created_ms = Some(i64::MIN),
        &|record| record.pictures[0].alt.push('x'),
        &|record| record.pictures[0].hash[3] ^= 1,
        &|record| record.pictures.clear(),
        &|record| record.fields[3].1 = FieldValue::DateTime(i64::MIN),
        &|record| record.fields[5].1 = FieldValue::Tags(vec!["two".to_owned(), String::new()]),
    ];
    for (number, bend) in bends.iter().enumerate() {
        let mut bent = base.clone();
        bend(&mut bent);
        assert_ne!(bent.hash_content(), base.hash_content(), "bend {number}");
    }
    let renamed = Record { id: "b".to_owned(), ..base.clone() };
    assert_eq!(renamed.hash_content(), base.hash_content());
}

fn value() -> impl Strategy<Value = FieldValue> {
    prop_oneof![
        any::<String>().prop_map(FieldValue::Keyword),
        proptest::collection::vec(any::<String>(), 0..4).prop_map(FieldValue::Tags),
        any::<i64>().prop_map(FieldValue::Integer),
        (-1e300_f64..1e300).prop_map(FieldValue::Float),
        any::<i64>().prop_map(FieldValue::DateTime),
        any::<bool>().prop_map(FieldValue::Bool),
    ]
}

proptest! {
    #[test]
    fn any_record_comes_back(
        words in any::<[String; 3]>(),
        fields in proptest::collection::vec((any::<String>(), value()), 0..6),
        created_ms in any::<Option<i64>>(),
    ) {
        let [id, title, text] = words;
        let record = Record { id, title, text, pictures: Vec::new(), fields, created_ms, content_hash: [7; 16] };
        let bytes = to_bytes("record", &record).unwrap();
        prop_assert_eq!(from_bytes::<Record>("record", 0, &bytes).unwrap(), record);
    }

    #[test]
    fn any_sections_come_back_aligned(
        blobs in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..12),
        array in proptest::collection::vec(any::<u32>(), 0..40),
        align in 1_usize..33,
    ) {
        let mut file = FileBuilder::new(FileKind::Segment, 1, 2);
        file.blobs([SectionKind::PictureExtents, SectionKind::PictureBytes], &blobs, align);
        file.array(SectionKind::Rows, 3, &array, 1);
        let image = file.finish().unwrap();
        let bytes = image.to_vec();
        prop_assert_eq!(bytes.len() as u64, image.len());
        let table = FileTable::parse(&bytes, FileKind::Segment).unwrap();
        prop_assert_eq!(table.header().checksum, image.header_checksum());
        prop_assert!(table.sections().iter().all(|entry| entry.offset % ALIGN == 0));
        prop_assert!(table.damages(&bytes).is_empty());
        let read = table.blobs(&bytes, [SectionKind::PictureExtents, SectionKind::PictureBytes]).unwrap();
        prop_assert_eq!(read.len(), blobs.len());
        for (number, blob) in blobs.iter().enumerate() {
            prop_assert_eq!(read.get(number).unwrap(), &blob[..]);
        }
        if let Ok(read) = table.array::<u32>(&bytes, SectionKind::Rows, 3, 1) {
            prop_assert_eq!(read, &array[..]);
        }
        prop_assert!(read.get(blobs.len()).is_err());
    }

    #[test]
    fn any_bytes_are_refused_or_read(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(SegmentFile::parse(&bytes).is_err());
        prop_assert!(Manifest::from_bytes(&bytes).is_err());
        for kind in [FileKind::Tombstones, FileKind::Rotation, FileKind::Feedback] {
            prop_assert!(FileTable::parse(&bytes, kind).is_err());
        }
        let _ = from_bytes::<Record>("record", 0, &bytes);
        let _ = from_bytes::<Manifest>("manifest", 0, &bytes);
    }
}
