//! BM25: what a count of a term in a note of a length is worth.
//!
//! Robertson and Zaragoza, *The Probabilistic Relevance Framework: BM25 and Beyond* (2009): the count saturates, the more
//! slowly the longer the note, and is multiplied by how rare the term is. The weight of a rare term is `ln(1 + (N - n + 0.5)
//! / (n + 0.5))`, which is never negative.

use index_format::words::length_of;

/// How slowly counts saturate.
const K1: f32 = 1.2;
/// How much of a note's length counts.
const B: f32 = 0.75;

/// Both, for the tests' twin.
#[cfg(test)]
pub(super) const K1_AND_B: [f32; 2] = [K1, B];

/// What is known of all live segments together. Deleted notes are in it until they are compacted away: so is what they say
/// in the postings.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Statistics {
    pub(super) notes: u64,
    pub(super) length: u64,
}

impl Statistics {
    /// How rare a term is that stands in so many notes.
    pub(super) fn rarity(self, notes: u64) -> f32 {
        let (all, with) = (self.notes as f64, notes.min(self.notes) as f64);
        ((all - with + 0.5) / (with + 0.5)).ln_1p() as f32
    }
}

/// Worth of counts under the average length of a collection.
pub(super) struct Saturation {
    /// By length code, the count that is worth half of the most.
    halves: [f32; 256],
}

impl Saturation {
    pub(super) fn new(statistics: Statistics) -> Self {
        let average = if statistics.length == 0 { 1.0 } else { statistics.length as f64 / statistics.notes as f64 };
        let mut halves = [0.0; 256];
        for (code, half) in (0..=u8::MAX).zip(&mut halves) {
            let relative = (f64::from(length_of(code)) / average) as f32;
            *half = K1 * (1.0 - B + B * relative);
        }
        Self { halves }
    }

    /// What a count in a note with this length code is worth: 0 to `1 + K1`, rising with the count, falling with the length.
    pub(super) fn worth(&self, count: u8, length: u8) -> f32 {
        let count = f32::from(count);
        let half = self.halves.get(usize::from(length)).copied().unwrap_or(f32::MAX);
        (1.0 + K1) * count / (count + half)
    }
}
