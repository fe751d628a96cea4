//! Whatever the data, every node is reachable, rows are well formed and a plain walk finds the true neighbours.

use super::*;
use crate::vector::{kernels, naive, normalise, seeded::Seeded};
use std::cell::Cell;

mod ordering;

const DEGREE: usize = 16;

fn params(threads: usize) -> GraphParams {
    GraphParams { max_degree: DEGREE, ef_construction: 40, refinements: 1, threads }
}

fn built(vectors: &Vectors, threads: usize) -> Links {
    let links = build(vectors, vectors.len(), &params(threads), &|| false).unwrap();
    assert_well_formed(&links, vectors.len());
    links
}

/// Ids in range, none twice, none its own, unused slots last, everything reachable.
fn assert_well_formed(links: &Links, nodes: usize) {
    let degree = links.degree as usize;
    assert_eq!(links.neighbours.len(), nodes * degree);
    for (node, slots) in (0_u32..).zip(links.neighbours.chunks_exact(degree)) {
        let used = neighbours_of(links, node);
        assert!(slots[used.len()..].iter().all(|&slot| slot == EMPTY));
        let mut distinct = used.to_vec();
        distinct.sort_unstable();
        distinct.dedup();
        assert_eq!(distinct.len(), used.len(), "node {node} links twice: {used:?}");
        assert!(distinct.iter().all(|&other| (other as usize) < nodes && other != node));
    }
    assert_eq!(reachable(links), nodes);
}

fn reachable(links: &Links) -> usize {
    let nodes = links.neighbours.len() / links.degree as usize;
    let mut reached = vec![false; nodes];
    let mut stack: Vec<u32> = (nodes > 0).then_some(links.entry).into_iter().collect();
    let mut count = 0;
    while let Some(node) = stack.pop() {
        if !std::mem::replace(&mut reached[node as usize], true) {
            count += 1;
            stack.extend(neighbours_of(links, node));
        }
    }
    count
}

/// The reference walk: full-width vectors, plain lists, nothing clever.
fn walk(vectors: &Vectors, links: &Links, query: &[f32], beam_width: usize) -> Vec<u32> {
    let mut visited = vec![false; vectors.len()];
    let score = |node: u32| kernels::dot_f32(query, vectors.row(node as usize));
    visited[links.entry as usize] = true;
    let mut beam = vec![(score(links.entry), links.entry, false)];
    while let Some(place) = beam.iter().position(|&(_, _, expanded)| !expanded) {
        beam[place].2 = true;
        for &neighbour in neighbours_of(links, beam[place].1) {
            if !std::mem::replace(&mut visited[neighbour as usize], true) {
                beam.push((score(neighbour), neighbour, false));
            }
        }
        beam.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        beam.truncate(beam_width);
    }
    beam.into_iter().map(|(_, node, _)| node).collect()
}

/// Share of the exact ten nearest of some stored rows, slightly displaced, that a walk finds.
fn recall(vectors: &Vectors, links: &Links, beam_width: usize) -> f64 {
    let mut seeded = Seeded(99);
    let mut hits = 0;
    for query in 0..50 {
        let mut vector = vectors.row(query * vectors.len() / 50).to_vec();
        for component in &mut vector {
            *component += 0.02 * seeded.uniform();
        }
        normalise(&mut vector).unwrap();
        let found = walk(vectors, links, &vector, beam_width);
        let exact = naive::top_k(vectors, &vector, 10);
        hits += exact.iter().filter(|(row, _)| found[..10].contains(row)).count();
    }
    hits as f64 / 500.0
}

#[test]
fn a_walk_finds_the_true_neighbours() {
    let vectors = Seeded(1).mixed(3000, 32, 12);
    let links = built(&vectors, 1);
    let recall = recall(&vectors, &links, 48);
    assert!(recall >= 0.97, "recall {recall}");
}

