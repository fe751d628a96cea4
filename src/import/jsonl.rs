//! One line of a JSON Lines file into a note.
//!
//! The schema, one object a line:
//!
//! | key | value | meaning |
//! |---|---|---|
//! | `id` or `_id` | string or integer | the note's id; required |
//! | `title` | string | |
//! | `text` or `body` | string | `text` wins where both are there, and `body` is then a field |
//! | `pictures` | list of strings or of `{"path": string, "alt": string}` | paths beside the file |
//! | `image` | string | one more picture, before `pictures` |
//! | `created` | RFC 3339 string, or integer | an integer is milliseconds since 1970 UTC |
//! | `vectors` | object | the caller's own vectors by the name of their space: a list of numbers, or a list of such lists |
//! | `vector` | list of numbers | the vector of the note as a whole, for an index whose vectors come from the caller |
//! | `fields` or `metadata` | object | fields by name |
//! | `field_types` | object | types of fields by their names, where they are another than their values look like: `keyword`, `tags`, `integer`, `float`, `datetime`, `bool` |
//! | anything else | | a field of that name |
//!
//! In fields a string is a keyword (a date-time where its name is `created`, `date` or ends in
//! `_at` and it is a date), a number or boolean is itself, a list of scalars is tags, and an object
//! is one field an entry, `outer.inner`. Null counts as absent. What stands in `fields` wins over a
//! key of the same name beside it. [`write_line`] is the other way round.

pub use super::write::{Besides, write_line};

use super::{
    ImageLink, Parsed, Remark,
    fields::{Dates, FieldSink, FieldType},
    tree::Tree,
};
use crate::note::{Note, time::parse_millis};
use std::collections::BTreeMap;

/// Why a line became no note.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// The bytes are not text.
    #[error("the line is not UTF-8 text: bad byte at column {column}; save the file as UTF-8")]
    NotUtf8 {
        /// First bad byte, counted from 1.
        column: usize,
    },
    /// The line is not JSON.
    #[error("the line is not valid JSON: {why} at column {column}")]
    Json {
        /// Where reading stopped, counted in bytes from 1.
        column: usize,
        /// What was met.
        why: String,
    },
    /// A key holds what it may not hold, or a required one is missing.
    #[error("{key} is {found}, expected {expected}")]
    Schema {
        /// The key, or "the line".
        key: &'static str,
        /// What is there.
        found: String,
        /// What the schema asks for.
        expected: &'static str,
    },
}

/// Reads one line without its line break. `line` is its number, given to what is reported.
///
/// # Errors
/// [`LineError`] where the line is no JSON object or breaks the schema of this module.
pub fn parse_line(bytes: &[u8], line: u64) -> Result<Parsed, LineError> {
    let text = std::str::from_utf8(bytes).map_err(|error| LineError::NotUtf8 { column: error.valid_up_to() + 1 })?;
    let tree: Tree = serde_json::from_str(text)
        .map_err(|error| LineError::Json { column: error.column(), why: without_position(&error) })?;
    let entries = match tree {
        Tree::Map(entries) => entries,
        other => return Err(wrong("the line", &other, "a JSON object")),
    };
    let mut reader = Reader {
        line,
        id: None,
        note: Note::default(),
        body: None,
        image: None,
        images: Vec::new(),
        vector: None,
        types: BTreeMap::new(),
        fields: Vec::new(),
        others: Vec::new(),
    };
    for (key, value) in entries {
        if value != Tree::Null {
            reader.take(key, value)?;
        }
    }
    reader.finish()
}

/// A line being read.
struct Reader {
    line: u64,
    id: Option<String>,
    note: Note,
    body: Option<String>,
    image: Option<ImageLink>,
    images: Vec<ImageLink>,
    vector: Option<Vec<f32>>,
    types: BTreeMap<String, FieldType>,
    /// Entries of `fields` and `metadata`.
    fields: Vec<(String, Tree)>,
    /// Entries of no key of the schema.
    others: Vec<(String, Tree)>,
}

