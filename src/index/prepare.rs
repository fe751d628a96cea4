//! A note to what is stored and what is encoded: its record, its parts, its pictures.

use super::options::VectorSource;
use crate::disk::read_source;
use crate::encode::{Encoder, Input, Part, Role, encode_checked};
use crate::error::{Error, Result};
use crate::note::passage::split;
use crate::note::picture::{decode, inspect};
use crate::note::{Note, NoteError, Passage, PassageBudget, Picture, PictureInfo, PictureLimits, PictureSource};
use crate::segment::record_of;
use crate::vector::normalise;
use index_format::layout::{ROW_NOTE, ROW_PASSAGE, ROW_PICTURE};
use index_format::{Record, RowEntry};

/// Most inputs given to an encoder at once: bounds its memory for one very long note.
const BATCH: usize = 64;

/// Most bytes of a title that go before each passage as its context: a longer one would crowd the passage out of what an
/// encoder reads.
const CONTEXT_BYTES: usize = 256;

/// A row of a note and its vector, in the encoder's own axes.
#[derive(Clone)]
pub(super) struct PartVector {
    /// The note's ordinal is filled in when the segment is built.
    pub(super) row: RowEntry,
    pub(super) vector: Vec<f32>,
}

/// A note ready to go into a segment.
#[derive(Clone)]
pub(super) struct Prepared {
    pub(super) record: Record,
    /// Bytes to keep, by picture; the record's blobs are numbered when the segment is built.
    pub(super) pictures: Vec<Option<Vec<u8>>>,
    /// Rows by space; spaces at the end that hold none may be left out.
    pub(super) rows: Vec<Vec<PartVector>>,
    /// What was left out of the note, and why.
    pub(super) warnings: Vec<String>,
}

impl Prepared {
    /// Rough size in memory, for bounding what is buffered.
    pub(super) fn bytes(&self) -> usize {
        let pictures: usize = self.pictures.iter().flatten().map(Vec::len).sum();
        let vectors: usize = self.rows.iter().flatten().map(|part| part.vector.len() * size_of::<f32>()).sum();
        self.record.title.len() + self.record.text.len() + pictures + vectors + 1024
    }

    /// Rows in all spaces.
    pub(super) fn row_count(&self) -> usize {
        self.rows.iter().map(Vec::len).sum()
    }
}

/// What the caller computed for a note: checked, and of unit length.
#[derive(Default)]
pub(super) struct Given {
    /// The note's own vector, in an index for such.
    pub(super) whole: Option<Vec<f32>>,
    /// Rows of the named spaces, in the order of these.
    pub(super) named: Vec<Vec<PartVector>>,
}

impl Given {
    /// Bytes it holds in memory, roughly.
    pub(super) fn bytes(&self) -> usize {
        let named = self.named.iter().flatten().map(|part| &part.vector);
        self.whole.iter().chain(named).map(|vector| vector.len() * size_of::<f32>()).sum()
    }
}

/// Prepares a note. Pictures that cannot be read are warnings; the note is stored and found by what remains.
pub(super) fn prepare(note: &Note, given: Given, source: &VectorSource, keep: bool) -> Result<Prepared> {
    let mut warnings = Vec::new();
    let mut infos = Vec::new();
    let mut pictures = Vec::new();
    let mut seen = Vec::new();
    for (ordinal, picture) in note.pictures.iter().enumerate() {
        // One picture at a time: decoded, a single one may take hundreds of megabytes.
        let looked = look(picture, source).unwrap_or_else(|why| {
            warnings.push(format!("picture {ordinal}: {why}"));
            Looked::default()
        });
        pictures.push(looked.bytes.filter(|_| keep));
        infos.push(looked.info);
        let row = row(ROW_PICTURE, ordinal as u32, 0, 0);
        seen.extend(looked.vector.map(|vector| PartVector { row, vector }));
    }
    let [global, local] = match (source, given.whole) {
        (VectorSource::External { .. }, Some(vector)) => [vec![whole(vector)], Vec::new()],
        (VectorSource::External { .. }, None) => [Vec::new(), Vec::new()],
        (VectorSource::Encoder(encoder), _) => encode_parts(note, seen, encoder.as_ref())?,
    };
    if global.is_empty() && given.named.iter().all(Vec::is_empty) {
        warnings.push("holds nothing the index can compare: it is kept and found by its id only".to_owned());
    }
    let rows = [global, local].into_iter().chain(given.named).collect();
    Ok(Prepared { record: record_of(note, &infos), pictures, rows, warnings })
}

pub(super) const fn row(part: u32, ordinal: u32, start: usize, end: usize) -> RowEntry {
    RowEntry { note: 0, part, ordinal, start: start as u32, end: end as u32 }
}

