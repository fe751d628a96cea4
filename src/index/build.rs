//! Encoded notes to a segment file: graph, order, codes of turned prefixes, measured recall.

use super::options::VectorSource;
use super::prepare::{PartVector, Prepared};
use super::state::Shared;
use crate::error::{Error, Result};
use crate::graph::{self, GraphParams};
use crate::query::{Coarse, Trial};
use crate::segment::{SegmentParts, SpaceParts, freeze};
use crate::vector::{CodeParams, Rotation, Vectors};
use index_format::{FileRef, GraphMeta, Links, Record, RowEntry, SpaceMeta};
use std::sync::Arc;

/// From this many rows a space gets a graph: a walk is then several times faster than a scan of all codes.
pub(super) const GRAPH_ROWS: usize = 4_096;
/// From this many rows a rotation is learnt; fewer say too little about the collection.
const ROTATION_ROWS: usize = 4_096;
/// Wider vectors get no rotation: learning one takes time with the third power of the width, minutes beyond this.
const ROTATION_WIDTH_MAX: usize = 2_048;
/// Rows a rotation is learnt from.
const ROTATION_SAMPLE: usize = 32_768;
/// Recall that five candidates a wanted row must reach for a code to be wide enough.
const PREFIX_RECALL: f32 = 0.985;
/// Code widths tried for vectors that are good at any prefix.
const CODE_DIMS: [usize; 4] = [64, 128, 256, 512];

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
        vectors.reorder(&order);
        graph::permute(&links, &order)
    });
    let trial = Trial::draw(&vectors, plan.cancelled);
    let Coded { params, codes, rotation } = choose_codes(plan, &vectors, trial.as_ref())?;
    let coarse = Coarse { params, codes: &codes, vectors: vectors.flat(), links: links.as_ref().map(Links::view) };
    let meta = SpaceMeta {
        width: vectors.width() as u32,
        rows: rows.len() as u32,
        code_dims: params.dims as u32,
        code_scale: params.scale,
        rotation,
        graph: links.as_ref().map(|links| GraphMeta { degree: links.degree, entry: links.entry }),
        curve: trial.map_or_else(Vec::new, |trial| trial.curve(&coarse)),
    };
    if (plan.cancelled)() { Err(Error::Cancelled) } else { Ok(SpaceParts { rows, vectors, codes, links, meta }) }
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

/// The codes of a space.
struct Coded {
    params: CodeParams,
    codes: Vec<i8>,
    /// The rotation they are made in.
    rotation: Option<u64>,
}

/// The codes of the shortest prefix that finds what the full vectors find, measured on the rows themselves. Prefixes are
/// tried where they mean something: those the encoder was trained for, or any after a rotation.
fn choose_codes(plan: &BuildPlan<'_>, vectors: &Vectors, trial: Option<&Trial>) -> Result<Coded> {
    let tried: &[usize] = if plan.rotation.is_some() { &CODE_DIMS } else { plan.shared.source.prefixes() };
    let tried = || tried.iter().copied().filter(|dims| *dims < vectors.width());
    let turned = match plan.rotation.as_ref().zip(tried().max()) {
        Some((turn, widest)) => Some(turn.rotation.prefixes(vectors, widest)?),
        None => None,
    };
    let coded = turned.as_ref().unwrap_or(vectors);
    for dims in tried() {
        let params = CodeParams::learn(coded, dims);
        let codes = params.encode_all(coded);
        if trial.is_some_and(|trial| trial.prefix_recall(params, &codes, vectors) >= PREFIX_RECALL) {
            return Ok(Coded { params, codes, rotation: plan.rotation.as_ref().map(|turn| turn.id) });
        }
    }
    let params = CodeParams::learn(vectors, vectors.width());
    Ok(Coded { params, codes: params.encode_all(vectors), rotation: None })
}

/// Whether a rotation of so many rows would make shorter codes possible.
pub(super) fn wants_rotation(source: &VectorSource, rows: usize) -> bool {
    let width = source.width();
    let shortens = CODE_DIMS.iter().any(|dims| *dims < width);
    source.prefixes().is_empty() && rows >= ROTATION_ROWS && shortens && width <= ROTATION_WIDTH_MAX
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
