//! `uninote reencode`: the whole index to another encoder.

use crate::failure::{Failure, Outcome};
use crate::output::{one_line, print, print_json};
use crate::progress::Progress;
use crate::{Place, encoder, interrupt};
use serde::Serialize;
use std::path::PathBuf;
use uninote::encode::SharedEncoder;
use uninote::encode::builtin::Builtin;

/// Arguments of `uninote reencode`.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Reencode {
    /// Directory of the model whose encoder the index gets
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
    /// The index gets the encoder inside
    #[arg(long)]
    builtin: bool,
}

#[derive(Serialize)]
struct Reencoded {
    notes: u64,
    generation: u64,
    encoder_before: String,
    encoder: String,
    width: u32,
    warnings: usize,
}

impl Reencode {
    /// Runs the command. Ctrl-C leaves the index as it was.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let chosen: SharedEncoder = match &self.model {
            Some(directory) => encoder::load(directory)?,
            None => Builtin::shared(),
        };
        // The encoder the index has is not needed, so it may be gone.
        let index = encoder::open_without(place)?;
        let cancel = interrupt::watch()?;
        let encoder_before = index.snapshot().stats().encoder;
        let progress = Progress::of_notes(index.snapshot().len() as u64);
        let commit = index.reencode(chosen, Some(&cancel), |_, _| progress.step());
        progress.clear();
        let commit = commit?;
        for skipped in &commit.skipped {
            progress.line(&one_line(&format!("{}: warning: {}", skipped.id, skipped.why)));
        }
        let stats = index.snapshot().stats();
        let done = Reencoded {
            notes: commit.notes,
            generation: commit.generation,
            encoder_before,
            encoder: stats.encoder,
            width: stats.width,
            warnings: commit.skipped.len(),
        };
        if place.json {
            print_json(&done)?
        } else {
            print(&done.text())?
        }
        Ok(Outcome::Done)
    }
}

impl Reencoded {
    fn text(&self) -> String {
        let Self { notes, generation, encoder_before, encoder, width, warnings } = self;
        let (before, now) = (one_line(encoder_before), one_line(encoder));
        format!(
            "{notes} notes (generation {generation}), encoder {before} -> {now}, {width} dimensions, {warnings} warnings\n"
        )
    }
}
