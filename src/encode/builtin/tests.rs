//! The built-in encoder against a computation of its own, and against content it was not made for.

use super::*;
use crate::encode::encode_checked;
use crate::note::picture::decode;
use crate::vector::kernels::dot_f32;
use crate::vector::normalise;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_128;

/// Vectors computed by `tests/fixtures/builtin_reference.py` from the same weights.
const REFERENCE: &str = include_str!("../../../tests/fixtures/builtin_reference.json");

#[derive(Deserialize)]
struct Reference {
    texts: Vec<Text>,
    pictures: Vec<Seen>,
}

#[derive(Deserialize)]
struct Text {
    text: String,
    ids: Vec<u32>,
    leading: Vec<f32>,
}

#[derive(Deserialize)]
struct Seen {
    picture: String,
    leading: Vec<f32>,
}

fn reference() -> Reference {
    serde_json::from_str(REFERENCE).unwrap()
}

fn picture(name: &str) -> Pixels {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/notes/pictures").join(name);
    decode(&std::fs::read(path).unwrap(), &Default::default()).unwrap()
}

/// A picture of which every place has a level of its own.
fn slope(width: u32, height: u32) -> Pixels {
    let level = |at: u32, of: u32| (at * 255 / of.max(1)) as u8;
    let rgb = (0..height).flat_map(|y| (0..width).flat_map(move |x| [level(x, width), level(y, height), 128]));
    Pixels { width, height, rgb: rgb.collect() }
}