#[test]
fn clusters_in_sorted_order_stay_joined() {
    let vectors = Seeded(2).clustered(3000, 24, 60, 0.15);
    for (threads, floor) in [(1, 0.95), (4, 0.9)] {
        let recall = recall(&vectors, &built(&vectors, threads), 64);
        assert!(recall >= floor, "recall {recall} on {threads} threads");
    }
}

#[test]
fn clusters_wider_than_any_beam_are_found() {
    let vectors = Seeded(13).clustered(6000, 32, 12, 0.3);
    let links = built(&vectors, 1);
    let met = |row: &usize| walk(&vectors, &links, vectors.row(*row), 48).contains(&(*row as u32));
    let missed = (0..6000).step_by(40).filter(|row| !met(row)).count();
    assert!(missed <= 2, "{missed} of 150 missed");
}

#[test]
fn rows_sorted_along_an_axis_stay_joined() {
    let mut rows: Vec<Vec<f32>> = Seeded(3).mixed(2000, 16, 8).iter().map(<[f32]>::to_vec).collect();
    rows.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let vectors = Vectors::from_flat(16, rows.concat()).unwrap();
    let recall = recall(&vectors, &built(&vectors, 1), 48);
    assert!(recall >= 0.97, "recall {recall}");
}

#[test]
fn ten_thousand_equal_vectors_are_all_reachable() {
    let vectors = Vectors::from_flat(4, [0.5; 4].repeat(10_000)).unwrap();
    built(&vectors, 1);
}

/// All but one in a hundred of the rows are found by a walk for them.
fn assert_found(vectors: &Vectors, links: &Links, rows: std::ops::Range<usize>) {
    let allowed = rows.len() / 100;
    let missed = rows.filter(|&row| !walk(vectors, links, vectors.row(row), 32).contains(&(row as u32))).count();
    assert!(missed <= allowed, "{missed} missed, {allowed} allowed");
}

#[test]
fn duplicates_among_others_do_not_hide_them() {
    let mut vectors = Vectors::from_flat(16, Seeded(4).mixed(1, 16, 2).row(0).repeat(1500)).unwrap();
    for row in &Seeded(5).mixed(1500, 16, 8) {
        vectors.push(row).unwrap();
    }
    let links = built(&vectors, 1);
    assert_found(&vectors, &links, 1500..3000);
}

#[test]
fn near_duplicates_among_others_do_not_hide_them() {
    let mut vectors = Seeded(4).clustered(1500, 16, 1, 0.002);
    for row in &Seeded(5).mixed(1500, 16, 8) {
        vectors.push(row).unwrap();
    }
    let links = built(&vectors, 1);
    assert_found(&vectors, &links, 1500..3000);
}

#[test]
fn equal_rows_are_all_found() {
    let kinds = Seeded(12).mixed(400, 16, 8);
    let rows: Vec<f32> = (0..2000).flat_map(|row| kinds.row(row % 400).to_vec()).collect();
    let vectors = Vectors::from_flat(16, rows).unwrap();
    let links = built(&vectors, 1);
    for kind in 0..400 {
        let mut found = walk(&vectors, &links, kinds.row(kind), 10);
        found.truncate(5);
        found.sort_unstable();
        let equals: Vec<u32> = (0..5).map(|copy| (copy * 400 + kind) as u32).collect();
        assert_eq!(found, equals);
    }
}

#[test]
fn handfuls_are_complete() {
    for rows in [0, 1, 2, DEGREE, DEGREE + 1] {
        let vectors = Seeded(6).mixed(rows, 8, 3);
        let links = built(&vectors, 1);
        assert_eq!(links.entry, 0);
        for node in 0..rows as u32 {
            assert_eq!(neighbours_of(&links, node).len(), rows - 1);
        }
    }
    for rows in [DEGREE + 2, 2 * DEGREE, 100] {
        built(&Seeded(6).mixed(rows, 8, 3), 4);
    }
}

#[test]
fn zero_vectors_do_no_harm() {
    let vectors = Vectors::from_flat(3, vec![0.0; 300]).unwrap();
    built(&vectors, 1);
}

