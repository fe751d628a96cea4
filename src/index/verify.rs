//! Total verification: every byte of every file the manifest names, and every damage named with file, section and offset.

use super::Index;
use super::options::VectorSource;
use super::state::{State, read_manifest};
use crate::disk::{DiskError, FileStorage, Storage};
use crate::error::{Error, Result};
use crate::rank::{Head, RankError, Schema};
use crate::segment::{file_name, is_index_file, load_adapter, load_rotation};
use crate::vector::{Adapter, Rotation};
use index_format::check::{verify_segment, verify_tombstones};
use index_format::layout::NO_SPACE;
use index_format::{Damage, Feedback, FileKind, FileRef, FileTable, FormatError, Manifest, SectionKind, SegmentFile};
use std::collections::BTreeMap;
use std::path::Path;

/// What a kind of file is checked for inside.
type Inside<'a> = &'a mut dyn FnMut(&[u8]) -> Result<Vec<Damage>, FormatError>;

/// One damage.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileDamage {
    /// Name of the file.
    pub file: String,
    /// The part of it: a section, `header`, `section table`, `padding`, a number in one of them that does not fit the rest
    /// of the index, or `file` if it is missing or cannot be read.
    pub section: String,
    /// Byte offset in the file.
    pub offset: u64,
    /// What does not hold.
    pub why: String,
}

/// What a verification found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerifyReport {
    /// Files read.
    pub files: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Everything that does not hold; empty for a sound index.
    pub damages: Vec<FileDamage>,
}

impl VerifyReport {
    /// Whether nothing was found.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damages.is_empty()
    }
}

impl Index {
    /// Reads every byte of every file of the last committed state and names each damage.
    ///
    /// # Errors
    /// Only if the directory or the manifest cannot be read at all.
    pub fn verify(&self) -> Result<VerifyReport> {
        verify(self.shared.storage.as_ref())
    }

    /// As [`Index::verify`], for an index too damaged to open.
    ///
    /// # Errors
    /// As [`Index::verify`].
    pub fn verify_at(directory: impl AsRef<Path>) -> Result<VerifyReport> {
        verify(&FileStorage::open(directory)?)
    }

    /// As [`Index::verify_at`], on any storage.
    ///
    /// # Errors
    /// As [`Index::verify`].
    pub fn verify_in(storage: &dyn Storage) -> Result<VerifyReport> {
        verify(storage)
    }
}

/// Verifies the index on a storage.
fn verify(storage: &dyn Storage) -> Result<VerifyReport> {
    let mut report = VerifyReport::default();
    let manifest_name = file_name(FileKind::Manifest, 0);
    let manifest = match read_manifest(storage) {
        Ok(manifest) => manifest,
        Err(Error::Damaged { file, source }) => {
            report.files = 1;
            report.push(&file, damage_of(&source));
            return Ok(report);
        }
        Err(Error::NoIndex { .. }) if storage.list()?.iter().any(|name| is_index_file(name)) => {
            report.push(&manifest_name, whole(MISSING.to_owned()));
            return Ok(report);
        }
        Err(other) => return Err(other),
    };
    report.files = 1;
    report.bytes = storage.map(&manifest_name).map_or(0, |bytes| bytes.len() as u64);
    let index_id = manifest.index_id;
    let rotations = report.check_rotations(storage, &manifest);
    let adapter = report.check_adapter(storage, &manifest);
    let adapting = |id: u64| adapter.as_ref().filter(|(number, _)| *number == id).map(|(_, adapter)| adapter.rows());
    let matrices = |id: u64| rotations.get(&id).map(Rotation::rows).or_else(|| adapting(id));
    for entry in &manifest.segments {
        let mut notes = entry.notes;
        report.check(storage, index_id, FileKind::Segment, &entry.file, &mut |bytes| {
            notes = SegmentFile::parse(bytes)?.meta.notes;
            verify_segment(bytes, &matrices)
        });
        report.agree(&manifest_name, "notes of a segment", entry.notes, notes);
        if let Some(file) = &entry.tombstones {
            let mut deleted = entry.deleted;
            report.check(storage, index_id, FileKind::Tombstones, file, &mut |bytes| {
                let entries = FileTable::parse(bytes, FileKind::Tombstones)?;
                let entry = entries.require(SectionKind::Deleted, NO_SPACE)?;
                deleted = u32::try_from(entry.count).unwrap_or(u32::MAX);
                verify_tombstones(bytes, notes)
            });
            report.agree(&manifest_name, "deleted notes of a segment", entry.deleted, deleted);
        }
    }
    report.check_learnt(storage, &manifest);
    // Whatever else keeps the index from opening: parts that are sound each for itself and do not fit together.
    if report.is_sound()
        && let Err(error) = State::load(storage, None, &|record| Ok(VectorSource::absent(record)))
    {
        match error {
            Error::Damaged { file, source } => report.push(&file, damage_of(&source)),
            unknown @ Error::UnknownLanguage { .. } => report.push(&manifest_name, whole(unknown.to_string())),
            other => return Err(other),
        }
    }
    Ok(report)
}

