//! `uninote similar`: what is like a note, or like one part of it.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::hits::{Wanted, show};
use uninote::Like;

/// Arguments of `uninote similar`.
#[derive(Debug, clap::Args)]
pub(crate) struct Similar {
    /// Id of the note
    id: String,
    /// Compare with one passage of it, counted from 0
    #[arg(long, value_name = "N", conflicts_with = "picture")]
    passage: Option<u32>,
    /// Compare with one picture of it, counted from 0
    #[arg(long, value_name = "N")]
    picture: Option<u32>,
    #[command(flatten)]
    wanted: Wanted,
}

impl Similar {
    /// Runs the command.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let options = self.wanted.options()?;
        let part = match (self.passage, self.picture) {
            (Some(ordinal), _) => Like::Passage(ordinal),
            (None, Some(ordinal)) => Like::Picture(ordinal),
            (None, None) => Like::Note,
        };
        show(&place.open()?.similar(&self.id, part, &options)?, place)
    }
}
