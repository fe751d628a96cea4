//! The one writer of an index: the calls that change it, and what they have left behind so far. How notes become segments
//! is in `spill.rs`, how segments become a commit in `commit.rs`.

use super::adapter::Installed;
use super::background::Merging;
use super::commit::{Changes, Skipped};
use super::options::VectorSource;
use super::pipeline::{Job, Pipeline};
use super::prepare::{Given, Prepared, Recipe, check};
use super::reencode::Tally;
use super::shared::Shared;
use super::spaces;
use super::sweep::remove_unnamed;
use crate::disk::{DiskError, Lock, Storage};
use crate::error::{Error, Result};
use crate::note::{Note, PictureSource};
use crate::segment::Segment;
use crate::vector::Rotation;
use index_format::{EventRecord, FileRef, Manifest, Record};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

/// Most notes handed to the encoder at once.
pub(super) const BATCH: usize = 32;
/// What a picture that is still on the disk counts for where its bytes are to be kept.
const PICTURE_BYTES: usize = 1 << 20;

/// A segment as the next manifest will have it.
#[derive(Clone)]
pub(super) struct WriterSegment {
    pub(super) segment: Arc<Segment>,
    pub(super) tombstones: Option<FileRef>,
    pub(super) deleted: BTreeSet<u32>,
    /// Whether `deleted` holds more than the tombstone file does.
    pub(super) dirty: bool,
}

/// The one writer of an index.
pub(super) struct Writer {
    pub(super) shared: Arc<Shared>,
    pub(super) manifest: Manifest,
    pub(super) segments: Vec<WriterSegment>,
    pub(super) rotations: BTreeMap<u64, (FileRef, Arc<Rotation>)>,
    /// The number of the newest rotation learnt for each space; that of the first stands for all of the encoder's.
    pub(super) newest_rotations: BTreeMap<usize, u64>,
    /// What vectors and queries of the encoder's spaces go through.
    pub(super) adapter: Option<Installed>,
    pub(super) next_file: u64,
    pub(super) skipped: Vec<Skipped>,
    pub(super) changes: Changes,
    pub(super) recipe: Recipe,
    pub(super) pipeline: Pipeline,
    pub(super) batch: Vec<Job>,
    pub(super) batch_bytes: usize,
    pub(super) sequence: u64,
    /// The newest version of each id that is in no segment yet.
    pub(super) newest: HashMap<String, u64>,
    /// Encoded notes, kept until the segment that holds them is on the storage.
    pub(super) encoded: Vec<(u64, Prepared)>,
    pub(super) encoded_rows: usize,
    pub(super) encoded_bytes: usize,
    /// How the encoder fares.
    pub(super) tally: Tally,
    /// Feedback that is in no file yet.
    pub(super) events: Vec<EventRecord>,
    /// Segments that are being merged beside everything else.
    pub(super) merging: Option<Merging>,
    /// Whether a merge has failed: no other is begun by itself.
    pub(super) merging_failed: bool,
    /// Where this writer is kept between calls.
    pub(super) slot: Weak<Slot>,
    /// Last, so that it is released after all else is gone.
    pub(super) lock: Arc<Lock>,
}

/// Where the writer of a handle is kept between calls.
pub(super) type Slot = Mutex<Option<Writer>>;

impl Writer {
    /// Takes the writer lock, clears away what an earlier writer left behind uncommitted, and starts from the newest commit.
    pub(super) fn start(shared: &Arc<Shared>, slot: &Arc<Slot>) -> Result<Self> {
        let lock = locked(shared.storage.as_ref(), shared.write_options().wait)?;
        Self::with_lock(shared, Arc::downgrade(slot), Arc::new(lock))
    }

    /// As [`Writer::start`], with the lock in hand.
    pub(super) fn with_lock(shared: &Arc<Shared>, slot: Weak<Slot>, lock: Arc<Lock>) -> Result<Self> {
        let storage = shared.storage.as_ref();
        storage.sweep()?;
        shared.refresh()?;
        let state = shared.current();
        let mut rotations = BTreeMap::new();
        for file in &state.manifest.rotations {
            if let Some(rotation) = state.rotations.get(&file.id) {
                rotations.insert(file.id, (file.clone(), Arc::clone(rotation)));
            }
        }
        let segments = state.segments.iter().zip(&state.manifest.segments).map(|(live, entry)| WriterSegment {
            segment: Arc::clone(&live.segment),
            tombstones: entry.tombstones.clone(),
            deleted: live.deleted.notes().iter().copied().collect(),
            dirty: false,
        });
        remove_unnamed(storage, &[])?;
        let recipe = Recipe {
            source: state.source.clone(),
            keeps_pictures: state.manifest.keeps_pictures,
            regions: state.manifest.picture_regions,
            language: state.language,
        };
        Ok(Self {
            newest_rotations: spaces::newest_rotations(&state.segments),
            segments: segments.collect(),
            rotations,
            adapter: state.adapter.clone(),
            next_file: state.manifest.next_file,
            skipped: Vec::new(),
            changes: Changes::default(),
            pipeline: Pipeline::start(recipe.clone())?,
            recipe,
            batch: Vec::new(),
            batch_bytes: 0,
            sequence: 0,
            newest: HashMap::new(),
            encoded: Vec::new(),
            encoded_rows: 0,
            encoded_bytes: 0,
            tally: Tally::default(),
            events: Vec::new(),
            merging: None,
            merging_failed: false,
            slot,
            manifest: state.manifest.clone(),
            shared: Arc::clone(shared),
            lock,
        })
    }

