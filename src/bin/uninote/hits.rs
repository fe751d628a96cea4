//! Answers of `search` and `similar`: a table on a terminal, tab-separated lines in a pipe, JSON on request.

use crate::output::{on_terminal, one_line, print, print_json};
use crate::{
    Place,
    failure::{Failure, Outcome},
};
use clap::ValueEnum;
use comfy_table::{CellAlignment, ColumnConstraint, ContentArrangement, Row as TableRow, Table, Width, presets};
use serde::Serialize;
use std::fmt::Write;
use uninote::query::Passage;
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
    /// What is compared: whole notes, their passages and pictures, or both
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Compared::Auto)]
    granularity: Compared,
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
        Ok(match &self.after {
            Some(cursor) => options.after(cursor.parse::<Cursor>()?),
            None => options,
        })
    }
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
        print(&format!("{table}\n{}", next.unwrap_or_default()))?;
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
        let note = if title.is_empty() { id } else { format!("{title}\n{id}") };
        let passage = hit.passage.as_ref().map(|passage| one_line(&passage.text)).unwrap_or_default();
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

/// One line a hit: score, id, title, row, passage, with tabs between them.
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
        let _ = writeln!(lines, "{:.6}\t{id}\t{title}\t{row}\t{passage}", hit.score);
    }
    lines
}

/// An argument as a POSIX shell takes it.
fn quoted(argument: &str) -> String {
    format!("'{}'", one_line(argument).replace('\'', "'\\''"))
}

#[derive(Serialize)]
struct AnswerJson<'a> {
    hits: Vec<HitJson<'a>>,
    next: Option<String>,
    generation: u64,
    stages: StagesJson,
}

#[derive(Serialize)]
struct StagesJson {
    segments: usize,
    coarse: u64,
    rescored: u64,
    exact: bool,
    expected_recall: f32,
}

#[derive(Serialize)]
struct HitJson<'a> {
    id: &'a str,
    score: f32,
    title: &'a str,
    row: RowJson<'a>,
    passage: Option<PassageJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aims: Vec<AimJson<'a>>,
    stages: ScoresJson,
}

#[derive(Serialize)]
struct AimJson<'a> {
    space: &'a str,
    score: f32,
    row: Option<RowJson<'a>>,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum RowJson<'a> {
    Global,
    Passage { ordinal: u32, start: usize, end: usize },
    Picture { ordinal: u32 },
    Region { ordinal: u32, cell: u32, side: u32 },
    Vector { space: &'a str, ordinal: u32 },
}

impl<'a> RowJson<'a> {
    fn of(row: &'a Row) -> Self {
        match row {
            Row::Passage { ordinal, start, end } => Self::Passage { ordinal: *ordinal, start: *start, end: *end },
            Row::Picture { ordinal } => Self::Picture { ordinal: *ordinal },
            Row::Region { ordinal, cell, side } => Self::Region { ordinal: *ordinal, cell: *cell, side: *side },
            Row::Vector { space, ordinal } => Self::Vector { space, ordinal: *ordinal },
            _ => Self::Global,
        }
    }
}

#[derive(Serialize)]
struct PassageJson<'a> {
    ordinal: u32,
    start: usize,
    end: usize,
    score: f32,
    text: &'a str,
}

#[derive(Serialize)]
struct ScoresJson {
    coarse: f32,
    full: f32,
}

impl<'a> AnswerJson<'a> {
    fn of(answer: &'a Answer) -> Self {
        let stages = answer.stages;
        Self {
            hits: answer.hits.iter().map(HitJson::of).collect(),
            next: answer.next.as_ref().map(ToString::to_string),
            generation: answer.generation,
            stages: StagesJson {
                segments: stages.segments,
                coarse: stages.coarse,
                rescored: stages.rescored,
                exact: stages.exact,
                expected_recall: stages.expected_recall,
            },
        }
    }
}

impl<'a> HitJson<'a> {
    fn of(hit: &'a Hit) -> Self {
        let row = RowJson::of(&hit.row);
        let aims = hit.aims.iter().map(|aim| AimJson {
            space: &aim.space,
            score: aim.score,
            row: aim.row.as_ref().map(RowJson::of),
        });
        let passage = |passage: &'a Passage| PassageJson {
            ordinal: passage.ordinal,
            start: passage.start,
            end: passage.end,
            score: passage.score,
            text: &passage.text,
        };
        Self {
            id: &hit.id,
            score: hit.score,
            title: &hit.title,
            row,
            passage: hit.passage.as_ref().map(passage),
            aims: aims.collect(),
            stages: ScoresJson { coarse: hit.stages.coarse, full: hit.stages.full },
        }
    }
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
