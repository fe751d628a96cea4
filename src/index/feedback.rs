//! What people chose of what they were shown: kept in the index where its owner says so, and nowhere else.

use super::Index;
use super::commit::Commit;
use super::spaces::{named, unit};
use super::state::now_ms;
use super::target::seen;
use super::writer::Writer;
use crate::disk::DiskError;
use crate::error::{Error, QueryError, Result};
use crate::query::{Like, Query, Sought, Term};
use crate::segment::{load_feedback, store_feedback};
use index_format::layout::{ROW_NOTE, ROW_PASSAGE, ROW_PICTURE, ROW_REGION};
use index_format::{EventRecord, Feedback, FileRef, SoughtRecord, TermRecord};

/// Files of feedback from which on a commit makes one of them.
const FILES: usize = 16;

/// Notes shown that one event may name: nobody looks at more, and a file must not grow by what nobody looked at.
const SHOWN_MAX: usize = 1_000;

/// How often a count starts over when files go away under it because a writer put them together.
const RECOUNTS: usize = 8;

impl Index {
    /// Keeps what was chosen of what was shown for a query, for a ranking head to learn from. `shown` are the ids of the notes
    /// in the order they were shown in, from the first place on; `chosen` are those of them that were of use: none, one or
    /// several. It is written by the next commit and read by nobody but [`Index::train_on_feedback`]; it leaves this machine
    /// with the index only. Of what was shown the first 1,000 places are kept. A picture of the query is kept as what the
    /// encoder made of it. Such vectors, and those of the caller in the encoder's spaces, mean nothing to another encoder:
    /// [`Index::reencode`] to one forgets the answers to queries with them.
    ///
    /// # Errors
    /// [`Error::Query`] for a query that is none, and where something chosen was not shown or stood beyond place 1,000;
    /// [`Error::Vector`], [`Error::SpaceVector`] and [`Error::NoSuchSpace`] as for a search; what the encoder does not read.
    pub fn feedback(
        &self,
        query: impl Into<Query>,
        shown: impl IntoIterator<Item: Into<String>>,
        chosen: impl IntoIterator<Item: Into<String>>,
    ) -> Result<()> {
        let query = query.into();
        let shown: Vec<String> = shown.into_iter().map(Into::into).collect();
        let chosen: Vec<String> = chosen.into_iter().map(Into::into).collect();
        self.write(|writer| writer.feedback(&query, &shown, &chosen))
    }

    /// How many answers that were shown are kept with what was chosen of them, as of the last commit. Reads all of them.
    ///
    /// # Errors
    /// Damage met on the way.
    pub fn feedback_events(&self) -> Result<u64> {
        let mut tries = 0;
        loop {
            let state = self.shared.current();
            let (storage, index_id) = (self.shared.storage.as_ref(), state.manifest.index_id);
            let events = |file| Ok(load_feedback(storage, index_id, file)?.events.len() as u64);
            match state.manifest.feedback.iter().map(events).sum() {
                Err(Error::Disk(DiskError::NotFound { .. })) if tries < RECOUNTS => tries += 1,
                counted => return counted,
            }
            self.refresh()?;
        }
    }

    /// Erases all feedback and commits, together with what is written already: no file of it is left.
    ///
    /// # Errors
    /// Those of [`Index::commit`], and where a file cannot be removed.
    pub fn forget_feedback(&self) -> Result<Commit> {
        self.write(Writer::forget_feedback)
    }
}

impl Writer {
    /// Buffers what was chosen of an answer.
    pub(super) fn feedback(&mut self, query: &Query, shown: &[String], chosen: &[String]) -> Result<()> {
        let mut places = Vec::with_capacity(chosen.len());
        for id in chosen {
            match shown.iter().position(|shown| shown == id) {
                None => return Err(QueryError::NotShown { id: id.clone() }.into()),
                Some(SHOWN_MAX..) => return Err(QueryError::TooFarDown { id: id.clone(), places: SHOWN_MAX }.into()),
                Some(place) => places.push(place as u32),
            }
        }
        places.sort_unstable();
        places.dedup();
        let terms = query.terms.iter().map(|term| self.recorded(term)).collect::<Result<Vec<_>>>()?;
        if terms.is_empty() {
            return Err(QueryError::Empty.into());
        }
        let shown = shown.iter().take(SHOWN_MAX).cloned().collect();
        self.events.push(EventRecord { terms, shown, chosen: places, at_ms: now_ms() });
        Ok(())
    }

    /// Forgets all feedback, what is not committed yet included, and commits what is written.
    pub(super) fn forget_feedback(&mut self) -> Result<Commit> {
        self.events.clear();
        self.flush()?;
        self.publish_with(|manifest| manifest.feedback.clear())?;
        // Where no manifest named any there was nothing to commit; a commit that failed may have left a file nevertheless.
        self.clear_away()?;
        Ok(self.report())
    }

