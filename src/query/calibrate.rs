//! Measures what recall a space gives at what cost, when it is built: the curve from which searches are planned.
//!
//! Rows of the space serve as queries. They are held out: the graph is measured before they are put into it, so that to it
//! they are what a new query is. What is stored is the mean less half a standard error, so that chance in the draw seldom
//! promises too much.

use super::beam::{Reach, Scored, Slack};
use super::judge::{Query, judge, mixtures};
use super::plan::{CURVE_K, EXACT_ROWS, Method, Plan, compared_most};
pub(crate) use super::space::Coarse;
use super::space::{Candidate, within};
use crate::vector::{CodeParams, QueryCode, VectorError, Vectors};
use index_format::RecallPoint;
use rayon::prelude::*;

/// How far walks go that are tried, in rising cost.
const SLACKS: [f32; 18] =
    [0.0, 0.006, 0.012, 0.02, 0.03, 0.042, 0.055, 0.07, 0.09, 0.11, 0.135, 0.165, 0.2, 0.24, 0.29, 0.36, 0.45, 0.6];
/// How much lower than the last wanted one an estimate may be, tried in rising cost.
const MARGINS: [f32; 16] =
    [0.0, 0.003, 0.006, 0.01, 0.014, 0.019, 0.025, 0.032, 0.04, 0.05, 0.065, 0.085, 0.11, 0.15, 0.25, 2.0];
/// A search may compare so many times the full vectors that the query compared that needed most.
const RESCORED_ROOM: usize = 2;
/// Rows compared in full width at most while margins are tried.
const SCANNED: usize = 1_000;
/// Share of the missing recall that mixtures must find besides: queries from elsewhere are harder than they are.
const FAR_MORE: f32 = 0.85;
/// Recall beyond which walks for far queries go no further.
const FAR_ENOUGH: f32 = 0.995;
/// Share of the near queries that are no further from the rows than a near query is taken to be.
const NEAR_SHARE: f64 = 0.95;
/// Share of the mixtures that are nearer to the rows than a far query is taken to be.
const FAR_SHARE: f64 = 0.25;
/// Beyond this share of the rows compared a walk for a far query is not worth its time.
const FAR_COMPARED: usize = 8;
/// Beyond this a curve is not followed: a caller who wants more gets an exact search.
const ENOUGH: f32 = 0.998;
/// A smaller margin is taken if it costs at most this much recall.
const MARGIN_LOSS: f32 = 0.002;
/// The same for far queries, whose estimates are off by more.
const FAR_MARGIN_LOSS: f32 = 0.01;

/// Rows of a space held out as queries, and mixtures of them: queries that are far from all rows, as those from elsewhere
/// are.
pub(crate) struct Trial {
    near: Vec<Query>,
    far: Vec<Query>,
    inside: usize,
}

/// Queries with their codes.
struct Coded<'a> {
    queries: &'a [Query],
    codes: Vec<QueryCode>,
}

impl Trial {
    /// Compares the rows from `inside` on, and mixtures of them, with all before; `None` for so few that they are searched
    /// exactly anyway. `stop` ends the work early, with a trial that means nothing.
    pub(crate) fn draw(vectors: &Vectors, inside: usize, stop: &(dyn Fn() -> bool + Sync)) -> Option<Self> {
        if inside <= EXACT_ROWS || inside >= vectors.len() {
            return None;
        }
        let (rows, held) = vectors.flat().split_at(inside * vectors.width());
        let judged = |queries: &[f32]| judge(rows, queries, vectors.width(), stop);
        Some(Self { near: judged(held), far: judged(&mixtures(held, vectors.width())), inside })
    }

    /// All queries, for turning them into what codes are made of.
    ///
    /// # Errors
    /// None for vectors that were accepted before.
    pub(crate) fn queries(&self) -> Result<Vectors, VectorError> {
        let all = self.near.iter().chain(&self.far);
        let width = self.near.first().map_or(1, |query| query.vector.len());
        Vectors::from_flat(width, all.flat_map(|query| &query.vector).copied().collect())
    }

