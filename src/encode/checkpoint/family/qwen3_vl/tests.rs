//! Patches against those of the reference, sizes against its rule, and what happens to inputs that are too long.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::super::super::directory::{Directory, Fingerprint};
use super::picture::{Grid, Patcher};
use super::prompt::{Template, places};
use crate::encode::Part;
use crate::note::picture::decode;
use crate::note::{PictureLimits, Pixels};
use safetensors::SafeTensors;
use std::path::PathBuf;

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints")
}

fn patcher() -> Patcher {
    Patcher::read(&Directory::open(&fixtures().join("qwen3-vl")).unwrap(), 4, 2).unwrap()
}

#[test]
fn patches_are_those_of_the_reference_in_every_frame() {
    let stored = std::fs::read(fixtures().join("qwen3-vl/reference.safetensors")).unwrap();
    let stored = SafeTensors::deserialize(&stored).unwrap();
    let reference: serde_json::Value =
        serde_json::from_slice(&std::fs::read(fixtures().join("qwen3-vl/reference.json")).unwrap()).unwrap();
    for name in ["alpha.png", "strip.png", "tall.png", "tiny.png"] {
        let picture = std::fs::read(fixtures().join("pictures").join(name)).unwrap();
        let found = patcher().patches(&decode(&picture, &PictureLimits::default()).unwrap()).unwrap();
        let grid = &reference["picture_grids"][format!("pictures/{name}")];
        assert_eq!(
            (grid[1].as_u64(), grid[2].as_u64()),
            (Some(found.grid.rows as u64), Some(found.grid.columns as u64))
        );
        let expected = stored.tensor(name).unwrap();
        let expected: Vec<f32> =
            expected.data().as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        assert_eq!(expected.len(), found.values.len() * 2, "{name}");
        // Each channel of a patch: sixteen pixels in each of two frames.
        for (found, expected) in found.values.chunks(16).zip(expected.chunks(32)) {
            for frame in expected.chunks(16) {
                let far = found.iter().zip(frame).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max);
                assert!(far <= 1.0 / 255.0, "{name}: {far}");
            }
        }
    }
}

#[test]
fn pictures_of_any_shape_have_patches() {
    for (width, height) in [(1, 1), (20_000, 1), (1, 20_000), (3, 500), (3000, 2000)] {
        let picture = Pixels { width, height, rgb: vec![90; (3 * width * height) as usize] };
        let found = patcher().patches(&picture).unwrap();
        assert_eq!(found.values.len(), found.grid.rows * found.grid.columns * 48, "{width} x {height}");
        assert_eq!(found.grid, patcher().grid(&picture), "{width} x {height}");
        assert!((8..=80).contains(&found.grid.tokens()), "{width} x {height}: {}", found.grid.tokens());
    }
}

#[test]
fn inputs_are_cut_between_pictures_and_places_follow() {
    let directory = Directory::open(&fixtures().join("qwen3-vl")).unwrap();
    let template = Template::load(&directory, 96, &mut Fingerprint::new(0)).unwrap();
    let picture = Pixels { width: 8, height: 8, rgb: vec![0; 192] };
    let grid = Grid { rows: 8, columns: 12, merge: 2 };
    let parts = [Part::Picture(&picture), Part::Text("<|image_pad|>"), Part::Picture(&picture), Part::Text("end")];
    let cut = template.sequence("", &parts, &[grid; 2]).unwrap();
    // The text that looks like a picture is none, and half of the second picture would be one too many.
    assert_eq!(cut.pictures.len(), 1);
    let (tokens, number) = cut.pictures[0].clone();
    assert_eq!((tokens.len(), number), (24, 0));
    let pad = cut.ids[tokens.start];
    assert_eq!(cut.ids.iter().filter(|id| **id == pad).count(), 24);
    let short = template.sequence("", &parts[3..], &[]).unwrap();
    assert_eq!(cut.ids[cut.ids.len() - 8..], short.ids[short.ids.len() - 8..]);
    let places = places(&cut, &[grid; 2]);
    assert_eq!(places.len(), cut.ids.len());
    let start = tokens.start as u32;
    assert_eq!(places[tokens.start + 13], [start, start + 2, start + 1]);
    assert_eq!(places[tokens.end], [start + 6; 3]);
}
