//! Which candidates become links.
//!
//! By occlusion: a candidate that is nearer to a link already kept than to the node itself is dropped (the
//! relative-neighbourhood rule of Malkov and Yashunin 2016, and of Subramanya et al. 2019, "DiskANN", at alpha 1).

use super::EMPTY;
use super::beam::{Scored, Space};

/// Nearest candidates that take part in the selection.
const CANDIDATES_MAX: usize = 96;

/// Cuts the candidates to the nearest and to those that were links before: among many near equals the nearest alone
/// would leave no way out.
pub(super) fn keep_nearest(candidates: &mut Vec<Scored>, old_links: &[u32]) {
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
pub(super) struct Selection {
    passed_over: Vec<u32>,
}

impl Selection {
    /// Fills `slots` from the candidates: first those that no kept link occludes, nearest first; then, where slots are
    /// left, the nearest of the occluded ones.
    pub(super) fn select(&mut self, space: &Space, candidates: &mut [Scored], slots: &mut [u32]) {
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
pub(super) struct Joint {
    selection: Selection,
    nodes: Vec<u32>,
    scores: Vec<i32>,
    candidates: Vec<Scored>,
}

impl Joint {
    /// Adds the nodes that chose `node` to the links it chose; selects again when they do not all fit.
    pub(super) fn choose(&mut self, space: &Space, node: u32, incoming: &[u32], slots: &mut [u32]) {
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
pub(super) struct Incoming {
    ends: Vec<usize>,
    sources: Vec<u32>,
}

impl Incoming {
    /// Turns around `degree` slots of each of some rows; `row_of` tells whose slots come at which place.
    pub(super) fn of(nodes: usize, (slots, degree): (&[u32], usize), row_of: impl Fn(usize) -> u32) -> Self {
        let mut ends = vec![0_usize; nodes];
        let used = || slots.iter().enumerate().filter(|(_, node)| **node != EMPTY);
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
            sources[*place] = row_of(slot / degree);
            *place += 1;
        }
        Self { ends, sources }
    }

    pub(super) fn of_node(&self, node: u32) -> &[u32] {
        let node = node as usize;
        let start = if node == 0 { 0 } else { self.ends[node - 1] };
        &self.sources[start..self.ends[node]]
    }
}
