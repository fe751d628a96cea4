//! Chinese-CLIP (Yang et al. 2022): a BERT for texts, picked at its first token and projected, and CLIP's tower for pictures.

use super::super::directory::{Directory, Fingerprint};
use super::super::dual::{DualModel, Pick, TextTower, add_settings};
use super::super::layers::Linear;
use super::super::model::Model;
use super::super::problem::ModelProblem;
use super::super::settings::Settings;
use super::super::tokens::Tokens;
use super::super::weights::Weights;
use super::bert::{self, Bert};
use super::{clip, numbers};
use candle_core::Device;
use serde::Deserialize;

#[derive(Deserialize)]
struct Config {
    projection_dim: usize,
    text_config: bert::Config,
    vision_config: clip::Vision,
}

pub(super) fn load(
    directory: &Directory,
    _settings: &Settings,
    device: &Device,
    fingerprint: &mut Fingerprint,
) -> Result<Box<dyn Model>, ModelProblem> {
    let config: Config = directory.required("config.json")?;
    numbers::check(&[("projection_dim", config.projection_dim)])?;
    let weights = Weights::open(directory, device, fingerprint)?;
    let root = weights.root();
    let text = &config.text_config;
    let tower = TextTower {
        tokens: Tokens::load(directory, text.max_position_embeddings, fingerprint)?,
        backbone: Box::new(Bert::read(text, &root.child("text_model"), &bert::NAMES)?),
        pick: Pick::First,
        fill: None,
        lower: false,
        projection: Some(Linear::load(&root.child("text_projection"), text.hidden_size, config.projection_dim)?),
    };
    let pictures = clip::pictures(directory, &root, &config.vision_config, config.projection_dim)?;
    add_settings(directory, fingerprint)?;
    Ok(Box::new(DualModel::new(tower, pictures)?))
}
