//! What training is given and what it says; which queries only the gate sees.

use super::super::feedback::part_numbers;
use crate::error::Error;
use crate::note::PictureSource;
use crate::query::{Query, Sought};
use crate::rank::gate::Verdict;
use crate::rank::train::Report;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Of so many queries
const PARTS: u64 = 10;
/// so many are for the gate.
const GATE_PARTS: u64 = 3;

/// A query and how good notes are for it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Judged {
    /// The query.
    pub query: Query,
    /// Ids of notes with their grades: 0 is of no use, more is better. A note that is not named has grade 0.
    pub grades: Vec<(String, f32)>,
}

impl Judged {
    /// A query with graded notes.
    pub fn new<I: Into<String>>(query: impl Into<Query>, grades: impl IntoIterator<Item = (I, f32)>) -> Self {
        Self { query: query.into(), grades: grades.into_iter().map(|(id, grade)| (id.into(), grade)).collect() }
    }
}

/// How to train.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TrainOptions {
    /// What the judgments are called in the record that the head or the adapter keeps.
    pub data: String,
    /// Numeric fields of notes that the head may look at, besides what it looks at anyway.
    pub fields: Vec<String>,
    /// Everything random follows from this.
    pub seed: u64,
}

impl Default for TrainOptions {
    fn default() -> Self {
        Self { data: "judgments".to_owned(), fields: Vec::new(), seed: 1 }
    }
}

impl TrainOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Names the judgments.
    #[must_use]
    pub fn data(mut self, name: impl Into<String>) -> Self {
        self.data = name.into();
        self
    }

    /// Lets the head look at a numeric field.
    #[must_use]
    pub fn field(mut self, name: impl Into<String>) -> Self {
        self.fields.push(name.into());
        self
    }

    /// Seeds everything random.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// What a training did.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TrainReport {
    /// Whether the new head is in use now: only if it is better than the present one beyond chance.
    pub installed: bool,
    /// The new head against the present one on queries that neither stage has seen.
    pub verdict: Verdict,
    /// The two stages: supervised, then by reward.
    pub stages: Vec<Report>,
    /// Queries that were of no use: what they ask cannot be asked of this index, or nothing good for them is in it.
    pub unused: usize,
}

/// Whether a query is one of those, three of ten, that only the gate sees. What it is about decides, and nothing else: no
/// training of this index, of whatever kind and seed, learns from a query that judges the outcome of another. The order and
/// weights of its terms do not count, for queries that differ in these alone have much the same answers.
pub(in super::super) fn decides(query: &Query) -> bool {
    let mut terms: Vec<u64> = query.terms.iter().map(|term| number(&term.sought, term.wanted)).collect();
    terms.sort_unstable();
    let bytes: Vec<u8> = terms.into_iter().flat_map(u64::to_le_bytes).collect();
    xxh3_64(&bytes) % PARTS < GATE_PARTS
}

/// A number for what a term is about: the same on every machine.
fn number(sought: &Sought, wanted: bool) -> u64 {
    let mut hash = Xxh3::new();
    // Lengths come first: else two strings of other lengths could run into the same bytes.
    let mut part = |bytes: &[u8]| {
        hash.update(&(bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(&[u8::from(wanted)]);
    match sought {
        Sought::Text(text) => {
            part(b"text");
            part(text.as_bytes());
        }
        Sought::Picture(picture) => {
            part(b"picture");
            match &picture.source {
                PictureSource::Bytes(bytes) => part(bytes),
                PictureSource::Path(path) => part(path.as_os_str().as_encoded_bytes()),
            }
        }
        Sought::Vector { space, vector } => {
            part(b"vector");
            part(space.as_deref().unwrap_or_default().as_bytes());
            part(&vector.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>());
        }
        Sought::Note { id, part: of } => {
            part(b"note");
            part(id.as_bytes());
            part(&part_numbers(*of).map(u32::to_le_bytes).concat());
        }
        Sought::NoteIn { id, space } => {
            part(b"note in");
            part(id.as_bytes());
            part(space.as_bytes());
        }
    }
    hash.digest()
}

/// A grade as training counts it: below nothing there is nothing.
pub(in super::super) fn worth(grade: f32) -> f32 {
    if grade < 0.0 { 0.0 } else { grade }
}

/// Whether the fault lies in what a judged query asks, of this index: such a query is left out. Whatever else goes wrong
/// would go wrong for all of them.
pub(in super::super) const fn is_of_query(error: &Error) -> bool {
    matches!(
        error,
        Error::Query(_)
            | Error::NoSuchNote { .. }
            | Error::NoSuchPart { .. }
            | Error::NoVectorIn { .. }
            | Error::NoSuchSpace { .. }
            | Error::Vector(_)
            | Error::SpaceVector { .. }
    )
}
