//! Rotations change what prefixes are good for and nothing that a caller can see.

use super::oracle::{Draw, Shape, best, vectors};
use super::*;

#[test]
fn scores_agree_with_and_without_rotation_and_after_compactions() {
    let (index, storage) = external(68);
    let rows = vectors(Shape::Clustered, 6_000, 68, 11);
    let names: Vec<String> = (0..rows.len()).map(|number| format!("{number:04}")).collect();
    for (number, (name, row)) in names.iter().zip(&rows).enumerate() {
        put(&index, name, row);
        // 4,500 rows are enough for a rotation, 1,000 and 500 are not.
        if [4_499, 5_499].contains(&number) {
            index.commit().unwrap();
        }
    }
    index.commit().unwrap();
    assert_eq!(storage.list().unwrap().iter().filter(|name| name.starts_with("rotation-")).count(), 1);
    let check = |when: &str| {
        for query in [&rows[17], &Draw(4).unit(68)] {
            let found = index.search(Query::vector(query.as_slice()), &SearchOptions::new().k(50).recall(1.0)).unwrap();
            let truth = best(names.iter().map(String::as_str).zip(rows.iter().map(Vec::as_slice)), query, 50);
            for (hit, (_, score)) in found.hits.iter().zip(truth) {
                assert!((f64::from(hit.score) - score).abs() < 1e-5, "{when}: {} instead of {score}", hit.score);
            }
        }
    };
    check("three segments");
    for round in 0..4 {
        index.delete(&names[round]).unwrap();
        index.put_with_vector(Note::new(&names[round]).title("again"), &rows[round]).unwrap();
        index.compact(None).unwrap();
        check("compacted");
    }
    assert_eq!(storage.list().unwrap().iter().filter(|name| name.starts_with("rotation-")).count(), 1);
    assert!(index.verify().unwrap().is_sound());
}
