//! An adapter against the naive twin that knows its matrix: what it changes, what it leaves, and what a fault leaves behind.

use super::oracle::{Draw, Shape, best, unit, vectors};
use super::*;
use crate::disk::Storage;
use crate::encode::{Input, Part, Role, SharedEncoder};
use crate::query::Mode;
use crate::segment::{GLOBAL, LOCAL};
use crate::vector::Adapter;
use index_format::AdapterRecord;
use std::collections::BTreeMap;

#[path = "adapter/changes.rs"]
mod changes;
#[path = "adapter/trained.rs"]
mod trained;

type Rows = BTreeMap<String, Vec<f32>>;

/// The identity with this much of chance added to each component.
fn matrix(width: usize, chance: f32) -> Vec<f32> {
    let mut draw = Draw(width as u64);
    let mut rows: Vec<f32> = (0..width * width).map(|_| chance * draw.signed()).collect();
    rows.iter_mut().step_by(width + 1).for_each(|diagonal| *diagonal += 1.0);
    rows
}

/// What the twin makes of a vector.
fn twin(matrix: &[f32], vector: &[f32]) -> Vec<f32> {
    unit(matrix.chunks(vector.len()).map(|axis| oracle::cosine(axis, vector) as f32).collect())
}

fn record(index: &Index) -> AdapterRecord {
    let stats = index.snapshot().stats();
    let (encoder, fingerprint) = (stats.encoder, stats.fingerprint);
    AdapterRecord { encoder, fingerprint, made_ms: 7, made_with: "by hand".to_owned() }
}

fn install(index: &Index, matrix: &[f32]) -> Result<Commit> {
    let width = index.snapshot().stats().width as usize;
    let wanted = Some((Adapter::from_stored(width, matrix.to_vec()).unwrap(), record(index)));
    index.write(|writer| writer.change_adapter(wanted, None))
}

fn installed(index: &Index) -> bool {
    index.snapshot().stats().adapter.is_some()
}

/// Id, space, and part of the note.
type RowName = (String, u16, (u32, u32, u32));

/// The stored vectors of all rows in the encoder's spaces, to the bit.
fn stored(snapshot: &Snapshot) -> BTreeMap<RowName, Vec<u32>> {
    let mut all = BTreeMap::new();
    for live in &snapshot.state.segments {
        for ordinal in [GLOBAL, LOCAL] {
            let Some(space) = live.segment.space(ordinal).unwrap() else { continue };
            for (number, row) in (0..).zip(space.view.rows).filter(|(_, row)| !live.deleted.contains(row.note)) {
                let id = live.segment.record(row.note).unwrap().id;
                let bits = space.vector(number).unwrap().iter().map(|value| value.to_bits()).collect();
                all.insert((id, ordinal, row.part_key()), bits);
            }
        }
    }
    all
}

/// Searches for some vectors as the twin does, whose rows are in the encoder's own axes.
#[track_caller]
fn agrees(index: &Index, rows: &Rows, matrix: &[f32], when: &str) {
    let adapted: Rows = rows.iter().map(|(id, row)| (id.clone(), twin(matrix, row))).collect();
    let width = rows.values().next().unwrap().len();
    for seed in 0..4 {
        let query = Draw(seed).unit(width);
        let aim = twin(matrix, &query);
        let options = SearchOptions::new().k(30).mode(Mode::Dense);
        let found = index.search(Query::vector(query), &options.clone().recall(1.0)).unwrap();
        let truth = best(adapted.iter().map(|(id, row)| (id.as_str(), row.as_slice())), &aim, 30);
        assert_eq!(found.hits.len(), truth.len(), "{when}");
        for (hit, (_, score)) in found.hits.iter().zip(&truth) {
            assert!((f64::from(hit.score) - score).abs() < 1e-5, "{when}: {} instead of {score}", hit.score);
            let own = oracle::cosine(&adapted[&hit.id], &aim);
            assert!((f64::from(hit.score) - own).abs() < 1e-5, "{when}: {} is {own}", hit.id);
        }
    }
    let (id, row) = rows.iter().next().unwrap();
    let alike = index.similar(id, Like::Note, &SearchOptions::new().k(5).recall(1.0).mode(Mode::Dense)).unwrap();
    let others = adapted.iter().filter(|(other, _)| *other != id);
    let truth = best(others.map(|(id, row)| (id.as_str(), row.as_slice())), &twin(matrix, row), 5);
    for (hit, (_, score)) in alike.hits.iter().zip(truth) {
        assert!((f64::from(hit.score) - score).abs() < 1e-5, "{when}: {} instead of {score}", hit.score);
    }
}

