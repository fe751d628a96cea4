//! What ends a command, and the exit code it ends with.

use std::io;
use uninote::Error;
use uninote::eval::EvalError;
use uninote::import::{ExportError, ImportError};

/// Exit code: nothing found, or a check failed.
pub(crate) const NOTHING: u8 = 1;
/// Exit code: usage or input error.
const INPUT: u8 = 2;
/// Exit code: interrupted, as shells report a process that SIGINT ended.
pub(crate) const INTERRUPTED: u8 = 130;

/// How a command ended that could do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It found or did something.
    Done,
    /// It found nothing, or a check failed.
    Nothing,
}

impl Outcome {
    /// `Done` if it did.
    pub(crate) const fn of(done: bool) -> Self {
        if done { Self::Done } else { Self::Nothing }
    }
}

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The index said no.
    #[error(transparent)]
    Index(#[from] Error),
    /// A source said no.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// A folder to write to said no.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// What was to be evaluated cannot be.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// The cache of models, or the server that fills it, said no.
    #[cfg(feature = "hub")]
    #[error(transparent)]
    Hub(#[from] uninote::hub::HubError),
    /// The command is not in this program.
    #[cfg(not(feature = "hub"))]
    #[error("this program was built without `model`; install it with `cargo install uninote --features hub`")]
    WithoutHub,
    /// Standard output could not be written.
    #[error("cannot write the answer: {0}")]
    Output(#[from] io::Error),
    /// The answer could not be written as JSON.
    #[error("cannot write the answer as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// The handler for Ctrl-C could not be installed.
    #[error("cannot watch for Ctrl-C: {0}")]
    Signal(#[from] ctrlc::Error),
    /// A model directory was named, and this build reads none.
    #[error(
        "{} is a model directory, and this build of uninote has no encoder but the one inside; build it with the feature \
         `checkpoints`",
        directory.display()
    )]
    #[cfg(not(feature = "checkpoints"))]
    NoCheckpoints {
        /// The directory.
        directory: std::path::PathBuf,
    },
    /// A rule for putting signals together was given, and nothing is put together by a rule.
    #[error("--fusion is the rule of --mode fused; ask for that mode, or leave the rule out")]
    NothingFused,
    /// There is no feedback.
    #[error("the index has no feedback to learn from; a program gives it by Index::feedback")]
    NoFeedback,
    /// Interrupted by the user.
    #[error("interrupted")]
    Interrupted,
}

impl Failure {
    /// The exit code.
    pub(crate) const fn code(&self) -> u8 {
        match self {
            Self::Index(Error::NoSuchNote { .. } | Error::NoSuchPart { .. } | Error::NoVectorIn { .. })
            | Self::NoFeedback => NOTHING,
            Self::Index(Error::Cancelled) | Self::Eval(EvalError::Index(Error::Cancelled)) | Self::Interrupted => {
                INTERRUPTED
            }
            #[cfg(feature = "hub")]
            Self::Hub(uninote::hub::HubError::NotCached { .. }) => NOTHING,
            _ => INPUT,
        }
    }

    /// What to tell the user; nothing where he knows already.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::Index(Error::Cancelled) | Self::Eval(EvalError::Index(Error::Cancelled)) | Self::Interrupted => None,
            other => Some(other.to_string()),
        }
    }
}
