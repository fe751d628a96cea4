//! Damage that no checksum shows: each rule of verification is broken alone, and verification must name its section.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod samples;

use index_format::check::{verify_segment, verify_tombstones};
use index_format::layout::{NO_NEIGHBOUR, ROW_NOTE, ROW_PASSAGE, ROW_REGION, ROW_VECTOR};
use index_format::{AdapterView, Feedback, FormatError, Manifest, SpaceRecord};
use samples::{INDEX, Parts, adapter, adapter_bytes, feedback, manifest, matrix, row, tombstones};

#[test]
fn a_sound_segment_has_no_damage() {
    assert_eq!(verify_segment(&Parts::sound().bytes(), &matrix).unwrap(), []);
}

/// Bends one thing and expects damage in this section, inside the file.
#[track_caller]
fn damages(section: &str, bend: impl FnOnce(&mut Parts)) {
    let mut parts = Parts::sound();
    bend(&mut parts);
    let bytes = parts.bytes();
    let found = verify_segment(&bytes, &matrix).unwrap();
    assert!(found.iter().any(|damage| damage.section == section), "{section}: {found:?}");
    assert!(found.iter().all(|damage| damage.offset < bytes.len() as u64), "{found:?}");
}

#[test]
fn notes_that_contradict_each_other_are_named() {
    damages("records", |parts| parts.records[0].id = "c".to_owned());
    damages("records", |parts| parts.records[1].title.push('!'));
    damages("records", |parts| {
        parts.records[0].fields.reverse();
        parts.records[0].content_hash = parts.records[0].hash_content();
    });
    damages("records", |parts| parts.records[0].pictures[0].blob = Some(1));
    damages("records", |parts| parts.pictures[0][0] ^= 1);
    damages("records", |parts| {
        let twin = parts.records[0].pictures[0].clone();
        parts.records[0].pictures.push(twin);
        parts.records[0].content_hash = parts.records[0].hash_content();
    });
    damages("picture extents", |parts| parts.pictures.push(b"nobody's".to_vec()));
    damages("id order", |parts| parts.id_order.reverse());
    damages("id order", |parts| parts.id_order = vec![1, 1]);
    damages("id order", |parts| parts.id_order[1] = 2);
    damages("records", |parts| parts.ids[0] = b"\xff".to_vec());
}

#[test]
fn rows_that_belong_nowhere_are_named() {
    damages("rows", |parts| parts.spaces[0].rows[0].note = 2);
    damages("rows", |parts| parts.spaces[0].rows[0].part = 3);
    damages("rows", |parts| parts.spaces[0].rows[0].ordinal = 1);
    damages("rows", |parts| parts.spaces[1].rows[0].ordinal = 1);
    // Into the middle of the two bytes of a letter, past the end, and backwards.
    damages("rows", |parts| parts.spaces[1].rows[1] = row(0, ROW_PASSAGE, 0, 0, 9));
    damages("rows", |parts| parts.spaces[1].rows[1].end = 1_000);
    damages("rows", |parts| parts.spaces[1].rows[1] = row(0, ROW_PASSAGE, 0, 8, 2));
    damages("rows", |parts| parts.spaces[1].rows[2].ordinal = 0);
    // A picture that is not there, a cell outside the grid, a grid of no cells, the same cell twice, a part of a space of the
    // caller.
    damages("rows", |parts| parts.spaces[1].rows[3].ordinal = 1);
    damages("rows", |parts| parts.spaces[1].rows[3].start = 4);
    damages("rows", |parts| parts.spaces[1].rows[3].end = 0);
    damages("rows", |parts| parts.spaces[1].rows[0] = row(0, ROW_REGION, 0, 3, 3));
    damages("rows", |parts| parts.spaces[1].rows[0].part = ROW_VECTOR);
    damages("note row starts", |parts| parts.spaces[1].note_row_starts = vec![0, 5, 4]);
    damages("note row starts", |parts| parts.spaces[1].note_row_starts = vec![1, 3, 3]);
    damages("note row starts", |parts| parts.spaces[1].note_row_starts = vec![0, 2, 2]);
    damages("note rows", |parts| parts.spaces[0].note_rows.reverse());
    damages("note rows", |parts| parts.spaces[1].note_rows = vec![1, 1, 0, 3]);
    damages("note rows", |parts| parts.spaces[1].note_rows = vec![1, 2, 3, 4]);
}

