//! PNG, JPEG, GIF and WebP, through the `image` crate.

use super::{PictureError, PictureFormat, PictureLimits, Pixels, check_size, on_white};
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader, metadata::Orientation};
use std::io::Cursor;

/// Memory a decoder may take for each pixel allowed.
const BYTES_PER_PIXEL: u64 = 16;

/// Width and height as displayed.
pub(super) fn size(bytes: &[u8], format: PictureFormat, limits: &PictureLimits) -> Result<(u32, u32), PictureError> {
    let (decoder, orientation) = open(bytes, format, limits)?;
    let (width, height) = decoder.dimensions();
    let turned = matches!(
        orientation,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    Ok(if turned { (height, width) } else { (width, height) })
}

/// All pixels, upright, on white.
pub(super) fn decode(bytes: &[u8], format: PictureFormat, limits: &PictureLimits) -> Result<Pixels, PictureError> {
    let (decoder, orientation) = open(bytes, format, limits)?;
    if format == PictureFormat::Jpeg && !jpeg_ends(bytes) {
        // The decoder would fill what is missing with grey.
        return Err(PictureError::damaged(format, "it is cut short"));
    }
    let mut image =
        DynamicImage::from_decoder(decoder).map_err(|error| PictureError::damaged(format, error.to_string()))?;
    image.apply_orientation(orientation);
    Ok(flatten(image))
}

/// Eight bits a channel, transparent parts on white.
pub(super) fn flatten(image: DynamicImage) -> Pixels {
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
    Pixels { width, height, rgb }
}

/// Reads the header and checks every limit.
fn open<'b>(
    bytes: &'b [u8],
    format: PictureFormat,
    limits: &PictureLimits,
) -> Result<(impl ImageDecoder + 'b, Orientation), PictureError> {
    let known = match format {
        PictureFormat::Png => ImageFormat::Png,
        PictureFormat::Jpeg => ImageFormat::Jpeg,
        PictureFormat::Gif => ImageFormat::Gif,
        PictureFormat::WebP => ImageFormat::WebP,
        PictureFormat::Avif => ImageFormat::Avif,
    };
    let mut reader = ImageReader::with_format(Cursor::new(bytes), known);
    let mut bounds = image::Limits::no_limits();
    bounds.max_alloc = Some(limits.pixels.saturating_mul(BYTES_PER_PIXEL));
    reader.limits(bounds);
    let damaged = |error: image::ImageError| PictureError::damaged(format, error.to_string());
    let mut decoder = reader.into_decoder().map_err(damaged)?;
    check_size(decoder.dimensions(), format, limits)?;
    // Broken metadata does not make a picture unreadable.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Ok((decoder, orientation))
}

/// Whether the end marker of a JPEG comes after the start of its data (ITU-T T.81, B.1.1): within entropy-coded data that
/// pair of bytes cannot stand.
fn jpeg_ends(bytes: &[u8]) -> bool {
    let mut at = 2;
    while let Some([0xFF, marker, high, low]) = bytes.get(at..at + 4) {
        match marker {
            0xDA => return bytes.get(at..).unwrap_or_default().windows(2).any(|pair| pair == [0xFF, 0xD9]),
            // Fill bytes may precede a marker.
            0xFF => at += 1,
            _ => at += 2 + usize::from(u16::from_be_bytes([*high, *low])),
        }
    }
    // Not the usual layout: what is there is the decoder's to judge.
    true
}
