//! Text to terms.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | [`Analyser`]: from a place in a text to its term |
//! | `letters.rs` | what kind a letter is, for finding words |
//! | `scan.rs` | where the words of a text are |
//! | `fold.rs` | case, accents and forms of letters to one |
//! | `stop.rs` | English words that say nothing about what a text is about |
//!
//! The same text gives the same terms for as long as a format lasts: an index holds terms, and queries are held against
//! them. `tests/terms.rs` keeps a list of words and what becomes of them.

mod fold;
mod letters;
mod scan;
mod stop;

use super::Language;
use frostem::Stemmer;
use scan::Scanner;
use std::borrow::Cow;
use std::ops::Range;

/// Bytes of a word that are read: what is longer is no word, and the beginning tells one from another.
const WORD_BYTES: usize = 256;
/// Bytes of a term at most.
const TERM_BYTES: usize = 64;

/// Makes terms of text, for one language.
#[derive(Clone, Copy)]
pub(crate) struct Analyser {
    language: Language,
    stemmer: Option<Stemmer>,
}

impl Analyser {
    pub(crate) fn new(language: Language) -> Self {
        Self { language, stemmer: language.stemmer() }
    }

    /// Where the words of a text are, in order; pairs of letters of scripts without spaces overlap. Each is text of its own:
    /// [`Analyser::term`] depends on nothing around it.
    pub(crate) fn words(self, text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
        Scanner::new(text, self.language.joins_apostrophes())
    }

    /// The term of a word; `None` where nothing is left of it.
    pub(crate) fn term(self, word: &str) -> Option<String> {
        let word = word.get(..word.floor_char_boundary(WORD_BYTES)).unwrap_or_default();
        let mut term = fold::plain(word);
        if self.language.folds_first() {
            term = fold::accents(term);
        }
        if let Some(stemmer) = self.stemmer.filter(|_| is_word(&term))
            && let Cow::Owned(stem) = stemmer.stem(&term)
        {
            term = stem;
        }
        if !self.language.folds_first() {
            term = fold::accents(term);
        }
        term.truncate(term.floor_char_boundary(TERM_BYTES));
        (!term.is_empty()).then_some(term)
    }

    /// Whether a word says so little that queries do without it where they have others.
    pub(crate) fn is_stop_word(self, word: &str) -> bool {
        self.language == Language::English && stop::is_stop_word(word)
    }
}

/// Whether endings can be cut off: codes and numbers have none.
fn is_word(term: &str) -> bool {
    !term.chars().any(char::is_numeric)
}
