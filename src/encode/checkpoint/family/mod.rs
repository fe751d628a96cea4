//! One architecture a file: what its configuration says, and under which names its weights lie.

mod bert;
mod chinese_clip;
mod clip;
mod distilbert;
mod gemma3;
mod lookup;
mod mobileclip;
mod modernbert;
mod mpnet;
mod nomic;
mod numbers;
mod open_clip;
mod qwen3;
mod qwen3_vl;
mod rotary;
mod siglip;

use super::directory::{Directory, Fingerprint};
use super::gguf;
use super::model::Model;
use super::problem::ModelProblem;
use super::settings::Settings;
use super::text::{Backbone, TextModel};
use super::weights::Weights;
use candle_core::Device;
use serde::Deserialize;

const CONFIG: &str = "config.json";

type Loaded<T> = Result<Box<T>, ModelProblem>;

/// How a model is read.
#[derive(Clone, Copy)]
enum Reader {
    /// A transformer over tokens, with what belongs around one.
    Text(fn(&Directory, &Weights) -> Loaded<dyn Backbone>),
    /// All of it.
    Whole(fn(&Directory, &Settings, &Device, &mut Fingerprint) -> Loaded<dyn Model>),
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
    ("model2vec", Reader::Whole(lookup::load)),
    ("clip", Reader::Whole(clip::load)),
    ("chinese_clip", Reader::Whole(chinese_clip::load)),
    ("siglip", Reader::Whole(siglip::load)),
    ("siglip2", Reader::Whole(siglip::load)),
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
    let reader = match settings.table {
        Some(_) => Reader::Whole(lookup::load),
        None if open_clip::lies_in(directory)? => Reader::Whole(open_clip::load),
        None => reader(directory)?,
    };
    fingerprint.add(CONFIG, &directory.bytes(CONFIG)?.unwrap_or_default());
    match reader {
        Reader::Whole(load) => load(directory, settings, device, fingerprint),
        Reader::Text(load) => {
            let backbone = load(directory, &Weights::open(directory, device, fingerprint)?)?;
            Ok(Box::new(TextModel::assemble(directory, backbone, settings, device, fingerprint)?))
        }
    }
}

/// How the model is read that `config.json` names.
fn reader(directory: &Directory) -> Result<Reader, ModelProblem> {
    let Kind { model_type } = directory.required(CONFIG)?;
    let found = model_type.unwrap_or_default();
    let named = FAMILIES.iter().find(|(family, _)| *family == found).map(|(_, reader)| *reader);
    named.ok_or_else(|| ModelProblem::Unsupported { what: "model type", found, supported: supported() })
}

/// The model types that are read, and `open_clip` for directories of that library, which name none.
pub(super) fn model_types() -> impl Iterator<Item = &'static str> {
    FAMILIES.iter().map(|(family, _)| *family).chain([open_clip::NAME])
}

fn supported() -> String {
    model_types().collect::<Vec<_>>().join(", ")
}
