//! Pictures made larger or smaller as Pillow does it: the library all picture models were trained with.
//!
//! Two passes, columns and then rows, each a weighted sum per pixel. When a picture shrinks, the filter widens with it, so that
//! every pixel counts. Weights are fixed-point numbers of 22 bits and the result of each pass is a byte: models see these
//! roundings, and a library that rounds otherwise is up to several levels away (`fast_image_resize` 6.1, tried for this: a
//! fifth of all values off by one, with Lanczos some by six). Pillow took the columns' pass first up to version 12, as is done
//! here; version 13 starts with the rows for some shapes, which changes a level by one here and there.

use crate::note::Pixels;
use std::f64::consts::PI;
use std::ops::Range;

/// Bits behind the point of a weight.
const BITS: u32 = 22;
/// Colour channels of a pixel, a byte each.
pub(super) const CHANNELS: usize = 3;

/// The curve that weighs the neighbours of a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(
    not(feature = "checkpoints"),
    expect(dead_code, reason = "models from directories choose among all of them")
)]
pub(super) enum Filter {
    /// The pixel the place lies in.
    Nearest,
    /// The mean of the pixels that fall on one.
    Box,
    /// A triangle.
    Bilinear,
    /// A raised cosine, as wide as the triangle.
    Hamming,
    /// A cubic (Keys 1981) with -1/2 as its parameter.
    Bicubic,
    /// A windowed sinc of three lobes.
    Lanczos,
}

impl Filter {
    /// The filter under its number in Pillow, which is what `preprocessor_config.json` holds.
    #[cfg(feature = "checkpoints")]
    pub(super) const fn numbered(number: u64) -> Option<Self> {
        match number {
            0 => Some(Self::Nearest),
            1 => Some(Self::Lanczos),
            2 => Some(Self::Bilinear),
            3 => Some(Self::Bicubic),
            4 => Some(Self::Box),
            5 => Some(Self::Hamming),
            _ => None,
        }
    }

    /// How far the curve reaches.
    const fn reach(self) -> f64 {
        match self {
            Self::Nearest | Self::Box => 0.5,
            Self::Bilinear | Self::Hamming => 1.0,
            Self::Bicubic => 2.0,
            Self::Lanczos => 3.0,
        }
    }

    fn at(self, place: f64) -> f64 {
        let x = place.abs();
        match self {
            Self::Nearest | Self::Box => f64::from(u8::from(place > -0.5 && place <= 0.5)),
            Self::Bilinear => (1.0 - x).max(0.0),
            Self::Hamming if x == 0.0 => 1.0,
            Self::Hamming if x >= 1.0 => 0.0,
            Self::Hamming => (0.54 + 0.46 * (x * PI).cos()) * sinc(x),
            Self::Bicubic if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::Bicubic if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * -0.5,
            Self::Lanczos if (-3.0..3.0).contains(&place) => sinc(x) * sinc(x / 3.0),
            Self::Bicubic | Self::Lanczos => 0.0,
        }
    }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { (x * PI).sin() / (x * PI) }
}

/// Where one pixel of the result comes from, along one side.
struct Taps {
    first: usize,
    weights: Vec<i32>,
}

impl Taps {
    /// Those of the pixels `wanted` of a side of `output` pixels made from one of `input`.
    fn of(input: usize, output: usize, wanted: Range<usize>, filter: Filter) -> Vec<Self> {
        let scale = input as f64 / output as f64;
        if filter == Filter::Nearest {
            let nearest = |at: usize| (((at as f64 + 0.5) * scale) as usize).min(input.saturating_sub(1));
            return wanted.map(|at| Self { first: nearest(at), weights: vec![1 << BITS] }).collect();
        }
        let stretch = scale.max(1.0);
        let reach = filter.reach() * stretch;
        let taps = |at: usize| {
            let centre = (at as f64 + 0.5) * scale;
            let first = (centre - reach + 0.5).max(0.0) as usize;
            let end = ((centre + reach + 0.5) as usize).min(input);
            let weigh = |pixel: usize| filter.at((pixel as f64 - centre + 0.5) * (1.0 / stretch));
            let weights: Vec<f64> = (first..end).map(weigh).collect();
            let sum: f64 = weights.iter().sum();
            let share = |weight: f64| if sum == 0.0 { weight } else { weight / sum };
            let fixed = |weight: f64| (share(weight) * f64::from(1 << BITS)).round() as i32;
            Self { first, weights: weights.into_iter().map(fixed).collect() }
        };
        wanted.map(taps).collect()
    }

    fn end(&self) -> usize {
        self.first + self.weights.len()
    }
}

/// A rectangle of pixels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Window {
    pub(super) across: Range<usize>,
    pub(super) down: Range<usize>,
}

/// The part `window` of a picture brought to `width` x `height`, three bytes a pixel, row by row. Only that part is computed: a
/// strip of paper whose short side grows to a model's input would else take gigabytes.
pub(super) fn resample(picture: &Pixels, (width, height): (usize, usize), window: &Window, filter: Filter) -> Vec<u8> {
    let across = Taps::of(picture.width as usize, width, window.across.clone(), filter);
    let down = Taps::of(picture.height as usize, height, window.down.clone(), filter);
    let first = down.iter().map(|taps| taps.first).min().unwrap_or(0);
    let end = down.iter().map(Taps::end).max().unwrap_or(0);
    let stride = picture.width as usize * CHANNELS;
    let narrow = across.len() * CHANNELS;
    let mut rows = Vec::with_capacity(end.saturating_sub(first) * narrow);
    for row in picture.rgb.chunks_exact(stride.max(1)).take(end).skip(first) {
        across.iter().for_each(|taps| rows.extend(mix(taps, row)));
    }
    let mut out = Vec::with_capacity(down.len() * narrow);
    let mut sums = vec![0_i32; narrow];
    for taps in &down {
        sums.fill(HALF);
        let own = rows.chunks_exact(narrow.max(1)).skip(taps.first - first);
        for (weight, row) in taps.weights.iter().zip(own) {
            sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * i32::from(*value));
        }
        out.extend(sums.iter().map(|sum| to_byte(*sum)));
    }
    out
}

/// Width and height of a picture that has as many bytes as they call for, or what is wrong with it.
pub(super) fn sides(picture: &Pixels) -> Result<(usize, usize), String> {
    let (width, height) = (picture.width as usize, picture.height as usize);
    let bytes = width.checked_mul(height).and_then(|pixels| pixels.checked_mul(CHANNELS));
    if width == 0 || height == 0 || bytes != Some(picture.rgb.len()) {
        let found = picture.rgb.len();
        return Err(format!("a picture of {width} x {height} pixels in {found} bytes of red, green, blue"));
    }
    Ok((width, height))
}

/// What rounds a sum when the bits behind the point go.
const HALF: i32 = 1 << (BITS - 1);

/// One pixel of a row.
fn mix(taps: &Taps, row: &[u8]) -> [u8; CHANNELS] {
    let mut sums = [HALF; CHANNELS];
    let (pixels, _) = row.as_chunks::<CHANNELS>();
    for (weight, pixel) in taps.weights.iter().zip(pixels.iter().skip(taps.first)) {
        sums.iter_mut().zip(pixel).for_each(|(sum, value)| *sum += weight * i32::from(*value));
    }
    sums.map(to_byte)
}

fn to_byte(sum: i32) -> u8 {
    (sum >> BITS).clamp(0, 255) as u8
}
