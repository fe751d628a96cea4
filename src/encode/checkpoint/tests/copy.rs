//! A copy of a fixture to break, and what opening it then says.

use super::folder;
use crate::encode::checkpoint::{Checkpoint, ModelProblem};
use crate::encode::{EncodeError, Encoder, Input, Part, Role};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Tensors by name, as their type, shape and bytes.
pub(super) type Tensors = BTreeMap<String, (Dtype, Vec<usize>, Vec<u8>)>;

/// A copy of a fixture, gone with the test.
pub(super) struct Copy {
    directory: tempfile::TempDir,
}

impl Copy {
    pub(super) fn of(name: &str) -> Self {
        let copy = Self { directory: tempfile::tempdir().unwrap() };
        copy_folder(&folder(name), copy.directory.path());
        copy
    }

    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.directory.path().join(file)
    }

    pub(super) fn remove(&self, file: &str) {
        std::fs::remove_file(self.path(file)).unwrap();
    }

    pub(super) fn write(&self, file: &str, bytes: impl AsRef<[u8]>) {
        std::fs::create_dir_all(self.path(file).parent().unwrap()).unwrap();
        std::fs::write(self.path(file), bytes).unwrap();
    }

    pub(super) fn bytes(&self, file: &str) -> Vec<u8> {
        std::fs::read(self.path(file)).unwrap()
    }

    /// Moves all files but `modules.json` into a folder, as that of a module.
    pub(super) fn move_into(&self, folder: &str) {
        let files = std::fs::read_dir(self.directory.path()).unwrap().map(|entry| entry.unwrap().path());
        let files: Vec<PathBuf> = files.filter(|path| path.is_file() && !path.ends_with("modules.json")).collect();
        std::fs::create_dir(self.path(folder)).unwrap();
        for file in files {
            std::fs::rename(&file, self.path(folder).join(file.file_name().unwrap())).unwrap();
        }
    }

    /// Changes a JSON file.
    pub(super) fn edit(&self, file: &str, change: impl FnOnce(&mut Value)) {
        let mut value = serde_json::from_slice(&self.bytes(file)).unwrap();
        change(&mut value);
        self.write(file, value.to_string());
    }

    /// Changes one setting of `config.json`; `null` takes it out.
    pub(super) fn set(&self, setting: &str, value: &Value) {
        self.edit("config.json", |config| {
            let config = config.as_object_mut().unwrap();
            config.remove(setting);
            if !value.is_null() {
                config.insert(setting.to_owned(), value.clone());
            }
        });
    }

    /// Changes the tensors of `model.safetensors`.
    pub(super) fn retensor(&self, change: impl FnOnce(&mut Tensors)) {
        let file = self.bytes("model.safetensors");
        let mut tensors = Tensors::new();
        for (name, view) in SafeTensors::deserialize(&file).unwrap().iter() {
            tensors.insert(name.to_owned(), (view.dtype(), view.shape().to_vec(), view.data().to_vec()));
        }
        change(&mut tensors);
        let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
            (name.as_str(), TensorView::new(*dtype, shape.clone(), bytes).unwrap())
        });
        self.write("model.safetensors", serialize(views, None).unwrap());
    }

    pub(super) fn open(&self) -> Checkpoint {
        Checkpoint::from_dir(self.directory.path()).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Why it cannot be opened, and the message.
    #[track_caller]
    pub(super) fn refused(&self) -> (ModelProblem, String) {
        let error = Checkpoint::from_dir(self.directory.path()).expect_err("it opened");
        let message = error.to_string();
        assert!(message.contains(self.directory.path().to_str().unwrap()), "{message}");
        match error {
            EncodeError::Directory { problem, .. } => (problem, message),
            other => panic!("{other:?}"),
        }
    }
}

/// What a model says of one text.
pub(super) fn encode(encoder: &Checkpoint, text: &str) -> Result<Vec<f32>, EncodeError> {
    let part = Part::Text(text);
    let vectors = encoder.encode(Role::Item, &[Input { parts: std::slice::from_ref(&part) }])?;
    Ok(vectors.iter().next().unwrap().to_vec())
}

fn copy_folder(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            std::fs::create_dir(&to).unwrap();
            copy_folder(&from, &to);
        } else {
            std::fs::copy(from, to).unwrap();
        }
    }
}
