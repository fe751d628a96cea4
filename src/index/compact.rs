//! Many segments to one, without the deleted notes: space comes back, and a large enough collection gets its graph.

use super::build::{GRAPH_ROWS, NumberedRotation};
use super::codes::{learn_rotation, sample_step};
use super::commit::Commit;
use super::prepare::{PartVector, Prepared};
use super::writer::{Writer, WriterSegment};
use crate::error::{Error, Result};
use crate::query::Cancel;
use crate::segment::OpenSpace;
use std::ops::Range;

impl Writer {
    pub(super) fn compact(&mut self, cancel: Option<&Cancel>) -> Result<Commit> {
        self.flush()?;
        self.publish()?;
        let cancelled = || cancel.is_some_and(Cancel::is_cancelled);
        let done = match self.segments.as_slice() {
            [] => true,
            [only] => only.deleted.is_empty() && !wants_graph(only),
            _ => false,
        };
        if !done {
            let before = (self.rotations.clone(), self.newest_rotations.clone());
            match self.merge(&cancelled) {
                Ok(merged) => self.replace_all(merged),
                Err(error) => {
                    (self.rotations, self.newest_rotations) = before;
                    return Err(error);
                }
            }
            self.publish()?;
        }
        Ok(self.report())
    }

    /// Builds one segment of all live notes, which are read one by one: only what the new segment holds is in memory.
    pub(super) fn merge(&mut self, cancelled: &(dyn Fn() -> bool + Sync)) -> Result<WriterSegment> {
        let rotations = self.rotations_by_space(|writer, shared| writer.rotation_for_merge(shared, cancelled))?;
        let spaces = self.manifest.spaces.len();
        let notes = self.segments.iter().flat_map(|entry| {
            let notes = 0..entry.segment.meta().notes;
            notes.filter(|note| !entry.deleted.contains(note)).map(move |note| (entry, note))
        });
        let read =
            |(entry, note)| if cancelled() { Err(Error::Cancelled) } else { prepared_again(entry, note, spaces) };
        self.build(notes.map(read), rotations, (true, cancelled))
    }

    /// The rotation that suits the live rows of all segments together, in spaces that share one.
    fn rotation_for_merge(
        &mut self,
        shared: Range<usize>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<NumberedRotation>> {
        let mut spaces = Vec::new();
        for entry in &self.segments {
            for ordinal in shared.clone() {
                spaces.extend(entry.segment.space(ordinal as u16)?.map(|space| (entry, space)));
            }
        }
        let live = || {
            spaces.iter().flat_map(|(entry, space)| {
                let rows = (0_u32..).zip(space.view.rows);
                rows.filter(|(_, row)| !entry.deleted.contains(&row.note)).map(move |(row, _)| (space, row))
            })
        };
        let rows = live().count();
        if !self.wants_rotation(shared.start, rows) {
            return Ok(None);
        }
        let read = |(space, row): (&OpenSpace<'_>, u32)| {
            if cancelled() { Err(Error::Cancelled) } else { Ok(space.source(row).unwrap_or_default().to_vec()) }
        };
        let sample = live().step_by(sample_step(rows)).map(read);
        let learnt = learn_rotation(self.width_of(shared.start), self.adapter_of(shared.start), sample)?;
        self.store(shared.start, learnt).map(Some)
    }
}

/// Whether a lone segment is large enough for a graph it does not have.
fn wants_graph(entry: &WriterSegment) -> bool {
    let spaces = &entry.segment.meta().spaces;
    spaces.iter().any(|space| space.graph.is_none() && space.rows as usize >= GRAPH_ROWS)
}

/// A stored note as it was once prepared.
pub(super) fn prepared_again(entry: &WriterSegment, note: u32, spaces: usize) -> Result<Prepared> {
    let segment = &entry.segment;
    let record = segment.record(note)?;
    let kept = |blob: Option<u32>| blob.map(|blob| segment.picture(blob).map(<[u8]>::to_vec)).transpose();
    let pictures = record.pictures.iter().map(|picture| kept(picture.blob)).collect::<Result<_>>()?;
    Ok(Prepared { record, pictures, rows: rows_again(entry, note, 0..spaces)?, warnings: Vec::new() })
}

/// The rows of a stored note in some of the spaces, with the vectors as they came.
pub(super) fn rows_again(entry: &WriterSegment, note: u32, spaces: Range<usize>) -> Result<Vec<Vec<PartVector>>> {
    let mut rows = vec![Vec::new(); spaces.len()];
    for (ordinal, parts) in spaces.zip(&mut rows) {
        let Some(space) = entry.segment.space(ordinal as u16)? else { continue };
        for row in space.view.rows_of(note) {
            let found = space.view.rows.get(*row as usize).zip(space.source(*row));
            parts.extend(found.map(|(row, vector)| PartVector { row: *row, vector: vector.to_vec() }));
        }
    }
    Ok(rows)
}
