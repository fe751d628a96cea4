//! `uninote delete`: notes out of the index, in one commit.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::output::{diagnostic, print, print_json};
use serde::Serialize;
use uninote::Error;
use uninote::fields::Filter;

/// Arguments of `uninote delete`.
#[derive(Debug, clap::Args)]
pub(crate) struct Delete {
    /// Ids of the notes
    #[arg(required_unless_present = "filter", value_name = "ID")]
    ids: Vec<String>,
    /// All notes with such fields, as in `year < 2000`
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    filter: Option<Filter>,
}

#[derive(Serialize)]
struct Deleted<'a> {
    deleted: Vec<&'a str>,
    missing: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    matching: Option<u64>,
    notes: u64,
    generation: u64,
}

impl Delete {
    /// Runs the command. Ids that are not there do not keep the others.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let index = place.open_without_encoder()?;
        let (mut deleted, mut missing) = (Vec::new(), Vec::new());
        for id in &self.ids {
            match index.delete(id) {
                Ok(()) => deleted.push(id.as_str()),
                Err(error @ Error::NoSuchNote { .. }) => {
                    diagnostic(&format!("uninote: {error}"));
                    missing.push(id.as_str());
                }
                Err(other) => return Err(other.into()),
            }
        }
        let matching = self.filter.as_ref().map(|filter| index.delete_matching(filter)).transpose()?;
        let commit = index.commit()?;
        let found_all = missing.is_empty();
        if place.json {
            print_json(&Deleted { deleted, missing, matching, notes: commit.notes, generation: commit.generation })?;
        } else {
            let count = deleted.len() as u64 + matching.unwrap_or_default();
            print(&format!("{count} deleted, {} left (generation {})\n", commit.notes, commit.generation))?;
        }
        Ok(Outcome::of(found_all && matching != Some(0)))
    }
}
