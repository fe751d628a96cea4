//! Pictures against Pillow, and against the inputs that the reference implementations made of them.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::super::directory::Directory;
use super::settings::OpenClip;
use super::{Kind, Preprocess};
use crate::encode::resample::{Filter, Window, resample};
use crate::note::picture::decode;
use crate::note::{PictureLimits, Pixels};
use safetensors::SafeTensors;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints")
}

/// A picture whose levels jump all over the range.
fn pattern(width: u32, height: u32) -> Pixels {
    let level = |x: u32, y: u32, channel: u32| ((x * 7 + y * 13 + channel * 50 + x * y * 3) % 256) as u8;
    let rows = (0..height).flat_map(|y| (0..width).flat_map(move |x| (0..3).map(move |channel| level(x, y, channel))));
    Pixels { width, height, rgb: rows.collect() }
}

fn crc(bytes: &[u8]) -> u32 {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    crc.sum()
}

/// The sums are those of Pillow 12: `zlib.crc32(picture.resize(size, filter).tobytes())` for filters 0 to 5.
#[test]
fn every_filter_is_pillows_to_the_byte() {
    let sums: [((usize, usize), [u32; 6]); 5] = [
        ((24, 24), [0x8e46e5a7, 0xcd2d002b, 0x53a8f178, 0x595f661f, 0xc1c67ecd, 0xac227460]),
        ((101, 9), [0x8b847152, 0x3916154a, 0xaba5a716, 0xfcb8b8e7, 0x11df9a39, 0x6e0b2150]),
        ((7, 120), [0x0d6c2a71, 0x3b951673, 0x07931687, 0x3f41c115, 0x344a5f38, 0xce992e56]),
        ((53, 20), [0x021eb12e, 0x8d2674e3, 0x6f905774, 0x91fa4659, 0xf11a4903, 0x1888a1df]),
        ((1, 1), [0x693f62ad, 0x75ed1f68, 0x02ea2ffe, 0x75ed1f68, 0x77aba131, 0x032845c9]),
    ];
    let picture = pattern(53, 37);
    for ((width, height), sums) in sums {
        for (number, sum) in (0..).zip(sums) {
            let filter = Filter::numbered(number).unwrap();
            let whole = Window { across: 0..width, down: 0..height };
            let bytes = resample(&picture, (width, height), &whole, filter);
            assert_eq!(crc(&bytes), sum, "{filter:?} to {width} x {height}");
            let part = Window { across: width / 3..width, down: height / 4..height };
            let cut: Vec<u8> =
                bytes.chunks(width * 3).skip(height / 4).flat_map(|row| row[width / 3 * 3..].to_vec()).collect();
            assert_eq!(resample(&picture, (width, height), &part, filter), cut, "a part, {filter:?}");
        }
    }
}

/// The steps of a fixture's own files.
fn steps(folder: &Path, kind: Kind, side: usize) -> Preprocess {
    let directory = Directory::open(folder).unwrap();
    let Some(config) = directory.json::<Value>("open_clip_config.json").unwrap() else {
        return Preprocess::read(&directory, kind, side).unwrap();
    };
    let config: OpenClip = serde_json::from_value(config["preprocess_cfg"].clone()).unwrap();
    Preprocess::open_clip(&config, (side, side)).unwrap()
}

