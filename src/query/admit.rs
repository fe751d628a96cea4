//! Which notes a filter lets through, known exactly before anything is searched; and how rows are looked at among them.

use super::opened::Opened;
use super::plan::{Method, Plan};
use super::scan::{exact_rows, scan_rows};
use super::search::LiveSegment;
use super::space::{Candidate, Candidates, Coarse};
use super::walk::{Codes, Walk};
use crate::error::{Error, Result};
use crate::fields::{self, Bitmap, Filter};
use crate::segment::{OpenSpace, Segment};
use index_format::FormatError;
use std::rc::Rc;

/// Up to this many notes their rows are counted; beyond, they are estimated.
const COUNTED: usize = 4_096;

/// The live notes of a segment that may be hits.
#[derive(Debug)]
pub(crate) struct Admitted {
    pub(crate) notes: Bitmap,
    pub(crate) count: usize,
}

impl Admitted {
    /// Those that a filter lets through, or all, by segment.
    ///
    /// # Errors
    /// As [`matching`].
    pub(crate) fn all(filter: Option<&Filter>, segments: &[LiveSegment]) -> Result<Vec<Self>> {
        let of: Vec<&Segment> = segments.iter().map(|live| live.segment.as_ref()).collect();
        let found = match filter {
            Some(filter) => matching(filter, &of)?,
            None => of.iter().map(|segment| Bitmap::all(segment.meta().notes)).collect(),
        };
        let admit = |(live, mut notes): (&LiveSegment, Bitmap)| {
            notes.remove_all(live.deleted.notes());
            Self { count: notes.count(), notes }
        };
        Ok(segments.iter().zip(found).map(admit).collect())
    }

    /// How many rows of a space they have; where they are many, as many as others of their number.
    pub(super) fn rows(&self, segment: &Opened<'_>, space: &OpenSpace<'_>) -> usize {
        if self.count <= COUNTED {
            return self.notes.iter().map(|note| space.view.rows_of(note).len()).sum();
        }
        let all = segment.live.segment.meta().notes.max(1);
        (f64::from(space.meta.rows) * self.count as f64 / f64::from(all)).ceil() as usize
    }
}

/// The notes of each segment that a filter lets through, deleted ones among them.
///
/// # Errors
/// [`Error::Filter`](crate::Error::Filter) for one that does not fit the fields there are, and damage met on the way.
pub(crate) fn matching(filter: &Filter, segments: &[&Segment]) -> Result<Vec<Bitmap>> {
    let columns: Vec<_> = segments.iter().map(|segment| segment.columns()).collect::<Result<_>>()?;
    if let Some(wrong) =
        fields::check(filter, &columns).map_err(|(number, source)| in_segment(segments, number, source))?
    {
        return Err(wrong.into());
    }
    let evaluate = |(segment, columns): (&&Segment, _)| {
        fields::evaluate(filter, columns, &segment.view()?).map_err(|source| segment.damaged(source))
    };
    segments.iter().zip(&columns).map(evaluate).collect()
}

fn in_segment(segments: &[&Segment], number: usize, source: FormatError) -> Error {
    match segments.get(number) {
        Some(segment) => segment.damaged(source),
        None => Error::Damaged { file: String::new(), source },
    }
}

impl Coarse<'_> {
    /// The candidates among the rows of admitted notes, for a query vector in full and as codes are made of it.
    pub(super) fn among(
        &self,
        (query, coded): (&[f32], &dyn Fn() -> Rc<[f32]>),
        plan: Plan,
        (admitted, space): (&Admitted, &OpenSpace<'_>),
        stop: &dyn Fn() -> bool,
    ) -> Candidates {
        let of_notes = || admitted.notes.iter().flat_map(|note| space.view.rows_of(note)).copied();
        // A damaged file may give every note all rows.
        let rows = || of_notes().take(space.meta.rows as usize).collect::<Vec<u32>>();
        if plan.method == Method::Exact {
            let exact = |(row, full)| Candidate { row, coarse: full, full };
            let found = exact_rows(self.vectors, query, rows(), stop).into_iter().map(exact).collect();
            return Candidates { found, scored: 0, exhaustive: true, cut: f32::NEG_INFINITY };
        }
        let code = self.params.query(&coded());
        let codes = Codes { bytes: code.code_bytes(), flat: self.codes };
        let accept =
            |row: u32| space.view.rows.get(row as usize).is_some_and(|entry| admitted.notes.contains(entry.note));
        let mut scored = 0;
        let mut found = None;
        if let (Method::Walk(reach), Some(links)) = (plan.method, self.links) {
            let walked = Walk { codes, links, query: &code, reach, margin: plan.margin }.run(accept, stop);
            scored = walked.scored;
            found = (!walked.given_up).then_some(walked.found);
        }
        let found = found.unwrap_or_else(|| {
            let rows = rows();
            scored = scored.saturating_add(rows.len() as u32);
            let found = scan_rows(codes, &code, &rows, plan.most, stop);
            self.near_enough(&code, plan, found)
        });
        self.candidates_of((query, &code), plan, (found, scored))
    }
}
