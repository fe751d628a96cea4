//! Tests of pictures: every format, orientation, transparency, limits and damage.

use image::{DynamicImage, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use proptest::prelude::*;
use std::io::Cursor;

use super::*;

const FORMATS: [ImageFormat; 4] = [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::Gif, ImageFormat::WebP];

fn encoded(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).expect("encodes");
    bytes.into_inner()
}

/// Red left half, blue right half.
fn two_halves(width: u32, height: u32) -> DynamicImage {
    let image = RgbImage::from_fn(width, height, |x, _| Rgb(if x < width / 2 { [255, 0, 0] } else { [0, 0, 255] }));
    DynamicImage::ImageRgb8(image)
}

/// Puts an EXIF block with the given orientation behind the start marker of a JPEG.
fn with_orientation(jpeg: &[u8], orientation: u8) -> Vec<u8> {
    let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xFF, 0xE1]);
    bytes.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

fn is_near(pixel: &[u8], colour: [u8; 3]) -> bool {
    pixel.iter().zip(colour).all(|(a, b)| a.abs_diff(b) < 40)
}

#[test]
fn every_format_is_inspected_and_decoded() {
    let limits = PictureLimits::default();
    for format in FORMATS {
        let bytes = encoded(&two_halves(32, 16), format);
        let info = inspect(&bytes, &limits).expect("a picture");
        assert_eq!((info.width, info.height), (32, 16), "{}", info.format.name());
        let pixels = decode(&bytes, &limits).expect("decodes");
        assert_eq!((pixels.width, pixels.height), (32, 16));
        assert_eq!(pixels.rgb.len(), 32 * 16 * 3);
        assert!(is_near(&pixels.rgb[..3], [255, 0, 0]), "{format:?}");
        assert!(is_near(&pixels.rgb[31 * 3..32 * 3], [0, 0, 255]), "{format:?}");
    }
}

#[test]
fn the_hash_is_of_the_bytes() {
    let limits = PictureLimits::default();
    let one = encoded(&two_halves(8, 8), ImageFormat::Png);
    let two = encoded(&two_halves(8, 10), ImageFormat::Png);
    let hash = |bytes: &[u8]| inspect(bytes, &limits).expect("a picture").hash;
    assert_eq!(hash(&one), xxh3_128(&one).to_le_bytes());
    assert_ne!(hash(&one), hash(&two));
}

#[test]
fn orientation_is_applied() {
    let limits = PictureLimits::default();
    let jpeg = encoded(&two_halves(32, 16), ImageFormat::Jpeg);
    // Orientation 6: the camera was turned; the stored left edge is the displayed top.
    let turned = with_orientation(&jpeg, 6);
    let info = inspect(&turned, &limits).expect("a picture");
    assert_eq!((info.width, info.height), (16, 32));
    let pixels = decode(&turned, &limits).expect("decodes");
    assert_eq!((pixels.width, pixels.height), (16, 32));
    assert!(is_near(&pixels.rgb[..3], [255, 0, 0]));
    assert!(is_near(&pixels.rgb[pixels.rgb.len() - 3..], [0, 0, 255]));
}

#[test]
fn transparent_parts_are_white() {
    let image = RgbaImage::from_fn(2, 1, |x, _| Rgba([0, 0, 0, if x == 0 { 0 } else { 128 }]));
    let bytes = encoded(&DynamicImage::ImageRgba8(image), ImageFormat::Png);
    let pixels = decode(&bytes, &PictureLimits::default()).expect("decodes");
    assert_eq!(pixels.rgb, [255, 255, 255, 127, 127, 127]);
}

#[test]
fn limits_hold_before_decoding() {
    let bytes = encoded(&two_halves(64, 32), ImageFormat::Png);
    let small = PictureLimits { pixels: 2_047, ..PictureLimits::default() };
    let narrow = PictureLimits { side: 63, ..PictureLimits::default() };
    let short = PictureLimits { bytes: 10, ..PictureLimits::default() };
    for limits in [small, narrow] {
        let refused = decode(&bytes, &limits).expect_err("too large");
        assert!(matches!(refused, PictureError::LargePicture { width: 64, height: 32, .. }));
    }
    let refused = inspect(&bytes, &short).expect_err("too large");
    assert!(matches!(refused, PictureError::LargeFile { limit: 10, .. }));
}

#[test]
fn a_decompression_bomb_is_refused_from_its_header() {
    // A valid PNG header that claims 60,000 x 60,000 pixels.
    let mut bytes = encoded(&two_halves(8, 8), ImageFormat::Png);
    bytes[16..24].copy_from_slice(&[0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60]);
    let crc = crc32(&bytes[12..29]);
    bytes[29..33].copy_from_slice(&crc.to_be_bytes());
    let refused = inspect(&bytes, &PictureLimits::default()).expect_err("too large");
    assert!(matches!(refused, PictureError::LargePicture { width: 60_000, .. }));
}

