//! AVIF: the container through `zenavif-parse`, AV1 through `re_rav1d`, a port of dav1d to Rust; planes to RGB here.
//!
//! In builds with debug assertions the decoder checks every access to its buffers and takes minutes for a large picture:
//! this project's `Cargo.toml` switches them off for it.

use super::raster::flatten;
use super::{PictureError, PictureFormat, PictureLimits, Pixels, check_size};
use image::metadata::Orientation;
use image::{DynamicImage, RgbImage, RgbaImage};
use re_rav1d::dav1d::pixel::YUVRange;
use re_rav1d::dav1d::{Decoder, Picture, PixelLayout, PlanarImageComponent, Settings};
use zenavif_parse::{AvifParser, ColorInformation, DecodeConfig, Unstoppable};

const FORMAT: PictureFormat = PictureFormat::Avif;

/// Width and height as displayed.
pub(super) fn size(bytes: &[u8], limits: &PictureLimits) -> Result<(u32, u32), PictureError> {
    let (parser, (width, height)) = open(bytes, limits)?;
    let turned = parser.rotation().is_some_and(|rotation| rotation.angle % 180 == 90);
    Ok(if turned { (height, width) } else { (width, height) })
}

/// All pixels, upright, on white.
pub(super) fn decode(bytes: &[u8], limits: &PictureLimits) -> Result<Pixels, PictureError> {
    let (parser, (width, height)) = open(bytes, limits)?;
    let frame = frame(parser.primary_data().map_err(damaged)?.into_owned(), limits)?;
    if (frame.width(), frame.height()) != (width, height) {
        return Err(PictureError::damaged(FORMAT, "header and picture differ in size"));
    }
    let colours = Colours::of(&parser, &frame)?;
    let rgb = colours.rgb(&frame);
    let mut image = match parser.alpha_data() {
        None => RgbImage::from_raw(width, height, rgb).map(DynamicImage::ImageRgb8),
        Some(data) => {
            let alpha = opacity(data.map_err(damaged)?.into_owned(), (width, height), limits)?;
            let mixed = rgb.chunks_exact(3).zip(alpha).flat_map(|(pixel, alpha)| {
                // Colours that are multiplied with their opacity already are divided, to go the way of all others.
                let plain = |channel: u8| match (parser.premultiplied_alpha(), alpha) {
                    (true, 1..) => (u16::from(channel) * 255 / u16::from(alpha)).min(255) as u8,
                    _ => channel,
                };
                let mut channels = pixel.iter().map(|channel| plain(*channel));
                [(); 3].map(|()| channels.next().unwrap_or_default()).into_iter().chain([alpha])
            });
            RgbaImage::from_raw(width, height, mixed.collect()).map(DynamicImage::ImageRgba8)
        }
    }
    .ok_or_else(|| PictureError::damaged(FORMAT, "its planes are too short"))?;
    for step in orientation(&parser) {
        image.apply_orientation(step);
    }
    Ok(flatten(image))
}

/// Reads the container and the header of the AV1 data, and checks every limit.
fn open<'b>(bytes: &'b [u8], limits: &PictureLimits) -> Result<(AvifParser<'b>, (u32, u32)), PictureError> {
    let bounds = DecodeConfig::default().with_peak_memory_limit(limits.bytes.saturating_mul(2));
    let parser = AvifParser::from_bytes_with_config(bytes, &bounds, &Unstoppable).map_err(damaged)?;
    if parser.grid_config().is_some() {
        return Err(PictureError::unsupported(FORMAT, "tiles"));
    }
    let header = parser.primary_metadata().map_err(damaged)?;
    let size = (header.max_frame_width.get(), header.max_frame_height.get());
    check_size(size, FORMAT, limits)?;
    Ok((parser, size))
}

fn damaged(error: impl std::fmt::Display) -> PictureError {
    PictureError::damaged(FORMAT, error.to_string())
}

/// The first frame of AV1 data.
fn frame(data: Vec<u8>, limits: &PictureLimits) -> Result<Picture, PictureError> {
    let mut settings = Settings::new();
    // Pictures are decoded side by side, so one thread each is enough.
    settings.set_n_threads(1);
    settings.set_max_frame_delay(1);
    settings.set_frame_size_limit(u32::try_from(limits.pixels).unwrap_or(u32::MAX));
    let mut decoder = Decoder::with_settings(&settings).map_err(damaged)?;
    decoder.send_data(data, None, None, None).map_err(damaged)?;
    decoder.get_picture().map_err(damaged)
}

/// What the container says about turning, in the order in which it is done: `irot` counts quarter turns to the left, `imir`
/// then swaps top and bottom (0) or left and right (1). ISO/IEC 23008-12, 6.5.10 and 6.5.12.
fn orientation(parser: &AvifParser<'_>) -> impl Iterator<Item = Orientation> {
    let turn = parser.rotation().map(|rotation| match rotation.angle {
        90 => Orientation::Rotate270,
        180 => Orientation::Rotate180,
        270 => Orientation::Rotate90,
        _ => Orientation::NoTransforms,
    });
    let mirror = parser.mirror().map(|mirror| match mirror.axis {
        0 => Orientation::FlipVertical,
        _ => Orientation::FlipHorizontal,
    });
    turn.into_iter().chain(mirror)
}

