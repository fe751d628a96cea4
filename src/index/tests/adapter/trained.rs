//! An adapter trained through the handle: installed where it helps, and only there.

use super::*;

const WIDTH: usize = 12;

/// Something of a note: what it says in the first four components, noise in the others.
fn heard(says: &[f32], draw: &mut Draw) -> Vec<f32> {
    let says = says.iter().map(|value| value + 0.2 * draw.signed()).collect::<Vec<f32>>();
    unit(says.into_iter().chain((4..WIDTH).map(|_| 1.2 * draw.signed())).collect())
}

/// Notes drowned in noise, and a query about each of them.
fn drowned() -> (Index, Vec<(Vec<f32>, String)>) {
    let (index, _) = external(WIDTH);
    let mut draw = Draw(1);
    let mut asked = Vec::new();
    for number in 0..150 {
        let says = draw.unit(4);
        put(&index, &number.to_string(), &heard(&says, &mut draw));
        asked.push((heard(&says, &mut draw), number.to_string()));
        asked.push((heard(&says, &mut draw), number.to_string()));
    }
    index.commit().unwrap();
    (index, asked)
}

fn found(index: &Index, asked: &[(Vec<f32>, String)]) -> usize {
    let options = SearchOptions::new().k(3).mode(Mode::Dense);
    let finds = |(query, id): &&(Vec<f32>, String)| {
        ids(&index.search(Query::vector(query.as_slice()), &options).unwrap()).contains(&id.as_str())
    };
    asked.iter().filter(finds).count()
}

#[test]
fn one_that_helps_is_installed_and_one_that_does_not_is_not() {
    let (index, asked) = drowned();
    let judged = |shift: usize| -> Vec<Judged> {
        let graded = |(at, (query, _)): (usize, &(Vec<f32>, String))| {
            let id = asked[(at * 37 + shift) % asked.len()].1.as_str();
            Judged::new(Query::vector(query.as_slice()), [(if shift == 0 { asked[at].1.as_str() } else { id }, 1.0)])
        };
        asked.iter().enumerate().map(graded).collect()
    };
    let before = found(&index, &asked);
    let options = TrainOptions::new().data("made up");
    let by_chance = index.train_adapter(&judged(11), &options, None).unwrap();
    assert!(!by_chance.installed && !installed(&index), "{}", by_chance.report.verdict.words());
    assert_eq!(found(&index, &asked), before);
    let mut of_use = judged(0);
    of_use.push(Judged::new(Query::similar("nobody"), [("1", 1.0)]));
    let trained = index.train_adapter(&of_use, &options, None).unwrap();
    assert!(trained.installed && installed(&index), "{}", trained.report.verdict.words());
    assert_eq!(trained.unused, 1);
    let after = found(&index, &asked);
    assert!(after > before + before / 4, "{before} to {after} of {}", asked.len());
    let made_with = index.snapshot().stats().adapter.unwrap().made_with;
    assert!(made_with.starts_with("made up: {") && made_with.contains("\"seed\":1"), "{made_with}");
    // The next one is held against this one, and learns from the vectors as they came.
    let again = index.train_adapter(&judged(0), &options, None).unwrap();
    assert!(!again.installed, "{}", again.report.verdict.words());
    assert!((again.report.gains[0].ndcg[0] - trained.report.gains[0].ndcg[1]).abs() < 1e-9);
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn queries_like_notes_are_asked_in_the_axes_of_the_encoder() {
    let (index, asked) = drowned();
    let judged: Vec<Judged> =
        (0..40).map(|at| Judged::new(Query::similar(at.to_string()), [((at + 1).to_string(), 1.0)])).collect();
    let mut gathered = Vec::new();
    for chance in [0.0, 0.4] {
        install(&index, &matrix(WIDTH, chance)).unwrap();
        let material = material::material(&index.snapshot(), &judged).unwrap();
        assert_eq!((material.starts.len(), material.rows.len(), material.queries.len()), (151, 150, 40));
        let own: Vec<Vec<f32>> = material.queries.iter().map(|query| query.vector.clone()).collect();
        assert!(material.queries.iter().all(|query| query.left_out.len() == 1 && query.grades.len() == 1));
        gathered.push((material.rows.flat().to_vec(), own));
    }
    assert_eq!(gathered[0], gathered[1], "whatever adapter there is");
    let direct = Judged::new(Query::vector(asked[0].0.as_slice()).unlike(Query::similar("5")), [("1", 1.0)]);
    let material = material::material(&index.snapshot(), &[direct]).unwrap();
    let five = &gathered[0].1[5];
    let expected = unit(asked[0].0.iter().zip(five).map(|(left, right)| left - 0.5 * right).collect());
    let close = |(found, expected): (&f32, &f32)| (found - expected).abs() < 1e-5;
    assert!(material.queries[0].vector.iter().zip(&expected).all(close));
}

#[test]
fn cancelled_training_changes_nothing() {
    let (index, asked) = drowned();
    let judged: Vec<Judged> =
        asked.iter().map(|(query, id)| Judged::new(Query::vector(query.as_slice()), [(id.as_str(), 1.0)])).collect();
    let (cancel, generation) = (Cancel::new(), index.snapshot().generation());
    cancel.cancel();
    let stopped = index.train_adapter(&judged, &TrainOptions::new(), Some(&cancel));
    assert!(matches!(stopped, Err(Error::Cancelled)));
    assert!(!installed(&index) && index.snapshot().generation() == generation);
    let few = index.train_adapter(&judged[..2], &TrainOptions::new(), None).unwrap_err();
    assert!(matches!(few, Error::Rank(_)), "{few}");
}
