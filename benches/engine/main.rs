//! Criterion benches of the public API on data that every clone has: seeded vectors and `examples/notes`.
//!
//! `cargo bench` measures all; `cargo bench -- search` one group; `cargo bench -- --quick` in a minute. Figures on real
//! collections come from the example `figures`; counts that do not depend on the machine are held by `tests/counted.rs`.

mod data;
mod head;
mod ranking;

use criterion::{BatchSize, BenchmarkId, Criterion};
use data::clustered;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use uninote::import::{ImportOptions, Item, open};
use uninote::{Index, IndexOptions, Note, Query, SearchOptions};

const WIDTH: usize = 64;
/// Enough rows for a graph.
const LARGE: usize = 25_000;
/// Few enough rows for a scan of codes.
const SMALL: usize = 2_500;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let large = on_disk(LARGE);
    let small = on_disk(SMALL);
    opening(&mut criterion, [(SMALL, small.path()), (LARGE, large.path())]);
    searching(&mut criterion, [(SMALL, small.path()), (LARGE, large.path())]);
    building(&mut criterion);
    importing(&mut criterion);
    head::scoring(&mut criterion);
    ranking::ordering(&mut criterion, &example_notes());
    criterion.final_summary();
}

fn fill(index: &Index, vectors: &[Vec<f32>]) {
    for (row, vector) in vectors.iter().enumerate() {
        index.put_with_vector(Note::new(row.to_string()).title("a row"), vector).expect("a valid vector");
    }
    index.commit().expect("a working disk");
}

fn on_disk(rows: usize) -> TempDir {
    let folder = TempDir::new().expect("a temporary folder");
    let options = IndexOptions::new().external_vectors(WIDTH);
    let index = Index::create_with(folder.path(), options).expect("an empty folder");
    fill(&index, &clustered(2, rows, WIDTH));
    index.compact(None).expect("a working disk");
    folder
}

/// Opening must not take longer for more rows.
fn opening(criterion: &mut Criterion, indexes: [(usize, &Path); 2]) {
    let mut group = criterion.benchmark_group("open");
    for (rows, folder) in indexes {
        group.bench_function(BenchmarkId::from_parameter(rows), |bencher| {
            bencher.iter(|| Index::open(folder).expect("an index"));
        });
    }
    group.finish();
}

fn searching(criterion: &mut Criterion, indexes: [(usize, &Path); 2]) {
    let mut group = criterion.benchmark_group("search");
    let queries = clustered(3, 256, WIDTH);
    for (rows, folder) in indexes {
        let snapshot = Index::open(folder).expect("an index").snapshot();
        for recall in [0.95, 0.99, 1.0] {
            let options = SearchOptions::new().recall(recall);
            let mut next = queries.iter().cycle();
            group.bench_function(BenchmarkId::new(format!("vector, recall {recall}"), rows), |bencher| {
                bencher.iter(|| {
                    let query = Query::vector(next.next().cloned().unwrap_or_default());
                    snapshot.search(query, &options).expect("an answer")
                });
            });
        }
    }
    let index = Index::in_memory().expect("the built-in encoder");
    for note in example_notes() {
        index.put(note).expect("a valid note");
    }
    index.commit().expect("memory");
    let options = SearchOptions::new();
    group.bench_function("text, examples/notes", |bencher| {
        bencher.iter(|| index.search(black_box("how do plants drink"), &options).expect("an answer"));
    });
    group.finish();
}

fn building(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("build");
    group.sample_size(10);
    let options = || IndexOptions::new().external_vectors(WIDTH);
    let in_memory = || Index::create_in(std::sync::Arc::new(uninote::disk::MemoryStorage::new()), options());
    let vectors = clustered(2, LARGE, WIDTH);
    group.bench_function(BenchmarkId::new("add and commit", SMALL), |bencher| {
        let empty = || in_memory().expect("memory");
        bencher.iter_batched(empty, |index| fill(&index, &vectors[..SMALL]), BatchSize::PerIteration);
    });
    group.bench_function(BenchmarkId::new("compact to a graph", LARGE), |bencher| {
        let filled = || {
            let index = in_memory().expect("memory");
            // Two commits leave two segments to merge, whatever the writer does by itself.
            fill(&index, &vectors[..LARGE / 2]);
            fill(&index, &vectors);
            index
        };
        bencher.iter_batched(filled, |index| index.compact(None).expect("memory"), BatchSize::PerIteration);
    });
    group.finish();
}

fn notes_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/notes")
}

fn example_notes() -> Vec<Note> {
    let items = open(&notes_folder(), &ImportOptions::default()).expect("examples/notes");
    items.filter_map(|item| if let Item::Note(imported) = item { Some(imported.note) } else { None }).collect()
}

fn importing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("import");
    group.sample_size(20);
    group.bench_function("read examples/notes", |bencher| bencher.iter(example_notes));
    let notes = example_notes();
    group.bench_function("encode and commit examples/notes", |bencher| {
        let start = || (Index::in_memory().expect("the built-in encoder"), notes.clone());
        bencher.iter_batched(
            start,
            |(index, notes)| {
                notes.into_iter().for_each(|note| index.put(note).expect("a valid note"));
                index.commit().expect("memory")
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}
