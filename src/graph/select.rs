//! Which candidates become links.
//!
//! By occlusion: a candidate that is nearer to a link already kept than to the node itself is dropped (the
//! relative-neighbourhood rule of Malkov and Yashunin 2016, relaxed by the factor alpha of Subramanya et al. 2019,
//! "DiskANN").

use super::EMPTY;
use super::beam::{Scored, Space};

/// Nearest candidates that take part in the selection.
const CANDIDATES_MAX: usize = 160;
/// How many times nearer to a kept link than to the node a candidate must be to count as occluded for good.
const ALPHA: f32 = 1.1;

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
    in_the_way: Vec<u32>,
    occluded: Vec<u32>,
}

/// How a candidate lies to the links kept before it.
enum View {
    Free,
    /// Nearer to one of them than to the node, but not by much.
    InTheWay,
    Occluded,
}

impl Selection {
    /// Fills `slots` from the candidates: first those that no kept link occludes, then those that one hardly does, then
    /// the others; nearest first.
    pub(super) fn select(&mut self, space: &Space, candidates: &mut [Scored], slots: &mut [u32]) {
        candidates.sort_unstable_by_key(|scored| scored.key());
        self.in_the_way.clear();
        self.occluded.clear();
        slots.fill(EMPTY);
        let mut kept = 0;
        for candidate in candidates.iter() {
            if kept == slots.len() {
                break;
            }
            match view(space, *candidate, &slots[..kept]) {
                View::Free => {
                    slots[kept] = candidate.node;
                    kept += 1;
                }
                View::InTheWay => self.in_the_way.push(candidate.node),
                View::Occluded => self.occluded.push(candidate.node),
            }
        }
        for (slot, &node) in slots[kept..].iter_mut().zip(self.in_the_way.iter().chain(&self.occluded)) {
            *slot = node;
        }
    }
}

fn view(space: &Space, candidate: Scored, kept: &[u32]) -> View {
    let distance = space.distance(candidate.score);
    let mut view = View::Free;
    for &link in kept {
        let between = space.distance(space.score(candidate.node, link));
        if between * ALPHA <= distance {
            return View::Occluded;
        }
        if between <= distance {
            view = View::InTheWay;
        }
    }
    view
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
