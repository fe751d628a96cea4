//! A note into one line of a JSON Lines file, so that reading the line gives the note again.

use super::fields::{Dates, FieldSink};
use super::tree::Tree;
use crate::note::{Note, Value, time::format_millis};
use serde::Serialize;
use std::collections::BTreeMap;

/// The name of a type of values, as `field_types` has it.
const fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Keyword(_) => "keyword",
        Value::Tags(_) => "tags",
        Value::Integer(_) => "integer",
        Value::Float(_) => "float",
        Value::DateTime(_) => "datetime",
        Value::Bool(_) => "bool",
    }
}

/// What of a note is no part of [`Note`] itself.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Besides {
    /// Paths of its pictures beside the file, in their order; a picture without one is left out.
    pub pictures: Vec<Option<String>>,
    /// The vector of the whole note, if it is to be written.
    pub vector: Option<Vec<f32>>,
}

impl Besides {
    /// These.
    #[must_use]
    pub const fn new(pictures: Vec<Option<String>>, vector: Option<Vec<f32>>) -> Self {
        Self { pictures, vector }
    }
}

#[derive(Serialize)]
struct Line<'a> {
    id: &'a str,
    title: &'a str,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    created: Option<Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    fields: &'a BTreeMap<String, Value>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    field_types: BTreeMap<&'a str, &'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pictures: Vec<PictureLine<'a>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    vectors: &'a BTreeMap<String, Vec<Vec<f32>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vector: Option<&'a [f32]>,
}

#[derive(Serialize)]
struct PictureLine<'a> {
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    alt: &'a str,
}

/// Writes a note as [`parse_line`](super::jsonl::parse_line) reads it, without a line break at the end.
///
/// ```
/// use uninote::Note;
/// use uninote::import::jsonl::{Besides, parse_line, write_line};
///
/// let note = Note::new("harz").title("Three days").text("From Thale.").field("date", "no date, a word").field("km", 12.0);
/// let line = write_line(&note, &Besides::default());
/// assert_eq!(parse_line(line.as_bytes(), 1).unwrap().note, note);
/// ```
#[must_use]
pub fn write_line(note: &Note, besides: &Besides) -> String {
    let typed = note.fields.iter().filter(|(name, value)| !reads_back(name, value));
    let pictures = note.pictures.iter().zip(&besides.pictures);
    let line = Line {
        id: &note.id,
        title: &note.title,
        text: &note.text,
        created: note.created.map(Value::DateTime),
        fields: &note.fields,
        field_types: typed.map(|(name, value)| (name.as_str(), type_name(value))).collect(),
        pictures: pictures
            .filter_map(|(picture, path)| Some(PictureLine { path: path.as_deref()?, alt: &picture.alt }))
            .collect(),
        vectors: &note.vectors,
        vector: besides.vector.as_deref(),
    };
    // Nothing in it can fail to be written: keys are strings, and a number that is none becomes null.
    serde_json::to_string(&line).unwrap_or_default()
}

/// Whether a value is read as it is without its type.
fn reads_back(name: &str, value: &Value) -> bool {
    let tree = match value {
        Value::Keyword(text) => Tree::Text(text.clone()),
        Value::Tags(tags) => Tree::List(tags.iter().cloned().map(Tree::Text).collect()),
        Value::Integer(number) => Tree::Integer(*number),
        Value::Float(number) => Tree::Float(*number),
        Value::DateTime(millis) => format_millis(*millis).map_or(Tree::Integer(*millis), Tree::Text),
        Value::Bool(flag) => Tree::Bool(*flag),
    };
    let mut sink = FieldSink::new(Dates::ByName);
    sink.add(name.to_owned(), tree);
    sink.fields.get(name) == Some(value)
}