#[test]
fn what_is_no_picture_is_refused() {
    let limits = PictureLimits::default();
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'/>".as_slice();
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic".as_slice();
    for (bytes, word) in [
        (b"".as_slice(), "empty"),
        (b"hello", "another kind"),
        (svg, "SVG"),
        (b"%PDF-1.4", "PDF"),
        (b" \n<!DOCTYPE html><title>404</title>", "HTML"),
        (heic, "HEIC"),
        (b"II*\0\x08\0\0\0", "TIFF"),
        (&[0; 64], "another kind"),
    ] {
        let refused = inspect(bytes, &limits).unwrap_err();
        assert!(matches!(refused, PictureError::NotAPicture { bytes: found, .. } if found == bytes.len()), "{refused}");
        assert!(refused.to_string().contains(word), "{refused}");
        assert_eq!(decode(bytes, &limits).unwrap_err(), refused);
    }
}

#[test]
fn a_cut_picture_is_damaged_and_not_a_panic() {
    let limits = PictureLimits::default();
    for format in FORMATS {
        let bytes = encoded(&two_halves(64, 48), format);
        assert!(decode(&bytes, &limits).is_ok());
        for length in [bytes.len() * 2 / 3, bytes.len() - 3] {
            // The last bytes of a GIF or WebP file may be of no consequence; a JPEG lacks its end without them.
            let refused = decode(&bytes[..length], &limits);
            let whole = length + 3 == bytes.len() && refused.is_ok() && format != ImageFormat::Jpeg;
            assert!(whole || matches!(refused, Err(PictureError::Damaged { .. })), "{format:?}: {refused:?}");
        }
    }
}

#[test]
fn regions_are_a_grid_of_overlapping_halves() {
    let rgb = (0..130_u32 * 200).flat_map(|at| [(at % 200) as u8, (at / 200) as u8, 7]).collect();
    let picture = Pixels::new(200, 130, rgb).unwrap();
    let regions = picture.regions();
    assert_eq!(regions.len(), 9);
    for (number, region) in regions.iter().enumerate() {
        assert_eq!((region.width, region.height, region.rgb.len()), (100, 65, 100 * 65 * 3));
        let (left, top) = ([0, 50, 100][number % 3], [0, 32, 65][number / 3]);
        assert_eq!(region.rgb[..3], [left, top, 7], "region {number}");
        assert_eq!(region.rgb[100 * 65 * 3 - 3..], [left + 99, top + 64, 7], "region {number}");
    }
    assert!(Pixels::new(200, 127, vec![0; 200 * 127 * 3]).unwrap().regions().is_empty(), "too small for details");
    assert_eq!(Pixels::new(2, 2, vec![0; 11]), None);
}

/// CRC-32 (ISO 3309) as PNG chunks carry it, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |mut crc: u32, byte: &u8| {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
        }
        crc
    };
    !bytes.iter().fold(u32::MAX, step)
}

proptest! {
    #[test]
    fn damaged_bytes_never_panic(
        format in 0_usize..5,
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = match FORMATS.get(format) {
            Some(format) => encoded(&two_halves(24, 24), *format),
            None => fixtures::file("clear.avif"),
        };
        for (at, value) in flips {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        let limits = PictureLimits { pixels: 1 << 20, ..PictureLimits::default() };
        for bytes in [bytes.as_slice(), &bytes[..cut.index(bytes.len())]] {
            let info = inspect(bytes, &limits);
            if let Ok(pixels) = decode(bytes, &limits) {
                let info = info.expect("what decodes can be inspected");
                prop_assert_eq!((info.width, info.height), (pixels.width, pixels.height));
                let size = 3 * u64::from(pixels.width) * u64::from(pixels.height);
                prop_assert_eq!(pixels.rgb.len() as u64, size);
            }
        }
    }
}

/// A chunk of a PNG.
fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(name);
    crc.update(data);
    let length = u32::try_from(data.len()).unwrap();
    [&length.to_be_bytes(), name.as_slice(), data, &crc.sum().to_be_bytes()].concat()
}

/// One pixel of a palette with this many bytes, and how clear its first colour is.
fn with_palette(bytes: usize) -> Vec<u8> {
    let mut rows = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut rows, &[0, 0]).unwrap();
    let chunks = [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 3, 0, 0, 0]),
        chunk(b"PLTE", &vec![7; bytes]),
        chunk(b"tRNS", &[255]),
        chunk(b"IDAT", &rows.finish().unwrap()),
        chunk(b"IEND", &[]),
    ];
    chunks.concat()
}

#[test]
fn a_panic_of_a_decoder_is_damage_of_the_picture() {
    let limits = PictureLimits::default();
    assert_eq!(decode(&with_palette(6), &limits).expect("a picture").rgb, [7, 7, 7]);
    // The decoder takes colours three bytes at a time and has one left over.
    let refused = decode(&with_palette(7), &limits).expect_err("damaged");
    assert!(matches!(refused, PictureError::Damaged { format: "PNG", .. }), "{refused}");
}
