//! Vectors in, owned links out: builds the proximity graph that a query walks.
//!
//! The steps: hnsw_rs inserts the 8-bit codes of a sample and leaves a navigable backbone (Malkov and Yashunin 2016, arXiv
//! 1603.09320), whose layer 0 is flattened to a fixed degree; the other rows are inserted into it in growing batches
//! (`grow`); every node's links are then chosen anew from a wider neighbourhood by occlusion (`refine`); whatever the walk
//! could still not reach is tied in (`reach`). Upper layers are dropped: a walk starts at one central node. This room alone
//! knows hnsw_rs; it knows nothing of files or queries.

mod backbone;
mod beam;
mod grow;
mod order;
mod reach;
mod refine;
mod select;
mod twins;
mod watch;

pub(crate) use order::{order, permute};

// The owned form of the links belongs to the format crate; nothing else of it is needed here.
use index_format::Links;

use crate::vector::Vectors;
use crate::vector::quantise::CodeParams;
use beam::Space;
use thiserror::Error;
use twins::Twins;
use watch::Watch;

/// An unused slot.
const EMPTY: u32 = u32::MAX;
/// Largest layer-0 degree: a node's links then fill four cache lines.
const DEGREE_MAX: usize = 64;

/// One row in this many is in the sample that hnsw_rs inserts.
const SAMPLE_SHARE: usize = 16;
/// Rows in the sample at least, if there are as many.
const SAMPLE_MIN: usize = 1_000;

/// How a graph is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GraphParams {
    /// Slots a node: an even number from 4 to 64.
    pub(crate) max_degree: usize,
    /// Beam width of an insertion into the backbone; more is slower and better.
    pub(crate) ef_construction: usize,
    /// Rounds of link selection after the insertion.
    pub(crate) refinements: usize,
    /// Threads to build on; with one thread a build is repeatable.
    pub(crate) threads: usize,
}

impl Default for GraphParams {
    fn default() -> Self {
        Self { max_degree: 32, ef_construction: 40, refinements: 1, threads: 1 }
    }
}

/// Why a graph was not built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GraphError {
    /// A degree out of range.
    #[error("graph degree {got} is not an even number from 4 to {DEGREE_MAX}")]
    Degree {
        /// What was asked for.
        got: usize,
    },
    /// A beam of no width.
    #[error("ef_construction must be at least 1")]
    EfConstruction,
    /// No threads to build on.
    #[error("a graph needs at least one thread to build on")]
    NoThreads,
    /// More rows than node numbers.
    #[error("{got} rows exceed the {limit} that one graph can number: split the collection into segments")]
    TooManyRows {
        /// Rows that were given.
        got: usize,
        /// Rows that fit.
        limit: usize,
    },
    /// The system refused threads.
    #[error("cannot start the build threads: {reason}; ask for fewer")]
    Threads {
        /// The system's words.
        reason: String,
    },
    /// The caller's cancel flag was up.
    #[error("graph build was cancelled")]
    Cancelled,
}

impl GraphParams {
    fn check(&self, rows: usize) -> Result<(), GraphError> {
        let Self { max_degree, .. } = *self;
        if !(4..=DEGREE_MAX).contains(&max_degree) || !max_degree.is_multiple_of(2) {
            return Err(GraphError::Degree { got: max_degree });
        }
        if self.ef_construction == 0 {
            return Err(GraphError::EfConstruction);
        }
        if self.threads == 0 {
            return Err(GraphError::NoThreads);
        }
        // hnsw_rs counts the points of a layer in i32.
        let limit = i32::MAX as usize;
        if rows > limit {
            return Err(GraphError::TooManyRows { got: rows, limit });
        }
        Ok(())
    }
}

/// Builds the links of the first `rows` rows: unit vectors of one width.
///
/// Every node can be reached from [`Links::entry`]; rows without any other row have no links; no rows give no links and
/// entry 0. `cancel` is asked between steps of some thousand rows. With one thread the result is repeatable.
///
/// # Errors
/// Parameters out of range, too many rows, no threads to be had, or [`GraphError::Cancelled`].
pub(crate) fn build(
    vectors: &Vectors,
    rows: usize,
    params: &GraphParams,
    cancel: &dyn Fn() -> bool,
) -> Result<Links, GraphError> {
    params.check(vectors.len())?;
    let code_params = CodeParams::eight(vectors, vectors.width());
    let space = Space::of(vectors, rows, code_params);
    let twins = Twins::of(&space);
    let distinct = twins.distinct(space);
    let mut links = if distinct.len() <= params.max_degree + 1 {
        complete(distinct.len(), params.max_degree)
    } else {
        let watch = Watch::new(cancel, params.threads, distinct.len())?;
        let rows = grow::insertion_order(distinct.len(), distinct.central_node());
        let (sample, rest) = rows.split_at(rows.len().min((rows.len() / SAMPLE_SHARE).max(SAMPLE_MIN)));
        let mut links = backbone::insert(&distinct, sample, (code_params, params), &watch)?;
        links.entry = rows[0];
        grow::insert(&distinct, rest, &mut links, &watch)?;
        // Nodes that are walked together lie together from here on, so that one walk finds in cache what the last one read.
        let order = order(&links);
        let near = distinct.gather(&order);
        links = permute(&links, &order);
        for _ in 0..params.refinements {
            refine::refine(&near, &mut links, &watch)?;
        }
        reach::meet_all(&near, &mut links, &watch)?;
        permute(&links, &order::inverse(&order))
    };
    if !twins.is_empty() {
        links = twins.spread(links);
        reach::reach_all(&twins.all(distinct), &mut links);
    }
    Ok(links)
}

/// Adds the rows that `links` does not know yet, those past its end, to a graph of the rows before them.
///
/// Meant for few rows: they are inserted and reached, and no links but those of their neighbours are chosen anew.
///
/// # Errors
/// As [`build`].
pub(crate) fn extend(
    vectors: &Vectors,
    mut links: Links,
    params: &GraphParams,
    cancel: &dyn Fn() -> bool,
) -> Result<Links, GraphError> {
    params.check(vectors.len())?;
    let space = Space::of(vectors, vectors.len(), CodeParams::eight(vectors, vectors.width()));
    let inside = links.neighbours.len() / (links.degree as usize).max(1);
    let added = space.len().saturating_sub(inside);
    links.neighbours.resize(space.len() * links.degree as usize, EMPTY);
    let rows: Vec<u32> = grow::insertion_order(added, 0).into_iter().map(|row| row + inside as u32).collect();
    grow::insert(&space, &rows, &mut links, &Watch::new(cancel, params.threads, added)?)?;
    reach::reach_all(&space, &mut links);
    Ok(links)
}

/// All rows linked to all others: right for a handful.
fn complete(rows: usize, degree: usize) -> Links {
    let mut neighbours = vec![EMPTY; rows * degree];
    for (node, slots) in neighbours.chunks_exact_mut(degree).enumerate() {
        let others = (0..rows).filter(|&other| other != node);
        for (slot, other) in slots.iter_mut().zip(others) {
            *slot = other as u32;
        }
    }
    Links { degree: degree as u32, entry: 0, neighbours }
}

/// The used slots of a node.
fn neighbours_of(links: &Links, node: u32) -> &[u32] {
    let degree = links.degree as usize;
    let slots = &links.neighbours[node as usize * degree..][..degree];
    let used = slots.iter().position(|&slot| slot == EMPTY).unwrap_or(degree);
    &slots[..used]
}

#[cfg(test)]
mod tests;
