//! A model directory: its small files as parsed JSON, its large ones as maps.

use super::gguf;
use super::problem::ModelProblem;
use crate::disk::{Bytes, DiskError, map_source, read_source, resolve_source};
use serde::de::DeserializeOwned;
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::Xxh3;

/// Largest JSON file read: tokenizers of a quarter of a million pieces take about 35 MB.
const JSON_BYTES: u64 = 256 << 20;

/// A directory that holds a model.
#[derive(Debug, Clone)]
pub(super) struct Directory {
    path: PathBuf,
    /// The GGUF file in it that was named.
    weights: Option<String>,
}

impl Directory {
    /// However its path is spelled: its name, which can decide about prompts, is that of the directory itself.
    pub(super) fn open(path: &Path) -> Result<Self, ModelProblem> {
        if path.is_dir() {
            return Ok(Self { path: resolve_source(path), weights: None });
        }
        let named = path.file_name().and_then(|name| name.to_str()).filter(|name| gguf::is_one(name) && path.is_file());
        if let Some(name) = named {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // The file may be a link to elsewhere, as in a hub's cache: what belongs to it lies beside the link.
            return Ok(Self { path: resolve_source(folder), weights: Some(name.to_owned()) });
        }
        Err(ModelProblem::Missing {
            file: path.display().to_string(),
            remedy: "name the directory that holds the model's config.json, or a .gguf file in one",
        })
    }

    /// The GGUF file that was named in place of the directory.
    pub(super) fn weights(&self) -> Option<&str> {
        self.weights.as_deref()
    }

    /// What opens the same again.
    pub(super) fn location(&self) -> PathBuf {
        self.weights.as_ref().map_or_else(|| self.path.clone(), |file| self.path.join(file))
    }

    /// What people call the model: the name of its directory, or of the repository where it lies in a hub cache.
    pub(super) fn name(&self) -> String {
        let named = self.path.components().rev().filter_map(|part| part.as_os_str().to_str());
        let cached = named.clone().find_map(|part| part.strip_prefix("models--")).map(|name| name.replace("--", "/"));
        cached.or_else(|| named.clone().next().map(str::to_owned)).unwrap_or_else(|| "checkpoint".to_owned())
    }

    pub(super) fn holds(&self, file: &str) -> bool {
        self.path.join(file).is_file()
    }

    /// A whole small file, if it is there.
    pub(super) fn bytes(&self, file: &str) -> Result<Option<Vec<u8>>, ModelProblem> {
        match read_source(&self.path.join(file), JSON_BYTES) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(DiskError::NotFound { .. }) => Ok(None),
            Err(error) => Err(unreadable(file, &error)),
        }
    }

    /// A JSON file, if it is there.
    pub(super) fn json<T: DeserializeOwned>(&self, file: &str) -> Result<Option<T>, ModelProblem> {
        let Some(bytes) = self.bytes(file)? else { return Ok(None) };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| ModelProblem::Damaged { file: file.to_owned(), why: error.to_string() })
    }

    /// A JSON file that must be there.
    pub(super) fn required<T: DeserializeOwned>(&self, file: &str) -> Result<T, ModelProblem> {
        self.json(file)?.ok_or_else(|| ModelProblem::Missing {
            file: file.to_owned(),
            remedy: "a model directory needs it; fetch the model again, whole",
        })
    }

    /// A large file, mapped.
    pub(super) fn map(&self, file: &str) -> Result<Bytes, ModelProblem> {
        map_source(&self.path.join(file)).map_err(|error| unreadable(file, &error))
    }

    /// A folder within it, such as that of a dense layer.
    pub(super) fn folder(&self, name: &str) -> Result<Self, ModelProblem> {
        Self::open(&self.path.join(name))
    }

    /// Names of the files right in the directory, in ascending order.
    pub(super) fn files(&self) -> Result<Vec<String>, ModelProblem> {
        crate::disk::list_source(&self.path).map_err(|error| unreadable(".", &error))
    }
}

fn unreadable(file: &str, error: &DiskError) -> ModelProblem {
    ModelProblem::Unreadable { file: file.to_owned(), why: error.to_string() }
}

/// Gathers everything that decides what vectors a model gives.
pub(super) struct Fingerprint(Xxh3);

impl Fingerprint {
    /// `revision` counts changes of this library that change vectors.
    pub(super) fn new(revision: u32) -> Self {
        let mut hash = Xxh3::new();
        hash.update(&revision.to_le_bytes());
        Self(hash)
    }

    /// Adds a piece under its name.
    pub(super) fn add(&mut self, name: &str, bytes: &[u8]) {
        for piece in [name.as_bytes(), bytes] {
            self.0.update(&(piece.len() as u64).to_le_bytes());
            self.0.update(piece);
        }
    }

    /// Thirty-two hexadecimal digits.
    pub(super) fn finish(&self) -> String {
        format!("{:032x}", self.0.digest128())
    }
}
