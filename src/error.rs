//! The one error type of the public API. Each variant says what is known and what can be done about it.

pub use crate::graph::GraphError;
pub use index_format::FormatError;

use crate::disk::DiskError;
use crate::encode::EncodeError;
use crate::fields::FilterError;
use crate::note::{NoteError, PictureError};
use crate::rank::RankError;
use crate::vector::VectorError;
use std::time::Duration;
use thiserror::Error;

/// The result of most calls.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no index here.
    #[error("no index at {location}; create one with Index::create (shell: `uninote add`)")]
    NoIndex {
        /// Where was looked.
        location: String,
    },
    /// There is an index here already.
    #[error("{location} already holds an index; open it with Index::open, or choose another place")]
    IndexExists {
        /// Where it is.
        location: String,
    },
    /// A file of the index is not what it should be.
    #[error("{file}: {source}")]
    Damaged {
        /// Name of the file.
        file: String,
        /// What does not hold.
        source: FormatError,
    },
    /// The index was opened without those parts of it that are damaged.
    #[error(
        "the index at {location} was opened without its damaged parts, and writing would lose them for good; repair it \
         into another place with Index::repair (shell: `uninote repair`)"
    )]
    Degraded {
        /// Where it is.
        location: String,
    },
    /// A filter that is none, or does not fit the fields of the notes.
    #[error(transparent)]
    Filter(#[from] FilterError),
    /// The store below refused or failed; a second writer gets its `Locked`, naming the holder.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The index was made with another encoder.
    #[error(
        "the index holds vectors of encoder {index_name} ({index}{}), this is {given_name} ({given}); open it with that \
         encoder, or move it to another one with Index::reencode (shell: `uninote reencode`)",
        from_where(location)
    )]
    WrongEncoder {
        /// Fingerprint recorded in the index.
        index: String,
        /// Name of the encoder with that fingerprint.
        index_name: String,
        /// Where it was loaded from; empty where that was not recorded.
        location: String,
        /// Fingerprint of the encoder given.
        given: String,
        /// Its name.
        given_name: String,
    },
    /// An adapter was trained for the vectors of another encoder.
    #[error(
        "the adapter was trained for vectors of encoder {adapter}, the index holds those of {index}; train an adapter for \
         this index"
    )]
    WrongAdapter {
        /// Fingerprint of the encoder it was trained for.
        adapter: String,
        /// Fingerprint of the encoder of the index.
        index: String,
    },
    /// The call needs the encoder of the index, which was opened without it.
    #[error(
        "{call} needs the encoder {encoder}{}, and the index was opened without it; open it with Index::open_with, or \
         move it to another encoder with Index::reencode (shell: `uninote reencode`)",
        from_where(location)
    )]
    EncoderAbsent {
        /// What was called.
        call: &'static str,
        /// Name of the encoder.
        encoder: String,
        /// Where it was loaded from; empty where that was not recorded.
        location: String,
    },
    /// The call needs an encoder and the index was created for the caller's own vectors.
    #[error("the index holds the caller's own vectors: {call} needs an encoder; use {instead}")]
    NoEncoder {
        /// What was called.
        call: &'static str,
        /// What does the same with vectors.
        instead: &'static str,
    },
    /// The index computes its vectors with an encoder and was given one.
    #[error("the index makes its own vectors with encoder {encoder}; add the note without a vector")]
    VectorNotWanted {
        /// Name of the encoder.
        encoder: String,
    },
    /// The words of the index are read in a language that this library does not know.
    #[error("the words of the index are read in {name:?}, which this uninote does not know; upgrade the library")]
    UnknownLanguage {
        /// What the index records.
        name: String,
    },
    /// A note was refused.
    #[error("note {id:?}: {source}")]
    Note {
        /// Its id.
        id: String,
        /// Why.
        source: NoteError,
    },
    /// A vector was refused.
    #[error(transparent)]
    Vector(#[from] VectorError),
    /// A vector for a named space was refused.
    #[error("vector for space {space:?}: {source}")]
    SpaceVector {
        /// Name of the space.
        space: String,
        /// Why.
        source: VectorError,
    },
    /// The index has no space of this name.
    #[error("the index has no space {name:?} for vectors of its caller; {known}")]
    NoSuchSpace {
        /// The name.
        name: String,
        /// Those there are, or how to make one.
        known: String,
    },
    /// A space cannot be made.
    #[error("there can be no new space {name:?}: {why}")]
    Space {
        /// The name.
        name: String,
        /// Why, and what would do.
        why: &'static str,
    },
    /// Nothing can be done with a saved snapshot of this name.
    #[error("snapshot {name:?}: {why}")]
    Snapshot {
        /// Its name.
        name: String,
        /// Why, and what would do.
        why: &'static str,
    },
    /// A note with this id is there already.
    #[error("note {id:?} is already in the index; use update to replace it, or put for either")]
    DuplicateId {
        /// The id.
        id: String,
    },
    /// There is no such note.
    #[error("no note {id:?} in the index")]
    NoSuchNote {
        /// The id.
        id: String,
    },
    /// A note has no such passage or picture.
    #[error("note {id:?} has no {part} number {ordinal}")]
    NoSuchPart {
        /// The id.
        id: String,
        /// `passage` or `picture`.
        part: &'static str,
        /// Which one was asked for, counted from 0.
        ordinal: u32,
    },
    /// A note has no vector in a space of the caller's.
    #[error("note {id:?} has no vector in space {space}; put it again with one, or compare with another note")]
    NoVectorIn {
        /// The id.
        id: String,
        /// Name of the space.
        space: String,
    },
    /// The encoder failed.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The graph could not be built.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A ranking head, or what it was to be trained with, was refused.
    #[error(transparent)]
    Rank(#[from] RankError),
    /// A query makes no sense.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// A search option makes no sense.
    #[error("{option} is {given}; {remedy}")]
    Option {
        /// Which option.
        option: &'static str,
        /// What was given.
        given: String,
        /// What would do.
        remedy: &'static str,
    },
    /// The call was cancelled by its caller.
    #[error("cancelled by the caller; nothing was changed")]
    Cancelled,
    /// The call ran into its deadline.
    #[error("not finished within the deadline of {deadline:?}; allow more time, ask for fewer hits or a lower recall")]
    Deadline {
        /// The time that was allowed.
        deadline: Duration,
    },
    /// A sync failed earlier: what is durable is unknown, so this handle writes no more.
    #[error(
        "an earlier sync failed ({why}), so what is on the disk is uncertain; this handle writes no more: check the disk, then open the index again"
    )]
    Poisoned {
        /// The failure.
        why: String,
    },
}

