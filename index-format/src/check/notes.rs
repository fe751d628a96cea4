//! The note part of a segment: records, ids, picture bytes.

use super::Collector;
use crate::archive::ARCHIVE_ALIGN;
use crate::layout::{NO_SPACE, SectionKind};
use crate::table::Blobs;
use crate::{Damage, Record, SegmentFile, SegmentView};
use xxhash_rust::xxh3::xxh3_128;

pub(super) fn verify(file: &SegmentFile, view: &SegmentView<'_>, damages: &mut Vec<Damage>) {
    let before = damages.len();
    for (kind, blobs, align) in [
        (SectionKind::RecordExtents, &view.records, ARCHIVE_ALIGN as u64),
        (SectionKind::IdExtents, &view.ids, 1),
        (SectionKind::PictureExtents, &view.pictures, 1),
    ] {
        let mut found = Collector::new(file, kind, NO_SPACE);
        if let Some(index) = blobs.misplaced(align) {
            found.push(index, format!("element {index} of {} does not follow the one before it", blobs.len()));
        }
        found.into(damages);
    }
    // Elements that overlap could make few bytes as long to read as many.
    if damages.len() == before {
        verify_records(file, view, damages);
        verify_order(file, view, damages);
    }
}

fn verify_records(file: &SegmentFile, view: &SegmentView<'_>, damages: &mut Vec<Damage>) {
    let mut found = Collector::new(file, SectionKind::Records, NO_SPACE);
    let mut kept = vec![false; view.pictures.len()];
    for note in 0..file.meta.notes {
        let offset = view.records.offset_of(note as usize);
        match view.record(note) {
            Err(error) => found.push_at(offset, format!("note {note}: {error}")),
            Ok(record) => {
                for why in contradictions(note, &record, view, &mut kept) {
                    found.push_at(offset, format!("note {note}: {why}"));
                }
            }
        }
    }
    found.into(damages);
    let mut found = Collector::new(file, SectionKind::PictureExtents, NO_SPACE);
    if let Some(blob) = kept.iter().position(|used| !used) {
        found.push(blob, format!("picture bytes {blob} belong to no note"));
    }
    found.into(damages);
}

/// What a record says that something else contradicts.
fn contradictions(note: u32, record: &Record, view: &SegmentView<'_>, kept: &mut [bool]) -> Vec<&'static str> {
    let mut found = Vec::new();
    if view.ids.get(note as usize).ok() != Some(record.id.as_bytes()) {
        found.push("its id differs from the id section");
    }
    if record.content_hash != record.hash_content() {
        found.push("its content hash is another");
    }
    if record.fields.windows(2).any(|pair| !matches!(pair, [left, right] if left.0 < right.0)) {
        found.push("its fields are not in ascending order of name");
    }
    for picture in &record.pictures {
        let Some(blob) = picture.blob else { continue };
        match kept.get_mut(blob as usize) {
            None => found.push("a picture's bytes are not in the file"),
            Some(used) if *used => found.push("two pictures share their bytes"),
            Some(used) => {
                *used = true;
                if hash_of(&view.pictures, blob) != Some(picture.hash) {
                    found.push("a picture's bytes have another hash");
                }
            }
        }
    }
    found
}

fn hash_of(pictures: &Blobs<'_>, blob: u32) -> Option<[u8; 16]> {
    pictures.get(blob as usize).ok().map(|bytes| xxh3_128(bytes).to_le_bytes())
}

/// As many positions as notes, each naming one, in strictly ascending order of ids: then every note is there once.
fn verify_order(file: &SegmentFile, view: &SegmentView<'_>, damages: &mut Vec<Damage>) {
    let mut found = Collector::new(file, SectionKind::IdOrder, NO_SPACE);
    let mut before: Option<&[u8]> = None;
    for (position, note) in view.id_order.iter().enumerate() {
        let Ok(id) = view.ids.get(*note as usize) else {
            found.push(position, format!("position {position} names note {note}, which does not exist"));
            continue;
        };
        if before.is_some_and(|before| before >= id) {
            found.push(position, format!("position {position}: ids are not strictly ascending"));
        }
        before = Some(id);
    }
    found.into(damages);
}
