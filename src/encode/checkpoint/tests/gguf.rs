//! GGUF files: the same vectors as from safetensors as far as the blocks allow, and typed errors for whatever else is in them.

use super::super::{Checkpoint, ModelProblem, gguf};
use super::text::check_within;
use super::{assert_close, folder};
use crate::encode::{EncodeError, Encoder, Input, Part, Role};
use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use std::fs::{copy, read, write};
use std::path::Path;

const FILE: &str = "model-Q8_0.gguf";

/// A copy of a fixture without some of its files.
fn copied(name: &str, without: &[&str]) -> tempfile::TempDir {
    fn copy_all(from: &Path, to: &Path, without: &[&str]) {
        for entry in from.read_dir().unwrap().map(Result::unwrap) {
            let name = entry.file_name().into_string().unwrap();
            if entry.path().is_dir() {
                std::fs::create_dir(to.join(&name)).unwrap();
                copy_all(&entry.path(), &to.join(&name), &[]);
            } else if !without.contains(&name.as_str()) {
                copy(entry.path(), to.join(&name)).unwrap();
            }
        }
    }
    let to = tempfile::tempdir().unwrap();
    copy_all(&folder(name), to.path(), without);
    to
}

fn problem(directory: &Path) -> ModelProblem {
    match Checkpoint::from_dir(directory) {
        Err(EncodeError::Directory { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn qwen3_in_blocks() {
    check_within("qwen3-gguf", "/tolerance_activations");
}

/// The name that llama.cpp's converter gives to a tensor of Gemma 3.
fn converted(name: &str) -> String {
    let pieces = [
        ("embed_tokens", "token_embd"),
        ("layers.", "blk."),
        ("input_layernorm", "attn_norm"),
        ("pre_feedforward_layernorm", "ffn_norm"),
        ("post_feedforward_layernorm", "post_ffw_norm"),
        ("post_attention_layernorm", "post_attention_norm"),
        ("self_attn.o_proj", "attn_output"),
        ("self_attn.", "attn_"),
        ("mlp.", "ffn_"),
        ("_proj", ""),
    ];
    let name = if name == "norm.weight" { "output_norm.weight" } else { name };
    pieces.iter().fold(name.to_owned(), |name, (from, to)| name.replace(from, to))
}

#[test]
fn gemma_from_either_kind_of_file_is_the_same() {
    let copy = copied("embeddinggemma", &["model.safetensors"]);
    let tensors = candle_core::safetensors::load(folder("embeddinggemma").join("model.safetensors"), &Device::Cpu);
    let stored = tensors.unwrap().into_iter().map(|(name, tensor): (String, Tensor)| {
        let whole = if name.ends_with("norm.weight") { (tensor + 1.0).unwrap() } else { tensor };
        (converted(&name), QTensor::quantize(&whole, GgmlDType::F32).unwrap())
    });
    let stored: Vec<(String, QTensor)> = stored.collect();
    let stored: Vec<(&str, &QTensor)> = stored.iter().map(|(name, tensor)| (name.as_str(), tensor)).collect();
    let metadata = [("general.architecture", &Value::String("gemma-embedding".to_owned()))];
    let mut file = std::fs::File::create(copy.path().join("model.gguf")).unwrap();
    gguf_file::write(&mut file, &metadata, &stored).unwrap();
    drop(file);
    let parts = [Part::Text("A recipe for tomato soup with garlic and basil, and a note from his neighbour")];
    let encode = |directory: &Path| {
        let encoder = Checkpoint::from_dir(directory).unwrap_or_else(|error| panic!("{error}"));
        let vectors = encoder.encode(Role::Document, &[Input { parts: &parts }]).unwrap();
        vectors.iter().map(<[f32]>::to_vec).collect::<Vec<_>>()
    };
    assert_close("gemma", &encode(copy.path()), &encode(&folder("embeddinggemma")), 1e-5);
}

#[test]
fn weights_alone_are_refused_with_the_remedy() {
    for file in ["config.json", "tokenizer.json"] {
        let problem = problem(copied("qwen3-gguf", &[file]).path());
        assert!(matches!(&problem, ModelProblem::Missing { file: missing, .. } if missing == file), "{problem}");
        assert!(problem.to_string().contains("beside it"), "{problem}");
    }
    let two = copied("qwen3-gguf", &[]);
    copy(two.path().join(FILE), two.path().join("model-Q4_0.gguf")).unwrap();
    assert!(matches!(problem(two.path()), ModelProblem::Unsupported { .. }));
}

#[test]
fn a_file_that_is_named_is_the_one_that_is_read() {
    let several = copied("qwen3-gguf", &[]);
    copy(several.path().join(FILE), several.path().join("model-Q4_0.gguf")).unwrap();
    write(several.path().join("model.safetensors"), b"not looked at").unwrap();
    let part = [Part::Text("A recipe for tomato soup")];
    let encode = |path: &Path| {
        let encoder = Checkpoint::from_dir(path).unwrap_or_else(|error| panic!("{error}"));
        let vectors = encoder.encode(Role::Document, &[Input { parts: &part }]).unwrap();
        (encoder.info().clone(), vectors.iter().flatten().copied().collect::<Vec<f32>>())
    };
    let (alone, expected) = encode(&folder("qwen3-gguf"));
    let (info, found) = encode(&several.path().join("1_Pooling/..").join(FILE));
    assert_eq!((found, &info.fingerprint), (expected, &alone.fingerprint));
    assert_eq!(Path::new(&info.location), several.path().canonicalize().unwrap().join(FILE));
    assert_eq!(encode(Path::new(&info.location)).0, info);
    assert!(matches!(problem(&several.path().join("config.json")), ModelProblem::Missing { .. }));
}

#[test]
fn a_file_cut_short_or_of_another_kind_is_refused() {
    let copy = copied("qwen3-gguf", &[]);
    let whole = read(copy.path().join(FILE)).unwrap();
    for length in [0, 3, 23, 24, 200, whole.len() / 2, whole.len() - 64] {
        write(copy.path().join(FILE), &whole[..length]).unwrap();
        assert!(matches!(problem(copy.path()), ModelProblem::Damaged { .. }), "{length}");
    }
    write(copy.path().join(FILE), vec![0x5a; 4096]).unwrap();
    assert!(matches!(problem(copy.path()), ModelProblem::Damaged { .. }));
    let mut other = whole;
    other[4] = 9;
    write(copy.path().join(FILE), other).unwrap();
    assert!(matches!(problem(copy.path()), ModelProblem::Unsupported { .. }));
}

#[test]
fn no_header_reaches_past_its_file() {
    let whole = read(folder("qwen3-gguf").join(FILE)).unwrap();
    let names = whole.windows(7).position(|window| window == b"blk.0.a").unwrap();
    let first = gguf::header(FILE, &whole).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(first.tensors.len(), 24);
    for at in (0..64).chain(names..names + 600) {
        for value in [0x00, 0x01, 0x7f, 0xff] {
            let mut bytes = whole.clone();
            bytes[at] = value;
            if let Ok(header) = gguf::header(FILE, &bytes) {
                assert!(header.tensors.iter().all(|entry| entry.range.end <= bytes.len()), "{at} {value}");
            }
        }
    }
}
