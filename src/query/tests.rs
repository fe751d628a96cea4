//! Walks, scans and plans against the naive twin, and against damaged arrays.

use super::beam::{Beam, ByDistance, Reach, Scored};
use super::calibrate::Trial;
use super::plan::{CURVE_K, Method, Plan, plan};
use super::space::Coarse;
use super::walk::{Codes, Walk};
use crate::graph::{self, GraphParams};
use crate::oracle::{self, Draw, SHAPES, Shape};
use crate::vector::{Bits, CodeParams, Vectors, normalise};
use index_format::{GraphMeta, Links, LinksView, RecallPoint, SpaceMeta};

const ROWS: usize = 3_000;
const WIDTH: usize = 32;

/// A space as a segment would hold it, with queries of the same making that are not in it.
struct Space {
    params: CodeParams,
    codes: Vec<i8>,
    vectors: Vectors,
    links: Links,
    queries: Vec<Vec<f32>>,
    distances: [f32; 2],
    curve: Vec<RecallPoint>,
}

impl Space {
    fn of(shape: Shape) -> Self {
        Self::coded(shape, 24)
    }

    fn coded(shape: Shape, dims: usize) -> Self {
        let mut all = oracle::vectors(shape, ROWS + 150, WIDTH, 7);
        // Taken out evenly: at the end of a sorted collection queries would be unlike its rows.
        let step = all.len() / 150;
        let queries: Vec<Vec<f32>> = (0..150).rev().map(|number| all.remove(number * step)).collect();
        // What is held out must be spread over the rows as well.
        let rows = all.iter().enumerate();
        let (held, mut all): (Vec<_>, Vec<_>) = rows.partition(|(row, _)| row % 10 == 5);
        all.extend(held);
        let all: Vec<Vec<f32>> = all.into_iter().map(|(_, vector)| vector.clone()).collect();
        let vectors = Vectors::from_flat(WIDTH, all.concat()).unwrap();
        let graph = GraphParams::default();
        let inside = ROWS - ROWS / 10;
        let without = graph::build(&vectors, inside, &graph, &|| false).unwrap();
        let params = CodeParams::eight(&vectors, dims);
        let codes = params.encode_all(&vectors);
        let trial = Trial::draw(&vectors, inside, &|| false).unwrap();
        let space = Coarse { params, codes: &codes, vectors: vectors.flat(), links: Some(without.view()) };
        let (distances, curve) = trial.curve(&space, &trial.queries().unwrap());
        let links = graph::extend(&vectors, without, &graph, &|| false).unwrap();
        Self { params, codes, vectors, links, queries, distances, curve }
    }

    fn coarse(&self) -> Coarse<'_> {
        let links = Some(self.links.view());
        Coarse { params: self.params, codes: &self.codes, vectors: self.vectors.flat(), links }
    }

    fn meta(&self) -> SpaceMeta {
        SpaceMeta {
            width: WIDTH as u32,
            rows: self.vectors.len() as u32,
            code_dims: self.params.dims as u32,
            code_bits: 8,
            code_scale: self.params.scale,
            rotation: None,
            graph: Some(GraphMeta { degree: self.links.degree, entry: self.links.entry }),
            near: self.distances[0],
            far: self.distances[1],
            curve: self.curve.clone(),
        }
    }

    fn truth(&self, query: &[f32], k: usize) -> Vec<(String, f64)> {
        let names: Vec<String> = (0..self.vectors.len()).map(|row| format!("{row:05}")).collect();
        oracle::best(names.iter().map(String::as_str).zip(&self.vectors), query, k)
    }

    /// Mean recall of a plan over the held-out queries, by the true cosines of what was found.
    fn recall(&self, plan: Plan, accept: impl Fn(u32) -> bool + Copy) -> f64 {
        self.recall_of(&self.queries, plan, accept)
    }

    fn recall_of(&self, queries: &[Vec<f32>], plan: Plan, accept: impl Fn(u32) -> bool + Copy) -> f64 {
        let one = |query: &Vec<f32>| {
            let found = self.coarse().candidates((query, query), plan, accept, &|| false).found;
            let cosine = |row: u32| oracle::cosine(self.vectors.row(row as usize), query);
            let truth = self.truth(query, self.vectors.len());
            let mut truth: Vec<_> = truth.into_iter().filter(|(row, _)| accept(row.parse().unwrap())).collect();
            truth.truncate(CURVE_K);
            oracle::recall(&truth, found.iter().map(|candidate| cosine(candidate.row)))
        };
        queries.iter().map(one).sum::<f64>() / queries.len() as f64
    }
}

#[test]
fn a_plan_reaches_on_new_queries_the_recall_it_was_asked_for() {
    for shape in SHAPES {
        let space = Space::of(shape);
        let meta = space.meta();
        for asked in [0.8, 0.9, 0.95, 0.99] {
            let plan = plan(&meta, CURVE_K, asked, 1);
            let reached = space.recall(plan, |_| true);
            // Both the curve and this mean come from a few hundred queries, whose spread shrinks towards 1.
            let chance = 0.09 * (1.0 - f64::from(asked)).sqrt();
            assert!(reached >= f64::from(asked) - chance, "{shape:?}: asked {asked}, reached {reached} with {plan:?}");
        }
    }
}