    pub(super) fn add(&mut self, note: Note) -> Result<()> {
        if self.holds(&note.id)? {
            return Err(Error::DuplicateId { id: note.id });
        }
        self.put(note, None)
    }

    pub(super) fn update(&mut self, note: Note) -> Result<()> {
        if !self.holds(&note.id)? {
            return Err(Error::NoSuchNote { id: note.id });
        }
        self.put(note, None)
    }

    pub(super) fn put(&mut self, mut note: Note, vector: Option<Vec<f32>>) -> Result<()> {
        check(&note, vector.is_some())?;
        if matches!(self.recipe.source, VectorSource::Absent { .. }) {
            self.recipe.source.encoder("adding a note", "Index::put_with_vector")?;
        }
        let whole = match (&self.recipe.source, vector) {
            (VectorSource::Encoder(encoder), Some(_)) => {
                return Err(Error::VectorNotWanted { encoder: encoder.info().name.clone() });
            }
            (source, vector) => vector.map(|vector| source.unit(vector)).transpose()?,
        };
        let named = spaces::rows(&self.manifest.spaces, std::mem::take(&mut note.vectors))?;
        let given = Given { whole, named };
        if self.is_stored(&note, &given)? {
            self.changes.unchanged += 1;
            return Ok(());
        }
        self.take(note, given, None)
    }

    /// Takes a note that has been checked. Whatever can fail comes before that: after an error it is not in, after `Ok` it
    /// stays in.
    pub(super) fn take(&mut self, note: Note, given: Given, stored: Option<Box<Record>>) -> Result<()> {
        self.spill_if_large()?;
        if self.batch.len() >= BATCH || self.batch_bytes >= self.shared.write_options().batch_bytes() {
            self.send_batch()?;
        }
        self.sequence += 1;
        self.newest.insert(note.id.clone(), self.sequence);
        self.batch_bytes = self.batch_bytes.saturating_add(bytes_of(&note, self.recipe.keeps_pictures) + given.bytes());
        self.batch.push(Job { sequence: self.sequence, note, given, stored });
        Ok(())
    }

    /// Ends without a commit and removes what was written for it.
    pub(super) fn discard(mut self) -> Result<()> {
        self.stop_merging();
        self.clear_away()
    }

    /// Removes the files that no manifest names and nothing here needs.
    pub(super) fn clear_away(&self) -> Result<()> {
        let kept = self.merging.as_ref().map(Merging::files).unwrap_or_default();
        remove_unnamed(self.shared.storage.as_ref(), &kept)
    }

    /// Hands the collected notes to the encoder and takes over what it has finished.
    pub(super) fn send_batch(&mut self) -> Result<()> {
        let mut done = Vec::new();
        self.pipeline.poll(&mut done);
        if !self.batch.is_empty() {
            self.batch_bytes = 0;
            self.pipeline.send(std::mem::take(&mut self.batch), &mut done);
        }
        self.absorb(done);
        self.pipeline.check()
    }

    pub(super) fn delete(&mut self, id: &str) -> Result<()> {
        let stored = self.find(id)?;
        let pending = self.newest.remove(id).is_some();
        if let Some(place) = stored {
            self.mark_deleted(place);
            self.changes.deleted += 1;
        }
        if pending || stored.is_some() { Ok(()) } else { Err(Error::NoSuchNote { id: id.to_owned() }) }
    }

    /// Whether a note with this id would be there after a commit.
    pub(super) fn holds(&self, id: &str) -> Result<bool> {
        Ok(self.newest.contains_key(id) || self.find(id)?.is_some())
    }

    /// The segment and ordinal of the live note with this id.
    pub(super) fn find(&self, id: &str) -> Result<Option<(usize, u32)>> {
        for (index, entry) in self.segments.iter().enumerate().rev() {
            if let Some(note) = entry.segment.find(id)?.filter(|note| !entry.deleted.contains(note)) {
                return Ok(Some((index, note)));
            }
        }
        Ok(None)
    }

    pub(super) fn mark_deleted(&mut self, (index, note): (usize, u32)) {
        if let Some(entry) = self.segments.get_mut(index) {
            entry.dirty |= entry.deleted.insert(note);
        }
    }
}

/// The writer lock, waited for up to this time.
fn locked(storage: &dyn Storage, wait: Duration) -> Result<Lock> {
    let until = Instant::now().checked_add(wait);
    let mut pause = Duration::from_millis(1);
    loop {
        match storage.lock() {
            Err(DiskError::Locked { .. }) if until.is_none_or(|until| Instant::now() < until) => {
                let left = until.map_or(pause, |until| until.saturating_duration_since(Instant::now()));
                std::thread::sleep(pause.min(left));
                pause = (2 * pause).min(Duration::from_millis(50));
            }
            locked => return Ok(locked?),
        }
    }
}

/// Bytes a note holds in memory on its way to a segment, roughly.
fn bytes_of(note: &Note, keeps_pictures: bool) -> usize {
    let pictures = note.pictures.iter().map(|picture| match &picture.source {
        PictureSource::Bytes(bytes) => bytes.len(),
        PictureSource::Path(_) => PICTURE_BYTES * usize::from(keeps_pictures),
    });
    note.text_bytes() + pictures.sum::<usize>()
}
