//! The same model under other names, in another precision, or with other settings.

use super::assert_close;
use super::copy::{Copy, Tensors, encode};
use crate::encode::checkpoint::ModelProblem;
use safetensors::Dtype;
use serde_json::json;

const TEXT: &str = "A recipe for tomato soup with garlic and basil.";

/// Puts something before all names.
fn prefix(tensors: &mut Tensors, prefix: &str) {
    *tensors = std::mem::take(tensors).into_iter().map(|(name, tensor)| (format!("{prefix}{name}"), tensor)).collect();
}

#[test]
fn weights_with_a_head_beside_them_have_names_within_the_model() {
    for (name, before) in [
        ("distilbert", "distilbert."),
        ("roberta", "roberta."),
        ("xlm-roberta", "roberta."),
        ("mpnet", "mpnet."),
        ("modernbert", "model."),
        ("nomic-bert", "bert."),
    ] {
        let copy = Copy::of(name);
        let plain = encode(&copy.open(), TEXT).unwrap();
        copy.retensor(|tensors| prefix(tensors, before));
        assert_eq!(encode(&copy.open(), TEXT).unwrap(), plain, "{name}");
    }
}

#[test]
fn a_model_in_the_folder_of_its_module() {
    let copy = Copy::of("bert-dense");
    let (plain, limit) = (encode(&copy.open(), TEXT).unwrap(), copy.open().model.limit());
    copy.edit("modules.json", |modules| modules[0]["path"] = json!("0_Transformer"));
    assert!(matches!(copy.refused().0, ModelProblem::Missing { file, .. } if file.ends_with("0_Transformer")));
    copy.move_into("0_Transformer");
    let inner = copy.open();
    assert_eq!((encode(&inner, TEXT).unwrap(), inner.model.limit()), (plain, limit));

    let copy = Copy::of("clip");
    let plain = encode(&copy.open(), TEXT).unwrap();
    let module = json!([{ "path": "0_CLIPModel", "type": "sentence_transformers.models.CLIPModel" }]);
    copy.write("modules.json", module.to_string());
    copy.move_into("0_CLIPModel");
    assert_eq!(encode(&copy.open(), TEXT).unwrap(), plain);
}

#[test]
fn the_longest_input_under_the_names_of_older_models() {
    let copy = Copy::of("roberta");
    copy.remove("sentence_bert_config.json");
    let without = copy.open().model.limit();
    copy.write("sentence_roberta_config.json", json!({ "max_seq_length": 9 }).to_string());
    assert!(without > 9 && copy.open().model.limit() == 9, "{without}");
    copy.write("sentence_bert_config.json", json!({ "max_seq_length": 11 }).to_string());
    assert_eq!(copy.open().model.limit(), 11);
}

#[test]
fn settings_that_are_null_say_nothing() {
    let copy = Copy::of("bert");
    let own = json!({ "matryoshka_dimensions": null, "prompts": null, "truncate_dim": null });
    copy.write("config_sentence_transformers.json", own.to_string());
    copy.edit("config.json", |config| config["matryoshka_dimensions"] = json!(null));
    assert!(encode(&copy.open(), TEXT).is_ok());
}

#[test]
fn nomic_bert_as_transformers_writes_it() {
    const NAMES: [(&str, &str); 9] = [
        ("encoder.layers.", "layers."),
        ("emb_ln", "embeddings.LayerNorm"),
        ("attn.out_proj", "self_attn.o_proj"),
        ("attn.Wqkv", "self_attn.Wqkv"),
        ("norm1", "post_attention_layernorm"),
        ("norm2", "post_mlp_layernorm"),
        ("fc11", "up_proj"),
        ("fc12", "gate_proj"),
        ("fc2", "down_proj"),
    ];
    let copy = Copy::of("nomic-bert");
    let published = encode(&copy.open(), TEXT).unwrap();
    copy.retensor(|tensors| {
        let mut renamed = Tensors::new();
        for (name, (dtype, shape, bytes)) in std::mem::take(tensors) {
            let name = NAMES.iter().fold(name, |name, (old, new)| name.replace(old, new));
            let Some(layer) = name.strip_suffix("Wqkv.weight") else {
                renamed.insert(name, (dtype, shape, bytes));
                continue;
            };
            for (part, bytes) in ["q", "k", "v"].into_iter().zip(bytes.chunks_exact(bytes.len() / 3)) {
                renamed.insert(format!("{layer}{part}_proj.weight"), (dtype, vec![32, 32], bytes.to_vec()));
            }
        }
        *tensors = renamed;
    });
    let config = json!({
        "model_type": "nomic_bert", "vocab_size": 256, "hidden_size": 32, "num_hidden_layers": 2,
        "num_attention_heads": 4, "intermediate_size": 48, "max_position_embeddings": 128,
        "rope_parameters": { "rope_theta": 1000.0, "rope_type": "default" },
    });
    copy.write("config.json", config.to_string());
    assert_close("names", &[encode(&copy.open(), TEXT).unwrap()], &[published], 1e-6);
}