    /// Writes the buffered events to a file of their own; together with all others where those are many.
    pub(super) fn write_events(&mut self) -> Result<Vec<FileRef>> {
        let mut files = self.manifest.feedback.clone();
        if self.events.is_empty() {
            return Ok(files);
        }
        let storage = self.shared.storage.as_ref();
        let mut events = Vec::new();
        if files.len() >= FILES {
            files.clear();
            for file in &self.manifest.feedback {
                match self.sound_events(file)? {
                    Some(of_file) => events.extend(of_file),
                    None => files.push(file.clone()),
                }
            }
        }
        events.extend(self.events.iter().cloned());
        let file = store_feedback(storage, self.manifest.index_id, self.next_file, &Feedback { events })?;
        self.next_file += 1;
        files.push(file);
        Ok(files)
    }

    /// The events of a file; none where it is damaged or gone, which must keep nobody from writing notes. Training says so.
    fn sound_events(&self, file: &FileRef) -> Result<Option<Vec<EventRecord>>> {
        match load_feedback(self.shared.storage.as_ref(), self.manifest.index_id, file) {
            Ok(feedback) => Ok(Some(feedback.events)),
            Err(error @ (Error::Damaged { .. } | Error::Disk(DiskError::NotFound { .. }))) => {
                tracing::warn!(%error, "feedback cannot be read; its file stays as it is (Index::forget_feedback removes it)");
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Drops the answers to queries with vectors of the encoder, which another one gives another meaning; the others go into
    /// a new file with the next commit.
    pub(super) fn forget_encoded_feedback(&mut self) -> Result<()> {
        let mut files = Vec::new();
        for file in std::mem::take(&mut self.manifest.feedback) {
            match self.sound_events(&file)? {
                Some(events) if events.iter().any(of_encoder) => {
                    self.events.extend(events.into_iter().filter(|event| !of_encoder(event)));
                }
                _ => files.push(file),
            }
        }
        self.manifest.feedback = files;
        Ok(())
    }

    fn recorded(&self, term: &Term) -> Result<TermRecord> {
        let sought = match &term.sought {
            Sought::Text(text) => SoughtRecord::Text(text.clone()),
            // Pictures can be large; what the encoder makes of one says the same.
            Sought::Picture(picture) => SoughtRecord::Vector(String::new(), seen(&self.recipe.source, picture)?),
            Sought::Vector { space, vector } => {
                match space {
                    Some(name) => unit(named(&self.manifest.spaces, name)?.1, vector.clone())?,
                    None => self.recipe.source.unit(vector.clone())?,
                };
                SoughtRecord::Vector(space.clone().unwrap_or_default(), vector.clone())
            }
            Sought::Note { id, part } => {
                let [part, ordinal, cell] = part_numbers(*part);
                SoughtRecord::Note(id.clone(), part, ordinal, cell)
            }
            Sought::NoteIn { id, space } => {
                named(&self.manifest.spaces, space)?;
                SoughtRecord::NoteIn(id.clone(), space.clone())
            }
        };
        if !(term.weight.is_finite() && term.weight > 0.0) {
            return Err(QueryError::Weight { given: term.weight }.into());
        }
        Ok(TermRecord { sought, weight: term.weight, wanted: term.wanted })
    }
}

/// Whether an event's query has a vector in the encoder's spaces.
fn of_encoder(event: &EventRecord) -> bool {
    event.terms.iter().any(|term| matches!(&term.sought, SoughtRecord::Vector(space, _) if space.is_empty()))
}

/// A part of a note in numbers: what kind, which of them and, of regions, the cell.
pub(super) const fn part_numbers(part: Like) -> [u32; 3] {
    match part {
        Like::Note => [ROW_NOTE, 0, 0],
        Like::Passage(ordinal) => [ROW_PASSAGE, ordinal, 0],
        Like::Picture(ordinal) => [ROW_PICTURE, ordinal, 0],
        Like::Region { picture, cell } => [ROW_REGION, picture, cell],
    }
}

/// The query of a stored event.
pub(super) fn query_of(event: &EventRecord) -> Query {
    let sought = |record: &SoughtRecord| match record {
        SoughtRecord::Text(text) => Sought::Text(text.clone()),
        SoughtRecord::Vector(space, vector) => {
            Sought::Vector { space: (!space.is_empty()).then(|| space.clone()), vector: vector.clone() }
        }
        SoughtRecord::Note(id, part, ordinal, cell) => {
            let part = match *part {
                ROW_PASSAGE => Like::Passage(*ordinal),
                ROW_PICTURE => Like::Picture(*ordinal),
                ROW_REGION => Like::Region { picture: *ordinal, cell: *cell },
                _ => Like::Note,
            };
            Sought::Note { id: id.clone(), part }
        }
        SoughtRecord::NoteIn(id, space) => Sought::NoteIn { id: id.clone(), space: space.clone() },
    };
    let term = |term: &TermRecord| Term { sought: sought(&term.sought), weight: term.weight, wanted: term.wanted };
    Query { terms: event.terms.iter().map(term).collect(), except: Vec::new() }
}
