//! What can be wrong with a head, a table or a training list, and what to do about it.

use thiserror::Error;

/// Why a head, a table, a training list or a setting was refused.
#[derive(Debug, Clone, PartialEq, Error)]
#[non_exhaustive]
pub enum RankError {
    /// The bytes are no head.
    #[error("this is no ranking head: {why}; take another file, or train a head again")]
    Damaged {
        /// What does not hold.
        why: String,
    },
    /// The head was made for another version of the features.
    #[error(
        "the ranking head reads version {head} of the features and this build has version {here}; train the head again \
         with this build, or use it with a build of its own time"
    )]
    Version {
        /// Version in the head.
        head: u32,
        /// Version of this build.
        here: u32,
    },
    /// The head reads a feature that this build does not have.
    #[error(
        "the ranking head reads the feature {name:?}, which version {version} of this build's features does not have; \
         train the head again with this build, or use a newer build"
    )]
    UnknownFeature {
        /// Name of the feature.
        name: String,
        /// Version of this build's features.
        version: u32,
    },
    /// The head reads a feature that has another meaning in this build.
    #[error("the ranking head reads the feature {name:?} as {head}, this build has it as {here}; train the head again")]
    ChangedFeature {
        /// Name of the feature.
        name: String,
        /// Its kind in the head.
        head: String,
        /// Its kind in this build.
        here: String,
    },
    /// A schema makes no sense.
    #[error("the features of a table cannot be {why}")]
    Schema {
        /// What does not hold.
        why: String,
    },
    /// A table has another number of columns than the head's schema.
    #[error("the table has {got} features a candidate and the head's schema has {expected}; fill every column of it")]
    Width {
        /// Columns expected.
        expected: usize,
        /// Columns found.
        got: usize,
    },
    /// A training list contradicts itself.
    #[error("training list {number}: {why}")]
    List {
        /// Its place among the lists, counted from 0.
        number: usize,
        /// What does not hold.
        why: &'static str,
    },
    /// There is nothing to learn from.
    #[error(
        "none of {lists} training lists has a candidate with a grade above 0 and one below it; judge more queries, or \
         look whether the judged notes are found at all"
    )]
    NothingToLearn {
        /// Lists given.
        lists: usize,
    },
    /// There is nothing to judge by.
    #[error("none of {lists} lists is held out: two heads are compared on lists that neither has seen")]
    NoHeldOut {
        /// Lists given.
        lists: usize,
    },
    /// A setting makes no sense.
    #[error("{setting} is {given}; {remedy}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What was given.
        given: String,
        /// What would do.
        remedy: &'static str,
    },
    /// The tensor library failed.
    #[error("the tensor library failed while training the head: {why}")]
    Tensor {
        /// Its message.
        why: String,
    },
}

impl From<candle_core::Error> for RankError {
    fn from(error: candle_core::Error) -> Self {
        Self::Tensor { why: error.to_string() }
    }
}
