//! The builder's own walk: best-first search over links by code scores, from one node of the graph.

use super::{Links, neighbours_of};
use crate::vector::{CodeParams, Vectors, kernels};
use parking_lot::Mutex;

/// The codes a graph is built on, one row a node. A score is an integer dot product: larger is nearer.
pub(super) struct Space {
    dims: usize,
    codes: Vec<i8>,
    /// The score from which two rows may be equal: that of equal unit vectors, less what rounding may take (about 0.4 of a scale, once).
    equal: f32,
}

impl Space {
    /// The codes of the first rows.
    pub(super) fn of(vectors: &Vectors, rows: usize, params: CodeParams) -> Self {
        let mut codes = vec![0; rows.min(vectors.len()) * params.bytes()];
        for (row, code) in vectors.iter().zip(codes.chunks_exact_mut(params.bytes())) {
            params.encode(row, code);
        }
        Self { dims: params.bytes(), codes, equal: params.scale * (params.scale - 1.0) }
    }

    pub(super) fn len(&self) -> usize {
        self.codes.len() / self.dims
    }

    /// The codes of some rows, in the order given.
    pub(super) fn gather(&self, rows: &[u32]) -> Self {
        let codes = rows.iter().flat_map(|&row| self.code(row)).copied().collect();
        Self { dims: self.dims, codes, equal: self.equal }
    }

    pub(super) fn code(&self, node: u32) -> &[i8] {
        &self.codes[node as usize * self.dims..][..self.dims]
    }

    pub(super) fn score(&self, a: u32, b: u32) -> i32 {
        kernels::dot_i8(self.code(a), self.code(b))
    }

    /// The cosine distance that a score stands for, in units of a score; 0 where rounding alone may have made it.
    pub(super) fn distance(&self, score: i32) -> f32 {
        (self.equal - score as f32).max(0.0)
    }

    /// `out` becomes the scores of `node` with each of `others`.
    pub(super) fn scores(&self, node: u32, others: &[u32], out: &mut Vec<i32>) {
        kernels::dot_i8_many(self.code(node), &self.codes, others, out);
    }

    /// The node nearest to the mean of all: where walks start.
    pub(super) fn central_node(&self) -> u32 {
        let mut sums = vec![0_i64; self.dims];
        for code in self.codes.chunks_exact(self.dims) {
            for (sum, &component) in sums.iter_mut().zip(code) {
                *sum += i64::from(component);
            }
        }
        let towards_mean = |code: &[i8]| -> i128 {
            let products = sums.iter().zip(code);
            products.map(|(&sum, &component)| i128::from(sum) * i128::from(component)).sum()
        };
        let nodes = self.codes.chunks_exact(self.dims).zip(0_u32..);
        let best = nodes.max_by_key(|&(code, node)| (towards_mean(code), std::cmp::Reverse(node)));
        best.map_or(0, |(_, node)| node)
    }
}

/// A node with its score against the node that is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scored {
    pub(super) score: i32,
    pub(super) node: u32,
}

impl Scored {
    /// Sort key: nearest first, ties to the lower node.
    pub(super) fn key(self) -> (std::cmp::Reverse<i32>, u32) {
        (std::cmp::Reverse(self.score), self.node)
    }
}

/// One walk: for which node, from which, and how many nodes wide the beam is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Walk {
    pub(super) target: u32,
    pub(super) start: u32,
    pub(super) width: usize,
}

/// Walkers for the threads of a build: as many are made as work at the same time.
pub(super) struct Walkers {
    nodes: usize,
    idle: Mutex<Vec<Walker>>,
}

impl Walkers {
    pub(super) fn new(nodes: usize) -> Self {
        Self { nodes, idle: Mutex::default() }
    }

    /// Lends a walker.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Walker) -> T) -> T {
        let idle = self.idle.lock().pop();
        let mut walker = idle.unwrap_or_else(|| Walker::new(self.nodes));
        let done = work(&mut walker);
        self.idle.lock().push(walker);
        done
    }
}

/// Reusable state of walks over one graph.
pub(super) struct Walker {
    /// One byte a node, so that the marks stay near: those that hold the present epoch were seen.
    visited: Vec<u8>,
    epoch: u8,
    /// Nearest first, each with whether its links have been followed.
    beam: Vec<(Scored, bool)>,
    /// Length of the part of the beam in which all links have been followed.
    expanded_before: usize,
    seen: Vec<Scored>,
    fresh: Vec<u32>,
    scores: Vec<i32>,
}

impl Walker {
    pub(super) fn new(nodes: usize) -> Self {
        Self {
            visited: vec![0; nodes],
            epoch: 0,
            beam: Vec::new(),
            expanded_before: 0,
            seen: Vec::new(),
            fresh: Vec::new(),
            scores: Vec::new(),
        }
    }

    /// Walks to the end and returns every node that was scored on the way, in no order, without the target itself.
    pub(super) fn gather(&mut self, space: &Space, links: &Links, walk: Walk) -> &mut Vec<Scored> {
        self.run(space, links, walk, false);
        self.seen.retain(|scored| scored.node != walk.target);
        &mut self.seen
    }

    /// Whether the walk comes upon its target.
    pub(super) fn finds(&mut self, space: &Space, links: &Links, walk: Walk) -> bool {
        self.run(space, links, walk, true)
    }

    /// Walks until the beam is exhausted or, if so asked, the target is met; tells whether it was.
    fn run(&mut self, space: &Space, links: &Links, walk: Walk, stop_at_target: bool) -> bool {
        let Walk { target, start, width } = walk;
        self.epoch = self.epoch.wrapping_add(1);
        if self.epoch == 0 {
            self.visited.fill(0);
            self.epoch = 1;
        }
        self.beam.clear();
        self.expanded_before = 0;
        self.seen.clear();
        self.visited[start as usize] = self.epoch;
        self.offer(Scored { score: space.score(target, start), node: start }, width);
        while let Some(node) = self.nearest_unexpanded() {
            if stop_at_target && self.visited[target as usize] == self.epoch {
                return true;
            }
            self.fresh.clear();
            for &neighbour in neighbours_of(links, node) {
                let mark = &mut self.visited[neighbour as usize];
                if *mark != self.epoch {
                    *mark = self.epoch;
                    kernels::prefetch(space.code(neighbour));
                    self.fresh.push(neighbour);
                }
            }
            space.scores(target, &self.fresh, &mut self.scores);
            for slot in 0..self.fresh.len() {
                self.offer(Scored { score: self.scores[slot], node: self.fresh[slot] }, width);
            }
        }
        self.visited[target as usize] == self.epoch
    }

    /// Records a scored node and puts it into the beam if it is near enough.
    fn offer(&mut self, scored: Scored, width: usize) {
        self.seen.push(scored);
        if self.beam.len() == width && self.beam.last().is_some_and(|(held, _)| held.key() < scored.key()) {
            return;
        }
        let place = self.beam.partition_point(|(held, _)| held.key() < scored.key());
        self.beam.truncate(width - 1);
        self.beam.insert(place, (scored, false));
        self.expanded_before = self.expanded_before.min(place);
    }

    /// Marks and returns the nearest node whose links have not been followed.
    fn nearest_unexpanded(&mut self) -> Option<u32> {
        while let Some((scored, expanded)) = self.beam.get_mut(self.expanded_before) {
            self.expanded_before += 1;
            if !std::mem::replace(expanded, true) {
                return Some(scored.node);
            }
        }
        None
    }
}
