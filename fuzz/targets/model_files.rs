//! One file of a model directory changed at will: a typed error, or an encoder whose vectors are finite and of unit length.
//!
//! Byte 0 says which model, byte 1 which of its files, byte 2 how: replaced by the rest of the input, cut, or patched.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use uninote::encode::{Checkpoint, Encoder, Input, Part, Role};

/// Small models of the repository's tests, of different families and kinds of files.
const MODELS: &[&str] = &["bert", "bert-vocab-txt", "bert-dense", "qwen3-gguf", "static-mapped", "clip"];

struct Model {
    folder: PathBuf,
    /// Paths within the folder, and what belongs there.
    files: Vec<(PathBuf, Vec<u8>)>,
}

static COPIES: LazyLock<Vec<Model>> = LazyLock::new(|| {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/checkpoints");
    let place = std::env::temp_dir().join(format!("uninote-fuzz-{}", std::process::id()));
    MODELS.iter().map(|name| copy(&fixtures.join(name), &place.join(name))).collect()
});

fn copy(from: &Path, to: &Path) -> Model {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        std::fs::create_dir_all(to.join(&folder)).expect("a place for temporary files");
        for entry in std::fs::read_dir(from.join(&folder)).expect("the fixtures of the repository") {
            let entry = entry.expect("a readable folder");
            let path = folder.join(entry.file_name());
            if entry.path().is_dir() {
                folders.push(path);
            } else if !entry.file_name().to_string_lossy().starts_with("reference") {
                let bytes = std::fs::read(entry.path()).expect("a readable file");
                std::fs::write(to.join(&path), &bytes).expect("a place for temporary files");
                files.push((path, bytes));
            }
        }
    }
    files.sort();
    Model { folder: to.to_owned(), files }
}

fn changed(bytes: &[u8], how: u8, rest: &[u8]) -> Vec<u8> {
    match how % 3 {
        0 => rest.to_vec(),
        1 => {
            let at = rest.iter().take(3).fold(0, |at, byte| at << 8 | usize::from(*byte));
            bytes[..at % (bytes.len() + 1)].to_vec()
        }
        _ => {
            let mut bytes = bytes.to_vec();
            for patch in rest.chunks_exact(4) {
                let at = usize::from(patch[0]) << 16 | usize::from(patch[1]) << 8 | usize::from(patch[2]);
                let end = bytes.len().max(1);
                if let Some(byte) = bytes.get_mut(at % end) {
                    *byte = patch[3];
                }
            }
            bytes
        }
    }
}

fuzz_target!(|bytes: &[u8]| {
    let [model, file, how, rest @ ..] = bytes else { return };
    let model = &COPIES[usize::from(*model) % COPIES.len()];
    let (path, original) = &model.files[usize::from(*file) % model.files.len()];
    let place = model.folder.join(path);
    std::fs::write(&place, changed(original, *how, rest)).expect("a place for temporary files");
    match Checkpoint::from_dir(&model.folder) {
        Ok(encoder) => encode(&encoder),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    std::fs::write(&place, original).expect("a place for temporary files");
});

fn encode(encoder: &Checkpoint) {
    let parts = [Part::Text("a small text"), Part::Text("")];
    let inputs: Vec<Input<'_>> = parts.iter().map(|part| Input { parts: std::slice::from_ref(part) }).collect();
    // Weights may be any numbers, so the computation may fail; what comes must be what was promised.
    if let Ok(vectors) = encoder.encode(Role::Query, &inputs) {
        assert_eq!((vectors.len(), vectors.width()), (2, encoder.info().width));
        for row in vectors.iter() {
            let norm: f64 = row.iter().map(|value| f64::from(*value) * f64::from(*value)).sum();
            assert!((norm - 1.0).abs() < 1e-3, "a vector of squared length {norm}");
        }
    }
}
