//! Directories that cannot be used: each says which file and what to do, and nothing panics or asks for absurd memory.

use super::copy::{Copy, Tensors, encode};
use crate::encode::EncodeError;
use crate::encode::checkpoint::{Checkpoint, ModelProblem};
use safetensors::Dtype;
use serde_json::json;

/// Opens a copy of the BERT fixture after a change.
#[track_caller]
fn broken(change: impl FnOnce(&Copy)) -> (ModelProblem, String) {
    let copy = Copy::of("bert");
    change(&copy);
    copy.refused()
}

/// Which file is missing.
#[track_caller]
fn missing(change: impl FnOnce(&Copy)) -> String {
    match broken(change) {
        (ModelProblem::Missing { file, .. }, _) => file,
        (other, _) => panic!("{other:?}"),
    }
}

/// Which file is damaged.
#[track_caller]
fn damaged(change: impl FnOnce(&Copy)) -> String {
    match broken(change) {
        (ModelProblem::Damaged { file, .. }, message) => {
            assert!(message.contains("fetch the model again"), "{message}");
            file
        }
        (other, _) => panic!("{other:?}"),
    }
}

#[test]
fn what_is_not_there_is_named() {
    let nowhere = Copy::of("bert").path("nowhere");
    let error = Checkpoint::from_dir(nowhere).expect_err("it opened").to_string();
    assert!(error.contains("name the directory that holds"), "{error}");
    assert_eq!(missing(|copy| copy.remove("config.json")), "config.json");
    assert_eq!(missing(|copy| copy.remove("model.safetensors")), "model.safetensors");
    let no_tokenizer = |copy: &Copy| ["tokenizer.json", "vocab.txt"].into_iter().for_each(|file| copy.remove(file));
    assert_eq!(missing(no_tokenizer), "tokenizer.json");
    assert_eq!(missing(|copy| copy.remove("1_Pooling/config.json")), "1_Pooling/config.json");
    let index = json!({ "weight_map": { "embeddings.word_embeddings.weight": "model-1.safetensors" } }).to_string();
    let lost_shard = |copy: &Copy| {
        copy.remove("model.safetensors");
        copy.write("model.safetensors.index.json", index);
    };
    assert_eq!(missing(lost_shard), "model-1.safetensors");
}

#[test]
fn pickled_weights_are_refused() {
    for file in ["pytorch_model.bin", "model.pt", "weights.ckpt"] {
        let (problem, message) = broken(|copy| {
            copy.remove("model.safetensors");
            copy.write(file, b"\x80\x02}q\x00.");
        });
        assert_eq!(problem, ModelProblem::Pickle { file: file.to_owned() });
        assert!(message.contains("safe_serialization=True"), "{message}");
    }
}

