//! From what a caller asks to one direction a space: terms are encoded, fetched and checked, then brought together.

use super::guarded::{self, INPUTS};
use super::options::VectorSource;
use super::snapshot::Snapshot;
use super::spaces::{CONTENT, named, unit};
use super::stored::{mean_in, part_of};
use super::wording::wording;
use crate::disk::read_source;
use crate::encode::{EncodeError, Input, Part, Role};
use crate::error::{QueryError, Result};
use crate::note::picture::decode;
use crate::note::{Picture, PictureLimits, PictureSource, Pixels};
use crate::query::{Aim, Mode, Query, Sought, Target, Term, Wording};
use crate::vector::normalise;
use rayon::prelude::*;

/// Weight of what is not wanted against what is; Rocchio's formula leaves it open. Of 391 pairs of Cranfield's queries, "both,
/// but not the second" (MiniLM vectors) found the first one's documents with nDCG@10 0.18 at weight 0, 0.33 at 0.25, 0.39 at
/// 0.5 and 0.41 at 0.75, and still the second one's with 0.17, 0.04, 0.006 and 0.001. The price: turning away from a document
/// that matches the whole query costs a third of the nDCG at 0.5 (0.47 to 0.31), two thirds at 0.75.
const UNWANTED: f64 = 0.5;

/// What directions in the encoder's spaces are given in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Axes {
    /// As rows are compared: through the adapter, if there is one.
    Stored,
    /// As the encoder gave them.
    Own,
}

/// What a query asks of a state, for an answer in the order of a mode.
pub(super) fn target(snapshot: &Snapshot, query: &Query, mode: Mode) -> Result<Target> {
    target_in(snapshot, query, mode, Axes::Stored)
}

/// As [`target`], in either axes.
pub(super) fn target_in(snapshot: &Snapshot, query: &Query, mode: Mode, axes: Axes) -> Result<Target> {
    let (exclude, wordings) = (query.except.clone(), Vec::new());
    let mut asked = Asked { snapshot, axes, mode, spaces: Vec::new(), pieces: Vec::new(), exclude, wordings };
    for term in &query.terms {
        asked.take(term)?;
    }
    asked.encode()?;
    if asked.spaces.is_empty() && asked.wordings.is_empty() {
        return Err(QueryError::Empty.into());
    }
    let aims = asked.spaces.into_iter().map(InSpace::aim).collect::<Result<_>>()?;
    Ok(Target { aims, exclude: asked.exclude, wordings: asked.wordings })
}

/// What those of many queries ask that are one text each, with all texts encoded together. None for the others, and for all
/// of a call that fails: asked for itself, each query says what is wrong with it.
pub(super) fn of_texts(snapshot: &Snapshot, queries: &[Query]) -> Vec<Option<Target>> {
    let mut targets: Vec<Option<Target>> = queries.iter().map(|_| None).collect();
    let VectorSource::Encoder(encoder) = &snapshot.state.source else { return targets };
    let texts = targets.iter_mut().zip(queries).filter_map(|(target, query)| match query.terms.as_slice() {
        [Term { sought: Sought::Text(text), weight, wanted: true }] if counts(*weight) && query.except.is_empty() => {
            Some((target, [Part::Text(text)], (text, *weight)))
        }
        _ => None,
    });
    texts.collect::<Vec<_>>().par_chunks_mut(INPUTS).for_each(|texts| {
        let inputs: Vec<Input<'_>> = texts.iter().map(|(_, parts, _)| Input { parts }).collect();
        let Ok(vectors) = guarded::encode(encoder.as_ref(), Role::Query, &inputs) else { return };
        for ((target, _, (text, weight)), vector) in texts.iter_mut().zip(vectors.iter()) {
            let Ok(vector) = adapted(snapshot, vector.to_vec()) else { continue };
            let aim = Aim { name: CONTENT.to_owned(), space: None, vector, weight: f64::from(*weight) };
            let wordings = vec![Wording { text: (*text).clone(), weight: *weight, wanted: true }];
            **target = Some(Target { aims: vec![aim], exclude: Vec::new(), wordings });
        }
    });
    targets
}

/// What the adapter of the index makes of a vector in the encoder's own axes. Stored vectors went through it already.
fn adapted(snapshot: &Snapshot, vector: Vec<f32>) -> Result<Vec<f32>> {
    match &snapshot.state.adapter {
        Some(installed) => Ok(installed.adapter.apply(&vector)?),
        None => Ok(vector),
    }
}

