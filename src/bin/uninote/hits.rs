//! Answers of `search` and `similar`: a table on a terminal, tab-separated lines in a pipe, JSON on request.
//!
//! | file | what it does |
//! |---|---|
//! | `hits.rs` | options, table, lines |
//! | `explain.rs` | how hits came to their places, for people and for pipes |
//! | `json.rs` | an answer as JSON |

mod explain;
mod json;

use crate::output::{on_terminal, one_line, print, print_json};
use crate::signals::{Rule, Signals};
use crate::{
    Place,
    failure::{Failure, Outcome},
};
use clap::ValueEnum;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row as TableRow, Table, Width, presets};
use json::AnswerJson;
use std::fmt::Write;
use std::time::Duration;
use uninote::fields::Filter;
use uninote::query::Decay;
use uninote::{Answer, Cursor, Granularity, Hit, Row, SearchOptions};

/// Lines of a table one hit may take.
const HIT_LINES: usize = 3;

/// The options that `search` and `similar` share.
#[derive(Debug, clap::Args)]
pub(crate) struct Wanted {
    /// Most hits wanted
    #[arg(short, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..))]
    k: u64,
    /// Share of the true best hits to find, above 0 and up to 1; 1 compares everything exactly
    #[arg(long, value_name = "R", default_value_t = 0.95)]
    recall: f32,
    /// Only notes with such fields, as in `year >= 2000 and tags in (travel, food)`
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    filter: Option<Filter>,
    /// End before the first hit that scores less
    #[arg(long, value_name = "SCORE", allow_hyphen_values = true)]
    min_score: Option<f32>,
    /// What is compared: whole notes, their passages and pictures, or both
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Compared::Auto)]
    granularity: Compared,
    /// By which signals to order
    #[arg(long, value_name = "MODE", value_enum, default_value_t = Signals::Auto)]
    mode: Signals,
    /// The rule of `--mode fused` [default: scores]
    #[arg(long, value_name = "RULE", value_enum)]
    fusion: Option<Rule>,
    /// Say of each hit how it came to its place
    #[arg(long)]
    explain: bool,
    /// How much likeness to hits before counts against relevance, from 0 to 1
    #[arg(long, value_name = "D", default_value_t = 0.0)]
    diversity: f32,
    /// Fold hits into those before them whose texts are at least so similar, above 0 and up to 1
    #[arg(long, value_name = "S")]
    fold: Option<f32>,
    /// At most N hits of each value of a field (1 unless said otherwise)
    #[arg(long, value_name = "FIELD[:N]", value_parser = grouping)]
    group_by: Option<(String, usize)>,
    /// Show the hits in the order of a field
    #[arg(long, value_name = "FIELD")]
    sort: Option<String>,
    /// With `--sort`: the greatest value first
    #[arg(long, requires = "sort")]
    descending: bool,
    /// Days in which the score of a note is halved, by its date
    #[arg(long, value_name = "DAYS", value_parser = days)]
    decay: Option<Duration>,
    /// Continue after an earlier answer: its `next`
    #[arg(long, value_name = "CURSOR", allow_hyphen_values = true)]
    after: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Compared {
    Global,
    Local,
    Auto,
}

impl Wanted {
    /// The options as the index takes them.
    pub(crate) fn options(&self) -> Result<SearchOptions, Failure> {
        let granularity = match self.granularity {
            Compared::Global => Granularity::Global,
            Compared::Local => Granularity::Local,
            Compared::Auto => Granularity::Auto,
        };
        let k = usize::try_from(self.k).unwrap_or(usize::MAX);
        let options = SearchOptions::new().k(k).recall(self.recall).granularity(granularity);
        let mut options = options.mode(self.mode.mode()).explain(self.explain).diversity(self.diversity);
        options.fold = self.fold;
        options.filter = self.filter.clone();
        options.min_score = self.min_score;
        options.decay = self.decay.map(Decay::exponential);
        if let Some((field, best)) = &self.group_by {
            options = options.group_by(field, *best);
        }
        if let Some(field) = &self.sort {
            options = options.sort_by(field, self.descending);
        }
        if let Some(rule) = self.fusion {
            if self.mode != Signals::Fused {
                return Err(Failure::NothingFused);
            }
            options = options.fusion(rule.fusion());
        }
        Ok(match &self.after {
            Some(cursor) => options.after(cursor.parse::<Cursor>()?),
            None => options,
        })
    }
}

/// `FIELD` or `FIELD:N`: what follows the last colon is a number of hits if it is one above 0.
fn grouping(text: &str) -> Result<(String, usize), std::convert::Infallible> {
    let split = text.rsplit_once(':').and_then(|(field, best)| Some((field, best.parse::<usize>().ok()?)));
    let (field, best) = split.filter(|(_, best)| *best > 0).unwrap_or((text, 1));
    Ok((field.to_owned(), best))
}

