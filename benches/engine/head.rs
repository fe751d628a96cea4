//! What the ranking head adds to a query: standardising the features of 100 candidates and scoring them.

use criterion::{BenchmarkId, Criterion};
use std::hint::black_box;
use uninote::rank::{Head, Schema, Shape, Table};

/// One thread, tables of the size of a query's pool and of a small one.
pub(crate) fn scoring(criterion: &mut Criterion) {
    let schema = Schema::built_in();
    let names: Vec<String> = schema.features().iter().map(|feature| feature.name.clone()).collect();
    let head = Head::untrained(&schema, &names, Shape::default(), 1).expect("features of the schema");
    let mut group = criterion.benchmark_group("head");
    for candidates in [10, 100] {
        let table = table(&schema, candidates);
        group.bench_function(BenchmarkId::new("score candidates", candidates), |bencher| {
            bencher.iter(|| head.scores(black_box(&table)).expect("a table of the schema"));
        });
        group.bench_function(BenchmarkId::new("explain one of", candidates), |bencher| {
            bencher.iter(|| head.explain(black_box(&table), 3).expect("a table of the schema"));
        });
    }
    group.finish();
}

/// Values of which one in eight is missing.
fn table(schema: &Schema, candidates: usize) -> Table {
    let mut random = fastrand::Rng::with_seed(5);
    let mut table = Table::with_capacity(schema.width(), candidates);
    for _ in 0..candidates {
        let row = (0..schema.width()).map(|_| if random.u8(..) < 32 { f32::NAN } else { 10.0 * random.f32() });
        table.push(&row.collect::<Vec<f32>>()).expect("a value a feature");
    }
    table
}