fn fill(index: &Index, rows: &mut Rows, numbers: std::ops::Range<usize>, width: usize) {
    for (number, row) in numbers.clone().zip(vectors(Shape::Clustered, numbers.len(), width, numbers.start as u64)) {
        put(index, &format!("n{number:04}"), &row);
        rows.insert(format!("n{number:04}"), row);
    }
    index.commit().unwrap();
}

#[test]
fn answers_are_those_of_the_twin_through_all_an_index_goes_through() {
    let (index, storage) = external(12);
    let mut rows = Rows::new();
    for start in [0, 60, 110] {
        fill(&index, &mut rows, start..start + 60, 12);
    }
    index.delete("n0007").unwrap();
    rows.remove("n0007");
    put(&index, "n0003", &[1.0; 12]);
    rows.insert("n0003".to_owned(), unit(vec![1.0; 12]));
    let matrix = matrix(12, 0.4);
    // What is not committed yet comes along.
    assert_eq!(install(&index, &matrix).unwrap().notes, rows.len() as u64);
    assert!(installed(&index) && index.snapshot().stats().segments == 1);
    agrees(&index, &rows, &matrix, "installed");
    fill(&index, &mut rows, 300..340, 12);
    index.delete("n0301").unwrap();
    index.delete("n0009").unwrap();
    put(&index, "n0302", &[-1.0; 12]);
    index.commit().unwrap();
    rows.remove("n0301");
    rows.remove("n0009");
    rows.insert("n0302".to_owned(), unit(vec![-1.0; 12]));
    agrees(&index, &rows, &matrix, "written to");
    assert!(index.verify().unwrap().is_sound());
    index.compact(None).unwrap();
    agrees(&index, &rows, &matrix, "compacted");
    drop(index);
    let index = Index::open_in(storage).unwrap();
    agrees(&index, &rows, &matrix, "reopened");
    assert_eq!(index.snapshot().stats().adapter.unwrap().made_with, "by hand");
    fill(&index, &mut rows, 400..410, 12);
    agrees(&index, &rows, &matrix, "written to again");
    let other = self::matrix(12, 0.1);
    install(&index, &other).unwrap();
    agrees(&index, &rows, &other, "another one");
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn large_spaces_get_graphs_and_rotations_of_adapted_vectors() {
    let (index, storage) = external(68);
    let mut rows = Rows::new();
    fill(&index, &mut rows, 0..4_500, 68);
    let before = stored(&index.snapshot());
    let matrix = matrix(68, 0.1);
    install(&index, &matrix).unwrap();
    agrees(&index, &rows, &matrix, "installed");
    let stats = index.snapshot().stats();
    assert_eq!((stats.spaces[0].rows_in_graphs, stats.segments), (4_500, 1));
    let rotations = storage.list().unwrap().iter().filter(|name| name.starts_with("rotation-")).count();
    assert_eq!(rotations, 1, "the old one has gone");
    let adapted: Rows = rows.iter().map(|(id, row)| (id.clone(), twin(&matrix, row))).collect();
    let mut found = 0;
    for seed in 0..20 {
        let query = &rows[&format!("n{:04}", seed * 200)];
        let truth = best(adapted.iter().map(|(id, row)| (id.as_str(), row.as_slice())), &twin(&matrix, query), 10);
        let answer = index.search(Query::vector(query.as_slice()), &SearchOptions::new()).unwrap();
        found += (oracle::recall(&truth, answer.hits.iter().map(|hit| f64::from(hit.score))) * 10.0) as usize;
    }
    assert!(found >= 180, "{found} of 200");
    assert!(index.verify().unwrap().is_sound());
    index.remove_adapter(None).unwrap();
    assert_eq!(stored(&index.snapshot()), before);
    assert!(!storage.list().unwrap().iter().any(|name| name.starts_with("adapter-")));
}

#[test]
fn the_identity_changes_nothing_and_removal_gives_back_every_bit() {
    let index = garden();
    index.add_space("audio", 2).unwrap();
    index.put(Note::new("sound").text("Rain on a tin roof.").vector("audio", [0.6, 0.8])).unwrap();
    index.commit().unwrap();
    let ask = |index: &Index| -> Vec<Answer> {
        let queries = [
            Query::text("soup"),
            Query::similar("moon"),
            Query::text("a wheel").unlike("the moon"),
            Query::like(["tomato", "bike"]),
            Query::vector_in("audio", [1.0, 0.0]),
        ];
        let options = SearchOptions::new().mode(Mode::Dense);
        queries.map(|query| index.search(query, &options).unwrap()).to_vec()
    };
    let (before, bits) = (ask(&index), stored(&index.snapshot()));
    let width = index.snapshot().stats().width as usize;
    install(&index, &matrix(width, 0.0)).unwrap();
    for (now, then) in ask(&index).iter().zip(&before) {
        assert_eq!(ids(now), ids(then));
        for (now, then) in now.hits.iter().zip(&then.hits) {
            assert!((now.score - then.score).abs() < 1e-6, "{now:?}, {then:?}");
            assert_eq!((&now.row, &now.passage), (&then.row, &then.passage));
        }
    }
    install(&index, &matrix(width, 0.05)).unwrap();
    assert_ne!(stored(&index.snapshot()), bits);
    index.compact(None).unwrap();
    index.remove_adapter(None).unwrap();
    assert_eq!(stored(&index.snapshot()), bits);
    for (now, then) in ask(&index).iter().zip(&before) {
        assert_eq!(now.hits, then.hits);
    }
    let generation = index.snapshot().generation();
    assert_eq!(index.remove_adapter(None).unwrap().generation, generation, "there is none");
    assert!(index.verify().unwrap().is_sound());
}

#[test]
fn queries_of_every_kind_go_through_it_once() {
    let encoder: SharedEncoder = Fake::shared(8);
    let storage = Arc::new(MemoryStorage::new());
    let index = Index::create_in(storage.clone(), IndexOptions::new().encoder(encoder.clone())).unwrap();
    for (id, text) in [("a", "bananas"), ("b", "cold rain"), ("c", "zinc and tin"), ("d", "an old fig")] {
        index.add(Note::new(id).text(text)).unwrap();
    }
    let matrix = matrix(8, 0.5);
    install(&index, &matrix).unwrap();
    let of_text = |text: &str| {
        let inputs = [Input { parts: &[Part::Text(text)] }];
        encoder.encode(Role::Query, &inputs).unwrap().row(0).to_vec()
    };
    let rows = ["bananas", "cold rain", "zinc and tin", "an old fig"].map(|text| twin(&matrix, &of_text(text)));
    let same = |answer: &Answer, aim: &[f32]| {
        for hit in &answer.hits {
            let place = ["a", "b", "c", "d"].iter().position(|id| *id == hit.id).unwrap();
            let expected = oracle::cosine(&rows[place], aim);
            assert!((f64::from(hit.score) - expected).abs() < 1e-5, "{}: {} instead of {expected}", hit.id, hit.score);
        }
    };
    let aim = twin(&matrix, &of_text("fog"));
    let options = SearchOptions::new().granularity(Granularity::Global).mode(Mode::Dense);
    same(&index.search("fog", &options).unwrap(), &aim);
    same(&index.search(Query::vector(of_text("fog")), &options).unwrap(), &aim);
    same(&index.snapshot().search_batch(["fog", "fog"], &options).unwrap()[1], &aim);
    same(&index.similar("b", Like::Note, &options).unwrap(), &rows[1]);
    same(&index.similar("b", Like::Passage(0), &options).unwrap(), &rows[1]);
    let both = unit(aim.iter().zip(&rows[2]).map(|(left, right)| left + right).collect());
    same(&index.search(Query::text("fog").and(Query::similar("c")), &options).unwrap(), &both);
    let less = unit(aim.iter().zip(&rows[2]).map(|(left, right)| left - 0.5 * right).collect());
    same(&index.search(Query::text("fog").unlike(Query::similar("c")), &options).unwrap(), &less);
    drop(index);
    // Removing needs no encoder, and neither does keeping.
    let index = Index::open_in_without_encoder(storage).unwrap();
    same(&index.search(Query::vector(of_text("fog")), &options).unwrap(), &aim);
    index.remove_adapter(None).unwrap();
    let found = index.search(Query::vector(of_text("bananas")), &options).unwrap();
    assert!(found.hits[0].score > 0.99999 && found.hits[0].id == "a");
}

#[test]
fn snapshots_answer_as_when_they_were_taken_and_others_see_both_together() {
    let (index, storage) = external(6);
    let mut rows = Rows::new();
    fill(&index, &mut rows, 0..50, 6);
    let other = Index::open_in(storage).unwrap();
    let (before, query) = (index.snapshot(), Draw(9).unit(6));
    let ask = |snapshot: &Snapshot| snapshot.search(Query::vector(query.as_slice()), &SearchOptions::new()).unwrap();
    let then = ask(&before);
    let matrix = matrix(6, 0.5);
    install(&index, &matrix).unwrap();
    assert_eq!(ask(&before).hits, then.hits);
    assert_ne!(ask(&index.snapshot()).hits, then.hits);
    assert_eq!(ask(&other.snapshot()).hits, then.hits);
    assert!(other.refresh().unwrap());
    agrees(&other, &rows, &matrix, "another handle");
}
