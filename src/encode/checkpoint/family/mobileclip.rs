//! MobileCLIP (Vasu et al. 2024): open_clip's layout with a FastViT (Vasu et al. 2023) as its tower for pictures, as timm names
//! its tensors. candle has the network; its depths and widths are read from the weights.

use super::super::dual::PictureTower;
use super::super::pixels::Planes;
use super::super::problem::ModelProblem;
use super::super::weights::Scope;
use candle_core::{DType, Device, Result, Shape, Tensor};
use candle_nn::var_builder::SimpleBackend;
use candle_nn::{Func, Init, Module, VarBuilder};
use candle_transformers::models::fastvit;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Stages of the network.
const STAGES: usize = 4;
/// Colour channels.
const CHANNELS: usize = 3;

struct FastVit {
    network: Func<'static>,
    width: usize,
    device: Device,
}

/// The tower that timm calls `name`.
pub(super) fn tower(
    visual: &Scope<'_>,
    name: &str,
    settings: &BTreeMap<String, Value>,
    width: usize,
) -> std::result::Result<Box<dyn PictureTower>, ModelProblem> {
    let plain = |setting: &str, only: &Value| settings.get(setting).is_none_or(|value| value == only);
    let pooled = plain("timm_pool", &Value::from("avg")) && settings.get("timm_proj").is_some_and(Value::is_null);
    if !["fastvit_mci0", "fastvit_mci1", "fastvit_mci2"].contains(&name) || !pooled {
        return Err(ModelProblem::Unsupported {
            what: "timm model",
            found: name.to_owned(),
            supported: "fastvit_mci0, fastvit_mci1, fastvit_mci2, with timm_pool avg and timm_proj null".to_owned(),
        });
    }
    let trunk = visual.child("trunk");
    let config = config(&trunk)?;
    let used = Mutex::new(BTreeSet::new());
    let device = visual.device().clone();
    let backend = Reader { trunk: &trunk, used: &used };
    let weights = VarBuilder::from_backend(Box::new(backend), DType::F32, device.clone());
    let network = fastvit::fastvit(&config, width, weights)?;
    // candle leaves out what it does not find in the shape it expects: a tower of another build must not go unnoticed.
    let used = used.into_inner().unwrap_or_else(PoisonError::into_inner);
    let counts = |name: &&str| !name.ends_with("num_batches_tracked");
    match trunk.names().into_iter().filter(counts).find(|name| !used.contains(*name)) {
        None => Ok(Box::new(FastVit { network, width, device })),
        Some(unread) => Err(ModelProblem::Unsupported {
            what: "FastViT with a tensor",
            found: unread.to_owned(),
            supported: "the towers of MobileCLIP S0, S1, S2, before their branches are merged".to_owned(),
        }),
    }
}

/// The depths and widths of a tower.
fn config(trunk: &Scope<'_>) -> std::result::Result<fastvit::Config, ModelProblem> {
    let first = |name: &str| {
        let shape = trunk.shape_of(name).and_then(|shape| shape.first().copied()).filter(|width| *width > 0);
        shape.ok_or_else(|| ModelProblem::NoTensor { name: name.to_owned() })
    };
    let mut blocks = [0; STAGES];
    for (stage, depth) in blocks.iter_mut().enumerate() {
        let holds = |block: &usize| trunk.has(&format!("stages.{stage}.blocks.{block}.mlp.fc1.weight"));
        *depth = (0..).take_while(holds).count();
    }
    let width = first("stages.0.blocks.0.mlp.fc2.weight")?;
    Ok(fastvit::Config {
        exp_ratio: first("stages.0.blocks.0.mlp.fc1.weight")? / width,
        in_channels: width,
        blocks,
        attn: trunk.has("stages.3.blocks.0.token_mixer.qkv.weight"),
        lkc_use_act: true,
    })
}

/// Hands candle the tensors of a scope, and notes which it took.
struct Reader<'a> {
    trunk: &'a Scope<'a>,
    used: &'a Mutex<BTreeSet<String>>,
}

impl SimpleBackend for Reader<'_> {
    fn get(&self, shape: Shape, name: &str, _init: Init, _dtype: DType, _device: &Device) -> Result<Tensor> {
        let tensor = self.trunk.tensor(name, shape.dims()).map_err(candle_core::Error::wrap)?;
        self.used.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned());
        Ok(tensor)
    }

    fn get_unchecked(&self, name: &str, dtype: DType, device: &Device) -> Result<Tensor> {
        let shape = self.trunk.shape_of(name).unwrap_or_default().to_vec();
        self.get(Shape::from(shape), name, Init::Const(0.0), dtype, device)
    }

    fn contains_tensor(&self, name: &str) -> bool {
        self.trunk.has(name)
    }
}

impl PictureTower for FastVit {
    fn width(&self) -> usize {
        self.width
    }

    /// One picture after the other: in candle 0.11, pictures of one batch change each other's rows.
    fn forward(&self, pictures: &[Planes]) -> Result<Tensor> {
        let row = |picture: &Planes| {
            let shape = (1, CHANNELS, picture.height, picture.width);
            self.network.forward(&Tensor::from_slice(&picture.values, shape, &self.device)?)
        };
        Tensor::cat(&pictures.iter().map(row).collect::<Result<Vec<_>>>()?, 0)
    }
}
