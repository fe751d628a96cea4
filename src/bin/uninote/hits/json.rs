//! An answer as JSON.

use serde::Serialize;
use uninote::query::Passage;
use uninote::{Answer, Hit, Row};

#[derive(Serialize)]
pub(super) struct AnswerJson<'a> {
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
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    folded: &'a [String],
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
    matches: Vec<[usize; 2]>,
    snippet: SnippetJson<'a>,
}

#[derive(Serialize)]
struct SnippetJson<'a> {
    start: usize,
    end: usize,
    text: &'a str,
}

#[derive(Serialize)]
struct ScoresJson {
    coarse: f32,
    full: f32,
}

impl<'a> AnswerJson<'a> {
    pub(super) fn of(answer: &'a Answer) -> Self {
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
            matches: passage.matches.iter().map(|span| [span.start, span.end]).collect(),
            snippet: SnippetJson {
                start: passage.snippet.start,
                end: passage.snippet.end,
                text: &passage.snippet.text,
            },
        };
        Self {
            id: &hit.id,
            score: hit.score,
            title: &hit.title,
            row,
            passage: hit.passage.as_ref().map(passage),
            aims: aims.collect(),
            folded: &hit.folded,
            stages: ScoresJson { coarse: hit.stages.coarse, full: hit.stages.full },
        }
    }
}
