//! Encoders from model directories against their reference implementations.

#![cfg(feature = "checkpoints")]
#![allow(clippy::unwrap_used, reason = "tests")]

use uninote::encode::{Input, Part, Role, from_dir};

#[test]
fn quick() {
    let reference: serde_json::Value = serde_json::from_slice(&std::fs::read("/tmp/ref.json").unwrap()).unwrap();
    let encoder = from_dir(std::env::var("UNINOTE_TEST_MODEL").unwrap()).unwrap();
    println!("{:?}", encoder.info());
    let texts: Vec<String> = serde_json::from_value(reference["t"].clone()).unwrap();
    let vectors: Vec<Vec<f32>> = serde_json::from_value(reference["v"].clone()).unwrap();
    let parts: Vec<Part<'_>> = texts.iter().map(|text| Part::Text(text)).collect();
    let inputs: Vec<Input<'_>> = parts.iter().map(|part| Input { parts: std::slice::from_ref(part) }).collect();
    let out = encoder.encode(Role::Document, &inputs).unwrap();
    for (a, b) in out.iter().zip(&vectors) {
        println!("{}", a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max));
    }
}