/// Decoders of JPEG round otherwise, by up to two levels here; all else is the same to within rounding of f32.
#[test]
fn inputs_are_those_of_the_references() {
    let families = [
        ("clip", Kind::Clip, 24, 0.2613),
        ("clip-gelu", Kind::Clip, 24, 0.2613),
        ("chinese-clip", Kind::Clip, 24, 0.2613),
        ("siglip", Kind::Siglip, 24, 0.5),
        ("siglip2", Kind::Siglip, 24, 0.5),
        ("open-clip", Kind::Clip, 24, 0.2613),
        ("mobileclip", Kind::Clip, 48, 1.0),
    ];
    for (name, kind, side, deviation) in families {
        let folder = fixtures().join(name);
        let steps = steps(&folder, kind, side);
        assert_eq!(steps.input_size(), Some((side, side)), "{name}");
        let reference: Value = serde_json::from_slice(&std::fs::read(folder.join("reference.json")).unwrap()).unwrap();
        let stored = std::fs::read(folder.join("reference.safetensors")).unwrap();
        let stored = SafeTensors::deserialize(&stored).unwrap();
        let values = stored.tensor("pixel_values").unwrap();
        let (values, _) = values.data().as_chunks::<4>();
        let pictures = reference["pictures"].as_array().unwrap();
        assert_eq!(pictures.len(), 7);
        for (picture, expected) in pictures.iter().zip(values.chunks(3 * side * side)) {
            let bytes = std::fs::read(fixtures().join(picture.as_str().unwrap())).unwrap();
            let planes = steps.planes(&decode(&bytes, &PictureLimits::default()).unwrap()).unwrap();
            assert_eq!(planes.values.len(), expected.len());
            let far = |(found, expected): (&f32, &[u8; 4])| (found - f32::from_le_bytes(*expected)).abs();
            let far = planes.values.iter().zip(expected).map(far).fold(0.0, f32::max);
            let lossy = reference["lossy_pictures"].as_array().unwrap().contains(picture);
            let most = 1e-6 + if lossy { 2.0 / 255.0 / deviation } else { 0.0 };
            assert!(far <= most, "{name}: {picture} is {far} away");
        }
    }
}

#[test]
fn pictures_of_any_shape_become_inputs() {
    for name in ["clip", "siglip", "mobileclip", "open-clip"] {
        let steps = steps(&fixtures().join(name), Kind::Clip, 224);
        for (width, height) in [(1, 1), (30_000, 1), (1, 30_000), (2, 9_000)] {
            let planes = steps.planes(&pattern(width, height)).unwrap();
            assert_eq!(Some((planes.width, planes.height)), steps.input_size());
            assert_eq!(planes.values.len(), 3 * planes.width * planes.height);
            assert!(planes.values.iter().all(|value| value.is_finite()), "{name}: {width} x {height}");
        }
        assert!(steps.planes(&Pixels { width: 3, height: 3, rgb: vec![0; 26] }).is_err());
        assert!(steps.planes(&Pixels { width: 0, height: 3, rgb: Vec::new() }).is_err());
    }
}

/// Settings as a model's file would hold them.
fn read(settings: &str) -> Result<Preprocess, super::ModelProblem> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("preprocessor_config.json"), settings).unwrap();
    Preprocess::read(&Directory::open(folder.path()).unwrap(), Kind::Clip, 10)
}

#[test]
fn small_pictures_are_put_in_the_middle_of_a_crop() {
    let steps = read(r#"{"do_resize": false, "do_rescale": false, "do_normalize": false, "crop_size": 4}"#).unwrap();
    let planes = steps.planes(&Pixels { width: 1, height: 3, rgb: vec![7; 9] }).unwrap();
    let red = [[0.0; 4], [0.0, 0.0, 7.0, 0.0], [0.0, 0.0, 7.0, 0.0], [0.0, 0.0, 7.0, 0.0]];
    assert_eq!(planes.values[..16], red.concat());
}

#[test]
fn settings_without_sense_are_refused_and_missing_ones_have_defaults() {
    for wrong in [
        r#"{"size": {"shortest_edge": 0}}"#,
        r#"{"size": {"shortest_edge": 9, "longest_edge": 20}}"#,
        r#"{"size": "big"}"#,
        r#"{"crop_size": {"height": 3}}"#,
        r#"{"resample": 9}"#,
        r#"{"image_std": [0.5, 0.0, 0.5]}"#,
    ] {
        assert!(read(wrong).is_err(), "{wrong}");
    }
    assert_eq!(read("{}").unwrap().input_size(), Some((10, 10)));
    let nowhere = tempfile::tempdir().unwrap();
    let nowhere = Directory::open(nowhere.path()).unwrap();
    for kind in [Kind::Clip, Kind::Siglip] {
        assert_eq!(Preprocess::read(&nowhere, kind, 16).unwrap().input_size(), Some((16, 16)));
    }
}