#[test]
fn what_is_not_supported_is_told_what_is() {
    let (_, message) = broken(|copy| copy.set("model_type", &json!("t5")));
    assert!(message.contains("\"t5\""), "{message}");
    for family in ["bert", "distilbert", "roberta", "xlm-roberta", "mpnet", "modernbert", "nomic_bert", "model2vec"] {
        assert!(message.contains(family), "{family}: {message}");
    }
    let supported = |change: &dyn Fn(&Copy)| match broken(change) {
        (ModelProblem::Unsupported { supported, .. }, _) => supported,
        (other, _) => panic!("{other:?}"),
    };
    assert!(supported(&|copy| copy.set("model_type", &json!(null))).contains("bert"));
    assert!(supported(&|copy| copy.set("hidden_act", &json!("laplace"))).contains("gelu"));
    assert_eq!(supported(&|copy| copy.set("position_embedding_type", &json!("relative_key"))), "absolute");
    let pooling = |copy: &Copy| copy.write("1_Pooling/config.json", r#"{"pooling_mode": "attention"}"#);
    assert!(supported(&pooling).contains("mean"));
    let module = json!([{ "path": "1_LSTM", "type": "sentence_transformers.models.LSTM" }]).to_string();
    assert!(supported(&|copy| copy.write("modules.json", &module)).contains("Pooling"));
    let integers = |copy: &Copy| copy.retensor(|tensors| retype(tensors, "embeddings.LayerNorm.weight", Dtype::I8));
    assert!(supported(&integers).contains("F16"));
}

/// Gives a tensor another type and as many zeros.
fn retype(tensors: &mut Tensors, name: &str, dtype: Dtype) {
    let (found, _, bytes) = tensors.get_mut(name).unwrap();
    *found = dtype;
    bytes.truncate(bytes.len() / 4);
}

#[test]
fn files_that_are_not_what_they_should_be_are_named() {
    for file in ["config.json", "tokenizer.json", "modules.json", "sentence_bert_config.json", "1_Pooling/config.json"]
    {
        assert_eq!(damaged(|copy| copy.write(file, b"{\"a\": [1, 2")), file);
        assert_eq!(damaged(|copy| copy.write(file, b"\xff\xfe garbage")), file);
        assert_eq!(damaged(|copy| copy.write(file, b"")), file);
    }
    assert_eq!(damaged(|copy| copy.write("tokenizer_config.json", b"[]]")), "tokenizer_config.json");
    assert_eq!(damaged(|copy| copy.set("hidden_size", &json!("many"))), "config.json");
    assert_eq!(damaged(|copy| copy.set("hidden_size", &json!(-1))), "config.json");
    assert_eq!(damaged(|copy| copy.set("vocab_size", &json!(null))), "config.json");
    let words_without_ends = |copy: &Copy| {
        copy.remove("tokenizer.json");
        copy.write("vocab.txt", "one\ntwo\n[UNK]\n");
    };
    assert_eq!(damaged(words_without_ends), "vocab.txt");
}

#[test]
fn safetensors_files_are_held_to_their_headers() {
    const FILE: &str = "model.safetensors";
    let whole = Copy::of("bert").bytes(FILE);
    for length in [0, 4, 8, 100, whole.len() / 2, whole.len() - 1] {
        assert_eq!(damaged(|copy| copy.write(FILE, &whole[..length])), FILE, "cut to {length} bytes");
    }
    for claimed in [u64::MAX, u64::MAX - 8, 1 << 40, whole.len() as u64 + 1] {
        let mut bytes = whole.clone();
        bytes[..8].copy_from_slice(&claimed.to_le_bytes());
        assert_eq!(damaged(|copy| copy.write(FILE, &bytes)), FILE, "a header of {claimed} bytes");
    }
    for shape in ["[18446744073709551615, 18446744073709551615]", "[1000000000, 1000000000]", "[0]", "[2, 2]"] {
        let header = format!(r#"{{"a": {{"dtype": "F32", "shape": {shape}, "data_offsets": [0, 8]}}}}"#);
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend_from_slice(header.as_bytes());
        bytes.extend_from_slice(&[0; 8]);
        assert_eq!(damaged(|copy| copy.write(FILE, &bytes)), FILE, "shape {shape}");
    }
}

#[test]
fn nothing_outside_the_directory_is_read() {
    const INDEX: &str = "model.safetensors.index.json";
    for outside in ["../x", "../model.safetensors", "/etc/passwd", "..", "a/b.safetensors", "..\\x"] {
        let shard = |copy: &Copy| {
            copy.remove("model.safetensors");
            copy.write(INDEX, json!({ "weight_map": { "a": outside } }).to_string());
        };
        assert_eq!(damaged(shard), INDEX, "{outside}");
    }
    for outside in ["../1_Pooling", "/1_Pooling", "a/../.."] {
        let module = json!([{ "path": outside, "type": "sentence_transformers.models.Pooling" }]).to_string();
        assert_eq!(damaged(|copy| copy.write("modules.json", &module)), "modules.json", "{outside}");
    }
}

#[test]
fn weights_that_are_not_finite_fail_when_they_are_used() {
    for value in [f32::INFINITY, f32::NAN] {
        let copy = Copy::of("bert");
        copy.retensor(|tensors| {
            let bytes = &mut tensors.get_mut("encoder.layer.1.output.LayerNorm.weight").unwrap().2;
            bytes[..4].copy_from_slice(&value.to_le_bytes());
        });
        let failed = encode(&copy.open(), "a soup");
        assert!(matches!(&failed, Err(EncodeError::Failed { why, .. }) if why.contains("not finite")), "{failed:?}");
    }
}

#[test]
fn tensors_are_held_to_the_configuration() {
    const NAME: &str = "encoder.layer.1.attention.self.key.weight";
    let (problem, message) = broken(|copy| copy.retensor(|tensors| drop(tensors.remove(NAME))));
    assert_eq!(problem, ModelProblem::NoTensor { name: NAME.to_owned() });
    assert!(message.contains("do not belong to this config.json"), "{message}");
    let flat = |tensors: &mut Tensors| tensors.get_mut(NAME).unwrap().1 = vec![16, 64];
    let (problem, _) = broken(|copy| copy.retensor(flat));
    let shape = ModelProblem::Shape { name: NAME.to_owned(), expected: vec![32, 32], found: vec![16, 64] };
    assert_eq!(problem, shape);
    let (problem, _) = broken(|copy| copy.retensor(|tensors| drop(tensors.remove("embeddings.LayerNorm.bias"))));
    assert!(matches!(problem, ModelProblem::NoTensor { .. }), "{problem:?}");
    let (problem, _) =
        broken(|copy| copy.retensor(|tensors| drop(tensors.remove("encoder.layer.0.output.dense.bias"))));
    assert!(matches!(problem, ModelProblem::NoTensor { .. }), "{problem:?}");
}

#[test]
fn sizes_are_held_to_reason() {
    const SIZES: [&str; 7] = [
        "vocab_size",
        "hidden_size",
        "num_hidden_layers",
        "num_attention_heads",
        "intermediate_size",
        "max_position_embeddings",
        "type_vocab_size",
    ];
    for name in SIZES {
        for size in [0_u64, 1 << 40, u64::MAX] {
            let (problem, message) = broken(|copy| copy.set(name, &json!(size)));
            let named = matches!(&problem, ModelProblem::Setting { file, setting, .. } if file == "config.json" && *setting == name);
            assert!(named, "{name} {size}: {problem:?}");
            assert!(message.contains(&size.to_string()), "{message}");
        }
        // Large, but not absurd: the tensors do not fit, and nothing is set aside for them first.
        let (problem, _) = broken(|copy| copy.set(name, &json!(16_000_000)));
        let held = matches!(
            problem,
            ModelProblem::Shape { .. } | ModelProblem::NoTensor { .. } | ModelProblem::Setting { .. }
        );
        assert!(held, "{name}: {problem:?}");
    }
    let (problem, message) = broken(|copy| copy.set("num_attention_heads", &json!(5)));
    assert!(matches!(problem, ModelProblem::Setting { .. }), "{problem:?}");
    assert!(message.contains("divisor"), "{message}");
    for limit in [0, 1, 2] {
        let short =
            |copy: &Copy| copy.edit("sentence_bert_config.json", |config| config["max_seq_length"] = json!(limit));
        let (problem, message) = broken(short);
        assert!(matches!(problem, ModelProblem::Setting { .. }), "{problem:?}");
        assert!(message.contains("special tokens"), "{message}");
    }
}

#[test]
fn a_token_beyond_the_table_fails_the_batch_and_says_why() {
    let copy = Copy::of("bert");
    copy.edit("tokenizer.json", |tokenizer| {
        let words = tokenizer["model"]["vocab"].as_object_mut().unwrap();
        words.insert("moon".to_owned(), json!(5_000));
    });
    match encode(&copy.open(), "the moon") {
        Err(EncodeError::Failed { why, .. }) => {
            assert!(why.contains("token 5000") && why.contains("do not belong together"), "{why}");
        }
        other => panic!("{other:?}"),
    }
}