/// A number of days above zero.
fn days(text: &str) -> Result<Duration, String> {
    let days = text.parse::<f64>().ok().and_then(|days| Duration::try_from_secs_f64(days * 86_400.0).ok());
    days.filter(|days| !days.is_zero()).ok_or_else(|| "a number of days above 0 is expected, such as 30".to_owned())
}

/// Prints an answer; one without hits is `Nothing`.
pub(crate) fn show(answer: &Answer, place: &Place) -> Result<Outcome, Failure> {
    if place.json {
        print_json(&AnswerJson::of(answer))?;
    } else if answer.hits.is_empty() {
        crate::output::diagnostic("nothing found");
    } else if on_terminal() {
        let table = table(&answer.hits);
        let next = answer.next.as_ref().map(|next| format!("more: --after {}\n", quoted(&next.to_string())));
        print(&format!("{table}\n{}{}", explain::blocks(&answer.hits), next.unwrap_or_default()))?;
    } else {
        print(&lines(&answer.hits))?;
    }
    Ok(Outcome::of(!answer.hits.is_empty()))
}

/// The hits in a table as wide as the terminal.
fn table(hits: &[Hit]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["score", "note", "passage"]);
    for hit in hits {
        let title = one_line(&hit.title);
        let id = one_line(&hit.id);
        let copies = if hit.folded.is_empty() { String::new() } else { format!(" (+{} alike)", hit.folded.len()) };
        let note = if title.is_empty() { format!("{id}{copies}") } else { format!("{title}\n{id}{copies}") };
        let passage = hit.passage.as_ref().map(|passage| one_line(&passage.snippet.text)).unwrap_or_default();
        let mut row = TableRow::from([format!("{:.3}", hit.score), note, passage]);
        row.max_height(HIT_LINES);
        table.add_row(row);
    }
    if let Some(score) = table.column_mut(0) {
        score.set_cell_alignment(CellAlignment::Right);
        score.set_constraint(ColumnConstraint::ContentWidth);
    }
    if let Some(note) = table.column_mut(1) {
        note.set_constraint(ColumnConstraint::UpperBoundary(Width::Percentage(35)));
    }
    table
}

/// One line a hit: score, id, title, row, passage, with tabs between them, and what is explained after them.
fn lines(hits: &[Hit]) -> String {
    let mut lines = String::new();
    for hit in hits {
        let row = match &hit.row {
            Row::Passage { ordinal, .. } => format!("passage:{ordinal}"),
            Row::Picture { ordinal } => format!("picture:{ordinal}"),
            Row::Region { ordinal, cell, .. } => format!("region:{ordinal}:{cell}"),
            Row::Vector { space, ordinal } => format!("vector:{space}:{ordinal}"),
            _ => "global".to_owned(),
        };
        let passage = hit.passage.as_ref().map(|passage| one_line(&passage.text)).unwrap_or_default();
        let (id, title) = (one_line(&hit.id), one_line(&hit.title));
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{:.6}\t{id}\t{title}\t{row}\t{passage}{}", hit.score, explain::cells(hit));
    }
    lines
}

/// An argument as a POSIX shell takes it.
fn quoted(argument: &str) -> String {
    format!("'{}'", one_line(argument).replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uninote::{Index, Note};

    fn hits() -> Vec<Hit> {
        let index = Index::in_memory().unwrap();
        let text = "Roast the tomatoes\nwith \u{1b}[31mgarlic,\tthen blend them with stock and basil. ".repeat(12);
        index.add(Note::new("soups/tomato.md").title("Tomato soup").text(text)).unwrap();
        index.add(Note::new("o'brien").text("Take the tyre off the wheel and patch the tube.")).unwrap();
        index.commit().unwrap();
        index.search("tomato soup with garlic", &SearchOptions::new()).unwrap().hits
    }

    #[test]
    fn the_table_keeps_to_the_width_and_shows_score_title_and_passage() {
        let hits = hits();
        for width in [50_u16, 80, 200] {
            let mut table = table(&hits);
            table.set_width(width);
            let shown = table.to_string();
            assert!(shown.lines().all(|line| line.chars().count() <= usize::from(width)), "{width}:\n{shown}");
            assert!(shown.contains("Tomato soup") && shown.contains("Roast the tomatoes"), "{shown}");
            assert!(shown.contains(&format!("{:.3}", hits[0].score)), "{shown}");
            assert!(!shown.contains('\u{1b}') && !shown.contains('\t'), "{shown:?}");
            assert!(shown.lines().count() <= 3 + 2 * (HIT_LINES + 1), "{shown}");
        }
    }

    #[test]
    fn a_line_has_five_cells_whatever_the_note_holds() {
        let lines = lines(&hits());
        assert_eq!(lines.lines().count(), 2);
        assert!(lines.lines().all(|line| line.split('\t').count() == 5), "{lines:?}");
        assert!(!lines.contains('\u{1b}'));
    }

    #[test]
    fn a_cursor_survives_the_shell() {
        assert_eq!(quoted("1.3f800000.o'brien"), r"'1.3f800000.o'\''brien'");
    }
}
