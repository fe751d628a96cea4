//! The evaluation of several ways of searching on one collection.

use super::asking::Questions;
use super::building::{LeftOut, build};
use super::narrow::{Narrow, Remembering};
use super::report::{Contender, Facts};
use super::{Collection, EvalError, Report, Run, Setting};
use crate::encode::{SharedEncoder, builtin::Builtin};
use crate::index::Index;
use crate::query::{Cancel, Mode};
use std::sync::Arc;

/// Ranks that are looked at where nothing else is said; recall at 100 needs as many.
pub const DEPTH: usize = 100;

/// How far an evaluation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// What is being done.
    pub doing: &'a str,
    /// Notes or queries done.
    pub done: u64,
    /// Of so many; 0 where that is not known.
    pub of: u64,
}

/// An evaluation: which collection, which ways of searching, which index.
///
/// ```
/// use uninote::eval::{Collection, Evaluation, Judgments, Metric, Setting};
/// use uninote::{Mode, Note};
///
/// # fn main() -> Result<(), uninote::eval::EvalError> {
/// let notes = vec![
///     Note::new("soup").title("Tomato soup").text("Roast the tomatoes with garlic, then blend them."),
///     Note::new("moon").title("The moon").text("It waxes from new to full and wanes again in a month."),
/// ];
/// let judgments = Judgments::parse(b"q1\tsoup\t1\nq2\tmoon\t1\n", "judgments")?;
/// let collection = Collection::new("kitchen", notes, judgments).query("q1", "vegetable dinner").query("q2", "lunar phases");
/// let report = Evaluation::new(&collection).setting(Setting::new(Mode::Dense)).run(|_| ())?;
/// assert_eq!(report.systems[0].interval(Metric::Ndcg10).mean, 1.0);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Evaluation<'a> {
    collection: &'a Collection,
    settings: Vec<Setting>,
    index: Option<&'a Index>,
    encoder: Option<SharedEncoder>,
    baseline: Option<Run>,
    depth: usize,
    cancel: Option<Cancel>,
}

impl std::fmt::Debug for Evaluation<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Evaluation");
        shown.field("collection", &self.collection.name).field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<'a> Evaluation<'a> {
    /// Of a collection, with an index that is built of it in memory by the built-in encoder.
    #[must_use]
    pub fn new(collection: &'a Collection) -> Self {
        let depth = DEPTH;
        Self { collection, settings: Vec::new(), index: None, encoder: None, baseline: None, depth, cancel: None }
    }

    /// Adds a way of searching. The first is what the others are compared with, unless there is a [`Evaluation::baseline`].
    /// Without any, it is [`Setting::default`].
    #[must_use]
    pub fn setting(mut self, setting: Setting) -> Self {
        self.settings.push(setting);
        self
    }

    /// Searches this index, which holds the notes of the collection under their ids, and builds none.
    #[must_use]
    pub const fn index(mut self, index: &'a Index) -> Self {
        self.index = Some(index);
        self
    }

    /// Builds the index with this encoder.
    #[must_use]
    pub fn encoder(mut self, encoder: SharedEncoder) -> Self {
        self.encoder = Some(encoder);
        self
    }

    /// Compares all settings with this run.
    #[must_use]
    pub fn baseline(mut self, run: Run) -> Self {
        self.baseline = Some(run);
        self
    }

    /// Looks at so many ranks, at least 100 (the default). Average precision is that of the list down to there.
    #[must_use]
    pub fn depth(mut self, depth: usize) -> Self {
        self.depth = depth.max(DEPTH);
        self
    }

    /// Gives up with an error when `cancel` is set.
    #[must_use]
    pub fn cancel(mut self, cancel: &Cancel) -> Self {
        self.cancel = Some(cancel.clone());
        self
    }

    /// Builds what must be built, asks every judged query in every setting, times them, and measures.
    ///
    /// # Errors
    /// [`EvalError`] for judgments without queries, settings that cannot be, and what the index says.
    pub fn run(&self, mut progress: impl FnMut(Progress<'_>)) -> Result<Report, EvalError> {
        if self.collection.judgments.is_empty() {
            return Err(EvalError::NothingJudged { name: self.collection.name.clone() });
        }
        let settings = self.checked()?;
        let whole = Remembering::new(self.with());
        let mut widths: Vec<Option<usize>> = settings.iter().map(|setting| setting.width).collect();
        // Narrow ones first: of the last index, the widest, come the titles.
        widths.sort_unstable_by_key(|width| width.unwrap_or(usize::MAX));
        widths.dedup();
        let mut contenders = Vec::new();
        let mut facts = Facts::of(self.collection, self.depth);
        let mut last = None;
        for width in widths {
            let (index, left_out) = match self.index {
                Some(index) => (Searched::Given(index), LeftOut::default()),
                None => {
                    let encoder: SharedEncoder = Arc::new(Narrow::new(&whole, width));
                    let (index, left_out) = build(self.collection, encoder, self.cancel.as_ref(), &mut progress)?;
                    (Searched::Built(Box::new(index)), left_out)
                }
            };
            let questions = Questions::new(self.collection, index.get())?;
            for (number, setting) in settings.iter().enumerate().filter(|(_, setting)| setting.width == width) {
                let run = questions.run(setting, self.depth, self.cancel.as_ref(), &mut progress)?;
                let latency = questions.latency(setting, self.cancel.as_ref(), &mut progress)?;
                contenders.push((number, Contender { setting: Some(*setting), run, latency }));
            }
            (facts.absent, facts.left_out) = (questions.absent, left_out);
            last = Some(index);
        }
        contenders.sort_by_key(|(number, _)| *number);
        let baseline = self.baseline.clone().map(|run| Contender { setting: None, run, latency: None });
        let contenders = baseline.into_iter().chain(contenders.into_iter().map(|(_, contender)| contender)).collect();
        let mut report = Report::of(facts, &self.collection.judgments, contenders);
        if let Some(index) = &last {
            let asked = |query: &str| self.collection.asked(query);
            report.describe(index.get(), &self.collection.judgments, asked)?;
        }
        Ok(report)
    }

    fn with(&self) -> SharedEncoder {
        self.encoder.clone().unwrap_or_else(|| -> SharedEncoder { Builtin::shared() })
    }

    /// The settings, once each, if they can be.
    fn checked(&self) -> Result<Vec<Setting>, EvalError> {
        let refused = |given: String, remedy: &str| {
            Err(EvalError::Setting { option: "the width", given, remedy: remedy.to_owned() })
        };
        let encoder = self.with().info().width;
        let mut settings: Vec<Setting> = Vec::new();
        for setting in &self.settings {
            let mut setting = *setting;
            if let Some(width) = setting.width {
                if self.index.is_some() {
                    let remedy = "that of an index is what it is; leave out the width, or the index";
                    return refused(width.to_string(), remedy);
                }
                if width == 0 || width > encoder {
                    return refused(width.to_string(), &format!("the encoder has 1 to {encoder}"));
                }
            }
            if setting.mode == Mode::Lexical {
                // Words have no width and are always compared exactly.
                setting = Setting::new(Mode::Lexical);
            }
            if !settings.contains(&setting) {
                settings.push(setting);
            }
        }
        if settings.is_empty() {
            settings.push(Setting::default());
        }
        Ok(settings)
    }
}

/// The index that is searched.
enum Searched<'a> {
    Given(&'a Index),
    Built(Box<Index>),
}

impl Searched<'_> {
    const fn get(&self) -> &Index {
        match self {
            Self::Given(index) => index,
            Self::Built(index) => index,
        }
    }
}
