//! hnsw_rs searching by itself: the peer at equal recall.
//!
//! Built as its documentation recommends for such widths (M = 16, efConstruction = 200), with the same SIMD dot product
//! that uninote uses, which is at least as fast as the ones it brings along.

use crate::data::Matrix;
use hnsw_rs::prelude::{Distance, Hnsw};
use simsimd::SpatialSimilarity;

const LINKS: usize = 16;
const LAYERS: usize = 16;
const EF_CONSTRUCTION: usize = 200;
/// Points inserted one by one: the very first parallel insertions race for the entry point.
const SERIAL_HEAD: usize = 64;

pub(crate) struct Cosine;

impl Distance<f32> for Cosine {
    fn eval(&self, left: &[f32], right: &[f32]) -> f32 {
        f32::dot(left, right).map_or(1.0, |dot| (1.0 - dot as f32).max(0.0))
    }
}

pub(crate) struct Peer(Hnsw<'static, f32, Cosine>);

impl Peer {
    pub(crate) fn build(vectors: &Matrix<f32>) -> Self {
        let mut hnsw = Hnsw::new(LINKS, vectors.len(), LAYERS, EF_CONSTRUCTION, Cosine);
        let rows: Vec<(&[f32], usize)> = vectors.rows().enumerate().map(|(row, vector)| (vector, row)).collect();
        let (head, tail) = rows.split_at(SERIAL_HEAD.min(rows.len()));
        for row in head {
            hnsw.insert_slice(*row);
        }
        hnsw.parallel_insert_slice(&tail.to_vec());
        hnsw.set_searching_mode(true);
        Self(hnsw)
    }

    /// The rows nearest to the query.
    pub(crate) fn search(&self, query: &[f32], k: usize, ef: usize) -> Vec<usize> {
        self.0.search(query, k, ef).iter().map(|neighbour| neighbour.d_id).collect()
    }
}
