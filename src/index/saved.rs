//! States put aside: snapshots under a name, within the index and sharing its files, and backups elsewhere.

use super::Index;
use super::commit::Commit;
use super::state::{RELOADS, State, now_ms, publish_manifest, read_manifest};
use super::sweep::remove_unnamed;
use super::writer::Writer;
use crate::disk::{DiskError, FileStorage, Storage, copy};
use crate::error::{Error, Result};
use crate::segment::{file_name, is_index_file};
use index_format::{Manifest, SegmentRef};
use std::path::Path;
use std::sync::Arc;

/// A state of an index that was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SavedSnapshot {
    /// Its name; that of its directory for a backup.
    pub name: String,
    /// The number of the committed state.
    pub generation: u64,
    /// Live notes in it.
    pub notes: u64,
    /// When it was committed, milliseconds since 1970 UTC.
    pub committed_ms: i64,
}

impl SavedSnapshot {
    fn of(name: &str, manifest: &Manifest) -> Self {
        let live = |entry: &SegmentRef| u64::from(entry.notes.saturating_sub(entry.deleted));
        Self {
            name: name.to_owned(),
            generation: manifest.generation,
            notes: manifest.segments.iter().map(live).sum(),
            committed_ms: manifest.committed_ms,
        }
    }
}

impl Index {
    /// Keeps the last committed state under a name, whatever is written later. It shares its files with the index (hard links
    /// in a directory), so it takes no time, and no space but that of what the index would have removed. In a directory it
    /// lies in `snapshots/NAME` and can be opened and copied as any index. Writers need not stop for it.
    ///
    /// A name has letters and digits of ASCII, full stops, hyphens and underscores.
    ///
    /// # Errors
    /// [`Error::Snapshot`] if there is one of this name; what the store refuses.
    pub fn save_snapshot(&self, name: &str) -> Result<SavedSnapshot> {
        let storage = self.shared.storage.as_ref();
        let branch = storage.branch(name)?;
        let _alone = branch.lock()?;
        match read_manifest(branch.as_ref()) {
            Err(Error::NoIndex { .. }) => {}
            _ => return refuse(name, "there is one of this name already; remove it, or choose another name"),
        }
        // What a call that was broken off has left.
        clear(branch.as_ref())?;
        let manifest = hand_over(storage, branch.as_ref(), &|file| storage.share(file, branch.as_ref()))?;
        Ok(SavedSnapshot::of(name, &manifest))
    }

    /// The snapshots that were saved and can be read, by name.
    ///
    /// # Errors
    /// What the store refuses.
    pub fn saved_snapshots(&self) -> Result<Vec<SavedSnapshot>> {
        let storage = self.shared.storage.as_ref();
        let mut saved = Vec::new();
        for name in storage.branches()? {
            // One that is only half there is none.
            let manifest = storage.branch(&name).map_err(Error::from).and_then(|branch| read_manifest(branch.as_ref()));
            saved.extend(manifest.ok().map(|manifest| SavedSnapshot::of(&name, &manifest)));
        }
        Ok(saved)
    }

    /// Makes a saved snapshot the last committed state, in a commit of its own, and forgets what is written and not committed.
    /// What was committed since is gone unless it was saved as well; the snapshot stays. The writer lock is given back, with or without success.
    ///
    /// # Errors
    /// [`Error::Snapshot`] if there is none of this name or it cannot be of this index any more; [`Error::WrongEncoder`] if it
    /// was made by another encoder; damage, and what the store refuses: nothing has changed then.
    pub fn restore_snapshot(&self, name: &str) -> Result<Commit> {
        // The writer knows what is replaced: the next call that writes starts from what is there then.
        self.write_and_end(|writer| writer.restore(name))
    }

    /// Removes a saved snapshot; one that is not there is fine.
    ///
    /// # Errors
    /// What the store refuses.
    pub fn remove_snapshot(&self, name: &str) -> Result<()> {
        Ok(self.shared.storage.remove_branch(name)?)
    }

