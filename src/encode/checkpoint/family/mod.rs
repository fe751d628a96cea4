//! One architecture a file: what its configuration says, and under which names its weights lie.

mod bert;
mod distilbert;
mod gemma3;
mod modernbert;
mod mpnet;
mod nomic;
mod numbers;
mod qwen3;
mod rotary;

use super::directory::{Directory, Fingerprint};
use super::gguf;
use super::model::Model;
use super::problem::ModelProblem;
use super::settings::Settings;
use super::text::{Backbone, TextModel};
use super::weights::Weights;
use candle_core::Device;
use serde::Deserialize;

/// Reads a transformer over tokens.
type Reader = fn(&Directory, &Weights) -> Result<Box<dyn Backbone>, ModelProblem>;

/// Every `model_type` that is read.
const FAMILIES: &[(&str, Reader)] = &[
    ("bert", bert::load),
    ("distilbert", distilbert::load),
    ("roberta", bert::load_roberta),
    ("xlm-roberta", bert::load_roberta),
    ("mpnet", mpnet::load),
    ("modernbert", modernbert::load),
    ("nomic_bert", nomic::load),
    ("qwen3", qwen3::load),
    ("gemma3_text", gemma3::load),
];

#[derive(Deserialize)]
struct Kind {
    model_type: Option<String>,
}

/// The model of a directory.
pub(super) fn load(
    directory: &Directory,
    settings: &Settings,
    device: &Device,
    fingerprint: &mut Fingerprint,
) -> Result<Box<dyn Model>, ModelProblem> {
    gguf::accompanied(directory)?;
    let Kind { model_type } = directory.required("config.json")?;
    let found = model_type.unwrap_or_default();
    let Some((_, reader)) = FAMILIES.iter().find(|(family, _)| *family == found) else {
        return Err(ModelProblem::Unsupported { what: "model type", found, supported: supported() });
    };
    let config = directory.bytes("config.json")?.unwrap_or_default();
    fingerprint.add("config.json", &config);
    let backbone = reader(directory, &Weights::open(directory, device, fingerprint)?)?;
    Ok(Box::new(TextModel::assemble(directory, backbone, settings, device, fingerprint)?))
}

/// The model types that are read, for messages.
fn supported() -> String {
    FAMILIES.iter().map(|(family, _)| *family).collect::<Vec<_>>().join(", ")
}