/// Whether a weight is one.
fn counts(weight: f32) -> bool {
    weight.is_finite() && weight > 0.0
}

/// The terms of a query, on their way.
struct Asked<'a> {
    snapshot: &'a Snapshot,
    axes: Axes,
    mode: Mode,
    spaces: Vec<InSpace>,
    pieces: Vec<Piece<'a>>,
    exclude: Vec<String>,
    wordings: Vec<Wording>,
}

/// What is wanted in one space and what is not: unit vectors with their weights.
struct InSpace {
    /// Ordinal of the caller's space; none for those of the encoder.
    space: Option<u16>,
    name: String,
    wanted: Vec<(Vec<f32>, f64)>,
    unwanted: Vec<(Vec<f32>, f64)>,
}

/// A text or picture of the query, ready for the encoder.
struct Piece<'a> {
    content: Content<'a>,
    weight: f64,
    wanted: bool,
}

enum Content<'a> {
    Text(&'a str),
    Pixels(Pixels),
}

impl<'a> Asked<'a> {
    fn take(&mut self, term: &'a Term) -> Result<()> {
        let Term { sought, weight, wanted } = term;
        if !counts(*weight) {
            return Err(QueryError::Weight { given: *weight }.into());
        }
        // A note that is not wanted shares most of its words with those that are.
        if *wanted || matches!(sought, Sought::Text(_)) {
            self.wordings.extend(wording(self.snapshot, sought)?.map(|text| Wording {
                text,
                weight: *weight,
                wanted: *wanted,
            }));
        }
        let (weight, wanted) = (f64::from(*weight), *wanted);
        let content = match sought {
            Sought::Text(text) => Content::Text(text),
            Sought::Picture(picture) => Content::Pixels(pixels(picture, &self.snapshot.state.source)?),
            Sought::Vector { space: None, vector } => {
                let vector = self.given(self.snapshot.state.source.unit(vector.clone())?)?;
                self.within(None, CONTENT).add(vector, weight, wanted);
                return Ok(());
            }
            Sought::Vector { space: Some(name), vector } => {
                let (ordinal, space) = named(&self.snapshot.state.manifest.spaces, name)?;
                let vector = unit(space, vector.clone())?;
                self.within(Some(ordinal), name).add(vector, weight, wanted);
                return Ok(());
            }
            Sought::Note { id, part } => {
                let vector = part_of(self.snapshot, (id, *part), self.axes)?;
                self.within(None, CONTENT).add(vector, weight, wanted);
                self.exclude.push(id.clone());
                return Ok(());
            }
            Sought::NoteIn { id, space } => {
                let (ordinal, vector) = mean_in(self.snapshot, id, space)?;
                self.within(Some(ordinal), space).add(vector, weight, wanted);
                self.exclude.push(id.clone());
                return Ok(());
            }
        };
        self.pieces.push(Piece { content, weight, wanted });
        Ok(())
    }

    /// A vector in the encoder's own axes, in those wanted.
    fn given(&self, vector: Vec<f32>) -> Result<Vec<f32>> {
        if self.axes == Axes::Own { Ok(vector) } else { adapted(self.snapshot, vector) }
    }

    /// Whether the texts can do without an encoder: in an order by words, and in an index of the caller's own vectors beside
    /// one of these.
    fn by_words_alone(&self) -> bool {
        let wanted_texts = |piece: &Piece<'_>| piece.wanted && matches!(piece.content, Content::Text(_));
        let given = matches!(self.snapshot.state.source, VectorSource::External { .. }) && !self.spaces.is_empty();
        let enough = self.mode == Mode::Lexical || (given && self.mode != Mode::Dense);
        enough && self.pieces.iter().all(wanted_texts)
    }

    fn within(&mut self, space: Option<u16>, name: &str) -> &mut InSpace {
        let known = self.spaces.iter().position(|known| known.space == space);
        let place = known.unwrap_or(self.spaces.len());
        if known.is_none() {
            let name = name.to_owned();
            self.spaces.push(InSpace { space, name, wanted: Vec::new(), unwanted: Vec::new() });
        }
        &mut self.spaces[place]
    }

