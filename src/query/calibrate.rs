//! Measures what recall a space gives at what cost, when it is built: the curve from which searches are planned.
//!
//! Rows of the space serve as queries. They are held out: the graph is measured before they are put into it, so that to it
//! they are what a new query is. What is stored is the mean less half a standard error, so that chance in the draw seldom
//! promises too much.

use super::beam::{ByDistance, Reach};
use super::judge::{Query, judge, mixtures};
use super::plan::{CURVE_K, EXACT_ROWS, Method, Plan, compared_most};
use super::space::Candidate;
pub(crate) use super::space::Coarse;
use crate::vector::{CodeParams, QueryCode, VectorError, Vectors};
use index_format::RecallPoint;
use rayon::prelude::*;

/// How far walks go that are tried, in rising cost.
const SLACKS: [f32; 18] =
    [0.0, 0.006, 0.012, 0.02, 0.03, 0.042, 0.055, 0.07, 0.09, 0.11, 0.135, 0.165, 0.2, 0.24, 0.29, 0.36, 0.45, 0.6];
/// How much lower than the last wanted one an estimate may be, tried in rising cost.
const MARGINS: [f32; 16] =
    [0.0, 0.003, 0.006, 0.01, 0.014, 0.019, 0.025, 0.032, 0.04, 0.05, 0.065, 0.085, 0.11, 0.15, 0.25, ALL];
