//! `uninote similar`: what is like a note, or like one part of it.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::hits::{Wanted, show};
use crate::search::Also;
use uninote::{Like, Query};

/// Arguments of `uninote similar`.
#[derive(Debug, clap::Args)]
pub(crate) struct Similar {
    /// Id of the note
    id: String,
    /// Compare with one passage of it, counted from 0
    #[arg(long, value_name = "N", conflicts_with_all = ["picture", "region", "space"])]
    passage: Option<u32>,
    /// Compare with one picture of it, counted from 0
    #[arg(long, value_name = "N", conflicts_with_all = ["region", "space"])]
    picture: Option<u32>,
    /// Compare with one region of a picture of it: the picture and its cell, both counted from 0
    #[arg(long, value_name = "P:C", conflicts_with = "space", value_parser = region)]
    region: Option<Like>,
    /// Compare in a space of your own vectors
    #[arg(long, value_name = "NAME", conflicts_with = "not")]
    space: Option<String>,
    #[command(flatten)]
    also: Also,
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
            (None, None) => self.region.unwrap_or_default(),
        };
        let query = match &self.space {
            Some(space) => Query::similar_in(&self.id, space),
            None => Query::similar_to_part(&self.id, part),
        };
        let query = self.also.with(Some(query), self.space.as_deref());
        // Stored vectors need no encoder, and a model may take long to load.
        let index = if self.also.has_words() { place.open()? } else { place.open_without_encoder()? };
        show(&index.search(query, &options)?, place)
    }
}

/// `P:C` as hits print it.
fn region(text: &str) -> Result<Like, String> {
    let numbers = text.split_once(':').and_then(|(picture, cell)| Some((picture.parse().ok()?, cell.parse().ok()?)));
    let (picture, cell) = numbers.ok_or("two numbers with a colon between them are expected, such as 0:3")?;
    Ok(Like::Region { picture, cell })
}
