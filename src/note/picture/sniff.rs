//! What a file is, from its first bytes.

use super::PictureFormat;

/// The format of a picture, or in words what else it looks like.
pub(super) fn sniff(bytes: &[u8]) -> Result<PictureFormat, &'static str> {
    match bytes {
        [] => Err("an empty file"),
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Ok(PictureFormat::Png),
        [0xFF, 0xD8, 0xFF, ..] => Ok(PictureFormat::Jpeg),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(PictureFormat::Gif),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(PictureFormat::WebP),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => container(bytes),
        [b'%', b'P', b'D', b'F', ..] => Err("a PDF file"),
        [b'I', b'I', b'*', 0, ..] | [b'M', b'M', 0, b'*', ..] => Err("a TIFF or raw camera file"),
        [b'B', b'M', ..] => Err("a BMP file"),
        [0xFF, 0x0A, ..] | [0, 0, 0, 0x0C, b'J', b'X', b'L', b' ', ..] => Err("a JPEG XL file"),
        _ => Err(markup(bytes)),
    }
}

/// Files of the ISO base media format name their brands in the first box.
fn container(bytes: &[u8]) -> Result<PictureFormat, &'static str> {
    let length = bytes.first_chunk().map_or(0, |length| u32::from_be_bytes(*length) as usize);
    let brands = bytes.get(8..length.min(bytes.len())).unwrap_or_default();
    let mut brands = brands.chunks_exact(4);
    if brands.any(|brand| brand == b"avif" || brand == b"avis") {
        return if cfg!(feature = "avif") {
            Ok(PictureFormat::Avif)
        } else {
            Err("an AVIF file, which this build does not read (feature `avif`),")
        };
    }
    match bytes.get(8..12) {
        Some(b"heic" | b"heix" | b"mif1" | b"msf1" | b"hevc") => Err("a HEIC file"),
        _ => Err("a video or another container"),
    }
}

fn markup(bytes: &[u8]) -> &'static str {
    let start: String = String::from_utf8_lossy(bytes.get(..bytes.len().min(512)).unwrap_or_default()).to_lowercase();
    let start = start.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        "an HTML page"
    } else if start.contains("<svg") {
        "an SVG drawing"
    } else {
        "a file of another kind"
    }
}