/// Where an encoder was loaded from, if that is known, as words of a message.
fn from_where(location: &str) -> String {
    if location.is_empty() { String::new() } else { format!(", loaded from {location}") }
}

/// What is wrong with a query.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum QueryError {
    /// It has no terms.
    #[error("the query is empty; give it a text, a picture, a vector or the id of a note")]
    Empty,
    /// It has a space in which nothing is wanted.
    #[error("the query says only what is not wanted in space {space}; add what is wanted there")]
    OnlyUnwanted {
        /// Name of the space; `content` for those of the encoder.
        space: String,
    },
    /// Its terms leave no direction to search in.
    #[error("the terms of the query in space {space} cancel each other out; drop one, or give them other weights")]
    CancelsOut {
        /// Name of the space; `content` for those of the encoder.
        space: String,
    },
    /// A term counts nothing, less than nothing, or something that is no number.
    #[error("a term of the query has weight {given}; weights are finite and above 0 (unlike turns away from a term)")]
    Weight {
        /// The weight.
        given: f32,
    },
    /// What was chosen is not among what was shown.
    #[error("{id:?} was chosen, but is not among the notes shown; pass all ids in the order they were shown in")]
    NotShown {
        /// The id.
        id: String,
    },
    /// What was chosen stood further down than feedback reaches.
    #[error("{id:?} was chosen beyond place {places}, and feedback keeps no places beyond that; leave it out")]
    TooFarDown {
        /// The id.
        id: String,
        /// Places that are kept.
        places: usize,
    },
    /// It has no words.
    #[error("the query has no words to look for; give it a text, or search by vectors (Mode::Dense)")]
    NoWords,
    /// Its picture cannot be read.
    #[error("picture of the query: {0}")]
    Picture(#[from] PictureError),
}
