//! An answer as JSON.

use crate::signals;
use serde::Serialize;
use uninote::query::{Explanation, FeatureShare, Passage};
use uninote::{Answer, Hit, Row, Value};

#[derive(Serialize)]
pub(super) struct AnswerJson<'a> {
    hits: Vec<HitJson<'a>>,
    next: Option<String>,
    mode: &'static str,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<&'a Value>,
    stages: ScoresJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<ExplanationJson<'a>>,
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

#[derive(Serialize)]
struct ExplanationJson<'a> {
    dense: Option<usize>,
    lexical: Option<usize>,
    fused: Option<usize>,
    bm25: f32,
    coverage: f32,
    baseline: f32,
    features: Vec<FeatureJson<'a>>,
}

#[derive(Serialize)]
struct FeatureJson<'a> {
    name: &'a str,
    value: Option<f32>,
    contribution: f32,
}

impl<'a> ExplanationJson<'a> {
    fn of(why: &'a Explanation) -> Self {
        let feature = |feature: &'a FeatureShare| FeatureJson {
            name: &feature.name,
            value: feature.value,
            contribution: feature.contribution,
        };
        Self {
            dense: why.dense,
            lexical: why.lexical,
            fused: why.fused,
            bm25: why.bm25,
            coverage: why.coverage,
            baseline: why.baseline,
            features: why.features.iter().map(feature).collect(),
        }
    }
}

impl<'a> AnswerJson<'a> {
    pub(super) fn of(answer: &'a Answer) -> Self {
        let stages = answer.stages;
        Self {
            hits: answer.hits.iter().map(HitJson::of).collect(),
            next: answer.next.as_ref().map(ToString::to_string),
            mode: signals::name(answer.mode),
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
            group: hit.group.as_ref(),
            stages: ScoresJson { coarse: hit.stages.coarse, full: hit.stages.full },
            explanation: hit.explanation.as_deref().map(ExplanationJson::of),
        }
    }
}
