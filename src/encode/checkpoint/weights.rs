//! Weights by name: safetensors files, one or several, or one GGUF file; mapped. In f32, f16 or bf16, or, in GGUF files, in
//! blocks of small integers with common scales.

use super::directory::{Directory, Fingerprint};
use super::gguf;
use super::problem::ModelProblem;
use super::stored::{Format, Stored, blocks};
use crate::disk::Bytes;
use candle_core::{DType, Device, Tensor};
use safetensors::tensor::{Metadata, SafeTensors};
use serde::Deserialize;
use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::ops::Range;

const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

/// All tensors of a model, by name; their bytes stay in the mapped files until they are asked for.
pub(super) struct Weights {
    files: Vec<(String, Bytes)>,
    tensors: HashMap<String, Place>,
    /// Types of the tensors whose elements are not read.
    unread: HashMap<String, String>,
    device: Device,
    whole_norms: bool,
}

/// Where a tensor lies.
struct Place {
    file: usize,
    format: Format,
    shape: Vec<usize>,
    range: Range<usize>,
}

#[derive(Deserialize)]
struct ShardIndex {
    weight_map: HashMap<String, String>,
}

impl Weights {
    /// Maps the weights of a directory and adds them to the fingerprint.
    pub(super) fn open(
        directory: &Directory,
        device: &Device,
        fingerprint: &mut Fingerprint,
    ) -> Result<Self, ModelProblem> {
        Self::of(directory, weight_files(directory)?, device, fingerprint)
    }

    /// The same from these files.
    pub(super) fn of(
        directory: &Directory,
        files: impl IntoIterator<Item = String>,
        device: &Device,
        fingerprint: &mut Fingerprint,
    ) -> Result<Self, ModelProblem> {
        let mut weights = Self {
            files: Vec::new(),
            tensors: HashMap::new(),
            unread: HashMap::new(),
            device: device.clone(),
            whole_norms: false,
        };
        for file in files {
            if gguf::is_one(&file) { weights.add_gguf(directory, &file)? } else { weights.add(directory, &file)? }
        }
        for (name, bytes) in &weights.files {
            fingerprint.add(name, bytes);
        }
        Ok(weights)
    }

    fn add(&mut self, directory: &Directory, name: &str) -> Result<(), ModelProblem> {
        let damaged = |why: String| ModelProblem::Damaged { file: name.to_owned(), why };
        let bytes = directory.map(name)?;
        let (header, metadata): (usize, Metadata) =
            SafeTensors::read_metadata(&bytes).map_err(|error| damaged(error.to_string()))?;
        let start = header.saturating_add(size_of::<u64>());
        for (tensor, info) in metadata.tensors() {
            let dtype = match info.dtype {
                safetensors::Dtype::F32 => DType::F32,
                safetensors::Dtype::F16 => DType::F16,
                safetensors::Dtype::BF16 => DType::BF16,
                safetensors::Dtype::F64 => DType::F64,
                safetensors::Dtype::I64 => DType::I64,
                safetensors::Dtype::I32 => DType::I32,
                // Masks and the like, which nobody asks for.
                other => {
                    self.unread.insert(tensor, format!("{other:?}"));
                    continue;
                }
            };
            let (from, to) = info.data_offsets;
            let range = start.saturating_add(from)..start.saturating_add(to);
            let format = Format::Plain(dtype);
            if bytes.get(range.clone()).map(<[u8]>::len) != format.size(&info.shape) {
                return Err(damaged(format!("tensor {tensor:?} reaches past the end of {} bytes", bytes.len())));
            }
            let place = Place { file: self.files.len(), format, shape: info.shape.clone(), range };
            self.tensors.insert(tensor, place);
        }
        self.files.push((name.to_owned(), bytes));
        Ok(())
    }

    fn add_gguf(&mut self, directory: &Directory, name: &str) -> Result<(), ModelProblem> {
        let bytes = directory.map(name)?;
        let header = gguf::header(name, &bytes)?;
        for gguf::Entry { name, format, shape, range } in header.tensors {
            self.tensors.insert(name, Place { file: self.files.len(), format, shape, range });
        }
        self.whole_norms = header.whole_norms;
        self.files.push((name.to_owned(), bytes));
        Ok(())
    }

    /// Whether norms of the Gemma family are stored with the one that its own files leave out.
    pub(super) fn whole_norms(&self) -> bool {
        self.whole_norms
    }

    fn lost(&self, name: String) -> ModelProblem {
        match self.unread.get(&name) {
            Some(found) => ModelProblem::Unsupported {
                what: "type of tensor",
                found: format!("{name}: {found}"),
                supported: "F32, F16, BF16, F64".to_owned(),
            },
            None => ModelProblem::NoTensor { name },
        }
    }

    /// The tensors whose names start so.
    pub(super) fn root(&self) -> Scope<'_> {
        Scope { weights: self, prefix: String::new() }
    }
}

