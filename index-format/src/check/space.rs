//! One vector space of a segment: rows, vectors, codes, links.

use super::{Collector, Matrices, code, source};
use crate::layout::{
    NO_NEIGHBOUR, OWN_SPACES, ROW_NOTE, ROW_PASSAGE, ROW_PICTURE, ROW_REGION, ROW_VECTOR, RowEntry, SectionKind,
};
use crate::{Damage, LinksView, Record, SegmentFile, SegmentView, SpaceMeta, SpaceView};
use std::borrow::Cow;

/// Largest deviation of a vector's squared length from 1.
pub(super) const UNIT_WITHIN: f64 = 1e-3;

/// `notes` is none where the records cannot be read: then what rows say about them is not checked.
pub(super) fn verify(
    file: &SegmentFile,
    (notes, matrices): (Option<&SegmentView<'_>>, &Matrices<'_>),
    (ordinal, space): (u16, &SpaceView<'_>),
    damages: &mut Vec<Damage>,
) {
    let Some(meta) = file.meta.spaces.get(usize::from(ordinal)) else { return };
    let mut found = Collector::new(file, SectionKind::Rows, ordinal);
    verify_rows(file.meta.notes, (ordinal, space), &mut found);
    if let Some(notes) = notes {
        verify_parts(notes, space, &mut found);
    }
    found.into(damages);
    let mut found = Collector::new(file, SectionKind::NoteRowStarts, ordinal);
    verify_starts(space, &mut found);
    found.into(damages);
    let mut found = Collector::new(file, SectionKind::NoteRows, ordinal);
    verify_note_rows(file.meta.notes, space, &mut found);
    found.into(damages);
    let mut vectors = Collector::new(file, SectionKind::Vectors, ordinal);
    let mut codes = Collector::new(file, SectionKind::Codes, ordinal);
    verify_vectors(meta, space, matrices, (&mut vectors, &mut codes));
    vectors.into(damages);
    codes.into(damages);
    if let (Some(sources), Some(adapter)) = (space.sources, file.meta.adapter) {
        let mut found = Collector::new(file, SectionKind::SourceVectors, ordinal);
        source::verify(meta.width as usize, (sources, space.vectors), matrices(adapter), &mut found);
        found.into(damages);
    }
    if let Some(links) = space.links {
        let mut found = Collector::new(file, SectionKind::Links, ordinal);
        verify_links(links, space.rows.len(), &mut found);
        found.into(damages);
    }
}

fn verify_rows(notes: u32, (ordinal, space): (u16, &SpaceView<'_>), found: &mut Collector) {
    let own: &[u32] = &[ROW_NOTE, ROW_PASSAGE, ROW_PICTURE, ROW_REGION];
    let parts = if usize::from(ordinal) < OWN_SPACES { own } else { &[ROW_VECTOR] };
    for (row, entry) in space.rows.iter().enumerate() {
        if entry.note >= notes {
            found.push(row, format!("row {row}: note {} does not exist", entry.note));
        }
        if !parts.contains(&entry.part) {
            found.push(row, format!("row {row}: part {} does not exist in this space", entry.part));
        }
    }
}

/// Each row stands for a part its note has, and no other row for the same one; vectors of the caller are counted from 0.
fn verify_parts(notes: &SegmentView<'_>, space: &SpaceView<'_>, found: &mut Collector) {
    let mut rows: Vec<(usize, &RowEntry)> = space.rows.iter().enumerate().collect();
    rows.sort_unstable_by_key(|(row, entry)| (entry.note, entry.part_key(), *row));
    for of_note in rows.chunk_by(|left, right| left.1.note == right.1.note) {
        for pair in of_note.windows(2) {
            if let [(_, left), (row, right)] = pair
                && left.part_key() == right.part_key()
            {
                found.push(*row, format!("row {row}: another row stands for the same part of note {}", right.note));
            }
        }
        let vectors = of_note.iter().filter(|(_, entry)| entry.part == ROW_VECTOR);
        for (expected, (row, RowEntry { note, ordinal, .. })) in vectors.enumerate() {
            if *ordinal as usize != expected {
                found.push(*row, format!("row {row}: vector {ordinal} of note {note}, expected {expected}"));
            }
        }
        let Some(record) = of_note.first().and_then(|(_, entry)| notes.record(entry.note).ok()) else { continue };
        for (row, entry) in of_note {
            if !is_part(&record, entry) {
                let RowEntry { note, part, ordinal, start, end } = entry;
                found.push(*row, format!("row {row}: note {note} has no part {part}.{ordinal} at {start}..{end}"));
            }
        }
    }
}

fn is_part(record: &Record, entry: &RowEntry) -> bool {
    match entry.part {
        // A span must start and end between characters of the text.
        ROW_PASSAGE => record.text.get(entry.start as usize..entry.end as usize).is_some(),
        ROW_PICTURE => (entry.ordinal as usize) < record.pictures.len(),
        ROW_REGION => {
            let cells = u64::from(entry.end).saturating_mul(entry.end.into());
            (entry.ordinal as usize) < record.pictures.len() && u64::from(entry.start) < cells
        }
        ROW_VECTOR => true,
        _ => entry.ordinal == 0,
    }
}

fn verify_starts(space: &SpaceView<'_>, found: &mut Collector) {
    let mut before = 0;
    for (note, start) in space.note_row_starts.iter().enumerate() {
        if *start < before || (note == 0 && *start != 0) {
            found.push(note, format!("position {note}: {start} after {before}"));
        }
        before = *start;
    }
    if before as usize != space.note_rows.len() {
        let last = space.note_row_starts.len().saturating_sub(1);
        found.push(last, format!("ends at {before}, there are {} rows", space.note_rows.len()));
    }
}

fn verify_note_rows(notes: u32, space: &SpaceView<'_>, found: &mut Collector) {
    let mut listed = vec![false; space.rows.len()];
    for note in 0..notes {
        for row in space.rows_of(note) {
            let own = space.rows.get(*row as usize).is_some_and(|entry| entry.note == note);
            let first = listed.get_mut(*row as usize).is_some_and(|listed| !std::mem::replace(listed, true));
            if !own || !first {
                found.push_at(found.offset, format!("note {note}: row {row} is not its own, or listed twice"));
            }
        }
    }
    if let Some(row) = listed.iter().position(|listed| !listed) {
        found.push_at(found.offset, format!("row {row} is listed for no note"));
    }
}

/// Vectors have unit length, and each code is that of the prefix of its turned vector.
fn verify_vectors(
    meta: &SpaceMeta,
    space: &SpaceView<'_>,
    matrices: &Matrices<'_>,
    (vectors, codes): (&mut Collector, &mut Collector),
) {
    let square = (meta.width as usize).saturating_mul(meta.width as usize);
    let matrix = meta.rotation.map(|id| matrices(id).filter(|matrix| matrix.len() == square));
    let rows = space.vectors.chunks_exact(meta.width.max(1) as usize);
    let dims = meta.code_dims as usize;
    for (row, (vector, code)) in rows.zip(space.codes.chunks_exact(meta.code_bytes().max(1))).enumerate() {
        let norm = squared_length(vector);
        if !norm.is_finite() || (norm - 1.0).abs() > UNIT_WITHIN {
            vectors.push(row, format!("row {row}: squared length {norm}, expected 1"));
            continue;
        }
        let prefix = match matrix {
            None => Cow::Borrowed(vector.get(..dims).unwrap_or(vector)),
            Some(Some(matrix)) => Cow::Owned(turned(matrix, vector, dims)),
            Some(None) => continue,
        };
        if !code::stands_for(meta, &prefix, code) {
            codes.push(row, format!("row {row}: the code is not that of the vector"));
        }
    }
}

/// The first `dims` components of the matrix times the vector.
fn turned(matrix: &[f32], vector: &[f32], dims: usize) -> Vec<f32> {
    matrix.chunks_exact(vector.len().max(1)).take(dims).map(|axis| product(axis, vector)).collect()
}

/// The dot product, in lanes that a compiler turns into vector instructions.
fn product(left: &[f32], right: &[f32]) -> f32 {
    let mut lanes = [0.0_f32; 16];
    let (left, left_rest) = left.as_chunks::<16>();
    let (right, right_rest) = right.as_chunks::<16>();
    for (left, right) in left.iter().zip(right) {
        for ((lane, left), right) in lanes.iter_mut().zip(left).zip(right) {
            *lane += left * right;
        }
    }
    let rest = left_rest.iter().zip(right_rest).map(|(left, right)| left * right);
    lanes.iter().sum::<f32>() + rest.sum::<f32>()
}

pub(super) fn squared_length(vector: &[f32]) -> f64 {
    vector.iter().map(|value| f64::from(*value).powi(2)).sum()
}

fn verify_links(links: LinksView<'_>, rows: usize, found: &mut Collector) {
    for (node, slots) in links.neighbours.chunks_exact(links.degree.max(1)).enumerate() {
        let used = slots.iter().position(|slot| *slot == NO_NEIGHBOUR).unwrap_or(slots.len());
        let (used, unused) = slots.split_at_checked(used).unwrap_or((slots, &[]));
        if let Some(wild) = used.iter().find(|slot| **slot as usize >= rows || **slot as usize == node) {
            found.push(node, format!("row {node} links to {wild}; there are {rows} rows"));
        }
        if unused.iter().any(|slot| *slot != NO_NEIGHBOUR) {
            found.push(node, format!("row {node} has links after its last one"));
        }
    }
    let mut reached = vec![false; rows];
    let mut queue = vec![links.entry];
    while let Some(node) = queue.pop() {
        if let Some(seen) = reached.get_mut(node as usize).filter(|seen| !**seen) {
            *seen = true;
            queue.extend_from_slice(links.of(node));
        }
    }
    if let Some(start) = astray(links, rows) {
        found.push(start as usize, format!("the entry cannot be reached from row {start}, where a walk may start"));
    }
    let lost = reached.iter().filter(|seen| !**seen).count();
    if let Some(first) = reached.iter().position(|seen| !*seen) {
        found.push(first, format!("{lost} rows cannot be reached from the entry, the first is {first}"));
    }
}

/// A start from which the entry, and so perhaps some rows, cannot be reached.
fn astray(links: LinksView<'_>, rows: usize) -> Option<u32> {
    let homing = links.reaching_entry();
    (0..links.starts.min(rows as u32)).find(|start| homing.get(*start as usize) != Some(&true))
}
