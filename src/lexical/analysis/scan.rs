//! Where the words of a text are.
//!
//! A word is a run of letters and digits with what belongs to them. Some signs between two of them stay inside it: an
//! apostrophe (in languages that have it inside words), the dot of a decimal number or of an abbreviation of single letters,
//! the comma between thousands. One letter with `++` or `#` after it is the name of a programming language. Letters of scripts
//! without spaces come in overlapping pairs, a lone one by itself.

use super::letters::{Kind, kind};
use std::ops::Range;

/// Digits between the commas of a large number.
const THOUSANDS: usize = 3;

/// The words of a text in order.
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// Whether the letter at `at` is in the pair that came last.
    paired: bool,
    apostrophes: bool,
}

impl<'t> Scanner<'t> {
    pub(super) const fn new(text: &'t str, apostrophes: bool) -> Self {
        Self { text, at: 0, paired: false, apostrophes }
    }

    fn from(&self, at: usize) -> &'t str {
        self.text.get(at..).unwrap_or_default()
    }

    fn letter(&self, at: usize) -> Option<char> {
        self.from(at).chars().next()
    }

    fn kind(&self, at: usize) -> Kind {
        self.letter(at).map_or(Kind::Other, kind)
    }

    /// One past the letter at `at` and the marks that belong to it.
    fn letter_end(&self, at: usize) -> usize {
        let mut letters = self.from(at).chars();
        let first = letters.next().map_or(0, char::len_utf8);
        at + first + letters.take_while(|letter| kind(*letter) == Kind::Mark).map(char::len_utf8).sum::<usize>()
    }

    /// One past the word that starts at `start`.
    fn word_end(&self, start: usize) -> usize {
        let mut end = start;
        let mut last = Kind::Other;
        // Letters since the start or the last dot; more than one in a place, and it is no abbreviation.
        let (mut letters, mut abbreviated) = (0, true);
        loop {
            let here = self.kind(end);
            match here {
                Kind::Letter | Kind::Digit => {
                    letters += 1;
                    abbreviated &= here == Kind::Letter && letters == 1;
                    end = self.letter_end(end);
                    last = here;
                }
                _ => match self.sign(end, last, abbreviated) {
                    Some(length) => {
                        letters = 0;
                        end += length;
                    }
                    None => return self.suffixed(start, end),
                },
            }
        }
    }

    /// Length of the sign at `at` if it is inside a word, with such a letter before it.
    fn sign(&self, at: usize, last: Kind, abbreviated: bool) -> Option<usize> {
        let sign = self.letter(at)?;
        let next = at + sign.len_utf8();
        let inside = match sign {
            '\'' | '\u{2019}' => self.apostrophes && last == Kind::Letter && self.kind(next) == Kind::Letter,
            '.' if last == Kind::Digit => self.kind(next) == Kind::Digit,
            '.' => {
                let alone = || !matches!(self.kind(self.letter_end(next)), Kind::Letter | Kind::Digit);
                abbreviated && self.kind(next) == Kind::Letter && alone()
            }
            ',' if last == Kind::Digit => {
                let digits = self.from(next).bytes().take(THOUSANDS + 1).take_while(u8::is_ascii_digit).count();
                digits == THOUSANDS
            }
            _ => false,
        };
        inside.then_some(sign.len_utf8())
    }

    /// One past a word, with the signs after it that are part of a name.
    fn suffixed(&self, start: usize, end: usize) -> usize {
        let rest = self.from(end);
        let signs = if rest.starts_with("++") { 2 } else { usize::from(rest.starts_with('#')) };
        let named = end - start == 1 && self.text.as_bytes().get(start).is_some_and(u8::is_ascii_alphabetic);
        let over = self.kind(end + signs) == Kind::Other;
        if named && over { end + signs } else { end }
    }
}

impl Iterator for Scanner<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        loop {
            let start = self.at;
            let letter = self.letter(start)?;
            match kind(letter) {
                Kind::Letter | Kind::Digit => {
                    self.at = self.word_end(start);
                    return Some(start..self.at);
                }
                Kind::Dense => {
                    let end = self.letter_end(start);
                    self.at = end;
                    let paired = std::mem::take(&mut self.paired);
                    if self.kind(end) == Kind::Dense {
                        self.paired = true;
                        return Some(start..self.letter_end(end));
                    }
                    if !paired {
                        return Some(start..end);
                    }
                }
                Kind::Mark | Kind::Other => self.at = start + letter.len_utf8(),
            }
        }
    }
}
