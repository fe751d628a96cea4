//! What is left of a damaged index, as a sound one in another place: files without damage go over as they are, of the others
//! every note that can be read, and all that is derived (graphs, codes, words, columns) is made again.
//!
//! | file | what it does |
//! |---|---|
//! | `plan.rs` | what goes over as it is, and what is read note by note |
//! | `rows.rs` | rows of a damaged segment by note |

mod plan;
mod rows;

use super::Index;
use super::options::VectorSource;
use super::prepare::{Given, PartVector, Prepared, check};
use super::verify::FileDamage;
use super::writer::Writer;
use crate::disk::{FileStorage, Storage};
use crate::encode::SharedEncoder;
use crate::error::{Error, Result};
use crate::segment::{Deleted, file_name, is_index_file, note_of};
use index_format::layout::OWN_SPACES;
use index_format::{FileKind, FileTable, Record, Salvage, SegmentRef};
use plan::Plan;
use rows::Rows;
use std::collections::BTreeSet;
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
