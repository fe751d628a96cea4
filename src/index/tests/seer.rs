//! An encoder that sees: colours in pictures and names of colours in texts lie on the same axes.

use crate::encode::{EncodeError, Encoder, EncoderInfo, Fusion, Input, Modalities, Part, Role};
use crate::note::{Picture, Pixels};
use crate::vector::Vectors;
use image::{ImageFormat, Rgb, RgbImage};
use parking_lot::Mutex;
use std::io::Cursor;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Red, green, blue, and something that every content has.
pub(super) const WIDTH: usize = 4;
pub(super) const RED: [u8; 3] = [255, 0, 0];
pub(super) const GREEN: [u8; 3] = [0, 255, 0];
pub(super) const BLUE: [u8; 3] = [0, 0, 255];
/// Makes the encoder fail.
pub(super) const FAIL: [u8; 3] = [1, 2, 3];
/// Makes the encoder panic.
pub(super) const PANIC: [u8; 3] = [3, 2, 1];

/// One call of the encoder.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    /// Parts of each input: `t` for a text, `p` for a picture.
    pub(super) inputs: Vec<String>,
    /// The colours of the pictures of each input, by their first pixels.
    pub(super) colours: Vec<Vec<[u8; 3]>>,
    /// Bytes of all pixels.
    pub(super) pixels: usize,
}

pub(in crate::index) struct Seer {
    info: EncoderInfo,
    pub(super) calls: Mutex<Vec<Call>>,
    /// Whether it fails on a picture that is to make it fail only where that stands alone.
    pub(super) alone: AtomicBool,
}

impl Seer {
    pub(in crate::index) fn new(name: &str, fusion: Fusion) -> Arc<Self> {
        Self::with(name, |info| info.fusion = fusion)
    }

    pub(in crate::index) fn with(name: &str, set: impl FnOnce(&mut EncoderInfo)) -> Arc<Self> {
        let mut info = EncoderInfo::new(name, format!("{name}-1"), WIDTH);
        info.modalities = Modalities::TEXT_AND_PICTURE;
        info.passage_tokens = 8;
        set(&mut info);
        Arc::new(Self { info, calls: Mutex::default(), alone: AtomicBool::default() })
    }

    pub(super) fn inputs(&self) -> Vec<String> {
        self.calls.lock().iter().flat_map(|call| call.inputs.clone()).collect()
    }
}

/// What the encoder was given of notes as a whole: the colours of their pictures.
pub(super) fn wholes(seer: &Seer) -> Vec<Vec<[u8; 3]>> {
    let calls = seer.calls.lock();
    let inputs = calls.iter().flat_map(|call| call.inputs.iter().zip(&call.colours));
    inputs.filter(|(parts, _)| parts.len() > 1).map(|(_, colours)| colours.clone()).collect()
}

impl Encoder for Seer {
    fn info(&self) -> &EncoderInfo {
        &self.info
    }

    fn encode(&self, _role: Role, inputs: &[Input<'_>]) -> Result<Vectors, EncodeError> {
        let kind = |part: &Part<'_>| if matches!(part, Part::Text(_)) { 't' } else { 'p' };
        let kinds = inputs.iter().map(|input| input.parts.iter().map(kind).collect()).collect();
        let pictures = inputs.iter().flat_map(|input| input.parts).filter_map(|part| match part {
            Part::Picture(pixels) => Some(pixels.rgb.len()),
            _ => None,
        });
        let colour = |part: &Part<'_>| match part {
            Part::Picture(pixels) => pixels.rgb.first_chunk().copied(),
            _ => None,
        };
        let colours = inputs.iter().map(|input| input.parts.iter().filter_map(colour).collect()).collect();
        self.calls.lock().push(Call { inputs: kinds, colours, pixels: pictures.sum() });
        let mut vectors = Vectors::with_capacity(self.info.width, inputs.len()).unwrap();
        for input in inputs {
            let mut vector = vec![0.0; self.info.width];
            vector[3] = 0.01;
            for part in input.parts {
                let colour = match part {
                    Part::Text(text) => of_text(text),
                    Part::Picture(_) if input.parts.len() > 1 && self.alone.load(Ordering::Relaxed) => [0.0, 0.0, 9.0],
                    Part::Picture(pixels) => of_picture(pixels)?,
                };
                vector.iter_mut().zip(colour).for_each(|(sum, value)| *sum += value);
            }
            crate::vector::normalise(&mut vector).unwrap();
            vectors.push(&vector).unwrap();
        }
        Ok(vectors)
    }
}

fn of_text(text: &str) -> [f32; 3] {
    ["red", "green", "blue"].map(|name| text.matches(name).count() as f32)
}

fn of_picture(pixels: &Pixels) -> Result<[f32; 3], EncodeError> {
    match pixels.rgb.first_chunk() {
        Some(&FAIL) => Err(EncodeError::Failed { encoder: "seer".to_owned(), why: "asked to".to_owned() }),
        Some(&PANIC) => panic!("asked to panic"),
        _ => {
            let mean = |channel: usize| {
                // Every seventh pixel is enough, and of large pictures too many are read otherwise.
                let values = pixels.rgb.iter().skip(channel).step_by(3 * 7);
                values.clone().map(|value| f32::from(*value)).sum::<f32>() / values.count() as f32 / 255.0
            };
            Ok([mean(0), mean(1), mean(2)])
        }
    }
}

/// The file of a picture of one colour.
pub(super) fn file(colour: [u8; 3], (width, height): (u32, u32), format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(width, height, Rgb(colour)).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// A small picture of one colour.
pub(in crate::index) fn picture(colour: [u8; 3]) -> Picture {
    Picture::bytes(file(colour, (8, 8), ImageFormat::Png))
}
