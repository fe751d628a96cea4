//! One way of searching that is evaluated: by which signals, at which width, how exactly.

use crate::query::{Fusion, Mode, SearchOptions};

/// One way of searching.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Setting {
    /// Which signals put answers in order.
    pub mode: Mode,
    /// The rule of [`Mode::Fused`].
    pub fusion: Fusion,
    /// Components of each vector that are kept, from the first; none for all of them.
    pub width: Option<usize>,
    /// The share of the true best that is asked for, as [`SearchOptions::recall`]; 1 is exact.
    pub recall: f32,
}

impl Default for Setting {
    /// What a search does that nothing is said to.
    fn default() -> Self {
        Self::new(Mode::Auto)
    }
}

impl Setting {
    /// Orders by these signals, at full width, with the recall of a search that does not say.
    #[must_use]
    pub fn new(mode: Mode) -> Self {
        Self { mode, fusion: Fusion::default(), width: None, recall: SearchOptions::new().recall }
    }

    /// Fuses by this rule, in [`Mode::Fused`].
    #[must_use]
    pub const fn fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// Keeps only the first components of each vector, brought back to unit length: the index is built of such vectors.
    #[must_use]
    pub const fn width(mut self, width: usize) -> Self {
        self.width = Some(width);
        self
    }

    /// Asks for this share of the true best.
    #[must_use]
    pub const fn recall(mut self, recall: f32) -> Self {
        self.recall = recall;
        self
    }

    /// What it is called in reports: `dense`, `fused 64`, `fused-ranks`, `ranked exact`, `dense 64 recall 0.9`.
    #[must_use]
    pub fn name(&self) -> String {
        let mut name = mode_name(self.mode).to_owned();
        if self.rule() == Some(Fusion::Ranks) {
            name += "-ranks";
        }
        if let Some(width) = self.width {
            name += &format!(" {width}");
        }
        if self.recall >= 1.0 {
            name += " exact";
        } else if self.recall != SearchOptions::new().recall {
            name += &format!(" recall {}", self.recall);
        }
        name
    }

    /// The rule, where one counts.
    pub(super) fn rule(&self) -> Option<Fusion> {
        (self.mode == Mode::Fused).then_some(self.fusion)
    }

    /// The options of a search for `k` notes.
    pub(super) fn options(&self, k: usize) -> SearchOptions {
        SearchOptions::new().k(k).mode(self.mode).fusion(self.fusion).recall(self.recall)
    }
}

/// A mode in a word.
pub(super) const fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Auto => "auto",
        Mode::Dense => "dense",
        Mode::Lexical => "lexical",
        Mode::Fused => "fused",
        Mode::Ranked => "ranked",
    }
}
