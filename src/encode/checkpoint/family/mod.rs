//! One architecture a file: what its configuration says, and under which names its weights lie.

mod bert;

use super::directory::{Directory, Fingerprint};
use super::model::Model;
use super::problem::ModelProblem;
use super::settings::Settings;
use super::text::{Backbone, TextModel};
use super::weights::Weights;
use candle_core::Device;
use serde::Deserialize;

/// Model types that are read, for messages.
const SUPPORTED: &str = "bert";

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
    let Kind { model_type } = directory.required("config.json")?;
    let found = model_type.unwrap_or_default();
    let reader: fn(&Directory, &Weights) -> Result<Box<dyn Backbone>, ModelProblem> = match found.as_str() {
        "bert" => bert::load,
        _ => return Err(ModelProblem::Unsupported { what: "model type", found, supported: SUPPORTED.to_owned() }),
    };
    let config = directory.bytes("config.json")?.unwrap_or_default();
    fingerprint.add("config.json", &config);
    let backbone = reader(directory, &Weights::open(directory, device, fingerprint)?)?;
    Ok(Box::new(TextModel::assemble(directory, backbone, settings, device, fingerprint)?))
}
