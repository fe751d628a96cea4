//! Encoders from model directories in the layout of the Hugging Face hub.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | [`from_dir`], and [`Checkpoint`]: a model as an [`Encoder`] |
//! | `directory.rs` | the files of a directory, and the fingerprint made of them |
//! | `weights.rs`, `gguf.rs`, `stored.rs` | safetensors, or a GGUF file, to named tensors |
//! | `settings.rs`, `known.rs` | pooling, prompts, prefixes: from the model's own files, or from its authors' card |
//! | `tokens.rs` | texts to token ids |
//! | `model.rs` | what all models have in common |
//! | `pixels/` | pictures to the inputs of models |
//! | `dual/` | encoders of texts and pictures with a tower for each |
//! | `text.rs`, `pool.rs` | tokenizer, transformer, pooling, dense layers |
//! | `layers/` | what transformers are made of |
//! | `family/` | one architecture a file |
//! | `problem.rs` | why a directory cannot be used |
//!
//! Nothing here touches the network.

mod directory;
mod dual;
mod family;
mod gguf;
mod known;
mod layers;
mod model;
mod pixels;
mod pool;
mod problem;
mod settings;
mod stored;
#[cfg(test)]
mod tests;
mod text;
mod tokens;
mod weights;

pub use problem::ModelProblem;

use super::{EncodeError, Encoder, EncoderInfo, Input, Part, Role, SharedEncoder};
use crate::encode::fuse::to_unit;
use crate::vector::{VectorError, Vectors};
use candle_core::Device;
use directory::{Directory, Fingerprint};
use model::Model;
use rayon::prelude::*;
use settings::Settings;
use std::path::Path;
use std::sync::Arc;

/// Counts changes of this library that change the vectors of a model: part of the fingerprint.
const REVISION: u32 = 1;
/// Tokens computed at once on one core, about: enough to read the weights once for many, few enough for many cores to share.
const UNIT_TOKENS: usize = 1024;
/// Tokens below which a unit is not worth splitting.
const UNIT_TOKENS_MIN: usize = 64;
/// Tokens that any input costs, however short.
const INPUT_TOKENS_MIN: usize = 4;
/// What is said of vectors that are no directions.
const NOT_FINITE: &str =
    "a vector came out with numbers that are not finite: its weights are damaged or too large; fetch the model again";
/// Tokens of a passage where the model reads at least so many.
const PASSAGE_TOKENS: usize = 160;

/// Opens a model directory: `config.json`, a tokenizer, weights in safetensors, and the sentence-transformers files where
/// there are some. What it can read, how it pools, its prompts and its trained prefixes come from these files.
///
/// Matrices are computed in f32: a model stored in half precision takes twice its size of memory, beside tables of tokens,
/// which stay in the mapped files. Qwen3 and Gemma 3 are also read from one `.gguf` file beside the other files, without
/// safetensors; its blocks of small integers stay as small as they are, and rows are rounded to eight bits for the products.
/// Where a directory holds several sets of weights, the path of a `.gguf` file in it chooses that one.
///
/// ```no_run
/// # fn main() -> uninote::Result<()> {
/// use uninote::{Index, IndexOptions, encode};
///
/// let encoder = encode::from_dir("models/all-MiniLM-L6-v2")?;
/// let index = Index::create_with("notes.index", IndexOptions::new().encoder(encoder))?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`EncodeError::Directory`] with the file and the remedy: nothing there, a model of another kind (with the list of those
/// that are read), pickled weights, a damaged file, tensors that do not fit the configuration.
pub fn from_dir(directory: impl AsRef<Path>) -> Result<SharedEncoder, EncodeError> {
    Ok(Arc::new(Checkpoint::from_dir(directory)?))
}

/// The kinds of models that [`from_dir`] reads, as `model_type` in `config.json` names them; `open_clip` stands for
/// directories of the library of that name.
pub fn model_types() -> impl Iterator<Item = &'static str> {
    family::model_types()
}

/// A model read from a directory. Texts longer than it reads are cut at the end, token-exactly.
pub struct Checkpoint {
    info: EncoderInfo,
    model: Box<dyn Model>,
    device: Device,
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Checkpoint").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Checkpoint {
    /// As [`from_dir`].
    ///
    /// # Errors
    /// As [`from_dir`].
    pub fn from_dir(directory: impl AsRef<Path>) -> Result<Self, EncodeError> {
        let path = directory.as_ref();
        let refused = |problem| EncodeError::Directory { directory: path.display().to_string(), problem };
        Directory::open(path).and_then(|directory| Self::load(&directory)).map_err(refused)
    }

