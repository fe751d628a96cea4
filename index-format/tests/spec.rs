//! `SPEC.md` is the only description of the layout. Here it is held to the code, number by number.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use index_format::adapter::ArchivedAdapterRecord;
use index_format::archive::ARCHIVE_ALIGN;
use index_format::columns::{ColumnEntry, ColumnValue};
use index_format::feedback::{ArchivedEventRecord, ArchivedFeedback, ArchivedTermRecord};
use index_format::layout::{
    ADAPTER_WIDTH_MAX, ALIGN, DRAFT, Header, KNOWN_FEATURES, MAGIC, MAX_NUMBER, MAX_SECTIONS, MAX_SPACES, NO_NEIGHBOUR,
    NO_SPACE, OWN_SPACES, ROW_NOTE, ROW_PASSAGE, ROW_PICTURE, ROW_REGION, ROW_VECTOR, SECTION_REQUIRED, STARTS,
    SectionEntry, VERSION,
};
use index_format::manifest::{
    ArchivedEncoderRecord, ArchivedFileRef, ArchivedManifest, ArchivedSegmentRef, ArchivedSpaceRecord,
};
use index_format::record::{ArchivedPictureRecord, ArchivedRecord};
use index_format::segment::ArchivedSegmentMeta;
use index_format::space::{ArchivedGraphMeta, ArchivedRecallPoint, ArchivedSpaceMeta};
use index_format::words::{ArchivedWordsMeta, BLOCK_POSTINGS, MOST_COUNTED, PostingBlock, TermEntry};
use index_format::{Extent, FieldValue, FileKind, RowEntry, SectionKind, SoughtRecord, checksum};
use std::mem::{offset_of, size_of};

const SPEC: &str = include_str!("../SPEC.md");

/// The cells of the table below a heading, row by row, without the header rows.
fn table(heading: &str) -> Vec<Vec<String>> {
    let below = SPEC.split(&format!("\n### {heading}\n")).nth(1);
    let section = below.unwrap_or_else(|| panic!("SPEC.md has no heading {heading:?}"));
    let lines = section.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().replace('`', "")).collect();
    lines.skip(2).map(cells).collect()
}

/// Rows of a byte table: offset, size, field. A field reaches to the next one, or to the end.
fn layout(fields: &[(usize, &str)], size: usize) -> Vec<[String; 3]> {
    let ends = fields.iter().skip(1).map(|(offset, _)| *offset).chain([size]);
    let rows = fields.iter().zip(ends);
    rows.map(|((offset, name), end)| [offset.to_string(), (end - offset).to_string(), (*name).to_owned()]).collect()
}

macro_rules! holds {
    ($type:ty, $heading:literal: $($field:ident),*) => {
        let mut fields = vec![$((offset_of!($type, $field), stringify!($field))),*];
        fields.sort_unstable();
        let heading = format!("{} ({} bytes)", $heading, size_of::<$type>());
        let expected = layout(&fields, size_of::<$type>());
        let written: Vec<[String; 3]> =
            table(&heading).into_iter().map(|row| [row[0].clone(), row[1].clone(), row[2].clone()]).collect();
        assert_eq!(written, expected, "{heading}");
    };
}

#[test]
fn byte_tables_are_the_layout() {
    holds!(Header, "Header": magic, version, reader_version, draft, kind, required_features, index_id, file_id, file_len,
        section_count, reserved, checksum);
    holds!(SectionEntry, "Section entry": kind, space, flags, offset, len, count, stride, checksum, reserved);
    holds!(Extent, "Extent": offset, len);
    holds!(RowEntry, "Row entry": note, part, ordinal, start, end);
    holds!(TermEntry, "Term entry": start, notes, first, most, shortest, reserved);
    holds!(ColumnEntry, "Column entry": name, all, first, count, kind, reserved);
    holds!(ColumnValue, "Column value": text, first, notes, dense);
    holds!(PostingBlock, "Posting block": start, last, gap_bits, count_bits, most, shortest);
}

#[test]
fn archived_tables_are_the_layout() {
    holds!(ArchivedFileRef, "FileRef": id, len, checksum);
    holds!(ArchivedSegmentRef, "SegmentRef": file, notes, deleted, tombstones, rotations);
    holds!(ArchivedEncoderRecord, "EncoderRecord": name, fingerprint, width, prefixes, location);
    holds!(ArchivedSpaceRecord, "SpaceRecord": name, width);
    holds!(ArchivedManifest, "Manifest": index_id, generation, next_file, created_ms, committed_ms, encoder,
        language, keeps_pictures, picture_regions, spaces, segments, rotations, head, adapter, feedback);
    holds!(ArchivedGraphMeta, "GraphMeta": degree, entry);
    holds!(ArchivedRecallPoint, "RecallPoint": slack, far_slack, margin, rescored, recall, scored);
    holds!(ArchivedSpaceMeta, "SpaceMeta": width, rows, code_dims, code_bits, code_scale, rotation, graph, near, far, curve);
    holds!(ArchivedWordsMeta, "WordsMeta": terms, blocks, length);
    holds!(ArchivedSegmentMeta, "SegmentMeta": notes, built_ms, words, spaces, adapter);
    holds!(ArchivedAdapterRecord, "AdapterRecord": encoder, fingerprint, made_ms, made_with);
    holds!(ArchivedFeedback, "Feedback": events);
    holds!(ArchivedEventRecord, "EventRecord": terms, shown, chosen, at_ms);
    holds!(ArchivedTermRecord, "TermRecord": sought, weight, wanted);
    holds!(ArchivedPictureRecord, "PictureRecord": alt, path, hash, width, height, blob);
    holds!(ArchivedRecord, "Record": id, title, text, pictures, fields, created_ms, content_hash);
}

