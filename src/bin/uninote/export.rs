//! `uninote export`: all notes into a folder, so that `uninote add` makes an equal index of it.

use crate::failure::{Failure, Outcome};
use crate::output::{print, print_json};
use crate::progress::Progress;
use crate::{Place, interrupt};
use serde::Serialize;
use std::path::PathBuf;
use uninote::import::Exporter;
use uninote::query::Like;
use uninote::{Error, Snapshot};

/// Arguments of `uninote export`.
#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// Folder to write to; it must be empty or not exist yet
    #[arg(value_name = "DIR")]
    directory: PathBuf,
    /// Write the vector of each note as a whole, too
    #[arg(long)]
    vectors: bool,
}

#[derive(Serialize)]
struct ExportedJson {
    notes: u64,
    pictures: u64,
    left_out: u64,
    generation: u64,
}

impl Export {
    /// Runs the command.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let snapshot = place.open_without_encoder()?.snapshot();
        let vectors = self.vectors || snapshot.takes_vectors();
        let mut exporter = Exporter::create(&self.directory)?;
        let (cancel, progress) = (interrupt::watch()?, Progress::of_notes(snapshot.len() as u64));
        for note in snapshot.notes() {
            if cancel.is_cancelled() {
                progress.clear();
                return Err(Failure::Interrupted);
            }
            let note = note?;
            let vector = if vectors { vector_of(&snapshot, &note.id)? } else { None };
            for why in exporter.write(&note, vector)? {
                progress.line(&format!("{}: {why}; it is left out", note.id));
            }
            progress.step();
        }
        let exported = exporter.finish()?;
        progress.clear();
        let (notes, pictures, left_out) = (exported.notes, exported.pictures, exported.left_out);
        let generation = snapshot.generation();
        if place.json {
            print_json(&ExportedJson { notes, pictures, left_out, generation })?;
        } else {
            print(&format!("{notes} notes, {pictures} pictures (generation {generation})\n"))?;
        }
        Ok(Outcome::of(left_out == 0))
    }
}

/// The vector of a note as a whole, where it has one.
fn vector_of(snapshot: &Snapshot, id: &str) -> Result<Option<Vec<f32>>, Failure> {
    match snapshot.vector(id, Like::Note) {
        Ok(vector) => Ok(Some(vector)),
        Err(Error::NoSuchPart { .. }) => Ok(None),
        Err(other) => Err(other.into()),
    }
}
