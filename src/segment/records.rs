//! Notes to their stored form and back.

use crate::note::{Note, Picture, PictureInfo, PictureSource, Value};
use index_format::{FieldValue, PictureRecord, Record};

/// The stored form of a note. `pictures` holds what is known of each picture, in order; blobs are numbered later.
pub(crate) fn record_of(note: &Note, pictures: &[Option<PictureInfo>]) -> Record {
    let pictures = note.pictures.iter().zip(pictures).map(|(picture, info)| picture_record(picture, info.as_ref()));
    let mut record = Record {
        id: note.id.clone(),
        title: note.title.clone(),
        text: note.text.clone(),
        pictures: pictures.collect(),
        fields: note.fields.iter().map(|(name, value)| (name.clone(), field_of(value))).collect(),
        created_ms: note.created,
        content_hash: [0; 16],
    };
    record.content_hash = record.hash_content();
    record
}

fn picture_record(picture: &Picture, info: Option<&PictureInfo>) -> PictureRecord {
    let path = match &picture.source {
        PictureSource::Path(path) => Some(path.to_string_lossy().into_owned()),
        _ => None,
    };
    PictureRecord {
        alt: picture.alt.clone(),
        path,
        hash: info.map_or([0; 16], |info| info.hash),
        width: info.map_or(0, |info| info.width),
        height: info.map_or(0, |info| info.height),
        blob: None,
    }
}

/// The note a record stands for. `blob` gives the kept bytes of a picture; one whose bytes are not kept comes back as its
/// path, or with no bytes if it had none.
pub(crate) fn note_of<E>(record: Record, blob: impl Fn(u32) -> Result<Vec<u8>, E>) -> Result<Note, E> {
    let mut note = Note::new(record.id).title(record.title).text(record.text);
    note.created = record.created_ms;
    note.fields = record.fields.into_iter().map(|(name, value)| (name, value_of(value))).collect();
    for picture in record.pictures {
        let source = match (picture.blob, picture.path) {
            (Some(number), _) => Picture::bytes(blob(number)?),
            (None, Some(path)) => Picture::path(path),
            (None, None) => Picture::bytes(Vec::new()),
        };
        note.pictures.push(source.alt(picture.alt));
    }
    Ok(note)
}

pub(crate) fn field_of(value: &Value) -> FieldValue {
    match value {
        Value::Keyword(word) => FieldValue::Keyword(word.clone()),
        Value::Tags(tags) => FieldValue::Tags(tags.clone()),
        Value::Integer(number) => FieldValue::Integer(*number),
        Value::Float(number) => FieldValue::Float(*number),
        Value::DateTime(millis) => FieldValue::DateTime(*millis),
        Value::Bool(flag) => FieldValue::Bool(*flag),
    }
}

fn value_of(value: FieldValue) -> Value {
    match value {
        FieldValue::Keyword(word) => Value::Keyword(word),
        FieldValue::Tags(tags) => Value::Tags(tags),
        FieldValue::Integer(number) => Value::Integer(number),
        FieldValue::Float(number) => Value::Float(number),
        FieldValue::DateTime(millis) => Value::DateTime(millis),
        FieldValue::Bool(flag) => Value::Bool(flag),
    }
}
