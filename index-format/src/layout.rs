//! Sizes, offsets and numbers of the format, as `SPEC.md` tables them, held to it by the compiler.

use bytemuck::{Pod, Zeroable};
use std::mem::{offset_of, size_of};

/// First eight bytes of every file.
pub const MAGIC: [u8; 8] = *b"UNINOTE\0";
/// Format version this crate writes. 0 until release 0.1.0.
pub const VERSION: u16 = 0;
/// Draft of version 0: raised whenever the bytes change before version 1 freezes.
pub const DRAFT: u16 = 7;
/// Every section starts at a multiple of this.
pub const ALIGN: u64 = 64;
/// Most sections a file may have: bounds what a hostile header can make us do.
pub const MAX_SECTIONS: u16 = 1_024;
/// The space number of sections that belong to no vector space.
pub const NO_SPACE: u16 = u16::MAX;
/// Required-feature bits this crate understands (none exist yet).
pub const KNOWN_FEATURES: u64 = 0;
/// Section flag: a reader that does not know this section's kind must refuse the file.
pub const SECTION_REQUIRED: u32 = 1;
/// Row of a note as a whole.
pub const ROW_NOTE: u32 = 0;
/// Row of one passage of a note's text.
pub const ROW_PASSAGE: u32 = 1;
/// Row of one picture of a note.
pub const ROW_PICTURE: u32 = 2;
/// Row of one region of a picture: a cell of a grid over it, whose cells may overlap.
pub const ROW_REGION: u32 = 3;
/// Row of one vector that the caller gave a note in a named space.
pub const ROW_VECTOR: u32 = 4;
/// Vector spaces that every index has, before those with a name of their own: whole notes, and their parts.
pub const OWN_SPACES: usize = 2;
/// Most vector spaces of an index, those two among them: the sections of all must fit into a file's table.
pub const MAX_SPACES: usize = 66;
/// An unused neighbour slot.
pub const NO_NEIGHBOUR: u32 = u32::MAX;
/// Rows at the beginning of a space with links that are spread over it: a walk starts from the best of them.
pub const STARTS: u32 = 64;
/// Widest vectors that an adapter is for: bounds what reading a matrix and turning a query may cost.
pub const ADAPTER_WIDTH_MAX: usize = 4_096;
/// File numbers and generations stay below this, so that counting on never overflows.
pub const MAX_NUMBER: u64 = 1 << 62;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u16)]
pub enum FileKind {
    /// The list of live files: the one file that is replaced.
    Manifest = 1,
    /// Notes and their vectors.
    Segment = 2,
    /// The deleted notes of one segment.
    Tombstones = 3,
    /// An orthogonal rotation shared by segments.
    Rotation = 4,
    /// A ranking head.
    Head = 5,
    /// A matrix that vectors and queries go through.
    Adapter = 6,
    /// What was shown for queries, and what was chosen of it.
    Feedback = 7,
}

impl FileKind {
    /// Every kind, in ascending order of number.
    pub const ALL: [Self; 7] =
        [Self::Manifest, Self::Segment, Self::Tombstones, Self::Rotation, Self::Head, Self::Adapter, Self::Feedback];

    /// The word used in messages.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Segment => "segment",
            Self::Tombstones => "tombstones",
            Self::Rotation => "rotation",
            Self::Head => "head",
            Self::Adapter => "adapter",
            Self::Feedback => "feedback",
        }
    }
}

