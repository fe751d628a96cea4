//! `uninote backup` and `uninote snapshot`: states of the index put aside, elsewhere or within it.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::output::{print, print_json};
use clap::Subcommand;
use serde::Serialize;
use std::path::PathBuf;
use uninote::index::SavedSnapshot;

/// Arguments of `uninote backup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Backup {
    /// Directory of the copy, in which there is no index
    #[arg(value_name = "DIR")]
    target: PathBuf,
}

/// What to do with a snapshot.
#[derive(Debug, Subcommand)]
pub(crate) enum Snapshot {
    /// Keep the last commit under a name
    Save {
        /// Letters, digits, full stops, hyphens and underscores
        name: String,
    },
    /// List the snapshots there are
    List,
    /// Make a snapshot the last commit
    Restore {
        /// Its name
        name: String,
    },
    /// Remove a snapshot
    Remove {
        /// Its name
        name: String,
    },
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    notes: u64,
    generation: u64,
    committed_ms: i64,
}

impl<'a> Shown<'a> {
    fn of(saved: &'a SavedSnapshot) -> Self {
        Self { name: &saved.name, notes: saved.notes, generation: saved.generation, committed_ms: saved.committed_ms }
    }

    fn print(&self, place: &Place) -> Result<(), Failure> {
        let Self { name, notes, generation, .. } = self;
        if place.json { print_json(self) } else { print(&format!("{name}\t{notes} notes (generation {generation})\n")) }
    }
}

impl Backup {
    /// Runs the command. Whoever writes to the index meanwhile need not stop.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let saved = place.open_without_encoder()?.backup(&self.target)?;
        Shown::of(&saved).print(place)?;
        Ok(Outcome::Done)
    }
}

impl Snapshot {
    /// Runs the command.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let index = place.open_without_encoder()?;
        match self {
            Self::Save { name } => Shown::of(&index.save_snapshot(name)?).print(place)?,
            Self::List => {
                let saved = index.saved_snapshots()?;
                let shown: Vec<Shown<'_>> = saved.iter().map(Shown::of).collect();
                if place.json {
                    print_json(&shown)?;
                } else {
                    shown.iter().try_for_each(|shown| shown.print(place))?;
                }
                return Ok(Outcome::of(!saved.is_empty()));
            }
            Self::Restore { name } => {
                let commit = index.restore_snapshot(name)?;
                let (notes, generation) = (commit.notes, commit.generation);
                let saved = index.saved_snapshots()?;
                let committed_ms = saved.iter().find(|saved| saved.name == *name).map_or(0, |saved| saved.committed_ms);
                Shown { name, notes, generation, committed_ms }.print(place)?;
            }
            Self::Remove { name } => {
                let known = index.saved_snapshots()?.iter().any(|saved| saved.name == *name);
                index.remove_snapshot(name)?;
                return Ok(Outcome::of(known));
            }
        }
        Ok(Outcome::Done)
    }
}
