//! Opening what can still be opened of a damaged index, for reading.

use super::Index;
use super::options::VectorSource;
use super::shared::Shared;
use super::state::{State, read_manifest};
use super::verify::{FileDamage, damage_of, damage_of_file};
use crate::disk::{FileStorage, Storage};
use crate::encode::SharedEncoder;
use crate::error::{Error, Result};
use crate::segment::file_name;
use index_format::{FileKind, Manifest, SegmentRef};
use std::path::Path;
use std::sync::Arc;

impl Index {
    /// Opens a damaged index for reading, without the segments that cannot be opened, and says which these are and why. What
    /// is inside the others is not looked at, as ever: [`Index::verify_at`] does that, and [`Index::repair`] saves what can be
    /// saved. Calls that write get [`Error::Degraded`]. An index made with an encoder other than the built-in one is opened
    /// without it.
    ///
    /// # Errors
    /// Where the manifest cannot be read, and what the file system refuses.
    pub fn open_degraded(directory: impl AsRef<Path>) -> Result<(Self, Vec<FileDamage>)> {
        Self::open_degraded_in(Arc::new(FileStorage::open(directory)?), None)
    }

    /// As [`Index::open_degraded`], in any storage, with the encoder that the index was made with.
    ///
    /// # Errors
    /// As [`Index::open_degraded`]; [`Error::WrongEncoder`] if it was made with another one.
    pub fn open_degraded_in(
        storage: Arc<dyn Storage>,
        encoder: Option<SharedEncoder>,
    ) -> Result<(Self, Vec<FileDamage>)> {
        let whole = read_manifest(storage.as_ref())?;
        let source = VectorSource::at_hand(&whole, encoder)?;
        let mut missing = Vec::new();
        let mut manifest = Manifest { segments: Vec::new(), rotations: Vec::new(), ..whole.clone() };
        for entry in &whole.segments {
            match State::from_manifest(storage.as_ref(), alone(&whole, entry), None, source.clone()) {
                Ok(_) => manifest.segments.push(entry.clone()),
                Err(Error::Damaged { file, source }) => missing.push(damage_of_file(&file, damage_of(&source))),
                Err(error) => missing.push(FileDamage {
                    file: file_name(FileKind::Segment, entry.file.id),
                    section: "file".to_owned(),
                    offset: 0,
                    why: error.to_string(),
                }),
            }
        }
        let used = |id: u64| manifest.segments.iter().any(|entry| entry.rotations.contains(&id));
        manifest.rotations = whole.rotations.iter().filter(|file| used(file.id)).cloned().collect();
        if manifest.segments.is_empty() {
            manifest.adapter = None;
        }
        let state = State::from_manifest(storage.as_ref(), manifest, None, source)?;
        let mut shared = Shared::new(storage, state);
        shared.degraded = !missing.is_empty();
        Ok((Self { shared: Arc::new(shared), writer: Arc::default() }, missing))
    }
}

/// A manifest of one segment of an index.
pub(super) fn alone(whole: &Manifest, entry: &SegmentRef) -> Manifest {
    let rotations = whole.rotations.iter().filter(|file| entry.rotations.contains(&file.id)).cloned().collect();
    Manifest { segments: vec![entry.clone()], rotations, feedback: Vec::new(), head: None, ..whole.clone() }
}
