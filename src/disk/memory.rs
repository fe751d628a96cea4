//! The in-memory twin of a directory: for indexes without files, and for tests that need a disk to fail.
//!
//! It runs the same publication as the directory does, step by step, and can fail or lose power at any of the steps.

use std::collections::BTreeMap;
use std::io::{self, Cursor, ErrorKind, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::process;
use std::sync::Arc;

use parking_lot::Mutex;

use super::faults::{Fault, FaultKind, Step, Survival, strike};
use super::ledger::{Ledger, Node};
use super::lock::unix_seconds;
use super::publish::{self, Medium};
use super::{Bytes, DiskError, LOCK_NAME, Lock, Storage, TEMPORARY_PREFIX, WriteSeek, check_name};

/// Files in memory, with faults and power loss on request. A clone is the same storage, as a directory opened twice
/// is. See [`Storage`] for the promises.
#[derive(Debug, Clone, Default)]
pub struct MemoryStorage(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    ledger: Ledger,
    /// When the lock was taken, if it is held, in unix seconds.
    locked: Option<u64>,
    steps: u64,
    fault: Option<Fault>,
    temporaries: u64,
    branches: BTreeMap<String, MemoryStorage>,
}

impl MemoryStorage {
    /// An empty storage without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many steps were tried so far, failed ones included. See [`Step`].
    pub fn steps(&self) -> u64 {
        self.0.lock().steps
    }

    /// Lets `passing` more steps pass and fails the one after, in place of any fault asked for before.
    pub fn fail_after(&self, passing: u64, kind: FaultKind) {
        self.0.lock().fault = Some(Fault { passing, only: None, kind });
    }

    /// Fails the next step of one sort, in place of any fault asked for before.
    pub fn fail_next(&self, step: Step, kind: FaultKind) {
        self.0.lock().fault = Some(Fault { passing: 0, only: Some(step), kind });
    }

    /// Takes back the fault that was asked for: the disk has space again, the cable is plugged in.
    pub fn clear_fault(&self) {
        self.0.lock().fault = None;
    }

    /// A new storage as the disk could look after a power loss at this moment: without lock, faults and steps.
    pub fn crash_image(&self, survival: Survival) -> Self {
        let state = self.0.lock();
        Self(Arc::new(Mutex::new(State {
            ledger: state.ledger.after_crash(survival),
            // Counted on, so that a temporary that survived keeps its name to itself.
            temporaries: state.temporaries,
            ..State::default()
        })))
    }
}

impl State {
    fn step(&mut self, step: Step) -> io::Result<()> {
        self.steps += 1;
        strike(&mut self.fault, step)
    }
}

impl Storage for MemoryStorage {
    fn map(&self, name: &str) -> Result<Bytes, DiskError> {
        check_name(name)?;
        let content = self.0.lock().ledger.content(name);
        content.ok_or_else(|| DiskError::NotFound { path: self.path(name) })
    }

    fn publish(
        &self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn WriteSeek) -> io::Result<()>,
    ) -> Result<u64, DiskError> {
        publish::publish(self, name, write)
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        let state = self.0.lock();
        let names = state.ledger.names();
        Ok(names.filter(|name| check_name(name).is_ok()).cloned().collect())
    }

    fn sweep(&self) -> Result<usize, DiskError> {
        let mut leftovers: Vec<String> = self.0.lock().ledger.names().cloned().collect();
        leftovers.retain(|name| name.starts_with(TEMPORARY_PREFIX));
        for name in &leftovers {
            publish::remove(self, name)?;
        }
        Ok(leftovers.len())
    }

    fn remove(&self, name: &str) -> Result<(), DiskError> {
        check_name(name)?;
        publish::remove(self, name)
    }

    fn lock(&self) -> Result<Lock, DiskError> {
        let mut state = self.0.lock();
        if state.locked.is_some() {
            return Err(DiskError::Locked {
                path: self.path(LOCK_NAME),
                pid: Some(process::id()),
                since: state.locked,
            });
        }
        state.locked = Some(unix_seconds());
        Ok(Lock::new(Held(self.clone())))
    }

    fn location(&self) -> String {
        "memory".to_owned()
    }

    fn branch(&self, name: &str) -> Result<Arc<dyn Storage>, DiskError> {
        check_name(name)?;
        Ok(Arc::new(self.0.lock().branches.entry(name.to_owned()).or_default().clone()))
    }

    fn branches(&self) -> Result<Vec<String>, DiskError> {
        Ok(self.0.lock().branches.keys().cloned().collect())
    }

    fn remove_branch(&self, name: &str) -> Result<(), DiskError> {
        check_name(name)?;
        self.0.lock().branches.remove(name);
        Ok(())
    }
}

/// Releases the lock when dropped.
struct Held(MemoryStorage);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.0.lock().locked = None;
    }
}

impl Medium for MemoryStorage {
    type File = MemoryFile;

    fn next_temporary(&self) -> String {
        let mut state = self.0.lock();
        state.temporaries += 1;
        // Padded, so that the order of names, and with it what a seed means, does not depend on the count.
        format!("{TEMPORARY_PREFIX}{:020}", state.temporaries)
    }

    fn create(&self, name: &str) -> io::Result<MemoryFile> {
        let mut state = self.0.lock();
        state.step(Step::Create)?;
        let node = state.ledger.create(name).ok_or(ErrorKind::AlreadyExists)?;
        Ok(MemoryFile { storage: self.clone(), node, written: Cursor::default(), dirty: false })
    }

    fn sync_file(&self, file: &mut MemoryFile) -> io::Result<()> {
        file.write_back();
        self.0.lock().step(Step::SyncFile)?;
        file.node.synced();
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.step(Step::Rename)?;
        let renamed = state.ledger.rename(from, to);
        renamed.ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn sync_directory(&self) -> io::Result<()> {
        let mut state = self.0.lock();
        let synced = state.step(Step::SyncDirectory);
        match synced {
            Ok(()) => state.ledger.names_synced(),
            Err(_) => state.ledger.names_lost(),
        }
        synced
    }

    fn unlink(&self, name: &str) -> io::Result<()> {
        let mut state = self.0.lock();
        state.step(Step::Remove)?;
        let unlinked = state.ledger.unlink(name);
        unlinked.ok_or_else(|| ErrorKind::NotFound.into())
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(format!("memory:{name}"))
    }
}

/// A file being written. What was written shows in the storage once it is synced or closed.
pub(super) struct MemoryFile {
    storage: MemoryStorage,
    node: Arc<Node>,
    written: Cursor<Vec<u8>>,
    /// Written to since the content was last handed to the ledger.
    dirty: bool,
}

impl MemoryFile {
    fn write_back(&mut self) {
        if std::mem::take(&mut self.dirty) {
            let content = Bytes::from(self.written.get_ref().as_slice());
            self.node.written(content);
        }
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        self.write_back();
    }
}

impl Write for MemoryFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.storage.0.lock().step(Step::Write)?;
        self.dirty = true;
        self.written.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for MemoryFile {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        self.written.seek(position)
    }
}
