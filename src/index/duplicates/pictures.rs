//! Pictures that are the same or nearly so, and notes that share most of theirs.

use super::Work;
use super::notes::Notes;
use super::texts::groups;
use crate::duplicates::{DisjointSets, Join, Link, Links, Matched, Set, link_all};
use crate::error::Result;
use crate::query::near_rows;
use crate::segment::{LOCAL, OpenSpace};
use crate::vector::kernels;
use index_format::layout::ROW_PICTURE;
use rayon::prelude::*;
use std::collections::HashMap;

/// Up to so many different pictures are all compared with each other, in a few seconds; of more, each is searched for.
const COMPARED: usize = 8_192;
/// Pictures that are compared or searched for between two looks at progress.
const BLOCK: usize = 1_024;
/// Two notes share most of their pictures from here on.
const MOST: f64 = 0.5;

/// A picture of a note.
#[derive(Debug, Clone, Copy)]
struct Shown<'a> {
    ordinal: u32,
    /// Hash of its bytes; none where they could not be read.
    hash: Option<[u8; 16]>,
    /// Segment and row.
    row: Option<(usize, u32)>,
    vector: Option<&'a [f32]>,
}

impl Shown<'_> {
    /// How alike two pictures are, and whether they are the same.
    fn alike(&self, other: &Self) -> (f32, bool) {
        if self.hash.is_some() && self.hash == other.hash {
            return (1.0, true);
        }
        let cosine = self.vector.zip(other.vector).map_or(0.0, |(left, right)| kernels::dot_f32(left, right));
        // A damaged file can hold vectors that are no numbers; they are like nothing.
        (if cosine.is_finite() { cosine.clamp(0.0, 1.0) } else { 0.0 }, false)
    }
}

/// All pictures of the live notes.
pub(super) struct Pictures<'a> {
    spaces: Vec<Option<OpenSpace<'a>>>,
    /// In the order of notes.
    shown: Vec<Shown<'a>>,
    /// By note: where its pictures start.
    starts: Vec<usize>,
    least: f32,
    deleted: Vec<&'a [u32]>,
}

impl<'a> Pictures<'a> {
    pub(super) fn read(notes: &'a Notes<'a>, least: f32) -> Result<Self> {
        let spaces: Vec<Option<OpenSpace<'a>>> =
            notes.segments.iter().map(|live| live.segment.space(LOCAL)).collect::<Result<_>>()?;
        let (mut shown, mut starts) = (Vec::new(), Vec::with_capacity(notes.len() + 1));
        for stored in notes.all() {
            starts.push(shown.len());
            let space = spaces.get(stored.segment).and_then(Option::as_ref);
            for (ordinal, picture) in (0_u32..).zip(stored.record.pictures.iter()) {
                let hash = Some(picture.hash).filter(|hash| *hash != [0; 16]);
                let row = space.and_then(|space| {
                    let is_it = |row: &&u32| {
                        let entry = space.view.rows.get(**row as usize);
                        entry.is_some_and(|entry| entry.part == ROW_PICTURE && entry.ordinal == ordinal)
                    };
                    space.view.rows_of(stored.note).iter().find(is_it).copied()
                });
                let vector = space.zip(row).and_then(|(space, row)| space.vector(row));
                shown.push(Shown { ordinal, hash, row: row.map(|row| (stored.segment, row)), vector });
            }
        }
        starts.push(shown.len());
        let deleted = notes.segments.iter().map(|live| live.deleted.notes()).collect();
        Ok(Self { spaces, shown, starts, least, deleted })
    }

    /// Links the notes that share most of their pictures.
    pub(super) fn link(&self, links: &mut Links, work: &mut Work<'_>) -> Result<()> {
        self.link_with(COMPARED, links, work)
    }

    /// The same with up to so many pictures all compared with each other.
    fn link_with(&self, compared: usize, links: &mut Links, work: &mut Work<'_>) -> Result<()> {
        let looks = self.looks(compared, work)?;
        let (mut members, mut ends) = (Vec::with_capacity(self.shown.len()), Vec::new());
        for bounds in self.starts.windows(2) {
            let own = bounds.first().zip(bounds.last()).and_then(|(start, end)| looks.get(*start..*end));
            let mut own = own.unwrap_or_default().to_vec();
            own.sort_unstable();
            own.dedup();
            members.extend_from_slice(&own);
            ends.push(members.len());
        }
        let mut start = 0;
        let sets = (0_u32..).zip(&ends).map(|(note, end)| {
            let members = members.get(start..*end).unwrap_or_default();
            start = *end;
            Set { members, count: members.len(), note }
        });
        let join = Join::new(sets.collect(), MOST);
        let decide = |one, other, _| self.compare(one, other);
        link_all(&join, links, &decide, &mut |sets| work.step(sets))?;
        work.step(ends.len() - join.len())
    }

