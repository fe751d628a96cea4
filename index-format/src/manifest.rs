//! The manifest: which files are the index right now. The only file that is ever replaced.

use crate::archive::{from_bytes, to_bytes};
use crate::layout::{FileKind, MAX_NUMBER, MAX_SPACES, NO_SPACE, OWN_SPACES, SectionKind};
use crate::table::inconsistent;
use crate::{FileBuilder, FileTable, FormatError};
use rkyv::{Archive, Deserialize, Serialize};
use std::collections::BTreeSet;

/// A file the manifest names, with enough about it to notice a cut or a swap without reading it whole.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct FileRef {
    /// The file's number; its name follows from it.
    pub id: u64,
    /// Its length in bytes.
    pub len: u64,
    /// The checksum its header carries (which covers the checksums of all its sections).
    pub checksum: u64,
}

/// One live segment.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct SegmentRef {
    /// The segment file.
    pub file: FileRef,
    /// Notes written in it.
    pub notes: u32,
    /// Notes of it that are deleted.
    pub deleted: u32,
    /// The tombstone file, where any are.
    pub tombstones: Option<FileRef>,
    /// Numbers of the rotation files its spaces use.
    pub rotations: Vec<u64>,
}

/// The encoder whose vectors the index holds.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct EncoderRecord {
    /// Its name, for messages.
    pub name: String,
    /// Equal fingerprints mean equal vectors.
    pub fingerprint: String,
    /// Width of its vectors.
    pub width: u32,
    /// Prefix lengths that are embeddings of their own; empty if it is not trained for that.
    pub prefixes: Vec<u32>,
    /// Where it was loaded from when the index was created: a hint, nothing more; may be empty.
    pub location: String,
}

/// A vector space of the index.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct SpaceRecord {
    /// Its name; no two spaces share one.
    pub name: String,
    /// Width of its vectors.
    pub width: u32,
}

/// The state of an index after one commit.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct Manifest {
    /// Random number of the index.
    pub index_id: u64,
    /// Number of this commit; each is one more than the one before.
    pub generation: u64,
    /// Next file number to give out.
    pub next_file: u64,
    /// When the index was created, milliseconds since 1970 UTC.
    pub created_ms: i64,
    /// When this commit was made, milliseconds since 1970 UTC.
    pub committed_ms: i64,
    /// Whose vectors these are.
    pub encoder: EncoderRecord,
    /// The language that words are read in: names how terms are made of texts, for good.
    pub language: String,
    /// Whether picture bytes are kept in the index.
    pub keeps_pictures: bool,
    /// Whether regions of pictures have rows of their own.
    pub picture_regions: bool,
    /// The vector spaces, in ordinal order: two of the encoder's, then those with vectors of the caller.
    pub spaces: Vec<SpaceRecord>,
    /// Live segments, oldest first.
    pub segments: Vec<SegmentRef>,
    /// Rotation files in use.
    pub rotations: Vec<FileRef>,
    /// The ranking head that was trained for this index, if one is installed.
    pub head: Option<FileRef>,
    /// The adapter that vectors and queries go through, if one is installed.
    pub adapter: Option<FileRef>,
    /// Feedback, oldest first.
    pub feedback: Vec<FileRef>,
}

impl Manifest {
    /// The bytes of the manifest file.
    ///
    /// # Errors
    /// [`FormatError::Archive`] if it cannot be archived, and whatever a reader would refuse.
    pub fn to_bytes(&self) -> Result<Vec<u8>, FormatError> {
        self.check(0)?;
        let archive = to_bytes("manifest", self)?;
        let mut file = FileBuilder::new(FileKind::Manifest, self.index_id, self.generation);
        file.bytes(SectionKind::Meta, NO_SPACE, archive.as_slice(), 1);
        Ok(file.finish()?.to_vec())
    }

