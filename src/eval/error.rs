//! Why something could not be evaluated.

use crate::disk::DiskError;
use crate::error::Error;
use crate::import::{ImportError, Problem};
use std::path::PathBuf;
use thiserror::Error;

/// Why something could not be evaluated.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EvalError {
    /// A line of a file of judgments or of a run is not what it should be.
    #[error("{file}:{line}: {why}")]
    Line {
        /// The file.
        file: String,
        /// The line, counted from 1.
        line: u64,
        /// What is wrong with it, and what to do about it.
        why: String,
    },
    /// A query or a caption cannot be read.
    #[error("{0}")]
    Source(Problem),
    /// The path leads to no collection.
    #[error(
        "{} is no collection: it has neither corpus.jsonl (or .jsonl.gz) with a folder qrels, nor captions.jsonl (or \
         .jsonl.gz); see docs/EVAL.md",
        path.display()
    )]
    NoCollection {
        /// The path given.
        path: PathBuf,
    },
    /// Nothing says which judgments are meant, or there are none of that name.
    #[error("{} has {found}; {remedy}", path.display())]
    Split {
        /// The collection.
        path: PathBuf,
        /// What there is.
        found: String,
        /// What would do.
        remedy: &'static str,
    },
    /// Nothing is judged.
    #[error("{name} has no judgments, so there is nothing to measure")]
    NothingJudged {
        /// The file or collection.
        name: String,
    },
    /// A query is judged, and nothing says what it asks.
    #[error("query {query:?} of {name} is judged, but has no text and is no note; add it to queries.jsonl")]
    UnknownQuery {
        /// The collection.
        name: String,
        /// The query's id.
        query: String,
    },
    /// The index holds nothing.
    #[error("{name} has no notes to search through: {why}")]
    Empty {
        /// The collection or index.
        name: String,
        /// Why.
        why: String,
    },
    /// A setting cannot be evaluated.
    #[error("{option} is {given}; {remedy}")]
    Setting {
        /// What was set.
        option: &'static str,
        /// To what.
        given: String,
        /// What would do.
        remedy: String,
    },
    /// An id that has no place in a file of TREC's form, where white space ends a column.
    #[error(
        "{id:?} has white space in it or is empty, which a file in TREC's form cannot hold; give the note another id"
    )]
    Id {
        /// The id.
        id: String,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// A corpus could not be opened.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The index said no.
    #[error(transparent)]
    Index(#[from] Error),
}
