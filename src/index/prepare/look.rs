//! Pictures of a batch of notes: read, held against the limits and decoded, in groups of bounded size. While one group is
//! being encoded the next is made ready, so two of them are in memory, whatever the notes hold.

use super::super::workers::Workers;
use super::draft::Draft;
use super::{Job, Recipe};
use crate::disk::read_source;
use crate::note::picture::{decode, inspect};
use crate::note::{Picture, PictureInfo, PictureLimits, PictureSource, Pixels};
use rayon::prelude::*;
use std::sync::Arc;

/// Most pictures of a group.
const GROUP: usize = 32;
/// Bytes of files and pixels after which a group is full; a larger picture is a group of its own.
const GROUP_BYTES: u64 = 24 << 20;
/// Most pictures of a note that go into one forward pass over all of it.
const LEADING: usize = 4;
/// Most bytes of pixels of these, where there are several.
const LEADING_BYTES: u64 = 24 << 20;

/// A part of the work on a batch of notes.
pub(in super::super) struct Step {
    pub(super) batch: Arc<Vec<Draft>>,
    pub(super) looked: Vec<Looked>,
    /// Whether it is the last of its batch.
    pub(in super::super) last: bool,
}

/// What came of looking at a picture.
pub(super) struct Looked {
    /// Which note of the batch.
    pub(super) note: usize,
    /// Which picture of it.
    pub(super) ordinal: u32,
    /// Whether it is among those that are read together with the text of their note.
    pub(super) leading: bool,
    /// Known as soon as the header is readable.
    pub(super) info: Option<PictureInfo>,
    /// The file, where the index keeps it or while it is not decoded yet.
    pub(super) bytes: Option<Vec<u8>>,
    /// For an encoder that sees.
    pub(super) pixels: Option<Pixels>,
    /// Why it could not be read.
    pub(super) why: Option<String>,
}

impl Looked {
    /// Memory that it takes once decoded.
    fn weight(&self, sees: bool) -> u64 {
        self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64) + if sees { self.pixel_bytes() } else { 0 }
    }

    fn pixel_bytes(&self) -> u64 {
        self.info.map_or(0, |info| 3 * u64::from(info.width) * u64::from(info.height))
    }
}

/// The pictures at the start of a note that are read together with its text: up to the first that can be read and has no
/// room beside those before it.
#[derive(Default)]
struct Leading {
    pictures: usize,
    bytes: u64,
    ended: bool,
}

impl Leading {
    /// Whether the next picture is one of them. Those that cannot be read are none, and end nothing.
    fn takes(&mut self, pixels: u64) -> bool {
        let room = self.pictures == 0 || (self.pictures < LEADING && self.bytes + pixels <= LEADING_BYTES);
        self.ended |= pixels > 0 && !room;
        let taken = pixels > 0 && !self.ended;
        if taken {
            self.pictures += 1;
            self.bytes += pixels;
        }
        taken
    }

    /// Whether a picture that comes now must not be parted from those before: one of them, or one that cannot be read and
    /// may have others of them after it.
    const fn holds(&self) -> bool {
        0 < self.pictures && self.pictures < LEADING && !self.ended
    }
}

/// Makes a batch of notes ready for the encoder, and hands it over in steps, until one is not taken.
pub(in super::super) fn read(
    jobs: Vec<Job>,
    recipe: &Recipe,
    workers: &Workers,
    take: &mut dyn FnMut(Step) -> bool,
) -> bool {
    let batch: Arc<Vec<Draft>> = Arc::new(jobs.into_iter().map(|job| Draft::of(job, recipe)).collect());
    let mut step = |looked: Vec<Looked>, last: bool| {
        let decoded = workers.run(|| looked.into_par_iter().map(|looked| decoded(looked, recipe)).collect());
        take(Step { batch: Arc::clone(&batch), looked: decoded, last })
    };
    let (mut group, mut weight) = (Vec::new(), 0);
    for (number, draft) in batch.iter().enumerate() {
        let mut leading = Leading { ended: !recipe.interleaves(), ..Leading::default() };
        for (ordinal, picture) in (0_u32..).zip(&draft.note.pictures) {
            let mut looked = look(picture, number, ordinal);
            if looked.info.is_none() && draft.stored.is_some() {
                looked.bytes = kept(picture);
            }
            let added = looked.weight(recipe.sees());
            // Those that are read together stay together.
            let begun = leading.holds();
            looked.leading = leading.takes(looked.pixel_bytes());
            let follows = begun && !leading.ended;
            if !group.is_empty() && !follows && (group.len() >= GROUP || weight + added > GROUP_BYTES) {
                weight = 0;
                if !step(std::mem::take(&mut group), false) {
                    return false;
                }
            }
            weight += added;
            group.push(looked);
        }
    }
    step(group, true)
}

/// What is known of a picture's file without decoding it; nothing where it cannot be read.
pub(in super::super) fn known(picture: &Picture) -> Option<PictureInfo> {
    look(picture, 0, 0).info
}

/// Reads a picture's file and header, or says why that is not possible.
fn look(picture: &Picture, note: usize, ordinal: u32) -> Looked {
    let limits = PictureLimits::default();
    let mut looked = Looked { note, ordinal, leading: false, info: None, bytes: None, pixels: None, why: None };
    let bytes = match &picture.source {
        PictureSource::Bytes(bytes) if bytes.is_empty() => Err("it has no bytes and no path".to_owned()),
        PictureSource::Bytes(bytes) => Ok(bytes.clone()),
        PictureSource::Path(path) => read_source(path, limits.bytes).map_err(|error| error.to_string()),
    };
    let known = bytes.and_then(|bytes| match inspect(&bytes, &limits) {
        Ok(info) => Ok((bytes, info)),
        Err(error) => Err(error.to_string()),
    });
    match known {
        Ok((bytes, info)) => (looked.bytes, looked.info) = (Some(bytes), Some(info)),
        Err(why) => looked.why = Some(why),
    }
    looked
}

/// The bytes of a stored picture that can no longer be read: the index holds the only copy, so they stay.
fn kept(picture: &Picture) -> Option<Vec<u8>> {
    match &picture.source {
        PictureSource::Bytes(bytes) if !bytes.is_empty() => Some(bytes.clone()),
        _ => None,
    }
}

/// Decodes a picture if the encoder sees, and lets its file go if the index does not keep it.
fn decoded(mut looked: Looked, recipe: &Recipe) -> Looked {
    if let Some(bytes) = looked.bytes.as_ref().filter(|_| recipe.sees() && looked.info.is_some()) {
        match decode(bytes, &PictureLimits::default()) {
            Ok(pixels) => looked.pixels = Some(pixels),
            Err(error) => looked.why = Some(error.to_string()),
        }
    }
    looked.bytes = looked.bytes.filter(|_| recipe.keeps_pictures);
    looked
}
