//! What can be wrong with bytes, said with the facts a person needs to act.

use thiserror::Error;

/// Why bytes were refused. The caller adds the file name.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Fewer bytes than the structure needs: a cut file.
    #[error("{what} is cut short: needs {needed} bytes, has {got}; restore the file from a backup")]
    Truncated {
        /// The structure that does not fit.
        what: &'static str,
        /// Bytes needed.
        needed: u64,
        /// Bytes present.
        got: u64,
    },
    /// The file does not start with the uninote magic.
    #[error(
        "not a uninote file (the first 8 bytes are {found:02x?}); point at the right directory or restore the file"
    )]
    Magic {
        /// The first bytes as read.
        found: [u8; 8],
    },
    /// The file was written by a format this library does not read.
    #[error(
        "format version {found} needs a newer uninote (this one reads up to version {supported}); upgrade the library"
    )]
    FutureVersion {
        /// Lowest format version that may read the file, as it says.
        found: u16,
        /// The newest version this library reads.
        supported: u16,
    },
    /// A pre-release (version 0) file of another draft.
    #[error(
        "pre-release format draft {found}, this uninote reads draft {supported} only; build the index again from its sources"
    )]
    Draft {
        /// The draft number in the file.
        found: u16,
        /// The draft this library reads and writes.
        supported: u16,
    },
    /// The file needs a feature this library does not know.
    #[error("the file needs features this uninote does not know (bits {unknown:#x}); upgrade the library")]
    Feature {
        /// The unknown bits of the required-feature word.
        unknown: u64,
    },
    /// The file has a section that must be understood and is not.
    #[error(
        "section {index} is of kind {kind}, which this uninote does not know and may not skip; upgrade the library"
    )]
    UnknownSection {
        /// Its place in the section table.
        index: usize,
        /// The kind number in the table.
        kind: u16,
    },
    /// The file is of another kind than the place it was found in calls for.
    #[error("expected a {expected} file, found kind {found}; files were swapped: restore them from a backup")]
    WrongKind {
        /// The kind called for.
        expected: &'static str,
        /// The kind number in the header.
        found: u16,
    },
    /// A checksum does not match: the bytes changed after they were written.
    #[error(
        "{what} at offset {offset}: checksum {found:#018x}, expected {expected:#018x}; the bytes changed since they were written: restore the file from a backup"
    )]
    Checksum {
        /// Which part.
        what: &'static str,
        /// Where it starts in the file.
        offset: u64,
        /// The checksum recorded.
        expected: u64,
        /// The checksum of the bytes present.
        found: u64,
    },
    /// A section the file must have is not there.
    #[error("section {section} of space {space} is missing; restore the file from a backup")]
    MissingSection {
        /// Name of the section.
        section: &'static str,
        /// Ordinal of the vector space, or 65535 where a section belongs to none.
        space: u16,
    },
    /// A number in the file contradicts another.
    #[error(
        "{what} at offset {offset}: expected {expected}, found {found}; the file is damaged: restore it from a backup"
    )]
    Inconsistent {
        /// What was being checked.
        what: &'static str,
        /// Byte offset in the file (of the section where no finer one is known).
        offset: u64,
        /// What must hold.
        expected: u64,
        /// What the file says.
        found: u64,
    },
    /// An archived structure failed its validation.
    #[error("{what} at offset {offset} is not valid: {why}; restore the file from a backup")]
    Archive {
        /// Which structure.
        what: &'static str,
        /// Byte offset in the file.
        offset: u64,
        /// The validator's reason.
        why: String,
    },
}

impl FormatError {
    /// The part of the file this is about and the offset it is at (that of the part where no finer one is known).
    #[must_use]
    pub const fn place(&self) -> (&'static str, u64) {
        match self {
            Self::Truncated { what, got, .. } => (what, *got),
            Self::Magic { .. } => ("header", 0),
            Self::FutureVersion { .. } => ("header", 10),
            Self::Draft { .. } => ("header", 12),
            Self::WrongKind { .. } => ("header", 14),
            Self::Feature { .. } => ("header", 16),
            Self::UnknownSection { .. } => ("section table", 64),
            Self::MissingSection { section, .. } => (section, 64),
            Self::Checksum { what, offset, .. }
            | Self::Inconsistent { what, offset, .. }
            | Self::Archive { what, offset, .. } => (what, *offset),
        }
    }
}

/// One damage found by a total verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// Name of the section, `header` or `padding`.
    pub section: &'static str,
    /// Byte offset in the file.
    pub offset: u64,
    /// What does not hold.
    pub why: String,
}
