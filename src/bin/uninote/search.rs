//! `uninote search`: what matches a text.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::hits::{Wanted, show};

/// Arguments of `uninote search`.
#[derive(Debug, clap::Args)]
pub(crate) struct Search {
    /// What to search for, in plain words
    text: String,
    #[command(flatten)]
    wanted: Wanted,
}

impl Search {
    /// Runs the command.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let options = self.wanted.options()?;
        show(&place.open()?.search(self.text.as_str(), &options)?, place)
    }
}