#[test]
fn nomic_bert_of_a_kind_that_is_not_computed_is_refused() {
    for (setting, value) in [
        ("prenorm", json!(true)),
        ("moe_every_n_layers", json!(2)),
        ("rotary_emb_fraction", json!(0.5)),
        ("activation_function", json!("gelu")),
    ] {
        let copy = Copy::of("nomic-bert");
        copy.set(setting, &value);
        let (problem, message) = copy.refused();
        assert!(matches!(problem, ModelProblem::Unsupported { .. }), "{message}");
        assert!(message.contains(setting), "{message}");
    }
    let copy = Copy::of("nomic-bert");
    copy.set("rotary_scaling_factor", &json!(2.0));
    copy.remove("sentence_bert_config.json");
    assert_eq!(copy.open().model.limit(), 128, "texts up to those of the training turn as without the factor");
}

#[test]
fn modern_bert_in_the_newer_form_of_its_configuration() {
    let copy = Copy::of("modernbert");
    let plain = encode(&copy.open(), TEXT).unwrap();
    for setting in ["global_attn_every_n_layers", "global_rope_theta", "local_rope_theta", "norm_eps"] {
        copy.set(setting, &json!(null));
    }
    let [full, sliding] = ["full_attention", "sliding_attention"];
    copy.set("layer_types", &json!([full, sliding, sliding, full]));
    let rope = |theta: f64| json!({ "rope_theta": theta, "rope_type": "default" });
    copy.set("rope_parameters", &json!({ full: rope(160_000.0), sliding: rope(10_000.0) }));
    assert_eq!(encode(&copy.open(), TEXT).unwrap(), plain);
    copy.set("rope_parameters", &json!({ full: rope(160_000.0), sliding: rope(500.0) }));
    assert_ne!(encode(&copy.open(), TEXT).unwrap(), plain);
    copy.set("rope_parameters", &json!({ full: { "rope_type": "yarn" } }));
    assert!(copy.refused().1.contains("yarn"));
    copy.set("layer_types", &json!([full, sliding]));
    assert!(matches!(copy.refused().0, ModelProblem::Setting { setting: "layer_types", .. }));
    copy.set("layer_types", &json!([full, sliding, "linear_attention", full]));
    assert!(copy.refused().1.contains("linear_attention"));
    copy.set("local_attention", &json!(u64::MAX));
    assert!(matches!(copy.refused().0, ModelProblem::Setting { setting: "local_attention", .. }));
}

#[test]
fn a_padding_token_beyond_the_positions_is_refused() {
    let copy = Copy::of("roberta");
    copy.set("pad_token_id", &json!(39));
    assert!(matches!(copy.refused().0, ModelProblem::Setting { setting: "pad_token_id", .. }));
    copy.set("pad_token_id", &json!(u32::MAX));
    assert!(matches!(copy.refused().0, ModelProblem::Setting { setting: "pad_token_id", .. }));
}

#[test]
fn model2vec_cuts_by_characters_first() {
    let copy = Copy::of("static");
    copy.set("max_length", &json!(4));
    // The median token has four characters: what is left is "garlic bicycle d".
    let ids = copy.open().model.ids("garlic bicycle document bakery").unwrap();
    assert_eq!(ids, [162, 229, 61], "by the reference implementation");
    copy.set("max_length", &json!(0));
    assert!(matches!(copy.refused().0, ModelProblem::Setting { setting: "max_length", .. }));
    copy.set("max_length", &json!(null));
    let long = "a ".repeat(2_000);
    assert_eq!(copy.open().model.ids(&long).unwrap().len(), 512, "the default");
    copy.edit("config.json", |config| config["max_length"] = json!(null));
    assert_eq!(copy.open().model.ids(&long).unwrap().len(), 2_000, "no limit");
}

#[test]
fn a_static_model_that_does_not_fit_together_is_refused() {
    let copy = Copy::of("static-mapped");
    copy.retensor(|tensors| tensors.get_mut("mapping").unwrap().2[..8].copy_from_slice(&60_i64.to_le_bytes()));
    assert!(copy.refused().1.contains("row 60 of 60"), "{}", copy.refused().1);
    let copy = Copy::of("static");
    copy.retensor(|tensors| tensors.get_mut("embeddings").unwrap().1 = vec![239 * 24]);
    assert!(matches!(copy.refused().0, ModelProblem::Damaged { .. }));
    copy.retensor(|tensors| {
        tensors.clear();
        tensors.insert("embeddings".to_owned(), (Dtype::I8, vec![2, 2], vec![0; 4]));
    });
    assert!(copy.refused().1.contains("I8"), "{}", copy.refused().1);
    copy.retensor(|tensors| {
        *tensors = Tensors::from([("embeddings".to_owned(), (Dtype::F32, vec![2, 1], vec![0; 8]))])
    });
    let failed = encode(&copy.open(), TEXT).unwrap_err().to_string();
    assert!(failed.contains("in a table of 2 rows"), "{failed}");
    copy.retensor(Tensors::clear);
    assert!(matches!(copy.refused().0, ModelProblem::NoTensor { .. }));
    let dense = json!([
        { "path": ".", "type": "sentence_transformers.models.StaticEmbedding" },
        { "path": "1_Dense", "type": "sentence_transformers.models.Dense" },
    ]);
    copy.write("modules.json", dense.to_string());
    assert!(copy.refused().1.contains("1_Dense"));
}
