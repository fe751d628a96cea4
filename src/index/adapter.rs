//! The adapter of an index: loaded with a state, installed and removed by one commit that brings all vectors with it.

use super::commit::Commit;
use super::writer::Writer;
use crate::disk::Storage;
use crate::error::{Error, Result};
use crate::query::Cancel;
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
pub(super) fn load(
    storage: &dyn Storage,
    manifest: &Manifest,
    known: Option<&Installed>,
) -> Result<Option<Installed>> {
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

impl Writer {
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
            let merged = self.merge(cancelled)?;
            self.replace_all(merged);
        }
        if cancelled() { Err(Error::Cancelled) } else { self.publish() }
    }

    /// What the vectors of a space go through, if anything.
    pub(super) fn adapter_of(&self, space: usize) -> Option<&Adapter> {
        self.adapter.as_ref().map(|installed| installed.adapter.as_ref()).filter(|_| space < OWN_SPACES)
    }
}
