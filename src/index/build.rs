//! Encoded notes to a segment file: graph, order, codes of turned prefixes, measured recall.

use super::adapter::Installed;
use super::codes::{Axes, Coded, choose_codes};
use super::options::VectorSource;
use super::prepare::{PartVector, Prepared};
use super::shared::Shared;
use super::state::now_ms;
use super::writer::WriterSegment;
use crate::error::{Error, Result};
use crate::graph::{self, GraphError, GraphParams};
use crate::lexical::{Gatherer, Language};
use crate::query::{Coarse, Trial};
use crate::segment::{Segment, SegmentParts, SpaceParts, file_name, freeze};
use crate::vector::{Rotation, Vectors};
use index_format::layout::OWN_SPACES;
use index_format::{ColumnsBuilder, FileKind, FileRef, GraphMeta, Links, Record, RowEntry, SpaceMeta, SpaceRecord};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// From this many rows a space gets a graph: a walk is then several times faster than a scan of all codes.
pub(super) const GRAPH_ROWS: usize = 4_096;
/// Rows held out as queries, with which the recall of a space is measured: half as many for a small space, where measuring
/// would take as long as building.
const QUERIES: usize = 500;
/// At most one row in this many is held out.
const QUERY_SHARE: usize = 16;
/// Rows from which on all are held out that there may be.
const LARGE_ROWS: usize = 65_536;

/// A rotation and the number of its file.
#[derive(Clone)]
pub(super) struct NumberedRotation {
    pub(super) id: u64,
    pub(super) rotation: Arc<Rotation>,
}

/// What all segments of an index are built with: its own, so that a segment can be built beside everything else.
pub(super) struct Builder {
    pub(super) shared: Arc<Shared>,
    /// Whose vectors the segments hold.
    pub(super) source: VectorSource,
    pub(super) index_id: u64,
    /// What the words of the notes are read in.
    pub(super) language: Language,
    /// The spaces of the index.
    pub(super) spaces: Vec<SpaceRecord>,
    /// What the vectors of the encoder's spaces go through.
    pub(super) adapter: Option<Installed>,
    /// Rotations by number.
    pub(super) rotations: BTreeMap<u64, Arc<Rotation>>,
    /// Threads that build a graph.
    pub(super) threads: usize,
}

/// How one segment is built.
pub(super) struct BuildPlan<'a> {
    pub(super) file_id: u64,
    /// The rotation that the codes of each space are made in, if any.
    pub(super) rotations: Vec<Option<NumberedRotation>>,
    /// Whether the segment is there for long: else what makes its graph better than it need be is left to a merge.
    pub(super) lasting: bool,
    /// Whether to give up.
    pub(super) cancelled: &'a (dyn Fn() -> bool + Sync),
}

impl Builder {
    /// Builds, publishes and opens one segment. The notes keep their order.
    pub(super) fn build(
        &self,
        plan: &BuildPlan<'_>,
        notes: impl Iterator<Item = Result<Prepared>>,
    ) -> Result<WriterSegment> {
        let file = self.publish(plan, notes)?;
        let find = |id: u64| self.rotations.get(&id).map(Arc::clone);
        let segment = Segment::open(self.shared.storage.as_ref(), self.index_id, &file, &find)?;
        Ok(WriterSegment { segment: Arc::new(segment), tombstones: None, deleted: BTreeSet::new(), dirty: false })
    }

