//! Tests of pictures against files of other programs, whose pixels are known from their makers: `tests/fixtures/pictures.py`.

use super::*;
use serde::Deserialize;
use std::path::{Path, PathBuf};

/// What a file shows.
#[derive(Deserialize)]
struct Fact {
    file: String,
    width: u32,
    height: u32,
    /// How far a channel may be off: what is lossy is not exact.
    near: u8,
    /// Column, row, red, green, blue.
    pixels: Vec<[u32; 5]>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures")
}

pub(super) fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn facts() -> Vec<Fact> {
    let facts: Vec<Fact> = serde_json::from_slice(&file("pictures.json")).expect("facts");
    let readable = |fact: &Fact| cfg!(feature = "avif") || !fact.file.ends_with(".avif");
    facts.into_iter().filter(readable).collect()
}

#[test]
fn files_of_other_programs_show_what_their_makers_put_into_them() {
    let limits = PictureLimits::default();
    let mut wrong = Vec::new();
    for fact in facts() {
        let bytes = file(&fact.file);
        let info = inspect(&bytes, &limits).unwrap_or_else(|error| panic!("{}: {error}", fact.file));
        let pixels = decode(&bytes, &limits).unwrap_or_else(|error| panic!("{}: {error}", fact.file));
        assert_eq!((info.width, info.height), (fact.width, fact.height), "{}", fact.file);
        assert_eq!((pixels.width, pixels.height), (fact.width, fact.height), "{}", fact.file);
        for [x, y, shown @ ..] in fact.pixels {
            let start = 3 * (y * pixels.width + x) as usize;
            let found = &pixels.rgb[start..start + 3];
            if found.iter().zip(shown).any(|(found, shown)| u32::from(*found).abs_diff(shown) > u32::from(fact.near)) {
                wrong.push(format!("{} at {x}, {y}: {found:?}, not {shown:?}", fact.file));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_bytes_say_what_a_picture_is_and_not_its_name() {
    let limits = PictureLimits::default();
    for (name, format) in
        [("turned1.jpg", PictureFormat::Jpeg), ("rgb16.png", PictureFormat::Png), ("moving.gif", PictureFormat::Gif)]
    {
        assert_eq!(inspect(&file(name), &limits).expect("a picture").format, format);
    }
    let page = inspect(b"<html><body>404 not found</body></html>", &limits).unwrap_err();
    assert!(page.to_string().contains("an HTML page"), "{page}");
}

#[test]
#[cfg(feature = "avif")]
fn avif_files_keep_limits_and_may_be_cut() {
    let bytes = file("deep10.avif");
    let small = PictureLimits { pixels: 100, ..PictureLimits::default() };
    for refused in [inspect(&bytes, &small).unwrap_err(), decode(&bytes, &small).unwrap_err()] {
        assert!(matches!(refused, PictureError::LargePicture { width: 24, height: 16, .. }), "{refused}");
    }
    for length in 12..bytes.len() {
        let refused = decode(&bytes[..length], &PictureLimits::default());
        assert!(refused.is_err(), "whole without its last {} bytes", bytes.len() - length);
    }
}