#[test]
fn vectors_of_the_caller_are_counted_and_alone_in_their_space() {
    damages("rows", |parts| parts.spaces[2].rows[0].ordinal = 2);
    damages("rows", |parts| parts.spaces[2].rows[1].ordinal = 1);
    damages("rows", |parts| parts.spaces[2].rows[2].ordinal = 1);
    damages("rows", |parts| parts.spaces[2].rows[1].part = ROW_NOTE);
    damages("note rows", |parts| parts.spaces[2].note_rows = vec![0, 1, 2]);
    let mut regions = Parts::sound();
    regions.spaces[1].rows[0] = row(0, ROW_REGION, 0, 0, 2);
    assert_eq!(verify_segment(&regions.bytes(), &matrix).unwrap(), [], "two cells of one picture");
}

#[test]
fn vectors_codes_and_links_that_cannot_be_are_named() {
    for value in [0.0, 2.0, f32::NAN, f32::INFINITY] {
        damages("vectors", |parts| parts.spaces[0].vectors[1] = value);
    }
    damages("codes", |parts| parts.spaces[0].codes[1] = 78);
    damages("codes", |parts| parts.spaces[1].codes[2] = 1);
    // The prefix of the vector itself, not of what the rotation makes of it.
    damages("codes", |parts| parts.spaces[1].codes[2] = 0);
    damages("links", |parts| parts.spaces[1].links[0] = 4);
    damages("links", |parts| parts.spaces[1].links[0] = 0);
    damages("links", |parts| parts.spaces[1].links[3] = NO_NEIGHBOUR);
    damages("links", |parts| parts.spaces[1].links[0..2].copy_from_slice(&[NO_NEIGHBOUR, 1]));
}

#[test]
fn vectors_that_an_adapter_did_not_make_of_their_sources_are_named() {
    for value in [0.0, 2.0, f32::NAN, f32::INFINITY] {
        damages("source vectors", |parts| parts.spaces[0].sources[1] = value);
    }
    damages("source vectors", |parts| parts.spaces[1].sources[..2].copy_from_slice(&[0.0, 1.0]));
    damages("source vectors", |parts| parts.spaces[0].sources.copy_from_slice(&[0.801, -0.599, -1.0, 0.0]));
    // The vector as it was, though the matrix leaves something of it.
    damages("source vectors", |parts| parts.spaces[0].sources[2..].copy_from_slice(&[0.0, -1.0]));
    let mut unknown = Parts::sound();
    unknown.meta.adapter = Some(12);
    unknown.spaces[1].sources[1] = 1.0;
    assert_eq!(verify_segment(&unknown.bytes(), &matrix).unwrap(), [], "its matrix cannot be read");
    let mut plain = Parts::sound();
    plain.meta.adapter = None;
    assert_eq!(verify_segment(&plain.bytes(), &matrix).unwrap(), []);
    let nothing: &[f32] = &[0.0, -5e-4, 5e-4, 0.0];
    let shrinks = |id| if id == 11 { Some(nothing) } else { matrix(id) };
    let mut kept = Parts::sound();
    kept.spaces.iter_mut().for_each(|space| space.sources.clone_from(&space.vectors));
    assert_eq!(verify_segment(&kept.bytes(), &shrinks).unwrap(), [], "what would vanish stays as it is");
}

#[test]
fn an_adapter_comes_back_as_it_was_and_is_square() {
    let sound = adapter();
    assert_eq!(AdapterView::from_file(&adapter_bytes(&sound)).unwrap(), sound);
    for (width, matrix) in [(2, &[1.0; 3][..]), (1, &[1.0, 2.0]), (0, &[]), (4_097, &[])] {
        let bent = AdapterView { width, matrix, ..adapter() };
        assert!(matches!(bent.to_file(INDEX, 11), Err(FormatError::Inconsistent { .. })), "{width}");
    }
}

