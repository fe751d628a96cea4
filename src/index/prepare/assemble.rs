//! Vectors of the parts of a batch of notes, as they come from the encoder, and the notes made ready of them.

use super::draft::{Draft, Text};
use super::fuse::late;
use super::look::{Looked, Step};
use super::together::{INPUTS, Owned, Vectors, encode, failed};
use super::{Done, PartVector, Prepared, Recipe, row};
use crate::encode::{EncodeError, Encoder, Fusion, Part};
use crate::error::Error;
use crate::note::{PictureInfo, Pixels};
use crate::segment::record_of;
use index_format::layout::{ROW_NOTE, ROW_PASSAGE, ROW_PICTURE, ROW_REGION};
use std::borrow::Cow;
use std::sync::Arc;

/// A batch of notes while its parts are being encoded.
pub(in super::super) struct Assembly {
    batch: Arc<Vec<Draft>>,
    parts: Vec<Parts>,
}

/// What is known of one note so far.
#[derive(Default)]
struct Parts {
    infos: Vec<Option<PictureInfo>>,
    kept: Vec<Option<Vec<u8>>>,
    passages: Vec<PartVector>,
    pictures: Vec<PartVector>,
    regions: Vec<PartVector>,
    title: Option<Vec<f32>>,
    /// Of one forward pass over the note.
    whole: Option<Vec<f32>>,
    warnings: Vec<String>,
    /// Why there are no vectors of its texts.
    fault: Option<Error>,
    /// Why there are none of some of its other parts: the first reason.
    refused: Option<Error>,
}

impl Assembly {
    pub(in super::super) fn start(step: &Step) -> Self {
        let batch = Arc::clone(&step.batch);
        Self { parts: batch.iter().map(|_| Parts::default()).collect(), batch }
    }

    /// Encodes a group of pictures: each alone, its regions, and their notes as a whole.
    pub(in super::super) fn add(&mut self, step: Step, recipe: &Recipe) {
        let looked = step.looked;
        if let Some(encoder) = recipe.encoder().filter(|_| recipe.sees()) {
            self.encode_pictures(&looked, encoder.as_ref());
            if recipe.regions {
                self.encode_regions(&looked, encoder.as_ref());
            }
            if recipe.interleaves() {
                self.encode_wholes(&looked, recipe, encoder.as_ref());
            }
        }
        for Looked { note, ordinal, info, bytes, why, .. } in looked {
            let Some(parts) = self.parts.get_mut(note) else { continue };
            parts.infos.push(info);
            parts.kept.push(bytes);
            parts.warnings.extend(why.map(|why| format!("picture {ordinal}: {why}")));
        }
    }

    fn encode_pictures(&mut self, looked: &[Looked], encoder: &dyn Encoder) {
        let seen: Vec<&Looked> = looked.iter().filter(|looked| looked.pixels.is_some()).collect();
        let inputs = seen.iter().enumerate().filter_map(|(owner, looked)| {
            let parts = vec![Part::Picture(looked.pixels.as_ref()?)];
            Some(Owned { owner, parts })
        });
        let Vectors { vectors, mut faults } = encode(encoder, &inputs.collect::<Vec<_>>());
        for (number, (looked, vector)) in seen.iter().zip(vectors).enumerate() {
            let Some(parts) = self.parts.get_mut(looked.note) else { continue };
            let row = row(ROW_PICTURE, looked.ordinal, 0, 0);
            parts.pictures.extend(vector.map(|vector| PartVector { row, vector }));
            if let Some(fault) = faults.remove(&number) {
                parts.refuse(&format!("picture {}", looked.ordinal), fault);
            }
        }
    }

    fn encode_regions(&mut self, looked: &[Looked], encoder: &dyn Encoder) {
        for looked in looked {
            let (Some(pixels), Some(parts)) = (&looked.pixels, self.parts.get_mut(looked.note)) else { continue };
            // Picture by picture: together the regions of one have more than twice its pixels.
            let regions = pixels.regions();
            let inputs = regions.iter().map(|region| Owned { owner: 0, parts: vec![Part::Picture(region)] });
            let Vectors { vectors, faults } = encode(encoder, &inputs.collect::<Vec<_>>());
            parts.regions.extend(vectors.into_iter().enumerate().filter_map(|(cell, vector)| {
                Some(PartVector { row: row(ROW_REGION, looked.ordinal, cell, Pixels::REGIONS_A_SIDE), vector: vector? })
            }));
            let what = format!("regions of picture {}", looked.ordinal);
            faults.into_values().for_each(|fault| parts.refuse(&what, fault));
        }
    }

    /// One forward pass for each note whose leading pictures are here.
    fn encode_wholes(&mut self, looked: &[Looked], recipe: &Recipe, encoder: &dyn Encoder) {
        let mut notes: Vec<(usize, Option<Cow<'_, str>>, Vec<Part<'_>>)> = Vec::new();
        let batch = Arc::clone(&self.batch);
        for looked in looked.iter().filter(|looked| looked.leading) {
            let (Some(pixels), Some(draft)) = (&looked.pixels, batch.get(looked.note)) else { continue };
            match notes.last_mut() {
                Some((number, _, pictures)) if *number == looked.note => pictures.push(Part::Picture(pixels)),
                _ => {
                    let text = draft.whole().filter(|_| recipe.reads_text());
                    notes.push((looked.note, text, vec![Part::Picture(pixels)]));
                }
            }
        }
        let inputs = notes.iter().map(|(owner, text, pictures)| {
            let text = text.as_ref().map(|text| Part::Text(text));
            Owned { owner: *owner, parts: text.into_iter().chain(pictures.iter().copied()).collect() }
        });
        // What has one part alone is encoded already.
        let inputs: Vec<Owned<'_>> = inputs.filter(|input| input.parts.len() > 1).collect();
        let Vectors { vectors, mut faults } = encode(encoder, &inputs);
        for (input, vector) in inputs.iter().zip(vectors) {
            let Some(parts) = self.parts.get_mut(input.owner) else { continue };
            parts.whole = parts.whole.take().or(vector);
            if let Some(fault) = faults.remove(&input.owner) {
                parts.refuse("compared by its parts and not as a whole", fault);
            }
        }
    }

