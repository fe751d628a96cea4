//! Many segments to one, without the deleted notes: space comes back, and a large enough collection gets its graph. Here on
//! demand; how it comes about by itself is in `background.rs`.

use super::build::{BuildPlan, Builder, GRAPH_ROWS, NumberedRotation};
use super::codes::{learn_rotation, sample_step};
use super::commit::Commit;
use super::prepare::{PartVector, Prepared};
use super::tiers::{Size, packed};
use super::writer::{Writer, WriterSegment};
use crate::error::{Error, Result};
use crate::query::Cancel;
use crate::segment::OpenSpace;
use std::ops::Range;

/// Which segments a merge of all leaves as they are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keep {
    /// None.
    Nothing,
    /// Those that would come out as they are.
    Compact,
}

impl Writer {
    pub(super) fn compact(&mut self, cancel: Option<&Cancel>) -> Result<Commit> {
        self.stop_merging();
        self.flush()?;
        self.publish()?;
        let cancelled = || cancel.is_some_and(Cancel::is_cancelled);
        if self.groups().iter().any(|group| !self.is_compact(group)) {
            let before = (self.rotations.clone(), self.newest_rotations.clone());
            match self.merge_all(Keep::Compact, &cancelled) {
                Ok(merged) => self.segments = merged,
                Err(error) => {
                    (self.rotations, self.newest_rotations) = before;
                    return Err(error);
                }
            }
            self.publish()?;
        }
        Ok(self.report())
    }

    /// All segments, in as few groups as are merged at once.
    fn groups(&self) -> Vec<Vec<usize>> {
        let sizes: Vec<Size> = self.segments.iter().map(WriterSegment::size).collect();
        packed(&sizes, self.shared.write_options().merged_at_once())
    }

    /// Whether a merge of these segments would change nothing.
    fn is_compact(&self, group: &[usize]) -> bool {
        let alone = group.first().filter(|_| group.len() == 1).and_then(|place| self.segments.get(*place));
        alone.is_some_and(|entry| entry.deleted.is_empty() && !wants_graph(entry))
    }

    /// Builds as few segments of all live notes as may be merged at once, which are read one by one: only what a new segment
    /// holds is in memory.
    pub(super) fn merge_all(
        &mut self,
        keep: Keep,
        cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<WriterSegment>> {
        let rotations = self.rotations_by_space(|writer, shared| writer.rotation_for_merge(shared, cancelled))?;
        let builder = self.builder();
        let mut merged = Vec::new();
        for group in self.groups() {
            let taken: Vec<WriterSegment> =
                group.iter().filter_map(|place| self.segments.get(*place)).cloned().collect();
            if keep == Keep::Compact && self.is_compact(&group) {
                merged.extend(taken);
                continue;
            }
            let plan = BuildPlan { file_id: self.next_file, rotations: rotations.clone(), lasting: true, cancelled };
            let built = merged_of(&builder, &plan, &taken)?;
            self.next_file += 1;
            merged.push(built);
        }
        Ok(merged)
    }

    /// The rotation that suits the live rows of all segments together, in spaces that share one.
    fn rotation_for_merge(
        &mut self,
        shared: Range<usize>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<NumberedRotation>> {
        let every: Vec<usize> = (0..self.segments.len()).collect();
        self.learnt_rotation(&every, shared, cancelled)
    }

    /// A rotation learnt from the live rows of these segments, if they are enough to want one.
    pub(super) fn learnt_rotation(
        &mut self,
        group: &[usize],
        shared: Range<usize>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Option<NumberedRotation>> {
        let mut spaces = Vec::new();
        for entry in group.iter().filter_map(|place| self.segments.get(*place)) {
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

impl WriterSegment {
    /// What decides when it is merged.
    pub(super) fn size(&self) -> Size {
        let meta = self.segment.meta();
        let (notes, deleted) = (u64::from(meta.notes), self.deleted.len() as u64);
        let live = |of_all: u64| {
            (u128::from(of_all) * u128::from(notes.saturating_sub(deleted)) / u128::from(notes.max(1))) as u64
        };
        let rows = meta.spaces.iter().map(|space| u64::from(space.rows)).sum::<u64>() + notes;
        Size { rows: live(rows), bytes: live(self.segment.file_ref().len), notes, deleted }
    }
}

/// Whether a lone segment is large enough for a graph it does not have.
fn wants_graph(entry: &WriterSegment) -> bool {
    let spaces = &entry.segment.meta().spaces;
    spaces.iter().any(|space| space.graph.is_none() && space.rows as usize >= GRAPH_ROWS)
}

/// One segment of the live notes of these, which are as they were written: damage is an error, and not handed on.
pub(super) fn merged_of(builder: &Builder, plan: &BuildPlan<'_>, taken: &[WriterSegment]) -> Result<WriterSegment> {
    for entry in taken {
        entry.segment.check()?;
    }
    builder.build(plan, live_notes(taken, builder.spaces.len(), plan.cancelled))
}

/// The live notes of these segments, as they were once prepared.
fn live_notes<'a>(
    segments: &'a [WriterSegment],
    spaces: usize,
    cancelled: &'a (dyn Fn() -> bool + Sync),
) -> impl Iterator<Item = Result<Prepared>> + 'a {
    let notes = segments.iter().flat_map(|entry| {
        let notes = 0..entry.segment.meta().notes;
        notes.filter(|note| !entry.deleted.contains(note)).map(move |note| (entry, note))
    });
    notes
        .map(move |(entry, note)| if cancelled() { Err(Error::Cancelled) } else { prepared_again(entry, note, spaces) })
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
