//! The commit: tombstones, then the manifest, then the swap in memory, then the garbage.

use super::spaces;
use super::state::{State, now_ms, publish_manifest};
use super::writer::{Writer, WriterSegment};
use crate::error::Result;
use crate::query::{LiveSegment, RecentFilters};
use crate::segment::Deleted;
use index_format::{FileRef, Manifest, SegmentRef};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A note, or a part of one, that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Skipped {
    /// The note's id.
    pub id: String,
    /// Whether the whole note was left out; else only a part of it.
    pub whole: bool,
    /// The reason.
    pub why: String,
}

/// What a commit did. What came of the calls counts from the last one on, of this handle, whichever call reported it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Commit {
    /// The number of the committed state; unchanged if there was nothing to commit.
    pub generation: u64,
    /// Live notes in it.
    pub notes: u64,
    /// Notes with an id that was new.
    pub added: u64,
    /// Notes that took the place of an older version.
    pub updated: u64,
    /// Notes that were put exactly as they were stored: nothing was encoded or written for them.
    pub unchanged: u64,
    /// Notes that were deleted.
    pub deleted: u64,
    /// What was left out since the last commit.
    pub skipped: Vec<Skipped>,
}

/// What came of the calls since the last report.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Changes {
    pub(super) added: u64,
    pub(super) updated: u64,
    pub(super) unchanged: u64,
    pub(super) deleted: u64,
}

impl Writer {
    pub(super) fn commit(&mut self) -> Result<Commit> {
        self.flush()?;
        self.merge_small()?;
        self.publish()?;
        self.merge_large()?;
        self.keep_pace()?;
        Ok(self.report())
    }

    /// Commits what was written, with one more space.
    pub(super) fn add_space(&mut self, name: &str, width: usize) -> Result<Commit> {
        let mut spaces = self.manifest.spaces.clone();
        spaces::add(&mut spaces, name, width)?;
        self.flush()?;
        self.publish_with(|manifest| manifest.spaces = spaces)?;
        Ok(self.report())
    }

    /// What the last published state holds, with all reports since the one before.
    pub(super) fn report(&mut self) -> Commit {
        let live = |entry: &SegmentRef| u64::from(entry.notes.saturating_sub(entry.deleted));
        let notes = self.manifest.segments.iter().map(live).sum();
        let Changes { added, updated, unchanged, deleted } = std::mem::take(&mut self.changes);
        let (generation, skipped) = (self.manifest.generation, std::mem::take(&mut self.skipped));
        Commit { generation, notes, added, updated, unchanged, deleted, skipped }
    }

    /// Publishes the writer's segments and deletions as the next state, if they differ from the last.
    pub(super) fn publish(&mut self) -> Result<()> {
        self.publish_with(|_| {})
    }

    /// As [`Writer::publish`], with something else of the manifest changed.
    pub(super) fn publish_with(&mut self, change: impl FnOnce(&mut Manifest)) -> Result<()> {
        self.write_tombstones()?;
        let mut manifest = Manifest { feedback: self.write_events()?, ..self.next_manifest() };
        change(&mut manifest);
        // Held against the last commit, not against what was written since: a commit that failed half way has written
        // its tombstones already and must still be repeated.
        let known = self.shared.current();
        if same(&known.manifest, &manifest) {
            // What was written and is not wanted any more may lose its files from here on.
            self.retain_named(&manifest);
            return Ok(());
        }
        let state = self.state(manifest.clone())?;
        publish_manifest(self.shared.storage.as_ref(), &manifest)?;
        // From here on the commit has happened, and nothing can fail any more.
        self.retain_named(&manifest);
        self.manifest = manifest;
        self.events.clear();
        self.shared.swap(state);
        tracing::info!(generation = self.manifest.generation, segments = self.segments.len(), "committed");
        if let Err(error) = self.clear_away() {
            tracing::warn!(%error, "files that are no longer needed could not be removed; the next writer tries again");
        }
        Ok(())
    }

    /// Forgets what this manifest does not name: the files of that are removed, if not now then with the next sweep.
    fn retain_named(&mut self, manifest: &Manifest) {
        self.segments.retain(|entry| !entry.all_deleted());
        let merging: &[u64] = self.merging.as_ref().map_or(&[], |merging| &merging.rotations);
        self.rotations.retain(|id, _| merging.contains(id) || manifest.rotations.iter().any(|file| file.id == *id));
        self.newest_rotations.retain(|_, id| self.rotations.contains_key(id));
    }

    fn write_tombstones(&mut self) -> Result<()> {
        let storage = self.shared.storage.as_ref();
        for entry in self.segments.iter_mut().filter(|entry| entry.dirty && !entry.all_deleted()) {
            let notes: Vec<u32> = entry.deleted.iter().copied().collect();
            let file = Deleted::store(storage, self.manifest.index_id, self.next_file, &notes)?;
            self.next_file += 1;
            entry.tombstones = Some(file);
            entry.dirty = false;
        }
        Ok(())
    }

    pub(super) fn next_manifest(&self) -> Manifest {
        let mut used = BTreeSet::new();
        let mut segments = Vec::with_capacity(self.segments.len());
        for entry in self.segments.iter().filter(|entry| !entry.all_deleted()) {
            let meta = entry.segment.meta();
            let rotations: BTreeSet<u64> = meta.spaces.iter().filter_map(|space| space.rotation).collect();
            used.extend(rotations.iter().copied());
            segments.push(SegmentRef {
                file: entry.segment.file_ref().clone(),
                notes: meta.notes,
                deleted: entry.deleted.len() as u32,
                tombstones: entry.tombstones.clone(),
                rotations: rotations.into_iter().collect(),
            });
        }
        let rotations: Vec<FileRef> =
            self.rotations.values().map(|(file, _)| file.clone()).filter(|file| used.contains(&file.id)).collect();
        Manifest {
            generation: self.manifest.generation + 1,
            next_file: self.next_file,
            committed_ms: now_ms(),
            segments,
            rotations,
            adapter: self.adapter.as_ref().map(|installed| installed.file.clone()),
            ..self.manifest.clone()
        }
    }

    /// The state a manifest describes, from what this writer has open.
    fn state(&self, manifest: Manifest) -> Result<State> {
        let live =
            |entry: &WriterSegment| LiveSegment { segment: Arc::clone(&entry.segment), deleted: Deleted::default() };
        let known = State {
            filters: RecentFilters::default(),
            // Of which only the head is looked at: it is that of the current state.
            manifest: self.shared.current().manifest.clone(),
            segments: self.segments.iter().map(live).collect(),
            rotations: self.rotations.iter().map(|(id, (_, rotation))| (*id, Arc::clone(rotation))).collect(),
            adapter: self.adapter.clone(),
            source: self.recipe.source.clone(),
            language: self.recipe.language,
            head: self.shared.current().head.clone(),
        };
        State::from_manifest(self.shared.storage.as_ref(), manifest, Some(&known), known.source.clone())
    }
}

/// Whether two states hold the same, whatever their numbers and times.
pub(super) fn same(left: &Manifest, right: &Manifest) -> bool {
    let uncounted = |of: &Manifest| Manifest { generation: 0, next_file: 0, committed_ms: 0, ..of.clone() };
    uncounted(left) == uncounted(right)
}

impl WriterSegment {
    /// Whether no note of it is left: such a segment is named no more.
    pub(super) fn all_deleted(&self) -> bool {
        self.deleted.len() >= self.segment.meta().notes as usize
    }
}
