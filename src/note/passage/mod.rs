//! Text into passages: pieces small enough for an encoder, cut where a reader would cut.
//!
//! The way of a text: lines gather into blocks (`blocks`: paragraphs and headings), blocks into
//! sentences (`sentences`), a sentence that is too long into words, graphemes or characters
//! (`cut`), and the pieces are packed greedily into passages (`pack`). Every step looks at most a
//! bounded distance ahead, so the time is linear in the text.

mod blocks;
mod cut;
mod pack;
mod sentences;

use std::ops::Range;

use blocks::Block;
use pack::{Packer, Piece};

use super::estimated_tokens;

/// A part of a note's text, as a span of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Passage {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Passage {
    /// The passage's own text, or `None` where the span does not belong to `text`.
    pub fn of<'t>(&self, text: &'t str) -> Option<&'t str> {
        text.get(self.start..self.end)
    }
}

/// How large passages may become, in [`estimated_tokens`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PassageBudget {
    /// The most tokens in one passage; values under 8 count as 8.
    pub tokens: usize,
    /// The longest sentence that is repeated at the start of the next passage when a paragraph is
    /// split; 0 turns the overlap off.
    pub overlap_tokens: usize,
}

impl Default for PassageBudget {
    /// 160 tokens (about 110 English words), repeating sentences of up to 40.
    fn default() -> Self {
        Self { tokens: 160, overlap_tokens: 40 }
    }
}

const MIN_BUDGET_TOKENS: usize = 8;

/// Splits `text` into passages.
///
/// Passages come in order of their starts, are not blank, begin and end on visible characters and
/// together cover every visible character. Whole paragraphs are packed together while they fit;
/// a Markdown heading begins a new passage once the current one is half full, and stays with what
/// follows it. A paragraph that does not fit is split between sentences (Unicode UAX #29; a line
/// break inside a paragraph ends no sentence by itself), and the next passage repeats the last
/// sentence if it is short. A sentence beyond the budget is split between words, a word beyond it
/// between graphemes, a grapheme beyond it between characters.
///
/// Each passage is within the budget, but for the last: a tail of less than a quarter of the
/// budget joins the passage before it where both fit in 1.25 times the budget. There are at most
/// `4 * estimated_tokens(text) / budget + 2` passages.
pub fn split(text: &str, budget: PassageBudget) -> Vec<Passage> {
    let budget = PassageBudget { tokens: budget.tokens.max(MIN_BUDGET_TOKENS), ..budget };
    let mut packer = Packer::new(budget);
    for Block { range, heading } in blocks::blocks(text) {
        let mut opens_block = true;
        for sentence in sentences::sentences(text, range, budget.tokens) {
            let sentence = trimmed(text, sentence);
            let words = text.get(sentence.clone()).unwrap_or_default();
            let tokens = estimated_tokens(words);
            if tokens <= budget.tokens {
                if !sentence.is_empty() {
                    packer.push(Piece { range: sentence, tokens, opens_block, heading, whole: true });
                    opens_block = false;
                }
                continue;
            }
            cut::cut(text, sentence, budget.tokens, &mut |range, tokens| {
                packer.push(Piece { range, tokens, opens_block, heading: false, whole: false });
                opens_block = false;
            });
        }
    }
    packer.finish()
}

/// The span without the white space at its ends; empty where nothing else is there.
fn trimmed(text: &str, range: Range<usize>) -> Range<usize> {
    let Some(part) = text.get(range.clone()) else {
        return range.start..range.start;
    };
    let start = range.start + (part.len() - part.trim_start().len());
    start..start + part.trim().len()
}

#[cfg(test)]
mod tests;
