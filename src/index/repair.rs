//! What is left of a damaged index, as a sound one in another place: files without damage go over as they are, of the others
//! every note that can be read, and all that is derived (graphs, codes, words, columns) is made again.

use super::Index;
use super::degraded::alone;
use super::options::{IndexOptions, VectorSource};
use super::prepare::{Given, PartVector, Prepared, check};
use super::spaces;
use super::state::{State, now_ms, publish_manifest, read_manifest};
use super::verify::FileDamage;
use super::writer::Writer;
use crate::disk::{FileStorage, Storage};
use crate::encode::SharedEncoder;
use crate::error::{Error, Result};
use crate::segment::{Deleted, file_name, is_index_file, note_of};
use index_format::layout::OWN_SPACES;
use index_format::{FileKind, FileRef, FileTable, Manifest, Record, Salvage, SalvagedSpace, SegmentRef};
use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

/// What a repair found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RepairReport {
    /// Live notes in the new index.
    pub notes: u64,
    /// Of these, notes that were read from damaged files.
    pub saved: u64,
    /// Of these, notes whose vectors were damaged or could not be trusted, and were encoded anew.
    pub reencoded: u64,
    /// What is not in the new index, or not as it was: notes, parts of notes, whole files, what was known of deletions.
    pub lost: Vec<FileDamage>,
    /// What was found damaged, as [`Index::verify`] names it.
    pub damages: Vec<FileDamage>,
}

impl RepairReport {
    fn lose(&mut self, file: &str, section: String, why: impl ToString) {
        self.lost.push(FileDamage { file: file.to_owned(), section, offset: 0, why: why.to_string() });
    }
}

impl Index {
    /// Saves what is left of a damaged index in `directory` into a new one in `target`; the damaged one stays as it is. Notes
    /// with damaged vectors are encoded anew where that is possible: from their texts and the pictures that can be read, with
    /// the built-in encoder if the index was made with it.
    ///
    /// If the manifest itself is lost, nobody knows any more which encoder there was, which notes were deleted and what the
    /// caller's spaces were called: all notes that are found are then encoded anew, and the caller's vectors are left out.
    ///
    /// # Errors
    /// [`Error::IndexExists`] if there is an index in `target`; [`Error::NoIndex`] if there is nothing of one in `directory`;
    /// what the file systems refuse. `target` may then hold an index that is not complete.
    pub fn repair(directory: impl AsRef<Path>, target: impl AsRef<Path>) -> Result<RepairReport> {
        Self::repair_in(&FileStorage::open(directory)?, Arc::new(FileStorage::create(target)?), None)
    }

    /// As [`Index::repair`], with the encoder that the index was made with, or is to be made with where that is not known.
    ///
    /// # Errors
    /// As [`Index::repair`]; [`Error::WrongEncoder`] if it was made with another one.
    pub fn repair_with(
        directory: impl AsRef<Path>,
        target: impl AsRef<Path>,
        encoder: SharedEncoder,
    ) -> Result<RepairReport> {
        Self::repair_in(&FileStorage::open(directory)?, Arc::new(FileStorage::create(target)?), Some(encoder))
    }

    /// As [`Index::repair`] and [`Index::repair_with`], on any storage.
    ///
    /// # Errors
    /// As these.
    pub fn repair_in(from: &dyn Storage, to: Arc<dyn Storage>, encoder: Option<SharedEncoder>) -> Result<RepairReport> {
        if to.list()?.iter().any(|name| is_index_file(name)) {
            return Err(Error::IndexExists { location: to.location() });
        }
        let mut report = RepairReport { damages: Self::verify_in(from)?.damages, ..RepairReport::default() };
        let plan = Plan::of(from, encoder, &mut report)?;
        plan.copy(from, to.as_ref())?;
        let index = Self::open_source(to, &|_| Ok(plan.source.clone()))?;
        let commit = index.write(|writer| {
            // The newest first: of several versions of a note, that one counts.
            for entry in plan.damaged.iter().rev() {
                writer.salvage(from, &plan, entry, &mut report)?;
            }
            writer.commit()
        })?;
        report.notes = commit.notes;
        for skipped in commit.skipped {
            report.lose("", format!("note {:?}", skipped.id), skipped.why);
        }
        Ok(report)
    }
}

