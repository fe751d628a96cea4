//! The candidates of one space of one segment: coarse search on codes, then cosines of full vectors.

use super::beam::Scored;
use super::plan::{Method, Plan};
use super::scan::{scan_codes, scan_vectors};
use super::walk::{Codes, Walk};
use crate::vector::{Bits, CodeParams, QueryCode, kernels};
use index_format::{LinksView, SpaceMeta, SpaceView};

/// The searchable arrays of a space, from a mapped segment or from one being built.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coarse<'a> {
    /// How prefixes become codes.
    pub(crate) params: CodeParams,
    /// Codes, row-major.
    pub(crate) codes: &'a [i8],
    /// Full vectors, row-major.
    pub(crate) vectors: &'a [f32],
    /// The graph, if there is one.
    pub(crate) links: Option<LinksView<'a>>,
}

/// A row that was compared in full width.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Candidate {
    pub(super) row: u32,
    pub(super) coarse: f32,
    pub(super) full: f32,
}

/// What one space yields.
#[derive(Debug, Default)]
pub(super) struct Candidates {
    /// In no order.
    pub(super) found: Vec<Candidate>,
    /// Codes compared.
    pub(super) scored: u64,
    /// Whether every accepted row is among the candidates.
    pub(super) exhaustive: bool,
    /// The lowest estimate that still became a candidate: rows with the same may have been left out.
    pub(super) cut: f32,
}

impl Candidates {
    /// The score of the candidate in this place, counted from 1, or of the last one.
    pub(super) fn score_of(&self, place: usize) -> f32 {
        let mut scores: Vec<f32> = self.found.iter().map(|candidate| candidate.full).collect();
        scores.sort_unstable_by(|left, right| right.total_cmp(left));
        scores.get(place.saturating_sub(1)).or(scores.last()).copied().unwrap_or(0.0)
    }
}

impl<'a> Coarse<'a> {
    /// The arrays of an open space.
    pub(super) fn of(meta: &SpaceMeta, view: &SpaceView<'a>) -> Self {
        // Opening the segment has made sure that it is one of the two.
        let bits = if meta.code_bits == 4 { Bits::Four } else { Bits::Eight };
        let params = CodeParams { bits, dims: meta.code_dims as usize, scale: meta.code_scale };
        Self { params, codes: view.codes, vectors: view.vectors, links: view.links }
    }

    /// Rows.
    pub(super) fn rows(&self) -> usize {
        self.codes.len() / self.params.bytes().max(1)
    }

    /// Every accepted row, compared in full width.
    pub(super) fn exact(&self, query: &[f32], accept: impl Fn(u32) -> bool, stop: &dyn Fn() -> bool) -> Candidates {
        let exact = |(row, full)| Candidate { row, coarse: full, full };
        let found = scan_vectors(self.vectors, query, accept, stop).into_iter().map(exact).collect();
        Candidates { found, scored: 0, exhaustive: true, cut: f32::NEG_INFINITY }
    }

    /// The candidates of a plan that is not exact, for a query vector given in full and as codes are made of it.
    pub(super) fn candidates(
        &self,
        (query, coded): (&[f32], &[f32]),
        plan: Plan,
        accept: impl Fn(u32) -> bool,
        stop: &dyn Fn() -> bool,
    ) -> Candidates {
        let code = self.params.query(coded);
        let found = self.coarse(&code, plan, accept, stop);
        self.candidates_of((query, &code), plan, found)
    }

    /// Rows found by their codes, of which so many were compared, in full width.
    pub(super) fn candidates_of(
        &self,
        query: (&[f32], &QueryCode),
        plan: Plan,
        (found, scored): (Vec<Scored>, u32),
    ) -> Candidates {
        let found = self.rescore(query, found, plan.most);
        let cut = found.iter().map(|candidate| candidate.coarse).fold(f32::INFINITY, f32::min);
        Candidates { found, scored: u64::from(scored), exhaustive: false, cut }
    }

    /// The rows whose codes come near enough to that of the last wanted one, in no order, and how many codes were compared.
    pub(super) fn coarse(
        &self,
        code: &QueryCode,
        plan: Plan,
        accept: impl Fn(u32) -> bool,
        stop: &dyn Fn() -> bool,
    ) -> (Vec<Scored>, u32) {
        let codes = Codes { bytes: code.code_bytes(), flat: self.codes };
        let mut given_up = 0;
        if let (Method::Walk(reach), Some(links)) = (plan.method, self.links) {
            let walk = Walk { codes, links, query: code, reach, margin: plan.margin };
            let walked = walk.run(&accept, stop);
            if !walked.given_up {
                return (walked.found, walked.scored);
            }
            given_up = walked.scored;
        }
        let (found, scored) = scan_codes(codes, code, plan.most, accept, stop);
        (self.near_enough(code, plan, found), scored.saturating_add(given_up))
    }

    /// Of rows in the order of their estimates those that come near enough to the last wanted one.
    pub(super) fn near_enough(&self, code: &QueryCode, plan: Plan, mut found: Vec<Scored>) -> Vec<Scored> {
        if let Some(last) = found.get(plan.wanted.saturating_sub(1)).copied() {
            let floor = plan.margin.floor(code, last.score);
            found.truncate(found.partition_point(|scored| scored.score >= floor));
        }
        found
    }

    /// Exact cosines of the best `most` of the rows found. Rows are read in file order: one sorted pass over the cold part.
    pub(super) fn rescore(
        &self,
        (query, code): (&[f32], &QueryCode),
        mut found: Vec<Scored>,
        most: usize,
    ) -> Vec<Candidate> {
        if found.len() > most {
            found.select_nth_unstable_by(most, |left, right| right.cmp(left));
            found.truncate(most);
        }
        found.sort_unstable_by_key(|scored| scored.row);
        let vector = |row: u32| {
            let start = row as usize * query.len();
            self.vectors.get(start..start + query.len())
        };
        for scored in &found {
            if let Some(vector) = vector(scored.row) {
                kernels::prefetch(vector);
            }
        }
        let compared = |scored: &Scored| {
            let full = kernels::dot_f32(query, vector(scored.row)?);
            Some(Candidate { row: scored.row, coarse: code.cosine(scored.score), full })
        };
        found.iter().filter_map(compared).collect()
    }
}