impl Reader {
    fn take(&mut self, key: String, value: Tree) -> Result<(), LineError> {
        match key.as_str() {
            "id" | "_id" => self.id = Some(id(value)?),
            "title" => self.note.title = string("title", value)?,
            "text" => self.note.text = string("text", value)?,
            "body" => self.body = Some(string("body", value)?),
            "image" => self.image = Some(self.link(string("image", value)?, String::new())),
            "pictures" => self.images = self.pictures(value)?,
            "created" => self.note.created = Some(instant(value)?),
            "vectors" => self.note.vectors = vectors(value)?,
            "vector" => self.vector = Some(vector(value)?),
            "field_types" => self.types = types(value)?,
            "fields" | "metadata" => match value {
                Tree::Map(entries) => self.fields.extend(entries),
                other => return Err(wrong("fields", &other, "an object")),
            },
            _ => self.others.push((key, value)),
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Parsed, LineError> {
        let Some(id) = self.id else {
            return Err(wrong("id", &Tree::Null, "a string or an integer"));
        };
        self.note.id = id;
        match self.body {
            Some(body) if self.note.text.is_empty() => self.note.text = body,
            Some(body) => self.others.push(("body".into(), Tree::Text(body))),
            None => {}
        }
        let mut sink = FieldSink::new(Dates::ByName);
        for (name, value) in self.others.into_iter().chain(self.fields) {
            match self.types.get(&name) {
                Some(kind) => sink.add_typed(name, value, *kind),
                None => sink.add(name, value),
            }
        }
        self.note.fields = sink.fields;
        let line = self.line;
        let remark = |why| Remark { line, why };
        Ok(Parsed {
            note: self.note,
            vector: self.vector,
            image_links: self.image.into_iter().chain(self.images).collect(),
            warnings: sink.left_out.into_iter().map(remark).collect(),
        })
    }

    fn pictures(&self, value: Tree) -> Result<Vec<ImageLink>, LineError> {
        let Tree::List(items) = value else {
            return Err(wrong("pictures", &value, "a list"));
        };
        items.into_iter().map(|item| self.picture(item)).collect()
    }

    fn picture(&self, item: Tree) -> Result<ImageLink, LineError> {
        let entries = match item {
            Tree::Text(path) => return Ok(self.link(path, String::new())),
            Tree::Map(entries) => entries,
            other => {
                let expected = "a path or an object with path and alt";
                return Err(wrong("an entry of pictures", &other, expected));
            }
        };
        let (mut path, mut alt) = (None, String::new());
        for (key, value) in entries {
            match (key.as_str(), value) {
                ("path", value) => path = Some(string("path of a picture", value)?),
                ("alt", Tree::Null) => {}
                ("alt", value) => alt = string("alt of a picture", value)?,
                _ => {}
            }
        }
        match path {
            Some(path) => Ok(self.link(path, alt)),
            None => Err(wrong("path of a picture", &Tree::Null, "a string")),
        }
    }

    fn link(&self, target: String, alt: String) -> ImageLink {
        let line = self.line;
        ImageLink { target, alt, line }
    }
}

fn id(value: Tree) -> Result<String, LineError> {
    match value {
        Tree::Text(id) => Ok(id),
        Tree::Integer(number) => Ok(number.to_string()),
        other => Err(wrong("id", &other, "a string or an integer")),
    }
}

fn string(key: &'static str, value: Tree) -> Result<String, LineError> {
    match value {
        Tree::Text(text) => Ok(text),
        other => Err(wrong(key, &other, "a string")),
    }
}

fn instant(value: Tree) -> Result<i64, LineError> {
    const EXPECTED: &str = "an RFC 3339 date-time or integer milliseconds since 1970";
    match value {
        Tree::Integer(millis) => Ok(millis),
        Tree::Text(text) => parse_millis(&text).ok_or_else(|| LineError::Schema {
            key: "created",
            found: format!("{:?}", text.chars().take(64).collect::<String>()),
            expected: EXPECTED,
        }),
        other => Err(wrong("created", &other, EXPECTED)),
    }
}

/// Vectors by the name of their space. Whether the index has such a space, and of which width, is its business.
fn vectors(value: Tree) -> Result<BTreeMap<String, Vec<Vec<f32>>>, LineError> {
    let Tree::Map(entries) = value else { return Err(wrong("vectors", &value, "an object of vectors by space")) };
    let mut vectors: BTreeMap<String, Vec<Vec<f32>>> = BTreeMap::new();
    for (space, value) in entries {
        let items = match value {
            Tree::Null => continue,
            Tree::List(items) if items.is_empty() => continue,
            Tree::List(items) => items,
            other => return Err(wrong("a space of vectors", &other, "a list of numbers, or a list of such lists")),
        };
        let several = matches!(items.first(), Some(Tree::List(_)));
        let lists = if several { items } else { vec![Tree::List(items)] };
        let of_space = lists.into_iter().map(vector).collect::<Result<Vec<_>, _>>()?;
        vectors.entry(space).or_default().extend(of_space);
    }
    Ok(vectors)
}

/// Types of fields by name.
fn types(value: Tree) -> Result<BTreeMap<String, FieldType>, LineError> {
    const EXPECTED: &str = "keyword, tags, integer, float, datetime or bool";
    let Tree::Map(entries) = value else { return Err(wrong("field_types", &value, "an object of types by field")) };
    let named = |(name, kind): (String, Tree)| match &kind {
        Tree::Text(text) => match FieldType::named(text) {
            Some(kind) => Ok((name, kind)),
            None => Err(LineError::Schema {
                key: "a type of a field",
                found: format!("{:?}", text.chars().take(64).collect::<String>()),
                expected: EXPECTED,
            }),
        },
        other => Err(wrong("a type of a field", other, EXPECTED)),
    };
    entries.into_iter().map(named).collect()
}

fn vector(value: Tree) -> Result<Vec<f32>, LineError> {
    let Tree::List(items) = value else { return Err(wrong("a vector", &value, "a list of numbers")) };
    let number = |item| match item {
        Tree::Integer(number) => Ok(number as f32),
        Tree::Float(number) => Ok(number as f32),
        other => Err(wrong("a component of a vector", &other, "a number")),
    };
    items.into_iter().map(number).collect()
}

fn wrong(key: &'static str, found: &Tree, expected: &'static str) -> LineError {
    let found = match found {
        Tree::Null => "missing",
        other => other.kind(),
    };
    LineError::Schema { key, found: found.to_owned(), expected }
}

/// The message of a JSON error without its "at line 1 column N": the line in the file is known and
/// it is not 1.
fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((what, _)) => what.to_owned(),
        None => message,
    }
}

#[cfg(test)]
#[path = "jsonl_tests.rs"]
mod tests;
