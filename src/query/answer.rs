//! What a caller gets: hits, each with its evidence, and how the answer came about.

use super::{Cursor, Mode};
use crate::note::Value;
use std::ops::Range;

/// The part of a note that won it its place.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Row {
    /// The note as a whole.
    Global,
    /// The passage with this number; its span is a byte range of the note's text.
    Passage {
        /// Number of the passage in the note, from 0.
        ordinal: u32,
        /// First byte.
        start: usize,
        /// One past the last byte.
        end: usize,
    },
    /// The picture with this number.
    Picture {
        /// Number of the picture in the note, from 0.
        ordinal: u32,
    },
    /// A region of a picture: one cell of a grid over it, whose cells overlap by half.
    Region {
        /// Number of the picture in the note, from 0.
        ordinal: u32,
        /// Number of the cell in reading order, from 0.
        cell: u32,
        /// Cells along each side of the grid.
        side: u32,
    },
    /// A vector that the caller gave the note.
    Vector {
        /// Name of the space it lies in.
        space: String,
        /// Number of the vector among those of the note in that space, from 0.
        ordinal: u32,
    },
}

/// How a note did in one of several spaces that were searched together.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct AimScore {
    /// Name of the space; `content` for those of the encoder.
    pub space: String,
    /// Cosine of the note's best row there; 0 where it has none.
    pub score: f32,
    /// That row.
    pub row: Option<Row>,
}

/// The passage of a hit that is closest to the query.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Passage {
    /// Number of the passage in the note, from 0.
    pub ordinal: u32,
    /// First byte in the note's text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Its cosine with the query.
    pub score: f32,
    /// Its text.
    pub text: String,
    /// Words of it that the query asks for, as byte ranges of the note's text, in order. Empty where only vectors were asked.
    pub matches: Vec<Range<usize>>,
    /// The part of it with most of these words.
    pub snippet: Snippet,
}

/// A short part of a passage, for showing: some 200 bytes, cut between words.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snippet {
    /// First byte in the note's text.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
    /// Its text.
    pub text: String,
}

/// What each stage thought of the winning row.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct StageScores {
    /// Cosine estimated from the coarse codes; equal to `full` where no estimate was needed.
    pub coarse: f32,
    /// Cosine of the full vectors.
    pub full: f32,
}

/// A feature of a hit, as the ranking head saw it.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FeatureShare {
    /// Its name; what each means is in [`rank::column`](crate::rank::column).
    pub name: String,
    /// Its value; none where the note lacks it or the query does not ask it.
    pub value: Option<f32>,
    /// What it adds to the head's score, against the mean candidate of the query (integrated gradients).
    pub contribution: f32,
}

/// How a hit came to its place.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Explanation {
    /// Its place by vectors, from 0; none where a pool was put in order and it is not among the hundred by vectors.
    pub dense: Option<usize>,
    /// Its place by words, from 0; none where it is not among the hundred by words, or none were asked.
    pub lexical: Option<usize>,
    /// Its place by the rule that puts both together, from 0; none where it is not among the candidates.
    pub fused: Option<usize>,
    /// BM25 of its words; 0 where it has none of the query's.
    pub bm25: f32,
    /// Share of what the query's words are worth that it has.
    pub coverage: f32,
    /// Score of the head for the mean candidate of the query, to which the features' contributions are added.
    pub baseline: f32,
    /// What the head saw, in its own order; empty where no head was asked.
    pub features: Vec<FeatureShare>,
}

impl Explanation {
    /// Before anything is known.
    pub(super) const NOTHING: Self =
        Self { dense: None, lexical: None, fused: None, bm25: 0.0, coverage: 0.0, baseline: 0.0, features: Vec::new() };
}

/// One note of an answer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Hit {
    /// The note's id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What the order is by; it never rises from hit to hit, unless the answer is arranged by
    /// [`SearchOptions::diversity`](crate::SearchOptions::diversity), a decay ends with the pool, or hits are sorted. In [`Mode::Dense`] the cosine of the winning row, in [-1, 1];
    /// where several spaces were searched, the mean of the scores in [`Hit::aims`] by weight. In [`Mode::Lexical`] BM25. In
    /// [`Mode::Fused`] what the rule gives, in [0, 1]. In [`Mode::Ranked`] the head's score through the logistic function,
    /// in [0, 1]: good for comparing hits of one answer, not for comparing answers.
    pub score: f32,
    /// The part that won: of several spaces, the one that brought most of the score.
    pub row: Row,
    /// The passage closest to the query, for showing why; none for a note without text, and for a query that asks nothing
    /// in the encoder's spaces.
    pub passage: Option<Passage>,
    /// The score in each space, where the query has terms in several; else empty.
    pub aims: Vec<AimScore>,
    /// What each stage thought of the winning row.
    pub stages: StageScores,
    /// Ids of near-copies that would have come later and are folded into this hit, best first
    /// ([`SearchOptions::fold`](crate::SearchOptions::fold)).
    pub folded: Vec<String>,
    /// Its group, where hits were grouped ([`SearchOptions::group_by`](crate::SearchOptions::group_by)) and it has one.
    pub group: Option<Value>,
    /// How it came to its place, where that was asked for.
    pub explanation: Option<Box<Explanation>>,
}

/// How an answer came about.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Stages {
    /// Segments looked into.
    pub segments: usize,
    /// Coarse codes compared with the query.
    pub coarse: u64,
    /// Full vectors compared with the query.
    pub rescored: u64,
    /// Whether every live row was compared in full width.
    pub exact: bool,
    /// Recall to expect, from the curves measured when the segments were built; 1 if exact. Of several spaces, the lowest.
    pub expected_recall: f32,
}

impl Stages {
    /// What two parts of a search did together.
    pub(super) fn and(self, other: Self) -> Self {
        Self {
            segments: self.segments,
            coarse: self.coarse + other.coarse,
            rescored: self.rescored + other.rescored,
            exact: self.exact && other.exact,
            expected_recall: self.expected_recall.min(other.expected_recall),
        }
    }

    /// Before anything was compared.
    pub(super) const fn nothing(segments: usize) -> Self {
        Self { segments, coarse: 0, rescored: 0, exact: true, expected_recall: 1.0 }
    }
}

/// The answer to a search.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// Best first; what is equally good in ascending order of id.
    pub hits: Vec<Hit>,
    /// How it came about.
    pub stages: Stages,
    /// Which signals put it in order; never [`Mode::Auto`].
    pub mode: Mode,
    /// The commit it was answered from.
    pub generation: u64,
    /// Where the next page starts; none if there is nothing more.
    pub next: Option<Cursor>,
}
