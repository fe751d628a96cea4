//! One architecture a file: what its configuration says, and under which names its weights lie.

mod bert;
mod distilbert;
mod gemma3;
mod modernbert;
mod mpnet;
mod nomic;
mod numbers;
mod qwen3;
mod qwen3_vl;
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

/// How a model is read.
#[derive(Clone, Copy)]
enum Reader {
    /// A transformer over tokens, with what belongs around one.
    Text(fn(&Directory, &Weights) -> Result<Box<dyn Backbone>, ModelProblem>),
    /// All of it.
    Whole(fn(&Directory, &Settings, &Device, &mut Fingerprint) -> Result<Box<dyn Model>, ModelProblem>),
}

/// Every `model_type` that is read.
const FAMILIES: &[(&str, Reader)] = &[
    ("bert", Reader::Text(bert::load)),
    ("distilbert", Reader::Text(distilbert::load)),
    ("roberta", Reader::Text(bert::load_roberta)),
    ("xlm-roberta", Reader::Text(bert::load_roberta)),
    ("mpnet", Reader::Text(mpnet::load)),
    ("modernbert", Reader::Text(modernbert::load)),
    ("nomic_bert", Reader::Text(nomic::load)),
    ("qwen3", Reader::Text(qwen3::load)),
    ("gemma3_text", Reader::Text(gemma3::load)),
    ("qwen3_vl", Reader::Whole(qwen3_vl::load)),
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
    match reader {
        Reader::Whole(load) => load(directory, settings, device, fingerprint),
        Reader::Text(load) => {
            let backbone = load(directory, &Weights::open(directory, device, fingerprint)?)?;
            Ok(Box::new(TextModel::assemble(directory, backbone, settings, device, fingerprint)?))
        }
    }
}

/// The model types that are read, for messages.
fn supported() -> String {
    FAMILIES.iter().map(|(family, _)| *family).collect::<Vec<_>>().join(", ")
}
