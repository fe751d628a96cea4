//! Speed over recall as an SVG that reads on light and dark grounds.

use crate::curve::Point;
use std::fmt::Write;

const WIDTH: f64 = 900.0;
const HEIGHT: f64 = 520.0;
/// Left, right, top and bottom of the area with the lines; the legend stands to the right of it.
const AREA: [f64; 4] = [70.0, 730.0, 40.0, 460.0];
const LOWEST: f64 = 0.80;
/// How far from perfect recall the axis stops being stretched.
const NEAREST: f64 = 0.002;
const RECALLS: [f64; 8] = [0.80, 0.85, 0.90, 0.95, 0.98, 0.99, 0.995, 1.0];
/// Steps between powers of ten that get a line.
const STEPS: [f64; 3] = [1.0, 2.0, 5.0];
/// Of middle lightness, so that they show on white and on black.
const COLOURS: [&str; 10] =
    ["#e5383b", "#8d6e63", "#1d8fe1", "#00a6b2", "#5c6bc0", "#c026d3", "#f08c00", "#2e9e44", "#7cb518", "#7d8597"];
const STYLE: &str = "<style>
text { font: 13px system-ui, sans-serif; fill: #24292f }
.title { font-size: 15px; font-weight: 600 }
.grid { stroke: #d0d7de; stroke-width: 1 }
path { fill: none; stroke-width: 2; stroke-linejoin: round }
.first { stroke-width: 4 }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 } .grid { stroke: #373e47 } }
</style>\n";

/// One engine's frontier.
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) points: &'a [Point],
    /// Place in the list of all engines, so that an engine has the same colour in every picture; the first is drawn
    /// thicker.
    pub(crate) colour: usize,
}

/// The whole picture.
pub(crate) fn svg(lines: &[Line<'_>], k: usize) -> String {
    let visible = lines.iter().flat_map(|line| line.points).filter(|point| point.recall >= LOWEST);
    let (low, high) =
        visible.fold((f64::INFINITY, 0.0_f64), |(low, high), point| (low.min(point.qps), high.max(point.qps)));
    let range = if low < high { (low / 1.2, high * 1.2) } else { (1.0, 10.0) };
    let mut out =
        format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">\n{STYLE}");
    axes(&mut out, range, k);
    // The first engine comes last, over the others.
    for line in lines.iter().rev() {
        curve(&mut out, line, range);
    }
    for (place, line) in lines.iter().enumerate() {
        legend(&mut out, line, place);
    }
    out.push_str("</svg>\n");
    out
}

fn across(recall: f64) -> f64 {
    let [left, right, ..] = AREA;
    let stretched = |recall: f64| -(1.0 - recall + NEAREST).ln();
    left + (right - left) * (stretched(recall) - stretched(LOWEST)) / (stretched(1.0) - stretched(LOWEST))
}

fn down(qps: f64, (low, high): (f64, f64)) -> f64 {
    let [_, _, top, bottom] = AREA;
    bottom - (bottom - top) * (qps / low).ln() / (high / low).ln()
}

fn element(out: &mut String, content: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{content}");
}

fn axes(out: &mut String, range: (f64, f64), k: usize) {
    let [left, right, top, bottom] = AREA;
    let title = format!("Queries a second of one core over recall@{k}: up and to the right is better");
    element(out, format_args!("<title>{title}</title><text class=\"title\" x=\"{left}\" y=\"24\">{title}</text>"));
    for recall in RECALLS {
        let x = across(recall);
        element(out, format_args!("<line class=\"grid\" x1=\"{x:.1}\" y1=\"{top}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>"));
        let y = bottom + 20.0;
        element(out, format_args!("<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"middle\">{recall}</text>"));
    }
    let middle = left.midpoint(right);
    element(out, format_args!("<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\">recall</text>", bottom + 44.0));
    let steps = (0..7).flat_map(|power| STEPS.map(|step| step * 10_f64.powi(power)));
    for qps in steps.filter(|qps| (range.0..=range.1).contains(qps)) {
        let y = down(qps, range);
        element(out, format_args!("<line class=\"grid\" x1=\"{left}\" y1=\"{y:.1}\" x2=\"{right}\" y2=\"{y:.1}\"/>"));
        let (x, y) = (left - 8.0, y + 4.0);
        element(out, format_args!("<text x=\"{x}\" y=\"{y:.1}\" text-anchor=\"end\">{qps}</text>"));
    }
}

fn look(line: &Line<'_>) -> String {
    let colour = COLOURS.get(line.colour % COLOURS.len()).unwrap_or(&"#888888");
    let class = if line.colour == 0 { " class=\"first\"" } else { "" };
    format!("stroke=\"{colour}\"{class}")
}

fn curve(out: &mut String, line: &Line<'_>, range: (f64, f64)) {
    let mut points: Vec<Point> = line.points.to_vec();
    // Where the line comes in from below the lowest recall shown, it starts at the edge.
    points.retain(|point| point.recall >= LOWEST);
    if points.len() < line.points.len() {
        points.splice(0..0, crate::curve::at(line.points, LOWEST));
    }
    let place = |point: &Point| format!("{:.1} {:.1}", across(point.recall), down(point.qps, range).max(AREA[2]));
    let path = points.iter().map(place).collect::<Vec<_>>().join(" L");
    if !path.is_empty() {
        element(out, format_args!("<path d=\"M{path}\" {}/>", look(line)));
    }
    let colour = COLOURS.get(line.colour % COLOURS.len()).unwrap_or(&"#888888");
    for point in &points {
        let (x, y) = (across(point.recall), down(point.qps, range).max(AREA[2]));
        element(out, format_args!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.5\" fill=\"{colour}\"/>"));
    }
}

fn legend(out: &mut String, line: &Line<'_>, place: usize) {
    let (x, y) = (AREA[1] + 20.0, AREA[2] + 12.0 + 24.0 * place as f64);
    element(out, format_args!("<path d=\"M{x} {y} h26\" {}/>", look(line)));
    element(out, format_args!("<text x=\"{}\" y=\"{}\">{}</text>", x + 34.0, y + 4.0, line.name));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(recall: f64, qps: f64) -> Point {
        Point { recall, qps, evaluations: None }
    }

    #[test]
    fn recall_is_stretched_towards_one() {
        assert!((across(LOWEST) - AREA[0]).abs() < 1e-9 && (across(1.0) - AREA[1]).abs() < 1e-9);
        assert!(across(0.99) - across(0.98) > across(0.91) - across(0.90));
    }

    #[test]
    fn every_engine_has_a_line_and_a_name() {
        let points = [point(0.7, 9_000.0), point(0.9, 1_000.0), point(0.99, 100.0)];
        let lines =
            ["uninote", "hnsw_rs"].map(|name| Line { name, points: &points, colour: usize::from(name != "uninote") });
        let picture = svg(&lines, 10);
        assert_eq!(picture.matches("<path").count(), 4, "a curve and a sample of it in the legend each");
        assert!(picture.contains(">uninote<") && picture.contains(">hnsw_rs<") && !picture.contains("NaN"));
        assert!(!svg(&[], 10).contains("NaN"));
    }
}