    /// Recall@10 that scanning the codes of the rows and rescoring five candidates a wanted row reaches. `queries` are all
    /// queries as codes are made of them.
    pub(crate) fn code_recall(
        &self,
        params: CodeParams,
        codes: &[i8],
        (vectors, queries): (&Vectors, &Vectors),
    ) -> f32 {
        let space = self.without(&Coarse { params, codes, vectors: vectors.flat(), links: None });
        let [near, _] = self.coded(params, queries);
        let plan = Plan { most: 5 * CURVE_K, margin: 2.0, ..plan(Method::Scan) };
        let (found, _) = look(&space, &near, plan);
        recall(&space, &near, &found, plan)
    }

    /// The distance to the tenth neighbour that nearly all near queries keep to, and that which the nearest of the far
    /// queries have; and the recall curve of the space in rising cost.
    pub(crate) fn curve(&self, space: &Coarse<'_>, queries: &Vectors) -> ([f32; 2], Vec<RecallPoint>) {
        let space = self.without(space);
        let [near, far] = self.coded(space.params, queries);
        let (most_near, first_far) = (distance(near.queries, NEAR_SHARE), distance(far.queries, FAR_SHARE));
        // Queries between both are as hard as far ones sooner than halfway.
        let distances = [most_near, most_near.midpoint(first_far.max(most_near))];
        let mut curve: Vec<RecallPoint> = Vec::new();
        let mut add = |point: RecallPoint| {
            if curve.last().is_none_or(|last| point.recall > last.recall) {
                curve.push(point);
            }
            point.recall >= ENOUGH
        };
        if space.links.is_some() {
            let far_curve = far_curve(&space, &far);
            let _enough = SLACKS.into_iter().any(|slack| {
                let even = walk_plan(Slack::even(slack), space.rows());
                let reached = recall(&space, &near, &look(&space, &near, even).0, even);
                let far_slack = slack_for(&far_curve, reached + FAR_MORE * (1.0 - reached)).max(slack);
                add(point(&space, (&near, &far), Slack { distances, shares: [slack, far_slack] }))
            });
        } else {
            let plan = plan(Method::Scan);
            let (found, scored) = look(&space, &near, plan);
            let _enough = MARGINS.into_iter().any(|margin| {
                let plan = Plan { margin, ..plan };
                let recall = recall(&space, &near, &found, plan);
                let rescored = rescored(&near, &found, plan);
                add(RecallPoint { slack: 0.0, far_slack: 0.0, margin, rescored, recall, scored })
            });
        }
        (distances, curve)
    }

    /// The space without the rows held out.
    fn without<'a>(&self, space: &Coarse<'a>) -> Coarse<'a> {
        let codes = space.codes.get(..self.inside * space.params.bytes()).unwrap_or_default();
        Coarse { codes, ..*space }
    }

    fn coded(&self, params: CodeParams, queries: &Vectors) -> [Coded<'_>; 2] {
        let mut codes: Vec<QueryCode> = queries.iter().map(|query| params.query(query)).collect();
        let far = codes.split_off(self.near.len().min(codes.len()));
        [Coded { queries: &self.near, codes }, Coded { queries: &self.far, codes: far }]
    }
}

const fn plan(method: Method) -> Plan {
    Plan { method, wanted: CURVE_K, margin: 2.0, most: SCANNED, expected_recall: 0.0 }
}

const fn walk_plan(slack: Slack, rows: usize) -> Plan {
    plan(Method::Walk(Reach { wanted: CURVE_K, slack, compared: compared_most(rows) }))
}

/// Slack and recall of far queries, in rising cost.
fn far_curve(space: &Coarse<'_>, far: &Coded<'_>) -> Vec<(f32, f32)> {
    let mut curve = Vec::new();
    for slack in SLACKS {
        let plan = walk_plan(Slack::even(slack), space.rows());
        let (found, scored) = look(space, far, plan);
        let reached = recall(space, far, &found, plan);
        curve.push((slack, reached));
        if reached >= FAR_ENOUGH || scored as usize > space.rows() / FAR_COMPARED {
            break;
        }
    }
    curve
}

/// The slack that gives far queries a recall, or what comes nearest to it.
fn slack_for(curve: &[(f32, f32)], recall: f32) -> f32 {
    let Some(above) = curve.iter().position(|(_, reached)| *reached >= recall) else {
        return curve.last().map_or(0.0, |(slack, _)| *slack);
    };
    let Some((right, left)) = curve.get(above).zip(above.checked_sub(1).and_then(|below| curve.get(below))) else {
        return curve.get(above).map_or(0.0, |(slack, _)| *slack);
    };
    left.0 + (right.0 - left.0) * ((recall - left.1) / (right.1 - left.1)).clamp(0.0, 1.0)
}

