//! How wide the codes of a space are, and in which axes.

use super::build::NumberedRotation;
use crate::error::Result;
use crate::query::Trial;
use crate::vector::{Adapter, CodeParams, Rotation, Vectors};

/// From this many rows a rotation is learnt; fewer say too little about the collection.
const ROTATION_ROWS: usize = 4_096;
/// Wider vectors get no rotation: learning one takes time with the third power of the width, minutes beyond this.
const ROTATION_WIDTH_MAX: usize = 2_048;
/// Rows a rotation is learnt from.
const ROTATION_SAMPLE: usize = 32_768;
/// Recall that five candidates a wanted row must reach for a code to be wide enough.
const PREFIX_RECALL: f32 = 0.985;
/// Code widths tried for vectors that are good at any prefix.
const CODE_DIMS: [usize; 5] = [64, 128, 256, 512, 1_024];

/// What makes prefixes of the vectors of a space mean something, if anything does.
pub(super) struct Axes<'a> {
    /// Prefixes the encoder was trained for.
    pub(super) prefixes: &'a [usize],
    /// A rotation.
    pub(super) rotation: Option<&'a NumberedRotation>,
}

/// The codes of a space.
pub(super) struct Coded {
    pub(super) params: CodeParams,
    pub(super) codes: Vec<i8>,
    /// The rotation they are made in.
    pub(super) rotation: Option<u64>,
    /// The queries of the trial, as codes are made of them.
    pub(super) queries: Vectors,
}

/// The codes of the shortest prefix that finds what the full vectors find, measured with the rows held out; 4 bits a
/// component where that is enough, else 8 and the full width. Prefixes are tried where they mean something: those the
/// encoder was trained for, or any after a rotation.
pub(super) fn choose_codes(axes: &Axes<'_>, vectors: &Vectors, trial: Option<&Trial>) -> Result<Coded> {
    let rotation = axes.rotation;
    let tried: &[usize] = if rotation.is_some() { &CODE_DIMS } else { axes.prefixes };
    let tried = tried.iter().copied().filter(|dims| *dims <= vectors.width());
    let queries = match trial {
        Some(trial) => trial.queries()?,
        None => Vectors::with_capacity(vectors.width(), 0)?,
    };
    if let Some(trial) = trial {
        for params in tried.filter_map(CodeParams::four) {
            let turned =
                |vectors: &Vectors| rotation.map(|turn| turn.rotation.prefixes(vectors, params.dims)).transpose();
            let (coded, turned_queries) = (turned(vectors)?, turned(&queries)?);
            let codes = params.encode_all(coded.as_ref().unwrap_or(vectors));
            let coded_queries = turned_queries.as_ref().unwrap_or(&queries);
            if trial.code_recall(params, &codes, (vectors, coded_queries)) >= PREFIX_RECALL {
                let queries = turned_queries.unwrap_or(queries);
                return Ok(Coded { params, codes, rotation: rotation.map(|turn| turn.id), queries });
            }
        }
    }
    let params = CodeParams::eight(vectors, vectors.width());
    Ok(Coded { params, codes: params.encode_all(vectors), rotation: None, queries })
}

/// Whether a rotation of so many rows would make shorter codes possible.
pub(super) fn wants_rotation(prefixes: &[usize], width: usize, rows: usize) -> bool {
    let shortens = CODE_DIMS.iter().any(|dims| *dims < width);
    prefixes.is_empty() && rows >= ROTATION_ROWS && shortens && width <= ROTATION_WIDTH_MAX
}

/// The distance between rows that makes an even sample of at most [`ROTATION_SAMPLE`] of them.
pub(super) fn sample_step(rows: usize) -> usize {
    rows.div_ceil(ROTATION_SAMPLE).max(1)
}

/// Learns a rotation from a sample of vectors as they came, which go through the adapter if there is one; empty ones are left
/// out.
pub(super) fn learn_rotation(
    width: usize,
    adapter: Option<&Adapter>,
    vectors: impl Iterator<Item = Result<Vec<f32>>>,
) -> Result<Rotation> {
    let mut sample = Vectors::with_capacity(width, 0)?;
    for vector in vectors {
        let vector = vector?;
        if !vector.is_empty() {
            sample.push(&vector)?;
        }
    }
    match adapter {
        Some(adapter) => Ok(Rotation::learn(&adapter.apply_all(&sample)?)),
        None => Ok(Rotation::learn(&sample)),
    }
}
