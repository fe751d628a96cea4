//! Every family against its reference implementation: small models with random weights, made by
//! `tests/fixtures/checkpoints/make.py`, with the inputs and outputs of the reference beside them.

#![allow(clippy::unwrap_used, reason = "tests")]

mod copy;
mod errors;
mod gguf;
mod interleaved;
mod pictures;
mod text;
mod variants;

use super::Checkpoint;
use crate::encode::{Encoder, Input, Part, Role};
use serde_json::Value;
use std::path::PathBuf;

/// The folder of one fixture.
fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints").join(name)
}

/// A fixture: the model as this library opens it, and what the reference said.
struct Fixture {
    name: String,
    encoder: Checkpoint,
    reference: Value,
}

impl Fixture {
    fn open(name: &str) -> Self {
        let encoder = Checkpoint::from_dir(folder(name)).unwrap_or_else(|error| panic!("{error}"));
        let reference = std::fs::read(folder(name).join("reference.json")).unwrap();
        Self { name: name.to_owned(), encoder, reference: serde_json::from_slice(&reference).unwrap() }
    }

    /// A value of the reference, as the type that is wanted.
    fn get<T: serde::de::DeserializeOwned>(&self, pointer: &str) -> T {
        let found = self.reference.pointer(pointer).unwrap_or_else(|| panic!("{}: no {pointer}", self.name));
        serde_json::from_value(found.clone()).unwrap()
    }

    /// Vectors of the reference. One without a direction, of a text without tokens, is the first axis here.
    fn vectors(&self, pointer: &str) -> Vec<Vec<f32>> {
        let mut vectors: Vec<Vec<f32>> = self.get(pointer);
        for vector in vectors.iter_mut().filter(|vector| vector.iter().all(|value| *value == 0.0)) {
            vector[0] = 1.0;
        }
        vectors
    }

    fn texts(&self) -> Vec<String> {
        self.get("/texts")
    }

    /// Encodes texts, all in one call.
    fn encode(&self, role: Role, texts: &[String]) -> Vec<Vec<f32>> {
        let parts: Vec<Part<'_>> = texts.iter().map(|text| Part::Text(text)).collect();
        let inputs: Vec<Input<'_>> = parts.iter().map(|part| Input { parts: std::slice::from_ref(part) }).collect();
        self.encoder.encode(role, &inputs).unwrap().iter().map(<[f32]>::to_vec).collect()
    }
}

/// Holds vectors to those of the reference.
#[track_caller]
fn assert_close(what: &str, found: &[Vec<f32>], expected: &[Vec<f32>], most: f32) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (row, (found, expected)) in found.iter().zip(expected).enumerate() {
        assert_eq!(found.len(), expected.len(), "{what}: vector {row}");
        let far = found.iter().zip(expected).map(|(left, right)| (left - right).abs()).fold(0.0, f32::max);
        assert!(far <= most, "{what}: vector {row} is {far} away from the reference's, allowed {most}");
    }
}