/// The opacity of each pixel, 0 to 255.
fn opacity(data: Vec<u8>, size: (u32, u32), limits: &PictureLimits) -> Result<Vec<u8>, PictureError> {
    let frame = frame(data, limits)?;
    if (frame.width(), frame.height()) != size {
        return Err(PictureError::damaged(FORMAT, "picture and opacity differ in size"));
    }
    let luma = Samples::of(&frame, PlanarImageComponent::Y, matches!(frame.color_range(), YUVRange::Full));
    let pixels = (0..size.1).flat_map(|y| (0..size.0).map(move |x| (x, y)));
    Ok(pixels.map(|(x, y)| byte(luma.at(x, y))).collect())
}

/// How the planes of a picture become red, green and blue (ITU-T H.273, 8.3).
struct Colours {
    full: bool,
    matrix: Matrix,
}

enum Matrix {
    /// The planes are green, blue, red.
    Identity,
    /// Luma and two colour differences, with these weights of red and blue in luma.
    Weighted { red: f32, blue: f32 },
}

impl Colours {
    /// The container's word counts before that of the AV1 data.
    fn of(parser: &AvifParser<'_>, frame: &Picture) -> Result<Self, PictureError> {
        let (code, full) = match parser.color_info() {
            Some(ColorInformation::Nclx { matrix_coefficients, full_range, .. }) => {
                (u32::from(*matrix_coefficients), *full_range)
            }
            _ => (frame.matrix_coefficients() as u32, matches!(frame.color_range(), YUVRange::Full)),
        };
        let matrix = match code {
            0 => Matrix::Identity,
            1 => Matrix::Weighted { red: 0.2126, blue: 0.0722 },
            // Unspecified is what most encoders write for pictures made in BT.601, as JPEG files are.
            2 | 5 | 6 => Matrix::Weighted { red: 0.299, blue: 0.114 },
            4 => Matrix::Weighted { red: 0.30, blue: 0.11 },
            7 => Matrix::Weighted { red: 0.212, blue: 0.087 },
            9 => Matrix::Weighted { red: 0.2627, blue: 0.0593 },
            _ => return Err(PictureError::unsupported(FORMAT, format!("colour matrix {code}"))),
        };
        Ok(Self { full, matrix })
    }

    fn rgb(&self, frame: &Picture) -> Vec<u8> {
        let (width, height) = (frame.width(), frame.height());
        let mut rgb = Vec::with_capacity(3 * width as usize * height as usize);
        let luma = Samples::of(frame, PlanarImageComponent::Y, self.full);
        let differences = match frame.pixel_layout() {
            PixelLayout::I400 => None,
            layout => {
                let plane = |component| Samples::of(frame, component, self.full);
                let halves = |wanted: &[PixelLayout]| u32::from(wanted.contains(&layout));
                let shift = (halves(&[PixelLayout::I420, PixelLayout::I422]), halves(&[PixelLayout::I420]));
                Some((plane(PlanarImageComponent::U), plane(PlanarImageComponent::V), shift))
            }
        };
        for y in 0..height {
            for x in 0..width {
                let luma = luma.at(x, y);
                let Some((first, second, (across, down))) = &differences else {
                    rgb.extend([byte(luma); 3]);
                    continue;
                };
                let at = (x >> across, y >> down);
                rgb.extend(match self.matrix {
                    Matrix::Identity => [second.at(at.0, at.1), luma, first.at(at.0, at.1)].map(byte),
                    Matrix::Weighted { red, blue } => {
                        let (cb, cr) = (first.difference(at.0, at.1), second.difference(at.0, at.1));
                        let r = luma + 2.0 * (1.0 - red) * cr;
                        let b = luma + 2.0 * (1.0 - blue) * cb;
                        let g = (luma - red * r - blue * b) / (1.0 - red - blue);
                        [r, g, b].map(byte)
                    }
                });
            }
        }
        rgb
    }
}

/// A number in [0, 1] as a byte.
fn byte(value: f32) -> u8 {
    (value.clamp(0.0, 1.0) * 255.0).round() as u8
}

/// One plane of a picture as numbers.
struct Samples {
    plane: re_rav1d::dav1d::Plane,
    /// Bytes a row.
    stride: usize,
    /// Whether a sample takes two bytes.
    wide: bool,
    zero: f32,
    scale: f32,
    /// The same for colour differences, which lie around the middle.
    middle: f32,
    reach: f32,
}

impl Samples {
    fn of(frame: &Picture, component: PlanarImageComponent, full: bool) -> Self {
        let depth = frame.bit_depth() as u32;
        let unit = (1_u32 << depth.saturating_sub(8)) as f32;
        let most = ((1_u32 << depth.min(16)) - 1) as f32;
        Self {
            plane: frame.plane(component),
            stride: frame.stride(component) as usize,
            wide: depth > 8,
            zero: if full { 0.0 } else { 16.0 * unit },
            scale: if full { most } else { 219.0 * unit },
            middle: 128.0 * unit,
            reach: if full { most } else { 224.0 * unit },
        }
    }

    /// Luma, or a colour, in [0, 1].
    fn at(&self, x: u32, y: u32) -> f32 {
        (self.raw(x, y) - self.zero) / self.scale
    }

    /// A colour difference in [-0.5, 0.5].
    fn difference(&self, x: u32, y: u32) -> f32 {
        (self.raw(x, y) - self.middle) / self.reach
    }

    fn raw(&self, x: u32, y: u32) -> f32 {
        let start = y as usize * self.stride;
        if !self.wide {
            return self.plane.get(start + x as usize).copied().map_or(0.0, f32::from);
        }
        let pair = self.plane.get(start + 2 * x as usize..).and_then(<[u8]>::first_chunk);
        pair.map_or(0.0, |pair| f32::from(u16::from_ne_bytes(*pair)))
    }
}