/// A margin that lets everything through.
const ALL: f32 = 2.0;
/// A search may compare so many times the full vectors that the query compared that needed most.
const RESCORED_ROOM: usize = 2;
/// Rows compared in full width at most while margins are tried.
const SCANNED: usize = 1_000;
/// Share of the missing recall that mixtures must find besides: queries from elsewhere are harder than they are.
const FAR_MORE: f32 = 0.9;
/// Recall beyond which walks for far queries go no further.
const FAR_ENOUGH: f32 = 0.998;
/// Share of the near queries that are no further from the rows than a near query is taken to be.
const NEAR_SHARE: f64 = 0.98;
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
        let looked = look(&space, &near, Plan { most: 5 * CURVE_K, ..plan(Method::Scan) });
        looked.recall(&near, ALL)
    }

    /// The distance to the tenth neighbour that nearly all near queries keep to, and one from which on a query is as hard as
    /// a far one; and the recall curve of the space in rising cost.
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
                let reached = look(&space, &near, walk_plan(ByDistance::even(slack), space.rows())).recall(&near, ALL);
                let further = far_for(&far_curve, further(reached));
                let slack = ByDistance { distances, values: [slack, further.slack.max(slack)] };
                let looked = look(&space, &near, walk_plan(slack, space.rows()));
                let margin = looked.margin(&near, looked.recall(&near, ALL) - MARGIN_LOSS).max(further.margin);
                let rescored = looked.rescored(margin).max(further.rescored);
                let [slack, far_slack] = slack.values;
                let (recall, scored) = (looked.recall(&near, margin), looked.scored);
                add(RecallPoint { slack, far_slack, margin, rescored, recall, scored })
            });
        } else {
            let [looked, looked_far] = [&near, &far].map(|queries| look(&space, queries, plan(Method::Scan)));
            let _enough = MARGINS.into_iter().any(|margin| {
                let recall = looked.recall(&near, margin);
                let margin = looked_far.margin(&far, recall).max(margin);
                let rescored = looked.rescored(margin).max(looked_far.rescored(margin));
                add(RecallPoint { slack: 0.0, far_slack: 0.0, margin, rescored, recall, scored: looked.scored })
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
    Plan { method, wanted: CURVE_K, margin: ByDistance::even(ALL), most: SCANNED, expected_recall: 0.0 }
}

const fn walk_plan(slack: ByDistance, rows: usize) -> Plan {
    plan(Method::Walk(Reach { wanted: CURVE_K, slack, compared: compared_most(rows) }))
}

/// The recall that mixtures must reach where near queries reach this one.
fn further(recall: f32) -> f32 {
    (recall + FAR_MORE * (1.0 - recall)).min(FAR_ENOUGH)
}

/// What far queries need for a recall.
#[derive(Debug, Clone, Copy, Default)]
struct FarPoint {
    slack: f32,
    recall: f32,
    margin: f32,
    rescored: u32,
}

/// What far queries need, in rising cost.
fn far_curve(space: &Coarse<'_>, far: &Coded<'_>) -> Vec<FarPoint> {
    let mut curve = Vec::new();
    for slack in SLACKS {
        let looked = look(space, far, walk_plan(ByDistance::even(slack), space.rows()));
        let recall = looked.recall(far, ALL);
        let margin = looked.margin(far, recall - FAR_MARGIN_LOSS);
        curve.push(FarPoint { slack, recall, margin, rescored: looked.rescored(margin) });
        if recall >= FAR_ENOUGH || looked.scored as usize > space.rows() / FAR_COMPARED {
            break;
        }
    }
    curve
}

/// What gives far queries a recall, or comes nearest to it.
fn far_for(curve: &[FarPoint], recall: f32) -> FarPoint {
    let Some(above) = curve.iter().position(|point| point.recall >= recall) else {
        return curve.last().copied().unwrap_or_default();
    };
    let right = curve.get(above).copied().unwrap_or_default();
    let Some(left) = above.checked_sub(1).and_then(|below| curve.get(below)) else { return right };
    let share = ((recall - left.recall) / (right.recall - left.recall)).clamp(0.0, 1.0);
    FarPoint { slack: left.slack + (right.slack - left.slack) * share, ..right }
}

/// What is found for some queries.
struct Looked {
    /// For each query, the best by estimate first, all compared in full width.
    found: Vec<Vec<Candidate>>,
    /// Codes compared for one query, on average.
    scored: u32,
}

fn look(space: &Coarse<'_>, coded: &Coded<'_>, plan: Plan) -> Looked {
    let one = |(query, code): (&Query, &QueryCode)| {
        let (found, scored) = space.coarse(code, plan, |_| true, &|| false);
        let mut found = space.rescore((&query.vector, code), found, plan.most);
        found.sort_unstable_by(|left, right| right.coarse.total_cmp(&left.coarse));
        (found, u64::from(scored))
    };
    let (found, scored): (Vec<_>, Vec<u64>) = coded.queries.par_iter().zip(&coded.codes).map(one).unzip();
    let scored = scored.iter().sum::<u64>() / coded.codes.len().max(1) as u64;
    Looked { found, scored: scored as u32 }
}

impl Looked {
    /// Recall@10 of what the margin lets through, less half a standard error.
    fn recall(&self, coded: &Coded<'_>, margin: f32) -> f32 {
        let share = |(query, found): (&Query, &Vec<Candidate>)| {
            let hits = let_through(found, margin).iter().filter(|candidate| candidate.full >= query.from).count();
            hits.min(CURVE_K) as f32 / query.right.max(1) as f32
        };
        lower_mean(&coded.queries.iter().zip(&self.found).map(share).collect::<Vec<f32>>())
    }

    /// The smallest margin that lets through what such a recall takes.
    fn margin(&self, coded: &Coded<'_>, recall: f32) -> f32 {
        MARGINS.into_iter().find(|margin| self.recall(coded, *margin) >= recall).unwrap_or(ALL)
    }

    /// Twice the most rows that the margin lets through for any query.
    fn rescored(&self, margin: f32) -> u32 {
        let passed = |found: &Vec<Candidate>| let_through(found, margin).len();
        self.found.iter().map(passed).max().map_or(1, |most| (most * RESCORED_ROOM) as u32)
    }
}

/// Those whose estimates come near enough to that of the last wanted one.
fn let_through(found: &[Candidate], margin: f32) -> &[Candidate] {
    let Some(last) = found.get(CURVE_K - 1).or(found.last()) else { return &[] };
    let passed = found.partition_point(|candidate| candidate.coarse >= last.coarse - margin);
    found.get(..passed).unwrap_or_default()
}

/// The distance to the last right row that a share of the queries does not exceed.
fn distance(queries: &[Query], share: f64) -> f32 {
    let mut distances: Vec<f32> = queries.iter().map(|query| (1.0 - query.from).clamp(0.0, 2.0)).collect();
    distances.sort_unstable_by(f32::total_cmp);
    let place = share * distances.len().saturating_sub(1) as f64;
    distances.get(place as usize).copied().unwrap_or_default()
}

/// The mean less half a standard error, not below 0.
fn lower_mean(values: &[f32]) -> f32 {
    let count = values.len().max(2) as f32;
    let mean = values.iter().sum::<f32>() / count;
    let variance = values.iter().map(|share| (share - mean).powi(2)).sum::<f32>() / (count - 1.0);
    (mean - (variance / count).sqrt() / 2.0).max(0.0)
}
