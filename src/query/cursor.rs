//! Where the next page starts: after a score and an id, so that pages do not repeat a note of one snapshot.

use crate::error::{Error, Result};
use std::fmt;
use std::str::FromStr;

/// A point between two hits of an answer. Its text form survives processes and command lines.
///
/// Pages of one snapshot never repeat a note. A note that an earlier page missed, which a recall below 1 allows, is not
/// made up for on a later one; at recall 1 nothing is missed.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    pub(crate) seen: u32,
    pub(crate) score: f32,
    pub(crate) id: String,
}

impl Cursor {
    /// Whether a hit comes after this point: lower score, or the same and a later id.
    pub(crate) fn precedes(&self, score: f32, id: &[u8]) -> bool {
        score < self.score || (score == self.score && id > self.id.as_bytes())
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:x}.{:08x}.{}", self.seen, self.score.to_bits(), self.id)
    }
}

impl FromStr for Cursor {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parse = || {
            let (seen, rest) = text.split_once('.')?;
            let (score, id) = rest.split_once('.')?;
            let score = f32::from_bits(u32::from_str_radix(score, 16).ok()?);
            let seen = u32::from_str_radix(seen, 16).ok()?;
            score.is_finite().then(|| Self { seen, score, id: id.to_owned() })
        };
        parse().ok_or_else(|| Error::Option {
            option: "cursor",
            given: text.to_owned(),
            remedy: "pass the cursor of an earlier answer as it was printed",
        })
    }
}
