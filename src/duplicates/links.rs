//! Pairs that were found, to clusters and each note's best evidence.

use std::cmp::Ordering;

/// What two notes have in common, with the number of the picture on either side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matched {
    /// Everything but the id.
    Note,
    /// The text.
    Text,
    /// A picture of this note, and one of the other.
    Picture(u32, u32),
}

/// What ties a note to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Link {
    /// The other one.
    pub(crate) other: u32,
    pub(crate) matched: Matched,
    pub(crate) similarity: f32,
    pub(crate) exact: bool,
}

impl Link {
    /// The stronger link first: whole notes, then exact ones, then by similarity; of equal ones that with the first note.
    fn order(&self, other: &Self) -> Ordering {
        let whole = |link: &Self| link.matched == Matched::Note;
        let first = whole(other).cmp(&whole(self)).then(other.exact.cmp(&self.exact));
        first.then(other.similarity.total_cmp(&self.similarity)).then(self.other.cmp(&other.other))
    }
}

/// Which numbers hang together; the lowest of those that do stands for all.
#[derive(Debug, Default)]
pub(crate) struct DisjointSets {
    /// By number: a lower one of the same set, or itself.
    parents: Vec<u32>,
}

impl DisjointSets {
    /// So many numbers, each alone.
    pub(crate) fn new(numbers: usize) -> Self {
        Self { parents: (0..numbers as u32).collect() }
    }

    /// Makes one set of two.
    pub(crate) fn join(&mut self, one: u32, other: u32) {
        let (one, other) = (self.root(one), self.root(other));
        if let Some(parent) = self.parents.get_mut(one.max(other) as usize) {
            *parent = one.min(other);
        }
    }

    /// The number that stands for a set; the ways to it are halved (Tarjan and van Leeuwen 1984).
    fn root(&mut self, mut number: u32) -> u32 {
        loop {
            let parent = self.parents.get(number as usize).copied().unwrap_or(number);
            if parent == number {
                return number;
            }
            let above = self.parents.get(parent as usize).copied().unwrap_or(parent);
            if let Some(slot) = self.parents.get_mut(number as usize) {
                *slot = above;
            }
            number = above;
        }
    }

    /// By number: the one that stands for its set.
    pub(crate) fn roots(&mut self) -> Vec<u32> {
        (0..self.parents.len() as u32).map(|number| self.root(number)).collect()
    }
}

/// All notes, the links among them and the clusters that these make.
#[derive(Debug, Default)]
pub(crate) struct Links {
    sets: DisjointSets,
    texts: Vec<Option<Link>>,
    pictures: Vec<Option<Link>>,
}

impl Links {
    /// So many notes, none linked.
    pub(crate) fn new(notes: usize) -> Self {
        Self { sets: DisjointSets::new(notes), texts: vec![None; notes], pictures: vec![None; notes] }
    }

    /// Links a note to another; the link back is for the caller to add.
    pub(crate) fn add(&mut self, note: u32, link: Link) {
        let kept = match link.matched {
            Matched::Picture(..) => self.pictures.get_mut(note as usize),
            _ => self.texts.get_mut(note as usize),
        };
        if let Some(kept) = kept
            && kept.is_none_or(|kept| link.order(&kept) == Ordering::Less)
        {
            *kept = Some(link);
        }
        self.sets.join(note, link.other);
    }

    /// Links the notes of a group that are exactly alike: all to the first, and that to the second.
    pub(crate) fn add_group(&mut self, notes: &[u32], matched: impl Fn(u32, u32) -> Matched) {
        let Some((first, rest)) = notes.split_first() else { return };
        let link = |note, other| Link { other, matched: matched(note, other), similarity: 1.0, exact: true };
        for note in rest {
            self.add(*note, link(*note, *first));
            self.add(*first, link(*first, *note));
        }
    }

    /// The strongest links of a note: by text, by picture.
    pub(crate) fn of(&self, note: u32) -> impl Iterator<Item = Link> {
        let at = |links: &[Option<Link>]| links.get(note as usize).copied().flatten();
        at(&self.texts).into_iter().chain(at(&self.pictures))
    }

    /// By note: the first note of its cluster.
    pub(crate) fn roots(&mut self) -> Vec<u32> {
        self.sets.roots()
    }

    /// The clusters of two notes and more, each in ascending order: largest first, then by their first notes.
    pub(crate) fn clusters(&mut self) -> Vec<Vec<u32>> {
        let mut notes: Vec<(u32, u32)> = (0_u32..).zip(self.roots()).map(|(note, root)| (root, note)).collect();
        notes.sort_unstable();
        let groups = notes.chunk_by(|left, right| left.0 == right.0).filter(|group| group.len() > 1);
        let mut clusters: Vec<Vec<u32>> = groups.map(|group| group.iter().map(|(_, note)| *note).collect()).collect();
        clusters.sort_by_key(|cluster| std::cmp::Reverse(cluster.len()));
        clusters
    }
}
