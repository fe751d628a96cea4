//! `uninote search`: what matches a text, pictures, notes, or all of these together, and is unlike others.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::hits::{Wanted, show};
use std::convert::Infallible;
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
    /// A note to stay near, by its id, with a weight or without, which is 1; may be given several times
    #[arg(long, value_name = "ID[:WEIGHT]", value_parser = weighted)]
    like: Vec<Weighted>,
    /// A note to turn away from, by its id, with a weight among those or without; may be given several times
    #[arg(long, value_name = "ID[:WEIGHT]", value_parser = weighted)]
    unlike: Vec<Weighted>,
    /// Words to turn away from; may be given several times
    #[arg(long, value_name = "TEXT")]
    not: Vec<String>,
}

/// A note and how much it counts.
#[derive(Debug, Clone, PartialEq)]
struct Weighted {
    id: String,
    weight: f32,
}

/// `ID` or `ID:WEIGHT`: what follows the last colon is a weight if it is a number above 0.
fn weighted(text: &str) -> Result<Weighted, Infallible> {
    let split = text.rsplit_once(':').and_then(|(id, weight)| Some((id, weight.parse::<f32>().ok()?)));
    let (id, weight) = split.filter(|(_, weight)| weight.is_finite() && *weight > 0.0).unwrap_or((text, 1.0));
    Ok(Weighted { id: id.to_owned(), weight })
}

impl Also {
    /// Whether there are words among them, which an encoder must read.
    pub(crate) fn has_words(&self) -> bool {
        !self.not.is_empty()
    }

    /// The query with these terms besides its own; notes are compared in `space`, where that is named.
    pub(crate) fn with(&self, query: Option<Query>, space: Option<&str>) -> Query {
        let note = |Weighted { id, weight }: &Weighted| match space {
            Some(space) => Query::similar_in(id, space).weight(*weight),
            None => Query::similar(id).weight(*weight),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weight_is_a_number_after_the_last_colon() {
        for (text, id, weight) in [
            ("soup", "soup", 1.0),
            ("soup:0.5", "soup", 0.5),
            ("https://example.org/a", "https://example.org/a", 1.0),
            ("day 12:30:1", "day 12:30", 1.0),
            ("a:b:2", "a:b", 2.0),
            ("a:-1", "a:-1", 1.0),
            ("a:", "a:", 1.0),
        ] {
            assert_eq!(weighted(text), Ok(Weighted { id: id.to_owned(), weight }), "{text}");
        }
    }
}