#[test]
fn queries_unlike_all_rows_are_walked_further_for() {
    let space = Space::coded(Shape::Clustered, WIDTH);
    let noise = oracle::vectors(Shape::Uniform, 150, WIDTH, 99);
    let between = |number: usize| {
        let [left, right] = [number, (number * 7 + 31) % 150].map(|place| &space.queries[place]);
        let parts = left.iter().zip(right).zip(&noise[number]);
        let mut sum: Vec<f32> = parts.map(|((left, right), noise)| left + right + 0.5 * noise).collect();
        normalise(&mut sum).unwrap();
        sum
    };
    let elsewhere: Vec<Vec<f32>> = (0..150).map(between).collect();
    for asked in [0.9, 0.95] {
        let plan = plan(&space.meta(), CURVE_K, asked, 1);
        let reached = space.recall_of(&elsewhere, plan, |_| true);
        // With 150 queries the mean itself is off by two points now and then.
        assert!(reached >= f64::from(asked) - 0.06, "asked {asked}, reached {reached} with {plan:?}");
        let compared = |queries: &[Vec<f32>]| -> u64 {
            queries
                .iter()
                .map(|query| space.coarse().candidates((query, query), plan, |_| true, &|| false).scored)
                .sum()
        };
        let (near, far) = (compared(&space.queries), compared(&elsewhere));
        assert!(far > near * 5 / 4, "{far} against {near} codes compared with {plan:?}");
    }
}

/// A walk that holds so many rows, however far.
fn wide(rows: usize) -> Plan {
    let reach = Reach { wanted: rows, slack: ByDistance::even(0.0), compared: usize::MAX };
    Plan { method: Method::Walk(reach), wanted: rows, margin: ByDistance::even(2.0), most: rows, expected_recall: 1.0 }
}

#[test]
fn a_wide_walk_finds_what_the_twin_finds() {
    for shape in SHAPES {
        let space = Space::of(shape);
        let plan = wide(400);
        let reached = space.recall(plan, |_| true);
        assert!(reached > 0.995, "{shape:?}: {reached}");
        let half = space.recall(plan, |row| row % 2 == 0);
        assert!(half > 0.995, "{shape:?} with every other row deleted: {half}");
    }
}

#[test]
fn an_exact_search_is_exhaustive_and_scores_in_full_width() {
    let space = Space::of(Shape::Clustered);
    let query = &space.queries[0];
    let found = space.coarse().exact(query, |row| row != 5, &|| false);
    assert!(found.exhaustive);
    assert_eq!(found.found.len(), space.vectors.len() - 1);
    for candidate in found.found {
        let cosine = oracle::cosine(space.vectors.row(candidate.row as usize), query);
        assert!((f64::from(candidate.full) - cosine).abs() < 1e-5);
    }
}

#[test]
fn curves_rise_in_recall_and_cost() {
    let curve = Space::of(Shape::Clustered).meta().curve;
    assert!(!curve.is_empty());
    assert!(curve.windows(2).all(|pair| pair[0].recall < pair[1].recall && pair[0].slack < pair[1].slack), "{curve:?}");
    assert!(curve.iter().all(|point| point.rescored >= 10 && point.far_slack >= point.slack && point.scored > 0));
}

#[test]
fn duplicates_do_not_hide_the_recall_of_a_space() {
    let curve = Space::of(Shape::Duplicated).meta().curve;
    assert!(curve.iter().any(|point| point.recall >= 0.95), "any of several equal rows is right: {curve:?}");
}

#[test]
fn a_walk_stops_when_told_to() {
    let space = Space::of(Shape::Uniform);
    let code = space.params.query(space.vectors.row(0));
    let codes = Codes { bytes: space.params.bytes(), flat: &space.codes };
    let walk = Walk {
        codes,
        links: space.links.view(),
        query: &code,
        reach: Reach { wanted: ROWS, slack: ByDistance::even(0.0), compared: usize::MAX },
        margin: ByDistance::even(0.0),
    };
    let whole = walk.run(|_| true, &|| false);
    let stopped = walk.run(|_| true, &|| true);
    assert!(stopped.scored < whole.scored, "{} of {}", stopped.scored, whole.scored);
}

