//! One committed state of an index.

use super::adapter::{self, Installed};
use super::options::VectorSource;
use crate::disk::{DiskError, Storage};
use crate::error::{Error, Result};
use crate::lexical::Language;
use crate::query::{LiveSegment, RecentFilters};
use crate::rank::{self, Head, Schema};
use crate::segment::{Deleted, Segment, file_name, is_index_file, load_head, load_rotation};
use crate::vector::Rotation;
use index_format::{EncoderRecord, FileKind, FormatError, Manifest, SegmentRef, SpaceRecord};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

/// How often a reader starts over when files go away under it because a writer compacted.
pub(super) const RELOADS: usize = 8;

/// One committed state.
pub(super) struct State {
    pub(super) manifest: Manifest,
    pub(super) segments: Vec<LiveSegment>,
    pub(super) rotations: BTreeMap<u64, Arc<Rotation>>,
    /// What vectors and queries of the encoder's spaces go through.
    pub(super) adapter: Option<Installed>,
    /// Whose vectors it holds: a later state may hold those of another encoder.
    pub(super) source: VectorSource,
    /// What its words are read in.
    pub(super) language: Language,
    /// The last filters it was asked with.
    pub(super) filters: RecentFilters,
    /// The ranking head that was trained for it.
    pub(super) head: Option<Arc<Head>>,
}

/// Finds the source of an index by what its manifest records.
pub(super) type FindSource<'a> = &'a dyn Fn(&EncoderRecord) -> Result<VectorSource>;

impl State {
    /// The ranking head in use: its own, or that of this build.
    pub(super) fn head(&self) -> Option<&Head> {
        self.head.as_deref().or_else(|| rank::shipped())
    }

    /// Loads the state the manifest on the storage describes, taking over what `known` has open already.
    ///
    /// # Errors
    /// [`Error::WrongEncoder`] if the vectors are not those of the source found.
    pub(super) fn load(storage: &dyn Storage, known: Option<&Self>, find: FindSource<'_>) -> Result<Self> {
        let mut tries = 0;
        loop {
            let manifest = read_manifest(storage)?;
            let source = find(&manifest.encoder)?;
            source.check(&manifest)?;
            match Self::from_manifest(storage, manifest, known, source) {
                // Between reading the manifest and opening its files a writer may have replaced both.
                Err(Error::Disk(DiskError::NotFound { .. })) if tries < RELOADS => tries += 1,
                loaded => return loaded,
            }
        }
    }

    pub(super) fn from_manifest(
        storage: &dyn Storage,
        manifest: Manifest,
        known: Option<&Self>,
        source: VectorSource,
    ) -> Result<Self> {
        let language = Language::from_name(&manifest.language);
        let language = language.ok_or_else(|| Error::UnknownLanguage { name: manifest.language.clone() })?;
        let mut rotations = BTreeMap::new();
        for file in &manifest.rotations {
            let open = known.and_then(|known| known.rotations.get(&file.id)).map(Arc::clone);
            let rotation = match open {
                Some(rotation) => rotation,
                None => Arc::new(load_rotation(storage, manifest.index_id, file)?),
            };
            rotations.insert(file.id, rotation);
        }
        let adapter = adapter::load(storage, &manifest, known.and_then(|known| known.adapter.as_ref()))?;
        let find = |id: u64| rotations.get(&id).cloned();
        let mut segments = Vec::with_capacity(manifest.segments.len());
        for entry in &manifest.segments {
            let open = known.and_then(|known| {
                known.segments.iter().find(|live| live.segment.file_ref() == &entry.file).map(|live| &live.segment)
            });
            let segment = match open {
                Some(segment) => Arc::clone(segment),
                None => Arc::new(Segment::open(storage, manifest.index_id, &entry.file, &find)?),
            };
            let deleted = match &entry.tombstones {
                Some(file) => Deleted::open(storage, manifest.index_id, file)?,
                None => Deleted::default(),
            };
            check_agreement(&manifest, entry, &segment, &deleted)?;
            segments.push(LiveSegment { segment, deleted });
        }
        // One that could not be used is taken over as that: it is what it was.
        let head = match known.filter(|known| known.manifest.head == manifest.head) {
            Some(known) => known.head.clone(),
            None => load_own_head(storage, &manifest)?,
        };
        Ok(Self { manifest, segments, rotations, adapter, source, language, filters: RecentFilters::default(), head })
    }
}