#[test]
fn every_section_kind_is_listed_with_its_number() {
    let written: Vec<[String; 2]> =
        table("Section kinds").into_iter().map(|row| [row[0].clone(), row[1].clone()]).collect();
    let expected: Vec<[String; 2]> =
        SectionKind::ALL.iter().map(|kind| [(*kind as u16).to_string(), kind.name().to_owned()]).collect();
    assert_eq!(written, expected);
    assert!(SectionKind::ALL.iter().all(|kind| SectionKind::from_number(*kind as u16) == Some(*kind)));
    assert_eq!(SectionKind::from_number(0), None);
}

#[test]
fn file_kinds_are_listed_with_their_numbers() {
    let written: Vec<[String; 2]> = table("Files").into_iter().map(|row| [row[0].clone(), row[1].clone()]).collect();
    let expected = FileKind::ALL.map(|kind| [(kind as u16).to_string(), kind.name().to_owned()]).to_vec();
    assert_eq!(written, expected);
}

#[test]
fn constants_are_the_ones_described() {
    let written: Vec<[String; 2]> =
        table("Constants").into_iter().map(|row| [row[0].clone(), row[1].clone()]).collect();
    let number = |name: &str, value: u64| [name.to_owned(), value.to_string()];
    let expected = [
        ["MAGIC".to_owned(), MAGIC.map(|byte| format!("{byte:02x}")).join(" ")],
        number("VERSION", VERSION.into()),
        number("DRAFT", DRAFT.into()),
        number("KNOWN_FEATURES", KNOWN_FEATURES),
        number("ALIGN", ALIGN),
        number("ARCHIVE_ALIGN", ARCHIVE_ALIGN as u64),
        number("MAX_SECTIONS", MAX_SECTIONS.into()),
        number("MAX_NUMBER", MAX_NUMBER),
        number("NO_SPACE", NO_SPACE.into()),
        number("SECTION_REQUIRED", SECTION_REQUIRED.into()),
        number("ROW_NOTE", ROW_NOTE.into()),
        number("ROW_PASSAGE", ROW_PASSAGE.into()),
        number("ROW_PICTURE", ROW_PICTURE.into()),
        number("ROW_REGION", ROW_REGION.into()),
        number("ROW_VECTOR", ROW_VECTOR.into()),
        number("OWN_SPACES", OWN_SPACES as u64),
        number("MAX_SPACES", MAX_SPACES as u64),
        number("NO_NEIGHBOUR", NO_NEIGHBOUR.into()),
        number("STARTS", STARTS.into()),
        number("ADAPTER_WIDTH_MAX", ADAPTER_WIDTH_MAX as u64),
        number("BLOCK_POSTINGS", BLOCK_POSTINGS as u64),
        number("MOST_COUNTED", MOST_COUNTED.into()),
    ];
    assert_eq!(written, expected);
}

#[test]
fn the_checksum_is_the_published_one() {
    // XXH3-64 with seed 0 of nothing, from the xxHash test vectors.
    assert_eq!(checksum(b""), 0x2d06_8005_38d3_94c2);
    assert!(SPEC.contains("0x2d06800538d394c2"));
}

#[test]
fn everything_a_term_can_be_about_is_listed() {
    let rows = table("Sought");
    let values = [
        SoughtRecord::Text(String::new()),
        SoughtRecord::Vector(String::new(), Vec::new()),
        SoughtRecord::Note(String::new(), 0, 0, 0),
        SoughtRecord::NoteIn(String::new(), String::new()),
    ];
    let debug: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    let names: Vec<&str> = debug.iter().map(|text| text.split('(').next().unwrap()).collect();
    let written: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
    assert_eq!(written, names);
    assert!(rows.iter().enumerate().all(|(number, row)| row[0] == number.to_string()));
}

#[test]
fn every_field_value_is_listed() {
    let rows = table("Field values");
    let written: Vec<&str> = rows.iter().map(|row| row[1].as_str()).collect();
    let values = [
        FieldValue::Keyword(String::new()),
        FieldValue::Tags(Vec::new()),
        FieldValue::Integer(0),
        FieldValue::Float(0.0),
        FieldValue::DateTime(0),
        FieldValue::Bool(false),
    ];
    let debug: Vec<String> = values.iter().map(|value| format!("{value:?}")).collect();
    let names: Vec<&str> = debug.iter().map(|text| text.split('(').next().unwrap()).collect();
    assert_eq!(written, names);
    assert!(rows.iter().enumerate().all(|(number, row)| row[0] == number.to_string()));
}
