//! The adapter of an index: loaded with a state, installed and removed by one commit that brings all vectors with it.

use super::Index;
use super::commit::Commit;
use super::compact::Keep;
use super::material::material;
use super::snapshot::Snapshot;
use super::state::now_ms;
use super::train::{Judged, TrainOptions};
use super::writer::Writer;
use crate::disk::Storage;
use crate::error::{Error, Result};
use crate::query::Cancel;
use crate::rank::train::{AdapterReport, AdapterSettings, adapt};
use crate::segment::{file_name, load_adapter, store_adapter};
use crate::vector::{Adapter, VectorError};
use index_format::layout::OWN_SPACES;
use index_format::{AdapterRecord, FileKind, FileRef, FormatError, Manifest, SectionKind};
use std::sync::Arc;

/// An adapter that an index has.
#[derive(Clone)]
pub(super) struct Installed {
    pub(super) file: FileRef,
    pub(super) adapter: Arc<Adapter>,
    pub(super) record: AdapterRecord,
}

/// Loads the adapter a manifest names, or takes over the one that is open already.
pub(super) fn load(storage: &dyn Storage, manifest: &Manifest, known: Option<&Installed>) -> Result<Option<Installed>> {
    let Some(file) = &manifest.adapter else { return Ok(None) };
    let installed = match known.filter(|known| known.file == *file) {
        Some(known) => known.clone(),
        None => {
            let (adapter, record) = load_adapter(storage, manifest.index_id, file)?;
            Installed { file: file.clone(), adapter: Arc::new(adapter), record }
        }
    };
    let damaged = |source| Err(Error::Damaged { file: file_name(FileKind::Adapter, file.id), source });
    let (expected, found) = (u64::from(manifest.encoder.width), installed.adapter.width() as u64);
    if expected != found {
        let what = "width of the adapter, as the manifest says of the encoder";
        return damaged(FormatError::Inconsistent { what, offset: 0, expected, found });
    }
    if installed.record.fingerprint != manifest.encoder.fingerprint {
        let (of, index) = (&installed.record.fingerprint, &manifest.encoder.fingerprint);
        let why = format!("was trained for the encoder {of}, and the index holds vectors of {index}");
        return damaged(FormatError::Archive { what: SectionKind::Meta.name(), offset: 0, why });
    }
    Ok(Some(installed))
}

/// What the training of an adapter did.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AdapterTraining {
    /// Whether the new adapter is in use now: only if it is better than what there was beyond chance.
    pub installed: bool,
    /// What was done, and what the new adapter gains on queries that nothing was trained on or chosen by.
    pub report: AdapterReport,
    /// Queries that were of no use: what they ask cannot be asked of this index.
    pub unused: usize,
}

impl Index {
    /// Commits what is written, trains a projection of vectors and queries on judged queries, and, if it finds more of what
    /// is of use beyond chance, brings all vectors to it with one more commit: the encoder fits these notes better then, and
    /// nothing is encoded anew. Stored are both the vectors as the encoder gave them and as they are searched.
    ///
    /// `cancel` stops it with nothing changed but the first commit.
    ///
    /// # Errors
    /// [`Error::Rank`] if there is too little to learn from, [`Error::Vector`] for vectors of more than 4,096 components,
    /// [`Error::Cancelled`], and those of [`Index::commit`].
    pub fn train_adapter(
        &self,
        judged: &[Judged],
        options: &TrainOptions,
        cancel: Option<&Cancel>,
    ) -> Result<AdapterTraining> {
        self.write(|writer| writer.train_adapter(judged, options, cancel))
    }

    /// Commits what is written, then takes the adapter away: vectors are again what the encoder gave, to the bit, and so are
    /// answers, but for the order of equal scores. All segments are merged into one meanwhile, as [`Index::compact`] does;
    /// until the commit nothing has changed for anyone. Does nothing more than [`Index::commit`] where none is installed.
    ///
    /// # Errors
    /// [`Error::Cancelled`], and those of [`Index::commit`]: nothing has changed then but the commit of what was written
    /// before.
    pub fn remove_adapter(&self, cancel: Option<&Cancel>) -> Result<Commit> {
        self.write(|writer| writer.change_adapter(None, cancel))
    }
}

