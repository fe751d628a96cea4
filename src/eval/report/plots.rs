//! The plots of the page, as SVG inside it.

use super::html::escaped;
use super::tables::shown;
use super::{Metric, Report, System};
use std::fmt::Write;

/// Width of a plot.
const WIDTH: f64 = 520.0;
/// Left of this stand the names of systems.
const LEFT: f64 = 150.0;
/// Height of a row with one system.
const ROW: f64 = 24.0;
/// Room above and below for the axis.
const MARGIN: f64 = 26.0;
/// Colours there are in the style.
const COLOURS: usize = 8;

/// A number range drawn from left to right.
#[derive(Clone, Copy)]
struct Axis {
    low: f64,
    high: f64,
}

impl Axis {
    /// One that holds these numbers, with a little room.
    fn over(numbers: impl Iterator<Item = f64>) -> Self {
        let (low, high) = numbers.fold((f64::MAX, f64::MIN), |(low, high), number| (low.min(number), high.max(number)));
        let room = ((high - low) * 0.05).max(0.005);
        Self { low: low - room, high: high + room }
    }

    fn x(self, number: f64) -> f64 {
        LEFT + (number - self.low) / (self.high - self.low) * (WIDTH - LEFT - 60.0)
    }

    /// A line with five numbers under it.
    fn drawn(self, height: f64) -> String {
        let mut svg = String::new();
        for step in 0..5 {
            let number = self.low + (self.high - self.low) * f64::from(step) / 4.0;
            let x = self.x(number);
            let (bottom, label) = (height - MARGIN, height - MARGIN + 16.0);
            let _ = write!(
                svg,
                "<line class=\"axis\" x1=\"{x:.1}\" y1=\"6\" x2=\"{x:.1}\" y2=\"{bottom:.1}\"/>\
                 <text class=\"soft\" x=\"{x:.1}\" y=\"{label:.1}\" text-anchor=\"middle\">{number:.3}</text>"
            );
        }
        svg
    }
}

fn figure(caption: &str, height: f64, body: &str) -> String {
    format!(
        "<figure><svg width=\"{WIDTH}\" height=\"{height:.0}\" viewBox=\"0 0 {WIDTH} {height:.0}\" role=\"img\" \
         aria-label=\"{caption}\">{body}</svg><figcaption>{caption}</figcaption></figure>\n"
    )
}

fn colour(system: usize) -> String {
    format!("var(--c{})", system % COLOURS)
}

/// The name of a system at the left of its row.
fn label(system: &System, y: f64) -> String {
    let name: String = system.name.chars().take(20).collect();
    format!("<text x=\"{:.0}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>", LEFT - 10.0, y + 4.0, escaped(&name))
}

/// The mean of each system with its interval, a plot a measure.
pub(super) fn intervals(report: &Report) -> String {
    let height = ROW * report.systems.len() as f64 + MARGIN + 8.0;
    let plots = Metric::ALL.iter().map(|metric| {
        let all = report.systems.iter().map(|system| system.interval(*metric));
        let axis = Axis::over(all.flat_map(|interval| [interval.low, interval.high]));
        let mut svg = axis.drawn(height);
        for (number, system) in report.systems.iter().enumerate() {
            let (interval, y) = (system.interval(*metric), 8.0 + ROW * (number as f64 + 0.5));
            let [low, mean, high] = [interval.low, interval.mean, interval.high].map(|number| axis.x(number));
            let (colour, label) = (colour(number), label(system, y));
            let _ = write!(
                svg,
                "{label}<line x1=\"{low:.1}\" y1=\"{y:.1}\" x2=\"{high:.1}\" y2=\"{y:.1}\" stroke=\"{colour}\" \
                 stroke-width=\"3\"/><circle cx=\"{mean:.1}\" cy=\"{y:.1}\" r=\"5\" fill=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{:.4}</text>",
                high + 6.0,
                y + 4.0,
                interval.mean
            );
        }
        figure(metric.name(), height, &svg)
    });
    format!("<div class=\"plots\">{}</div>\n", plots.collect::<String>())
}