    /// By picture: the first of those that look like it, or hang together with it by such.
    fn looks(&self, compared: usize, work: &mut Work<'_>) -> Result<Vec<u32>> {
        let mut sets = DisjointSets::new(self.shown.len());
        let hashes = (0_u32..).zip(&self.shown).filter_map(|(number, shown)| Some((shown.hash?, number)));
        for group in groups(hashes.collect()) {
            for (one, other) in group.iter().zip(group.iter().skip(1)) {
                sets.join(*one, *other);
            }
        }
        let different: Vec<u32> = {
            let roots = sets.roots();
            let first = |(number, root): (u32, &u32)| (number == *root).then_some(number);
            let seen = |number: &u32| self.shown.get(*number as usize).is_some_and(|shown| shown.vector.is_some());
            (0_u32..).zip(&roots).filter_map(first).filter(seen).collect()
        };
        let numbers: HashMap<(usize, u32), u32> = if different.len() > compared {
            (0_u32..).zip(&self.shown).filter_map(|(number, shown)| Some((shown.row?, number))).collect()
        } else {
            HashMap::new()
        };
        for first in (0..different.len()).step_by(BLOCK) {
            let last = different.len().min(first + BLOCK);
            let near = |place: usize| {
                if different.len() > compared {
                    self.searched(&different, place, &numbers)
                } else {
                    self.compared(&different, place)
                }
            };
            let found: Vec<(u32, u32)> = (first..last).into_par_iter().flat_map_iter(near).collect();
            found.into_iter().for_each(|(one, other)| sets.join(one, other));
            work.step(0)?;
        }
        Ok(sets.roots())
    }

    /// The pictures before the one in this place that look like it.
    fn compared(&self, different: &[u32], place: usize) -> Vec<(u32, u32)> {
        let at = |number: u32| self.shown.get(number as usize);
        let Some((number, own)) = different.get(place).and_then(|number| Some((*number, at(*number)?))) else {
            return Vec::new();
        };
        let before = different.iter().take(place).filter_map(|other| Some((*other, at(*other)?)));
        before.filter(|(_, other)| own.alike(other).0 >= self.least).map(|(other, _)| (number, other)).collect()
    }

    /// The same by a search among all rows.
    fn searched(&self, different: &[u32], place: usize, numbers: &HashMap<(usize, u32), u32>) -> Vec<(u32, u32)> {
        let shown = different.get(place).and_then(|number| Some((*number, self.shown.get(*number as usize)?)));
        let Some((number, vector)) = shown.and_then(|(number, shown)| Some((number, shown.vector?))) else {
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for ((segment, space), deleted) in self.spaces.iter().enumerate().zip(&self.deleted) {
            let Some(space) = space else { continue };
            let wanted = |row: u32| {
                let entry = space.view.rows.get(row as usize);
                entry.is_some_and(|entry| entry.part == ROW_PICTURE && deleted.binary_search(&entry.note).is_err())
            };
            let found = near_rows(space, vector, self.least, wanted);
            pairs.extend(found.iter().filter_map(|row| Some((number, *numbers.get(&(segment, *row))?))));
        }
        pairs
    }

    /// The pictures of a note, each once.
    fn of(&self, note: u32) -> Vec<&Shown<'a>> {
        let bounds = self.starts.get(note as usize).zip(self.starts.get(note as usize + 1));
        let all = bounds.and_then(|(start, end)| self.shown.get(*start..*end)).unwrap_or_default();
        let mut different: Vec<&Shown<'a>> = Vec::with_capacity(all.len());
        for shown in all {
            if different.iter().all(|known| !self.like(known, shown)) {
                different.push(shown);
            }
        }
        different
    }

    fn like(&self, one: &Shown<'_>, other: &Shown<'_>) -> bool {
        let (similarity, exact) = one.alike(other);
        exact || similarity >= self.least
    }

    /// The links of two notes that share most of their pictures, with the pair that is most alike.
    fn compare(&self, one: u32, other: u32) -> Option<(Link, Link)> {
        let (left, right) = (self.of(one), self.of(other));
        let shared = |from: &[&Shown<'a>], to: &[&Shown<'a>]| {
            from.iter().filter(|shown| to.iter().any(|other| self.like(shown, other))).count()
        };
        let shared = shared(&left, &right) + shared(&right, &left);
        let pairs = left.iter().flat_map(|shown| right.iter().map(move |other| (shown, other)));
        let scored = pairs.map(|(shown, other)| (shown.alike(other), shown.ordinal, other.ordinal));
        let better = |known: ((f32, bool), u32, u32), found: ((f32, bool), u32, u32)| {
            let (known_rank, found_rank) = ((known.0.1, known.0.0), (found.0.1, found.0.0));
            if found_rank > known_rank { found } else { known }
        };
        let ((similarity, exact), ordinal, with) = scored.reduce(better)?;
        let link = |other, ordinal, with| Link { other, matched: Matched::Picture(ordinal, with), similarity, exact };
        let most = shared as f64 > MOST * (left.len() + right.len()) as f64;
        most.then(|| (link(other, ordinal, with), link(one, with, ordinal)))
    }

    /// How alike two notes are by picture, if they share most of their pictures; else 0.
    pub(super) fn similarity(&self, one: u32, other: u32) -> f32 {
        self.compare(one, other).map_or(0.0, |(link, _)| link.similarity)
    }
}

#[cfg(test)]
#[path = "pictures_tests.rs"]
mod tests;
