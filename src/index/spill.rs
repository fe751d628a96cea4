//! From what was put to segments that no manifest names yet. Encoded notes are let go only once their segment is on the
//! storage: a full disk delays them, it does not lose them.

use super::build::{BuildPlan, Builder, NumberedRotation};
use super::codes::{learn_rotation, sample_step, wants_rotation};
use super::commit::Skipped;
use super::pipeline::Done;
use super::prepare::Prepared;
use super::spaces::sharing;
use super::writer::{Writer, WriterSegment};
use crate::error::Result;
use crate::segment::store_rotation;
use crate::vector::Rotation;
use std::ops::Range;
use std::sync::Arc;

/// Encoded rows after which a segment is built, though nothing is committed yet: bounds what is held in memory.
const SPILL_ROWS: usize = 16_384;

impl Writer {
    /// Encodes everything that was put and builds the last segment.
    pub(super) fn flush(&mut self) -> Result<()> {
        self.encode_all()?;
        self.spill(true)
    }

    /// Waits until everything that was put is encoded.
    pub(super) fn encode_all(&mut self) -> Result<()> {
        self.send_batch()?;
        let mut done = Vec::new();
        self.pipeline.drain(&mut done);
        self.absorb(done);
        self.pipeline.check()
    }

    /// Takes over what the encoder finished. Only now does a new version replace the old one: a note that could not be
    /// encoded is reported, and its old version stays.
    pub(super) fn absorb(&mut self, done: Vec<Done>) {
        for Done { sequence, id, fault, result } in done {
            self.tally.count(fault, result.as_ref().is_ok_and(Prepared::is_encoded));
            if self.newest.get(&id) != Some(&sequence) {
                continue;
            }
            match result {
                Ok(mut prepared) => {
                    let reasons = std::mem::take(&mut prepared.warnings);
                    self.skipped.extend(reasons.into_iter().map(|why| Skipped { id: id.clone(), whole: false, why }));
                    self.keep((sequence, prepared));
                }
                Err(error) => {
                    self.newest.remove(&id);
                    self.skipped.push(Skipped { id, whole: true, why: error.to_string() });
                }
            }
        }
    }

    /// Keeps an encoded note until its segment is built.
    pub(super) fn keep(&mut self, (sequence, prepared): (u64, Prepared)) {
        self.encoded_rows += prepared.row_count();
        self.encoded_bytes += prepared.bytes();
        self.encoded.push((sequence, prepared));
    }

    /// Builds a segment if more is encoded than should be held in memory.
    pub(super) fn spill_if_large(&mut self) -> Result<()> {
        let large = self.encoded_rows >= SPILL_ROWS || self.encoded_bytes >= self.shared.write_options().spill_bytes();
        if large { self.spill(false) } else { Ok(()) }
    }

    /// Builds a segment of everything encoded. No manifest names it before the next commit. One that is built only to make
    /// room is one of many, which a compaction will merge.
    fn spill(&mut self, lasting: bool) -> Result<()> {
        let newest = &self.newest;
        self.encoded.retain(|(sequence, prepared)| newest.get(&prepared.record.id) == Some(sequence));
        self.encoded_rows = self.encoded.iter().map(|(_, prepared)| prepared.row_count()).sum();
        if !self.encoded.is_empty() {
            let rotations = self.rotations_by_space(Self::rotation_for_spill)?;
            let plan = BuildPlan { file_id: self.next_file, rotations, lasting, cancelled: &|| false };
            let built = self.builder().build(&plan, self.encoded.iter().map(|(_, prepared)| Ok(prepared.clone())))?;
            let ids = self.encoded.iter().map(|(_, prepared)| self.find(&prepared.record.id));
            let replaced: Vec<_> = ids.collect::<Result<_>>()?;
            // Nothing below fails: the notes move from the buffer to the segment, or stay where they are.
            let (all, known) = (replaced.len() as u64, replaced.iter().flatten().count() as u64);
            self.changes.updated += known;
            self.changes.added += all - known;
            replaced.into_iter().flatten().for_each(|place| self.mark_deleted(place));
            for (_, prepared) in &self.encoded {
                self.newest.remove(&prepared.record.id);
            }
            self.adopt(built);
        }
        self.encoded.clear();
        (self.encoded_rows, self.encoded_bytes) = (0, 0);
        Ok(())
    }