/// What goes over as it is, and what is read note by note.
struct Plan {
    source: VectorSource,
    /// Of the new index, before anything is saved.
    manifest: Manifest,
    damaged: Vec<SegmentRef>,
    /// Files that are not what they should be.
    unsound: BTreeSet<String>,
    /// Whether the manifest is known, and with it the making of the vectors.
    trusted: bool,
}

impl Plan {
    fn of(from: &dyn Storage, encoder: Option<SharedEncoder>, report: &mut RepairReport) -> Result<Self> {
        let unsound = report.damages.iter().map(|damage| damage.file.clone()).collect();
        match read_manifest(from) {
            Ok(manifest) => Self::known(from, manifest, encoder, unsound),
            Err(Error::Damaged { .. } | Error::NoIndex { .. }) => Self::unknown(from, encoder, unsound, report),
            Err(other) => Err(other),
        }
    }

    fn known(
        from: &dyn Storage,
        old: Manifest,
        encoder: Option<SharedEncoder>,
        unsound: BTreeSet<String>,
    ) -> Result<Self> {
        let source = VectorSource::at_hand(&old, encoder)?;
        let whole = |kind, file: &FileRef| !unsound.contains(&file_name(kind, file.id));
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
            index_id: super::state::fresh_id(),
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
    fn copy(&self, from: &dyn Storage, to: &dyn Storage) -> Result<()> {
        let _alone = to.lock()?;
        for (kind, file) in self.manifest.files() {
            let name = file_name(kind, file.id);
            let bytes = from.map(&name)?;
            to.publish(&name, &mut |out| out.write_all(&bytes))?;
        }
        publish_manifest(to, &self.manifest)
    }
}

/// The number in the name of a segment file.
fn segment_number(name: &str) -> Option<u64> {
    let digits: String = name.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok().filter(|id| file_name(FileKind::Segment, *id) == name)
}

impl Writer {
    /// Takes over what can be read of one segment.
    fn salvage(
        &mut self,
        from: &dyn Storage,
        plan: &Plan,
        entry: &SegmentRef,
        report: &mut RepairReport,
    ) -> Result<()> {
        let name = file_name(FileKind::Segment, entry.file.id);
        let bytes = match from.map(&name) {
            Ok(bytes) => bytes,
            Err(error) => {
                report.lose(&name, "file".to_owned(), error);
                return Ok(());
            }
        };
        let salvage = match Salvage::open(&bytes) {
            Ok(salvage) => salvage,
            Err(error) => {
                report.lose(&name, "file".to_owned(), error);
                return Ok(());
            }
        };
        let header_holds = FileTable::parse(&bytes, FileKind::Segment).is_ok();
        if plan.trusted && header_holds && salvage.index_id() != plan.manifest.index_id {
            report.lose(&name, "file".to_owned(), "it is of another index, and nothing is left of the one it was");
            return Ok(());
        }
        let deleted = deleted(from, plan, entry, report);
        let rows = Rows::of(&salvage, plan, (&name, report));
        for number in 0..salvage.notes() {
            if deleted.contains(&(number as u32)) {
                continue;
            }
            match salvage.record(number) {
                Ok(mut record) => {
                    // No hash covers the id; where there is doubt the list of ids, which is whole or not there, decides.
                    if let Some(id) = salvage.id(number).filter(|_| !salvage.ids_hold()) {
                        id.clone_into(&mut record.id);
                    }
                    self.save(&salvage, record, rows.of_note(number as u32), (&name, report))?;
                }
                Err(error) => report.lose(&name, format!("note number {number}"), error),
            }
        }
        Ok(())
    }