/// The head of an index. One that is damaged or gone, or was made for other features than this build has, is not used, as
/// if there were none: what is searched matters more than its order.
fn load_own_head(storage: &dyn Storage, manifest: &Manifest) -> Result<Option<Arc<Head>>> {
    let Some(file) = &manifest.head else { return Ok(None) };
    let unused = |error: &dyn std::fmt::Display| {
        tracing::warn!(%error, "the index's own ranking head is not used; train another one, or remove it");
        Ok(None)
    };
    let bytes = match load_head(storage, manifest.index_id, file) {
        Ok(bytes) => bytes,
        Err(error @ Error::Damaged { .. }) => return unused(&error),
        // Unless a writer has replaced both meanwhile: then the newer state is to be read.
        Err(error @ Error::Disk(DiskError::NotFound { .. })) if read_manifest(storage)?.head == manifest.head => {
            return unused(&error);
        }
        Err(error) => return Err(error),
    };
    match Head::from_bytes(&bytes, &Schema::built_in()) {
        Ok(head) => Ok(Some(Arc::new(head))),
        Err(error) => unused(&error),
    }
}

/// Holds what the manifest says of a segment against the segment: sizes that searches and counts rely on.
fn check_agreement(manifest: &Manifest, entry: &SegmentRef, segment: &Segment, deleted: &Deleted) -> Result<()> {
    let meta = segment.meta();
    let adapter = |id: Option<u64>| id.unwrap_or_default();
    let facts = [
        ("notes, as the manifest says", entry.notes.into(), meta.notes.into()),
        ("deleted notes, as the manifest says", entry.deleted.into(), deleted.notes().len() as u64),
        (
            "adapter (0 for none), as the manifest says",
            adapter(manifest.adapter.as_ref().map(|file| file.id)),
            adapter(meta.adapter),
        ),
    ];
    let widths = meta.spaces.iter().enumerate().map(|(ordinal, space)| {
        let recorded = manifest.spaces.get(ordinal).map_or(0, |record| record.width);
        ("width of the vectors, as the manifest says", u64::from(recorded), u64::from(space.width))
    });
    match facts.into_iter().chain(widths).find(|(_, expected, found)| expected != found) {
        None => Ok(()),
        Some((what, expected, found)) => Err(Error::Damaged {
            file: file_name(FileKind::Segment, entry.file.id),
            source: FormatError::Inconsistent { what, offset: 0, expected, found },
        }),
    }
}

/// Equal fingerprints mean equal vectors: another width can only be damage.
pub(super) fn check_width(manifest: &Manifest, width: u32) -> Result<()> {
    let found = manifest.encoder.width;
    if found == width {
        return Ok(());
    }
    let (expected, found) = (u64::from(width), u64::from(found));
    let source = FormatError::Inconsistent { what: "width of the encoder", offset: 0, expected, found };
    Err(Error::Damaged { file: file_name(FileKind::Manifest, 0), source })
}

/// Reads the manifest, or says that there is no index.
pub(super) fn read_manifest(storage: &dyn Storage) -> Result<Manifest> {
    let name = file_name(FileKind::Manifest, 0);
    let bytes = storage.map(&name).map_err(|error| match error {
        DiskError::NotFound { .. } => Error::NoIndex { location: storage.location() },
        other => Error::Disk(other),
    })?;
    Manifest::from_bytes(&bytes).map_err(|source| Error::Damaged { file: name, source })
}

/// Publishes a manifest: the moment a commit happens.
pub(super) fn publish_manifest(storage: &dyn Storage, manifest: &Manifest) -> Result<()> {
    let name = file_name(FileKind::Manifest, 0);
    let bytes = manifest.to_bytes().map_err(|source| Error::Damaged { file: name.clone(), source })?;
    storage.publish(&name, &mut |out| out.write_all(&bytes))?;
    Ok(())
}

/// Publishes the manifest of an empty index.
pub(super) fn create(
    storage: &dyn Storage,
    source: &VectorSource,
    (keeps_pictures, picture_regions): (bool, bool),
    language: Language,
    spaces: Vec<SpaceRecord>,
) -> Result<()> {
    let _lock = storage.lock()?;
    // Files of an index whose manifest is lost are no free place either: the first commit would clear them away.
    if storage.list()?.iter().any(|name| is_index_file(name)) {
        return Err(Error::IndexExists { location: storage.location() });
    }
    let now = now_ms();
    let manifest = Manifest {
        index_id: fresh_id(),
        generation: 0,
        next_file: 1,
        created_ms: now,
        committed_ms: now,
        encoder: source.record(),
        language: language.name().to_owned(),
        keeps_pictures,
        picture_regions,
        spaces,
        segments: Vec::new(),
        rotations: Vec::new(),
        head: None,
        adapter: None,
        feedback: Vec::new(),
    };
    publish_manifest(storage, &manifest)
}

/// A number no other index is likely to have: the standard library's per-process random keys, stirred with the time.
pub(super) fn fresh_id() -> u64 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_i64(now_ms());
    hasher.finish()
}

/// Milliseconds since 1970 UTC.
pub(super) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
