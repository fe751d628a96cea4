//! Decoded pictures to what a model reads: resized, cropped, scaled, normalised, as the model's own files say. `settings.rs` makes
//! the steps of `preprocessor_config.json` and of open_clip's settings.

mod settings;
#[cfg(test)]
mod tests;

pub(super) use settings::{Kind, OpenClip, settings_of_pictures};

use super::problem::ModelProblem;
use crate::encode::resample::{CHANNELS, Filter, Window, resample, sides};
use crate::note::Pixels;

/// A picture as a model reads it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Planes {
    /// Pixels a row.
    pub(super) width: usize,
    /// Rows.
    pub(super) height: usize,
    /// All of red, then green, then blue, each row by row.
    pub(super) values: Vec<f32>,
}

/// How the sides of a picture change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resize {
    /// Not at all.
    Keep,
    /// The shorter one to this length, the other in proportion, rounded down.
    Shortest(usize),
    /// Both, whatever the proportion was: width, height.
    Exact(usize, usize),
    /// In proportion, so that it just covers width and height.
    Cover(usize, usize),
    /// In proportion, so that it just fits into width and height.
    Within(usize, usize),
}

/// A rectangle cut from the middle; what the picture does not reach is filled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Crop {
    width: usize,
    height: usize,
    fill: u8,
    /// Whose way to halve an odd number.
    middle: Middle,
}

/// Where the middle is when there is an odd number of pixels to spare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Middle {
    /// transformers: half a pixel up and left when cutting, down and right when filling.
    Transformers,
    /// torchvision: to the even number when cutting, up and left when filling.
    Torchvision,
}

/// The steps from a decoded picture to a model's input.
#[derive(Debug, Clone)]
pub(super) struct Preprocess {
    resize: Resize,
    filter: Filter,
    crop: Option<Crop>,
    /// What each level of each channel becomes.
    levels: [Vec<f32>; CHANNELS],
}

impl Preprocess {
    /// Width and height of every input, where they do not depend on the picture.
    pub(super) fn input_size(&self) -> Option<(usize, usize)> {
        match (self.crop, self.resize) {
            (Some(crop), _) => Some((crop.width, crop.height)),
            (None, Resize::Exact(width, height)) => Some((width, height)),
            _ => None,
        }
    }

    /// A picture through all steps. A picture of one pixel or of any proportion gives an input too.
    pub(super) fn planes(&self, picture: &Pixels) -> Result<Planes, ModelProblem> {
        let from = sides(picture).map_err(|why| ModelProblem::Runtime { why })?;
        let to = self.resize.apply(from);
        let Some(crop) = self.crop else { return self.at_size(picture, to.0, to.1) };
        let across = crop.span(to.0, crop.width);
        let down = crop.span(to.1, crop.height);
        let mut cut = vec![crop.fill; crop.width * crop.height * CHANNELS];
        let window =
            Window { across: across.from..across.from + across.count, down: down.from..down.from + down.count };
        let part = resample(picture, to, &window, self.filter_for(from, to));
        let row = (across.count * CHANNELS).max(1);
        for (line, part) in part.chunks_exact(row).enumerate() {
            let start = ((down.margin + line) * crop.width + across.margin) * CHANNELS;
            if let Some(place) = cut.get_mut(start..start + part.len()) {
                place.copy_from_slice(part);
            }
        }
        Ok(self.normalised(crop.width, crop.height, &cut))
    }

    /// A picture brought to this size, with no step before that, and normalised: for models that choose a size by picture.
    pub(super) fn at_size(&self, picture: &Pixels, width: usize, height: usize) -> Result<Planes, ModelProblem> {
        let from = sides(picture).map_err(|why| ModelProblem::Runtime { why })?;
        let window = Window { across: 0..width, down: 0..height };
        let bytes = resample(picture, (width, height), &window, self.filter_for(from, (width, height)));
        Ok(self.normalised(width, height, &bytes))
    }

    /// A picture that already has its size is not filtered.
    fn filter_for(&self, from: (usize, usize), to: (usize, usize)) -> Filter {
        if from == to { Filter::Nearest } else { self.filter }
    }

    fn normalised(&self, width: usize, height: usize, bytes: &[u8]) -> Planes {
        let mut values = Vec::with_capacity(bytes.len());
        let (pixels, _) = bytes.as_chunks::<CHANNELS>();
        for (channel, levels) in self.levels.iter().enumerate() {
            let level = |pixel: &[u8; CHANNELS]| pixel.get(channel).and_then(|level| levels.get(usize::from(*level)));
            values.extend(pixels.iter().map(|pixel| level(pixel).copied().unwrap_or(0.0)));
        }
        Planes { width, height, values }
    }
}

impl Resize {
    /// The new width and height.
    fn apply(self, (width, height): (usize, usize)) -> (usize, usize) {
        let scaled = |by: fn(f64, f64) -> f64, (to_width, to_height): (usize, usize)| {
            let ratio = by(width as f64 / to_width as f64, height as f64 / to_height as f64);
            let side = |length: usize| ((length as f64 / ratio).round_ties_even() as usize).max(1);
            (side(width), side(height))
        };
        match self {
            Self::Keep => (width, height),
            Self::Shortest(side) if width <= height => (side, side * height / width.max(1)),
            Self::Shortest(side) => (side * width / height.max(1), side),
            Self::Exact(to_width, to_height) => (to_width, to_height),
            Self::Cover(to_width, to_height) => scaled(f64::min, (to_width, to_height)),
            Self::Within(to_width, to_height) => scaled(f64::max, (to_width, to_height)),
        }
    }
}

/// What a crop takes of one side: `count` pixels from `from` on, put behind a margin.
struct Span {
    from: usize,
    count: usize,
    margin: usize,
}

impl Crop {
    fn span(&self, length: usize, wanted: usize) -> Span {
        let (spare, lack) = (length.saturating_sub(wanted), wanted.saturating_sub(length));
        let (from, margin) = match self.middle {
            Middle::Transformers => (spare / 2, lack.div_ceil(2)),
            Middle::Torchvision => ((spare as f64 / 2.0).round_ties_even() as usize, lack / 2),
        };
        Span { from, count: length.min(wanted), margin }
    }
}
