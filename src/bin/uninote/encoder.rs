//! Which encoder: the one inside, or one from a model directory; and opening an index with the one it was made with.

use crate::Place;
use crate::failure::Failure;
use std::path::{Path, PathBuf};
use uninote::encode::SharedEncoder;
use uninote::{Error, Index};

/// The environment variable that names the model directory.
const MODEL_VARIABLE: &str = "UNINOTE_MODEL";

/// The model directory that the environment names.
pub(crate) fn from_environment() -> Option<PathBuf> {
    std::env::var_os(MODEL_VARIABLE).filter(|value| !value.is_empty()).map(PathBuf::from)
}

/// The encoder of a model directory.
#[cfg(feature = "checkpoints")]
pub(crate) fn load(directory: &Path) -> Result<SharedEncoder, Failure> {
    uninote::encode::from_dir(directory).map_err(|error| Failure::Index(Error::Encode(error)))
}

/// Without the feature there is none but the one inside.
#[cfg(not(feature = "checkpoints"))]
pub(crate) fn load(directory: &Path) -> Result<SharedEncoder, Failure> {
    Err(Failure::NoCheckpoints { directory: directory.to_owned() })
}

/// Opens an index with the encoder it was made with: the one inside; else that of the place the index remembers; else that
/// of the model directory the environment names. The index checks that it is the right one.
pub(crate) fn open(place: &Place) -> Result<Index, Failure> {
    let directory = place.directory();
    let refused = match Index::open(&directory) {
        Err(refused @ Error::WrongEncoder { .. }) => refused,
        opened => return Ok(opened?),
    };
    let Error::WrongEncoder { location, .. } = &refused else { return Err(refused.into()) };
    let remembered = Some(PathBuf::from(location)).filter(|path| !path.as_os_str().is_empty());
    let mut failure = None;
    for model in remembered.into_iter().chain(from_environment()) {
        match load(&model).and_then(|encoder| Ok(Index::open_with(&directory, encoder)?)) {
            Ok(index) => return Ok(index),
            // What is wrong with the place the index remembers is said first.
            Err(why) => failure = failure.or(Some(why)),
        }
    }
    Err(failure.unwrap_or_else(|| refused.into()))
}

/// Opens an index for what needs no encoder, and loads none.
pub(crate) fn open_without(place: &Place) -> Result<Index, Failure> {
    match Index::open(place.directory()) {
        Err(Error::WrongEncoder { .. }) => Ok(Index::open_without_encoder(place.directory())?),
        opened => Ok(opened?),
    }
}
