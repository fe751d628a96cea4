//! Creating and opening an index, on any storage and with any encoder.

use super::options::VectorSource;
use super::shared::Shared;
use super::state::{FindSource, State};
use super::{Index, IndexOptions, spaces, state};
use crate::disk::{FileStorage, MemoryStorage, Storage};
use crate::encode::SharedEncoder;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use std::path::Path;
use std::sync::Arc;

impl Index {
    /// Creates an index with the built-in encoder in a directory, which is made if it is not there.
    ///
    /// # Errors
    /// [`Error::IndexExists`] where one is; what the file system refuses.
    pub fn create(directory: impl AsRef<Path>) -> Result<Self> {
        Self::create_with(directory, IndexOptions::new())
    }

    /// Creates an index with these options in a directory.
    ///
    /// # Errors
    /// As [`Index::create`].
    pub fn create_with(directory: impl AsRef<Path>, options: IndexOptions) -> Result<Self> {
        Self::create_in(Arc::new(FileStorage::create(directory)?), options)
    }

    /// Creates an index in any storage.
    ///
    /// # Errors
    /// As [`Index::create`].
    pub fn create_in(storage: Arc<dyn Storage>, options: IndexOptions) -> Result<Self> {
        let source = options.source.resolve()?;
        let spaces = spaces::all(source.width(), &options.spaces)?;
        let pictures = (options.keeps_pictures, options.picture_regions);
        state::create(storage.as_ref(), &source, pictures, options.language, spaces)?;
        if let VectorSource::Encoder(encoder) = &source
            && encoder.info().prefixes.is_empty()
        {
            let encoder = &encoder.info().name;
            tracing::info!(%encoder, "the model was not trained for prefixes: a rotation will be learnt instead");
        }
        Self::open_source(storage, &|_| Ok(source.clone()))
    }

    /// An index in memory with the built-in encoder: for tests and for what need not outlive the process.
    ///
    /// # Errors
    /// [`Error::Encode`] if the compiled-in encoder cannot be read.
    pub fn in_memory() -> Result<Self> {
        Self::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new())
    }

    /// Opens an index that was made with the built-in encoder, or for the caller's own vectors.
    ///
    /// # Errors
    /// [`Error::NoIndex`], [`Error::WrongEncoder`], [`Error::Damaged`], and what the file system refuses.
    pub fn open(directory: impl AsRef<Path>) -> Result<Self> {
        Self::open_in(Arc::new(FileStorage::open(directory)?))
    }

    /// Opens an index that was made with this encoder.
    ///
    /// # Errors
    /// As [`Index::open`].
    pub fn open_with(directory: impl AsRef<Path>, encoder: SharedEncoder) -> Result<Self> {
        Self::open_in_with(Arc::new(FileStorage::open(directory)?), encoder)
    }

    /// Opens an index in any storage, as [`Index::open`] does.
    ///
    /// # Errors
    /// As [`Index::open`].
    pub fn open_in(storage: Arc<dyn Storage>) -> Result<Self> {
        Self::open_source(storage, &VectorSource::recorded)
    }

    /// Opens an index in any storage, as [`Index::open_with`] does.
    ///
    /// # Errors
    /// As [`Index::open`].
    pub fn open_in_with(storage: Arc<dyn Storage>, encoder: SharedEncoder) -> Result<Self> {
        Self::open_source(storage, &|_| Ok(VectorSource::Encoder(Arc::clone(&encoder))))
    }

    /// Opens an index whose encoder is not at hand: everything works but what needs it, which is adding and updating notes
    /// and searching by text or picture. What it is for: [`Index::reencode`] moves such an index to an encoder there is.
    ///
    /// # Errors
    /// As [`Index::open`], but never [`Error::WrongEncoder`].
    pub fn open_without_encoder(directory: impl AsRef<Path>) -> Result<Self> {
        Self::open_in_without_encoder(Arc::new(FileStorage::open(directory)?))
    }

    /// Opens an index in any storage, as [`Index::open_without_encoder`] does.
    ///
    /// # Errors
    /// As [`Index::open_without_encoder`].
    pub fn open_in_without_encoder(storage: Arc<dyn Storage>) -> Result<Self> {
        Self::open_source(storage, &|record| Ok(VectorSource::absent(record)))
    }

    pub(super) fn open_source(storage: Arc<dyn Storage>, source: FindSource<'_>) -> Result<Self> {
        let state = State::load(storage.as_ref(), None, source)?;
        tracing::debug!(location = storage.location(), generation = state.manifest.generation, "index opened");
        Ok(Self { shared: Arc::new(Shared::new(storage, state)), writer: Arc::default() })
    }
}
