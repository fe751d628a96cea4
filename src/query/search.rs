//! One search over all live segments: what it asks for, which way it is ordered, its page.

use super::aim::{Aim, Aiming};
use super::arrange::{self, Shown};
use super::dense::{Part, Search};
use super::evidence::evidence;
use super::field_of::ByField;
use super::group::Found;
use super::limits::Limits;
use super::opened::Opened;
use super::options::SearchOptions;
use super::recent::RecentFilters;
use super::words::Words;
use super::{Answer, Explanation, Fusion, Hit, Mode, Stages, pool};
use crate::error::{QueryError, Result};
use crate::lexical::Language;
use crate::rank::{Head, Schema, Table};
use crate::segment::{Deleted, Segment};
use std::sync::Arc;

/// A segment and its deleted notes.
#[derive(Debug, Clone)]
pub(crate) struct LiveSegment {
    /// The segment.
    pub(crate) segment: Arc<Segment>,
    /// Its deleted notes.
    pub(crate) deleted: Deleted,
}

impl LiveSegment {
    /// Notes that are not deleted.
    pub(crate) fn live_notes(&self) -> usize {
        (self.segment.meta().notes as usize).saturating_sub(self.deleted.notes().len())
    }
}

/// What is searched for.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    /// What is searched for in each space; at least one.
    pub(crate) aims: Vec<Aim>,
    /// Notes that must not be their own answer.
    pub(crate) exclude: Vec<String>,
    /// The words that are asked for, as they were written.
    pub(crate) wordings: Vec<Wording>,
}

/// A text whose words are asked for.
#[derive(Debug, Clone)]
pub(crate) struct Wording {
    pub(crate) text: String,
    /// How much it counts against the others, above 0.
    pub(crate) weight: f32,
    /// Whether it is wanted; else its words are not looked for.
    pub(crate) wanted: bool,
}

/// What is searched, and how its words are read.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) segments: &'a [LiveSegment],
    pub(crate) language: Language,
    /// Its last filters.
    pub(crate) filters: &'a RecentFilters,
    /// What reorders the pool.
    pub(crate) head: Option<&'a Head>,
    /// Number of the commit.
    pub(crate) generation: u64,
}

/// The notes of a page in their order, and whether there are more.
pub(super) struct Page<'a> {
    pub(super) placed: Vec<Placed<'a>>,
    pub(super) more: bool,
    pub(super) stages: Stages,
}

/// A note in its place.
pub(super) struct Placed<'a> {
    pub(super) found: Found<'a>,
    /// What the order is by.
    pub(super) score: f32,
    /// How it came here, where that is asked for.
    pub(super) why: Option<Box<Explanation>>,
}

/// Searches the segments for the notes that match the target best.
///
/// # Errors
/// Damage met on the way, and the limits of the call.
pub(crate) fn search(scope: &Scope<'_>, target: &Target, options: &SearchOptions, limits: &Limits) -> Result<Answer> {
    with_search(scope, target, options, limits, |search, words| {
        let mode = mode_of(options.mode, words)?;
        let fields = ByField::asked(options, scope.segments, search.admitted.as_deref())?;
        let plain = |options: &SearchOptions| match mode {
            Mode::Dense => dense(search, options),
            mode => pool::page(search, words, (mode, scope.head), options),
        };
        let shown = arrange::grouped(options, &fields, |options| arrange::page(options, plain))?;
        let Shown { page: Page { placed, stages, .. }, folded, next } = shown;
        placed.iter().for_each(|placed| placed.found.segment.prefetch(placed.found.note));
        let mut hits = Vec::with_capacity(placed.len());
        for placed in &placed {
            limits.check()?;
            let group = fields.group(placed.found.segment.record(placed.found.note)?);
            hits.push(Hit { group, ..evidence(placed, &search.aims, words)? });
        }
        hits.iter_mut().zip(folded).for_each(|(hit, folded)| hit.folded = folded);
        let enough = |hit: &Hit| options.min_score.is_none_or(|least| hit.score >= least);
        let shown = hits.iter().position(|hit| !enough(hit)).unwrap_or(hits.len());
        let next = next.filter(|_| shown == hits.len());
        hits.truncate(shown);
        let hits = fields.sorted(hits, &placed)?;
        Ok(Answer { hits, stages, mode, generation: scope.generation, next })
    })
}

