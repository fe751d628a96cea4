//! By which signals an answer is put in order, in the words of arguments and answers.

use clap::ValueEnum;
use uninote::Mode;
use uninote::query::Fusion;

/// What an answer is ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Signals {
    /// `ranked` where the query has words, `dense` where it has none
    Auto,
    /// Vectors
    Dense,
    /// Words
    Lexical,
    /// Both, by a rule
    Fused,
    /// Both, by a trained head
    Ranked,
}

impl Signals {
    pub(crate) const fn mode(self) -> Mode {
        match self {
            Self::Auto => Mode::Auto,
            Self::Dense => Mode::Dense,
            Self::Lexical => Mode::Lexical,
            Self::Fused => Mode::Fused,
            Self::Ranked => Mode::Ranked,
        }
    }
}

/// The rule of `fused`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Rule {
    /// Shares of the best scores
    Scores,
    /// Places (reciprocal rank fusion)
    Ranks,
}

impl Rule {
    pub(crate) const fn fusion(self) -> Fusion {
        match self {
            Self::Scores => Fusion::Scores,
            Self::Ranks => Fusion::Ranks,
        }
    }
}

/// A mode in a word.
pub(crate) const fn name(mode: Mode) -> &'static str {
    match mode {
        Mode::Dense => "dense",
        Mode::Lexical => "lexical",
        Mode::Fused => "fused",
        Mode::Ranked => "ranked",
        // No answer says so.
        _ => "auto",
    }
}
