//! Opening a segment file: header, table, bounds; nothing that grows with its notes.

use super::file_name;
use crate::disk::{Advice, Bytes, Storage};
use crate::error::{Error, Result};
use crate::vector::Rotation;
use index_format::layout::Header;
use index_format::{
    ColumnsView, FileKind, FileRef, FormatError, Record, SectionKind, SegmentFile, SegmentMeta, SegmentView, SpaceMeta,
    SpaceView, WordsView, checksum,
};
use std::sync::{Arc, OnceLock};

/// An open segment.
#[derive(Debug)]
pub(crate) struct Segment {
    name: String,
    file_ref: FileRef,
    bytes: Bytes,
    file: SegmentFile,
    rotations: Vec<Option<Arc<Rotation>>>,
    /// Set once all of it was found sound.
    sound: OnceLock<()>,
}

impl Segment {
    /// Opens the segment file a manifest names; `rotation` finds the rotation with a number.
    pub(crate) fn open(
        storage: &dyn Storage,
        index_id: u64,
        file_ref: &FileRef,
        rotation: &dyn Fn(u64) -> Option<Arc<Rotation>>,
    ) -> Result<Self> {
        let name = file_name(FileKind::Segment, file_ref.id);
        let bytes = storage.map(&name)?;
        // A walk jumps about: reading ahead would only push other pages out.
        bytes.advise(Advice::Random);
        let damaged = |source| Error::Damaged { file: name.clone(), source };
        let file = SegmentFile::parse(&bytes).map_err(damaged)?;
        check_identity(file.table.header(), index_id, file_ref).map_err(damaged)?;
        let rotations: Result<Vec<_>> =
            file.meta.spaces.iter().map(|space| find_rotation(&name, space, rotation)).collect();
        Ok(Self { name, file_ref: file_ref.clone(), file, rotations: rotations?, bytes, sound: OnceLock::new() })
    }

    /// The file as the manifest names it.
    pub(crate) const fn file_ref(&self) -> &FileRef {
        &self.file_ref
    }

    /// The structured part.
    pub(crate) const fn meta(&self) -> &SegmentMeta {
        &self.file.meta
    }

    /// Views of the notes.
    pub(crate) fn view(&self) -> Result<SegmentView<'_>> {
        self.file.view(&self.bytes).map_err(|source| self.damaged(source))
    }

    /// The words of the notes.
    pub(crate) fn words(&self) -> Result<WordsView<'_>> {
        self.file.words(&self.bytes).map_err(|source| self.damaged(source))
    }

    /// The columns of the notes' fields.
    pub(crate) fn columns(&self) -> Result<ColumnsView<'_>> {
        self.file.columns(&self.bytes).map_err(|source| self.damaged(source))
    }

    /// Structured part, views and rotation of a space; `None` where the segment has no such space.
    pub(crate) fn space(&self, ordinal: u16) -> Result<Option<OpenSpace<'_>>> {
        let Some(meta) = self.file.meta.spaces.get(usize::from(ordinal)) else { return Ok(None) };
        let view = self.file.space(&self.bytes, ordinal).map_err(|source| self.damaged(source))?;
        let rotation = self.rotations.get(usize::from(ordinal)).and_then(Option::as_deref);
        Ok(Some(OpenSpace { meta, view, rotation }))
    }

    /// The stored form of a note.
    pub(crate) fn record(&self, note: u32) -> Result<Record> {
        self.view()?.record(note).map_err(|source| self.damaged(source))
    }

    /// The kept bytes of a picture.
    pub(crate) fn picture(&self, blob: u32) -> Result<&[u8]> {
        self.view()?.pictures.get(blob as usize).map_err(|source| self.damaged(source))
    }

    /// The note with an id.
    pub(crate) fn find(&self, id: &str) -> Result<Option<u32>> {
        self.view()?.find(id).map_err(|source| self.damaged(source))
    }

    /// Reads every section and holds it against its checksum. What is built of a segment gets checksums of its own: damage
    /// that went in unseen could never be found again.
    pub(crate) fn check(&self) -> Result<()> {
        for entry in self.file.table.sections() {
            let what = SectionKind::from_number(entry.kind).map_or("unknown section", SectionKind::name);
            let end = entry.offset.saturating_add(entry.len);
            let section = self.bytes.get(entry.offset as usize..end as usize).unwrap_or_default();
            let (offset, expected, found) = (entry.offset, entry.checksum, checksum(section));
            if found != expected {
                return Err(self.damaged(FormatError::Checksum { what, offset, expected, found }));
            }
        }
        Ok(())
    }

    /// As [`Segment::check`], once while the file is open.
    pub(crate) fn check_once(&self) -> Result<()> {
        if self.sound.get().is_none() {
            self.check()?;
            self.sound.get_or_init(|| ());
        }
        Ok(())
    }

    /// The error for damage met in this file.
    pub(crate) fn damaged(&self, source: FormatError) -> Error {
        Error::Damaged { file: self.name.clone(), source }
    }
}

/// A space of an open segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OpenSpace<'a> {
    /// Structured part.
    pub(crate) meta: &'a SpaceMeta,
    /// Views.
    pub(crate) view: SpaceView<'a>,
    /// What vectors go through before they become codes.
    pub(crate) rotation: Option<&'a Rotation>,
}

impl<'a> OpenSpace<'a> {
    /// The vector of a row.
    pub(crate) fn vector(&self, row: u32) -> Option<&'a [f32]> {
        let width = self.meta.width as usize;
        let start = (row as usize).saturating_mul(width);
        self.view.vectors.get(start..start.saturating_add(width))
    }

    /// The vector of a row as it came, before any adapter.
    pub(crate) fn source(&self, row: u32) -> Option<&'a [f32]> {
        let width = self.meta.width as usize;
        let start = (row as usize).saturating_mul(width);
        self.view.sources.unwrap_or(self.view.vectors).get(start..start.saturating_add(width))
    }
}

fn find_rotation(
    name: &str,
    space: &SpaceMeta,
    rotation: &dyn Fn(u64) -> Option<Arc<Rotation>>,
) -> Result<Option<Arc<Rotation>>> {
    let Some(id) = space.rotation else { return Ok(None) };
    let found = rotation(id).filter(|rotation| rotation.width() == space.width as usize);
    found.map(Some).ok_or_else(|| Error::Damaged {
        file: name.to_owned(),
        source: FormatError::Inconsistent { what: "rotation of a space", offset: 0, expected: id, found: 0 },
    })
}

/// Holds a file against the manifest that names it: a file of another index or another time is not it.
pub(crate) fn check_identity(header: &Header, index_id: u64, file: &FileRef) -> Result<(), FormatError> {
    let facts = [
        ("index number", 24, index_id, header.index_id),
        ("file number", 32, file.id, header.file_id),
        ("file length", 40, file.len, header.file_len),
        ("header checksum named by the manifest", 56, file.checksum, header.checksum),
    ];
    for (what, offset, expected, found) in facts {
        if expected != found {
            return Err(FormatError::Inconsistent { what, offset, expected, found });
        }
    }
    Ok(())
}
