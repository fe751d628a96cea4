//! Texts that are the same or nearly so.

use super::notes::{Notes, Stored};
use super::{BLOCK, Work};
use crate::duplicates::{Join, Link, Links, Matched, Set, Wording, dice, link_all, shingles};
use crate::error::Result;
use rayon::prelude::*;

/// What is kept of each note's text.
pub(super) struct Texts<'a> {
    notes: &'a Notes<'a>,
    wordings: Vec<Wording>,
    /// Hashes of whole notes.
    contents: Vec<[u8; 16]>,
}

impl<'a> Texts<'a> {
    pub(super) fn read(notes: &'a Notes<'a>, work: &mut Work<'_>) -> Result<Self> {
        let (mut wordings, mut contents) = (Vec::with_capacity(notes.len()), Vec::with_capacity(notes.len()));
        for block in notes.all().chunks(BLOCK) {
            let read = |stored: &Stored<'_>| Wording::of(&stored.record.title, &stored.record.text);
            wordings.par_extend(block.par_iter().map(read));
            contents.extend(block.iter().map(|stored| stored.record.content_hash));
            work.step(block.len())?;
        }
        Ok(Self { notes, wordings, contents })
    }

    /// Links notes of equal content, of equal wording, and of texts with at least this similarity.
    pub(super) fn link(&self, links: &mut Links, least: f64, work: &mut Work<'_>) -> Result<()> {
        let contents = (0_u32..).zip(&self.contents).map(|(note, content)| (*content, note));
        for group in groups(contents.collect()) {
            links.add_group(&group, |_, _| Matched::Note);
        }
        let sequences = (0_u32..).zip(&self.wordings);
        let sequences = groups(sequences.filter_map(|(note, wording)| Some((wording.sequence?, note))).collect());
        let mut sets = Vec::with_capacity(sequences.len());
        for group in sequences {
            links.add_group(&group, |_, _| Matched::Text);
            let first = group.first().and_then(|note| Some((*note, self.wordings.get(*note as usize)?)));
            sets.extend(first.map(|(note, wording)| Set { members: &wording.sample, count: wording.count, note }));
        }
        let join = Join::new(sets, least);
        let decide = |one: u32, other: u32, estimated: f64| {
            let similarity = if self.whole(one) && self.whole(other) { estimated } else { self.in_full(one, other) };
            let link = |other| Link { other, matched: Matched::Text, similarity: similarity as f32, exact: false };
            (similarity >= least - 1e-9).then(|| (link(other), link(one)))
        };
        link_all(&join, links, &decide, &mut |sets| work.step(sets))?;
        // Notes that share their wording with another have been passed over.
        work.step(self.wordings.len() - join.len())
    }

    /// How similar the texts of two notes are.
    pub(super) fn similarity(&self, one: u32, other: u32) -> f64 {
        let equal = |one: u32, other: u32| self.contents.get(one as usize) == self.contents.get(other as usize);
        match (self.wordings.get(one as usize), self.wordings.get(other as usize)) {
            (Some(left), Some(right)) if left.sequence.is_some() && left.sequence == right.sequence => 1.0,
            (Some(left), Some(right)) if self.whole(one) && self.whole(other) && !equal(one, other) => {
                dice(&left.sample, &right.sample)
            }
            _ if equal(one, other) => 1.0,
            _ => self.in_full(one, other),
        }
    }

    fn whole(&self, note: u32) -> bool {
        self.wordings.get(note as usize).is_some_and(|wording| wording.sample.len() == wording.count)
    }

    fn in_full(&self, one: u32, other: u32) -> f64 {
        let all = |stored: &Stored<'_>| shingles(&stored.record.title, &stored.record.text);
        let [one, other] = [one, other].map(|note| self.notes.get(note).map(all).unwrap_or_default());
        dice(&one, &other)
    }
}

/// The numbers under each key, in ascending order.
pub(super) fn groups<K: Ord + Send>(mut keyed: Vec<(K, u32)>) -> Vec<Vec<u32>> {
    keyed.par_sort_unstable();
    let groups = keyed.chunk_by(|left, right| left.0 == right.0);
    groups.map(|group| group.iter().map(|(_, number)| *number).collect()).collect()
}