/// The point for a walk: the smallest margin that loses next to nothing.
fn point(space: &Coarse<'_>, (near, far): (&Coded<'_>, &Coded<'_>), slack: Slack) -> RecallPoint {
    let plan = walk_plan(slack, space.rows());
    let (found, scored) = look(space, near, plan);
    let (found_far, _) = look(space, far, plan);
    let recall_at = |margin: f32| recall(space, near, &found, Plan { margin, ..plan });
    let far_at = |margin: f32| recall(space, far, &found_far, Plan { margin, ..plan });
    let (all, all_far) = (recall_at(plan.margin), far_at(plan.margin));
    let enough = |margin: &f32| recall_at(*margin) >= all - MARGIN_LOSS && far_at(*margin) >= all_far - FAR_MARGIN_LOSS;
    let margin = MARGINS.into_iter().find(enough).unwrap_or(plan.margin);
    let plan = Plan { margin, ..plan };
    let rescored = rescored(near, &found, plan).max(rescored(far, &found_far, plan));
    let [slack, far_slack] = slack.shares;
    RecallPoint { slack, far_slack, margin, rescored, recall: recall_at(margin), scored }
}

/// What is found for each query, and how many codes were compared for one, on average.
fn look(space: &Coarse<'_>, coded: &Coded<'_>, plan: Plan) -> (Vec<Vec<Scored>>, u32) {
    let (found, scored): (Vec<_>, Vec<u32>) =
        coded.codes.par_iter().map(|code| space.coarse(code, plan, |_| true, &|| false)).unzip();
    let total = scored.iter().map(|scored| u64::from(*scored)).sum::<u64>();
    (found, (total / coded.codes.len().max(1) as u64) as u32)
}

/// Recall@10 of the best of what was found for each query, less half a standard error.
fn recall(space: &Coarse<'_>, coded: &Coded<'_>, found: &[Vec<Scored>], plan: Plan) -> f32 {
    let share = |((query, code), found): ((&Query, &QueryCode), &Vec<Scored>)| {
        let best = best(space.rescore((&query.vector, code), found, plan));
        let hits = best.iter().filter(|cosine| **cosine >= query.from).count();
        hits as f32 / query.right.max(1) as f32
    };
    let shares: Vec<f32> = coded.queries.par_iter().zip(&coded.codes).zip(found).map(share).collect();
    lower_mean(&shares)
}

/// Twice the most rows that the margin lets through for any query.
fn rescored(coded: &Coded<'_>, found: &[Vec<Scored>], plan: Plan) -> u32 {
    let passed = |(code, found): (&QueryCode, &Vec<Scored>)| within(code, found, plan).count();
    coded.codes.iter().zip(found).map(passed).max().map_or(1, |most| (most * RESCORED_ROOM) as u32)
}

/// The distance to the last right row that a share of the queries does not exceed.
fn distance(queries: &[Query], share: f64) -> f32 {
    let mut distances: Vec<f32> = queries.iter().map(|query| (1.0 - query.from).clamp(0.0, 2.0)).collect();
    distances.sort_unstable_by(f32::total_cmp);
    let place = share * distances.len().saturating_sub(1) as f64;
    distances.get(place as usize).copied().unwrap_or_default()
}

/// The mean less half a standard error, not below 0.
fn lower_mean(shares: &[f32]) -> f32 {
    let count = shares.len().max(2) as f32;
    let mean = shares.iter().sum::<f32>() / count;
    let variance = shares.iter().map(|share| (share - mean).powi(2)).sum::<f32>() / (count - 1.0);
    (mean - (variance / count).sqrt() / 2.0).max(0.0)
}

/// The best exact cosines, best first.
fn best(found: Vec<Candidate>) -> Vec<f32> {
    let mut cosines: Vec<f32> = found.into_iter().map(|candidate| candidate.full).collect();
    cosines.sort_unstable_by(|left, right| right.total_cmp(left));
    cosines.truncate(CURVE_K);
    cosines
}
