//! `uninote compact`: all segments into one, without the deleted notes.

use crate::failure::{Failure, Outcome};
use crate::output::{print, print_json};
use crate::progress::Progress;
use crate::{Place, interrupt};
use serde::Serialize;

#[derive(Serialize)]
struct Compacted {
    notes: u64,
    generation: u64,
    segments_before: u64,
    segments: u64,
    bytes_before: u64,
    bytes: u64,
}

/// Runs the command. Ctrl-C leaves the index as it was.
pub(crate) fn run(place: &Place) -> Result<Outcome, Failure> {
    let index = place.open_without_encoder()?;
    let cancel = interrupt::watch()?;
    let before = index.snapshot().stats();
    let progress = Progress::of_work(format!("compacting {} segments", before.segments));
    let commit = index.compact(Some(&cancel));
    progress.clear();
    let commit = commit?;
    let after = index.snapshot().stats();
    let compacted = Compacted {
        notes: commit.notes,
        generation: commit.generation,
        segments_before: before.segments,
        segments: after.segments,
        bytes_before: before.bytes,
        bytes: after.bytes,
    };
    if place.json {
        print_json(&compacted)?;
    } else {
        let Compacted { notes, generation, segments_before, segments, bytes_before, bytes } = compacted;
        print(&format!(
            "{notes} notes (generation {generation}), segments {segments_before} -> {segments}, \
             bytes {bytes_before} -> {bytes}\n"
        ))?;
    }
    Ok(Outcome::Done)
}
