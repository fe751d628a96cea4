//! Pictures: where they come from, what they are, and their pixels.
//!
//! The only code that decodes pictures. Sizes are checked from the header before any pixel is
//! decoded, so a small file cannot ask for unbounded memory.

use std::{io::Cursor, path::PathBuf};

use image::{DynamicImage, ImageDecoder, ImageError, ImageFormat, ImageReader, metadata::Orientation};
use xxhash_rust::xxh3::xxh3_128;

/// A picture of a note, with what it shows in words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Picture {
    /// The bytes, or the place of the file.
    pub source: PictureSource,
    /// Alternative text; may be empty.
    pub alt: String,
}

/// Where a picture's bytes are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PictureSource {
    /// A complete PNG, JPEG, GIF or WebP file in memory.
    Bytes(Vec<u8>),
    /// Such a file on disk.
    Path(PathBuf),
}

impl Picture {
    /// A picture given as the bytes of its file.
    pub fn bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self { source: PictureSource::Bytes(bytes.into()), alt: String::new() }
    }

    /// A picture given as the path of its file.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self { source: PictureSource::Path(path.into()), alt: String::new() }
    }

    /// Sets the alternative text.
    #[must_use]
    pub fn alt(mut self, alt: impl Into<String>) -> Self {
        self.alt = alt.into();
        self
    }
}

impl From<Vec<u8>> for Picture {
    /// A picture given as the bytes of its file.
    fn from(bytes: Vec<u8>) -> Self {
        Self::bytes(bytes)
    }
}

/// The file formats that are read. Of an animation, the first frame counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PictureFormat {
    /// Portable Network Graphics.
    Png,
    /// JPEG, baseline or progressive.
    Jpeg,
    /// Graphics Interchange Format.
    Gif,
    /// WebP, lossy or lossless.
    WebP,
}

impl PictureFormat {
    /// The format's usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Gif => "GIF",
            Self::WebP => "WebP",
        }
    }
}

/// How large a picture may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PictureLimits {
    /// Bytes of the file.
    pub bytes: u64,
    /// Width or height in pixels, whichever is larger.
    pub side: u32,
    /// Width times height. Decoding takes up to 16 bytes of memory for each.
    pub pixels: u64,
}

impl Default for PictureLimits {
    /// 64 MiB, 32,768 pixels a side, 64 Mi pixels in all.
    fn default() -> Self {
        Self { bytes: 64 << 20, side: 32_768, pixels: 64 << 20 }
    }
}

/// What a picture's header and bytes say about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PictureInfo {
    /// The file format, found from the bytes and not from the name.
    pub format: PictureFormat,
    /// Width in pixels as displayed, after the orientation in its metadata.
    pub width: u32,
    /// Height in pixels as displayed.
    pub height: u32,
    /// XXH3-128 of the file's bytes, little-endian. Equal pictures have equal hashes; it is no
    /// defence against someone who makes collisions on purpose.
    pub hash: [u8; 16],
}

/// A decoded picture: rows from the top, three bytes (red, green, blue; sRGB) a pixel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pixels {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// `3 * width * height` bytes.
    pub rgb: Vec<u8>,
}

/// Why a picture was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PictureError {
    /// None of the formats that are read.
    #[error("not a PNG, JPEG, GIF or WebP picture ({bytes} bytes); convert it to one of these")]
    NotAPicture {
        /// Length of the file.
        bytes: usize,
    },
    /// The file is damaged or cut short.
    #[error("the {format} picture is damaged: {why}; export it again")]
    Damaged {
        /// Name of the format.
        format: &'static str,
        /// What the decoder met.
        why: String,
    },
    /// The file is larger than [`PictureLimits::bytes`].
    #[error("the picture file has {bytes} bytes, more than {limit}; make it smaller")]
    LargeFile {
        /// Length of the file.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// More pixels than [`PictureLimits`] allow.
    #[error(
        "the picture is {width} x {height} pixels, more than {side} a side or {pixels} in all; \
         scale it down"
    )]
    LargePicture {
        /// Width found.
        width: u32,
        /// Height found.
        height: u32,
        /// Limit of one side.
        side: u32,
        /// Limit of the product.
        pixels: u64,
    },
}

