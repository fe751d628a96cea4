//! Segments merged by themselves: small ones in the commit that makes them due, large ones on a thread beside everything
//! else. What is deleted meanwhile is deleted in the merged segment too, and one manifest puts that in the place of the others.

use super::Index;
use super::build::{BuildPlan, Builder, NumberedRotation};
use super::commit::same;
use super::compact::merged_of;
use super::tiers::{Size, due, total};
use super::writer::{Slot, Writer, WriterSegment};
use crate::error::{Error, Result};
use crate::query::Cancel;
use crate::segment::file_name;
use index_format::FileKind;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// Rows of which a commit makes one segment while its caller waits.
const SMALL_ROWS: u64 = 4_096;
/// Bytes of segments that a commit merges while its caller waits.
const SMALL_BYTES: u64 = 32 << 20;
/// With more segments than this a commit waits for the merge under way: notes come faster than they can be merged.
const SEGMENTS_MAX: usize = 64;
/// How often a thread that is done looks whether the writer is free.
const PATIENCE: Duration = Duration::from_millis(5);

/// A merge under way.
pub(super) struct Merging {
    /// The segments as they were when it began.
    taken: Vec<WriterSegment>,
    file_id: u64,
    /// Rotations that no manifest may name yet.
    pub(super) rotations: Vec<u64>,
    stop: Arc<AtomicBool>,
    outcome: Arc<Mutex<Option<Result<WriterSegment>>>>,
    thread: Option<JoinHandle<()>>,
}

impl Merging {
    /// Files it needs that no manifest may name yet.
    pub(super) fn files(&self) -> Vec<String> {
        let rotations = self.rotations.iter().map(|id| file_name(FileKind::Rotation, *id));
        rotations.chain([file_name(FileKind::Segment, self.file_id)]).collect()
    }

    fn is_done(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished) || self.outcome.lock().is_some()
    }

    fn holds(&self, entry: &WriterSegment) -> bool {
        self.taken.iter().any(|taken| Arc::ptr_eq(&taken.segment, &entry.segment))
    }
}

impl Drop for Merging {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It may be the thread itself that publishes what it has made.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != thread::current().id()) {
            drop(thread.join());
        }
    }
}

impl Index {
    /// Waits until no segments are being merged in the background, as calls that write have begun it, so that what follows is
    /// not disturbed by it and finds as few segments as there will be.
    ///
    /// # Errors
    /// [`Error::Cancelled`], and those of [`Index::commit`] for what has been merged.
    pub fn wait_for_merges(&self, cancel: Option<&Cancel>) -> Result<()> {
        self.written(|writer| {
            while writer.merging.is_some() {
                writer.wait_for_merge(cancel)?;
            }
            Ok(())
        })
    }
}

impl Writer {
    /// Gives up the merge under way, if any.
    pub(super) fn stop_merging(&mut self) {
        self.merging = None;
    }

    /// Takes over a merge that is done, and merges what takes no time: what is published next names the outcome. Only a
    /// failed sync is an error; whatever else fails leaves the segments as they are.
    pub(super) fn merge_small(&mut self) -> Result<()> {
        self.take_merged()?;
        let options = self.shared.write_options();
        while options.merging && !self.merging_failed {
            let bytes = SMALL_BYTES.min(options.merged_by_itself());
            let Some(group) = self.due(bytes, SMALL_ROWS) else { break };
            let merged = self.job(&group).and_then(|job| job.run(&|| false));
            self.settle(merged, &group)?;
        }
        Ok(())
    }

    /// Begins to merge what is due beside everything else.
    pub(super) fn merge_large(&mut self) -> Result<()> {
        let options = self.shared.write_options();
        if !options.merging || self.merging_failed || self.merging.is_some() {
            return Ok(());
        }
        let Some(group) = self.due(options.merged_by_itself(), u64::MAX) else { return Ok(()) };
        match self.job(&group) {
            Ok(job) => {
                self.begin(job);
                Ok(())
            }
            Err(error) => self.fail(error),
        }
    }

    /// Waits after a commit while there are far too many segments.
    pub(super) fn keep_pace(&mut self) -> Result<()> {
        while self.segments.len() > SEGMENTS_MAX && self.merging.is_some() {
            self.wait_for_merge(None)?;
        }
        Ok(())
    }

    /// Waits for the merge under way, and publishes it unless something is written that is not committed: then the next
    /// commit does.
    fn wait_for_merge(&mut self, cancel: Option<&Cancel>) -> Result<()> {
        while self.merging.as_ref().is_some_and(|merging| !merging.is_done()) {
            if cancel.is_some_and(Cancel::is_cancelled) {
                return Err(Error::Cancelled);
            }
            thread::sleep(PATIENCE);
        }
        let idle = self.is_idle();
        self.take_merged()?;
        if idle { self.publish() } else { Ok(()) }?;
        self.merge_large()
    }

    /// The places of the segments that are to be merged next and have no more bytes and rows than these.
    fn due(&self, bytes: u64, rows: u64) -> Option<Vec<usize>> {
        let free = |entry: &WriterSegment| !self.merging.as_ref().is_some_and(|merging| merging.holds(entry));
        let sizes = self.segments.iter().enumerate().filter(|(_, entry)| free(entry) && !entry.all_deleted());
        let (places, sizes): (Vec<usize>, Vec<Size>) =
            sizes.map(|(place, entry)| (place, entry.size())).filter(|(_, size)| size.rows <= rows).unzip();
        let group = due(&sizes, bytes)?;
        let (all, _) = total(group.iter().filter_map(|place| sizes.get(*place)).copied());
        (all <= rows).then(|| group.iter().filter_map(|place| places.get(*place)).copied().collect())
    }

