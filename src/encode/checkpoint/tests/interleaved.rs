//! A model that reads texts and pictures in one input, alone and in a batch.

use super::copy::Copy;
use super::{Fixture, assert_close, folder};
use crate::encode::{Encoder, Fusion, Input, Modalities, Part, Role};
use crate::note::picture::decode;
use crate::note::{PictureLimits, Pixels};
use serde_json::Value;

/// One case of the reference.
struct Case {
    role: Role,
    parts: Vec<Piece>,
    vector: Vec<f32>,
    ids: Vec<u32>,
}

enum Piece {
    Text(String),
    Picture(Pixels),
}

impl Piece {
    fn part(&self) -> Part<'_> {
        match self {
            Self::Text(text) => Part::Text(text),
            Self::Picture(pixels) => Part::Picture(pixels),
        }
    }
}

fn piece(part: &Value) -> Piece {
    if let Some(text) = part["text"].as_str() {
        return Piece::Text(text.to_owned());
    }
    let bytes = std::fs::read(folder(part["picture"].as_str().unwrap())).unwrap();
    Piece::Picture(decode(&bytes, &PictureLimits::default()).unwrap())
}

fn case(case: &Value) -> Case {
    Case {
        role: if case["role"] == "query" { Role::Query } else { Role::Document },
        parts: case["parts"].as_array().unwrap().iter().map(piece).collect(),
        vector: serde_json::from_value(case["vector"].clone()).unwrap(),
        ids: serde_json::from_value(case["ids"].clone()).unwrap(),
    }
}

#[test]
fn pictures_are_shared_out_by_their_sizes() {
    let copy = Copy::of("qwen3-vl");
    copy.edit("preprocessor_config.json", |settings| settings["size"]["longest_edge"] = 8000.into());
    let encoder = copy.open();
    let pixels = |side: u32| Pixels { width: side, height: side, rgb: vec![90; (3 * side * side) as usize] };
    let (small, large) = (pixels(24), pixels(600));
    let cost = |picture| encoder.model.cost(&Input { parts: &[Part::Picture(picture)] });
    assert!(cost(&small) < 16 && cost(&large) > 64, "{} {}", cost(&small), cost(&large));
    let part = [Part::Picture(&large)];
    let inputs = [Input { parts: &part }; 90];
    for unit in encoder.units(&inputs) {
        assert!(unit.len() * cost(&large) <= super::super::UNIT_TOKENS, "{} pictures", unit.len());
    }
}

#[test]
fn qwen3_vl() {
    let fixture = Fixture::open("qwen3-vl");
    let info = fixture.encoder.info();
    assert_eq!((info.width, info.fusion), (fixture.get("/width"), Fusion::Interleaved));
    assert_eq!(info.modalities, Modalities::TEXT_AND_PICTURE);
    let cases: Vec<Case> = fixture.get::<Vec<Value>>("/cases").iter().map(case).collect();
    assert_eq!(cases.len(), 11);
    for role in [Role::Query, Role::Document] {
        let own: Vec<&Case> = cases.iter().filter(|case| case.role == role).collect();
        let parts: Vec<Vec<Part<'_>>> = own.iter().map(|case| case.parts.iter().map(Piece::part).collect()).collect();
        let inputs: Vec<Input<'_>> = parts.iter().map(|parts| Input { parts }).collect();
        let together = fixture.encoder.encode(role, &inputs).unwrap();
        for ((case, input), found) in own.iter().zip(&inputs).zip(together.iter()) {
            let alone = fixture.encoder.encode(role, std::slice::from_ref(input)).unwrap();
            let (found, alone) = ([found.to_vec()], [alone.iter().next().unwrap().to_vec()]);
            assert_close("alone and together", &alone, &found, 1e-6);
            let most = if case.parts.iter().any(|piece| matches!(piece, Piece::Picture(_))) {
                "/tolerance_pictures"
            } else {
                "/tolerance"
            };
            assert_close("with the reference", &found, std::slice::from_ref(&case.vector), fixture.get(most));
            if let (Role::Document, [Piece::Text(text)]) = (role, case.parts.as_slice()) {
                assert_eq!(fixture.encoder.model.ids(text).unwrap(), case.ids);
            }
        }
    }
}
