//! Pieces into passages: greedy, with headings kept beside their text and a little overlap.

use std::ops::Range;

use super::{Passage, PassageBudget};

/// A sentence, or a part of one that is too long.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    pub range: Range<usize>,
    pub tokens: usize,
    /// First of its paragraph or heading.
    pub opens_block: bool,
    pub heading: bool,
    /// A complete sentence.
    pub whole: bool,
}

/// Gathers pieces, which arrive in order, and closes a passage whenever the next does not fit.
pub(super) struct Packer {
    budget: PassageBudget,
    /// The passage being filled; never more than a budget's worth of pieces.
    pieces: Vec<Piece>,
    tokens: usize,
    /// Tokens at the front of `pieces` that the passage before already holds.
    repeated_tokens: usize,
    passages: Vec<Passage>,
    last_tokens: usize,
}

impl Packer {
    pub(super) fn new(budget: PassageBudget) -> Self {
        Self { budget, pieces: Vec::new(), tokens: 0, repeated_tokens: 0, passages: Vec::new(), last_tokens: 0 }
    }

    pub(super) fn push(&mut self, piece: Piece) {
        let overflows = self.tokens + piece.tokens > self.budget.tokens;
        let new_section = piece.heading && self.tokens * 2 >= self.budget.tokens;
        if overflows || new_section {
            self.close_before(&piece);
        }
        self.tokens += piece.tokens;
        self.pieces.push(piece);
    }

    pub(super) fn finish(mut self) -> Vec<Passage> {
        if !self.tail_joins_last() {
            self.emit();
        }
        self.passages
    }

    /// Closes the passage and prepares the next, which begins with what `next` needs before it:
    /// the headings right above it, or else the last sentence of its own paragraph.
    fn close_before(&mut self, next: &Piece) {
        let headings = self.pieces.iter().rev().take_while(|p| p.heading).count();
        let mut carried = self.pieces.split_off(self.pieces.len() - headings);
        let room = self.budget.tokens.saturating_sub(next.tokens);
        if self.pieces.is_empty() || total(&carried) > room {
            self.pieces.append(&mut carried);
        }
        let mut repeated_tokens = 0;
        if carried.is_empty()
            && !next.opens_block
            && let [_, .., last] = self.pieces.as_slice()
            && last.whole
            && last.tokens <= self.budget.overlap_tokens.min(room)
        {
            repeated_tokens = last.tokens;
            carried.push(last.clone());
        }
        self.emit();
        self.tokens = total(&carried);
        self.repeated_tokens = repeated_tokens;
        self.pieces = carried;
    }

    /// Turns the gathered pieces into a passage.
    fn emit(&mut self) {
        let pieces = std::mem::take(&mut self.pieces);
        if let (Some(first), Some(last)) = (pieces.first(), pieces.last()) {
            self.last_tokens = total(&pieces);
            self.passages.push(Passage { start: first.range.start, end: last.range.end });
        }
    }

    fn tail_joins_last(&mut self) -> bool {
        let (Some(last), Some(tail)) = (self.passages.last_mut(), self.pieces.last()) else {
            return false;
        };
        let fresh = self.tokens - self.repeated_tokens;
        let joined = self.last_tokens + fresh;
        let joins = fresh * 4 < self.budget.tokens && joined * 4 <= self.budget.tokens * 5;
        if joins {
            last.end = tail.range.end;
        }
        joins
    }
}

fn total(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| piece.tokens).sum()
}
