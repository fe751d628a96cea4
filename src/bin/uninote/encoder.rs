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

/// The encoder of a model directory. Its place is recorded as a full path, so that it is found from any folder.
#[cfg(feature = "checkpoints")]
pub(crate) fn load(directory: &Path) -> Result<SharedEncoder, Failure> {
    let full = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    uninote::encode::from_dir(&full).map_err(|error| Failure::Index(Error::Encode(error)))
}

/// Without the feature there is none but the one inside.
#[cfg(not(feature = "checkpoints"))]
pub(crate) fn load(directory: &Path) -> Result<SharedEncoder, Failure> {
    Err(Failure::NoCheckpoints { directory: directory.to_owned() })
}

/// Opens an index with the encoder it was made with: the one inside; else that of the model directory the environment
/// names; else that of the place the index remembers. The index checks that it is the right one.
pub(crate) fn open(place: &Place) -> Result<Index, Failure> {
    let directory = place.directory();
    let refused = match Index::open(&directory) {
        Err(refused @ Error::WrongEncoder { .. }) => refused,
        opened => return Ok(opened?),
    };
    let Error::WrongEncoder { location, .. } = &refused else { return Err(refused.into()) };
    let remembered = Some(PathBuf::from(location)).filter(|path| !path.as_os_str().is_empty());
    match from_environment().or(remembered) {
        Some(model) => Ok(Index::open_with(directory, load(&model)?)?),
        None => Err(refused.into()),
    }
}

/// Opens an index for what needs no encoder, and loads none.
pub(crate) fn open_without(place: &Place) -> Result<Index, Failure> {
    match Index::open(place.directory()) {
        Err(Error::WrongEncoder { .. }) => Ok(Index::open_without_encoder(place.directory())?),
        opened => Ok(opened?),
    }
}
