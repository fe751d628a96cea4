//! What of a damaged index goes over as it is, and what is read note by note.

use super::super::degraded::alone;
use super::super::options::{IndexOptions, VectorSource};
use super::super::spaces;
use super::super::state::{State, fresh_id, now_ms, publish_manifest, read_manifest};
use super::RepairReport;
use crate::disk::{Storage, copy};
use crate::encode::SharedEncoder;
use crate::error::{Error, Result};
use crate::segment::file_name;
use index_format::{FileKind, FileRef, Manifest, SegmentRef};
use std::collections::BTreeSet;

/// What goes over as it is, and what is read note by note.
pub(super) struct Plan {
    pub(super) source: VectorSource,
    /// Of the new index, before anything is saved.
    pub(super) manifest: Manifest,
    pub(super) damaged: Vec<SegmentRef>,
    /// Files that are not what they should be.
    pub(super) unsound: BTreeSet<String>,
    /// Whether the manifest is known, and with it the making of the vectors.
    pub(super) trusted: bool,
}

impl Plan {
    pub(super) fn of(from: &dyn Storage, encoder: Option<SharedEncoder>, report: &mut RepairReport) -> Result<Self> {
        let unsound = report.damages.iter().map(|damage| damage.file.clone()).collect();
        match read_manifest(from) {
            Ok(manifest) => Self::known(from, manifest, encoder, unsound, report),
            Err(Error::Damaged { .. } | Error::NoIndex { .. }) => Self::unknown(from, encoder, unsound, report),
            Err(other) => Err(other),
        }
    }

    fn known(
        from: &dyn Storage,
        old: Manifest,
        encoder: Option<SharedEncoder>,
        unsound: BTreeSet<String>,
        report: &mut RepairReport,
    ) -> Result<Self> {
        let source = VectorSource::at_hand(&old, encoder)?;
        let whole = |kind, file: &FileRef| !unsound.contains(&file_name(kind, file.id));
        for (kind, file) in old.files().filter(|(kind, file)| !whole(*kind, file)) {
            let what = match kind {
                FileKind::Head => "the ranking head that was trained for it",
                FileKind::Adapter => "the adapter: vectors are searched as the encoder gave them",
                FileKind::Feedback => "feedback on what was shown",
                // What these are needed for is made again, or told note by note.
                _ => continue,
            };
            report.lose(&file_name(kind, file.id), "file".to_owned(), what);
        }
        let adapter = old.adapter.clone().filter(|file| whole(FileKind::Adapter, file));
        let sound = |entry: &SegmentRef| {
            let manifest = alone(&old, entry);
            // One that went through an adapter that is lost is made anew of what the encoder gave.
            adapter.is_some() == old.adapter.is_some()
                && manifest.files().all(|(kind, file)| whole(kind, file))
                && State::from_manifest(from, manifest, None, source.clone()).is_ok()
        };
        let (segments, damaged): (Vec<_>, Vec<_>) = old.segments.iter().cloned().partition(sound);
        let used: BTreeSet<u64> = segments.iter().flat_map(|entry| entry.rotations.iter().copied()).collect();
        let manifest = Manifest {
            generation: old.generation + 1,
            committed_ms: now_ms(),
            segments,
            rotations: old.rotations.iter().filter(|file| used.contains(&file.id)).cloned().collect(),
            head: old.head.clone().filter(|file| whole(FileKind::Head, file)),
            feedback: old.feedback.iter().filter(|file| whole(FileKind::Feedback, file)).cloned().collect(),
            adapter,
            ..old
        };
        Ok(Self { source, manifest, damaged, unsound, trusted: true })
    }

    /// Without a manifest: all segment files there are, of which nothing more is known.
    fn unknown(
        from: &dyn Storage,
        encoder: Option<SharedEncoder>,
        unsound: BTreeSet<String>,
        report: &mut RepairReport,
    ) -> Result<Self> {
        let mut damaged = Vec::new();
        for id in from.list()?.iter().filter_map(|name| segment_number(name)) {
            let file = FileRef { id, len: 0, checksum: 0 };
            damaged.push(SegmentRef { file, notes: 0, deleted: 0, tombstones: None, rotations: Vec::new() });
        }
        if damaged.is_empty() {
            return Err(Error::NoIndex { location: from.location() });
        }
        damaged.sort_by_key(|entry| entry.file.id);
        let options = encoder.map_or_else(IndexOptions::new, |encoder| IndexOptions::new().encoder(encoder));
        let source = options.source.resolve()?;
        let unknown = "with the manifest it is lost which notes were deleted, what vectors of the caller's were called, what \
                       was trained, and the settings of the index";
        report.lose(&file_name(FileKind::Manifest, 0), "manifest".to_owned(), unknown);
        let manifest = Manifest {
            index_id: fresh_id(),
            generation: 1,
            next_file: damaged.last().map_or(1, |entry| entry.file.id + 1),
            created_ms: now_ms(),
            committed_ms: now_ms(),
            encoder: source.record(),
            language: options.language.name().to_owned(),
            // Bytes that are there are kept.
            keeps_pictures: true,
            picture_regions: false,
            spaces: spaces::all(source.width(), &[])?,
            segments: Vec::new(),
            rotations: Vec::new(),
            head: None,
            adapter: None,
            feedback: Vec::new(),
        };
        Ok(Self { source, manifest, damaged, unsound, trusted: false })
    }

    /// Makes the new index of what goes over as it is.
    pub(super) fn copy(&self, from: &dyn Storage, to: &dyn Storage) -> Result<()> {
        let _alone = to.lock()?;
        for (kind, file) in self.manifest.files() {
            copy(from, &file_name(kind, file.id), to)?;
        }
        publish_manifest(to, &self.manifest)
    }
}

/// The number in the name of a segment file.
fn segment_number(name: &str) -> Option<u64> {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|id| file_name(FileKind::Segment, *id) == name)
}
