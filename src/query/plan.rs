//! From the recall a caller wants to the cheapest way that gave it when the segment was built.

use super::beam::{ByDistance, Reach};
use index_format::{RecallPoint, SpaceMeta};

/// Up to this many rows every full vector is compared: it costs no more than the estimate would save.
pub(super) const EXACT_ROWS: usize = 1_000;
/// The `k` for which recall curves are measured.
pub(super) const CURVE_K: usize = 10;

/// A scan of all codes in their order takes as long as comparing this share of them on a walk.
const SCAN_SHARE: usize = 6;
/// A walk keeps the scores of all rows wanted in order; for more than this a scan is faster.
const WANTED_MAX: usize = 16_384;

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

/// A method, which of what it finds is compared in full width, and what recall to expect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Plan {
    pub(super) method: Method,
    /// Rows that are wanted.
    pub(super) wanted: usize,
    /// How much lower than that of the last wanted row an estimated cosine may be and still be compared in full width, by the
    /// distance of that row.
    pub(super) margin: ByDistance,
    /// Rows compared in full width at most.
    pub(super) most: usize,
    pub(super) expected_recall: f32,
}

const EXACT: Plan = Plan {
    method: Method::Exact,
    wanted: usize::MAX,
    margin: ByDistance::even(f32::MAX),
    most: usize::MAX,
    expected_recall: 1.0,
};

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
    let wanted = shown.saturating_mul(widen).max(want);
    // At least one is held, so that widening ends in an exact search whatever a damaged file says.
    let most = scaled(point.rescored.max(1)).max(wanted);
    if wanted >= rows {
        return EXACT;
    }
    let slack = ByDistance { distances: [meta.near, meta.far], values: [point.slack, point.far_slack] };
    let reach = Reach { wanted, slack, compared: compared_most(rows) };
    let scans = meta.graph.is_none() || scaled(point.scored) >= rows / SCAN_SHARE || wanted > WANTED_MAX;
    let method = if scans { Method::Scan } else { Method::Walk(reach) };
    Plan { method, wanted, margin: ByDistance::even(point.margin), most, expected_recall: point.recall }
}

/// A row that a filter lets through costs this part of a comparison on a walk, where all of them are compared.
const AMONG_SHARE: f32 = 0.35;
/// And estimates are taken for up to so many times as far off.
const MARGIN: f32 = 2.5;
/// Where that begins and where all of it counts, as so many times the way from near queries to half-way to far ones.
const FARTHER: [f32; 2] = [2.0, 4.0];
/// Rows compared in full width may be so many times as many where a filter lets only some through.
const CROWDED: usize = 8;
/// A walk for so many times as many rows compares this power of it as many codes.
const GROWTH: f32 = 0.8;
/// Where a scan seems cheaper, this part of what it costs is spent on a walk first: it ends soon where the filter lets through
/// what lies near the query.
const TRIED: f32 = 0.3;

/// Plans one space for `want` rows of those that a filter lets through, of which there are `admitted`. Exact where they are few;
/// every one of them by its code where a walk would be longer, because most rows it meets are none of them.
pub(super) fn plan_among(meta: &SpaceMeta, want: usize, recall: f32, widen: usize, admitted: usize) -> Plan {
    let planned = plan(meta, want, recall, widen);
    if admitted <= EXACT_ROWS || planned.method == Method::Exact || planned.wanted >= admitted {
        return EXACT;
    }
    let scan = admitted as f32 * AMONG_SHARE;
    let method = match (planned.method, point_for(&meta.curve, recall)) {
        (Method::Walk(reach), Some(point)) => {
            let met = planned.wanted as f32 / CURVE_K as f32 * meta.rows as f32 / admitted as f32;
            let walk = point.scored as f32 * met.powf(GROWTH);
            // A walk among rows that are all refused would never end: what it may cost is what comparing all costs.
            let compared = if walk < scan { scan } else { TRIED * scan };
            let is_enough = compared > point.scored as f32;
            if is_enough { Method::Walk(Reach { compared: compared as usize, ..reach }) } else { Method::Scan }
        }
        _ => Method::Scan,
    };
    // Of rows that a filter lets through far from the query there are many at nearly the same distance, and the margin was
    // measured for what lies up to the far queries' distance.
    let distances = FARTHER.map(|times| meta.near + times * (meta.far - meta.near));
    let [least, most] = planned.margin.values;
    let margin = ByDistance { distances, values: [least, most * MARGIN] };
    Plan { method, margin, most: planned.most.saturating_mul(CROWDED), ..planned }
}

