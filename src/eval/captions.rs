//! Pictures with captions as a judged collection: each caption is right for its own picture, and no other.

use super::collection::Corpus;
use super::{Collection, Direction, EvalError, Judgments};
use crate::import::{self, ImportOptions, Imported, Item, Origin, Problem};
use crate::note::{Note, Value};
use crate::query::Query;
use std::collections::BTreeMap;
use std::path::Path;

/// A picture with its captions.
struct Captioned {
    note: Note,
    captions: Vec<String>,
}

/// The collection of a file of captions.
pub(super) fn collection(
    name: String,
    path: &Path,
    split: Option<&str>,
    direction: Direction,
) -> Result<Collection, EvalError> {
    let mut judgments = Judgments::new();
    let mut queries = BTreeMap::new();
    let mut notes = Vec::new();
    for item in import::open(path, &ImportOptions::default())? {
        let imported = match item {
            Item::Note(imported) => *imported,
            Item::Skipped(problem) => return Err(EvalError::Source(problem)),
        };
        let Some(Captioned { note, captions }) = captioned(imported, split)? else { continue };
        let picture = note.pictures.first().cloned();
        for (number, caption) in captions.into_iter().enumerate() {
            let id = format!("{}#{number}", note.id);
            match direction {
                Direction::TextToPicture => {
                    judgments.insert(&id, &note.id, 1.0);
                    queries.insert(id, Query::text(caption));
                }
                Direction::PictureToText => {
                    judgments.insert(&note.id, &id, 1.0);
                    notes.push(Note::new(id).text(caption));
                }
            }
        }
        match (direction, picture) {
            (Direction::PictureToText, Some(picture)) => drop(queries.insert(note.id, Query::picture(picture))),
            _ => notes.push(note),
        }
    }
    let split = split.unwrap_or_default().to_owned();
    if judgments.is_empty() {
        let name = format!("{}, split {split:?},", path.display());
        return Err(EvalError::NothingJudged { name });
    }
    Ok(Collection { name, split, corpus: Corpus::Notes(notes), queries, judgments, pictures: true })
}

/// A line's picture and captions; none for a line of another split. The captions are taken out of the note, which is to be
/// found by its picture.
fn captioned(imported: Imported, split: Option<&str>) -> Result<Option<Captioned>, EvalError> {
    let Imported { mut note, origin, warnings, .. } = imported;
    let of_split = match note.fields.get("split") {
        Some(Value::Keyword(of)) => split.is_none_or(|split| split == of),
        _ => split.is_none(),
    };
    if !of_split {
        return Ok(None);
    }
    let mut captions = Vec::new();
    for name in ["caption", "captions"] {
        match note.fields.remove(name) {
            None => {}
            Some(Value::Keyword(caption)) => captions.push(caption),
            Some(Value::Tags(several)) => captions.extend(several),
            Some(_) => return Err(wrong(origin, format!("{name} is no text; write it in quotes"))),
        }
    }
    if note.pictures.is_empty() {
        let also = warnings.first().map(|warning| format!(": {}", warning.why));
        let why = format!("there is no picture{}", also.unwrap_or_else(|| "; name it under image".to_owned()));
        return Err(wrong(origin, why));
    }
    if captions.is_empty() {
        return Err(wrong(origin, "there is no caption; add caption or captions".to_owned()));
    }
    Ok(Some(Captioned { note, captions }))
}

fn wrong(origin: Origin, why: String) -> EvalError {
    EvalError::Source(Problem { origin, why })
}
