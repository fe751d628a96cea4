//! The handle: creating and opening, writing, snapshots, compaction. The one room that wires all others.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | [`Index`]: the public calls |
//! | `opening.rs` | creating and opening an index |
//! | `options.rs` | how an index is created |
//! | `state.rs` | one committed state, loaded from a manifest |
//! | `shared.rs` | what snapshots and the writer of a handle share |
//! | `turn.rs` | calls that write, one at a time |
//! | `spaces.rs` | vector spaces by name, and the caller's vectors for them |
//! | `snapshot.rs` | [`Snapshot`]: reading one state |
//! | `notes.rs` | notes and vectors as they are stored |
//! | `select.rs` | notes by their fields alone: counted, listed, deleted |
//! | `target.rs` | what a query asks, as one direction a space |
//! | `stored.rs` | vectors of stored notes that a query names |
//! | `wording.rs` | the words that a query asks for |
//! | `train/` | heads trained on judgments and feedback |
//! | `duplicates/` | which notes are the same or nearly so |
//! | `writer.rs` | the calls that change an index, and what is not committed yet |
//! | `unchanged.rs` | notes that are stored already as they are put |
//! | `amend.rs` | fields of a note changed, and nothing encoded for it |
//! | `spill.rs` | what was put to segments no manifest names yet |
//! | `guarded.rs` | the encoder, called so that a panic of it is an error |
//! | `prepare.rs` | notes to their records and rows, a batch at a time |
//! | `pipeline.rs` | reading and encoding beside building, with bounded queues |
//! | `workers.rs` | the threads that do this on many cores |
//! | `build.rs` | encoded notes to a segment file |
//! | `codes.rs` | how wide the codes of a space are, and in which axes |
//! | `commit.rs` | tombstones, manifest, swap |
//! | `compact.rs` | many segments to one |
//! | `background.rs` | the same by itself, beside everything else |
//! | `tiers.rs` | which segments are merged, by their sizes |
//! | `writing.rs` | [`WriteOptions`]: waiting, memory, merging |
//! | `saved.rs` | states put aside: named snapshots, backups |
//! | `feedback.rs` | what was chosen of what was shown |
//! | `reencode.rs` | from one encoder to another |
//! | `adapter.rs` | a projection for vectors and queries: trained, installed, removed |
//! | `material.rs` | what it is trained on |
//! | `sweep.rs` | removal of files no manifest names |
//! | `degraded.rs` | what can be opened of a damaged index |
//! | `repair.rs` | what is left of a damaged index, as a sound one |
//! | `verify.rs` | every file, every byte |

mod adapter;
mod amend;
mod background;
mod build;
mod codes;
mod commit;
mod compact;
mod degraded;
mod duplicates;
mod feedback;
mod guarded;
mod material;
mod notes;
mod opening;
mod options;
mod pipeline;
mod prepare;
mod reencode;
mod repair;
mod saved;
mod select;
mod shared;
mod snapshot;
mod spaces;
mod spill;
mod state;
mod stored;
mod sweep;
mod target;
mod tiers;
mod train;
mod turn;
mod unchanged;
mod verify;
mod wording;
mod workers;
mod writer;
mod writing;

pub use adapter::AdapterTraining;
pub use commit::{Commit, Skipped};
pub use options::IndexOptions;
pub use repair::RepairReport;
pub use saved::SavedSnapshot;
pub use select::Listing;
pub use snapshot::{AdapterStats, HeadStats, Snapshot, SpaceStats, Stats};
pub use train::{Judged, TrainOptions, TrainReport};
pub use verify::{FileDamage, VerifyReport};
pub use writing::WriteOptions;

use crate::duplicates::{DuplicateOptions, DuplicateReport};
use crate::encode::SharedEncoder;
#[cfg(doc)]
use crate::error::Error;
use crate::error::Result;
use crate::note::Note;
use crate::query::{Answer, Cancel, Like, Query, SearchOptions};
use shared::Shared;
use std::sync::Arc;
use writer::{Slot, Writer};

/// A searchable collection of notes.
///
/// Reading never blocks and is never blocked: every search works on the last committed state ([`Index::snapshot`]). Writing
/// calls take the writer lock at the first of them and keep it until the index is dropped or [`Index::rollback`] gives it back;
/// while another process holds it they fail with [`DiskError::Locked`](crate::disk::DiskError::Locked), which names that
/// process, at once or after the time that [`WriteOptions::wait`] gives. What is added, updated or deleted is seen by nobody
/// before [`Index::commit`] returns.
///
/// Segments are merged by themselves as they become many or hold many deleted notes ([`WriteOptions::merging`]): in a commit
/// where that takes no time, else on a thread of its own, which commits what it has made, with the same notes in it.
pub struct Index {
    shared: Arc<Shared>,
    writer: Arc<Slot>,
}

impl std::fmt::Debug for Index {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Index").field("location", &self.shared.storage.location()).finish_non_exhaustive()
    }
}

