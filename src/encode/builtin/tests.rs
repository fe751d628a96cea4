//! The built-in encoder against a computation of its own, and against content it was not made for.

use super::*;
use crate::encode::encode_checked;
use serde::Deserialize;
use xxhash_rust::xxh3::xxh3_128;

/// Vectors computed by `tests/fixtures/builtin_reference.py` from the same weights.
const REFERENCE: &str = include_str!("../../../tests/fixtures/builtin_reference.json");

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
    leading: Vec<f32>,
}

fn reference() -> Vec<Case> {
    serde_json::from_str(REFERENCE).unwrap()
}

fn encode(texts: &[&str]) -> Vectors {
    let parts: Vec<[Part<'_>; 1]> = texts.iter().map(|text| [Part::Text(text)]).collect();
    let inputs: Vec<Input<'_>> = parts.iter().map(|parts| Input { parts }).collect();
    encode_checked(Builtin::shared().as_ref(), Role::Document, &inputs).unwrap()
}

#[test]
fn tokens_and_vectors_are_those_of_the_reference() {
    let encoder = Builtin::shared();
    let cases = reference();
    assert_eq!(cases.len(), 20);
    for Case { text, ids, leading } in cases {
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
    let cases = reference();
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
    let cosine = |left: usize, right: usize| crate::vector::kernels::dot_f32(vectors.row(left), vectors.row(right));
    assert!(cosine(0, 1) > cosine(0, 2), "{} and {}", cosine(0, 1), cosine(0, 2));
}

#[test]
fn pictures_are_refused_by_name() {
    let pixels = crate::note::picture::decode(
        include_bytes!("../../../examples/notes/pictures/bicycle.png"),
        &Default::default(),
    );
    let parts = [Part::Picture(&pixels.unwrap())];
    let refused = Builtin::shared().encode(Role::Query, &[Input { parts: &parts }]).unwrap_err();
    assert!(matches!(refused, EncodeError::Unsupported { modality: "pictures", .. }), "{refused}");
}

#[test]
fn the_weights_are_small_and_named_by_their_content() {
    assert!(WEIGHTS.len() + VOCABULARY.len() < 8_500_000);
    let info = &Builtin::shared().info;
    assert_eq!((info.width, info.prefixes.last()), (WIDTH, Some(&WIDTH)));
    let hash = xxh3_128(WEIGHTS) ^ xxh3_128(VOCABULARY.as_bytes());
    assert_eq!(
        info.fingerprint,
        format!("{NAME}-{hash:032x}"),
        "other weights need another fingerprint: write it down"
    );
}
