//! What a caller may ask for: how many, how surely, at which granularity, until when.

use super::arrange::share;
use super::{Cursor, Decay};
use crate::error::{Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Which rows of a note are compared with the query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Granularity {
    /// The note as a whole.
    Global,
    /// Its passages and pictures, each for itself.
    Local,
    /// Both; the better row wins.
    #[default]
    Auto,
}

/// Which signals put an answer in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// The best the index can do for the query: [`Mode::Ranked`] where the query has words, [`Mode::Dense`] where not.
    #[default]
    Auto,
    /// Vectors alone: scores are cosines, pages go on to the last note.
    Dense,
    /// Words alone, by BM25: only notes with a word of the query are hits.
    Lexical,
    /// The best hundred by vectors and the best hundred by words, put in order by half the share that each has of the best
    /// score by vectors and half of that by words. Other notes follow by vectors.
    Fused,
    /// The same candidates, put in order by a trained head ([`rank`](crate::rank)).
    Ranked,
}

/// The rule of [`Mode::Fused`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fusion {
    /// Half the share of the best score by vectors, half the share of the best by words. Better than `Ranks` on every
    /// collection it was tried on.
    #[default]
    Scores,
    /// Reciprocal rank fusion: places alone, with 60 added to each.
    Ranks,
}

/// How to search.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SearchOptions {
    /// Most hits wanted. Default 10.
    pub k: usize,
    /// The share of the true best `k` that should be found, in (0, 1]; 1 compares every row exactly. Default 0.95.
    pub recall: f32,
    /// Which rows are compared.
    pub granularity: Granularity,
    /// Which signals put the answer in order.
    pub mode: Mode,
    /// The rule of [`Mode::Fused`].
    pub fusion: Fusion,
    /// How much less older notes count. Default not at all.
    pub decay: Option<Decay>,
    /// Folds near-copies of a hit under it ([`Hit::folded`](crate::Hit::folded)): notes whose texts are at least so similar, in
    /// (0, 1], as [`DuplicateOptions`](crate::index::DuplicateOptions) has it. Default not.
    pub fold: Option<f32>,
    /// How much likeness to the hits before counts against a hit, in 0..1 (maximal marginal relevance). Default 0.
    pub diversity: f32,
    /// Whether each hit says how it came to its place. Default no: taking a head's score apart costs as much as ranking.
    pub explain: bool,
    /// Continue after this point of an earlier answer.
    pub after: Option<Cursor>,
    /// Give up with an error after this long.
    pub deadline: Option<Duration>,
    /// Give up with an error when this is set.
    pub cancel: Option<Cancel>,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self {
            k: 10,
            recall: 0.95,
            granularity: Granularity::Auto,
            mode: Mode::Auto,
            fusion: Fusion::Scores,
            decay: None,
            fold: None,
            diversity: 0.0,
            explain: false,
            after: None,
            deadline: None,
            cancel: None,
        }
    }
}

impl SearchOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for at most `k` hits.
    #[must_use]
    pub const fn k(mut self, k: usize) -> Self {
        self.k = k;
        self
    }

    /// Asks for this share of the true best.
    #[must_use]
    pub const fn recall(mut self, recall: f32) -> Self {
        self.recall = recall;
        self
    }

    /// Compares these rows.
    #[must_use]
    pub const fn granularity(mut self, granularity: Granularity) -> Self {
        self.granularity = granularity;
        self
    }

    /// Orders by these signals.
    #[must_use]
    pub const fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// Fuses by this rule, in [`Mode::Fused`].
    #[must_use]
    pub const fn fusion(mut self, fusion: Fusion) -> Self {
        self.fusion = fusion;
        self
    }

    /// Lets older notes count less. This and the next two arrange the best hundred or two of an answer; what comes behind
    /// them stays as it is. They do nothing in [`Mode::Lexical`].
    #[must_use]
    pub const fn decay(mut self, decay: Decay) -> Self {
        self.decay = Some(decay);
        self
    }

    /// Folds near-copies of a hit under it: texts at least so similar.
    #[must_use]
    pub const fn fold(mut self, similarity: f32) -> Self {
        self.fold = Some(similarity);
        self
    }

    /// Brings hits forward that are unlike those before them.
    #[must_use]
    pub const fn diversity(mut self, diversity: f32) -> Self {
        self.diversity = diversity;
        self
    }

    /// Whether the order of an answer is to be arranged.
    pub(super) const fn arranges(&self) -> bool {
        self.decay.is_some() || self.fold.is_some() || self.diversity > 0.0
    }

    /// Lets each hit say how it came to its place ([`Hit::explanation`](crate::Hit::explanation)).
    #[must_use]
    pub const fn explain(mut self, explain: bool) -> Self {
        self.explain = explain;
        self
    }

    /// Continues after an earlier answer's last hit.
    #[must_use]
    pub fn after(mut self, cursor: Cursor) -> Self {
        self.after = Some(cursor);
        self
    }

    /// Gives up after this long.
    #[must_use]
    pub const fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Gives up when `cancel` is set.
    #[must_use]
    pub fn cancel(mut self, cancel: &Cancel) -> Self {
        self.cancel = Some(cancel.clone());
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        if !(self.recall > 0.0 && self.recall <= 1.0) {
            let given = self.recall.to_string();
            let remedy = "ask for a share above 0 and up to 1, such as 0.95";
            return Err(Error::Option { option: "recall", given, remedy });
        }
        self.decay.as_ref().map_or(Ok(()), Decay::check)?;
        share("diversity", self.diversity)?;
        self.fold.map_or(Ok(()), |similarity| share("similarity for folding", similarity))
    }
}

/// A flag that stops long calls from another thread. Clones are the same flag.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A flag that is not set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets it: calls that watch it return [`Error::Cancelled`] soon.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it is set.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl PartialEq for Cancel {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// Deadline and cancellation of one call, asked at every few steps of it.
pub(crate) struct Limits {
    cancel: Option<Cancel>,
    until: Option<(Instant, Duration)>,
}

impl Limits {
    /// The limits of a search that starts now.
    pub(crate) fn start(options: &SearchOptions) -> Self {
        let until = options.deadline.and_then(|allowed| Instant::now().checked_add(allowed).map(|at| (at, allowed)));
        Self { cancel: options.cancel.clone(), until }
    }

    /// An error once the call should stop.
    pub(crate) fn check(&self) -> Result<()> {
        if self.cancel.as_ref().is_some_and(Cancel::is_cancelled) {
            return Err(Error::Cancelled);
        }
        match self.until {
            Some((at, deadline)) if Instant::now() >= at => Err(Error::Deadline { deadline }),
            _ => Ok(()),
        }
    }
}
