//! The tables of the page, and the queries that went worst.

use super::html::escaped;
use super::{Interval, Listed, Metric, Report, Worst};
use std::fmt::Write;
use std::time::Duration;

/// A table in a box that scrolls by itself.
fn table(head: &[String], rows: &[String]) -> String {
    let head: String = head.iter().map(|cell| format!("<th>{cell}</th>")).collect();
    let rows: String = rows.iter().map(|row| format!("<tr>{row}</tr>\n")).collect();
    format!("<div class=\"scroll\"><table>\n<tr>{head}</tr>\n{rows}</table></div>\n")
}

/// The name of a system as the first cell of a row.
fn named(report: &Report, system: usize) -> String {
    let name = report.systems.get(system).map(|system| escaped(&system.name)).unwrap_or_default();
    format!("<td>{name}</td>")
}

fn ends(interval: Interval) -> String {
    format!("<small>{:.4} to {:.4}</small>", interval.low, interval.high)
}

/// One row a system, one column a measure.
pub(super) fn metrics(report: &Report) -> String {
    let mut head = vec!["system".to_owned()];
    head.extend(Metric::ALL.iter().map(|metric| metric.name().to_owned()));
    let rows = report.systems.iter().enumerate().map(|(number, system)| {
        let cells = Metric::ALL.iter().map(|metric| {
            let interval = system.interval(*metric);
            format!("<td class=\"n\">{:.4}{}</td>", interval.mean, ends(interval))
        });
        named(report, number) + &cells.collect::<String>()
    });
    table(&head, &rows.collect::<Vec<_>>())
}

/// One row a system but the first, one column a measure.
pub(super) fn differences(report: &Report) -> String {
    let first = report.systems.first().map(|system| escaped(&system.name)).unwrap_or_default();
    let mut head = vec![format!("against {first}")];
    head.extend(Metric::ALL.iter().map(|metric| metric.name().to_owned()));
    let rows = (1..report.systems.len()).map(|number| {
        let cells = Metric::ALL.iter().filter_map(|metric| report.difference(number, *metric)).map(|difference| {
            let interval = difference.interval;
            let class = match interval.excludes_zero() {
                true if interval.mean > 0.0 => "n good",
                true => "n bad",
                false => "n",
            };
            let (better, worse) = (difference.better, difference.worse);
            format!(
                "<td class=\"{class}\">{:+.4}{}<small>{better} better, {worse} worse</small></td>",
                interval.mean,
                ends(interval)
            )
        });
        named(report, number) + &cells.collect::<String>()
    });
    let note = "<p class=\"soft\">Coloured where the interval of the paired difference excludes zero.</p>\n";
    table(&head, &rows.collect::<Vec<_>>()) + note
}

/// One row a system that was timed.
pub(super) fn latency(report: &Report) -> String {
    let head = ["system", "queries", "p50", "p95", "p99"].map(str::to_owned);
    let rows = report.systems.iter().enumerate().filter_map(|(number, system)| {
        let latency = system.latency?;
        let times = [latency.p50, latency.p95, latency.p99];
        let cells: String = times.iter().map(|time| format!("<td class=\"n\">{}</td>", shown(*time))).collect();
        Some(format!("{}<td class=\"n\">{}</td>{cells}", named(report, number), latency.queries))
    });
    table(&head, &rows.collect::<Vec<_>>())
}

/// A time in milliseconds.
pub(super) fn shown(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}

/// The queries that went worst: what was asked, what was right, what each system returned.
pub(super) fn worst(report: &Report) -> String {
    let mut text = String::new();
    for lost in [true, false] {
        let some: Vec<&Worst> = report.worst.iter().filter(|worst| worst.lost == lost).collect();
        if some.is_empty() {
            continue;
        }
        let first = report.systems.first().map(|system| escaped(&system.name)).unwrap_or_default();
        let last = report.systems.last().map(|system| escaped(&system.name)).unwrap_or_default();
        let _ = match lost {
            true => writeln!(text, "<p>Where {last} loses most nDCG@10 against {first}:</p>"),
            false => writeln!(text, "<p>With the lowest nDCG@10 over all systems:</p>"),
        };
        text.extend(some.into_iter().map(|worst| query(report, worst)));
    }
    text
}

fn query(report: &Report, worst: &Worst) -> String {
    let id = report.queries.get(worst.query).map(|id| escaped(id)).unwrap_or_default();
    let (asked, relevant) = (escaped(&worst.text), worst.relevant);
    let mut text =
        format!("<div class=\"query\"><h3>{asked} <span class=\"soft\">{id}</span></h3>\n<div class=\"lists\">\n");
    let expected: String = worst.expected.iter().map(note).collect();
    let _ = writeln!(text, "<div><h3>right: {relevant}</h3><ul>{expected}</ul></div>");
    for (system, returned) in report.systems.iter().zip(&worst.returned) {
        let value = system.values(Metric::Ndcg10).get(worst.query).copied().unwrap_or_default();
        let notes: String = returned.iter().map(note).collect();
        let _ = writeln!(text, "<div><h3>{}: {value:.3}</h3><ol>{notes}</ol></div>", escaped(&system.name));
    }
    text + "</div></div>\n"
}

fn note(listed: &Listed) -> String {
    let grade = match listed.grade {
        Some(grade) if grade > 0.0 => format!("<span class=\"grade hit\">{grade}</span>"),
        Some(grade) => format!("<span class=\"grade\">{grade}</span>"),
        None => "<span class=\"grade\" title=\"not judged\">–</span>".to_owned(),
    };
    format!("<li>{grade} {} <span class=\"soft\">{}</span></li>", escaped(&listed.title), escaped(&listed.id))
}
