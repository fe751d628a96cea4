//! Duplicates over a whole state: notes in the order in which one would keep them, texts, pictures, the report.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | the call, its progress, the report |
//! | `notes.rs` | the live notes of all segments under one number each |
//! | `texts.rs` | texts that are the same or nearly so |
//! | `pictures.rs` | pictures, and notes that share most of theirs |

mod notes;
mod pictures;
mod texts;

use super::snapshot::Snapshot;
use crate::duplicates::{Cluster, DuplicateOptions, DuplicateReport, Evidence, Link, Links, Matched, Matching, Member};
use crate::error::{Error, Result};
use crate::query::Cancel;
use notes::Notes;
use pictures::Pictures;
use texts::Texts;

/// Notes that are read or compared between two looks at progress.
const BLOCK: usize = 4_096;

impl Snapshot {
    /// All clusters of notes that are the same or nearly so, by text, by picture or by both; see [`DuplicateOptions`] for
    /// what is compared and what a similarity means. Works on the threads of the current rayon pool, without the encoder.
    /// `progress` hears how much of the work is done, and of how much.
    ///
    /// Of texts with up to 512 different words and pairs of neighbouring words (some 250 words) no pair is missed; of longer
    /// ones pairs are found by samples, which misses next to none, and then compared in full. Each note takes some 2 KiB of
    /// memory while this runs, at most 4 KiB. Up to 8,192 pictures are all compared with each other; of more, each is searched
    /// for with a recall of 0.99.
    ///
    /// ```
    /// use uninote::duplicates::DuplicateOptions;
    /// use uninote::{Index, Note};
    ///
    /// # fn main() -> uninote::Result<()> {
    /// let index = Index::in_memory()?;
    /// index.add(Note::new("a").text("Roast the tomatoes with garlic, then blend them with stock."))?;
    /// index.add(Note::new("b").text("Roast the tomatoes with garlic, then blend them with hot stock."))?;
    /// index.add(Note::new("c").text("The moon waxes from new to full and wanes again."))?;
    /// index.commit()?;
    /// let report = index.duplicates(&DuplicateOptions::new(), None, |_, _| ())?;
    /// assert_eq!((report.clusters.len(), report.surplus()), (1, 1));
    /// assert_eq!(report.clusters[0].keep, "a");
    /// assert!(report.clusters[0].members[1].similarity > 0.8);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Bad options, [`Error::Cancelled`], damage met on the way.
    pub fn duplicates(
        &self,
        options: &DuplicateOptions,
        cancel: Option<&Cancel>,
        mut progress: impl FnMut(u64, u64),
    ) -> Result<DuplicateReport> {
        options.check()?;
        let notes = Notes::of(self)?;
        let stages = 2 * (u64::from(options.texts()) + u64::from(options.pictures()));
        let total = stages * notes.len() as u64;
        let mut work = Work { cancel, done: 0, total, hear: &mut progress };
        let mut links = Links::new(notes.len());
        let mut found = Found { notes: &notes, texts: None, pictures: None };
        if options.texts() {
            let texts = Texts::read(&notes, &mut work)?;
            texts.link(&mut links, f64::from(options.text), &mut work)?;
            found.texts = Some(texts);
        }
        if options.pictures() {
            let pictures = Pictures::read(&notes, options.picture)?;
            work.step(notes.len())?;
            pictures.link(&mut links, &mut work)?;
            found.pictures = Some(pictures);
        }
        let clusters = links.clusters();
        let clusters = clusters.iter().map(|notes| found.cluster(notes, &links, cancel)).collect::<Result<_>>()?;
        Ok(DuplicateReport { clusters, notes: notes.len() as u64, generation: self.generation() })
    }
}

/// How far the work is.
struct Work<'a> {
    cancel: Option<&'a Cancel>,
    done: u64,
    total: u64,
    hear: &'a mut dyn FnMut(u64, u64),
}

impl Work<'_> {
    /// So many notes more are done; an error once the caller has cancelled.
    fn step(&mut self, notes: usize) -> Result<()> {
        self.done = self.total.min(self.done + notes as u64);
        (self.hear)(self.done, self.total);
        check(self.cancel)
    }
}

fn check(cancel: Option<&Cancel>) -> Result<()> {
    if cancel.is_some_and(Cancel::is_cancelled) { Err(Error::Cancelled) } else { Ok(()) }
}

/// What the report is made from.
struct Found<'a> {
    notes: &'a Notes<'a>,
    texts: Option<Texts<'a>>,
    pictures: Option<Pictures<'a>>,
}

impl Found<'_> {
    /// The report of one cluster, whose first note is the one to keep.
    fn cluster(&self, notes: &[u32], links: &Links, cancel: Option<&Cancel>) -> Result<Cluster> {
        let keep = notes.first().copied().unwrap_or_default();
        let mut members = Vec::with_capacity(notes.len());
        for note in notes {
            check(cancel)?;
            let Some(stored) = self.notes.get(*note) else { continue };
            members.push(Member {
                id: stored.record.id.to_string(),
                title: stored.record.title.to_string(),
                created: stored.created(),
                similarity: if *note == keep { 1.0 } else { self.similarity(keep, *note) },
                evidence: links.of(*note).map(|link| self.evidence(link)).collect(),
            });
        }
        let keep = members.first().map(|member| member.id.clone()).unwrap_or_default();
        if let Some((_, rest)) = members.split_first_mut() {
            rest.sort_by(|left, right| {
                right.similarity.total_cmp(&left.similarity).then_with(|| left.id.cmp(&right.id))
            });
        }
        let loosest = members.iter().map(|member| member.similarity).fold(1.0, f32::min);
        Ok(Cluster { keep, members, loosest })
    }

    /// How alike two notes are, by text or by picture, whichever says more.
    fn similarity(&self, one: u32, other: u32) -> f32 {
        let by_text = self.texts.as_ref().map_or(0.0, |texts| texts.similarity(one, other));
        let by_picture = self.pictures.as_ref().map_or(0.0, |pictures| pictures.similarity(one, other));
        (by_text as f32).max(by_picture)
    }

    fn evidence(&self, link: Link) -> Evidence {
        let matching = match link.matched {
            Matched::Note => Matching::Note,
            Matched::Text => Matching::Text,
            Matched::Picture(ordinal, with) => Matching::Picture { ordinal, with },
        };
        let with = self.notes.get(link.other).map(|other| other.record.id.to_string()).unwrap_or_default();
        Evidence { with, matching, similarity: link.similarity, exact: link.exact }
    }
}