impl Writer {
    fn train_adapter(
        &mut self,
        judged: &[Judged],
        options: &TrainOptions,
        cancel: Option<&Cancel>,
    ) -> Result<AdapterTraining> {
        self.flush()?;
        self.publish()?;
        let snapshot = Snapshot::new(&self.shared);
        let cancelled = || cancel.is_some_and(Cancel::is_cancelled);
        let material = material(&snapshot, judged)?;
        let unused = judged.len() - material.queries.len();
        let settings = AdapterSettings { seed: options.seed, ..AdapterSettings::default() };
        let prefixes = self.recipe.source.prefixes_of(0);
        let (adapter, report) = adapt(&material, (prefixes, self.adapter_of(0)), &settings, &cancelled)?;
        if cancelled() {
            return Err(Error::Cancelled);
        }
        let installed = report.passes();
        if installed {
            let (encoder, fingerprint) =
                (self.manifest.encoder.name.clone(), self.manifest.encoder.fingerprint.clone());
            let made_with = format!("{}: {}", options.data, report.record());
            let record = AdapterRecord { encoder, fingerprint, made_ms: now_ms(), made_with };
            // What was left out of notes is for the next report of a commit: this call makes none.
            self.skipped = self.change_adapter(Some((adapter, record)), cancel)?.skipped;
        }
        Ok(AdapterTraining { installed, report, unused })
    }

    /// Commits what is written, then puts an adapter, or none, in the place of the one there is: all notes go into one new
    /// segment with the vectors it makes of theirs, and one commit names both.
    pub(super) fn change_adapter(
        &mut self,
        wanted: Option<(Adapter, AdapterRecord)>,
        cancel: Option<&Cancel>,
    ) -> Result<Commit> {
        if let Some((adapter, record)) = &wanted {
            self.check_adapter(adapter, record)?;
        }
        self.stop_merging();
        self.flush()?;
        self.publish()?;
        if wanted.is_none() && self.adapter.is_none() {
            return Ok(self.report());
        }
        let before = (self.adapter.clone(), self.segments.clone());
        let rotations = (self.rotations.clone(), self.newest_rotations.clone());
        if let Err(error) = self.merge_with(wanted, &|| cancel.is_some_and(Cancel::is_cancelled)) {
            (self.adapter, self.segments) = before;
            (self.rotations, self.newest_rotations) = rotations;
            // The number of a segment that was given up half way is not given out again.
            self.next_file += 1;
            self.sweep_after(&error);
            return Err(error);
        }
        Ok(self.report())
    }

    fn check_adapter(&self, adapter: &Adapter, record: &AdapterRecord) -> Result<()> {
        let encoder = &self.manifest.encoder;
        if record.fingerprint != encoder.fingerprint {
            let (adapter, index) = (record.fingerprint.clone(), encoder.fingerprint.clone());
            return Err(Error::WrongAdapter { adapter, index });
        }
        let (expected, got) = (encoder.width as usize, adapter.width());
        if expected == got { Ok(()) } else { Err(VectorError::WrongWidth { expected, got }.into()) }
    }

    fn merge_with(
        &mut self,
        wanted: Option<(Adapter, AdapterRecord)>,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<()> {
        self.adapter = match wanted {
            Some((adapter, record)) => {
                let (storage, index_id) = (self.shared.storage.as_ref(), self.manifest.index_id);
                let file = store_adapter(storage, index_id, self.next_file, (&adapter, &record))?;
                self.next_file += 1;
                Some(Installed { file, adapter: Arc::new(adapter), record })
            }
            None => None,
        };
        if !self.segments.is_empty() {
            self.segments = self.merge_all(Keep::Nothing, cancelled)?;
        }
        if cancelled() { Err(Error::Cancelled) } else { self.publish() }
    }

    /// What the vectors of a space go through, if anything.
    pub(super) fn adapter_of(&self, space: usize) -> Option<&Adapter> {
        self.adapter.as_ref().map(|installed| installed.adapter.as_ref()).filter(|_| space < OWN_SPACES)
    }
}
