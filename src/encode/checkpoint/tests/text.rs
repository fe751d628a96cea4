//! Models that read text: vectors of both roles, alone and in a batch, empty and far too long texts among them.

use super::{Fixture, assert_close};
use crate::encode::{Encoder, Role};

/// Holds a model of text to its reference.
#[track_caller]
fn check(name: &str) {
    check_within(name, "/tolerance");
}

/// The same with a tolerance of another name.
#[track_caller]
pub(super) fn check_within(name: &str, tolerance: &str) {
    let fixture = Fixture::open(name);
    let info = fixture.encoder.info();
    assert_eq!(info.width, fixture.get::<usize>("/width"), "{name}: width");
    // The files of small models name no prefixes; what is known by the name of a real one must not go beyond the family's.
    let prefixes: Vec<usize> = fixture.get("/prefixes");
    assert!(info.prefixes.iter().all(|prefix| prefixes.contains(prefix)), "{name}: prefixes {:?}", info.prefixes);
    let texts = fixture.texts();
    let most = fixture.get::<f32>(tolerance);
    for (role, key, prompt) in
        [(Role::Query, "query", &info.prompts.query), (Role::Document, "document", &info.prompts.document)]
    {
        assert_eq!(*prompt, fixture.get::<String>(&format!("/roles/{key}/prompt")), "{name}: prompt of a {key}");
        let ids: Vec<Vec<u32>> = fixture.get(&format!("/roles/{key}/ids"));
        for (text, ids) in texts.iter().zip(&ids) {
            assert_eq!(fixture.encoder.model.ids(&format!("{prompt}{text}")).unwrap(), *ids, "{name}: {text:?}");
        }
        let vectors = fixture.vectors(&format!("/roles/{key}/vectors"));
        let together = fixture.encode(role, &texts);
        assert_close(&format!("{name}, {key}"), &together, &vectors, most);
        let alone: Vec<Vec<f32>> =
            texts.iter().flat_map(|text| fixture.encode(role, std::slice::from_ref(text))).collect();
        assert_close(&format!("{name}, {key}, alone and together"), &alone, &together, 1e-6);
    }
}

#[test]
fn bert() {
    check("bert");
}

#[test]
fn bert_pooled_by_its_first_token() {
    check("bert-cls");
}

#[test]
fn bert_without_sentence_transformers_files() {
    check("bert-plain");
}

#[test]
fn bert_with_nothing_but_a_list_of_word_pieces() {
    check("bert-vocab-txt");
}

#[test]
fn bert_in_half_precision() {
    check("bert-f16");
    check("bert-bf16");
}

#[test]
fn bert_in_two_files() {
    check("bert-sharded");
}

#[test]
fn bert_with_a_dense_layer() {
    check("bert-dense");
}

#[test]
fn distilbert() {
    check("distilbert");
}

#[test]
fn roberta() {
    check("roberta");
}

#[test]
fn xlm_roberta() {
    check("xlm-roberta");
}

#[test]
fn mpnet() {
    check("mpnet");
}

#[test]
fn modern_bert() {
    check("modernbert");
}

#[test]
fn nomic_bert() {
    check("nomic-bert");
}

#[test]
fn qwen3_embedding() {
    check("qwen3-embedding");
}

#[test]
fn embeddinggemma() {
    check("embeddinggemma");
}

#[test]
fn static_tables() {
    for name in ["static", "static-mapped"] {
        let fixture = Fixture::open(name);
        let (texts, ids): (Vec<String>, Vec<Vec<u32>>) = (fixture.texts(), fixture.get("/ids"));
        for (text, ids) in texts.iter().zip(&ids) {
            assert_eq!(fixture.encoder.model.ids(text).unwrap(), *ids, "{name}: {text:?}");
        }
        let found = fixture.encode(Role::Item, &texts);
        assert_close(name, &found, &fixture.vectors("/vectors"), fixture.get("/tolerance"));
    }
}

#[test]
fn a_static_module_of_sentence_transformers() {
    check("static-sentences");
}