macro_rules! section_kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $word:literal;)*) => {
        /// What a section holds. Numbers are never reused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u16)]
        pub enum SectionKind { $($(#[$doc])* $name = $number,)* }
        impl SectionKind {
            /// Every kind, in ascending order of number.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];
            /// The kind with this number, if this version knows it.
            #[must_use]
            pub const fn from_number(number: u16) -> Option<Self> {
                match number { $($number => Some(Self::$name),)* _ => None }
            }
            /// The word used in messages.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }
        }
    };
}

section_kinds! {
    /// rkyv archive of the file's structured part (manifest, segment meta or adapter record).
    Meta = 1, "meta";
    /// Extents of the records, one a note.
    RecordExtents = 2, "record extents";
    /// rkyv archives of the records.
    Records = 3, "records";
    /// Note ordinals in ascending byte order of their ids.
    IdOrder = 4, "id order";
    /// Extents of the ids, one a note.
    IdExtents = 5, "id extents";
    /// UTF-8 bytes of the ids.
    IdBytes = 6, "id bytes";
    /// Extents of stored picture bytes.
    PictureExtents = 7, "picture extents";
    /// Stored picture bytes.
    PictureBytes = 8, "picture bytes";
    /// Row table of a space: which note and which part of it a row stands for.
    Rows = 16, "rows";
    /// Start of each note's rows in `note rows`, and one past the end.
    NoteRowStarts = 17, "note row starts";
    /// Row numbers grouped by note.
    NoteRows = 18, "note rows";
    /// Full vectors, f32, unit length.
    Vectors = 19, "vectors";
    /// Coarse codes.
    Codes = 20, "codes";
    /// Graph links, fixed degree.
    Links = 21, "links";
    /// Vectors as the encoder gave them, before an adapter.
    SourceVectors = 22, "source vectors";
    /// Deleted note ordinals, ascending.
    Deleted = 32, "deleted";
    /// Matrix of a rotation or an adapter, f32, row-major.
    Matrix = 33, "matrix";
    /// Terms of the notes' texts, ascending, with how many notes have each and where its postings are.
    Terms = 40, "terms";
    /// UTF-8 bytes of the terms.
    TermBytes = 41, "term bytes";
    /// Blocks of postings: where each lies, its last note, what bounds its scores.
    PostingBlocks = 42, "posting blocks";
    /// Packed gaps and counts of the blocks.
    Postings = 43, "postings";
    /// Codes of the notes' lengths in terms.
    NoteLengths = 44, "note lengths";
    /// A ranking head as safetensors.
    Weights = 48, "weights";
    /// rkyv archive of feedback events.
    Events = 49, "events";
    /// Columns of fields, ascending by name and kind.
    Columns = 50, "columns";
    /// UTF-8 bytes of names of fields and of their values.
    ColumnTexts = 51, "column texts";
    /// Values of words and bools, and for each column all its notes.
    ColumnValues = 52, "column values";
    /// Sets of notes, a bit a note.
    ColumnBits = 53, "column bits";
    /// Sets of notes, a list each.
    ColumnLists = 54, "column lists";
    /// Numbers of each column, ascending.
    ColumnNumbers = 55, "column numbers";
    /// The note of each number.
    ColumnNotes = 56, "column notes";
}

/// The 64 bytes every file starts with.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Header {
    /// [`MAGIC`].
    pub magic: [u8; 8],
    /// Format version the writer wrote.
    pub version: u16,
    /// Lowest format version whose readers may read this file.
    pub reader_version: u16,
    /// Draft number while the version is 0, else 0.
    pub draft: u16,
    /// A [`FileKind`] number.
    pub kind: u16,
    /// Features a reader must know.
    pub required_features: u64,
    /// Random number of the index; equal in all its files.
    pub index_id: u64,
    /// Number of this file within the index; never reused.
    pub file_id: u64,
    /// Length of the whole file in bytes.
    pub file_len: u64,
    /// Entries of the section table that follows.
    pub section_count: u16,
    /// Zero.
    pub reserved: [u8; 6],
    /// XXH3-64 of bytes 0..56 followed by the section table.
    pub checksum: u64,
}

/// One 64-byte entry of the section table.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct SectionEntry {
    /// A [`SectionKind`] number.
    pub kind: u16,
    /// Ordinal of the vector space, or [`NO_SPACE`].
    pub space: u16,
    /// [`SECTION_REQUIRED`] and bits to come.
    pub flags: u32,
    /// Start in the file, a multiple of [`ALIGN`].
    pub offset: u64,
    /// Length in bytes, padding not counted.
    pub len: u64,
    /// Number of elements (`len = count * stride` where the stride is not 0).
    pub count: u64,
    /// Bytes an element, or 0 where elements vary.
    pub stride: u64,
    /// XXH3-64 of the section's bytes.
    pub checksum: u64,
    /// Zero.
    pub reserved: [u8; 16],
}

/// Where a variable-length element lies inside its bytes section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct Extent {
    /// First byte, counted from the start of the bytes section.
    pub offset: u64,
    /// Length in bytes.
    pub len: u64,
}

/// One row of a space: the note it belongs to and the part it stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C)]
pub struct RowEntry {
    /// Ordinal of the note in the segment.
    pub note: u32,
    /// [`ROW_NOTE`], [`ROW_PASSAGE`], [`ROW_PICTURE`], [`ROW_REGION`] or [`ROW_VECTOR`].
    pub part: u32,
    /// Ordinal of the passage, the picture (a region's, too) or the vector in the note.
    pub ordinal: u32,
    /// First byte of the passage in the note's text; of a region the number of its cell, in reading order.
    pub start: u32,
    /// One past the last byte of the passage; of a region the cells along a side of the grid.
    pub end: u32,
}

impl RowEntry {
    /// What orders the rows of a note in a space, and which no two of them share.
    #[must_use]
    pub const fn part_key(&self) -> (u32, u32, u32) {
        (self.part, self.ordinal, if self.part == ROW_REGION { self.start } else { 0 })
    }
}

const _: () = {
    assert!(size_of::<Header>() == 64);
    assert!(offset_of!(Header, magic) == 0);
    assert!(offset_of!(Header, version) == 8);
    assert!(offset_of!(Header, reader_version) == 10);
    assert!(offset_of!(Header, draft) == 12);
    assert!(offset_of!(Header, kind) == 14);
    assert!(offset_of!(Header, required_features) == 16);
    assert!(offset_of!(Header, index_id) == 24);
    assert!(offset_of!(Header, file_id) == 32);
    assert!(offset_of!(Header, file_len) == 40);
    assert!(offset_of!(Header, section_count) == 48);
    assert!(offset_of!(Header, reserved) == 50);
    assert!(offset_of!(Header, checksum) == 56);
    assert!(size_of::<SectionEntry>() == 64);
    assert!(offset_of!(SectionEntry, kind) == 0);
    assert!(offset_of!(SectionEntry, space) == 2);
    assert!(offset_of!(SectionEntry, flags) == 4);
    assert!(offset_of!(SectionEntry, offset) == 8);
    assert!(offset_of!(SectionEntry, len) == 16);
    assert!(offset_of!(SectionEntry, count) == 24);
    assert!(offset_of!(SectionEntry, stride) == 32);
    assert!(offset_of!(SectionEntry, checksum) == 40);
    assert!(offset_of!(SectionEntry, reserved) == 48);
    assert!(size_of::<Extent>() == 16);
    assert!(offset_of!(Extent, offset) == 0);
    assert!(offset_of!(Extent, len) == 8);
    assert!(size_of::<RowEntry>() == 20);
    assert!(offset_of!(RowEntry, note) == 0);
    assert!(offset_of!(RowEntry, part) == 4);
    assert!(offset_of!(RowEntry, ordinal) == 8);
    assert!(offset_of!(RowEntry, start) == 12);
    assert!(offset_of!(RowEntry, end) == 16);
};
