//! A vector space of a segment: its structured part, and typed views of its arrays.

use crate::layout::RowEntry;
use crate::table::inconsistent;
use crate::{FormatError, LinksView};
use rkyv::{Archive, Deserialize, Serialize};

/// Where a walk starts and how wide the link rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub struct GraphMeta {
    /// Slots a node.
    pub degree: u32,
    /// Entry node.
    pub entry: u32,
}

/// One measured point of a space's recall curve (k = 10, held-out rows as queries).
#[derive(Debug, Clone, Copy, PartialEq, Archive, Serialize, Deserialize)]
pub struct RecallPoint {
    /// How much farther than the last wanted row another may be and still be followed, as a share of its distance, for a
    /// query as near to the rows as they are to each other; 0 where all codes are compared.
    pub slack: f32,
    /// The same for a query as far from the rows as [`SpaceMeta::far`].
    pub far_slack: f32,
    /// How much lower than that of the last wanted row an estimated cosine may be and still be compared in full width.
    pub margin: f32,
    /// Rows compared in full width at most.
    pub rescored: u32,
    /// Mean recall@10 against exact search.
    pub recall: f32,
    /// Mean coarse scores computed a query.
    pub scored: u32,
}

/// A vector space of a segment.
#[derive(Debug, Clone, PartialEq, Archive, Serialize, Deserialize)]
pub struct SpaceMeta {
    /// Width of the full vectors.
    pub width: u32,
    /// Number of rows.
    pub rows: u32,
    /// Dimensions of the coarse codes: of a prefix of the vectors, turned where there is a rotation.
    pub code_dims: u32,
    /// Bits of a component of a code: 4 or 8.
    pub code_bits: u32,
    /// Code units per unit of a renormalised (at 4 bits also spread) prefix component.
    pub code_scale: f32,
    /// The rotation file that codes are made in, if any.
    pub rotation: Option<u64>,
    /// The graph, if the space is large enough to have one.
    pub graph: Option<GraphMeta>,
    /// Distance (one less the cosine) to its tenth neighbour that nearly every row keeps to.
    pub near: f32,
    /// That of queries unlike the rows, about; at least `near`.
    pub far: f32,
    /// Measured recall at rising cost; may be empty (then a search is exact).
    pub curve: Vec<RecallPoint>,
}

impl SpaceMeta {
    /// Bytes of a coarse code.
    #[must_use]
    pub const fn code_bytes(&self) -> usize {
        (self.code_dims as usize).saturating_mul(self.code_bits as usize) / 8
    }
}

/// Largest slack or margin: beyond it a walk would go everywhere.
const REACH_MAX: f32 = 1e3;

/// That the arrays have the sizes the structured part calls for, and its numbers a meaning.
pub(crate) fn check_space(meta: &SpaceMeta, notes: u64, view: &SpaceView<'_>) -> Result<(), FormatError> {
    let rows = u64::from(meta.rows);
    let sized = [
        ("width of the vectors (at least 1)", u64::from(meta.width.max(1)), u64::from(meta.width)),
        ("width of the codes", u64::from(meta.code_dims.clamp(1, meta.width.max(1))), u64::from(meta.code_dims)),
        ("rows", rows, view.rows.len() as u64),
        ("note row starts", notes.saturating_add(1), view.note_row_starts.len() as u64),
        ("note rows", rows, view.note_rows.len() as u64),
        ("vectors", rows.saturating_mul(u64::from(meta.width)), view.vectors.len() as u64),
        ("source vectors", view.vectors.len() as u64, view.sources.unwrap_or(view.vectors).len() as u64),
        ("codes", rows.saturating_mul(meta.code_bytes() as u64), view.codes.len() as u64),
    ];
    match meta.code_bits {
        8 => {}
        4 if meta.code_dims >= 2 && meta.code_dims.is_power_of_two() => {}
        4 => return Err(inconsistent("components of 4 bits (a power of two)", 0, 2, u64::from(meta.code_dims))),
        bits => return Err(inconsistent("bits of a code component (4 or 8)", 0, 8, u64::from(bits))),
    }
    for (what, expected, found) in sized {
        if expected != found {
            return Err(inconsistent(what, 0, expected, found));
        }
    }
    if let (Some(graph), Some(links)) = (meta.graph, view.links) {
        let slots = rows.saturating_mul(u64::from(graph.degree));
        if links.neighbours.len() as u64 != slots || graph.degree == 0 {
            return Err(inconsistent("links", 0, slots, links.neighbours.len() as u64));
        }
        if u64::from(graph.entry) >= rows {
            return Err(inconsistent("entry node", 0, rows, u64::from(graph.entry)));
        }
    }
    if !meta.code_scale.is_finite() || meta.code_scale <= 0.0 {
        return Err(inconsistent("code scale bits (finite, above 0)", 0, 0, u64::from(meta.code_scale.to_bits())));
    }
    if !(0.0..=2.5).contains(&meta.near) || !(meta.near..=2.5).contains(&meta.far) {
        return Err(inconsistent("distances of near and far queries", 0, 0, u64::from(meta.far.to_bits())));
    }
    // A search that finds too little multiplies this effort until it is enough: none at all would never be.
    let sound = |point: &RecallPoint| {
        point.rescored > 0
            && (0.0..=1.0).contains(&point.recall)
            && [point.slack, point.far_slack, point.margin].iter().all(|reach| (0.0..=REACH_MAX).contains(reach))
    };
    if let Some(odd) = meta.curve.iter().find(|point| !sound(point)) {
        return Err(inconsistent("rows compared in full at a measured recall", 0, 1, u64::from(odd.rescored)));
    }
    Ok(())
}

/// A vector space of a segment. Row numbers, note ordinals and links come from the file and may be anything: the arrays are
/// of the right size, their contents are the caller's to check.
#[derive(Debug, Clone, Copy)]
pub struct SpaceView<'a> {
    /// Row table.
    pub rows: &'a [RowEntry],
    /// `notes + 1` starts into `note_rows`.
    pub note_row_starts: &'a [u32],
    /// Row numbers grouped by note.
    pub note_rows: &'a [u32],
    /// Full vectors, row-major.
    pub vectors: &'a [f32],
    /// What the encoder gave, row-major, where the vectors went through an adapter.
    pub sources: Option<&'a [f32]>,
    /// Coarse codes, row-major.
    pub codes: &'a [i8],
    /// The graph, if there is one.
    pub links: Option<LinksView<'a>>,
}

impl<'a> SpaceView<'a> {
    /// The rows of a note; empty for a note out of range.
    #[must_use]
    pub fn rows_of(&self, note: u32) -> &'a [u32] {
        let at = note as usize;
        let bounds = self.note_row_starts.get(at).zip(self.note_row_starts.get(at.saturating_add(1)));
        bounds.and_then(|(start, end)| self.note_rows.get(*start as usize..*end as usize)).unwrap_or(&[])
    }
}