/// Makes everything ready that the steps of a search share.
fn with_search<T>(
    scope: &Scope<'_>,
    target: &Target,
    options: &SearchOptions,
    limits: &Limits,
    run: impl for<'a> FnOnce(&Search<'a>, &Words<'a>) -> Result<T>,
) -> Result<T> {
    options.check()?;
    limits.check()?;
    let segments = Opened::all(scope.segments, target.aims.iter().filter_map(|aim| aim.space))?;
    let aims = Aiming::all(&target.aims, options.granularity);
    let excluded = excluded(scope.segments, &target.exclude)?;
    let admitted = options.filter.as_ref().map(|filter| scope.filters.admitted(filter, scope.segments)).transpose()?;
    let search = Search { segments: &segments, recall: options.recall, limits, aims, excluded, admitted };
    let wordings = if options.mode == Mode::Dense { &[] } else { target.wordings.as_slice() };
    run(&search, &Words::new(&segments, wordings, scope.language)?)
}

/// What the order is by: without words, vectors are all there is.
fn mode_of(asked: Mode, words: &Words<'_>) -> Result<Mode> {
    match (asked, words.is_empty()) {
        (Mode::Lexical, true) => Err(QueryError::NoWords.into()),
        (Mode::Auto | Mode::Fused, true) => Ok(Mode::Dense),
        (Mode::Auto, false) => Ok(Mode::Ranked),
        (asked, _) => Ok(asked),
    }
}

/// The candidates of a query as a head sees them, for training one.
pub(crate) struct Contest {
    /// A row a candidate.
    pub(crate) table: Table,
    /// Their ids.
    pub(crate) ids: Vec<String>,
}

/// What a head that reads `schema` would be given for a target.
///
/// # Errors
/// As [`search`].
pub(crate) fn contest(scope: &Scope<'_>, target: &Target, options: &SearchOptions, schema: &Schema) -> Result<Contest> {
    let limits = Limits::start(options);
    with_search(scope, target, options, &limits, |search, words| {
        let pool = pool::Pool::gather(search, words, Fusion::Scores)?;
        let table = pool::table(search, words, &pool, schema)?;
        let id = |contender: &pool::Contender<'_>| {
            String::from_utf8_lossy(contender.found.id().unwrap_or_default()).into_owned()
        };
        Ok(Contest { table, ids: pool.contenders.iter().map(id).collect() })
    })
}

/// The notes closest to the target.
fn dense<'a>(search: &Search<'a>, options: &SearchOptions) -> Result<Page<'a>> {
    let (mut found, stages) = search.found(Part { k: options.k, after: options.after.as_ref() })?;
    let more = found.len() > options.k;
    found.truncate(options.k);
    let seen = options.after.as_ref().map_or(0, |cursor| cursor.seen as usize);
    let place = |(place, found): (usize, Found<'a>)| {
        let why = Explanation { dense: Some(seen + place), ..Explanation::NOTHING };
        Placed { score: found.score, found, why: options.explain.then(|| Box::new(why)) }
    };
    let placed = found.into_iter().enumerate().map(place).collect();
    Ok(Page { placed, more, stages })
}

/// By segment, the notes with these ids.
fn excluded(segments: &[LiveSegment], ids: &[String]) -> Result<Vec<Vec<u32>>> {
    let of_segment = |live: &LiveSegment| {
        let found = ids.iter().map(|id| live.segment.find(id));
        found.filter_map(Result::transpose).collect()
    };
    segments.iter().map(of_segment).collect()
}
