//! `uninote search`: what matches a text, pictures, notes, or all of these together, and is unlike others.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::hits::{Wanted, show};
use std::path::PathBuf;
use uninote::{Picture, Query};

/// Arguments of `uninote search`.
#[derive(Debug, clap::Args)]
pub(crate) struct Search {
    /// What to search for, in plain words
    #[arg(required_unless_present_any = ["picture", "like"])]
    text: Option<String>,
    /// A picture to search for, together with the text where there is one; may be given several times
    #[arg(long, value_name = "FILE")]
    picture: Vec<PathBuf>,
    #[command(flatten)]
    also: Also,
    #[command(flatten)]
    wanted: Wanted,
}

/// Terms that `search` and `similar` can be given besides.
#[derive(Debug, clap::Args)]
pub(crate) struct Also {
    /// A note to stay near, by its id; may be given several times
    #[arg(long, value_name = "ID")]
    like: Vec<String>,
    /// A note to turn away from, by its id; may be given several times
    #[arg(long, value_name = "ID")]
    unlike: Vec<String>,
    /// Words to turn away from; may be given several times
    #[arg(long, value_name = "TEXT")]
    not: Vec<String>,
}

impl Also {
    /// Whether there are words among them, which an encoder must read.
    pub(crate) fn has_words(&self) -> bool {
        !self.not.is_empty()
    }

    /// The query with these terms besides its own; notes are compared in `space`, where that is named.
    pub(crate) fn with(&self, query: Option<Query>, space: Option<&str>) -> Query {
        let note = |id: &String| match space {
            Some(space) => Query::similar_in(id, space),
            None => Query::similar(id),
        };
        let liked = query.into_iter().chain(self.like.iter().map(note)).reduce(Query::and);
        // Clap has seen to it that something is wanted.
        let query = liked.unwrap_or_else(|| Query::like([""; 0]));
        let query = self.unlike.iter().map(note).fold(query, Query::unlike);
        self.not.iter().fold(query, |query, text| query.unlike(text.as_str()))
    }
}

impl Search {
    /// Runs the command.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let options = self.wanted.options()?;
        let text = self.text.iter().map(|text| Query::text(text.as_str()));
        let pictures = self.picture.iter().map(|path| Query::picture(Picture::path(path)));
        let query = self.also.with(pictures.chain(text).reduce(Query::and), None);
        show(&place.open()?.search(query, &options)?, place)
    }
}
