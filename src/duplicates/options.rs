//! What counts as a duplicate.

use crate::error::{Error, Result};

/// What of two notes is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum By {
    /// Title and text.
    Text,
    /// Pictures.
    Picture,
    /// Both; one of them is enough, and the evidence says which.
    #[default]
    Both,
}

/// What counts as a duplicate.
///
/// **Texts.** The similarity of two texts is the share of their words and of their pairs of neighbouring words that both
/// have: 1 for the same words in the same order, 0 for no common word (Dice's coefficient of sets of shingles; Broder 1997,
/// "On the resemblance and containment of documents", with shingles of one and two words). Title and text count as one;
/// case, punctuation and white space do not count. One word in ten replaced leaves about 0.85 of a text, one in five about
/// 0.7; a text and its first half have 0.67 in common. Meaning does not count: a text in other words is no duplicate.
///
/// **Pictures.** The similarity of two pictures is the cosine of the vectors that the index's encoder made of them; where it
/// sees no pictures, only equal files are found. Two notes are duplicates by picture if more than half of the pictures of
/// both together have their like in the other note: a logo that stands in every note makes no duplicates.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DuplicateOptions {
    /// What is compared. Default: both.
    pub by: By,
    /// Texts at least so similar are near-duplicates, in (0, 1]. Default 0.75; see `docs/BENCHMARKS.md` for what that finds.
    /// Below 0.5 the call takes much longer.
    pub text: f32,
    /// Pictures at least so similar are near-duplicates, in (0, 1]. Default 0.95.
    pub picture: f32,
}

impl Default for DuplicateOptions {
    fn default() -> Self {
        Self { by: By::Both, text: 0.75, picture: 0.95 }
    }
}

impl DuplicateOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Compares this.
    #[must_use]
    pub const fn by(mut self, by: By) -> Self {
        self.by = by;
        self
    }

    /// Texts at least so similar are near-duplicates.
    #[must_use]
    pub const fn text(mut self, similarity: f32) -> Self {
        self.text = similarity;
        self
    }

    /// Pictures at least so similar are near-duplicates.
    #[must_use]
    pub const fn picture(mut self, similarity: f32) -> Self {
        self.picture = similarity;
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        for (option, given) in [("similarity of texts", self.text), ("similarity of pictures", self.picture)] {
            if !(given > 0.0 && given <= 1.0) {
                let remedy = "use a number above 0 and up to 1, such as 0.8; 1 finds only what is the same";
                return Err(Error::Option { option, given: given.to_string(), remedy });
            }
        }
        Ok(())
    }

    /// Whether texts are compared.
    pub(crate) fn texts(&self) -> bool {
        self.by != By::Picture
    }

    /// Whether pictures are compared.
    pub(crate) fn pictures(&self) -> bool {
        self.by != By::Text
    }
}
