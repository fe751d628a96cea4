//! Inserts the rows that the backbone left out, in batches that grow with the graph.
//!
//! All rows of a batch walk the graph as it stood before, so they share no locks and the result does not depend on the
//! number of threads (batch insertion: Manohar et al. 2024, "ParlayANN"). Rows of one batch do not see each other; the
//! refinement that follows makes up for it.

use super::beam::{Space, Walk, Walkers};
use super::select::{Incoming, Joint, Selection, keep_nearest};
use super::{EMPTY, GraphError, Links, Watch};
use rayon::prelude::*;

/// Beam width of the walk that collects candidates.
const BEAM_WIDTH: usize = 64;
/// A batch adds one row for this many that are in.
const BATCH_SHARE: usize = 2;
/// Rows that one thread takes at a time.
const BLOCK_ROWS: usize = 256;
/// Nodes that are offered new links between two looks at the cancel flag.
const PART_NODES: usize = 16 * 1024;

/// All rows, `first` at the front, each far from the last one whatever order the caller gave them in: rows sorted by topic
/// would otherwise build a graph of poorly joined islands.
pub(super) fn insertion_order(rows: usize, first: u32) -> Vec<u32> {
    let stride = scattering_stride(rows as u64);
    let mut order: Vec<u32> = (0..rows as u64).map(|place| (place * stride % rows as u64) as u32).collect();
    if let Some(place) = order.iter().position(|row| *row == first) {
        order.swap(0, place);
    }
    order
}

/// A step that visits all rows once, by the golden ratio.
fn scattering_stride(rows: u64) -> u64 {
    let golden = (rows as f64 * 0.618_033_988_749_895) as u64;
    (golden.max(1)..).find(|&step| greatest_common_divisor(step, rows) == 1).unwrap_or(1)
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// Inserts `rows` in their order; all others are in.
pub(super) fn insert(space: &Space, mut rows: &[u32], links: &mut Links, watch: &Watch<'_>) -> Result<(), GraphError> {
    while !rows.is_empty() {
        let inside = space.len() - rows.len();
        let (batch, rest) = rows.split_at(rows.len().min(inside.div_ceil(BATCH_SHARE)));
        let chosen = choose(space, batch, links, watch)?;
        link(space, (batch, &chosen), links, watch)?;
        rows = rest;
    }
    Ok(())
}

/// The links of each row of the batch to rows that are in: half as many as fit, so that rows to come find free slots.
fn choose(space: &Space, batch: &[u32], links: &Links, watch: &Watch<'_>) -> Result<Vec<u32>, GraphError> {
    let degree = links.degree as usize;
    let mut chosen = vec![EMPTY; batch.len() * degree];
    let walkers = Walkers::new(space.len());
    watch.over(0..batch.len(), |range| {
        let slots = chosen[range.start * degree..range.end * degree].par_chunks_mut(BLOCK_ROWS * degree);
        slots.zip(batch[range].par_chunks(BLOCK_ROWS)).for_each(|(slots, rows)| {
            walkers.with(|walker| {
                let mut selection = Selection::default();
                for (row, slots) in rows.iter().zip(slots.chunks_exact_mut(degree)) {
                    let walk = Walk { target: *row, start: links.entry, width: BEAM_WIDTH };
                    let seen = walker.gather(space, links, walk);
                    keep_nearest(seen, &[]);
                    selection.select(space, seen, &mut slots[..degree / 2]);
                }
            });
        });
    })?;
    Ok(chosen)
}

/// Writes the links of the batch and offers its rows to the rows they chose.
fn link(
    space: &Space,
    (batch, chosen): (&[u32], &[u32]),
    links: &mut Links,
    watch: &Watch<'_>,
) -> Result<(), GraphError> {
    let degree = links.degree as usize;
    for (&row, slots) in batch.iter().zip(chosen.chunks_exact(degree)) {
        links.neighbours[row as usize * degree..][..degree].copy_from_slice(slots);
    }
    let incoming = Incoming::of(space.len(), (chosen, degree), |place| batch[place]);
    for (part, slots) in links.neighbours.chunks_mut(PART_NODES * degree).enumerate() {
        let blocks = slots.par_chunks_mut(BLOCK_ROWS * degree).enumerate();
        let offer = |(block, slots): (usize, &mut [u32])| {
            let mut joint = Joint::default();
            let first = (part * PART_NODES + block * BLOCK_ROWS) as u32;
            for (node, slots) in (first..).zip(slots.chunks_exact_mut(degree)) {
                let incoming = incoming.of_node(node);
                if !incoming.is_empty() {
                    joint.choose(space, node, incoming, slots);
                }
            }
        };
        watch.whole(|| blocks.for_each(offer))?;
    }
    Ok(())
}