impl Index {
    /// The last committed state this handle knows of. It stays as it is, whatever is written later.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot::new(&self.shared)
    }

    /// Looks whether another process has committed; true if there is a newer state now.
    ///
    /// # Errors
    /// Damage in the newer state; the handle then keeps the one it has.
    pub fn refresh(&self) -> Result<bool> {
        self.shared.refresh()
    }

    /// Searches the last committed state.
    ///
    /// # Errors
    /// Bad options or vectors, the limits of the call, damage met on the way.
    pub fn search(&self, query: impl Into<Query>, options: &SearchOptions) -> Result<Answer> {
        self.snapshot().search(query, options)
    }

    /// What is like a note, or like one part of it.
    ///
    /// # Errors
    /// [`Error::NoSuchNote`], [`Error::NoSuchPart`], and those of [`Index::search`].
    pub fn similar(&self, id: &str, part: Like, options: &SearchOptions) -> Result<Answer> {
        self.snapshot().search(Query::similar_to_part(id, part), options)
    }

    /// All clusters of notes that are the same or nearly so, in the last committed state ([`Snapshot::duplicates`]).
    ///
    /// # Errors
    /// Bad options, [`Error::Cancelled`], damage met on the way.
    pub fn duplicates(
        &self,
        options: &DuplicateOptions,
        cancel: Option<&Cancel>,
        progress: impl FnMut(u64, u64),
    ) -> Result<DuplicateReport> {
        self.snapshot().duplicates(options, cancel, progress)
    }

    /// The note with this id, in the last committed state.
    ///
    /// # Errors
    /// Damage met on the way.
    pub fn get(&self, id: &str) -> Result<Option<Note>> {
        self.snapshot().get(id)
    }

    /// Adds a note with a new id.
    ///
    /// # Errors
    /// [`Error::DuplicateId`] if there is one with this id, committed or not; [`Error::Note`] if the note is refused.
    pub fn add(&self, note: Note) -> Result<()> {
        self.write(|writer| writer.add(note))
    }

    /// Replaces the note with the same id.
    ///
    /// # Errors
    /// [`Error::NoSuchNote`] if there is none; [`Error::Note`] if the note is refused.
    pub fn update(&self, note: Note) -> Result<()> {
        self.write(|writer| writer.update(note))
    }

    /// Adds a note, or replaces the one with the same id. One that is stored exactly so, pictures and vectors included, is
    /// recognised: it costs a look at its content, and [`Commit::unchanged`] counts it. A note of which a part could not be
    /// read or encoded is tried again.
    ///
    /// # Errors
    /// [`Error::Note`] if the note is refused.
    pub fn put(&self, note: Note) -> Result<()> {
        self.write(|writer| writer.put(note, None))
    }

    /// As [`Index::put`], with the caller's own vector, in an index that was created for such.
    ///
    /// # Errors
    /// [`Error::Vector`] for a vector of another width, or one that is zero or not finite; [`Error::VectorNotWanted`] in an
    /// index that has an encoder.
    pub fn put_with_vector(&self, note: Note, vector: &[f32]) -> Result<()> {
        self.write(|writer| writer.put(note, Some(vector.to_vec())))
    }

    /// Deletes the note with this id.
    ///
    /// # Errors
    /// [`Error::NoSuchNote`] if there is none.
    pub fn delete(&self, id: &str) -> Result<()> {
        self.write(|writer| writer.delete(id))
    }

    /// Adds a vector space of this width for the caller's own vectors ([`Note::vector`]) and commits, together with what is
    /// written already. Notes that are there have no vector in it until they are put again.
    ///
    /// # Errors
    /// [`Error::Space`] for a name that is taken or cannot be one, and for one space too many; [`Error::Option`] for a width
    /// that is none; those of [`Index::commit`].
    pub fn add_space(&self, name: &str, width: usize) -> Result<Commit> {
        self.write(|writer| writer.add_space(name, width))
    }

    /// Makes everything written so far durable and visible, all of it or, after an error or a crash, nothing.
    ///
    /// # Errors
    /// What the store refuses; the writes stay buffered and the commit can be tried again, except after a failed sync:
    /// then what is on the disk is uncertain, the buffer is dropped with the writer lock, and every further write gets
    /// [`Error::Poisoned`].
    pub fn commit(&self) -> Result<Commit> {
        self.write(Writer::commit)
    }

    /// Forgets everything written since the last commit and gives the writer lock back.
    ///
    /// # Errors
    /// If files that were written meanwhile cannot be removed. The rollback has happened nevertheless; the next writer
    /// removes them.
    pub fn rollback(&self) -> Result<()> {
        self.writer.lock().take().map_or(Ok(()), Writer::discard)
    }

    /// Commits, then merges all segments into one without the deleted notes. `cancel` stops it with nothing changed but
    /// the commit.
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Damaged`] if a segment is not as it was written ([`Index::repair`] saves the rest), and
    /// those of [`Index::commit`].
    pub fn compact(&self, cancel: Option<&Cancel>) -> Result<Commit> {
        self.write(|writer| writer.compact(cancel))
    }

    /// Commits what is written, then moves the index to another encoder: every note is encoded anew, from its stored text and
    /// from its pictures (the bytes kept, or the files at their paths), and one commit puts the new vectors in the place of
    /// the old ones, whatever their widths. Named spaces keep their vectors. An index of the caller's own vectors gets an
    /// encoder in the same way, and loses these.
    ///
    /// Until that commit the index is searched as before, from here and from other processes; calls that write wait. From
    /// then on this handle encodes queries with the new encoder, and snapshots taken before still use the old one; handles
    /// elsewhere get [`Error::WrongEncoder`] from [`Index::refresh`] and keep the state they have.
    ///
    /// A picture that is gone, and a note the encoder fails on, are reported in [`Commit::skipped`] and stay in the index.
    /// `progress` hears how many notes of how many have been handed to the encoder; a call of it that writes to this index
    /// would wait for itself for ever. The call takes as long as adding all notes, up to two more copies of the index on the
    /// disk meanwhile, and as much memory as [`Index::compact`].
    ///
    /// # Errors
    /// [`Error::Cancelled`], [`Error::Encode`] with the first fault of an encoder that fails on everything it is given (on
    /// the first 32 notes, or on all), and those of [`Index::commit`]: nothing has changed then but the commit of what was
    /// written before.
    pub fn reencode(
        &self,
        encoder: SharedEncoder,
        cancel: Option<&Cancel>,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<Commit> {
        self.write(|writer| writer.reencode(encoder, cancel, &mut progress))
    }
}

#[cfg(test)]
mod tests;