#[test]
fn one_thread_repeats_itself() {
    let vectors = Seeded(7).mixed(1200, 16, 8);
    assert_eq!(built(&vectors, 1), built(&vectors, 1));
}

#[test]
fn parameters_out_of_range_are_refused() {
    let vectors = Seeded(8).mixed(3, 8, 3);
    let refused = |change: fn(&mut GraphParams)| {
        let mut params = params(1);
        change(&mut params);
        build(&vectors, vectors.len(), &params, &|| false).unwrap_err()
    };
    for odd in [0, 2, 7, 66, 100_000] {
        let params = GraphParams { max_degree: odd, ..params(1) };
        let error = build(&vectors, vectors.len(), &params, &|| false).unwrap_err();
        assert!(matches!(error, GraphError::Degree { got } if got == odd));
    }
    assert!(matches!(refused(|params| params.ef_construction = 0), GraphError::EfConstruction));
    assert!(matches!(refused(|params| params.threads = 0), GraphError::NoThreads));
}

#[test]
fn a_build_can_be_cancelled() {
    let vectors = Seeded(9).mixed(5000, 8, 4);
    let asked = Cell::new(0);
    let cancel = || {
        asked.set(asked.get() + 1);
        asked.get() == 4
    };
    let error = build(&vectors, vectors.len(), &params(1), &cancel);
    assert!(matches!(error, Err(GraphError::Cancelled)));
    assert_eq!(asked.get(), 4);
}

#[test]
fn rows_added_to_a_graph_are_reached_and_found() {
    let vectors = Seeded(12).mixed(3000, 16, 8);
    let before = build(&vectors, 2900, &params(1), &|| false).unwrap();
    assert_well_formed(&before, 2900);
    let links = extend(&vectors, before, &params(1), &|| false).unwrap();
    assert_well_formed(&links, 3000);
    assert_found(&vectors, &links, 2900..3000);
}

#[test]
fn islands_are_tied_in_without_cutting_anything_off() {
    // Complete islands of five nodes with every slot taken.
    let islands = 12;
    let vectors = Seeded(11).clustered(islands * 5, 8, islands, 0.05);
    let space = Space::of(&vectors, vectors.len(), CodeParams::eight(&vectors, 8));
    let within =
        (0..islands as u32 * 5).map(|node| (node / 5 * 5..node / 5 * 5 + 5).filter(move |&other| other != node));
    let mut links = Links { degree: 4, entry: 7, neighbours: within.flatten().collect() };
    let before = links.clone();
    assert_eq!(reachable(&links), 5);
    reach::reach_all(&space, &mut links);
    assert_well_formed(&links, islands * 5);
    let pairs = before.neighbours.iter().zip(&links.neighbours);
    assert_eq!(pairs.filter(|(old, new)| old != new).count(), islands - 1);
}

#[test]
fn real_sentence_vectors_are_found() {
    let data = std::env::var_os("UNINOTE_DATA")
        .map_or_else(|| std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data"), Into::into);
    let path = data.join("minilm-15k/base.f16.npy");
    let Ok(bytes) = std::fs::read(&path) else {
        println!("skipped: no {}", path.display());
        return;
    };
    let (width, rows) = (384, 3000);
    let body = &bytes[128..][..rows * width * 2];
    let mut components: Vec<f32> = body.chunks_exact(2).map(half_to_f32).collect();
    for row in components.chunks_exact_mut(width) {
        normalise(row).unwrap();
    }
    let vectors = Vectors::from_flat(width, components).unwrap();
    let recall = recall(&vectors, &built(&vectors, 1), 48);
    assert!(recall >= 0.95, "recall {recall}");
}

/// IEEE 754 binary16, finite values only.
fn half_to_f32(bytes: &[u8]) -> f32 {
    let bits = u32::from(u16::from_le_bytes([bytes[0], bytes[1]]));
    let magnitude = f32::from_bits((bits & 0x7fff) << 13) * f32::from_bits(0x7780_0000);
    if bits & 0x8000 == 0 { magnitude } else { -magnitude }
}
