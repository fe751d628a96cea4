//! Pictures: where they come from, what they are, and their pixels.
//!
//! The only code that decodes pictures: `raster` reads most formats, `avif` reads AVIF, `refused` says why one was not
//! read, `crop` cuts pixels. What a file is is found from its bytes, whatever its name says. Sizes are checked from the
//! header before any pixel is decoded, so a small file cannot ask for unbounded memory.

#[cfg(feature = "avif")]
mod avif;
mod crop;
mod raster;
mod refused;
mod sniff;

pub use refused::PictureError;

use sniff::sniff;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
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
    /// A complete PNG, JPEG, GIF, WebP or AVIF file in memory.
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
    /// AV1 Image File Format, with the feature `avif` (on by default): one picture of 8, 10 or 12 bits, with or without
    /// transparency; no tiles.
    Avif,
}

impl PictureFormat {
    /// The format's usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Png => "PNG",
            Self::Jpeg => "JPEG",
            Self::Gif => "GIF",
            Self::WebP => "WebP",
            Self::Avif => "AVIF",
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

/// Reads the header of a picture and hashes its bytes; decodes no pixel.
///
/// # Errors
/// [`PictureError`] where the bytes are no picture, its header is damaged or it is too large.
pub fn inspect(bytes: &[u8], limits: &PictureLimits) -> Result<PictureInfo, PictureError> {
    let format = recognise(bytes, limits)?;
    let (width, height) = guarded(format, || match format {
        #[cfg(feature = "avif")]
        PictureFormat::Avif => avif::size(bytes, limits),
        _ => raster::size(bytes, format, limits),
    })?;
    Ok(PictureInfo { format, width, height, hash: xxh3_128(bytes).to_le_bytes() })
}

/// Decodes a picture: upright (the orientation in its metadata applied), transparent parts on
/// white, 8 bits a channel. Colour profiles are not applied: what is read is taken for sRGB.
///
/// # Errors
/// [`PictureError`] where the bytes are no picture, are damaged or it is too large.
pub fn decode(bytes: &[u8], limits: &PictureLimits) -> Result<Pixels, PictureError> {
    let format = recognise(bytes, limits)?;
    guarded(format, || match format {
        #[cfg(feature = "avif")]
        PictureFormat::Avif => avif::decode(bytes, limits),
        _ => raster::decode(bytes, format, limits),
    })
}

/// The format of a file that is not too large.
fn recognise(bytes: &[u8], limits: &PictureLimits) -> Result<PictureFormat, PictureError> {
    let length = bytes.len() as u64;
    if length > limits.bytes {
        return Err(PictureError::LargeFile { bytes: length, limit: limits.bytes });
    }
    sniff(bytes).map_err(|looks| PictureError::NotAPicture { bytes: bytes.len(), looks })
}

/// Decoders meet every file there is: a panic of one is damage of the picture, not the end of its reader.
fn guarded<T>(format: PictureFormat, read: impl FnOnce() -> Result<T, PictureError>) -> Result<T, PictureError> {
    catch_unwind(AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(PictureError::damaged(format, "its decoder gave up on it")))
}

/// Refuses a size outside the limits, before anything of that size is made.
fn check_size((width, height): (u32, u32), format: PictureFormat, limits: &PictureLimits) -> Result<(), PictureError> {
    let pixels = u64::from(width) * u64::from(height);
    if width.max(height) > limits.side || pixels > limits.pixels {
        return Err(PictureError::LargePicture { width, height, side: limits.side, pixels: limits.pixels });
    }
    if pixels == 0 {
        return Err(PictureError::damaged(format, format!("it is {width} x {height} pixels")));
    }
    Ok(())
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

#[cfg(test)]
#[path = "picture_fixture_tests.rs"]
mod fixtures;