#[test]
fn sizes_that_disagree_are_refused_at_opening() {
    let refused = |bend: &dyn Fn(&mut Parts)| {
        let mut parts = Parts::sound();
        bend(&mut parts);
        let error = verify_segment(&parts.bytes(), &matrix).unwrap_err();
        assert!(matches!(error, FormatError::Inconsistent { .. } | FormatError::MissingSection { .. }), "{error}");
    };
    refused(&|parts| parts.meta.notes = 3);
    refused(&|parts| {
        parts.id_order.pop();
    });
    refused(&|parts| {
        parts.ids.pop();
    });
    refused(&|parts| {
        parts.records.pop();
    });
    refused(&|parts| parts.meta.spaces[0].rows = 3);
    refused(&|parts| parts.meta.spaces[0].code_scale = 0.0);
    refused(&|parts| parts.meta.spaces[0].code_bits = 4);
    refused(&|parts| (parts.meta.spaces[0].code_bits, parts.meta.spaces[0].code_dims) = (4, 1));
    refused(&|parts| (parts.meta.spaces[0].code_bits, parts.meta.spaces[0].code_dims) = (16, 1));
    refused(&|parts| parts.meta.spaces[0].code_scale = f32::NAN);
    refused(&|parts| parts.meta.spaces[1].graph.as_mut().unwrap().entry = 4);
    refused(&|parts| parts.meta.spaces[1].curve[0].rescored = 0);
    refused(&|parts| parts.meta.spaces[1].curve[0].recall = f32::NAN);
    refused(&|parts| parts.meta.spaces[1].curve[0].slack = f32::INFINITY);
    refused(&|parts| parts.meta.spaces[1].curve[0].margin = f32::NAN);
    refused(&|parts| parts.meta.spaces[1].far = 0.0);
    refused(&|parts| {
        parts.spaces[0].note_row_starts.pop();
    });
    refused(&|parts| {
        parts.spaces[0].note_rows.pop();
    });
    refused(&|parts| {
        parts.spaces[0].sources.truncate(2);
    });
    refused(&|parts| parts.spaces[1].sources.clear());
    refused(&|parts| parts.meta.spaces.push(parts.meta.spaces[0].clone()));
}

#[test]
fn manifests_that_contradict_themselves_are_neither_written_nor_read() {
    let bends: [&dyn Fn(&mut Manifest); 16] = [
        &|manifest| manifest.next_file = 9,
        &|manifest| manifest.next_file = u64::MAX,
        &|manifest| manifest.generation = u64::MAX,
        &|manifest| manifest.segments[0].file.id = 9,
        &|manifest| manifest.segments[0].deleted = 1,
        &|manifest| manifest.segments[1].deleted = 3,
        &|manifest| manifest.segments[1].rotations = vec![3],
        &|manifest| manifest.encoder.prefixes.push(257),
        &|manifest| manifest.encoder.width = 0,
        &|manifest| manifest.spaces.clear(),
        &|manifest| manifest.spaces.truncate(1),
        &|manifest| {
            let numbered = |number| SpaceRecord { name: format!("s{number}"), width: 1 };
            manifest.spaces.extend((0..64).map(numbered));
        },
        &|manifest| manifest.spaces[1].width = 255,
        &|manifest| manifest.spaces[2].width = 0,
        &|manifest| manifest.spaces[2].name = "local".to_owned(),
        &|manifest| manifest.spaces[2].name.clear(),
    ];
    manifest().to_bytes().unwrap();
    for (number, bend) in bends.iter().enumerate() {
        let mut bent = manifest();
        bend(&mut bent);
        assert!(matches!(bent.to_bytes(), Err(FormatError::Inconsistent { .. })), "bend {number}");
    }
}

#[test]
fn feedback_comes_back_as_it_was_and_names_places_that_were_shown() {
    let sound = feedback();
    assert_eq!(Feedback::from_file(&sound.to_file(INDEX, 12).unwrap()).unwrap(), sound);
    let bends: [fn(&mut Feedback); 5] = [
        |feedback| feedback.events[0].chosen = vec![3],
        |feedback| feedback.events[0].chosen = vec![1, 1],
        |feedback| feedback.events[0].chosen = vec![2, 0],
        |feedback| feedback.events[1].terms[0].weight = 0.0,
        |feedback| feedback.events[1].terms[0].weight = f32::NAN,
    ];
    for (number, bend) in bends.iter().enumerate() {
        let mut bent = feedback();
        bend(&mut bent);
        assert!(matches!(bent.to_file(INDEX, 12), Err(FormatError::Inconsistent { .. })), "bend {number}");
    }
}

#[test]
fn tombstones_are_an_ascending_list_of_existing_notes() {
    assert_eq!(verify_tombstones(&tombstones(&[0, 2]), 3).unwrap(), []);
    assert_eq!(verify_tombstones(&tombstones(&[]), 0).unwrap(), []);
    for wrong in [&[2, 0][..], &[1, 1], &[0, 3]] {
        assert_eq!(verify_tombstones(&tombstones(wrong), 3).unwrap()[0].section, "deleted", "{wrong:?}");
    }
}