    fn publish(&self, plan: &BuildPlan<'_>, notes: impl Iterator<Item = Result<Prepared>>) -> Result<FileRef> {
        let mut records: Vec<Record> = Vec::new();
        let mut kept: Vec<Vec<u8>> = Vec::new();
        let mut words = Gatherer::new(self.language);
        let mut columns = ColumnsBuilder::default();
        let mut spaces = self.spaces.iter().map(Stack::new).collect::<Result<Vec<_>>>()?;
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
            words.add(&record);
            columns.add(&record);
            records.push(record);
        }
        let words = words
            .finish()
            .map_err(|source| Error::Damaged { file: file_name(FileKind::Segment, plan.file_id), source })?;
        // Spaces at the end that hold nothing yet cost nothing.
        while spaces.len() > OWN_SPACES && spaces.last().is_some_and(|stack| stack.rows.is_empty()) {
            spaces.pop();
        }
        let spaces = spaces.into_iter().enumerate();
        let spaces: Result<Vec<_>> = spaces.map(|(ordinal, stack)| self.build_space(plan, ordinal, stack)).collect();
        let parts = SegmentParts {
            records: &records,
            pictures: &kept,
            words: &words,
            columns: &columns.finish(),
            spaces: spaces?,
            built_ms: now_ms(),
            adapter: self.adapter.as_ref().map(|installed| installed.file.id),
        };
        let file = freeze(self.shared.storage.as_ref(), self.index_id, plan.file_id, &parts)?;
        tracing::info!(file = file.id, notes = records.len(), bytes = file.len, "segment built");
        Ok(file)
    }

    fn build_space(&self, plan: &BuildPlan<'_>, ordinal: usize, stack: Stack) -> Result<SpaceParts> {
        let Stack { mut rows, vectors } = stack;
        let adapter = self.adapter.as_ref().filter(|_| ordinal < OWN_SPACES);
        let (mut vectors, mut sources) = match adapter {
            Some(installed) => (installed.adapter.apply_all(&vectors)?, Some(vectors)),
            None => (vectors, None),
        };
        let (order, inside) = hold_out(rows.len());
        let mut arrange = |order: &[u32], vectors: &mut Vectors| {
            rows = order.iter().filter_map(|row| rows.get(*row as usize).copied()).collect();
            vectors.reorder(order);
            if let Some(sources) = &mut sources {
                sources.reorder(order);
            }
        };
        arrange(&order, &mut vectors);
        let trial = Trial::draw(&vectors, inside, plan.cancelled);
        let rotation = plan.rotations.get(ordinal).and_then(Option::as_ref);
        let axes = Axes { prefixes: self.source.prefixes_of(ordinal), rotation };
        let Coded { params, mut codes, rotation, queries } = choose_codes(&axes, &vectors, trial.as_ref())?;
        let mut links = self.build_graph(plan, &vectors, inside)?;
        let ([near, far], curve) = trial.map_or_else(Default::default, |trial| {
            let links = links.as_ref().map(Links::view);
            trial.curve(&Coarse { params, codes: &codes, vectors: vectors.flat(), links }, &queries)
        });
        if let Some(without) = links.take() {
            let all = graph::extend(&vectors, without, &self.graph_params(plan), plan.cancelled)
                .map_err(graph_error(plan))?;
            let order = graph::order(&all);
            arrange(&order, &mut vectors);
            codes = gather(&codes, params.bytes(), &order);
            links = Some(graph::permute(&all, &order));
        }
        let meta = SpaceMeta {
            width: vectors.width() as u32,
            rows: rows.len() as u32,
            code_dims: params.dims as u32,
            code_bits: params.bits as u32,
            code_scale: params.scale,
            rotation,
            graph: links.as_ref().map(|links| GraphMeta { degree: links.degree, entry: links.entry }),
            near,
            far,
            curve,
        };
        if (plan.cancelled)() {
            Err(Error::Cancelled)
        } else {
            Ok(SpaceParts { rows, vectors, sources, codes, links, meta })
        }
    }

    /// A graph of the first rows, if they are many.
    fn build_graph(&self, plan: &BuildPlan<'_>, vectors: &Vectors, inside: usize) -> Result<Option<Links>> {
        if vectors.len() < GRAPH_ROWS {
            return Ok(None);
        }
        graph::build(vectors, inside, &self.graph_params(plan), plan.cancelled).map(Some).map_err(graph_error(plan))
    }

    fn graph_params(&self, plan: &BuildPlan<'_>) -> GraphParams {
        let params = GraphParams { threads: self.threads, ..GraphParams::default() };
        if plan.lasting { params } else { GraphParams { refinements: 0, ..params } }
    }
}

/// Rows and vectors of one space as they came, in note order.
struct Stack {
    rows: Vec<RowEntry>,
    vectors: Vectors,
}

impl Stack {
    fn new(space: &SpaceRecord) -> Result<Self> {
        Ok(Self { rows: Vec::new(), vectors: Vectors::with_capacity(space.width as usize, 0)? })
    }

    fn push(&mut self, note: u32, parts: Vec<PartVector>) -> Result<()> {
        for PartVector { row, vector } in parts {
            self.rows.push(RowEntry { note, ..row });
            self.vectors.push(&vector)?;
        }
        Ok(())
    }
}

/// Rows in an order that ends with those held out as queries, and how many come before them. They are spread evenly over
/// the rows, and so few that a graph without them is the graph of the collection.
fn hold_out(rows: usize) -> (Vec<u32>, usize) {
    let held = (rows / QUERY_SHARE).min(if rows < LARGE_ROWS { QUERIES / 2 } else { QUERIES });
    let is_held = |row: usize| held > 0 && (row * held) % rows < held;
    let (queries, mut order): (Vec<u32>, Vec<u32>) = (0..rows as u32).partition(|row| is_held(*row as usize));
    let inside = order.len();
    order.extend(queries);
    (order, inside)
}

/// The codes of the rows in another order.
fn gather(codes: &[i8], bytes: usize, order: &[u32]) -> Vec<i8> {
    order.iter().flat_map(|row| &codes[*row as usize * bytes..][..bytes]).copied().collect()
}

fn graph_error(plan: &BuildPlan<'_>) -> impl Fn(GraphError) -> Error {
    |error| if (plan.cancelled)() { Error::Cancelled } else { Error::Graph(error) }
}