    fn load(directory: &Directory) -> Result<Self, ModelProblem> {
        let device = device();
        let mut fingerprint = Fingerprint::new(REVISION);
        let settings = Settings::read(directory)?;
        let model = family::load(&settings.model, &settings, &device, &mut fingerprint)?;
        for prompt in [&settings.prompts.query, &settings.prompts.document, &settings.prompts.item] {
            fingerprint.add("prompt", prompt.as_bytes());
        }
        let width = model.width();
        let mut info = EncoderInfo::new(directory.name(), format!("checkpoint-{}", fingerprint.finish()), width);
        info.prefixes = settings.prefixes.into_iter().filter(|prefix| (1..=width).contains(prefix)).collect();
        info.modalities = model.modalities();
        info.fusion = model.fusion();
        info.prompts = settings.prompts;
        // The title goes before each passage, and estimates of tokens are rough: half of what a short-sighted model reads.
        info.passage_tokens = PASSAGE_TOKENS.min(model.limit() / 2).max(8);
        info.location = directory.location().display().to_string();
        Ok(Self { info, model, device })
    }

    /// The vectors of a few inputs, in order.
    fn embed(&self, role: Role, inputs: &[Input<'_>]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let prompt = match role {
            Role::Query => &self.info.prompts.query,
            Role::Document => &self.info.prompts.document,
            Role::Item => &self.info.prompts.item,
        };
        let failed = |why: String| EncodeError::Failed { encoder: self.info.name.clone(), why };
        let mut rows = self.model.embed(prompt, inputs).map_err(|problem| failed(problem.to_string()))?;
        for row in &mut rows {
            to_unit(row).map_err(|_| failed(NOT_FINITE.to_owned()))?;
        }
        Ok(rows)
    }

    /// Refuses what the model does not read.
    fn check(&self, inputs: &[Input<'_>]) -> Result<(), EncodeError> {
        let reads = self.info.modalities;
        let unread = |part: &Part<'_>| match part {
            Part::Text(_) => (!reads.text).then_some("text"),
            Part::Picture(_) => (!reads.picture).then_some("pictures"),
        };
        match inputs.iter().flat_map(|input| input.parts).find_map(unread) {
            Some(modality) => Err(EncodeError::Unsupported { encoder: self.info.name.clone(), modality }),
            None => Ok(()),
        }
    }

    /// Numbers of inputs that are computed together, the longest first, so that the last ones to finish are short. What a
    /// unit takes of memory has a bound, as no unit of several inputs costs more than its share.
    fn units(&self, inputs: &[Input<'_>]) -> Vec<Vec<usize>> {
        let tokens = |input: &Input<'_>| self.model.cost(input).max(INPUT_TOKENS_MIN);
        let mut order: Vec<(usize, usize)> = inputs.iter().map(tokens).zip(0..).collect();
        order.sort_unstable_by(|left, right| right.cmp(left));
        let all: usize = order.iter().map(|(tokens, _)| tokens).sum();
        let share = all.div_ceil(rayon::current_num_threads()).clamp(UNIT_TOKENS_MIN, UNIT_TOKENS);
        let most = if self.device.is_cpu() { share } else { UNIT_TOKENS * 16 };
        let mut units: Vec<Vec<usize>> = Vec::new();
        let mut room = 0;
        for (tokens, number) in order {
            match units.last_mut().filter(|_| room >= tokens) {
                Some(unit) => {
                    unit.push(number);
                    room -= tokens;
                }
                None => {
                    units.push(vec![number]);
                    room = most.saturating_sub(tokens);
                }
            }
        }
        units
    }
}

impl Encoder for Checkpoint {
    fn info(&self) -> &EncoderInfo {
        &self.info
    }

    fn encode(&self, role: Role, inputs: &[Input<'_>]) -> Result<Vectors, EncodeError> {
        self.check(inputs)?;
        let units = self.units(inputs);
        let run = |unit: &Vec<usize>| {
            let own: Vec<Input<'_>> = unit.iter().filter_map(|number| inputs.get(*number).copied()).collect();
            Ok(unit.iter().copied().zip(self.embed(role, &own)?).collect::<Vec<_>>())
        };
        let rows: Result<Vec<Vec<_>>, EncodeError> = if self.device.is_cpu() && units.len() > 1 {
            units.par_iter().map(run).collect()
        } else {
            units.iter().map(run).collect()
        };
        let mut rows: Vec<(usize, Vec<f32>)> = rows?.into_iter().flatten().collect();
        rows.sort_unstable_by_key(|(number, _)| *number);
        let failed =
            |error: VectorError| EncodeError::Failed { encoder: self.info.name.clone(), why: error.to_string() };
        let mut vectors = Vectors::with_capacity(self.info.width, rows.len()).map_err(failed)?;
        for (_, row) in rows {
            vectors.push(&row).map_err(failed)?;
        }
        Ok(vectors)
    }
}

/// Where to compute: a GPU where a feature brings one and the machine has one, else the CPU.
fn device() -> Device {
    type Open = fn(usize) -> candle_core::Result<Device>;
    let compiled: &[(&str, Open)] = &[
        #[cfg(feature = "cuda")]
        ("CUDA", Device::new_cuda),
        #[cfg(feature = "metal")]
        ("Metal", Device::new_metal),
    ];
    for (name, open) in compiled {
        match open(0) {
            Ok(device) => {
                tracing::info!(device = name, "computing vectors");
                return device;
            }
            Err(error) => tracing::warn!(device = name, %error, "this device cannot be used, trying the next"),
        }
    }
    tracing::info!(device = "CPU", "computing vectors");
    Device::Cpu
}