fn see(pictures: &[Pixels]) -> Vectors {
    let parts: Vec<[Part<'_>; 1]> = pictures.iter().map(|picture| [Part::Picture(picture)]).collect();
    let inputs: Vec<Input<'_>> = parts.iter().map(|parts| Input { parts }).collect();
    encode_checked(Builtin::shared().as_ref(), Role::Document, &inputs).unwrap()
}

fn encode(texts: &[&str]) -> Vectors {
    let parts: Vec<[Part<'_>; 1]> = texts.iter().map(|text| [Part::Text(text)]).collect();
    let inputs: Vec<Input<'_>> = parts.iter().map(|parts| Input { parts }).collect();
    encode_checked(Builtin::shared().as_ref(), Role::Document, &inputs).unwrap()
}

#[test]
fn tokens_and_vectors_are_those_of_the_reference() {
    let encoder = Builtin::shared();
    let cases = reference().texts;
    assert_eq!(cases.len(), 20);
    for Text { text, ids, leading } in cases {
        let mut tokens = Vec::new();
        encoder.table().unwrap().pieces.tokenise(&text, &mut tokens).unwrap();
        assert_eq!(tokens, ids, "{text:?}");
        let vectors = encode(&[&text]);
        for (found, expected) in vectors.row(0).iter().zip(leading) {
            assert!((found - expected).abs() < 1e-5, "{text:?}: {found} instead of {expected}");
        }
    }
}

#[test]
fn a_text_has_the_same_vector_in_any_batch() {
    let cases = reference().texts;
    let texts: Vec<&str> = cases.iter().map(|case| case.text.as_str()).collect();
    let together = encode(&texts);
    for (text, row) in texts.iter().zip(&together) {
        assert_eq!(encode(&[text]).row(0), row, "{text:?}");
    }
    assert_eq!(encode(&[]).len(), 0);
}

#[test]
fn odd_content_gets_unit_vectors() {
    let long = "ten megabytes of text, which is more than is read. ".repeat(200_000);
    let wide = "漢".repeat(100_000);
    let odd = ["", " \n\t", "🎉🎉🎉", "漢字かな交じり文", "\0", "a\0b", "\u{feff}\u{200b}", "\u{10ffff}", &long, &wide];
    let vectors = encode(&odd);
    assert_eq!(vectors.len(), odd.len());
    assert_eq!(vectors.row(0), vectors.row(1), "nothing is nothing, however it is spaced");
}

#[test]
fn meaning_outweighs_shared_words() {
    let vectors = encode(&["how to repair a bicycle", "fixing a bike", "how to bake a cake"]);
    let cosine = |left: usize, right: usize| dot_f32(vectors.row(left), vectors.row(right));
    assert!(cosine(0, 1) > cosine(0, 2), "{} and {}", cosine(0, 1), cosine(0, 2));
}

#[test]
fn pictures_have_the_vectors_of_the_reference() {
    let cases = reference().pictures;
    assert!(cases.len() > 3);
    for Seen { picture: name, leading } in cases {
        let vectors = see(&[picture(&name)]);
        for (found, expected) in vectors.row(0).iter().zip(leading) {
            assert!((found - expected).abs() < 1e-4, "{name}: {found} instead of {expected}");
        }
    }
}

#[test]
fn a_picture_has_the_same_vector_in_any_batch() {
    let pictures: Vec<Pixels> = ["bread.png", "fish.png", "house.png"].map(picture).into();
    let together = see(&pictures);
    for (picture, row) in pictures.iter().zip(&together) {
        assert_eq!(see(std::slice::from_ref(picture)).row(0), row);
    }
}

#[test]
fn odd_pictures_get_unit_vectors() {
    let one = Pixels { width: 1, height: 1, rgb: vec![0, 255, 0] };
    let grey = Pixels { width: 7, height: 5, rgb: vec![90; 105] };
    let pictures = [one, grey, slope(30_000, 2), slope(3, 20_000), slope(95, 97)];
    assert_eq!(see(&pictures).len(), 5);
    for (width, height) in [(100, 100), (0, 10)] {
        let short = Pixels { width, height, rgb: vec![0; 30] };
        let parts = [Part::Picture(&short)];
        let refused = Builtin::shared().encode(Role::Query, &[Input { parts: &parts }]).unwrap_err();
        assert!(matches!(refused, EncodeError::Failed { .. }), "{refused}");
    }
}

#[test]
fn a_picture_of_half_the_size_is_nearest_to_itself() {
    let names = ["bicycle.png", "fish.png", "guitar.png", "house.png", "bread.png", "tomato-plant.png"];
    let pictures: Vec<Pixels> = names.iter().map(|name| picture(name)).collect();
    let seen = see(&pictures);
    for (at, whole) in pictures.iter().enumerate() {
        let (width, height) = (whole.width / 2, whole.height / 2);
        let stride = whole.width as usize * 6;
        let rows = whole.rgb.chunks_exact(stride).take(height as usize);
        let half = rows.flat_map(|row| row.chunks_exact(6).take(width as usize).flat_map(|pair| pair[..3].to_vec()));
        let again = see(&[Pixels { width, height, rgb: half.collect() }]);
        let nearest = (0..names.len()).max_by(|left, right| {
            let cosine = |other: &usize| dot_f32(again.row(0), seen.row(*other));
            cosine(left).total_cmp(&cosine(right))
        });
        assert_eq!(nearest, Some(at), "{}", names[at]);
    }
}

#[test]
fn text_and_picture_of_one_input_weigh_alike() {
    let fish = picture("fish.png");
    let parts = [Part::Text("an orange fish"), Part::Picture(&fish)];
    let both = encode_checked(Builtin::shared().as_ref(), Role::Query, &[Input { parts: &parts }]).unwrap();
    let (said, seen) = (encode(&["an orange fish"]), see(&[fish]));
    let mut mean: Vec<f32> = said.row(0).iter().zip(seen.row(0)).map(|(said, seen)| said + seen).collect();
    normalise(&mut mean).unwrap();
    assert!(dot_f32(&mean, both.row(0)) > 0.999_99);
}

#[test]
fn the_weights_are_small_and_named_by_their_content() {
    let parts = [table::WEIGHTS, table::VOCABULARY.as_bytes(), picture::WEIGHTS];
    assert!(parts.iter().map(|part| part.len()).sum::<usize>() < 8_500_000);
    assert!(picture::WEIGHTS.len() < 3_500_000);
    let info = &Builtin::shared().info;
    assert_eq!((info.width, info.prefixes.last()), (WIDTH, Some(&WIDTH)));
    let hash = parts.iter().fold(0, |hash, part| hash ^ xxh3_128(part));
    assert_eq!(
        info.fingerprint,
        format!("{NAME}-{hash:032x}"),
        "other weights need another fingerprint: write it down"
    );
}
