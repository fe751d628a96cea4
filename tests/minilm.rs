//! A real checkpoint, all-MiniLM-L6-v2, against sentence-transformers on real texts.
//!
//! Runs where the variable `UNINOTE_MINILM` names the model's directory and the texts are there; prints a line where they are
//! not. `UNINOTE_MINILM_VECTORS` may name a file with whole reference vectors (`tests/fixtures/minilm/make.py --all`).

#![cfg(feature = "checkpoints")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]
#![expect(clippy::print_stderr, reason = "says what was not tested")]

use flate2::read::GzDecoder;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use uninote::encode::{Checkpoint, EncodeError, Input, ModelProblem, Part, Role, from_dir};
use uninote::{Index, IndexOptions, Note, SearchOptions};

const COUNT: usize = 1000;
/// Components of the vectors that are kept in the repository.
const COMPONENTS: usize = 16;

/// The model's directory, if this machine has one.
fn model() -> Option<PathBuf> {
    let model = std::env::var_os("UNINOTE_MINILM").map(PathBuf::from);
    if model.is_none() {
        eprintln!("UNINOTE_MINILM names no directory of all-MiniLM-L6-v2: not tested");
    }
    model
}

fn texts() -> Option<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/short-texts/texts.txt.gz");
    let Ok(file) = File::open(&path) else {
        eprintln!("{} is not there: not tested", path.display());
        return None;
    };
    Some(BufReader::new(GzDecoder::new(file)).lines().take(COUNT).map(Result::unwrap).collect())
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|value| f32::from_le_bytes(value.try_into().unwrap())).collect()
}

#[test]
fn a_thousand_real_texts_have_the_vectors_of_the_reference() {
    let (Some(model), Some(texts)) = (model(), texts()) else { return };
    let encoder = from_dir(model).unwrap();
    assert_eq!(encoder.info().width, 384);
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/minilm/vectors.f32");
    let whole = std::env::var_os("UNINOTE_MINILM_VECTORS").map(PathBuf::from);
    let reference = floats(&std::fs::read(whole.as_ref().unwrap_or(&own)).unwrap());
    let components = if whole.is_some() { encoder.info().width } else { COMPONENTS };
    assert_eq!(reference.len(), COUNT * components);
    let parts: Vec<Part<'_>> = texts.iter().map(|text| Part::Text(text)).collect();
    let inputs: Vec<Input<'_>> = parts.iter().map(|part| Input { parts: std::slice::from_ref(part) }).collect();
    let vectors = encoder.encode(Role::Document, &inputs).unwrap();
    let mut furthest = 0.0_f32;
    for (vector, expected) in vectors.iter().zip(reference.chunks_exact(components)) {
        let far = vector.iter().zip(expected).map(|(left, right)| (left - right).abs());
        furthest = far.fold(furthest, f32::max);
    }
    eprintln!("{COUNT} texts, {components} components each: at most {furthest:e} apart");
    assert!(furthest <= 1e-5, "{furthest}");
}

#[test]
fn an_index_works_with_a_real_checkpoint_and_refuses_to_open_without_it() {
    let Some(model) = model() else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("index");
    let encoder = from_dir(&model).unwrap();
    let index = Index::create_with(&place, IndexOptions::new().encoder(encoder)).unwrap();
    index.add(Note::new("soup").title("Tomato soup").text("Roast the tomatoes with garlic, then add stock.")).unwrap();
    index.add(Note::new("bike").title("Flat tyre").text("Find the hole in the tube, and patch it.")).unwrap();
    index.commit().unwrap();
    drop(index);
    let refused = Index::open(&place).unwrap_err().to_string();
    assert!(refused.contains("reencode"), "{refused}");
    let index = Index::open_with(&place, from_dir(&model).unwrap()).unwrap();
    let answer = index.search("repairing a bicycle", &SearchOptions::new().k(1)).unwrap();
    assert_eq!(answer.hits[0].id, "bike");
}

#[test]
fn weights_cut_short_are_a_damaged_file() {
    let Some(model) = model() else { return };
    let folder = tempfile::tempdir().unwrap();
    for file in ["config.json", "tokenizer.json"] {
        std::fs::copy(model.join(file), folder.path().join(file)).unwrap();
    }
    let weights = std::fs::read(model.join("model.safetensors")).unwrap();
    std::fs::write(folder.path().join("model.safetensors"), &weights[..weights.len() / 2]).unwrap();
    match Checkpoint::from_dir(folder.path()).unwrap_err() {
        EncodeError::Directory { problem: ModelProblem::Damaged { file, .. }, .. } => {
            assert_eq!(file, "model.safetensors");
        }
        other => panic!("{other}"),
    }
}
