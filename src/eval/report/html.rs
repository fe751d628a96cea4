//! The report as a page: no scripts, nothing fetched, all text escaped.

use super::{Report, plots, tables};
use crate::measure::DRAWS;
use std::fmt::Write;

/// How the page looks.
const STYLE: &str = include_str!("style.css");

/// The whole page.
pub(super) fn page(report: &Report) -> String {
    let facts = &report.facts;
    let mut title = format!("Evaluation on {}", facts.collection);
    if !facts.split.is_empty() {
        let _ = write!(title, ", {}", facts.split);
    }
    let title = escaped(&title);
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    page += &summary(report);
    page += "<h2>Means with 95 % intervals</h2>\n";
    page += &tables::metrics(report);
    page += &plots::intervals(report);
    if report.systems.len() > 1 {
        page += "<h2>Differences, query by query</h2>\n";
        page += &tables::differences(report);
        page += &plots::differences(report);
    }
    page += "<h2>Recall by rank</h2>\n";
    page += &plots::recall(report);
    if report.systems.iter().any(|system| system.latency.is_some()) {
        page += "<h2>Latency, one query at a time</h2>\n";
        page += &tables::latency(report);
        page += &plots::latency(report);
    }
    page += "<h2>The queries that went worst</h2>\n";
    page += &tables::worst(report);
    page + "</body>\n</html>\n"
}

/// What was evaluated, in a paragraph.
fn summary(report: &Report) -> String {
    let facts = &report.facts;
    let mut text = format!("<p>{} judged queries", report.queries.len());
    // Writing to a string cannot fail.
    if facts.notes > 0 {
        let encoder = escaped(&facts.encoder);
        let _ = write!(text, ", {} notes, encoder {encoder}, lists to rank {}", facts.notes, facts.depth);
    }
    let _ = writeln!(
        text,
        ". Intervals: percentile bootstrap over queries, {DRAWS} draws, seed {}. Definitions are trec_eval's; every judged \
         query counts.</p>",
        super::SEED
    );
    if facts.absent > 0 {
        let _ = writeln!(text, "<p class=\"bad\">{} relevant notes are not in the index.</p>", facts.absent);
    }
    if facts.left_out.count > 0 {
        let first = facts.left_out.reasons.first().map(|why| escaped(why)).unwrap_or_default();
        let count = facts.left_out.count;
        let _ = writeln!(text, "<p class=\"soft\">{count} times something was not indexed; first: {first}</p>");
    }
    text
}

/// Text as HTML shows it, and as it can stand in an attribute. Control characters, and the marks that reorder what is shown,
/// become U+FFFD.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe += "&amp;",
            '<' => safe += "&lt;",
            '>' => safe += "&gt;",
            '"' => safe += "&quot;",
            '\'' => safe += "&#39;",
            '\n' | '\t' => safe.push(' '),
            '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => safe.push(char::REPLACEMENT_CHARACTER),
            c if c.is_control() => safe.push(char::REPLACEMENT_CHARACTER),
            c => safe.push(c),
        }
    }
    safe
}
