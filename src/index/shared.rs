//! What snapshots and the writer of one handle share: the storage, the current state, whether and how it is written.

use super::state::{State, read_manifest};
use super::writing::WriteOptions;
use crate::disk::Storage;
use crate::error::{Error, Result};
use arc_swap::ArcSwap;
use index_format::Manifest;
use parking_lot::Mutex;
use std::sync::Arc;

/// What snapshots and the writer of one handle share.
pub(super) struct Shared {
    pub(super) storage: Arc<dyn Storage>,
    /// Whether parts of the index could not be opened: then nothing is written.
    pub(super) degraded: bool,
    current: ArcSwap<State>,
    refreshing: Mutex<()>,
    poisoned: Mutex<Option<String>>,
    writing: Mutex<WriteOptions>,
}

impl Shared {
    pub(super) fn new(storage: Arc<dyn Storage>, state: State) -> Self {
        let current = ArcSwap::from_pointee(state);
        Self {
            storage,
            degraded: false,
            current,
            refreshing: Mutex::new(()),
            poisoned: Mutex::new(None),
            writing: Mutex::new(WriteOptions::new()),
        }
    }

    /// How its handle writes.
    pub(super) fn write_options(&self) -> WriteOptions {
        self.writing.lock().clone()
    }

    pub(super) fn set_write_options(&self, options: WriteOptions) {
        *self.writing.lock() = options;
    }

    pub(super) fn current(&self) -> Arc<State> {
        self.current.load_full()
    }

    /// Makes a newly committed state the current one.
    pub(super) fn swap(&self, state: State) {
        // A refresh on its way, which may hold an older state, comes first.
        let _alone = self.refreshing.lock();
        self.current.store(Arc::new(state));
    }

    /// Takes over the state on the storage; true if it is another than before.
    pub(super) fn refresh(&self) -> Result<bool> {
        // One at a time, and not beside a commit, so that an older state never replaces a newer one.
        let _alone = self.refreshing.lock();
        let known = self.current();
        let identity = |manifest: &Manifest| (manifest.index_id, manifest.generation);
        if identity(&read_manifest(self.storage.as_ref())?) == identity(&known.manifest) {
            return Ok(false);
        }
        let state = State::load(self.storage.as_ref(), Some(&known), &|_| Ok(known.source.clone()))?;
        self.current.store(Arc::new(state));
        Ok(true)
    }

    pub(super) fn check_health(&self) -> Result<()> {
        if self.degraded {
            return Err(Error::Degraded { location: self.storage.location() });
        }
        match self.poisoned.lock().as_ref() {
            Some(why) => Err(Error::Poisoned { why: why.clone() }),
            None => Ok(()),
        }
    }

    /// After a failed sync nobody knows what is on the disk: this handle writes no more (Rebello et al. 2020, "Can
    /// applications recover from fsync failures?"). True if that is so.
    pub(super) fn poison_after(&self, error: &Error) -> bool {
        let Error::Disk(disk) = error else { return false };
        if disk.is_sync_failure() {
            tracing::error!(%disk, "sync failed: writing is off");
            *self.poisoned.lock() = Some(disk.to_string());
        }
        disk.is_sync_failure()
    }
}
