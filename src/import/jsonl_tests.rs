//! Tests of one JSON line, from bytes.

use proptest::prelude::*;

use super::*;
use crate::note::Value;

fn parsed(line: &str) -> Parsed {
    parse_line(line.as_bytes(), 7).expect("a note")
}

fn refused(line: &str) -> String {
    parse_line(line.as_bytes(), 7).expect_err("refused").to_string()
}

#[test]
fn the_schema_is_read() {
    let Parsed { note, image_links, warnings, .. } = parsed(
        r#"{"id": "n1", "title": "T", "text": "words", "created": "2021-03-11T00:00:00Z",
            "pictures": ["a.png", {"path": "b.png", "alt": "B"}],
            "fields": {"year": 2021, "read_at": "2021-03-11"}, "section": "games"}"#,
    );
    let expected = Note::new("n1")
        .title("T")
        .text("words")
        .created(1_615_420_800_000)
        .field("year", 2021)
        .field("read_at", Value::DateTime(1_615_420_800_000))
        .field("section", "games");
    assert_eq!(note, expected);
    let links: Vec<_> = image_links.iter().map(|l| (l.target.as_str(), l.alt.as_str())).collect();
    assert_eq!(links, [("a.png", ""), ("b.png", "B")]);
    assert!(image_links.iter().all(|link| link.line == 7));
    assert_eq!(warnings, []);
}

