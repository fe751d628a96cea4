//! A sentence beyond the budget into pieces within it: between words, then graphemes, then
//! characters.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::super::tokens::TokenCount;
use super::trimmed;

#[derive(Clone, Copy)]
enum Unit {
    Word,
    Grapheme,
    Character,
}

/// Calls `emit` with each piece of `range` and its tokens: in order, trimmed, not blank.
pub(super) fn cut(text: &str, range: Range<usize>, budget_tokens: usize, emit: &mut dyn FnMut(Range<usize>, usize)) {
    let mut cutter = Cutter { text, budget_tokens, emit };
    cutter.cut(range, Unit::Word);
}

struct Cutter<'t, 'e> {
    text: &'t str,
    budget_tokens: usize,
    emit: &'e mut dyn FnMut(Range<usize>, usize),
}

impl Cutter<'_, '_> {
    fn cut(&mut self, range: Range<usize>, unit: Unit) {
        let text = self.text;
        let part = text.get(range.clone()).unwrap_or_default();
        match unit {
            Unit::Word => {
                let words = part.split_word_bounds();
                self.gather(range.start, words, Some(Unit::Grapheme));
            }
            Unit::Grapheme => {
                let graphemes = part.graphemes(true);
                self.gather(range.start, graphemes, Some(Unit::Character));
            }
            Unit::Character => {
                let characters = part.split_inclusive(|_| true);
                self.gather(range.start, characters, None);
            }
        }
    }

    /// Gathers units into pieces; a unit that is too large by itself is cut into `smaller` ones.
    fn gather<'t>(&mut self, start: usize, units: impl Iterator<Item = &'t str>, smaller: Option<Unit>) {
        let (mut from, mut at) = (start, start);
        let mut count = TokenCount::default();
        for unit in units {
            let end = at + unit.len();
            let mut longer = count;
            longer.extend(unit);
            if longer.total() <= self.budget_tokens {
                count = longer;
                at = end;
                continue;
            }
            self.emit(from..at, count);
            count = TokenCount::default();
            count.extend(unit);
            from = at;
            if count.total() > self.budget_tokens
                && let Some(smaller) = smaller
            {
                self.cut(at..end, smaller);
                count = TokenCount::default();
                from = end;
            }
            at = end;
        }
        self.emit(from..at, count);
    }

    fn emit(&mut self, range: Range<usize>, count: TokenCount) {
        let visible = trimmed(self.text, range);
        if !visible.is_empty() {
            (self.emit)(visible, count.total());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::note::estimated_tokens;

    fn pieces(text: &str, budget: usize) -> Vec<&str> {
        let mut found = Vec::new();
        cut(text, 0..text.len(), budget, &mut |range, tokens| {
            let piece = &text[range];
            assert_eq!(tokens, estimated_tokens(piece));
            found.push(piece);
        });
        found
    }

    #[test]
    fn words_first() {
        assert_eq!(pieces("one two three four five", 2), ["one two", "three four", "five"]);
    }

    #[test]
    fn then_graphemes_then_characters() {
        assert_eq!(pieces("abcdefghijklmn", 1), ["abcdef", "ghijkl", "mn"]);
        let flags = "🇩🇪🇫🇷🇯🇵";
        assert_eq!(pieces(flags, 2), ["🇩🇪", "🇫🇷", "🇯🇵"]);
        let marks = format!("e{}", "\u{301}".repeat(9));
        assert!(pieces(&marks, 1).iter().all(|piece| piece.len() <= 6));
        assert_eq!(pieces(&marks, 1).concat(), marks);
    }
}