#[test]
fn many_deleted_rows_around_a_query_end_in_a_scan() {
    // A ring of 40,000 rows, all alike but for the last one, which alone is not deleted.
    let rows = 40_000_u32;
    let codes: Vec<i8> = (0..rows).flat_map(|row| if row + 1 == rows { [0, 100] } else { [100, 0] }).collect();
    let neighbours: Vec<u32> = (0..rows).flat_map(|row| [(row + 1) % rows, (row + rows - 1) % rows]).collect();
    let links = LinksView { degree: 2, entry: rows / 2, starts: 0, neighbours: &neighbours };
    let params = CodeParams { bits: Bits::Eight, dims: 2, scale: 100.0 };
    let query = params.query(&[1.0, 0.0]);
    let reach = Reach { wanted: 10, slack: ByDistance::even(0.0), compared: 5_000 };
    let walk =
        Walk { codes: Codes { bytes: 2, flat: &codes }, links, query: &query, reach, margin: ByDistance::even(2.0) };
    let walked = walk.run(|row| row + 1 == rows, &|| false);
    assert!(walked.given_up && walked.found.is_empty() && walked.scored < 5_010);
    let space = Coarse { params, codes: &codes, vectors: &[], links: Some(links) };
    let plan = Plan { method: Method::Walk(reach), ..wide(10) };
    let (found, scored) = space.coarse(&query, plan, |row| row + 1 == rows, &|| false);
    assert_eq!((found.len(), found[0].row, scored), (1, rows - 1, rows + walked.scored));
}

#[test]
fn damaged_links_change_answers_and_nothing_else() {
    let space = Space::of(Shape::Clustered);
    let mut draw = Draw(3);
    let degree = space.links.degree as usize;
    let rows = space.vectors.len();
    for round in 0..40 {
        let mut neighbours = space.links.neighbours.clone();
        for _ in 0..neighbours.len() / 4 {
            let at = draw.below(neighbours.len());
            neighbours[at] = draw.bits() as u32 >> draw.below(32);
        }
        let entry = if round % 4 == 0 { draw.bits() as u32 } else { draw.below(rows) as u32 };
        let links = LinksView { degree, entry, starts: 64, neighbours: &neighbours };
        let damaged = Coarse { links: Some(links), ..space.coarse() };
        let plan = Plan { most: 20, ..wide(50) };
        let found = damaged.candidates((&space.queries[round], &space.queries[round]), plan, |_| true, &|| false).found;
        assert!(found.len() <= 20 && found.iter().all(|candidate| (candidate.row as usize) < rows));
    }
}

#[test]
fn a_damaged_curve_still_ends_in_an_exact_search() {
    let mut meta = Space::of(Shape::Uniform).meta();
    for point in &mut meta.curve {
        (point.rescored, point.margin, point.recall) = (0, f32::NAN, f32::NAN);
    }
    meta.curve[0].recall = 1.0;
    let mut widen = 1_usize;
    while plan(&meta, 10, 0.5, widen).method != Method::Exact {
        assert!(widen < usize::MAX, "widening has an end");
        widen = widen.saturating_mul(4);
    }
}

#[test]
fn a_beam_finds_what_a_sorted_list_of_everything_would() {
    let params = CodeParams { bits: Bits::Eight, dims: 2, scale: 100.0 };
    let mut draw = Draw(11);
    for round in 0..200 {
        let slack = draw.below(4) as f32 * 0.1;
        let reach = Reach { wanted: 1 + draw.below(6), slack: ByDistance::even(slack), compared: usize::MAX };
        let mut beam = Beam::default();
        beam.begin(&params.query(&[1.0, 0.0]));
        let mut all: Vec<(Scored, bool)> = Vec::new();
        for row in 0..60 {
            let candidate = Scored { score: draw.below(40) as i32 * 250, row };
            let accepted = round % 2 == 0 || draw.below(3) > 0;
            all.push((candidate, accepted));
            if candidate.score > beam.floor() {
                beam.extend(&[candidate], |_| accepted, reach);
            }
        }
        all.sort_by(|left, right| right.cmp(left));
        let accepted: Vec<Scored> = all.iter().filter(|(_, accepted)| *accepted).map(|(row, _)| *row).collect();
        let scores = |rows: &[Scored]| rows.iter().take(reach.wanted).map(|row| row.score).collect::<Vec<_>>();
        let last = accepted[reach.wanted - 1].score;
        let code = params.query(&[1.0, 0.0]);
        let mut found = beam.found(&code, ByDistance::even(0.0));
        found.sort_by(|left, right| right.cmp(left));
        assert_eq!(scores(&found), scores(&accepted), "{reach:?}");
        assert!(found.iter().all(|row| row.score >= last));
        // What is farther than the last wanted one by less than the slack is followed, and found where the margin lets it.
        let floor = (f64::from(last) - f64::from(slack) * (10_000.0 - f64::from(last))) as i32;
        assert_eq!(beam.floor(), floor);
        let followed: Vec<u32> = std::iter::from_fn(|| beam.follow()).collect();
        let within = all.iter().filter(|(row, _)| row.score > floor);
        assert!(within.clone().all(|(row, _)| row.score == last || followed.contains(&row.row)), "{reach:?}");
        let margin = (last - floor) as f32 / 10_000.0;
        let found = beam.found(&code, ByDistance::even(margin)).len();
        assert!(within.filter(|(row, accepted)| *accepted && row.score != last).count() <= found, "{reach:?}");
    }
}
