//! One engine searching with as much of its index in memory as is allowed.

use crate::Outcome;
use crate::cgroup::{Group, Place};
use crate::child::Handle;
use crate::coordinate::Bench;
use crate::engine::Spec;
use crate::page_cache::evict;
use crate::process::Memory;
use crate::protocol::{Opened, Request, Searched};
use crate::sweep::found;
use serde::Serialize;
use std::fmt::{Display, Formatter};
use std::path::PathBuf;

/// Where nearly every page has to come from disk, a part of the queries tells enough.
const LONGEST_PASS_S: f64 = 60.0;

/// Resident memory that may count elsewhere than in the worker's group: what it runs of the program and its libraries.
const ELSEWHERE: u64 = 8_000_000;

/// How much of an index may be in memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Allowed {
    All,
    Share {
        share: f64,
        /// Of the whole process, in bytes.
        limit: u64,
    },
    /// Nothing at the start of a pass, for want of a way to set a limit.
    Evicted,
}

impl Display for Allowed {
    fn fmt(&self, out: &mut Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::All => write!(out, "without limit"),
            Self::Share { share, limit } => write!(out, "{share} of the index, {:.0} MB in all", *limit as f64 / 1e6),
            Self::Evicted => write!(out, "put out of memory before each pass"),
        }
    }
}

/// The passes at one allowance.
pub(crate) struct Run {
    pub(crate) allowed: Allowed,
    /// The pass before those that count.
    pub(crate) warming: Option<Figures>,
    pub(crate) passes: Vec<Figures>,
    /// After the last pass.
    pub(crate) memory: Memory,
}

/// What one pass gave.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Figures {
    /// Searched before time ran out.
    pub(crate) queries: usize,
    pub(crate) recall: f64,
    /// Queries a second by the clock.
    pub(crate) qps: f64,
    /// Processor time of a query, to tell waiting from work.
    pub(crate) cpu_ms: f64,
    /// A query, where the system tells.
    pub(crate) major_faults: Option<f64>,
    /// Thousands of bytes a query, where the system tells.
    pub(crate) read_kb: Option<f64>,
}

/// An engine at the setting that all its runs have.
pub(crate) struct Trial<'a> {
    pub(crate) spec: Spec,
    pub(crate) bench: &'a Bench<'a>,
    /// Where to make groups; none if that is not possible.
    pub(crate) place: Option<&'a Place>,
    pub(crate) knob: Vec<f64>,
}

/// A worker with its index open. It must end before its group can be removed, so it comes first.
struct Confined {
    handle: Handle,
    group: Option<Group>,
    opened: Opened,
}

impl Confined {
    /// Sees whether the limit held for the index. Files that another process has mapped cannot be put out of memory,
    /// and their pages stay counted for that process; figures would then be those without limit.
    fn held(&self, memory: Memory) -> Outcome {
        let Some(group) = &self.group else { return Ok(()) };
        counted(memory.rss_kb.saturating_sub(self.opened.before.rss_kb) * 1024, group.used()?)
    }
}

fn counted(gained: u64, used: u64) -> Outcome {
    if gained <= used + ELSEWHERE {
        return Ok(());
    }
    let [gained, used] = [gained, used].map(|bytes| bytes / 1_000_000);
    Err(format!(
        "the limit did not hold: {gained} MB came into memory, but only {used} MB count towards it; end other \
         processes that have this index open, or give a folder of its own with --out"
    )
    .into())
}