#[test]
fn common_dumps_import_as_they_are() {
    let note = parsed(r#"{"_id": 12, "title": "", "text": "t", "metadata": {"k": "v"}}"#).note;
    assert_eq!(note, Note::new("12").text("t").field("k", "v"));
    let note = parsed(r#"{"id": "a", "body": "b", "size": 3, "tags": ["x", "y"]}"#).note;
    let expected = Note::new("a").text("b").field("size", 3).field("tags", ["x", "y"]);
    assert_eq!(note, expected);
    let both = parsed(r#"{"id": "a", "body": "b", "text": "t"}"#).note;
    assert_eq!(both, Note::new("a").text("t").field("body", "b"));
    let image = parsed(r#"{"id": "a", "image": "p.jpg", "pictures": ["q.jpg"]}"#);
    assert_eq!(image.image_links[0].target, "p.jpg");
    assert_eq!(image.image_links[1].target, "q.jpg");
}

#[test]
fn fields_win_and_null_is_absent() {
    let note = parsed(r#"{"id":"a","fields":{"k":"inner"},"k":"outer","title":null,"x":null}"#).note;
    assert_eq!(note, Note::new("a").field("k", "inner"));
}

#[test]
fn vectors_are_lists_of_numbers_one_or_several_to_a_space() {
    let line = r#"{"id":"a","vectors":{"audio":[1,-0.5],"taste":[[1,0],[0,1.5]],"none":null,"empty":[]}}"#;
    let expected = Note::new("a").vector("audio", [1.0, -0.5]).vector("taste", [1.0, 0.0]).vector("taste", [0.0, 1.5]);
    assert_eq!(parsed(line).note, expected);
    for (vectors, why) in [
        ("[1,2]", "vectors is a list"),
        (r#"{"audio":1}"#, "a space of vectors is a number"),
        (r#"{"audio":[1,"2"]}"#, "a component of a vector is a string"),
        (r#"{"audio":[[1],2]}"#, "a vector is a number"),
        (r#"{"audio":[1,[2]]}"#, "a component of a vector is a list"),
    ] {
        let refused = refused(&format!(r#"{{"id":"a","vectors":{vectors}}}"#));
        assert!(refused.contains(why), "{refused}");
    }
}

#[test]
fn created_takes_milliseconds() {
    assert_eq!(parsed(r#"{"id":"a","created":1500}"#).note.created, Some(1_500));
}

#[test]
fn an_untyped_field_is_left_out_with_a_warning() {
    let parsed = parsed(r#"{"id": "a", "cast": [{"name": "x"}], "y": 1}"#);
    assert_eq!(parsed.note, Note::new("a").field("y", 1));
    assert_eq!(parsed.warnings[0].line, 7);
    assert!(parsed.warnings[0].why.contains("cast"));
}

#[test]
fn what_breaks_the_schema_says_how() {
    for (line, why) in [
        ("[1]", "the line is a list, expected a JSON object"),
        ("{}", "id is missing, expected a string or an integer"),
        (r#"{"id": 1.5}"#, "id is a number, expected a string or an integer"),
        (r#"{"id": "a", "title": 3}"#, "title is a number, expected a string"),
        (r#"{"id": "a", "text": ["x"]}"#, "text is a list, expected a string"),
        (r#"{"id": "a", "fields": 3}"#, "fields is a number, expected an object"),
        (r#"{"id": "a", "pictures": "x"}"#, "pictures is a string, expected a list"),
        (r#"{"id": "a", "pictures": [{}]}"#, "path of a picture is missing, expected a string"),
        (
            r#"{"id": "a", "created": "soon"}"#,
            "created is \"soon\", expected an RFC 3339 date-time or integer milliseconds since 1970",
        ),
    ] {
        assert_eq!(refused(line), why);
    }
}

#[test]
fn what_is_no_json_says_where() {
    assert_eq!(refused(r#"{"id": "a" "b"}"#), "the line is not valid JSON: expected `,` or `}` at column 12");
    let bytes = b"{\"id\": \"\xFF\"}";
    let error = parse_line(bytes, 1).expect_err("refused");
    assert_eq!(error, LineError::NotUtf8 { column: 9 });
    let deep = "[".repeat(100_000);
    assert!(refused(&deep).contains("deeper"), "{}", refused(&deep));
}

proptest! {
    #[test]
    fn any_bytes_parse_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let _ = parse_line(&bytes, 1);
    }

    #[test]
    fn any_values_under_known_keys_parse_or_are_refused(
        key in "id|_id|title|text|body|image|pictures|created|fields|metadata|tags|other",
        value in "[0-9.eE+\\-\\[\\]{}\",:a-c truefalsn]{0,60}",
    ) {
        let _ = parse_line(format!(r#"{{"id": "a", "{key}": {value}}}"#).as_bytes(), 1);
    }
}

#[test]
fn a_type_that_is_said_counts_and_a_value_that_is_none_of_it_is_left_out() {
    let note = parsed(
        r#"{"id": "n", "fields": {"date": "2021-03-11", "tags": "a, b", "km": 3, "seen_at": 5, "who": [" x ", ""]},
            "field_types": {"date": "keyword", "tags": "keyword", "km": "float", "seen_at": "datetime", "who": "tags"}}"#,
    );
    let expected = Note::new("n")
        .field("date", "2021-03-11")
        .field("tags", "a, b")
        .field("km", 3.0)
        .field("seen_at", Value::DateTime(5))
        .field("who", [" x ", ""]);
    assert_eq!((note.note, note.warnings), (expected, Vec::new()));
    let wrong = parsed(r#"{"id": "n", "km": "far", "field_types": {"km": "float", "nowhere": "bool"}}"#);
    assert_eq!(wrong.note, Note::new("n"));
    assert!(wrong.warnings[0].why.contains("\"km\" is a string, which cannot be of the type"), "{:?}", wrong.warnings);
    assert!(refused(r#"{"id": "n", "field_types": {"km": "number"}}"#).contains("\"number\", expected keyword, tags"));
    assert!(refused(r#"{"id": "n", "field_types": ["km"]}"#).contains("field_types is a list"));
}

#[test]
fn a_vector_is_the_callers_for_the_whole_note() {
    assert_eq!(parsed(r#"{"id": "n", "vector": [1, 0.5]}"#).vector, Some(vec![1.0, 0.5]));
    assert!(refused(r#"{"id": "n", "vector": "east"}"#).contains("a vector is a string"));
    let line = write_line(&Note::new("n"), &Besides::new(Vec::new(), Some(vec![0.1, -2.5e-8])));
    assert_eq!(parsed(&line).vector, Some(vec![0.1, -2.5e-8]));
}

/// Values of all types, with text that looks like other types.
fn value() -> impl Strategy<Value = Value> {
    let text = || prop_oneof![".{0,12}", Just("2021-03-11".to_owned()), Just("a, b".to_owned()), Just(" ".to_owned())];
    let millis = -62_135_596_800_000_i64..253_402_300_799_999;
    prop_oneof![
        text().prop_map(Value::Keyword),
        prop::collection::vec(text(), 0..4).prop_map(Value::Tags),
        any::<i64>().prop_map(Value::Integer),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::Float),
        millis.prop_map(Value::DateTime),
        any::<bool>().prop_map(Value::Bool),
    ]
}

proptest! {
    #[test]
    fn a_note_that_is_written_is_read_as_it_was(
        (id, title, text) in ("[^\\p{C}]{1,9}", ".{0,9}", "(?s).{0,40}"),
        created in prop::option::of(-1_000_000_000_000_i64..4_000_000_000_000),
        fields in prop::collection::btree_map(prop_oneof!["[a-z.]{1,8}", Just("date".to_owned()), Just("tags".to_owned()), Just("id".to_owned())], value(), 0..6),
        vectors in prop::collection::vec(prop::collection::vec(-1e3_f32..1e3, 3), 0..3),
    ) {
        let mut note = Note::new(id).title(title).text(text);
        note.created = created;
        note.fields = fields;
        note.vectors.extend(Some(("sound".to_owned(), vectors)).filter(|(_, vectors)| !vectors.is_empty()));
        let read = parsed(&write_line(&note, &Besides::default()));
        prop_assert_eq!((read.note, read.warnings), (note, Vec::new()));
    }
}