/// Why a file of which nothing can be said is named.
const MISSING: &str = "is missing; restore it from a backup";

const fn whole(why: String) -> Damage {
    Damage { section: "file", offset: 0, why }
}

pub(super) fn damage_of(error: &FormatError) -> Damage {
    let (section, offset) = error.place();
    Damage { section, offset, why: error.to_string() }
}

pub(super) fn damage_of_file(file: &str, Damage { section, offset, why }: Damage) -> FileDamage {
    FileDamage { file: file.to_owned(), section: section.to_owned(), offset, why }
}

impl VerifyReport {
    fn push(&mut self, file: &str, damage: Damage) {
        self.damages.push(damage_of_file(file, damage));
    }

    /// Holds a number of the manifest against the file it is about.
    fn agree(&mut self, manifest: &str, what: &str, recorded: u32, found: u32) {
        if recorded != found {
            let why = format!("{what}: the manifest says {recorded}, the file {found}");
            self.push(manifest, Damage { section: SectionKind::Meta.name(), offset: 0, why });
        }
    }

    /// The rotations that can be read.
    fn check_rotations(&mut self, storage: &dyn Storage, manifest: &Manifest) -> BTreeMap<u64, Rotation> {
        let mut sound = BTreeMap::new();
        for file in &manifest.rotations {
            let before = self.damages.len();
            self.check(storage, manifest.index_id, FileKind::Rotation, file, &mut |bytes| {
                Ok(FileTable::parse(bytes, FileKind::Rotation)?.damages(bytes))
            });
            if self.damages.len() == before {
                sound.extend(self.check_rotation(storage, manifest.index_id, file).map(|rotation| (file.id, rotation)));
            }
        }
        sound
    }

    /// The head and the feedback.
    fn check_learnt(&mut self, storage: &dyn Storage, manifest: &Manifest) {
        if let Some(file) = &manifest.head {
            self.check(storage, manifest.index_id, FileKind::Head, file, &mut |bytes| {
                let table = FileTable::parse(bytes, FileKind::Head)?;
                let mut damages = table.damages(bytes);
                let weights = table.bytes(bytes, SectionKind::Weights, NO_SPACE)?;
                // One for other features than this build has is sound: another build reads it.
                if let Err(error @ RankError::Damaged { .. }) = Head::from_bytes(weights, &Schema::built_in()) {
                    let section = SectionKind::Weights.name();
                    damages.push(Damage { section, offset: 0, why: error.to_string() });
                }
                Ok(damages)
            });
        }
        for file in &manifest.feedback {
            self.check(storage, manifest.index_id, FileKind::Feedback, file, &mut |bytes| {
                Feedback::from_file(bytes).map(|_| Vec::new())
            });
        }
    }

    fn check_rotation(&mut self, storage: &dyn Storage, index_id: u64, file: &FileRef) -> Option<Rotation> {
        let name = file_name(FileKind::Rotation, file.id);
        match load_rotation(storage, index_id, file) {
            Ok(rotation) => {
                if let Err(error) = rotation.check() {
                    self.push(&name, Damage { section: SectionKind::Matrix.name(), offset: 0, why: error.to_string() });
                }
                return Some(rotation);
            }
            Err(Error::Damaged { source, .. }) => self.push(&name, damage_of(&source)),
            Err(error) => self.push(&name, whole(error.to_string())),
        }
        None
    }

    /// The adapter and its number, if there is one that can be read.
    fn check_adapter(&mut self, storage: &dyn Storage, manifest: &Manifest) -> Option<(u64, Adapter)> {
        let file = manifest.adapter.as_ref()?;
        let before = self.damages.len();
        self.check(storage, manifest.index_id, FileKind::Adapter, file, &mut |bytes| {
            Ok(FileTable::parse(bytes, FileKind::Adapter)?.damages(bytes))
        });
        if self.damages.len() > before {
            return None;
        }
        let name = file_name(FileKind::Adapter, file.id);
        match load_adapter(storage, manifest.index_id, file) {
            Ok((adapter, _)) => return Some((file.id, adapter)),
            Err(Error::Damaged { source, .. }) => self.push(&name, damage_of(&source)),
            Err(error) => self.push(&name, whole(error.to_string())),
        }
        None
    }

    fn check(&mut self, storage: &dyn Storage, index_id: u64, kind: FileKind, file: &FileRef, inside: Inside<'_>) {
        let name = file_name(kind, file.id);
        let bytes = match storage.map(&name) {
            Ok(bytes) => bytes,
            Err(DiskError::NotFound { .. }) => return self.push(&name, whole(MISSING.to_owned())),
            Err(error) => return self.push(&name, whole(error.to_string())),
        };
        self.files += 1;
        self.bytes += bytes.len() as u64;
        let identity = FileTable::parse(&bytes, kind)
            .and_then(|table| crate::segment::check_identity(table.header(), index_id, file));
        match identity.and_then(|()| inside(&bytes)) {
            Ok(damages) => damages.into_iter().for_each(|damage| self.push(&name, damage)),
            Err(error) => self.push(&name, damage_of(&error)),
        }
    }
}