    /// Takes a built segment among those of the next commit.
    fn adopt(&mut self, built: WriterSegment) {
        self.next_file += 1;
        self.segments.push(built);
    }

    /// What segments are built with.
    pub(super) fn builder(&self) -> Builder {
        Builder {
            shared: Arc::clone(&self.shared),
            source: self.recipe.source.clone(),
            index_id: self.manifest.index_id,
            language: self.recipe.language,
            spaces: self.manifest.spaces.clone(),
            adapter: self.adapter.clone(),
            rotations: self.rotations.iter().map(|(id, (_, rotation))| (*id, Arc::clone(rotation))).collect(),
            threads: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }

    /// Finds a rotation for each space, once for those that share one.
    pub(super) fn rotations_by_space(
        &mut self,
        mut find: impl FnMut(&mut Self, Range<usize>) -> Result<Option<NumberedRotation>>,
    ) -> Result<Vec<Option<NumberedRotation>>> {
        let mut found: Vec<Option<NumberedRotation>> = Vec::new();
        for ordinal in 0..self.manifest.spaces.len() {
            let shared = sharing(ordinal);
            let rotation = match found.get(shared.start) {
                Some(known) => known.clone(),
                None => find(self, shared)?,
            };
            found.push(rotation);
        }
        Ok(found)
    }

    /// The rotation for a segment of what is encoded: the one in use, or a first one if there is enough to learn it from.
    fn rotation_for_spill(&mut self, shared: Range<usize>) -> Result<Option<NumberedRotation>> {
        let first = shared.start;
        let parts = || {
            let rows = self.encoded.iter().map(|(_, prepared)| &prepared.rows);
            rows.flat_map(|rows| rows.iter().take(shared.end).skip(first).flatten())
        };
        let rows = parts().count();
        if !self.wants_rotation(first, rows) {
            return Ok(None);
        }
        if let Some(newest) = self.newest_rotation(first) {
            return Ok(Some(newest));
        }
        let sample = parts().step_by(sample_step(rows)).map(|part| Ok(part.vector.clone()));
        let rotation = learn_rotation(self.width_of(first), self.adapter_of(first), sample)?;
        self.store(first, rotation).map(Some)
    }

    /// The newest rotation of a space.
    pub(super) fn newest_rotation(&self, space: usize) -> Option<NumberedRotation> {
        let newest = self.newest_rotations.get(&space)?;
        let (id, (_, rotation)) = self.rotations.get_key_value(newest)?;
        Some(NumberedRotation { id: *id, rotation: Arc::clone(rotation) })
    }

    /// Whether so many rows of a space want a rotation.
    pub(super) fn wants_rotation(&self, space: usize, rows: usize) -> bool {
        wants_rotation(self.recipe.source.prefixes_of(space), self.width_of(space), rows)
    }

    /// Width of the vectors of a space.
    pub(super) fn width_of(&self, space: usize) -> usize {
        self.manifest.spaces.get(space).map_or(0, |space| space.width as usize)
    }

    /// Publishes a rotation under a new number, for the spaces that share it with this one.
    pub(super) fn store(&mut self, space: usize, rotation: Rotation) -> Result<NumberedRotation> {
        let id = self.next_file;
        let file = store_rotation(self.shared.storage.as_ref(), self.manifest.index_id, id, &rotation)?;
        self.next_file += 1;
        let rotation = Arc::new(rotation);
        self.rotations.insert(id, (file, Arc::clone(&rotation)));
        self.newest_rotations.insert(space, id);
        Ok(NumberedRotation { id, rotation })
    }
}
