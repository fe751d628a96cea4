//! From the recall a caller wants to the cheapest way that gave it when the segment was built.

use super::walk::BEAM_MAX;
use index_format::{RecallPoint, SpaceMeta};

/// Up to this many rows every full vector is compared: it costs no more than the estimate would save.
pub(super) const EXACT_ROWS: usize = 1_000;
/// The `k` for which recall curves are measured.
pub(super) const CURVE_K: usize = 10;

/// How the rows of a space are looked through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    /// Every full vector.
    Exact,
    /// Every code, then the best full vectors.
    Scan,
    /// The graph with this beam, then the best full vectors.
    Walk {
        /// Beam width.
        beam: usize,
    },
}

/// A method, how many full vectors it reads, and what it should reach.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    pub(super) method: Method,
    pub(super) rescored: usize,
    pub(super) expected_recall: f32,
}

const EXACT: Plan = Plan { method: Method::Exact, rescored: usize::MAX, expected_recall: 1.0 };

/// Plans one space for `want` rows at a recall. `widen` (at least 1) multiplies the effort, for a caller who found too few.
pub(super) fn plan(meta: &SpaceMeta, want: usize, recall: f32, widen: usize) -> Plan {
    let rows = meta.rows as usize;
    if rows <= EXACT_ROWS || recall >= 1.0 {
        return EXACT;
    }
    let Some(point) = point_for(&meta.curve, recall) else { return EXACT };
    // The curve was measured for ten rows: what is wanted beyond scales the effort in proportion. The last one wanted only
    // tells whether there are more.
    let shown = want.saturating_sub(1).max(CURVE_K);
    let scaled = |effort: u32| (effort as usize).saturating_mul(shown).div_ceil(CURVE_K).saturating_mul(widen);
    // At least one, so that widening ends in an exact search whatever a damaged file says.
    let rescored = scaled(point.rescored.max(1)).max(want);
    if rescored >= rows {
        return EXACT;
    }
    let beam = scaled(point.beam).max(rescored);
    // A beam over an eighth of the rows visits most of them, in a worse order than a scan does.
    let method =
        if point.beam == 0 || beam >= rows / 8 || beam > BEAM_MAX { Method::Scan } else { Method::Walk { beam } };
    Plan { method, rescored, expected_recall: point.recall }
}

/// The effort for a recall: between the two measured points around it, in proportion. None beyond the last point.
fn point_for(curve: &[RecallPoint], recall: f32) -> Option<RecallPoint> {
    let above = curve.iter().position(|point| point.recall >= recall)?;
    let right = *curve.get(above)?;
    let Some(left) = above.checked_sub(1).and_then(|below| curve.get(below)) else { return Some(right) };
    let share = f64::from((recall - left.recall) / (right.recall - left.recall)).clamp(0.0, 1.0);
    let between =
        |left: u32, right: u32| (f64::from(left) + share * (f64::from(right) - f64::from(left))).ceil() as u32;
    let rescored = between(left.rescored, right.rescored);
    Some(RecallPoint {
        beam: between(left.beam, right.beam),
        rescored,
        recall,
        scored: between(left.scored, right.scored),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(rows: u32) -> SpaceMeta {
        let point = |beam, recall| RecallPoint { beam, rescored: beam / 2, recall, scored: beam * 10 };
        let curve = vec![point(20, 0.9), point(40, 0.96), point(80, 0.99)];
        SpaceMeta { width: 8, rows, code_dims: 8, code_bits: 8, code_scale: 1.0, rotation: None, graph: None, curve }
    }

    #[test]
    fn the_effort_lies_between_the_points_around_the_recall() {
        let planned = plan(&space(100_000), 11, 0.95, 1);
        assert_eq!(planned.method, Method::Walk { beam: 37 });
        assert_eq!((planned.rescored, planned.expected_recall), (19, 0.95));
        assert_eq!(plan(&space(100_000), 11, 0.96, 1).method, Method::Walk { beam: 40 });
        let least = plan(&space(100_000), 11, 0.5, 1);
        assert_eq!((least.method, least.expected_recall), (Method::Walk { beam: 20 }, 0.9));
    }

    #[test]
    fn more_hits_and_widening_multiply_the_effort() {
        assert_eq!(plan(&space(100_000), 31, 0.9, 1).method, Method::Walk { beam: 60 });
        assert_eq!(plan(&space(100_000), 10, 0.9, 4).rescored, 40);
    }

    #[test]
    fn what_no_point_reaches_is_searched_exactly() {
        assert_eq!(plan(&space(100_000), 10, 0.999, 1), EXACT);
        assert_eq!(plan(&space(100_000), 10, 1.0, 1), EXACT);
        assert_eq!(plan(&space(100_000), usize::MAX, 0.9, 64), EXACT);
    }

    #[test]
    fn tiny_spaces_are_exact_and_wide_beams_become_scans() {
        assert_eq!(plan(&space(900), 10, 0.9, 1), EXACT);
        assert_eq!(plan(&space(2_000), 101, 0.96, 1).method, Method::Scan);
    }
}