impl Trial<'_> {
    /// One pass to warm up and those that count, in one worker; without warming up, each in its own, if evicted.
    pub(crate) fn run(&self, allowed: Allowed) -> Outcome<Run> {
        eprintln!("{}: {allowed}", self.spec.name);
        let fresh = allowed == Allowed::Evicted;
        let mut worker = self.start(allowed)?;
        let search = |worker: &mut Confined| pass(self.bench, &mut worker.handle, &self.knob, Some(LONGEST_PASS_S));
        let warming = if fresh { None } else { Some(search(&mut worker)?.0) };
        let (mut passes, mut memory) = (Vec::new(), Memory::default());
        for number in 0..self.bench.arguments.repeats.max(1) {
            if fresh && number > 0 {
                drop(worker);
                worker = self.start(allowed)?;
            }
            let (figures, after) = search(&mut worker)?;
            passes.push(figures);
            memory = after;
            worker.held(memory)?;
        }
        Ok(Run { allowed, warming, passes, memory })
    }

    /// Starts a worker whose limit holds before it opens its index.
    fn start(&self, allowed: Allowed) -> Outcome<Confined> {
        let dir = self.bench.index(&self.spec);
        if allowed != Allowed::All {
            evict(&dir)?;
        }
        let group = match (allowed, self.place) {
            (Allowed::Share { limit, .. }, Some(place)) => Some(place.group(limit)?),
            _ => None,
        };
        // Bound after its group, so that where something fails it ends before the group is removed.
        let mut handle = Handle::start(&self.spec, &self.bench.launch)?;
        if let Some(group) = &group {
            group.admit(handle.id())?;
        }
        let opened = handle.ask(&Request::Open { dir })?;
        Ok(Confined { handle, group, opened })
    }
}

/// One pass over the queries, and the worker's memory after it.
pub(crate) fn pass(
    bench: &Bench<'_>,
    handle: &mut Handle,
    knob: &[f64],
    longest_s: Option<f64>,
) -> Outcome<(Figures, Memory)> {
    let judge = &bench.collection.judge;
    let request = Request::Search {
        queries: bench.collection.queries.clone(),
        k: bench.arguments.k,
        knob: knob.to_vec(),
        ids: ids(bench),
        longest_s,
    };
    let searched: Searched = handle.ask(&request)?;
    let queries = searched.queries.unwrap_or(judge.queries.len());
    let recall = judge.recall(&found(&ids(bench))?, queries)?;
    Ok((Figures::of(&searched, queries, recall)?, searched.memory))
}

/// Where workers write the rows that they find.
pub(crate) fn ids(bench: &Bench<'_>) -> PathBuf {
    bench.out.join("ids.tmp")
}

impl Figures {
    fn of(searched: &Searched, queries: usize, recall: f64) -> Outcome<Self> {
        let wall_s = searched.wall_s.ok_or("its worker does not say how long it took by the clock")?;
        let each = |total: u64| total as f64 / queries as f64;
        Ok(Self {
            queries,
            recall,
            qps: queries as f64 / wall_s,
            cpu_ms: searched.cpu_s * 1e3 / queries as f64,
            major_faults: searched.major_faults.map(each),
            read_kb: searched.read_bytes.map(|bytes| each(bytes) / 1e3),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_counts_elsewhere_is_noticed() {
        assert!(counted(50_000_000, 50_000_000).is_ok());
        assert!(counted(50_000_000 + ELSEWHERE, 50_000_000).is_ok(), "the program itself");
        let error = counted(371_000_000, 24_000_000).expect_err("an index that stayed in memory").to_string();
        assert!(error.contains("371 MB") && error.contains("24 MB"), "{error}");
    }

    #[test]
    fn figures_are_of_the_queries_searched() {
        let searched = Searched {
            cpu_s: 0.5,
            wall_s: Some(2.0),
            major_faults: Some(40),
            read_bytes: Some(80_000),
            queries: Some(20),
            evaluations: None,
            memory: Memory::default(),
        };
        let figures = Figures::of(&searched, 20, 0.9).expect("a time by the clock");
        assert_eq!((figures.qps, figures.cpu_ms), (10.0, 25.0));
        assert_eq!((figures.major_faults, figures.read_kb), (Some(2.0), Some(4.0)));
        assert!(Figures::of(&Searched { wall_s: None, ..searched }, 20, 0.9).is_err());
    }
}
