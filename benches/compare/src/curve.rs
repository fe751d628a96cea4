//! Speed over recall: the best points of a sweep and what lies between them.

/// What one setting of an engine gave.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) recall: f64,
    /// Queries a second.
    pub(crate) qps: f64,
    /// Comparisons a query, where the engine tells.
    pub(crate) evaluations: Option<f64>,
}

/// The points that no other point beats in both recall and speed, in ascending recall.
pub(crate) fn frontier(points: &[Point]) -> Vec<Point> {
    let mut sorted = points.to_vec();
    sorted.sort_by(|left, right| right.recall.total_cmp(&left.recall).then(right.qps.total_cmp(&left.qps)));
    let mut best: Vec<Point> = Vec::new();
    for point in sorted {
        if best.last().is_none_or(|last| point.qps > last.qps) {
            best.push(point);
        }
    }
    best.reverse();
    best
}

/// Where a frontier reaches a recall; none where it never does.
///
/// Between two points, logarithms of speed and comparisons go in a straight line. Where even the fastest point has more
/// recall than asked, that point is what the engine does.
pub(crate) fn at(frontier: &[Point], recall: f64) -> Option<Point> {
    let above = frontier.iter().position(|point| point.recall >= recall)?;
    let high = frontier.get(above)?;
    let Some(low) = above.checked_sub(1).and_then(|below| frontier.get(below)) else { return Some(*high) };
    let part = (recall - low.recall) / (high.recall - low.recall);
    let between = |low: f64, high: f64| (low.ln() * (1.0 - part) + high.ln() * part).exp();
    let evaluations = low.evaluations.zip(high.evaluations).map(|(low, high)| between(low, high));
    Some(Point { recall, qps: between(low.qps, high.qps), evaluations })
}

/// The middle value; of an even number the upper middle.
pub(crate) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(recall: f64, qps: f64) -> Point {
        Point { recall, qps, evaluations: Some(1e6 / qps) }
    }

    #[test]
    fn only_the_best_points_stay() {
        let points = [point(0.9, 100.0), point(0.8, 90.0), point(0.95, 50.0), point(0.95, 40.0), point(0.7, 400.0)];
        assert_eq!(frontier(&points), [point(0.7, 400.0), point(0.9, 100.0), point(0.95, 50.0)]);
        assert_eq!(frontier(&[]), []);
    }

    #[test]
    fn speed_between_points_is_interpolated_by_logarithms() {
        let curve = [point(0.8, 1_000.0), point(0.9, 10.0)];
        let middle = at(&curve, 0.85).expect("between two points");
        assert!((middle.qps - 100.0).abs() < 1e-6, "{middle:?}");
        assert!((middle.evaluations.expect("both points have some") - 1e4).abs() < 1e-3, "{middle:?}");
        let last = at(&curve, 0.9).expect("the last point");
        assert!((last.qps - 10.0).abs() < 1e-9, "{last:?}");
    }

    #[test]
    fn ends_of_the_curve() {
        let curve = [point(0.8, 1_000.0), point(0.9, 10.0)];
        assert_eq!(at(&curve, 0.5), Some(point(0.8, 1_000.0)), "no slower for having more recall than asked");
        assert_eq!(at(&curve, 0.91), None);
        assert_eq!(at(&[], 0.5), None);
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert!(median(&[]).is_nan());
    }
}
