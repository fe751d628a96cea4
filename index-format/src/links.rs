//! Layer 0 of a proximity graph with a fixed number of slots a node: owned form and borrowed view.

use crate::layout::NO_NEIGHBOUR;

/// Fixed-degree adjacency: `degree` slots a node, unused ones hold `u32::MAX` at the end of the node's slots.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// Slots a node.
    pub degree: u32,
    /// The node every walk starts from.
    pub entry: u32,
    /// `nodes * degree` slots.
    pub neighbours: Vec<u32>,
}

impl Links {
    /// Number of nodes.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.neighbours.len().checked_div(self.degree as usize).unwrap_or(0)
    }

    /// The borrowed form.
    #[must_use]
    pub fn view(&self) -> LinksView<'_> {
        LinksView { degree: self.degree as usize, entry: self.entry, starts: 0, neighbours: &self.neighbours }
    }
}

/// Borrowed adjacency. Neighbour numbers come from a file and may be anything: callers check them.
#[derive(Debug, Clone, Copy)]
pub struct LinksView<'a> {
    /// Slots a node.
    pub degree: usize,
    /// The node every walk starts from; may be out of range in a damaged file.
    pub entry: u32,
    /// How many of the first nodes are spread over all, so that a walk may as well start from the best of them.
    pub starts: u32,
    /// All slots.
    pub neighbours: &'a [u32],
}

impl<'a> LinksView<'a> {
    /// All slots of a node, without looking at them; empty for a node out of range.
    #[inline]
    #[must_use]
    pub fn slots(&self, node: u32) -> &'a [u32] {
        let start = (node as usize).saturating_mul(self.degree);
        self.neighbours.get(start..start.saturating_add(self.degree)).unwrap_or(&[])
    }

    /// The slots of a node that are in use; empty for a node out of range.
    #[must_use]
    pub fn of(&self, node: u32) -> &'a [u32] {
        let slots = self.slots(node);
        let used = slots.iter().position(|neighbour| *neighbour == NO_NEIGHBOUR).unwrap_or(slots.len());
        slots.get(..used).unwrap_or(&[])
    }

    /// For each node, whether links lead from it to the entry. Links to nodes that do not exist lead nowhere.
    #[must_use]
    pub fn reaching_entry(&self) -> Vec<bool> {
        let nodes = self.neighbours.len().checked_div(self.degree).unwrap_or(0);
        let links = || {
            let of = |node: u32| self.of(node).iter().map(move |to| (node, *to as usize));
            (0..nodes as u32).flat_map(of).filter(|(_, to)| *to < nodes)
        };
        // Who links to a node lies between its start and the next one's; until all are there, a start is an end.
        let mut starts = vec![0_usize; nodes.saturating_add(1)];
        for (_, to) in links() {
            if let Some(count) = starts.get_mut(to) {
                *count = count.saturating_add(1);
            }
        }
        let mut end = 0_usize;
        for start in &mut starts {
            end = end.saturating_add(*start);
            *start = end;
        }
        let mut from = vec![0_u32; end];
        for (node, to) in links() {
            if let Some(start) = starts.get_mut(to) {
                *start = start.saturating_sub(1);
                if let Some(place) = from.get_mut(*start) {
                    *place = node;
                }
            }
        }
        let mut reaching = vec![false; nodes];
        let mut queue = vec![self.entry];
        while let Some(node) = queue.pop() {
            if let Some(seen) = reaching.get_mut(node as usize).filter(|seen| !**seen) {
                *seen = true;
                let bounds = starts.get(node as usize).zip(starts.get((node as usize).saturating_add(1)));
                queue.extend_from_slice(bounds.and_then(|(start, end)| from.get(*start..*end)).unwrap_or(&[]));
            }
        }
        reaching
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_reaches_the_entry_is_what_a_walk_from_it_comes_to(
            neighbours in proptest::collection::vec(0_u32..40, 0..90),
            entry in 0_u32..35,
        ) {
            // Some links name nodes that do not exist, and so may the entry.
            let links = LinksView { degree: 3, entry, starts: 0, neighbours: &neighbours };
            let nodes = neighbours.len() / 3;
            let comes = |from: usize| {
                let (mut seen, mut queue) = (vec![false; nodes], vec![from as u32]);
                while let Some(node) = queue.pop() {
                    if let Some(seen) = seen.get_mut(node as usize).filter(|seen| !**seen) {
                        *seen = true;
                        queue.extend_from_slice(links.of(node));
                    }
                }
                seen.get(entry as usize) == Some(&true)
            };
            prop_assert_eq!(links.reaching_entry(), (0..nodes).map(comes).collect::<Vec<bool>>());
        }
    }
}
