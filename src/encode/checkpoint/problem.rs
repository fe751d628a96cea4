//! Why a model directory cannot be used: each variant names the file and what to do.

use thiserror::Error;

/// What is wrong with a model directory.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ModelProblem {
    /// A file that the model needs is not there.
    #[error("{file} is missing; {remedy}")]
    Missing {
        /// The file, or the files of which one is needed.
        file: String,
        /// What to do.
        remedy: &'static str,
    },
    /// A file cannot be read.
    #[error("{file} cannot be read: {why}")]
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        why: String,
    },
    /// A file is not what it should be: cut short, or no file of its kind.
    #[error("{file} is damaged: {why}; fetch the model again")]
    Damaged {
        /// The file.
        file: String,
        /// What was found.
        why: String,
    },
    /// The directory holds something this library does not run.
    #[error("{what} {found:?} is not supported; supported: {supported}")]
    Unsupported {
        /// What kind of thing, such as `model type`.
        what: &'static str,
        /// What the directory says.
        found: String,
        /// What would do.
        supported: String,
    },
    /// Weights only in pickle files, which can run code when they are read.
    #[error(
        "weights are only in {file}, a pickle file, which could run any code when read: refused; get model.safetensors, or convert it (transformers: model.save_pretrained(DIR, safe_serialization=True))"
    )]
    Pickle {
        /// The file.
        file: String,
    },
    /// A tensor that the configuration calls for is in none of the files.
    #[error("the weights hold no tensor {name:?}; they do not belong to this config.json")]
    NoTensor {
        /// Its name.
        name: String,
    },
    /// A tensor has another shape than the configuration calls for.
    #[error("tensor {name:?} has shape {found:?}, config.json calls for {expected:?}; they do not belong together")]
    Shape {
        /// Its name.
        name: String,
        /// The shape called for.
        expected: Vec<usize>,
        /// The shape found.
        found: Vec<usize>,
    },
    /// A setting makes no sense.
    #[error("{file}: {setting} is {found}, {expected}")]
    Setting {
        /// The file.
        file: String,
        /// The setting.
        setting: &'static str,
        /// Its value.
        found: String,
        /// What would do.
        expected: &'static str,
    },
    /// The computation failed, mostly while the model was set up.
    #[error("the model cannot be computed: {why}")]
    Runtime {
        /// What the runtime said.
        why: String,
    },
}

impl From<candle_core::Error> for ModelProblem {
    fn from(error: candle_core::Error) -> Self {
        Self::Runtime { why: error.to_string() }
    }
}