    fn job(&mut self, group: &[usize]) -> Result<Job> {
        let before: BTreeSet<u64> = self.rotations.keys().copied().collect();
        let rotations = self.rotations_by_space(|writer, shared| match writer.newest_rotation(shared.start) {
            Some(newest) => Ok(Some(newest)),
            None => writer.learnt_rotation(group, shared, &|| false),
        })?;
        let learnt = self.rotations.keys().filter(|id| !before.contains(id)).copied().collect();
        let taken = group.iter().filter_map(|place| self.segments.get(*place)).cloned().collect();
        let file_id = self.next_file;
        self.next_file += 1;
        let builder = Builder { threads: 1, ..self.builder() };
        Ok(Job { builder, taken, file_id, rotations, learnt })
    }

    fn begin(&mut self, job: Job) {
        let (stop, outcome) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(None)));
        let (taken, file_id, rotations) = (job.taken.clone(), job.file_id, job.learnt.clone());
        let work = {
            let (stop, outcome, slot) = (Arc::clone(&stop), Arc::clone(&outcome), self.slot.clone());
            move || {
                let merged = job.run(&|| stop.load(Ordering::Relaxed));
                *outcome.lock() = Some(merged);
                hand_over(&slot, file_id, &stop);
            }
        };
        match thread::Builder::new().name("uninote-merge".to_owned()).spawn(work) {
            Ok(thread) => {
                self.merging = Some(Merging { taken, file_id, rotations, stop, outcome, thread: Some(thread) });
            }
            Err(error) => tracing::warn!(%error, "no thread to merge segments on"),
        }
    }

    /// Takes over a merge that is done.
    fn take_merged(&mut self) -> Result<()> {
        let Some(merging) = self.merging.take_if(|merging| merging.is_done()) else { return Ok(()) };
        let outcome = merging.outcome.lock().take();
        match outcome {
            Some(Ok(merged)) => self.replace(&merging.taken, merged),
            Some(Err(error)) => self.fail(error),
            None => {
                tracing::warn!("the thread that merged segments panicked; they stay as they are");
                self.merging_failed = true;
                Ok(())
            }
        }
    }

    fn settle(&mut self, merged: Result<WriterSegment>, group: &[usize]) -> Result<()> {
        let taken: Vec<WriterSegment> = group.iter().filter_map(|place| self.segments.get(*place)).cloned().collect();
        match merged {
            Ok(merged) => self.replace(&taken, merged),
            Err(error) => self.fail(error),
        }
    }

    /// Puts a merged segment in the place of those it was made of, without what has been deleted since.
    fn replace(&mut self, taken: &[WriterSegment], mut merged: WriterSegment) -> Result<()> {
        let mut gone = Vec::new();
        for before in taken {
            let now = self.segments.iter().find(|entry| Arc::ptr_eq(&entry.segment, &before.segment));
            let notes = (0..before.segment.meta().notes).filter(|note| !before.deleted.contains(note));
            // A segment that is there no more has lost its last note.
            gone.extend(
                notes.filter(|note| now.is_none_or(|now| now.deleted.contains(note))).map(|note| (before, note)),
            );
        }
        for (before, note) in gone {
            let id = before.segment.record(note)?.id;
            if let Some(note) = merged.segment.find(&id)? {
                merged.dirty |= merged.deleted.insert(note);
            }
        }
        self.segments.retain(|entry| !taken.iter().any(|before| Arc::ptr_eq(&entry.segment, &before.segment)));
        self.segments.push(merged);
        Ok(())
    }

    /// Notes that a merge has failed. After a failed sync nobody knows what is on the disk, whoever asked for it.
    fn fail(&mut self, error: Error) -> Result<()> {
        match error {
            Error::Disk(disk) if disk.is_sync_failure() => Err(Error::Disk(disk)),
            Error::Cancelled => Ok(()),
            error => {
                tracing::warn!(%error, "segments could not be merged; they stay as they are, and no others are merged");
                self.merging_failed = true;
                Ok(())
            }
        }
    }

    /// Whether nothing is written that is not committed.
    fn is_idle(&self) -> bool {
        let nothing_waits = self.newest.is_empty() && self.batch.is_empty() && self.events.is_empty();
        nothing_waits && same(&self.shared.current().manifest, &self.next_manifest())
    }
}

/// Publishes what a thread has merged, unless the writer has something under way: then its next commit does.
fn hand_over(slot: &Weak<Slot>, file_id: u64, stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        let Some(slot) = slot.upgrade() else { return };
        if let Some(mut writer) = slot.try_lock() {
            let own = |writer: &&mut Writer| writer.merging.as_ref().is_some_and(|merging| merging.file_id == file_id);
            let Some(idle) = writer.as_mut().filter(own).filter(|writer| writer.is_idle()) else { return };
            let published = idle.take_merged().and_then(|()| idle.publish()).and_then(|()| idle.merge_large());
            if let Err(error) = published {
                tracing::warn!(%error, "a merge could not be committed");
                if idle.shared.poison_after(&error) {
                    *writer = None;
                }
            }
            return;
        }
        drop(slot);
        thread::sleep(PATIENCE);
    }
}

/// All that a merge needs.
struct Job {
    builder: Builder,
    taken: Vec<WriterSegment>,
    file_id: u64,
    rotations: Vec<Option<NumberedRotation>>,
    /// Rotations that were learnt for it.
    learnt: Vec<u64>,
}

impl Job {
    fn run(&self, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<WriterSegment> {
        let plan = BuildPlan { file_id: self.file_id, rotations: self.rotations.clone(), lasting: true, cancelled };
        merged_of(&self.builder, &plan, &self.taken)
    }
}
