//! `uninote get`: one note as it was stored.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::output::{one_line, plain, print, print_json};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write;
use uninote::note::PictureSource;
use uninote::note::time::format_millis;
use uninote::{Error, Note, Picture, Value};

/// Arguments of `uninote get`.
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    /// Id of the note
    id: String,
}

impl Get {
    /// Runs the command.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let note =
            place.open_without_encoder()?.get(&self.id)?.ok_or_else(|| Error::NoSuchNote { id: self.id.clone() })?;
        if place.json {
            print_json(&NoteJson::of(&note))?
        } else {
            print(&text(&note))?
        }
        Ok(Outcome::Done)
    }
}

#[derive(Serialize)]
pub(crate) struct NoteJson<'a> {
    id: &'a str,
    title: &'a str,
    text: &'a str,
    created: Option<String>,
    fields: &'a BTreeMap<String, Value>,
    pictures: Vec<PictureJson<'a>>,
    vectors: &'a BTreeMap<String, Vec<Vec<f32>>>,
}

#[derive(Serialize)]
struct PictureJson<'a> {
    alt: &'a str,
    path: Option<String>,
    kept_bytes: Option<usize>,
}

impl<'a> NoteJson<'a> {
    pub(crate) fn of(note: &'a Note) -> Self {
        Self {
            id: &note.id,
            title: &note.title,
            text: &note.text,
            created: note.created.and_then(format_millis),
            fields: &note.fields,
            pictures: note.pictures.iter().map(PictureJson::of).collect(),
            vectors: &note.vectors,
        }
    }
}

impl<'a> PictureJson<'a> {
    fn of(picture: &'a Picture) -> Self {
        let (path, kept_bytes) = match &picture.source {
            PictureSource::Bytes(bytes) => (None, Some(bytes.len())),
            PictureSource::Path(path) => (Some(path.display().to_string()), None),
            _ => (None, None),
        };
        Self { alt: &picture.alt, path, kept_bytes }
    }
}

/// A heading of names and values, an empty line, the text.
fn text(note: &Note) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}: {}", one_line(name), one_line(value));
    };
    line("id", &note.id);
    line("title", &note.title);
    if let Some(created) = note.created.and_then(format_millis) {
        line("created", &created);
    }
    for (name, value) in &note.fields {
        line(name, &serde_json::to_string(value).unwrap_or_default());
    }
    for picture in &note.pictures {
        let PictureJson { alt, path, kept_bytes } = PictureJson::of(picture);
        let place = path.unwrap_or_else(|| format!("{} bytes in the index", kept_bytes.unwrap_or_default()));
        line("picture", &if alt.is_empty() { place } else { format!("{place} ({alt})") });
    }
    for (space, vectors) in &note.vectors {
        line("vectors", &format!("{} in {space}", vectors.len()));
    }
    text.push('\n');
    text.push_str(&plain(&note.text));
    if !note.text.ends_with('\n') {
        text.push('\n');
    }
    text
}