    /// Encodes texts and pictures: those wanted with one weight as one input, each that is not wanted for itself.
    fn encode(&mut self) -> Result<()> {
        if self.pieces.is_empty() {
            return Ok(());
        }
        let encoder = match self.snapshot.state.source.encoder("search by text or picture", "Query::vector") {
            Err(_) if self.by_words_alone() => return Ok(()),
            found => found?,
        };
        let pieces = std::mem::take(&mut self.pieces);
        let mut groups: Vec<(Vec<Part<'_>>, f64, bool)> = Vec::new();
        for Piece { content, weight, wanted } in &pieces {
            let part = match content {
                Content::Text(text) => Part::Text(text),
                Content::Pixels(pixels) => Part::Picture(pixels),
            };
            match groups.iter_mut().find(|(_, known, joint)| *wanted && *joint && known == weight) {
                Some((parts, ..)) => parts.push(part),
                None => groups.push((vec![part], *weight, *wanted)),
            }
        }
        let inputs: Vec<Input<'_>> = groups.iter().map(|(parts, ..)| Input { parts }).collect();
        let vectors = guarded::encode(encoder.as_ref(), Role::Query, &inputs)?;
        for (vector, (parts, weight, wanted)) in vectors.iter().zip(&groups) {
            let vector = self.given(vector.to_vec())?;
            // Terms that are read together weigh as much as they would alone; how they share it is the encoder's affair.
            self.within(None, CONTENT).add(vector, *weight * parts.len() as f64, *wanted);
        }
        Ok(())
    }
}

impl InSpace {
    fn add(&mut self, vector: Vec<f32>, weight: f64, wanted: bool) {
        if wanted { &mut self.wanted } else { &mut self.unwanted }.push((vector, weight));
    }

    /// The mean of what is wanted, less a part of the mean of what is not.
    fn aim(mut self) -> Result<Aim> {
        let Self { space, name, .. } = &self;
        let (space, name) = (*space, name.clone());
        let weight = self.wanted.iter().map(|(_, weight)| weight).sum();
        let vector = match (self.wanted.as_mut_slice(), self.unwanted.as_slice()) {
            ([], _) => return Err(QueryError::OnlyUnwanted { space: name }.into()),
            // As it is: a stored vector finds its equals with a cosine of 1.
            ([(only, _)], []) => std::mem::take(only),
            (wanted, unwanted) => {
                let mut sum = mean(wanted);
                sum.iter_mut().zip(mean(unwanted)).for_each(|(sum, value)| *sum -= UNWANTED * value);
                direction(&sum).ok_or_else(|| QueryError::CancelsOut { space: name.clone() })?
            }
        };
        Ok(Aim { name, space, vector, weight })
    }
}

/// The mean by weight; empty of nothing.
pub(super) fn mean(vectors: &[(Vec<f32>, f64)]) -> Vec<f64> {
    let total: f64 = vectors.iter().map(|(_, weight)| weight).sum();
    let mut sum = vec![0.0; vectors.first().map_or(0, |(vector, _)| vector.len())];
    for (vector, weight) in vectors {
        let share = weight / total;
        sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += share * f64::from(*value));
    }
    sum
}

/// Shorter sums of unit vectors are what rounding leaves of terms that cancel out.
const SHORTEST: f64 = 1e-5;

/// The unit vector in a direction; none where there is none.
pub(super) fn direction(sum: &[f64]) -> Option<Vec<f32>> {
    let length = sum.iter().map(|value| value * value).sum::<f64>().sqrt();
    let mut vector: Vec<f32> = sum.iter().map(|value| (value / length) as f32).collect();
    (length > SHORTEST && normalise(&mut vector).is_ok()).then_some(vector)
}

/// What the encoder makes of a picture of a query.
pub(super) fn seen(source: &VectorSource, picture: &Picture) -> Result<Vec<f32>> {
    let pixels = pixels(picture, source)?;
    let encoder = source.encoder("search by picture", "Query::vector")?;
    let parts = [Part::Picture(&pixels)];
    let vectors = guarded::encode(encoder.as_ref(), Role::Query, &[Input { parts: &parts }])?;
    Ok(vectors.iter().next().unwrap_or_default().to_vec())
}

/// The pixels of a picture of a query.
fn pixels(picture: &Picture, source: &VectorSource) -> Result<Pixels> {
    if let VectorSource::Encoder(encoder) = source
        && !encoder.info().modalities.picture
    {
        let encoder = encoder.info().name.clone();
        return Err(EncodeError::Unsupported { encoder, modality: "pictures" }.into());
    }
    let limits = PictureLimits::default();
    let read = match &picture.source {
        PictureSource::Bytes(bytes) => decode(bytes, &limits),
        PictureSource::Path(path) => decode(&read_source(path, limits.bytes)?, &limits),
    };
    read.map_err(|error| QueryError::Picture(error).into())
}
