//! The words of a query, bound to the segments it is asked of.

use super::dense::Search;
use super::opened::Opened;
use super::search::Wording;
use crate::error::Result;
use crate::lexical::{Bound, DamagedWords, Found, Language, Matched, WordsQuery};

/// Terms that are looked up at most: of a long text those that say most about it.
const TERMS: usize = 128;

/// Terms that stand for texts that others are compared with.
const EXPANSION: usize = 24;

/// How many more notes are looked for where equals were left out.
const WIDEN: usize = 4;

/// The terms of a query in the segments of a search.
pub(super) struct Words<'a> {
    query: WordsQuery,
    bound: Bound<'a>,
    segments: &'a [Opened<'a>],
    language: Language,
    /// By term of the query, what it is worth as a share of all.
    worths: Vec<f32>,
}

impl<'a> Words<'a> {
    pub(super) fn new(segments: &'a [Opened<'a>], wordings: &[Wording], language: Language) -> Result<Self> {
        let mut query = WordsQuery::new(language);
        // Weights count against each other only: that of a lone text has no effect.
        let wanted = || wordings.iter().filter(|wording| wording.wanted);
        let most = wanted().map(|wording| wording.weight).fold(0.0, f32::max);
        wanted().for_each(|wording| query.add(&wording.text, wording.weight / most));
        // What is not wanted is not looked for; vectors turn away from it.
        wordings.iter().filter(|wording| !wording.wanted).for_each(|wording| query.without(&wording.text));
        let bound = bind(&query, segments, TERMS)?;
        let total = bound.weight();
        let worth = |asked: &str| {
            let term = bound.terms().iter().find(|term| term.term == asked);
            term.map_or(0.0, |term| term.weight / total)
        };
        let worths = query.terms().map(|asked| worth(&asked.term)).collect();
        Ok(Self { query, bound, segments, language, worths })
    }

    /// Whether nothing is asked for.
    pub(super) fn is_empty(&self) -> bool {
        self.query.is_empty()
    }

    /// What is asked for, to find it in a text.
    pub(super) const fn query(&self) -> &WordsQuery {
        &self.query
    }

    /// What a term of the query is worth, as a share of all of them.
    pub(super) fn worth(&self, term: usize) -> f32 {
        self.worths.get(term).copied().unwrap_or(0.0)
    }

    /// The best notes, best first; of equals those whose ids come first, however many equals there are.
    pub(super) fn best(&self, search: &Search<'_>, most: usize) -> Result<Vec<Found>> {
        // One more than wanted tells whether equals of the last one were left out.
        let mut asked = most.saturating_add(1);
        loop {
            let mut found = self.leading(search, asked)?;
            let score = |place: usize| found.get(place).map(|found| found.score);
            let cut = most > 0 && found.len() == asked && score(most - 1) == score(asked - 1);
            if !cut {
                found.truncate(most);
                return Ok(found);
            }
            asked = asked.saturating_mul(WIDEN);
        }
    }

    /// As [`Words::best`], at a cost that equals do not change: which of those equal to the last one are left out is left to
    /// the order of the index.
    pub(super) fn leading(&self, search: &Search<'_>, most: usize) -> Result<Vec<Found>> {
        if self.is_empty() {
            return Ok(Vec::new());
        }
        let alive =
            |segment: usize, note: u32| self.segments.get(segment).is_some_and(|opened| search.allows(opened, note));
        let stopped = || search.limits.check().is_err();
        let mut found = self.bound.top(most, &alive, &stopped).map_err(|damaged| in_file(self.segments, damaged))?;
        search.limits.check()?;
        let id = |found: &Found| self.segments.get(found.segment).and_then(|opened| opened.id(found.note));
        found.sort_by(|left, right| right.score.total_cmp(&left.score).then_with(|| id(left).cmp(&id(right))));
        Ok(found)
    }

    /// How notes match, each named by its segment and its ordinal there.
    pub(super) fn score(&self, notes: &[(usize, u32)]) -> Result<Vec<Matched>> {
        self.bound.score(notes).map_err(|damaged| in_file(self.segments, damaged))
    }

    /// How notes match what some texts say together, each with its weight: the few terms that say most about them.
    pub(super) fn score_like(&self, texts: &[(&str, f32)], notes: &[(usize, u32)]) -> Result<Vec<Matched>> {
        let mut query = WordsQuery::new(self.language);
        texts.iter().filter(|(_, weight)| *weight > 0.0).for_each(|(text, weight)| query.add(text, *weight));
        let bound = bind(&query, self.segments, EXPANSION)?;
        bound.score(notes).map_err(|damaged| in_file(self.segments, damaged))
    }

    /// No note scores more.
    pub(super) fn most(&self) -> f32 {
        self.bound.best()
    }
}

/// The best terms of a query, looked up.
fn bind<'a>(query: &WordsQuery, segments: &'a [Opened<'a>], most: usize) -> Result<Bound<'a>> {
    let views: Vec<_> = segments.iter().map(Opened::words).collect();
    Bound::new(query, &views, most).map_err(|damaged| in_file(segments, damaged))
}

fn in_file(segments: &[Opened<'_>], damaged: DamagedWords) -> crate::Error {
    match segments.get(damaged.segment) {
        Some(opened) => opened.live.segment.damaged(damaged.source),
        None => crate::Error::Damaged { file: String::new(), source: damaged.source },
    }
}
