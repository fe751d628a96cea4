//! Encoded notes to a segment file: rotation, order, graph, codes, measured recall.

use super::prepare::{PartVector, Prepared};
use super::state::Shared;
use crate::error::{Error, Result};
use crate::graph::{self, GraphParams};
use crate::query::{Coarse, calibrate, prefix_recall};
use crate::segment::{SegmentParts, SpaceParts, freeze};
use crate::vector::{CodeParams, Rotation, Vectors};
use index_format::{FileRef, GraphMeta, Links, Record, RowEntry, SpaceMeta};
use std::sync::Arc;

/// From this many rows a space gets a graph: a walk is then several times faster than a scan of all codes.
pub(super) const GRAPH_ROWS: usize = 4_096;
/// From this many rows a rotation is learnt; fewer say too little about the collection.
pub(super) const ROTATION_ROWS: usize = 4_096;
/// Rows a rotation is learnt from.
const ROTATION_SAMPLE: usize = 32_768;
/// Recall that five candidates a wanted row must reach for a code to be wide enough.
const PREFIX_RECALL: f32 = 0.985;
/// Code widths tried for vectors that are good at any prefix.
const CODE_DIMS: [usize; 4] = [64, 128, 256, 512];
/// Turned components that are computed at most.
const CODE_DIMS_MAX: usize = 1024;

/// A rotation and the number of its file.
#[derive(Clone)]
pub(super) struct NumberedRotation {
    pub(super) id: u64,
    pub(super) rotation: Arc<Rotation>,
}

/// What a segment is built with.
pub(super) struct BuildPlan<'a> {
    pub(super) shared: &'a Shared,
    pub(super) index_id: u64,
    pub(super) file_id: u64,
    /// The rotation that codes are made in, if any.
    pub(super) rotation: Option<NumberedRotation>,
    pub(super) built_ms: i64,
    /// Whether to give up.
    pub(super) cancelled: &'a (dyn Fn() -> bool + Sync),
}

/// Builds and publishes one segment. The notes keep their order.
pub(super) fn build_segment(plan: &BuildPlan<'_>, notes: impl Iterator<Item = Result<Prepared>>) -> Result<FileRef> {
    let width = plan.shared.source.width();
    let mut records: Vec<Record> = Vec::new();
    let mut kept: Vec<Vec<u8>> = Vec::new();
    let mut spaces = [Stack::new(width)?, Stack::new(width)?];
    for (ordinal, prepared) in notes.enumerate() {
        let Prepared { mut record, pictures, rows, .. } = prepared?;
        for (picture, bytes) in record.pictures.iter_mut().zip(pictures) {
            picture.blob = bytes.map(|bytes| {
                kept.push(bytes);
                kept.len() as u32 - 1
            });
        }
        for (space, parts) in spaces.iter_mut().zip(rows) {
            space.push(ordinal as u32, parts)?;
        }
        records.push(record);
    }
    let spaces: Result<Vec<_>> = spaces.into_iter().map(|stack| build_space(plan, stack)).collect();
    let parts = SegmentParts { records: &records, pictures: &kept, spaces: spaces?, built_ms: plan.built_ms };
    let file = freeze(plan.shared.storage.as_ref(), plan.index_id, plan.file_id, &parts)?;
    tracing::info!(file = file.id, notes = records.len(), bytes = file.len, "segment built");
    Ok(file)
}

/// Rows and vectors of one space, in note order.
struct Stack {
    rows: Vec<RowEntry>,
    vectors: Vectors,
}

impl Stack {
    fn new(width: usize) -> Result<Self> {
        Ok(Self { rows: Vec::new(), vectors: Vectors::with_capacity(width, 0)? })
    }

    fn push(&mut self, note: u32, parts: Vec<PartVector>) -> Result<()> {
        for PartVector { row, vector } in parts {
            self.rows.push(RowEntry { note, ..row });
            self.vectors.push(&vector)?;
        }
        Ok(())
    }
}

fn build_space(plan: &BuildPlan<'_>, stack: Stack) -> Result<SpaceParts> {
    let Stack { mut rows, mut vectors } = stack;
    let links = build_graph(plan, &vectors)?.map(|links| {
        let order = graph::order(&links);
        rows = order.iter().filter_map(|row| rows.get(*row as usize).copied()).collect();
        vectors = vectors.select(&order);
        graph::permute(&links, &order)
    });
    let turned = plan.rotation.as_ref().map(|turn| turn.rotation.prefixes(&vectors, CODE_DIMS_MAX)).transpose()?;
    let coded = turned.as_ref().unwrap_or(&vectors);
    let params = choose_codes(plan, coded, &vectors);
    let codes = params.encode_all(coded);
    let coarse = Coarse { params, codes: &codes, vectors: vectors.flat(), links: links.as_ref().map(Links::view) };
    let meta = SpaceMeta {
        width: vectors.width() as u32,
        rows: rows.len() as u32,
        code_dims: params.dims as u32,
        code_scale: params.scale,
        rotation: plan.rotation.as_ref().map(|turn| turn.id),
        graph: links.as_ref().map(|links| GraphMeta { degree: links.degree, entry: links.entry }),
        curve: calibrate(&coarse, coded),
    };
    Ok(SpaceParts { rows, vectors, codes, links, meta })
}

fn build_graph(plan: &BuildPlan<'_>, vectors: &Vectors) -> Result<Option<Links>> {
    if vectors.len() < GRAPH_ROWS {
        return Ok(None);
    }
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let params = GraphParams { threads, ..GraphParams::default() };
    let built = graph::build(vectors, &params, plan.cancelled, &|_| {});
    built.map(Some).map_err(|error| if (plan.cancelled)() { Error::Cancelled } else { Error::Graph(error) })
}

/// The shortest prefix whose codes find what the full vectors find, measured on the rows themselves. Prefixes are tried
/// where they mean something: those the encoder was trained for, or any after a rotation.
fn choose_codes(plan: &BuildPlan<'_>, coded: &Vectors, vectors: &Vectors) -> CodeParams {
    let trained = plan.shared.source.prefixes();
    let tried: Vec<usize> = if plan.rotation.is_some() { CODE_DIMS.to_vec() } else { trained.to_vec() };
    for dims in tried.into_iter().filter(|dims| *dims < vectors.width()) {
        let params = CodeParams::learn(coded, dims);
        if prefix_recall(&params, coded, vectors).is_some_and(|recall| recall >= PREFIX_RECALL) {
            return params;
        }
    }
    CodeParams::learn(coded, coded.width())
}

/// The distance between rows that makes an even sample of at most [`ROTATION_SAMPLE`] of them.
pub(super) fn sample_step(rows: usize) -> usize {
    rows.div_ceil(ROTATION_SAMPLE).max(1)
}

/// Learns a rotation from a sample of vectors; empty ones are left out.
pub(super) fn learn_rotation(width: usize, vectors: impl Iterator<Item = Result<Vec<f32>>>) -> Result<Rotation> {
    let mut sample = Vectors::with_capacity(width, 0)?;
    for vector in vectors {
        let vector = vector?;
        if !vector.is_empty() {
            sample.push(&vector)?;
        }
    }
    Ok(Rotation::learn(&sample))
}
