//! Makes every node findable.
//!
//! Two things keep a walk from a node: no chain of links leads there, or one does but the walk, which goes only where
//! the scores lead, ends in another part of the graph (tight clusters do that). Every node is therefore looked for, and
//! one that is not met gets a link from the nearest node that the walk did meet. A breadth-first tree from the entry
//! marks one link to every node as its lifeline; any other link may go to make room, the farthest first, without cutting
//! anything off.

use super::beam::{Scored, Space, Walk, Walker, Walkers};
use super::{GraphError, Links, Watch, neighbours_of};
use rayon::prelude::*;
use std::collections::HashSet;

/// Beam width with which every node must be met: what a plain query uses at the least.
const BEAM_WIDTH: usize = 32;
/// Searches for lost nodes at most.
const STEPS_MAX: usize = 4;
/// One lost node in this many does not call for another search.
const TOLERATED_SHARE: usize = 1000;
/// Nodes that one thread takes at a time.
const BLOCK_NODES: usize = 256;
/// Marks a node that has not been reached.
const UNREACHED: u32 = u32::MAX;

/// Adds links until nearly every node is met by a walk for it, and every one can be reached.
///
/// A change can hide what was found before it, so the search is repeated while it still turns up much.
pub(super) fn meet_all(space: &Space, links: &mut Links, watch: &Watch<'_>) -> Result<(), GraphError> {
    let tolerated = space.len() / TOLERATED_SHARE;
    let mut repair = Repair::new(links);
    for _ in 0..STEPS_MAX {
        let lost = not_met(space, links, watch)?;
        for (count, &node) in lost.iter().enumerate() {
            if count.is_multiple_of(BLOCK_NODES) {
                watch.check()?;
            }
            if !repair.walker.finds(space, links, walk_for(node, links)) {
                repair.tie_in(space, links, node);
            }
        }
        if lost.len() <= tolerated {
            break;
        }
    }
    reach_all(space, links);
    Ok(())
}

/// The nodes that a walk for them does not come upon.
fn not_met(space: &Space, links: &Links, watch: &Watch<'_>) -> Result<Vec<u32>, GraphError> {
    let mut lost = Vec::new();
    let walkers = Walkers::new(space.len());
    watch.in_chunks(|range| {
        let nodes: Vec<u32> = (range.start as u32..range.end as u32).collect();
        lost.par_extend(nodes.par_chunks(BLOCK_NODES).flat_map_iter(|block| {
            walkers.with(|walker| {
                let is_lost = |node: &u32| !walker.finds(space, links, walk_for(*node, links));
                block.iter().copied().filter(is_lost).collect::<Vec<u32>>()
            })
        }));
    })?;
    Ok(lost)
}

/// Adds links until every node can be reached.
pub(super) fn reach_all(space: &Space, links: &mut Links) {
    let mut repair = Repair::new(links);
    for node in 0..space.len() as u32 {
        if !repair.is_reached(node) {
            repair.tie_in(space, links, node);
        }
    }
}

fn walk_for(node: u32, links: &Links) -> Walk {
    Walk { target: node, start: links.entry, width: BEAM_WIDTH }
}

/// A breadth-first tree of what is reached, kept while links change.
struct Repair {
    parents: Vec<u32>,
    /// Slots that hold a repair, which the next repair must not undo.
    repaired: HashSet<usize>,
    queue: Vec<u32>,
    walker: Walker,
}

impl Repair {
    fn new(links: &Links) -> Self {
        let nodes = links.neighbours.len() / links.degree as usize;
        let mut repair = Self {
            parents: vec![UNREACHED; nodes],
            repaired: HashSet::new(),
            queue: Vec::new(),
            walker: Walker::new(nodes),
        };
        if nodes > 0 {
            repair.parents[links.entry as usize] = links.entry;
            repair.spread(links, links.entry);
        }
        repair
    }

    fn is_reached(&self, node: u32) -> bool {
        self.parents[node as usize] != UNREACHED
    }

    /// Links `node` from the nearest node met on the way to it that has a slot to give.
    fn tie_in(&mut self, space: &Space, links: &mut Links, node: u32) {
        let mut met = std::mem::take(self.walker.gather(space, links, walk_for(node, links)));
        met.sort_unstable_by_key(|scored| scored.key());
        give_links(links, node, &met);
        let near = met.iter().map(|scored| scored.node);
        let anywhere = (0..self.parents.len() as u32).filter(|&other| self.is_reached(other) && other != node);
        let strangers = near.chain(anywhere).filter(|&host| !neighbours_of(links, host).contains(&node));
        let spare = |host| self.spare_slot(space, links, host).map(|slot| (host, slot));
        if let Some((host, slot)) = { strangers }.find_map(spare) {
            links.neighbours[slot] = node;
            self.repaired.insert(slot);
            if !self.is_reached(node) {
                self.parents[node as usize] = host;
                self.spread(links, node);
            }
        }
    }

    /// Where `host` can take one more link: a free slot, or that of its farthest link that is no lifeline.
    fn spare_slot(&self, space: &Space, links: &Links, host: u32) -> Option<usize> {
        let start = host as usize * links.degree as usize;
        let used = neighbours_of(links, host);
        if used.len() < links.degree as usize {
            return Some(start + used.len());
        }
        let slots = (start..).zip(used);
        let is_spare =
            |slot, neighbour: u32| self.parents[neighbour as usize] != host && !self.repaired.contains(&slot);
        let spare = slots.filter(|&(slot, &neighbour)| is_spare(slot, neighbour));
        let farthest = spare.min_by_key(|&(_, &neighbour)| space.score(host, neighbour));
        farthest.map(|(slot, _)| slot)
    }

    /// Reaches everything that can be reached from `start`.
    fn spread(&mut self, links: &Links, start: u32) {
        self.queue.clear();
        self.queue.push(start);
        let mut next = 0;
        while let Some(&node) = self.queue.get(next) {
            next += 1;
            for &neighbour in neighbours_of(links, node) {
                if !self.is_reached(neighbour) {
                    self.parents[neighbour as usize] = node;
                    self.queue.push(neighbour);
                }
            }
        }
    }
}

/// Links a node without any to the nearest that were met, so that a walk can leave it.
fn give_links(links: &mut Links, node: u32, nearest: &[Scored]) {
    if neighbours_of(links, node).is_empty() {
        let degree = links.degree as usize;
        let slots = &mut links.neighbours[node as usize * degree..][..degree];
        for (slot, scored) in slots.iter_mut().zip(nearest) {
            *slot = scored.node;
        }
    }
}