    /// Copies the last committed state into a directory, which is made if it is not there, as an index of its own that shares
    /// nothing with this one. Writers, here or in other processes, need not stop for it. Saved snapshots are not copied.
    ///
    /// # Errors
    /// [`Error::IndexExists`] if there is one; damage, and what the file systems refuse: there is no index there then.
    pub fn backup(&self, directory: impl AsRef<Path>) -> Result<SavedSnapshot> {
        let target = FileStorage::create(directory.as_ref())?;
        self.backup_in(&target)
    }

    /// As [`Index::backup`], into any storage.
    ///
    /// # Errors
    /// As [`Index::backup`].
    pub fn backup_in(&self, target: &dyn Storage) -> Result<SavedSnapshot> {
        let _alone = target.lock()?;
        // Files of an index whose manifest is lost are no free place either.
        if target.list()?.iter().any(|name| is_index_file(name)) {
            return Err(Error::IndexExists { location: target.location() });
        }
        let storage = self.shared.storage.as_ref();
        let manifest = hand_over(storage, target, &|file| copy(storage, file, target)).inspect_err(|_| {
            // Whoever tries again finds the place free; what is wrong with it has been said.
            let _ = clear(target);
        })?;
        Ok(SavedSnapshot::of(&target.location(), &manifest))
    }
}

fn refuse<T>(name: &str, why: &'static str) -> Result<T> {
    Err(Error::Snapshot { name: name.to_owned(), why })
}

/// Removes all files of an index that is none yet.
fn clear(storage: &dyn Storage) -> Result<()> {
    for file in storage.list()?.iter().filter(|name| is_index_file(name)) {
        storage.remove(file)?;
    }
    Ok(())
}

/// Gives every file of the last committed state to another storage, and the manifest at the end.
fn hand_over(from: &dyn Storage, to: &dyn Storage, give: &dyn Fn(&str) -> Result<(), DiskError>) -> Result<Manifest> {
    let mut tries = 0;
    loop {
        let manifest = read_manifest(from)?;
        let given = manifest.files().try_for_each(|(kind, file)| give(&file_name(kind, file.id)));
        match given {
            // A writer has replaced it meanwhile: the newer state is to be had.
            Err(DiskError::NotFound { .. }) if tries < RELOADS => tries += 1,
            Err(error) => return Err(error.into()),
            Ok(()) => {
                publish_manifest(to, &manifest)?;
                if tries > 0 {
                    remove_unnamed(to, &[])?;
                }
                return Ok(manifest);
            }
        }
    }
}

impl Writer {
    fn restore(&mut self, name: &str) -> Result<Commit> {
        let shared = Arc::clone(&self.shared);
        let storage = shared.storage.as_ref();
        if !storage.branches()?.iter().any(|known| known == name) {
            return refuse(
                name,
                "there is none of this name; Index::saved_snapshots (shell: `uninote snapshot list`) names those there are",
            );
        }
        let branch = storage.branch(name)?;
        let saved = read_manifest(branch.as_ref())?;
        let state = shared.current();
        let diverged = "it is not of this index, or was written to since; it can be opened as an index of its own";
        if saved.index_id != self.manifest.index_id {
            return refuse(name, diverged);
        }
        state.source.check(&saved)?;
        self.stop_merging();
        let present: Vec<_> = state.manifest.files().collect();
        for (kind, file) in saved.files() {
            match present.iter().find(|(of_kind, known)| *of_kind == kind && known.id == file.id) {
                Some((_, known)) if *known == file => {}
                Some(_) => return refuse(name, diverged),
                None => {
                    let name = file_name(kind, file.id);
                    // One that an earlier attempt has left is not named: it may be another.
                    storage.remove(&name)?;
                    branch.share(&name, storage)?;
                }
            }
        }
        let manifest = Manifest {
            generation: state.manifest.generation + 1,
            next_file: self.next_file.max(saved.next_file),
            committed_ms: now_ms(),
            ..saved
        };
        let restored = State::from_manifest(storage, manifest.clone(), Some(&state), state.source.clone())?;
        publish_manifest(storage, &manifest)?;
        shared.swap(restored);
        self.manifest = manifest;
        Ok(self.report())
    }
}
