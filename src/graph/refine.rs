//! Chooses every node's links anew from a wide neighbourhood.
//!
//! An insertion sees only the nodes that were there before it. Once all nodes are in, a short walk from each node over the
//! finished graph finds its true surroundings; the links are selected from them anew, then made mutual as far as slots
//! allow.

use super::beam::{Space, Walk, Walkers};
use super::select::{Incoming, Joint, Selection, keep_nearest};
use super::{EMPTY, GraphError, Links, Watch, neighbours_of};
use rayon::prelude::*;
use std::ops::Range;

/// Beam width of the walk that collects candidates.
const BEAM_WIDTH: usize = 128;
/// Nodes that one thread takes at a time.
const BLOCK_NODES: usize = 256;

/// One round over all nodes. The result does not depend on the number of threads.
pub(super) fn refine(space: &Space, links: &mut Links, watch: &Watch<'_>) -> Result<(), GraphError> {
    let degree = links.degree as usize;
    let mut chosen = vec![EMPTY; links.neighbours.len()];
    let walkers = Walkers::new(space.len());
    watch.in_chunks(|range| {
        for_blocks(&mut chosen, degree, range, |nodes, rows| {
            walkers.with(|walker| {
                let mut selection = Selection::default();
                for (node, slots) in nodes.zip(rows.chunks_exact_mut(degree)) {
                    let seen = walker.gather(space, links, Walk { target: node, start: node, width: BEAM_WIDTH });
                    keep_nearest(seen, neighbours_of(links, node));
                    selection.select(space, seen, slots);
                }
            });
        });
    })?;
    let incoming = Incoming::of(space.len(), (&chosen, degree), |place| place as u32);
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
