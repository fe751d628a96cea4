//! The navigable backbone, by hnsw_rs: insertion of codes, and layer 0 flattened to fixed-degree links.

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

/// Inserts every row and returns layer 0; the entry is left at 0.
pub(super) fn insert_all(
    space: &Space,
    code_params: CodeParams,
    params: &GraphParams,
    watch: &mut Watch<'_>,
) -> Result<Links, GraphError> {
    let rows = space.len();
    let distance = CodeDistance { params: code_params };
    let hnsw = Hnsw::new(params.max_degree / 2, rows, LAYERS_MAX, params.ef_construction, distance);
    let stride = scattering_stride(rows);
    let insert = |position: usize| {
        let row = (position as u64 * stride % rows as u64) as u32;
        hnsw.insert_slice((space.code(row), row as usize));
    };
    let serial_until = if params.threads == 1 { rows } else { SERIAL_HEAD };
    watch.in_chunks(|range| {
        let serial_end = range.end.min(serial_until).max(range.start);
        (range.start..serial_end).for_each(insert);
        (serial_end..range.end).into_par_iter().for_each(insert);
    })?;
    Ok(layer_zero(&hnsw, rows, params.max_degree))
}

/// A step that visits all rows once, far from the last one each time, whatever order the caller gave them in: rows
/// sorted by topic would otherwise build a graph of poorly joined islands.
fn scattering_stride(rows: usize) -> u64 {
    let rows = rows as u64;
    let golden = (rows as f64 * 0.618_033_988_749_895) as u64;
    (golden.max(1)..).find(|&step| greatest_common_divisor(step, rows) == 1).unwrap_or(1)
}

fn greatest_common_divisor(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
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
