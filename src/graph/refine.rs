//! Chooses every node's links anew from a wide neighbourhood.
//!
//! An insertion sees only the nodes that were there before it, and hnsw_rs drops the farthest link of a full node
//! without weighing it. Once all nodes are in, a short walk from each node over the finished graph finds its true
//! surroundings; the links are selected from them by occlusion (a candidate that is nearer to a link already kept than
//! to the node itself is dropped: the relative-neighbourhood rule of Malkov and Yashunin, and of Subramanya et al. 2019,
//! "DiskANN", at alpha 1), then links are made mutual as far as slots allow.

use super::beam::{Scored, Space, Walk, Walker};
use super::{EMPTY, GraphError, Links, Watch, neighbours_of};
use rayon::prelude::*;
use std::ops::Range;

/// Beam width of the walk that collects candidates.
const BEAM_WIDTH: usize = 64;
/// Nearest candidates that take part in the selection.
const CANDIDATES_MAX: usize = 96;
/// Nodes that share one walker.
const BLOCK_NODES: usize = 256;

/// Steps of a round, for progress.
pub(super) const STEPS: usize = 2;

/// One round over all nodes. The result does not depend on the number of threads.
pub(super) fn refine(space: &Space, links: &mut Links, watch: &mut Watch<'_>) -> Result<(), GraphError> {
    let degree = links.degree as usize;
    let mut chosen = vec![EMPTY; links.neighbours.len()];
    watch.in_chunks(|range| {
        for_blocks(&mut chosen, degree, range, |nodes, rows| {
            let mut walker = Walker::new(space.len());
            let mut selection = Selection::default();
            for (node, slots) in nodes.zip(rows.chunks_exact_mut(degree)) {
                let seen = walker.gather(space, links, Walk { target: node, start: node, width: BEAM_WIDTH });
                keep_nearest(seen, neighbours_of(links, node));
                selection.select(space, seen, slots);
            }
        });
    })?;
    let incoming = Incoming::of(&chosen, degree);
    watch.in_chunks(|range| {
        for_blocks(&mut chosen, degree, range, |nodes, rows| {
            let mut joint = Joint::default();
            for (node, slots) in nodes.zip(rows.chunks_exact_mut(degree)) {
                joint.choose(space, node, incoming.of_node(node), slots);
            }
        });
    })?;
    links.neighbours = chosen;
    Ok(())
}

/// Runs `work` in parallel on the slots of blocks of a range of nodes.
fn for_blocks(
    slots: &mut [u32],
    degree: usize,
    nodes: Range<usize>,
    work: impl Fn(Range<u32>, &mut [u32]) + Send + Sync,
) {
    let rows = &mut slots[nodes.start * degree..nodes.end * degree];
    rows.par_chunks_mut(BLOCK_NODES * degree).enumerate().for_each(|(block, rows)| {
        let first = (nodes.start + block * BLOCK_NODES) as u32;
        work(first..first + (rows.len() / degree) as u32, rows);
    });
}

/// Cuts the candidates to the nearest and to those that were links before: among many near equals the nearest alone
/// would leave no way out.
fn keep_nearest(candidates: &mut Vec<Scored>, old_links: &[u32]) {
    if candidates.len() <= CANDIDATES_MAX {
        return;
    }
    candidates.select_nth_unstable_by_key(CANDIDATES_MAX, |scored| scored.key());
    let mut kept = CANDIDATES_MAX;
    for place in CANDIDATES_MAX..candidates.len() {
        if old_links.contains(&candidates[place].node) {
            candidates.swap(kept, place);
            kept += 1;
        }
    }
    candidates.truncate(kept);
}

/// Scratch of link selection.
#[derive(Default)]
struct Selection {
    passed_over: Vec<u32>,
}

impl Selection {
    /// Fills `slots` from the candidates: first those that no kept link occludes, nearest first; then, where slots are
    /// left, the nearest of the occluded ones.
    fn select(&mut self, space: &Space, candidates: &mut [Scored], slots: &mut [u32]) {
        candidates.sort_unstable_by_key(|scored| scored.key());
        self.passed_over.clear();
        slots.fill(EMPTY);
        let mut kept = 0;
        for candidate in candidates.iter() {
            if kept == slots.len() {
                break;
            }
            if is_occluded(space, *candidate, &slots[..kept]) {
                self.passed_over.push(candidate.node);
            } else {
                slots[kept] = candidate.node;
                kept += 1;
            }
        }
        for (slot, &node) in slots[kept..].iter_mut().zip(&self.passed_over) {
            *slot = node;
        }
    }
}

fn is_occluded(space: &Space, candidate: Scored, kept: &[u32]) -> bool {
    kept.iter().any(|&link| space.score(candidate.node, link) >= candidate.score)
}

/// Scratch of making links mutual.
#[derive(Default)]
struct Joint {
    selection: Selection,
    nodes: Vec<u32>,
    scores: Vec<i32>,
    candidates: Vec<Scored>,
}

impl Joint {
    /// Adds the nodes that chose `node` to the links it chose; selects again when they do not all fit.
    fn choose(&mut self, space: &Space, node: u32, incoming: &[u32], slots: &mut [u32]) {
        self.nodes.clear();
        self.nodes.extend(slots.iter().copied().take_while(|&slot| slot != EMPTY));
        self.nodes.extend(incoming);
        self.nodes.sort_unstable();
        self.nodes.dedup();
        space.scores(node, &self.nodes, &mut self.scores);
        self.candidates.clear();
        let scored = self.nodes.iter().zip(&self.scores);
        self.candidates.extend(scored.map(|(&node, &score)| Scored { score, node }));
        keep_nearest(&mut self.candidates, slots);
        self.selection.select(space, &mut self.candidates, slots);
    }
}

/// Who links to whom, turned around.
struct Incoming {
    ends: Vec<usize>,
    sources: Vec<u32>,
}

impl Incoming {
    fn of(neighbours: &[u32], degree: usize) -> Self {
        let nodes = neighbours.len() / degree;
        let mut ends = vec![0_usize; nodes];
        let used = || neighbours.iter().enumerate().filter(|(_, node)| **node != EMPTY);
        for (_, &node) in used() {
            ends[node as usize] += 1;
        }
        let mut total = 0;
        for end in &mut ends {
            let count = *end;
            *end = total;
            total += count;
        }
        let mut sources = vec![0; total];
        for (slot, &node) in used() {
            let place = &mut ends[node as usize];
            sources[*place] = (slot / degree) as u32;
            *place += 1;
        }
        Self { ends, sources }
    }

    fn of_node(&self, node: u32) -> &[u32] {
        let node = node as usize;
        let start = if node == 0 { 0 } else { self.ends[node - 1] };
        &self.sources[start..self.ends[node]]
    }
}
