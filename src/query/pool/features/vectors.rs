//! What the rows of a note say of a query, at each granularity and at prefixes of the whole.

use super::super::super::group::Found;
use crate::segment::{GLOBAL, LOCAL};
use crate::vector::kernels::dot_f32;
use index_format::layout::{ROW_PASSAGE, ROW_PICTURE, ROW_REGION};

/// Passages that count in their mean.
const PASSAGES: usize = 3;

/// The vectors of a note in the encoder's spaces.
#[derive(Clone)]
pub(in super::super) struct Parts<'a> {
    pub(super) whole: Option<&'a [f32]>,
    pub(super) passages: Vec<&'a [f32]>,
    pub(super) pictures: Vec<&'a [f32]>,
}

impl<'a> Parts<'a> {
    /// The vector of the note as a whole.
    pub(in super::super) const fn whole(&self) -> Option<&'a [f32]> {
        self.whole
    }

    pub(in super::super) fn of(found: &Found<'a>) -> Self {
        let mut parts = Self { whole: None, passages: Vec::new(), pictures: Vec::new() };
        if let Some(space) = found.segment.space(GLOBAL) {
            parts.whole = space.view.rows_of(found.note).first().and_then(|row| space.vector(*row));
        }
        let Some(space) = found.segment.space(LOCAL) else { return parts };
        for row in space.view.rows_of(found.note) {
            let Some((entry, vector)) = space.view.rows.get(*row as usize).zip(space.vector(*row)) else { continue };
            match entry.part {
                ROW_PASSAGE => parts.passages.push(vector),
                ROW_PICTURE | ROW_REGION => parts.pictures.push(vector),
                _ => {}
            }
        }
        parts
    }
}

/// Cosines of a query with the parts of a note; what is missing is no number.
#[derive(Clone, Copy)]
pub(in super::super) struct Compared {
    pub(in super::super) whole: f32,
    /// At a quarter and at half of the width, renormalised.
    pub(super) prefixes: [f32; 2],
    pub(in super::super) passage: f32,
    /// The mean of the best passages.
    pub(super) passages: f32,
    pub(super) picture: f32,
}

impl Compared {
    /// Where nothing is asked of the encoder's spaces.
    pub(in super::super) const NOTHING: Self =
        Self { whole: f32::NAN, prefixes: [f32::NAN; 2], passage: f32::NAN, passages: f32::NAN, picture: f32::NAN };

    pub(in super::super) fn of(query: &[f32], parts: &Parts<'_>) -> Self {
        let mut passages: Vec<f32> = parts.passages.iter().map(|vector| dot_f32(query, vector)).collect();
        passages.sort_unstable_by(|left, right| right.total_cmp(left));
        let best = passages.get(..PASSAGES).unwrap_or(&passages);
        let prefixes = [query.len() / 4, query.len() / 2];
        Self {
            whole: parts.whole.map_or(f32::NAN, |vector| dot_f32(query, vector)),
            prefixes: prefixes.map(|width| parts.whole.map_or(f32::NAN, |vector| cosine(query, vector, width))),
            passage: passages.first().copied().unwrap_or(f32::NAN),
            passages: best.iter().sum::<f32>() / best.len() as f32,
            picture: parts.pictures.iter().map(|vector| dot_f32(query, vector)).fold(f32::NAN, f32::max),
        }
    }
}

/// The cosine of two prefixes; no number where one of them is zero.
fn cosine(left: &[f32], right: &[f32], width: usize) -> f32 {
    let Some((left, right)) = left.get(..width).zip(right.get(..width)) else { return f32::NAN };
    dot_f32(left, right) / (dot_f32(left, left) * dot_f32(right, right)).sqrt()
}