/// Reads the header of a picture and hashes its bytes; decodes no pixel.
///
/// # Errors
/// [`PictureError`] where the bytes are no picture, its header is damaged or it is too large.
pub fn inspect(bytes: &[u8], limits: &PictureLimits) -> Result<PictureInfo, PictureError> {
    let opened = open(bytes, limits)?;
    let (width, height) = opened.displayed_size();
    Ok(PictureInfo { format: opened.format, width, height, hash: xxh3_128(bytes).to_le_bytes() })
}

/// Decodes a picture: upright (the orientation in its metadata applied), transparent parts on
/// white, 8 bits a channel.
///
/// # Errors
/// [`PictureError`] where the bytes are no picture, are damaged or it is too large.
pub fn decode(bytes: &[u8], limits: &PictureLimits) -> Result<Pixels, PictureError> {
    let opened = open(bytes, limits)?;
    let format = opened.format;
    let orientation = opened.orientation;
    let mut image = DynamicImage::from_decoder(opened.decoder).map_err(|error| damaged(format, &error))?;
    image.apply_orientation(orientation);
    let (width, height) = (image.width(), image.height());
    let rgb = if image.color().has_alpha() {
        let rgba = image.into_rgba8();
        rgba.pixels()
            .flat_map(|pixel| {
                let [red, green, blue, alpha] = pixel.0;
                [red, green, blue].map(|channel| on_white(channel, alpha))
            })
            .collect()
    } else {
        image.into_rgb8().into_raw()
    };
    Ok(Pixels { width, height, rgb })
}

struct Opened<D> {
    format: PictureFormat,
    decoder: D,
    orientation: Orientation,
}

impl<D: ImageDecoder> Opened<D> {
    fn displayed_size(&self) -> (u32, u32) {
        let (width, height) = self.decoder.dimensions();
        match self.orientation {
            Orientation::Rotate90
            | Orientation::Rotate270
            | Orientation::Rotate90FlipH
            | Orientation::Rotate270FlipH => (height, width),
            _ => (width, height),
        }
    }
}

/// Reads the header and checks every limit.
fn open<'b>(bytes: &'b [u8], limits: &PictureLimits) -> Result<Opened<impl ImageDecoder + 'b>, PictureError> {
    let length = bytes.len() as u64;
    if length > limits.bytes {
        return Err(PictureError::LargeFile { bytes: length, limit: limits.bytes });
    }
    let not_a_picture = PictureError::NotAPicture { bytes: bytes.len() };
    let (guessed, format) = match image::guess_format(bytes) {
        Ok(guessed @ ImageFormat::Png) => (guessed, PictureFormat::Png),
        Ok(guessed @ ImageFormat::Jpeg) => (guessed, PictureFormat::Jpeg),
        Ok(guessed @ ImageFormat::Gif) => (guessed, PictureFormat::Gif),
        Ok(guessed @ ImageFormat::WebP) => (guessed, PictureFormat::WebP),
        _ => return Err(not_a_picture),
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), guessed);
    let mut bounds = image::Limits::no_limits();
    bounds.max_alloc = Some(limits.pixels.saturating_mul(16));
    reader.limits(bounds);
    let mut decoder = reader.into_decoder().map_err(|error| damaged(format, &error))?;
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > limits.side || pixels > limits.pixels {
        return Err(PictureError::LargePicture { width, height, side: limits.side, pixels: limits.pixels });
    }
    if pixels == 0 {
        return Err(PictureError::Damaged { format: format.name(), why: format!("it is {width} x {height} pixels") });
    }
    // Broken metadata does not make a picture unreadable.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok(Opened { format, decoder, orientation })
}

fn damaged(format: PictureFormat, error: &ImageError) -> PictureError {
    PictureError::Damaged { format: format.name(), why: error.to_string() }
}

/// One channel of a pixel with the given opacity, over white.
fn on_white(channel: u8, alpha: u8) -> u8 {
    let (channel, alpha) = (u32::from(channel), u32::from(alpha));
    let mixed = (channel * alpha + 255 * (255 - alpha) + 127) / 255;
    u8::try_from(mixed).unwrap_or(u8::MAX)
}

#[cfg(test)]
#[path = "picture_tests.rs"]
mod tests;
