//! From one encoder to another: every live note is encoded anew, into segments that no manifest names, and one commit puts
//! them in the place of the old ones. Until then nothing has changed, for nobody.

use super::commit::{Changes, Commit};
use super::compact::{Keep, rows_again};
use super::options::{VectorSource, WantedSource};
use super::pipeline::Pipeline;
use super::prepare::{Given, Recipe};
use super::writer::{BATCH, Writer, WriterSegment};
use crate::encode::SharedEncoder;
use crate::error::{Error, Result};
use crate::query::Cancel;
use crate::segment::note_of;
use index_format::Manifest;
use index_format::layout::OWN_SPACES;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// How an encoder fares with the notes it is given.
#[derive(Default)]
pub(super) struct Tally {
    /// Notes with vectors.
    encoded: usize,
    /// Notes with a fault.
    faulted: usize,
    /// The first fault.
    first: Option<Error>,
}

impl Tally {
    pub(super) fn count(&mut self, fault: Option<Error>, encoded: bool) {
        self.encoded += usize::from(encoded);
        self.faulted += usize::from(fault.is_some());
        self.first = self.first.take().or(fault);
    }

    /// The first fault, if there are at least so many and nothing but them.
    fn check(&mut self, faults: usize) -> Result<()> {
        let hopeless = self.encoded == 0 && self.faulted >= faults;
        self.first.take_if(|_| hopeless).map_or(Ok(()), Err)
    }
}

impl Writer {
    /// Commits what is written, then moves the index to this encoder. `progress` hears how many notes of how many were
    /// handed to it.
    pub(super) fn reencode(
        &mut self,
        encoder: SharedEncoder,
        cancel: Option<&Cancel>,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Commit> {
        self.stop_merging();
        self.flush()?;
        self.publish()?;
        let mut successor = self.successor(WantedSource::Encoder(encoder).resolve()?)?;
        let cancelled = || cancel.is_some_and(Cancel::is_cancelled);
        if let Err(error) = self.hand_over(&mut successor, &cancelled, progress) {
            // Numbers of files that may be there already are not given out again.
            self.next_file = successor.next_file + 1;
            drop(successor);
            self.sweep_after(&error);
            return Err(error);
        }
        let mut skipped = std::mem::take(&mut self.skipped);
        skipped.append(&mut successor.skipped);
        successor.skipped = skipped;
        // To an encoder's successor all notes are new; what callers did is what came before it.
        successor.changes = self.changes;
        *self = successor;
        Ok(self.report())
    }

    /// Clears away the files of what was given up after an error.
    pub(super) fn sweep_after(&self, error: &Error) {
        // After a failed sync nobody knows which manifest will be there: no file of either may go.
        let uncertain = matches!(error, Error::Disk(disk) if disk.is_sync_failure());
        let swept = if uncertain { Ok(()) } else { self.clear_away() };
        if let Err(error) = swept {
            tracing::warn!(%error, "files of what was given up could not be removed; the next writer tries again");
        }
    }

    /// A writer for the same index, with nothing in it but the vectors' new source: an adapter was for the old one.
    fn successor(&self, source: VectorSource) -> Result<Self> {
        let recipe = Recipe { source, ..self.recipe.clone() };
        let mut spaces = self.manifest.spaces.clone();
        for own in spaces.iter_mut().take(OWN_SPACES) {
            own.width = recipe.source.width() as u32;
        }
        let encoder = recipe.source.record();
        let newest = self.newest_rotations.iter().filter(|(space, _)| **space >= OWN_SPACES);
        Ok(Self {
            shared: Arc::clone(&self.shared),
            manifest: Manifest { encoder, spaces, ..self.manifest.clone() },
            segments: Vec::new(),
            // Those of the caller's spaces stay good; what no segment uses is not committed.
            rotations: self.rotations.clone(),
            newest_rotations: newest.map(|(space, id)| (*space, *id)).collect::<BTreeMap<_, _>>(),
            adapter: None,
            next_file: self.next_file,
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
            merging_failed: self.merging_failed,
            slot: self.slot.clone(),
            lock: Arc::clone(&self.lock),
        })
    }

    /// Gives every live note to the successor, and commits what came of it.
    fn hand_over(
        &self,
        successor: &mut Self,
        cancelled: &(dyn Fn() -> bool + Sync),
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<()> {
        let notes = |entry: &WriterSegment| entry.segment.meta().notes as usize - entry.deleted.len();
        let total = self.segments.iter().map(notes).sum::<usize>() as u64;
        let mut done = 0;
        for entry in &self.segments {
            let live = (0..entry.segment.meta().notes).filter(|note| !entry.deleted.contains(note));
            for note in live {
                if cancelled() {
                    return Err(Error::Cancelled);
                }
                successor.take_stored(entry, note)?;
                successor.tally.check(BATCH)?;
                done += 1;
                progress(done, total);
            }
        }
        if successor.manifest.encoder.fingerprint != self.manifest.encoder.fingerprint {
            successor.forget_encoded_feedback()?;
        }
        successor.flush()?;
        // An encoder that fails on everything would leave an index that finds nothing.
        successor.tally.check(1)?;
        if successor.segments.len() > 1 {
            successor.segments = successor.merge_all(Keep::Compact, cancelled)?;
        }
        if cancelled() { Err(Error::Cancelled) } else { successor.publish() }
    }

    /// Takes a stored note over, with its vectors in the caller's spaces as they are.
    fn take_stored(&mut self, entry: &WriterSegment, note: u32) -> Result<()> {
        let named = rows_again(entry, note, OWN_SPACES..self.manifest.spaces.len())?;
        let record = entry.segment.record(note)?;
        let blob = |blob| entry.segment.picture(blob).map(<[u8]>::to_vec);
        let note = note_of(record.clone(), blob)?;
        self.take(note, Given { whole: None, named }, Some(Box::new(record)))
    }
}
