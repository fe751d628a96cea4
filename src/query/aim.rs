//! What is searched for in one space, or in the encoder's two, and how a note does there.

use super::axes::Axes;
use super::opened::Opened;
use super::options::Granularity;
use super::space::Candidate;
use crate::segment::{GLOBAL, LOCAL};
use crate::vector::kernels;

/// A direction in one of the caller's spaces, or in those of the encoder.
#[derive(Debug, Clone)]
pub(crate) struct Aim {
    /// What answers call it.
    pub(crate) name: String,
    /// Ordinal of the caller's space; none for those of the encoder.
    pub(crate) space: Option<u16>,
    /// A unit vector in the axes of the vectors as they came.
    pub(crate) vector: Vec<f32>,
    /// How much it counts against other aims, above 0.
    pub(crate) weight: f64,
}

/// An aim made ready for one search.
pub(super) struct Aiming<'a> {
    pub(super) aim: &'a Aim,
    pub(super) axes: Axes,
    /// The spaces that are looked into.
    pub(super) spaces: &'a [u16],
    /// Its part of a note's score; the parts of all aims add up to 1.
    share: f32,
}

impl<'a> Aiming<'a> {
    pub(super) fn all(aims: &'a [Aim], granularity: Granularity) -> Vec<Self> {
        let total: f64 = aims.iter().map(|aim| aim.weight).sum();
        let ready = |aim: &'a Aim| {
            let spaces: &[u16] = match (&aim.space, granularity) {
                (Some(space), _) => std::slice::from_ref(space),
                (None, Granularity::Global) => &[GLOBAL],
                (None, Granularity::Local) => &[LOCAL],
                (None, Granularity::Auto) => &[GLOBAL, LOCAL],
            };
            Self { aim, axes: Axes::of(&aim.vector), spaces, share: (aim.weight / total) as f32 }
        };
        aims.iter().map(ready).collect()
    }

    /// The best row of a note among the spaces of this aim, compared in full width. Between equal ones a part says more than
    /// the whole, and the first row comes first.
    pub(super) fn best_row(&self, segment: &Opened<'_>, note: u32) -> Option<(u16, Candidate)> {
        let mut best: Option<(u16, Candidate)> = None;
        for ordinal in self.spaces {
            let Some(space) = segment.space(*ordinal) else { continue };
            let mut of_space: Option<Candidate> = None;
            for row in space.view.rows_of(note) {
                let Some(vector) = space.vector(*row) else { continue };
                let full = kernels::dot_f32(self.axes.full(), vector);
                let better = |known: Candidate| full > known.full || (full == known.full && *row < known.row);
                if full.is_finite() && of_space.is_none_or(better) {
                    of_space = Some(Candidate { row: *row, coarse: full, full });
                }
            }
            if let Some(found) = of_space.filter(|found| best.is_none_or(|(_, known)| found.full >= known.full)) {
                best = Some((*ordinal, found));
            }
        }
        best
    }

    /// What a score in this aim brings to that of the note.
    pub(super) const fn counted(&self, score: f32) -> f32 {
        self.share * score
    }
}
