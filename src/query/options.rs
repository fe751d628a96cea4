//! What a caller may ask for: how many, how surely, which notes at all, at which granularity, until when.

use super::Cursor;
use super::arrange::{Arrangement, Decay, Grouping, Sorting};
use super::limits::Cancel;
use crate::error::{Error, Result};
use crate::fields::Filter;
use std::time::Duration;

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
    /// Which notes may be hits. Default none: all.
    pub filter: Option<Filter>,
    /// Which rows are compared.
    pub granularity: Granularity,
    /// Which signals put the answer in order.
    pub mode: Mode,
    /// The rule of [`Mode::Fused`].
    pub fusion: Fusion,
    /// Whether each hit says how it came to its place. Default no: taking a head's score apart costs as much as ranking.
    pub explain: bool,
    /// Makes notes count less the farther their date is from an origin.
    pub decay: Option<Decay>,
    /// How much a hit's likeness to hits before it counts against its relevance, in [0, 1]. Default 0.
    pub diversity: f32,
    /// Similarity of texts from which a hit is folded into one before it. Default none: nothing is folded.
    pub fold: Option<f32>,
    /// At most so many hits of each value of a field. Default none.
    pub grouping: Option<Grouping>,
    /// The field that the hits of an answer are put in the order of. Default none: they stay in that of their scores.
    pub sorting: Option<Sorting>,
    /// The least score of a hit. Default none.
    pub min_score: Option<f32>,
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
            filter: None,
            granularity: Granularity::Auto,
            mode: Mode::Auto,
            fusion: Fusion::Scores,
            explain: false,
            decay: None,
            diversity: 0.0,
            fold: None,
            grouping: None,
            sorting: None,
            min_score: None,
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

    /// Lets only these notes be hits: as many of them as there are, up to `k`, at the recall asked for.
    #[must_use]
    pub fn filter(mut self, filter: Filter) -> Self {
        self.filter = Some(filter);
        self
    }

    /// Ends the answer before the first hit that scores less. What scores mean depends on the mode: cosines in [`Mode::Dense`]
    /// alone, in the others a scale of each query's own.
    #[must_use]
    pub const fn min_score(mut self, least: f32) -> Self {
        self.min_score = Some(least);
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

    /// Lets each hit say how it came to its place ([`Hit::explanation`](crate::Hit::explanation)).
    #[must_use]
    pub const fn explain(mut self, explain: bool) -> Self {
        self.explain = explain;
        self
    }

    /// Makes notes count less the farther their date is from an origin.
    ///
    /// This, [`SearchOptions::diversity`] and [`SearchOptions::fold`] arrange the best hundred hits (the best `k`, if that is
    /// more), in this sequence: dates count, then copies fold, then what stands is put in order. The pages that follow go on
    /// in that order to its end, where a page may be short, and then through all other notes as if nothing of it had been
    /// asked for. With a decay, a score is its share of the span from the lowest to the highest of that hundred, times the
    /// decay's factor; diversity changes the order and no score.
    #[must_use]
    pub const fn decay(mut self, decay: Decay) -> Self {
        self.decay = Some(decay);
        self
    }

    /// Prefers hits unlike those before them, by the cosine of the vectors of whole notes: 0 looks at relevance only, 1 after
    /// the first hit at likeness only (maximal marginal relevance, Carbonell and Goldstein 1998, with 1 less their lambda).
    #[must_use]
    pub const fn diversity(mut self, diversity: f32) -> Self {
        self.diversity = diversity;
        self
    }

    /// Folds near-copies into the hit before them that they are copies of ([`Hit::folded`](crate::Hit::folded)): hits whose
    /// texts are at least so similar, as [`DuplicateOptions`](crate::duplicates::DuplicateOptions) says; hits without any
    /// word, by the cosine of their vectors. Other hits move up.
    #[must_use]
    pub const fn fold(mut self, similarity: f32) -> Self {
        self.fold = Some(similarity);
        self
    }

    /// Lets at most the `best` first hits of each value of a field be in the answer and the pages that follow it; what comes
    /// later moves up. Of several tags the least counts; notes without the field are one group. [`Hit::group`](crate::Hit::group)
    /// is the value. What is asked of the arrangement is done before, and its pool is the best hundred still.
    #[must_use]
    pub fn group_by(mut self, field: impl Into<String>, best: usize) -> Self {
        self.grouping = Some(Grouping { field: field.into(), best });
        self
    }

    /// Puts the hits of an answer, the best `k`, in the order of a field's values (numbers, then words by their bytes; of
    /// several tags the least), those without it last. [`Listing`](crate::index::Listing) gives all notes in such an order.
    #[must_use]
    pub fn sort_by(mut self, field: impl Into<String>, descending: bool) -> Self {
        self.sorting = Some(Sorting { field: field.into(), descending });
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
        if !(0.0..=1.0).contains(&self.diversity) {
            let (given, remedy) = (self.diversity.to_string(), "use a number from 0, as relevant as can be, to 1");
            return Err(Error::Option { option: "diversity", given, remedy });
        }
        if let Some(given) = self.fold.filter(|fold| !(*fold > 0.0 && *fold <= 1.0)) {
            let remedy = "use a similarity above 0 and up to 1, such as 0.8";
            return Err(Error::Option { option: "similarity of folded hits", given: given.to_string(), remedy });
        }
        if let Some(given) = self.min_score.filter(|least| least.is_nan()) {
            return Err(Error::Option { option: "least score", given: given.to_string(), remedy: "use a number" });
        }
        if self.grouping.as_ref().is_some_and(|grouping| grouping.best == 0) {
            let remedy = "ask for one or more, or filter";
            return Err(Error::Option { option: "hits of a group", given: "0".to_owned(), remedy });
        }
        self.decay.as_ref().map_or(Ok(()), Decay::check)
    }

    /// What is asked of the arrangement of the best hits, if anything.
    pub(super) fn arrangement(&self) -> Option<Arrangement> {
        let asked = self.decay.is_some() || self.diversity > 0.0 || self.fold.is_some();
        asked.then_some(Arrangement { decay: self.decay, diversity: self.diversity, fold: self.fold })
    }
}
