//! Several spaces searched together, held against the naive twin.

use super::oracle::{Draw, Noted, Shape, best_together, cosine, recall, unit, vectors};
use super::*;

/// Notes with rows in two spaces, some in one only, some with several; some commits and deletions between them.
fn two_spaces(count: usize, seed: u64) -> (Index, Vec<Noted>) {
    let (index, _) = external(8);
    index.add_space("audio", 6).unwrap();
    let (own, audio) = (vectors(Shape::Clustered, count, 8, seed), vectors(Shape::Clustered, 2 * count, 6, seed + 1));
    let mut draw = Draw(seed + 2);
    let mut notes = Vec::new();
    for (number, row) in own.into_iter().enumerate() {
        let id = format!("{number:05}");
        let sounds: Vec<Vec<f32>> = audio[2 * number..][..draw.below(3)].to_vec();
        let note = sounds.iter().fold(Note::new(&id).title("t"), |note, sound| note.vector("audio", sound.as_slice()));
        let has_own = sounds.is_empty() || draw.below(4) > 0;
        if has_own {
            index.put_with_vector(note, &row).unwrap();
        } else {
            index.put(note).unwrap();
        }
        notes.push((id, vec![if has_own { vec![row] } else { Vec::new() }, sounds]));
        if number % 401 == 400 {
            index.commit().unwrap();
        }
    }
    index.commit().unwrap();
    for number in (0..count).rev().step_by(10) {
        index.delete(&format!("{number:05}")).unwrap();
        notes.remove(number);
    }
    index.commit().unwrap();
    (index, notes)
}

#[test]
fn several_spaces_are_weighed_as_the_naive_twin_weighs_them() {
    let (index, notes) = two_spaces(900, 31);
    let mut draw = Draw(9);
    for round in 0..30 {
        let (own, sound) = (draw.unit(8), draw.unit(6));
        let weights = [0.5 + draw.below(4) as f32, 0.5 + draw.below(4) as f32];
        let query = Query::vector(own.as_slice()).weight(weights[0]);
        let query = query.and(Query::vector_in("audio", sound.as_slice()).weight(weights[1]));
        let aims = [(f64::from(weights[0]), 0, own), (f64::from(weights[1]), 1, sound)];
        let truth = best_together(&notes, &aims, usize::MAX);
        let mut options = SearchOptions::new().k(if round % 2 == 0 { 10 } else { 97 }).recall(1.0);
        let mut seen = 0;
        while seen < truth.len() {
            let answer = index.search(query.clone(), &options).unwrap();
            assert!(answer.stages.exact);
            for (hit, (id, score)) in answer.hits.iter().zip(&truth[seen..]) {
                assert!((f64::from(hit.score) - score).abs() < 1e-5, "{hit:?} instead of {id} {score}");
                let [content, audio] = hit.aims.as_slice() else { panic!("{hit:?}") };
                assert_eq!((content.space.as_str(), audio.space.as_str()), ("content", "audio"));
                let total = f64::from(weights[0] + weights[1]);
                let sum = f64::from(content.score * weights[0] + audio.score * weights[1]) / total;
                assert!((sum - score).abs() < 1e-5, "{hit:?}");
                assert!([&content.row, &audio.row].into_iter().flatten().any(|row| *row == hit.row), "{hit:?}");
            }
            seen += answer.hits.len();
            let Some(next) = answer.next else { break };
            options = options.after(next);
            if round > 1 {
                break;
            }
        }
        assert!(round > 1 || seen == truth.len(), "{seen} of {} notes came on the pages", truth.len());
    }
}

#[test]
fn several_spaces_searched_approximately_keep_the_recall_and_repeat_no_note() {
    let (index, notes) = two_spaces(6_000, 41);
    index.compact(None).unwrap();
    let mut draw = Draw(5);
    let (mut reached, mut exact, queries) = (0.0, 0, 60);
    for _ in 0..queries {
        let note = &notes[draw.below(notes.len())].1;
        let near = |rows: &Vec<Vec<f32>>, width: usize, draw: &mut Draw| match rows.first() {
            Some(row) => unit(row.iter().zip(draw.unit(width)).map(|(a, b)| a + 0.3 * b).collect()),
            None => draw.unit(width),
        };
        let (own, sound) = (near(&note[0], 8, &mut draw), near(&note[1], 6, &mut draw));
        let query = Query::vector(own.as_slice()).and(Query::vector_in("audio", sound.as_slice()));
        let truth = best_together(&notes, &[(1.0, 0, own.clone()), (1.0, 1, sound.clone())], 10);
        let first = index.search(query.clone(), &SearchOptions::new()).unwrap();
        exact += usize::from(first.stages.exact);
        reached += recall(&truth, first.hits.iter().map(|hit| f64::from(hit.score))) / f64::from(queries);
        let second = index.search(query, &SearchOptions::new().after(first.next.clone().unwrap())).unwrap();
        for hit in first.hits.iter().chain(&second.hits) {
            let rows = &notes.iter().find(|(id, _)| *id == hit.id).unwrap().1;
            let score = |space: usize, query: &[f32]| rows[space].iter().map(|row| cosine(row, query)).fold(None, max);
            let exact = (score(0, &own).unwrap_or(0.0) + score(1, &sound).unwrap_or(0.0)) / 2.0;
            assert!((f64::from(hit.score) - exact).abs() < 1e-5, "{hit:?} instead of {exact}");
        }
        let mut all: Vec<&str> = ids(&first).into_iter().chain(ids(&second)).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 20);
    }
    println!("recall of two spaces together: {reached:.4}; {exact} of {queries} answers compared everything");
    assert!(reached >= 0.95, "recall {reached}");
}

fn max(best: Option<f64>, score: f64) -> Option<f64> {
    Some(best.map_or(score, |best| best.max(score)))
}
