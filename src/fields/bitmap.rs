//! Sets of a segment's notes, a bit each: as fast to combine as memory is read, and to ask as a walk asks.

use index_format::columns::{NoteSet, bit_words};

/// Some of the notes of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Bitmap {
    words: Vec<u64>,
    notes: u32,
}

impl Bitmap {
    /// None of so many notes.
    pub(crate) fn none(notes: u32) -> Self {
        Self { words: vec![0; bit_words(notes as usize)], notes }
    }

    /// All of so many notes.
    pub(crate) fn all(notes: u32) -> Self {
        let mut all = Self::none(notes);
        all.invert();
        all
    }

    /// Whether a note is among them.
    #[inline]
    pub(crate) fn contains(&self, note: u32) -> bool {
        self.words.get((note / 64) as usize).is_some_and(|word| word >> (note % 64) & 1 == 1)
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// In ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        (0_u32..).zip(&self.words).flat_map(|(number, word)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = (rest != 0).then(|| rest.trailing_zeros())?;
                rest &= rest - 1;
                Some(number * 64 + bit)
            })
        })
    }

    /// Adds a note.
    #[inline]
    pub(crate) fn insert(&mut self, note: u32) {
        if note < self.notes
            && let Some(word) = self.words.get_mut((note / 64) as usize)
        {
            *word |= 1 << (note % 64);
        }
    }

    /// Takes notes away.
    pub(crate) fn remove_all(&mut self, notes: &[u32]) {
        for note in notes {
            if let Some(word) = self.words.get_mut((*note / 64) as usize) {
                *word &= !(1 << (*note % 64));
            }
        }
    }

    /// Adds the notes of a stored set; what a damaged file has beyond the last note is passed over.
    pub(super) fn add(&mut self, set: NoteSet<'_>) {
        match set {
            NoteSet::Bits(words) => self.words.iter_mut().zip(words).for_each(|(word, more)| *word |= more),
            NoteSet::List(notes) => notes.iter().for_each(|note| self.insert(*note)),
        }
        self.trim();
    }

    /// Gives those notes of a stored set to `act` that are among them, in ascending order.
    pub(super) fn each_shared(&self, set: NoteSet<'_>, mut act: impl FnMut(u32)) {
        match set {
            NoteSet::Bits(words) => {
                let both = self.words.iter().zip(words).map(|(left, right)| left & right).collect();
                Self { words: both, notes: self.notes }.iter().for_each(act);
            }
            NoteSet::List(notes) => notes.iter().filter(|note| self.contains(**note)).for_each(|note| act(*note)),
        }
    }

    /// How many notes of a stored set are among them.
    pub(super) fn shared(&self, set: NoteSet<'_>) -> usize {
        match set {
            NoteSet::Bits(words) => {
                self.words.iter().zip(words).map(|(left, right)| (left & right).count_ones() as usize).sum()
            }
            NoteSet::List(notes) => notes.iter().filter(|note| self.contains(**note)).count(),
        }
    }

    pub(super) fn intersect(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    pub(super) fn unite(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Every note that is not among them, and none that is.
    pub(super) fn invert(&mut self) {
        self.words.iter_mut().for_each(|word| *word = !*word);
        self.trim();
    }

    /// Clears what is beyond the last note.
    fn trim(&mut self) {
        let used = self.notes % 64;
        if let Some(last) = self.words.last_mut().filter(|_| used > 0) {
            *last &= (1 << used) - 1;
        }
    }
}