const fn whole(vector: Vec<f32>) -> PartVector {
    PartVector { row: row(ROW_NOTE, 0, 0, 0), vector }
}

/// What is known of a picture: nothing, if it could not be read.
#[derive(Default)]
struct Looked {
    bytes: Option<Vec<u8>>,
    info: Option<PictureInfo>,
    /// From an encoder that sees.
    vector: Option<Vec<f32>>,
}

/// Looks at a picture, or says why that is not possible.
fn look(picture: &Picture, source: &VectorSource) -> Result<Looked, String> {
    let limits = PictureLimits::default();
    let bytes = match &picture.source {
        PictureSource::Bytes(bytes) => bytes.clone(),
        PictureSource::Path(path) => read_source(path, limits.bytes).map_err(|error| error.to_string())?,
    };
    let info = inspect(&bytes, &limits).map_err(|error| error.to_string())?;
    let vector = match source {
        VectorSource::Encoder(encoder) if encoder.info().modalities.picture => {
            let pixels = decode(&bytes, &limits).map_err(|error| error.to_string())?;
            let encoded = encode_batch(encoder.as_ref(), &[Part::Picture(&pixels)]);
            encoded.map_err(|error| error.to_string())?.pop()
        }
        _ => None,
    };
    Ok(Looked { bytes: Some(bytes), info: Some(info), vector })
}

/// Encodes passages (each with the title before it, as its context); the note's own vector is the mean of theirs and of
/// its pictures', or the title's where there is no text.
fn encode_parts(note: &Note, pictures: Vec<PartVector>, encoder: &dyn Encoder) -> Result<[Vec<PartVector>; 2]> {
    let budget = PassageBudget { tokens: encoder.info().passage_tokens, ..PassageBudget::default() };
    let context = note.title.get(..note.title.floor_char_boundary(CONTEXT_BYTES)).unwrap_or_default();
    let passages = split(&note.text, budget);
    let mut local = Vec::with_capacity(passages.len() + pictures.len());
    for (batch, passages) in passages.chunks(BATCH).enumerate() {
        let text = |passage: &Passage| match passage.of(&note.text).unwrap_or_default() {
            text if context.is_empty() => text.to_owned(),
            text => format!("{context}\n{text}"),
        };
        let texts: Vec<String> = passages.iter().map(text).collect();
        let parts: Vec<Part<'_>> = texts.iter().map(|text| Part::Text(text)).collect();
        for (at, (passage, vector)) in passages.iter().zip(encode_batch(encoder, &parts)?).enumerate() {
            let ordinal = (batch * BATCH + at) as u32;
            local.push(PartVector { row: row(ROW_PASSAGE, ordinal, passage.start, passage.end), vector });
        }
    }
    let mut title = Vec::new();
    if local.is_empty() && !note.title.trim().is_empty() {
        // A title alone has a vector but no passage to show for it.
        title = encode_batch(encoder, &[Part::Text(&note.title)])?;
    }
    local.extend(pictures);
    let parts = title.iter().chain(local.iter().map(|part| &part.vector));
    let global = fuse(parts, encoder.info().width);
    Ok([global.map(whole).into_iter().collect(), local])
}

/// Vectors of inputs of one part each.
fn encode_batch(encoder: &dyn Encoder, parts: &[Part<'_>]) -> Result<Vec<Vec<f32>>> {
    let inputs: Vec<Input<'_>> = parts.iter().map(|part| Input { parts: std::slice::from_ref(part) }).collect();
    Ok(encode_checked(encoder, Role::Document, &inputs)?.iter().map(<[f32]>::to_vec).collect())
}

/// Late fusion: the direction of the mean of unit vectors.
fn fuse<'a>(vectors: impl Iterator<Item = &'a Vec<f32>> + Clone, width: usize) -> Option<Vec<f32>> {
    let mut sum = vec![0.0; width];
    for vector in vectors.clone() {
        for (total, value) in sum.iter_mut().zip(vector) {
            *total += value;
        }
    }
    if normalise(&mut sum).is_ok() {
        return Some(sum);
    }
    // Parts that cancel out exactly have no mean direction: the first stands for all.
    vectors.into_iter().next().cloned()
}

/// Whether a note can be indexed. One that comes with a vector of its own needs no content beside it.
pub(super) fn check(note: &Note, has_vector: bool) -> Result<()> {
    match note.validate() {
        Ok(()) => Ok(()),
        Err(NoteError::Empty { .. }) if has_vector => Ok(()),
        Err(source) => Err(Error::Note { id: note.id.clone(), source }),
    }
}
