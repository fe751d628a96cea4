//! Node order: nodes that are walked together lie together.

use super::{EMPTY, Links, neighbours_of};

/// Breadth-first order from the entry: element `i` is the node that moves to position `i`.
///
/// Nodes the entry does not reach come last, in their old order, so that the result is always a permutation.
#[must_use]
pub(crate) fn order(links: &Links) -> Vec<u32> {
    let nodes = links.neighbours.len() / (links.degree as usize).max(1);
    let mut placed = vec![false; nodes];
    let mut order: Vec<u32> = Vec::with_capacity(nodes);
    let mut next = 0;
    let roots = (nodes > 0).then_some(links.entry).into_iter().chain(0..nodes as u32);
    for root in roots {
        if !std::mem::replace(&mut placed[root as usize], true) {
            order.push(root);
        }
        while let Some(&node) = order.get(next) {
            next += 1;
            for &neighbour in neighbours_of(links, node) {
                if !std::mem::replace(&mut placed[neighbour as usize], true) {
                    order.push(neighbour);
                }
            }
        }
    }
    order
}

/// The order that undoes another one.
pub(super) fn inverse(order: &[u32]) -> Vec<u32> {
    let mut inverse = vec![EMPTY; order.len()];
    for (position, &node) in (0_u32..).zip(order) {
        inverse[node as usize] = position;
    }
    inverse
}

/// The same graph with its nodes renumbered: node `order[i]` becomes node `i`.
///
/// # Panics
/// If `order` is not a permutation of the nodes.
#[must_use]
pub(crate) fn permute(links: &Links, order: &[u32]) -> Links {
    let degree = links.degree as usize;
    let nodes = links.neighbours.len() / degree.max(1);
    assert_eq!(order.len(), nodes, "an order names every node once");
    let mut positions = vec![EMPTY; nodes];
    for (position, &node) in (0_u32..).zip(order) {
        let previous = std::mem::replace(&mut positions[node as usize], position);
        assert_eq!(previous, EMPTY, "an order names every node once");
    }
    let mut neighbours = vec![EMPTY; links.neighbours.len()];
    for (slots, &node) in neighbours.chunks_exact_mut(degree.max(1)).zip(order) {
        for (slot, &neighbour) in slots.iter_mut().zip(neighbours_of(links, node)) {
            *slot = positions[neighbour as usize];
        }
    }
    Links { degree: links.degree, entry: positions.get(links.entry as usize).copied().unwrap_or(0), neighbours }
}
