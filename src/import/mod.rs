//! Sources into notes: folders of Markdown, and JSON Lines; and notes into JSON Lines.
//!
//! ```text
//! open ─► walk (sorted, hidden left out) ─► markdown::parse ─┐
//!                                      └──► jsonl::parse_line ┴► pictures (inside the folder) ─► Item
//! ```
//!
//! Everything streams: one note is in memory at a time. What cannot be imported is an item too
//! ([`Item::Skipped`]), so one bad note never stops the others. The parsers take bytes and touch no
//! file. This room knows `note` and nothing else; besides `disk` it is the only one that opens
//! files.

mod export;
mod fields;
mod front_matter;
mod html;
pub mod jsonl;
mod lines;
pub mod markdown;
mod pictures;
mod tree;
mod walk;
mod write;

use std::{
    fmt, io,
    path::{Path, PathBuf},
};

use crate::note::{Note, PictureLimits};

pub use export::{ExportError, Exported, Exporter};

/// What [`open`] yields: a note, or the reason why there is none.
#[derive(Debug)]
#[non_exhaustive]
pub enum Item {
    /// A valid note.
    Note(Box<Imported>),
    /// Something that could not be imported.
    Skipped(Problem),
}

/// A note with where it came from.
#[derive(Debug)]
#[non_exhaustive]
pub struct Imported {
    /// The note; [`Note::validate`] holds, but that one with a vector may have nothing beside it. Its pictures are paths, absolute and inside the source's
    /// folder, and were pictures when they were read.
    pub note: Note,
    /// The vector of the whole note, where its source has one.
    pub vector: Option<Vec<f32>>,
    /// Its source.
    pub origin: Origin,
    /// What was left out of it: a missing picture, a field that has no typed form.
    pub warnings: Vec<Problem>,
}

/// A place in a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The file, under the path that was given to [`open`].
    pub path: PathBuf,
    /// The line, counted from 1; `None` where the whole file is meant.
    pub line: Option<u64>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        match self.line {
            Some(line) => write!(f, ":{line}"),
            None => Ok(()),
        }
    }
}

/// Something wrong in a source, displayed as `file:line: why`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// Where it is.
    pub origin: Origin,
    /// What is wrong, and what to do about it.
    pub why: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.origin, self.why)
    }
}

/// Bounds of an import.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ImportOptions {
    /// Largest Markdown file in bytes; a larger one is skipped.
    pub max_file_bytes: u64,
    /// Longest line of a JSON Lines file in bytes; a longer one is skipped.
    pub max_line_bytes: usize,
    /// Bounds of linked pictures; one beyond them is left out with a warning.
    pub pictures: PictureLimits,
}

impl Default for ImportOptions {
    /// 64 MiB for a file or a line, and the default [`PictureLimits`].
    fn default() -> Self {
        Self { max_file_bytes: 64 << 20, max_line_bytes: 64 << 20, pictures: PictureLimits::default() }
    }
}

/// Why a source could not be opened at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// Nothing is there.
    #[error("{path:?} does not exist; check the path")]
    Missing {
        /// The path given.
        path: PathBuf,
    },
    /// Not a folder, and not a file of a supported kind.
    #[error("{path:?} cannot be imported; give a folder or a file that ends in {}", walk::SUPPORTED)]
    Unsupported {
        /// The path given.
        path: PathBuf,
    },
    /// The system refused.
    #[error("{path:?} cannot be read: {source}; check its permissions")]
    Unreadable {
        /// The path given.
        path: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
}

/// A stream of notes from one source.
pub type Items = Box<dyn Iterator<Item = Item> + Send>;

/// Opens a folder, a Markdown or text file, or a JSON Lines file, and streams its notes in a fixed
/// order (by name, folder by folder).
///
/// A folder is walked with all its subfolders: `.md`, `.markdown` and `.txt` files become one note
/// each ([`markdown::parse`]), with the path inside the folder as id, `/` between its parts;
/// `.jsonl` and `.ndjson` files, also with `.gz`, become one note a line ([`jsonl::parse_line`]).
/// Names that begin with a dot, symbolic links and files of other kinds are left out.
///
/// # Errors
/// [`ImportError`] where the path is missing, unreadable or of no supported kind. Everything that
/// goes wrong later is an item.
pub fn open(path: &Path, options: &ImportOptions) -> Result<Items, ImportError> {
    walk::open(path, options)
}

/// A note as its source describes it, before any file is looked at.
#[derive(Debug)]
#[non_exhaustive]
pub struct Parsed {
    /// The note, still without pictures.
    pub note: Note,
    /// The vector of the whole note, for an index whose vectors come from the caller.
    pub vector: Option<Vec<f32>>,
    /// The pictures it names, in order.
    pub image_links: Vec<ImageLink>,
    /// What was left out.
    pub warnings: Vec<Remark>,
}

/// A picture that a source refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageLink {
    /// The reference as written: a relative or root-relative path, or a URL.
    pub target: String,
    /// Alternative text; may be empty.
    pub alt: String,
    /// Line of the reference, counted from 1.
    pub line: u64,
}

/// Something left out of a note that is imported all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remark {
    /// Line in the source, counted from 1.
    pub line: u64,
    /// What, and why.
    pub why: String,
}

#[cfg(test)]
mod tests;
