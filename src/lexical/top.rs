//! The best notes of a query.
//!
//! Notes are looked at window by window. The blocks of a window bound what each term can add to a score there; terms that
//! together cannot lift a note over the worst of those kept so far are not read, but only asked about the notes that others
//! brought up (MaxScore: Turtle and Flood 1995; with bounds a block: Ding and Suel 2011).

use super::bm25::Saturation;
use super::bound::{Bound, BoundSegment, DamagedWords};
use super::cursor::Cursor;
use index_format::FormatError;
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Notes of a window: their scores stay in the first cache.
const WINDOW: u32 = 2_048;
/// What adding in another order may change in a sum.
const ROUNDING: f64 = 1.0 + 1e-9;

/// A note that was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Found {
    /// Number of its segment among those given.
    pub(crate) segment: usize,
    /// Its ordinal there.
    pub(crate) note: u32,
    /// Its score, above 0.
    pub(crate) score: f32,
}

/// The worst found so far is the greatest.
struct Kept {
    score: f64,
    segment: usize,
    note: u32,
}

impl Ord for Kept {
    fn cmp(&self, other: &Self) -> Ordering {
        let score = other.score.total_cmp(&self.score);
        score.then((self.segment, self.note).cmp(&(other.segment, other.note)))
    }
}

impl PartialOrd for Kept {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Kept {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Kept {}

/// The best notes so far.
struct Best {
    most: usize,
    kept: BinaryHeap<Kept>,
}

impl Best {
    /// What a score must be above to be among them.
    fn least(&self) -> f64 {
        let full = self.kept.len() >= self.most;
        self.kept.peek().filter(|_| full).map_or(0.0, |worst| worst.score)
    }

    /// Keeps a note if its score, as it is reported, is better than that of the worst kept. Sums made in another order differ
    /// by less than this rounding: equal notes stay equal however many are wanted.
    fn offer(&mut self, kept: Kept) {
        let kept = Kept { score: f64::from(kept.score as f32), ..kept };
        if kept.score > self.least() {
            self.kept.push(kept);
            if self.kept.len() > self.most {
                self.kept.pop();
            }
        }
    }
}

impl Bound<'_> {
    /// The best `most` notes, best first; of equal ones the earlier first. `alive` says whether a note of a segment may be
    /// among them. Where `stopped` says so, what was found until then is all.
    pub(crate) fn top(
        &self,
        most: usize,
        alive: &dyn Fn(usize, u32) -> bool,
        stopped: &dyn Fn() -> bool,
    ) -> Result<Vec<Found>, DamagedWords> {
        let mut best = Best { most, kept: BinaryHeap::new() };
        let mut window = Window { from: 0, scores: vec![0.0; WINDOW as usize], marked: vec![0; WINDOW as usize / 64] };
        for (number, segment) in self.segments.iter().enumerate() {
            if most > 0 {
                let alive = |note| alive(number, note);
                let search = Search { segment, saturation: &self.saturation, number, alive: &alive, stopped };
                let cursors = self.cursors(segment);
                let damaged = |source| DamagedWords { segment: number, source };
                search.run(cursors, &mut window, &mut best).map_err(damaged)?;
            }
        }
        let found = |kept: Kept| Found { segment: kept.segment, note: kept.note, score: kept.score as f32 };
        Ok(best.kept.into_sorted_vec().into_iter().map(found).collect())
    }

    /// A cursor for each term that a segment has.
    pub(super) fn cursors<'a>(&self, segment: &BoundSegment<'a>) -> Vec<Cursor<'a>> {
        let weight = |term: usize| self.terms.get(term).map_or(0.0, |term| term.weight);
        let lists = segment.lists.iter();
        lists.map(|(term, postings)| Cursor::new(*postings, segment.lengths, weight(*term))).collect()
    }
}

/// A search through one segment.
struct Search<'s> {
    segment: &'s BoundSegment<'s>,
    saturation: &'s Saturation,
    number: usize,
    alive: &'s dyn Fn(u32) -> bool,
    stopped: &'s dyn Fn() -> bool,
}

/// Scores of the notes from `from` on, and which of them have any.
struct Window {
    from: u32,
    scores: Vec<f64>,
    marked: Vec<u64>,
}

impl Window {
    fn add(&mut self, note: u32, score: f32) {
        let at = note.wrapping_sub(self.from) as usize;
        if let (Some(sum), Some(word)) = (self.scores.get_mut(at), self.marked.get_mut(at / 64)) {
            *sum += f64::from(score);
            *word |= 1 << (at % 64);
        }
    }

    /// Gives every note with its score to `each`, and forgets them.
    fn drain(&mut self, mut each: impl FnMut(u32, f64) -> Result<(), FormatError>) -> Result<(), FormatError> {
        for (number, word) in self.marked.iter_mut().enumerate() {
            let mut bits = std::mem::take(word);
            while bits != 0 {
                let at = number * 64 + bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let score = self.scores.get_mut(at).map(std::mem::take).unwrap_or_default();
                each(self.from + at as u32, score)?;
            }
        }
        Ok(())
    }
}

impl Search<'_> {
    fn run(&self, mut cursors: Vec<Cursor<'_>>, window: &mut Window, best: &mut Best) -> Result<(), FormatError> {
        let notes = u32::try_from(self.segment.lengths.len()).unwrap_or(u32::MAX);
        let mut from = 0;
        while let Some(next) = cursors.iter().filter_map(Cursor::next).min() {
            from = from.max(next);
            if from >= notes || (self.stopped)() {
                break;
            }
            let end = notes.min(from.saturating_add(WINDOW));
            window.from = from;
            self.look_at(&mut cursors, end, window, best)?;
            from = end;
        }
        Ok(())
    }

    /// Looks at the notes of one window.
    fn look_at(
        &self,
        cursors: &mut [Cursor<'_>],
        end: u32,
        window: &mut Window,
        best: &mut Best,
    ) -> Result<(), FormatError> {
        let from = window.from;
        let bounds = cursors.iter_mut().map(|cursor| cursor.most(from, end, self.saturation));
        let mut order: Vec<(f32, usize)> = bounds.zip(0..).collect();
        order.sort_unstable_by(|left, right| left.0.total_cmp(&right.0));
        // What the terms up to one, this one included, can add to a score.
        let sums: Vec<f64> = order
            .iter()
            .scan(0.0, |sum, (bound, _)| {
                *sum += f64::from(*bound);
                Some(*sum * ROUNDING)
            })
            .collect();
        let weak = sums.partition_point(|sum| *sum <= best.least());
        let (weak, strong) = order.split_at(weak);
        for (_, term) in strong {
            if let Some(cursor) = cursors.get_mut(*term) {
                cursor.read(from, end, self.saturation, |note, score| window.add(note, score))?;
            }
        }
        window.drain(|note, mut score| {
            let mut asked = false;
            for ((_, term), sum) in weak.iter().zip(&sums).rev() {
                if score * ROUNDING + sum <= best.least() || !(asked || (self.alive)(note)) {
                    return Ok(());
                }
                asked = true;
                if let Some(cursor) = cursors.get_mut(*term) {
                    score += f64::from(cursor.score_of(note, self.saturation)?.unwrap_or_default());
                }
            }
            if score > best.least() && (asked || (self.alive)(note)) {
                best.offer(Kept { score, segment: self.number, note });
            }
            Ok(())
        })
    }
}
