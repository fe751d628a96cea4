//! Tests of the bounds on a note: each refusal is shown at its edge.

use super::*;
use crate::note::Picture;

fn good() -> Note {
    Note::new("a").title("t").text("some text")
}

#[test]
fn a_plain_note_is_fine() {
    assert_eq!(good().field("year", 2021).validate(), Ok(()));
}

#[test]
fn title_text_or_picture_is_enough() {
    assert_eq!(Note::new("a").title("t").validate(), Ok(()));
    assert_eq!(Note::new("a").text("t").validate(), Ok(()));
    let picture = Picture::bytes(vec![1, 2, 3]);
    assert_eq!(Note::new("a").picture(picture).validate(), Ok(()));
    let blank = Note::new("a").title(" \n").text("\t").field("year", 1);
    assert_eq!(blank.validate(), Err(NoteError::Empty { id: "a".into() }));
}

#[test]
fn ids_keep_their_bounds() {
    let id = |id: &str| Note::new(id).title("t").validate();
    assert_eq!(id(""), Err(NoteError::EmptyId));
    assert_eq!(id(&"x".repeat(MAX_ID_BYTES)), Ok(()));
    assert_eq!(id(&"x".repeat(10_240)), Err(NoteError::LongId { bytes: 10_240 }));
    for (bad, character) in [("a\nb", '\n'), ("a\0b", '\0'), ("a\u{85}b", '\u{85}')] {
        assert_eq!(id(bad), Err(NoteError::ControlInId { id: bad.into(), character, offset: 1 }));
    }
}

#[test]
fn nul_and_emoji_are_allowed_in_text() {
    assert_eq!(Note::new("a").text("x\0y").validate(), Ok(()));
    assert_eq!(Note::new("a").text("🎉🎉🎉").validate(), Ok(()));
}

#[test]
fn ten_megabytes_of_text_pass_and_65_do_not() {
    assert_eq!(Note::new("a").text("word ".repeat(2 << 20)).validate(), Ok(()));
    let long = Note::new("a").text("x".repeat(MAX_TEXT_BYTES)).field("k", "y");
    assert_eq!(long.validate(), Err(NoteError::LongText { id: "a".into(), bytes: MAX_TEXT_BYTES + 1 }));
}

#[test]
fn counts_keep_their_bounds() {
    let mut many = good();
    many.pictures = vec![Picture::path("p.png"); MAX_PICTURES];
    assert_eq!(many.validate(), Ok(()));
    many.pictures.push(Picture::path("p.png"));
    assert!(matches!(many.validate(), Err(NoteError::ManyPictures { count: 4_097, .. })));
    let mut wide = good();
    for number in 0..=MAX_FIELDS {
        wide = wide.field(format!("f{number}"), true);
    }
    assert!(matches!(wide.validate(), Err(NoteError::ManyFields { count: 1_025, .. })));
}

#[test]
fn fields_keep_their_bounds() {
    for name in ["", "a\nb", &"n".repeat(MAX_FIELD_NAME_BYTES + 1)] {
        let refused = good().field(name, 1).validate();
        assert!(matches!(refused, Err(NoteError::FieldName { .. })));
    }
    for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let refused = good().field("x", number).validate();
        assert!(matches!(refused, Err(NoteError::NotFinite { .. })));
    }
    let refused = good().field("tags", ["a", ""]).validate();
    assert!(matches!(refused, Err(NoteError::EmptyTag { position: 1, .. })));
    let refused = good().field("at", Value::DateTime(i64::MAX)).validate();
    assert!(matches!(refused, Err(NoteError::OutsideCalendar { .. })));
    let refused = good().created(i64::MIN).validate();
    assert!(matches!(refused, Err(NoteError::OutsideCalendar { .. })));
}

#[test]
fn messages_name_fact_and_remedy() {
    let message = NoteError::LongId { bytes: 10_240 }.to_string();
    assert!(message.contains("10240") && message.contains("shorter"));
}