/// The files with the weights, or why there are none that can be used.
fn weight_files(directory: &Directory) -> Result<Vec<String>, ModelProblem> {
    if let Some(named) = directory.weights() {
        return Ok(vec![named.to_owned()]);
    }
    if directory.holds(SINGLE) {
        return Ok(vec![SINGLE.to_owned()]);
    }
    if let Some(index) = directory.json::<ShardIndex>(INDEX)? {
        let shards: BTreeSet<String> = index.weight_map.into_values().collect();
        if let Some(outside) = shards.iter().find(|shard| shard.contains(['/', '\\']) || shard.starts_with('.')) {
            let why = format!("it names {outside:?}, which is no file of the directory");
            return Err(ModelProblem::Damaged { file: INDEX.to_owned(), why });
        }
        return match shards.iter().find(|shard| !directory.holds(shard)) {
            Some(lost) => Err(ModelProblem::Missing { file: lost.clone(), remedy: "fetch the model again, whole" }),
            None => Ok(shards.into_iter().collect()),
        };
    }
    let files = directory.files()?;
    let with = |ending: &str| files.iter().find(|file| file.ends_with(ending)).cloned();
    if let Some(other) = with(".safetensors") {
        return Ok(vec![other]);
    }
    if let Some(file) = gguf::file(directory)? {
        return Ok(vec![file]);
    }
    match [".bin", ".pt", ".pth", ".ckpt", ".pkl"].into_iter().find_map(with) {
        Some(file) => Err(ModelProblem::Pickle { file }),
        None => Err(ModelProblem::Missing {
            file: SINGLE.to_owned(),
            remedy: "weights are read from model.safetensors, shards named by model.safetensors.index.json, or one other .safetensors or .gguf file",
        }),
    }
}

/// The tensors under one name, such as `encoder.layer.0.attention`.
#[derive(Clone)]
pub(super) struct Scope<'a> {
    weights: &'a Weights,
    prefix: String,
}

impl<'a> Scope<'a> {
    /// The tensors under a name within this one.
    pub(super) fn child(&self, name: impl Display) -> Self {
        Self { weights: self.weights, prefix: self.full(&name.to_string()) }
    }

    /// The first of some children that holds any tensor; else this scope itself. Checkpoints of one architecture differ in
    /// what they put before their names.
    pub(super) fn first_child(&self, names: &[&str]) -> Self {
        let holds = |scope: &Self| {
            let start = format!("{}.", scope.prefix);
            scope.weights.tensors.keys().any(|name| name.starts_with(&start))
        };
        names.iter().map(|name| self.child(name)).find(holds).unwrap_or_else(|| self.clone())
    }

    fn full(&self, name: &str) -> String {
        if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) }
    }

    /// The device tensors go to.
    pub(super) fn device(&self) -> &'a Device {
        &self.weights.device
    }

    /// The dimensions of a tensor, if it is there.
    pub(super) fn shape_of(&self, name: &str) -> Option<&'a [usize]> {
        self.weights.tensors.get(&self.full(name)).map(|place| place.shape.as_slice())
    }

    /// Why a tensor that is needed cannot be had.
    pub(super) fn lost(&self, name: &str) -> ModelProblem {
        self.weights.lost(self.full(name))
    }

    /// The names of all tensors of this scope, as they are called within it.
    pub(super) fn names(&self) -> Vec<&'a str> {
        let inner = |name: &'a String| name.strip_prefix(self.prefix.as_str())?.strip_prefix('.');
        self.weights.tensors.keys().filter_map(inner).collect()
    }

    /// Whether a tensor is there.
    pub(super) fn has(&self, name: &str) -> bool {
        self.shape_of(name).is_some()
    }

    /// A tensor as it lies in its file.
    pub(super) fn stored(&self, name: &str, shape: &[usize]) -> Result<Stored, ModelProblem> {
        let name = self.full(name);
        let place = self.weights.tensors.get(&name);
        let file = place.and_then(|place| self.weights.files.get(place.file));
        let Some((place, (_, bytes))) = place.zip(file) else { return Err(self.weights.lost(name)) };
        if place.shape != shape {
            return Err(ModelProblem::Shape { name, expected: shape.to_vec(), found: place.shape.clone() });
        }
        Ok(Stored::new(bytes.clone(), place.range.clone(), place.format))
    }

    /// Whether a tensor lies in its file in quantised blocks.
    pub(super) fn in_blocks(&self, name: &str) -> bool {
        let place = self.weights.tensors.get(&self.full(name));
        place.is_some_and(|place| matches!(place.format, Format::Blocks(_)))
    }

    /// A tensor in f32 on the model's device.
    pub(super) fn tensor(&self, name: &str, shape: &[usize]) -> Result<Tensor, ModelProblem> {
        let stored = self.stored(name, shape)?;
        let cpu = Device::Cpu;
        let tensor = match stored.format {
            Format::Plain(dtype) => {
                Tensor::from_raw_buffer(stored.bytes(), dtype, shape, &cpu)?.to_dtype(DType::F32)?
            }
            Format::Blocks(kind) => blocks(kind, stored.bytes(), shape, &cpu)?.dequantize(&cpu)?,
        };
        Ok(tensor.to_device(self.device())?)
    }

    /// As [`Scope::tensor`], for one that may be left out.
    pub(super) fn optional(&self, name: &str, shape: &[usize]) -> Result<Option<Tensor>, ModelProblem> {
        if self.has(name) { self.tensor(name, shape).map(Some) } else { Ok(None) }
    }
}