/// The difference of each query to the first system, sorted, a plot a system.
pub(super) fn differences(report: &Report) -> String {
    let Some((first, others)) = report.systems.split_first() else { return String::new() };
    let base = first.values(Metric::Ndcg10);
    let plots = others.iter().enumerate().map(|(number, system)| {
        let pairs = system.values(Metric::Ndcg10).iter().zip(base);
        let mut gains: Vec<f64> = pairs.map(|(ours, theirs)| ours - theirs).collect();
        gains.sort_unstable_by(|a, b| b.total_cmp(a));
        let (height, middle) = (180.0, 90.0);
        let step = (WIDTH - 60.0) / gains.len().max(1) as f64;
        let x = |place: f64| 50.0 + place * step;
        let mut area = format!("M{:.1} {middle}", x(0.0));
        for (place, gain) in gains.iter().enumerate() {
            let y = middle - gain * 80.0;
            let _ = write!(area, "L{:.2} {y:.1}L{:.2} {y:.1}", x(place as f64), x(place as f64 + 1.0));
        }
        let end = x(gains.len() as f64);
        let svg = format!(
            "<path d=\"{area}L{end:.1} {middle}Z\" fill=\"{}\"/>\
             <line class=\"zero\" x1=\"50\" y1=\"{middle}\" x2=\"{end:.1}\" y2=\"{middle}\"/>\
             <text class=\"soft\" x=\"44\" y=\"14\" text-anchor=\"end\">+1</text>\
             <text class=\"soft\" x=\"44\" y=\"94\" text-anchor=\"end\">0</text>\
             <text class=\"soft\" x=\"44\" y=\"174\" text-anchor=\"end\">−1</text>",
            colour(number + 1)
        );
        let [ours, theirs] = [&system.name, &first.name].map(|name| escaped(name));
        figure(&format!("nDCG@10 of {ours} − {theirs}, each query, sorted"), height, &svg)
    });
    format!("<div class=\"plots\">{}</div>\n", plots.collect::<String>())
}

/// The mean share of the relevant notes down to each rank, the ranks on a logarithmic axis.
pub(super) fn recall(report: &Report) -> String {
    let (height, top, bottom) = (280.0, 10.0, 250.0);
    let x = |rank: f64| 50.0 + rank.log10() / 2.0 * (WIDTH - 200.0);
    let y = |share: f64| bottom - share * (bottom - top);
    let mut svg = String::new();
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (left, right, at) = (x(1.0), x(100.0), y(share));
        let _ = write!(
            svg,
            "<line class=\"axis\" x1=\"{left}\" y1=\"{at:.1}\" x2=\"{right:.1}\" y2=\"{at:.1}\"/>\
             <text class=\"soft\" x=\"44\" y=\"{:.1}\" text-anchor=\"end\">{share}</text>",
            at + 4.0
        );
    }
    for rank in [1, 2, 5, 10, 20, 50, 100] {
        let at = x(f64::from(rank));
        let _ = write!(svg, "<text class=\"soft\" x=\"{at:.1}\" y=\"268\" text-anchor=\"middle\">{rank}</text>");
    }
    for (number, system) in report.systems.iter().enumerate() {
        let point = |(rank, share): (usize, &f64)| format!("{:.1},{:.1}", x(rank as f64 + 1.0), y(*share));
        let points: Vec<String> = system.recall_by_rank.iter().enumerate().map(point).collect();
        let (colour, name) = (colour(number), escaped(&system.name.chars().take(20).collect::<String>()));
        let (right, row) = (x(100.0) + 12.0, top + 14.0 + 18.0 * number as f64);
        let _ = write!(
            svg,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>\
             <circle cx=\"{right:.1}\" cy=\"{:.1}\" r=\"5\" fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{row:.1}\">{name}</text>",
            points.join(" "),
            row - 4.0,
            right + 10.0
        );
    }
    figure("Share of the relevant notes among the first ranks, mean over queries", height, &svg)
}

/// The times of each system, from the median to the 99th percentile.
pub(super) fn latency(report: &Report) -> String {
    let timed: Vec<_> = report.systems.iter().enumerate().filter_map(|(n, one)| Some((n, one, one.latency?))).collect();
    let height = ROW * timed.len() as f64 + MARGIN + 8.0;
    let millis = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
    let axis = Axis::over(timed.iter().map(|(_, _, latency)| millis(latency.p99)).chain([0.0]));
    let mut svg = axis.drawn(height);
    for (row, (number, system, latency)) in timed.iter().enumerate() {
        let y = 8.0 + ROW * (row as f64 + 0.5);
        let [start, half, most, all] =
            [0.0, millis(latency.p50), millis(latency.p95), millis(latency.p99)].map(|t| axis.x(t));
        let (colour, label, top) = (colour(*number), label(system, y), y - 7.0);
        let _ = write!(svg, "{label}");
        for (end, opacity) in [(all, 0.3), (most, 0.6), (half, 1.0)] {
            let _ = write!(
                svg,
                "<rect x=\"{start:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"14\" fill=\"{colour}\" opacity=\"{opacity}\"/>",
                end - start
            );
        }
        let _ = write!(svg, "<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", all + 6.0, y + 4.0, shown(latency.p50));
    }
    figure("Milliseconds: p50 (full colour, the number), p95, p99", height, &svg)
}
