//! From the recall a caller wants to the cheapest way that gave it when the segment was built.

use super::beam::Reach;
use super::walk::HELD_MAX;
use index_format::{RecallPoint, SpaceMeta};

/// Up to this many rows every full vector is compared: it costs no more than the estimate would save.
pub(super) const EXACT_ROWS: usize = 1_000;
/// The `k` for which recall curves are measured.
pub(super) const CURVE_K: usize = 10;

/// A scan of all codes in their order takes as long as comparing this share of them on a walk.
const SCAN_SHARE: u64 = 6;

/// How the rows of a space are looked through.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Method {
    /// Every full vector.
    Exact,
    /// Every code, then the best full vectors.
    Scan,
    /// The graph, then the best full vectors.
    Walk(Reach),
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
    let reach = Reach {
        wanted: shown.saturating_mul(widen).max(want),
        slack: point.slack,
        most: scaled(point.held).max(rescored),
    };
    let scans = point.held == 0 || scaled(point.scored) as u64 >= rows as u64 / SCAN_SHARE || reach.wanted > HELD_MAX;
    let method = if scans { Method::Scan } else { Method::Walk(reach) };
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
    Some(RecallPoint {
        slack: left.slack + share as f32 * (right.slack - left.slack),
        held: right.held,
        rescored: between(left.rescored, right.rescored),
        recall,
        scored: between(left.scored, right.scored),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(rows: u32) -> SpaceMeta {
        let point = |slack, recall, effort| RecallPoint {
            slack,
            held: 2 * effort,
            rescored: effort,
            recall,
            scored: 10 * effort,
        };
        let curve = vec![point(0.0, 0.9, 10), point(0.1, 0.96, 20), point(0.2, 0.99, 40)];
        SpaceMeta { width: 8, rows, code_dims: 8, code_bits: 8, code_scale: 1.0, rotation: None, graph: None, curve }
    }

    fn reach(plan: &Plan) -> Reach {
        let Method::Walk(reach) = plan.method else { panic!("{plan:?} is no walk") };
        reach
    }

    #[test]
    fn the_effort_lies_between_the_points_around_the_recall() {
        let planned = plan(&space(100_000), 11, 0.93, 1);
        assert!((reach(&planned).slack - 0.05).abs() < 1e-4, "{planned:?}");
        assert_eq!((reach(&planned).wanted, reach(&planned).most), (11, 40));
        assert_eq!((planned.rescored, planned.expected_recall), (16, 0.93));
        assert_eq!(reach(&plan(&space(100_000), 11, 0.96, 1)).slack, 0.1);
        let least = plan(&space(100_000), 11, 0.5, 1);
        assert_eq!((reach(&least).slack, least.expected_recall), (0.0, 0.9));
    }

    #[test]
    fn more_hits_and_widening_multiply_the_effort() {
        let more = plan(&space(100_000), 31, 0.9, 1);
        assert_eq!((reach(&more).wanted, reach(&more).most, more.rescored), (31, 60, 31));
        let wider = plan(&space(100_000), 10, 0.9, 4);
        assert_eq!((reach(&wider).wanted, wider.rescored), (40, 40));
    }

    #[test]
    fn what_no_point_reaches_is_searched_exactly() {
        assert_eq!(plan(&space(100_000), 10, 0.999, 1), EXACT);
        assert_eq!(plan(&space(100_000), 10, 1.0, 1), EXACT);
        assert_eq!(plan(&space(100_000), usize::MAX, 0.9, 64), EXACT);
    }

    #[test]
    fn tiny_spaces_are_exact_and_long_walks_become_scans() {
        assert_eq!(plan(&space(900), 10, 0.9, 1), EXACT);
        assert_eq!(plan(&space(2_000), 101, 0.96, 1).method, Method::Scan);
    }
}