/// Codes of a space that one walk may compare before it is given up for a scan. Most walks that have taken as long as a
/// scan end soon after.
pub(super) const fn compared_most(rows: usize) -> usize {
    rows / 2
}

/// The effort for a recall: between the two measured points around it, in proportion. None beyond the last point.
fn point_for(curve: &[RecallPoint], recall: f32) -> Option<RecallPoint> {
    let above = curve.iter().position(|point| point.recall >= recall)?;
    let right = *curve.get(above)?;
    let Some(left) = above.checked_sub(1).and_then(|below| curve.get(below)) else { return Some(right) };
    let share = ((recall - left.recall) / (right.recall - left.recall)).clamp(0.0, 1.0);
    let between = |left: f32, right: f32| left + share * (right - left);
    Some(RecallPoint {
        slack: between(left.slack, right.slack),
        far_slack: between(left.far_slack, right.far_slack),
        margin: between(left.margin, right.margin),
        rescored: right.rescored,
        recall,
        scored: between(left.scored as f32, right.scored as f32).ceil() as u32,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use index_format::GraphMeta;

    fn space(rows: u32) -> SpaceMeta {
        let point = |effort: u32, recall| RecallPoint {
            slack: effort as f32 / 100.0,
            far_slack: effort as f32 / 50.0,
            margin: effort as f32 / 1000.0,
            rescored: 4 * effort,
            recall,
            scored: 10 * effort,
        };
        SpaceMeta {
            width: 8,
            rows,
            code_dims: 8,
            code_bits: 8,
            code_scale: 1.0,
            rotation: None,
            graph: Some(GraphMeta { degree: 4, entry: 0 }),
            near: 0.2,
            far: 0.6,
            curve: vec![point(10, 0.9), point(20, 0.96), point(40, 0.99)],
        }
    }

    fn reach(plan: &Plan) -> Reach {
        let Method::Walk(reach) = plan.method else { panic!("{plan:?} is no walk") };
        reach
    }

    #[test]
    fn the_effort_lies_between_the_points_around_the_recall() {
        let planned = plan(&space(100_000), 11, 0.93, 1);
        let Reach { wanted, slack, .. } = reach(&planned);
        assert!((slack.values[0] - 0.15).abs() < 1e-4 && (slack.values[1] - 0.3).abs() < 1e-4, "{planned:?}");
        assert_eq!((wanted, planned.most, slack.distances), (11, 80, [0.2, 0.6]));
        assert!((planned.margin.at(1.0) - 0.015).abs() < 1e-5 && planned.expected_recall == 0.93);
        assert_eq!(plan(&space(100_000), 11, 0.96, 1).margin, ByDistance::even(0.02));
        let least = plan(&space(100_000), 11, 0.5, 1);
        assert_eq!((least.margin, least.expected_recall), (ByDistance::even(0.01), 0.9));
    }

    #[test]
    fn more_hits_and_widening_multiply_the_effort() {
        let more = plan(&space(100_000), 31, 0.9, 1);
        assert_eq!((reach(&more).wanted, more.most), (31, 120));
        let wider = plan(&space(100_000), 10, 0.9, 4);
        assert_eq!((reach(&wider).wanted, wider.most), (40, 160));
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
        let bare = SpaceMeta { graph: None, ..space(100_000) };
        assert_eq!(plan(&bare, 10, 0.9, 1).method, Method::Scan);
    }
}
