//! Reading one committed state, for as long as it is wanted.

use super::shared::Shared;
use super::state::State;
use super::target::{of_texts, target};
use crate::error::Result;
use crate::lexical::Language;
use crate::query::{Answer, Limits, LiveSegment, Query, Scope, SearchOptions, Target, search};
use crate::rank::About;
use rayon::prelude::*;
use std::sync::Arc;

/// One committed state of an index. Cheap to clone; it neither blocks a writer nor changes under its reader.
#[derive(Clone)]
pub struct Snapshot {
    pub(super) state: Arc<State>,
}

impl std::fmt::Debug for Snapshot {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Snapshot").field("generation", &self.generation()).finish_non_exhaustive()
    }
}

/// Counts of one vector space.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpaceStats {
    /// Its name: `global`, `local`, or that of a space of the caller's.
    pub name: String,
    /// Width of its vectors.
    pub width: u32,
    /// Rows, those of deleted notes included.
    pub rows: u64,
    /// Rows that a graph covers; the rest is scanned.
    pub rows_in_graphs: u64,
    /// Bytes a search works on: coarse codes and links.
    pub hot_bytes: u64,
}

/// Counts of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Number of the committed state.
    pub generation: u64,
    /// Live notes.
    pub notes: u64,
    /// Deleted notes whose space has not come back yet.
    pub deleted: u64,
    /// Segments.
    pub segments: u64,
    /// Bytes of all segment files.
    pub bytes: u64,
    /// Name of the encoder.
    pub encoder: String,
    /// Fingerprint of the encoder.
    pub fingerprint: String,
    /// Width of the vectors.
    pub width: u32,
    /// Prefixes of its vectors that the encoder was trained to keep useful. Where there are none, the index learns a rotation
    /// that makes some, from 4,096 rows on.
    pub prefixes: Vec<u32>,
    /// Vector spaces.
    pub spaces: Vec<SpaceStats>,
    /// The language that words are read in.
    pub language: Language,
    /// The ranking head in use; none only in a build that is broken.
    pub head: Option<HeadStats>,
    /// Whether the index has a ranking head of its own that cannot be used, because it is damaged or gone or was made for
    /// other features than this build has: the one that comes with the library stands in for it.
    pub head_unusable: bool,
    /// The adapter that vectors and queries go through, if one is installed.
    pub adapter: Option<AdapterStats>,
}

/// What is known of the ranking head in use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct HeadStats {
    /// Whether it is the index's own; else it is the one that comes with the library.
    pub own: bool,
    /// What it was trained on, and how.
    pub about: About,
}

/// What is known of an installed adapter.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdapterStats {
    /// When it was trained, milliseconds since 1970 UTC.
    pub made_ms: i64,
    /// How it was trained and what it gained, in words.
    pub made_with: String,
}

impl Snapshot {
    pub(super) fn new(shared: &Shared) -> Self {
        Self { state: shared.current() }
    }

    /// Number of the committed state.
    #[must_use]
    pub fn generation(&self) -> u64 {
        self.state.manifest.generation
    }

    /// Number of live notes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.state.segments.iter().map(LiveSegment::live_notes).sum()
    }

    /// Whether there is no note.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The ids of all live notes, in the order of the index. Ids in damaged parts of a file are left out.
    pub fn ids(&self) -> impl Iterator<Item = String> + '_ {
        self.state.segments.iter().flat_map(|live| {
            let notes = 0..live.segment.meta().notes;
            notes.filter(|note| !live.deleted.contains(*note)).filter_map(|note| {
                let id = live.segment.view().ok()?.ids.get(note as usize).ok()?;
                String::from_utf8(id.to_vec()).ok()
            })
        })
    }

    /// Searches this state.
    ///
    /// # Errors
    /// [`Error::Query`](crate::Error::Query) and bad options or vectors, what the encoder does not read, notes and spaces that
    /// are not there, the limits of the call, damage met on the way.
    pub fn search(&self, query: impl Into<Query>, options: &SearchOptions) -> Result<Answer> {
        let limits = Limits::start(options);
        let target = target(self, &query.into(), options.mode)?;
        search(&self.scope(), &target, options, &limits)
    }

    /// What a search looks into.
    pub(super) fn scope(&self) -> Scope<'_> {
        Scope {
            segments: &self.state.segments,
            filters: &self.state.filters,
            language: self.state.language,
            head: self.state.head(),
            generation: self.generation(),
        }
    }

    /// Answers many queries, on the threads of the current rayon pool (all cores unless you made another); the answers come
    /// in the order of the queries. Queries of one text each are encoded together, up to 256 in one call of the encoder. A
    /// timeout among the options is that of each search.
    ///
    /// # Errors
    /// Those of [`Snapshot::search`] for any of the queries.
    pub fn search_batch<Q: Into<Query>>(
        &self,
        queries: impl IntoIterator<Item = Q>,
        options: &SearchOptions,
    ) -> Result<Vec<Answer>> {
        let queries: Vec<Query> = queries.into_iter().map(Into::into).collect();
        let ready = of_texts(self, &queries);
        let answer = |(query, target): (Query, Option<Target>)| match target {
            None => self.search(query, options),
            Some(target) => {
                let limits = Limits::start(options);
                search(&self.scope(), &target, options, &limits)
            }
        };
        queries.into_par_iter().zip(ready).map(answer).collect()
    }

    /// Counts.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let manifest = &self.state.manifest;
        let spaces = manifest.spaces.iter().enumerate().map(|(ordinal, space)| {
            let (name, width) = (space.name.clone(), space.width);
            let mut stats = SpaceStats { name, width, rows: 0, rows_in_graphs: 0, hot_bytes: 0 };
            let metas = self.state.segments.iter().filter_map(|live| live.segment.meta().spaces.get(ordinal));
            for meta in metas {
                let rows = u64::from(meta.rows);
                stats.rows += rows;
                stats.rows_in_graphs += if meta.graph.is_some() { rows } else { 0 };
                let links = meta.graph.map_or(0, |graph| u64::from(graph.degree) * size_of::<u32>() as u64);
                stats.hot_bytes += rows * (meta.code_bytes() as u64 + links);
            }
            stats
        });
        Stats {
            generation: manifest.generation,
            notes: self.len() as u64,
            deleted: manifest.segments.iter().map(|entry| u64::from(entry.deleted)).sum(),
            segments: manifest.segments.len() as u64,
            bytes: manifest.segments.iter().map(|entry| entry.file.len).sum(),
            encoder: manifest.encoder.name.clone(),
            fingerprint: manifest.encoder.fingerprint.clone(),
            width: manifest.encoder.width,
            prefixes: manifest.encoder.prefixes.clone(),
            spaces: spaces.collect(),
            language: self.state.language,
            head: self
                .state
                .head()
                .map(|head| HeadStats { own: self.state.head.is_some(), about: head.about().clone() }),
            head_unusable: manifest.head.is_some() && self.state.head.is_none(),
            adapter: self.state.adapter.as_ref().map(|installed| AdapterStats {
                made_ms: installed.record.made_ms,
                made_with: installed.record.made_with.clone(),
            }),
        }
    }

    /// The segment and ordinal of the live note with this id.
    pub(super) fn find(&self, id: &str) -> Result<Option<(&LiveSegment, u32)>> {
        for live in self.state.segments.iter().rev() {
            if let Some(note) = live.segment.find(id)?.filter(|note| !live.deleted.contains(*note)) {
                return Ok(Some((live, note)));
            }
        }
        Ok(None)
    }
}
