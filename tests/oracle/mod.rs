//! The naive twin that judges every search: brute force in double precision over plain vectors, and the seeded data it is
//! asked about. It shares no code with the engine.

/// SplitMix64 (Steele, Lea and Flood 2014): a seed names one course of events.
#[derive(Debug, Clone)]
pub(super) struct Draw(pub(super) u64);

impl Draw {
    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Uniform in -1..1.
    pub(super) fn signed(&mut self) -> f32 {
        (self.bits() >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    /// Below `bound`, which is at least 1.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        (self.bits() % bound as u64) as usize
    }

    /// A vector in a random direction.
    pub(super) fn unit(&mut self, width: usize) -> Vec<f32> {
        unit((0..width).map(|_| self.signed()).collect())
    }
}

/// What a collection looks like.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// Every direction alike: the hardest for a graph.
    Uniform,
    /// Around a few centres, in random order, as real embeddings are.
    Clustered,
    /// A hundred different vectors, each many times.
    Duplicated,
    /// Along a curve, in order: each row's nearest were inserted just before it.
    Sorted,
}

/// All shapes.
pub(super) const SHAPES: [Shape; 4] = [Shape::Uniform, Shape::Clustered, Shape::Duplicated, Shape::Sorted];

/// Unit vectors of a shape.
pub(super) fn vectors(shape: Shape, rows: usize, width: usize, seed: u64) -> Vec<Vec<f32>> {
    let mut draw = Draw(seed);
    let centres: Vec<Vec<f32>> = (0..100).map(|_| draw.unit(width)).collect();
    let row = |number: usize, draw: &mut Draw| match shape {
        Shape::Uniform => draw.unit(width),
        Shape::Clustered => near(&centres[draw.below(40)], 0.15, draw),
        Shape::Duplicated => centres[draw.below(100)].clone(),
        Shape::Sorted => {
            let at = number as f32 / rows as f32 * 20.0;
            let (low, part) = (at as usize, at.fract());
            let between = centres[low].iter().zip(&centres[low + 1]).map(|(from, to)| from + (to - from) * part);
            near(&unit(between.collect()), 0.05, draw)
        }
    };
    (0..rows).map(|number| row(number, &mut draw)).collect()
}

fn near(centre: &[f32], spread: f32, draw: &mut Draw) -> Vec<f32> {
    unit(centre.iter().map(|value| value + spread * draw.signed()).collect())
}

/// A vector at unit length.
pub(super) fn unit(vector: Vec<f32>) -> Vec<f32> {
    let length = cosine(&vector, &vector).sqrt();
    vector.into_iter().map(|value| (f64::from(value) / length) as f32).collect()
}

/// Dot product, which for unit vectors is the cosine.
pub(super) fn cosine(left: &[f32], right: &[f32]) -> f64 {
    left.iter().zip(right).map(|(left, right)| f64::from(*left) * f64::from(*right)).sum()
}

/// The `k` rows closest to a query, best first; equal ones in ascending order of id.
pub(super) fn best<'a>(
    rows: impl IntoIterator<Item = (&'a str, &'a [f32])>,
    query: &[f32],
    k: usize,
) -> Vec<(String, f64)> {
    let mut scored: Vec<_> = rows.into_iter().map(|(id, row)| (id.to_owned(), cosine(row, query))).collect();
    scored.sort_by(|left, right| right.1.total_cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    scored.truncate(k);
    scored
}

/// A note as the twin knows it: its id, and its rows by space.
pub(super) type Noted = (String, Vec<Vec<Vec<f32>>>);

/// The `k` notes that are best in several spaces together: in each a note counts by its best row there, and by 0 where it has
/// none; its score is the mean by the weights of the queries.
pub(super) fn best_together(notes: &[Noted], queries: &[(f64, usize, Vec<f32>)], k: usize) -> Vec<(String, f64)> {
    let total: f64 = queries.iter().map(|(weight, ..)| weight).sum();
    let mut scored = Vec::new();
    for (id, spaces) in notes {
        if queries.iter().all(|(_, space, _)| spaces[*space].is_empty()) {
            continue;
        }
        let in_space = |(weight, space, query): &(f64, usize, Vec<f32>)| {
            let best = spaces[*space].iter().map(|row| cosine(row, query)).max_by(f64::total_cmp);
            weight / total * best.unwrap_or(0.0)
        };
        scored.push((id.clone(), queries.iter().map(in_space).sum::<f64>()));
    }
    scored.sort_by(|left, right| right.1.total_cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    scored.truncate(k);
    scored
}

/// The share of the true best that was found, judged by score: of equal rows any is as right as another.
pub(super) fn recall(truth: &[(String, f64)], found: impl IntoIterator<Item = f64>) -> f64 {
    let Some((_, worst)) = truth.last() else { return 1.0 };
    let right = found.into_iter().filter(|score| *score >= worst - 1e-5).count();
    right.min(truth.len()) as f64 / truth.len() as f64
}

#[test]
fn the_oracle_weighs_spaces_as_a_person_would() {
    let east = || vec![vec![1.0, 0.0]];
    let north = || vec![vec![0.0, 1.0]];
    let notes = [
        ("both".to_owned(), vec![east(), north()]),
        ("one".to_owned(), vec![[north(), east()].concat(), Vec::new()]),
        ("none".to_owned(), vec![Vec::new(), Vec::new()]),
    ];
    let found = best_together(&notes, &[(3.0, 0, vec![1.0, 0.0]), (1.0, 1, vec![0.0, 1.0])], 9);
    assert_eq!(found, [("both".to_owned(), 1.0), ("one".to_owned(), 0.75)]);
}

#[test]
fn the_oracle_agrees_with_what_a_person_can_see() {
    let rows: [(&str, &[f32]); 3] = [("b", &[1.0, 0.0]), ("a", &[1.0, 0.0]), ("c", &[0.0, 1.0])];
    let truth = best(rows, &unit(vec![3.0, 0.0]), 2);
    assert_eq!(truth, [("a".to_owned(), 1.0), ("b".to_owned(), 1.0)]);
    assert_eq!(recall(&truth, [1.0, 0.0]), 0.5);
    for shape in SHAPES {
        let drawn = vectors(shape, 50, 8, 1);
        assert_eq!(drawn, vectors(shape, 50, 8, 1), "a seed repeats");
        assert!(drawn.iter().all(|row| (cosine(row, row) - 1.0).abs() < 1e-5), "{shape:?} rows are units");
    }
}