    /// Encodes the texts of all notes together, and puts everything in its place.
    pub(in super::super) fn finish(mut self, recipe: &Recipe) -> Vec<Done> {
        if let Some(encoder) = recipe.encoder().filter(|_| recipe.reads_text()) {
            self.encode_texts(recipe, encoder.as_ref());
        }
        self.batch.iter().zip(self.parts).map(|(draft, parts)| parts.done(draft, recipe)).collect()
    }

    fn encode_texts(&mut self, recipe: &Recipe, encoder: &dyn Encoder) {
        let batch = Arc::clone(&self.batch);
        let drafts = batch.iter().zip(&self.parts).enumerate();
        let wanted = drafts.filter(|(_, (draft, _))| draft.failed.is_none()).flat_map(|(number, (draft, parts))| {
            let whole = recipe.interleaves() && parts.pictures.is_empty() && parts.whole.is_none();
            draft.texts(whole).map(move |text| (number, draft, text))
        });
        for wanted in wanted.collect::<Vec<_>>().chunks(INPUTS) {
            let words: Vec<Cow<'_, str>> = wanted.iter().map(|(_, draft, text)| draft.words(*text)).collect();
            let inputs = wanted.iter().zip(&words).map(|((owner, ..), words)| {
                let parts = vec![Part::Text(words)];
                Owned { owner: *owner, parts }
            });
            let Vectors { vectors, faults } = encode(encoder, &inputs.collect::<Vec<_>>());
            for ((number, draft, text), vector) in wanted.iter().zip(vectors) {
                let (Some(parts), Some(vector)) = (self.parts.get_mut(*number), vector) else { continue };
                match text {
                    Text::Title => parts.title = Some(vector),
                    Text::Whole => parts.whole = Some(vector),
                    Text::Passage(ordinal) => {
                        let span = draft.passages.get(*ordinal).map_or((0, 0), |passage| (passage.start, passage.end));
                        let row = row(ROW_PASSAGE, *ordinal as u32, span.0, span.1);
                        parts.passages.push(PartVector { row, vector });
                    }
                }
            }
            for (number, fault) in faults {
                if let Some(parts) = self.parts.get_mut(number) {
                    parts.fault.get_or_insert(Error::Encode(fault));
                }
            }
        }
    }
}

impl Parts {
    /// Notes that the encoder gave nothing for a part of the note.
    fn refuse(&mut self, what: &str, fault: EncodeError) {
        self.warnings.push(format!("{what}: {fault}"));
        self.refused.get_or_insert(Error::Encode(fault));
    }

    fn done(mut self, draft: &Draft, recipe: &Recipe) -> Done {
        let (sequence, id, refused) = (draft.sequence, draft.note.id.clone(), self.refused.take());
        let fault = draft.failed.clone().map(failed).or(self.fault.take());
        match fault {
            // A note that is stored already stays so, whatever an encoder makes of it.
            Some(fault) if draft.stored.is_some() => {
                self.warnings.push(fault.to_string());
                let result = Ok(Self { passages: Vec::new(), ..self }.prepared(draft, recipe));
                Done { sequence, id, fault: refused.or(Some(fault)), result }
            }
            Some(fault) => Done { sequence, id, fault: refused, result: Err(fault) },
            None => Done { sequence, id, fault: refused, result: Ok(self.prepared(draft, recipe)) },
        }
    }

    fn prepared(mut self, draft: &Draft, recipe: &Recipe) -> Prepared {
        let Draft { note, given, stored, .. } = draft;
        let global = match recipe.encoder() {
            Some(encoder) => self.whole.take().or_else(|| self.fused(encoder.info().fusion)),
            None => given.whole.clone(),
        };
        if global.is_none() && given.named.iter().all(Vec::is_empty) {
            self.warnings.push("holds nothing the index can compare: it is kept and found by its id only".to_owned());
        }
        let global = global.map(|vector| PartVector { row: row(ROW_NOTE, 0, 0, 0), vector });
        let local = self.passages.into_iter().chain(self.pictures).chain(self.regions).collect();
        let rows = [global.into_iter().collect(), local].into_iter().chain(given.named.iter().cloned()).collect();
        let record = match stored {
            None => record_of(note, &self.infos),
            Some(record) => {
                let mut record = record.as_ref().clone();
                // What is known of a picture that is gone stays known.
                for (picture, info) in record.pictures.iter_mut().zip(&self.infos) {
                    picture.blob = None;
                    if let Some(info) = info {
                        (picture.hash, picture.width, picture.height) = (info.hash, info.width, info.height);
                    }
                }
                record.content_hash = record.hash_content();
                record
            }
        };
        Prepared { record, pictures: self.kept, rows, warnings: self.warnings }
    }

    fn fused(&self, fusion: Fusion) -> Option<Vec<f32>> {
        let weights = match fusion {
            Fusion::Late { text, picture } => (text, picture),
            Fusion::Interleaved => (1.0, 1.0),
        };
        let passages = self.passages.iter().map(|part| part.vector.as_slice());
        let texts = self.title.as_deref().into_iter().chain(passages);
        late(texts, self.pictures.iter().map(|part| part.vector.as_slice()), weights)
    }
}
