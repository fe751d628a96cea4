//! The navigable backbone, by hnsw_rs: insertion of the codes of some rows, and layer 0 flattened to fixed-degree links.

use super::beam::Space;
use super::{EMPTY, GraphError, GraphParams, Links, Watch};
use crate::vector::kernels;
use crate::vector::quantise::CodeParams;
use hnsw_rs::prelude::{Distance, Hnsw};
use rayon::prelude::*;

/// Layers hnsw_rs allows at most.
const LAYERS_MAX: usize = 16;
/// Points inserted before threads share the work: the very first insertions of hnsw_rs race for the entry point.
const SERIAL_HEAD: usize = 64;

/// Cosine distance of codes; never negative, which hnsw_rs demands.
struct CodeDistance {
    params: CodeParams,
}

impl Distance<i8> for CodeDistance {
    fn eval(&self, a: &[i8], b: &[i8]) -> f32 {
        (1.0 - self.params.score_to_cosine(kernels::dot_i8(a, b))).max(0.0)
    }
}

/// Inserts `rows` in their order and returns the links of all rows: layer 0 for these, none for the others.
pub(super) fn insert(
    space: &Space,
    rows: &[u32],
    (code_params, params): (CodeParams, &GraphParams),
    watch: &Watch<'_>,
) -> Result<Links, GraphError> {
    let distance = CodeDistance { params: code_params };
    let hnsw = Hnsw::new(params.max_degree / 2, rows.len(), LAYERS_MAX, params.ef_construction, distance);
    let insert = |&row: &u32| hnsw.insert_slice((space.code(row), row as usize));
    let serial_until = if params.threads == 1 { rows.len() } else { SERIAL_HEAD };
    watch.over(0..rows.len(), |range| {
        let serial_end = range.end.min(serial_until).max(range.start);
        rows[range.start..serial_end].iter().for_each(insert);
        rows[serial_end..range.end].par_iter().for_each(insert);
    })?;
    Ok(layer_zero(&hnsw, space.len(), params.max_degree))
}

/// Copies the links of layer 0 out of hnsw_rs by the caller's row numbers.
fn layer_zero(hnsw: &Hnsw<'_, i8, CodeDistance>, rows: usize, degree: usize) -> Links {
    let mut neighbours = vec![EMPTY; rows * degree];
    for point in hnsw.get_point_indexation() {
        let node = point.get_origin_id();
        let slots = &mut neighbours[node * degree..][..degree];
        let layers = point.get_neighborhood_id();
        let linked = layers.first().into_iter().flatten().map(|neighbour| neighbour.d_id);
        for (slot, neighbour) in slots.iter_mut().zip(linked.filter(|&other| other != node)) {
            *slot = neighbour as u32;
        }
    }
    Links { degree: degree as u32, entry: 0, neighbours }
}