    /// Takes over one note, unless there is one with its id: that is a newer version of it.
    fn save(
        &mut self,
        salvage: &Salvage<'_>,
        mut record: Record,
        (own, mut rows): (bool, Vec<Vec<PartVector>>),
        (file, report): (&str, &mut RepairReport),
    ) -> Result<()> {
        let place = format!("note {:?}", record.id);
        if self.holds(&record.id)? {
            return Ok(());
        }
        let mut pictures = Vec::new();
        for (number, picture) in record.pictures.iter_mut().enumerate() {
            let kept = picture.blob.take().map(|blob| salvage.picture(blob, &picture.hash));
            if kept == Some(None) {
                report.lose(file, place.clone(), format!("the bytes of picture {number}"));
            }
            pictures.push(kept.flatten().map(<[u8]>::to_vec));
        }
        let mut note = note_of(record.clone(), |_| Ok::<_, Error>(Vec::new()))?;
        if let Err(error) = check(&note, own || rows.iter().any(|rows| !rows.is_empty())) {
            report.lose(file, place, error);
            return Ok(());
        }
        match &self.recipe.source {
            _ if own => {
                self.spill_if_large()?;
                self.sequence += 1;
                self.newest.insert(record.id.clone(), self.sequence);
                self.keep((self.sequence, Prepared { record, pictures, rows, warnings: Vec::new() }));
            }
            VectorSource::Encoder(_) => {
                let named = rows.split_off(OWN_SPACES.min(rows.len()));
                for (picture, bytes) in note.pictures.iter_mut().zip(pictures) {
                    picture.source = bytes.map_or(picture.source.clone(), crate::note::PictureSource::Bytes);
                }
                report.reencoded += 1;
                self.take(note, Given { whole: None, named }, Some(Box::new(record)))?;
            }
            _ => {
                let why = "its vector is damaged, and the encoder that could make it again is not at hand";
                report.lose(file, place, why);
                return Ok(());
            }
        }
        report.saved += 1;
        Ok(())
    }
}

/// The deleted notes of a damaged segment, as far as that is known.
fn deleted(from: &dyn Storage, plan: &Plan, entry: &SegmentRef, report: &mut RepairReport) -> BTreeSet<u32> {
    let Some(file) = &entry.tombstones else { return BTreeSet::new() };
    let name = file_name(FileKind::Tombstones, file.id);
    match Deleted::open(from, plan.manifest.index_id, file) {
        Ok(deleted) if !plan.unsound.contains(&name) => deleted.notes().iter().copied().collect(),
        _ => {
            let why =
                format!("which {} notes of a segment were deleted is not known any more: they are back", entry.deleted);
            report.lose(&name, "file".to_owned(), why);
            BTreeSet::new()
        }
    }
}

/// The rows of a damaged segment by note, if those of the encoder's spaces are as they were written.
struct Rows {
    spaces: Vec<HashMap<u32, Vec<PartVector>>>,
    /// Whether those of the encoder's spaces are there.
    own: bool,
}

impl Rows {
    fn of(salvage: &Salvage<'_>, plan: &Plan, (file, report): (&str, &mut RepairReport)) -> Self {
        let mut rows = Self { spaces: Vec::new(), own: plan.trusted };
        for (ordinal, space) in (0_u16..).zip(&plan.manifest.spaces) {
            let found = salvage.space(ordinal, space.width as usize).filter(|_| plan.trusted);
            if found.is_none() && usize::from(ordinal) < OWN_SPACES {
                rows.own = false;
            } else if found.is_none() && salvage.may_have_had(ordinal) {
                report.lose(file, format!("space {}", space.name), "the vectors of its notes in this space");
            }
            rows.spaces.push(found.map(by_note).unwrap_or_default());
        }
        rows
    }

    fn of_note(&self, note: u32) -> (bool, Vec<Vec<PartVector>>) {
        (self.own, self.spaces.iter().map(|space| space.get(&note).cloned().unwrap_or_default()).collect())
    }
}

fn by_note(space: SalvagedSpace<'_>) -> HashMap<u32, Vec<PartVector>> {
    let mut rows: HashMap<u32, Vec<PartVector>> = HashMap::new();
    for (row, vector) in space.rows() {
        rows.entry(row.note).or_default().push(PartVector { row, vector: vector.to_vec() });
    }
    for of_note in rows.values_mut() {
        of_note.sort_unstable_by_key(|part| part.row.part_key());
        // No two of a note are the same part, whatever the bytes say.
        of_note.dedup_by_key(|part| part.row.part_key());
    }
    rows
}