    /// Reads a manifest file whole: every byte of it is checked, since all else hangs on it.
    ///
    /// # Errors
    /// Whatever does not hold.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, FormatError> {
        let table = FileTable::parse(bytes, FileKind::Manifest)?;
        if let Some(damage) = table.damages(bytes).into_iter().next() {
            return Err(FormatError::Archive { what: damage.section, offset: damage.offset, why: damage.why });
        }
        let offset = table.require(SectionKind::Meta, NO_SPACE)?.offset;
        let manifest: Self =
            from_bytes(SectionKind::Meta.name(), offset, table.bytes(bytes, SectionKind::Meta, NO_SPACE)?)?;
        let header = table.header();
        for (what, expected, found) in [
            ("index number in the manifest", header.index_id, manifest.index_id),
            ("generation in the manifest", header.file_id, manifest.generation),
        ] {
            if expected != found {
                return Err(inconsistent(what, offset, expected, found));
            }
        }
        manifest.check(offset)?;
        Ok(manifest)
    }

    /// Every file it names, with its kind.
    pub fn files(&self) -> impl Iterator<Item = (FileKind, &FileRef)> {
        let of = |kind| move |file| (kind, file);
        let tombstones = self.segments.iter().filter_map(|entry| entry.tombstones.as_ref());
        let segments = self.segments.iter().map(|entry| &entry.file).map(of(FileKind::Segment));
        segments
            .chain(tombstones.map(of(FileKind::Tombstones)))
            .chain(self.rotations.iter().map(of(FileKind::Rotation)))
            .chain(self.head.iter().map(of(FileKind::Head)))
            .chain(self.adapter.iter().map(of(FileKind::Adapter)))
            .chain(self.feedback.iter().map(of(FileKind::Feedback)))
    }

    /// The numbers held against each other. `offset` is where the archive lies, for the message.
    fn check(&self, offset: u64) -> Result<(), FormatError> {
        let wrong = |what, expected, found| Err(inconsistent(what, offset, expected, found));
        for (what, number) in [("generation (below 2^62)", self.generation), ("next file (below 2^62)", self.next_file)]
        {
            if number >= MAX_NUMBER {
                return wrong(what, MAX_NUMBER, number);
            }
        }
        let mut numbers = BTreeSet::new();
        for (_, file) in self.files() {
            if file.id >= self.next_file {
                return wrong("file number (below next file)", self.next_file, file.id);
            }
            if !numbers.insert(file.id) {
                return wrong("files with this number", 1, file.id);
            }
        }
        let rotations: BTreeSet<u64> = self.rotations.iter().map(|file| file.id).collect();
        for entry in &self.segments {
            if entry.deleted > entry.notes || (entry.deleted > 0) != entry.tombstones.is_some() {
                return wrong("deleted notes of a segment", u64::from(entry.notes), u64::from(entry.deleted));
            }
            if let Some(lost) = entry.rotations.iter().find(|number| !rotations.contains(number)) {
                return wrong("rotation of a segment", self.rotations.len() as u64, *lost);
            }
        }
        if self.language.is_empty() {
            return wrong("bytes of the language's name (at least 1)", 1, 0);
        }
        let width = self.encoder.width;
        if let Some(prefix) = self.encoder.prefixes.iter().find(|prefix| !(1..=width).contains(prefix)) {
            return wrong("prefix of the encoder (at most its width)", u64::from(width), u64::from(*prefix));
        }
        if !(OWN_SPACES..=MAX_SPACES).contains(&self.spaces.len()) {
            return wrong("number of spaces (2 to 66)", OWN_SPACES as u64, self.spaces.len() as u64);
        }
        let mut names = BTreeSet::new();
        for (ordinal, space) in self.spaces.iter().enumerate() {
            if space.width == 0 || (ordinal < OWN_SPACES && space.width != width) {
                return wrong("width of a space (that of the encoder in its own)", width.into(), space.width.into());
            }
            if space.name.is_empty() || !names.insert(&space.name) {
                return wrong("spaces of one name", 1, ordinal as u64);
            }
        }
        Ok(())
    }
}
