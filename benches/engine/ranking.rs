//! What an order by words and vectors, and a head on top of it, add to a search by vectors alone.

use criterion::{BenchmarkId, Criterion};
use uninote::rank::{Head, Schema, Shape};
use uninote::{Index, Mode, Note, SearchOptions};

/// Notes of the collection: more than a pool takes of each, and each way.
const NOTES: usize = 2_500;
/// Words a note.
const WORDS: usize = 80;

/// Notes made of the words of other notes, searched for three of these.
pub(crate) fn ordering(criterion: &mut Criterion, notes: &[Note]) {
    let words: Vec<&str> = notes.iter().flat_map(|note| note.text.split_whitespace()).collect();
    let mut random = fastrand::Rng::with_seed(5);
    let mut some = |count: usize| -> String {
        let drawn: Vec<&str> = (0..count).map(|_| words[random.usize(..words.len())]).collect();
        drawn.join(" ")
    };
    let index = Index::in_memory().expect("the built-in encoder");
    for number in 0..NOTES {
        index.put(Note::new(number.to_string()).title(some(5)).text(some(WORDS))).expect("a valid note");
    }
    let schema = Schema::built_in();
    let names: Vec<&str> = schema.features().iter().map(|feature| feature.name.as_str()).collect();
    // It reads everything, so that everything is computed; what it makes of it takes the same time for any weights.
    let head = Head::untrained(&schema, &names, Shape::default(), 1).expect("features of the schema");
    index.install_head(&head).expect("memory");
    let snapshot = index.snapshot();
    let queries: Vec<String> = (0..64).map(|_| some(3)).collect();
    let mut group = criterion.benchmark_group("order");
    for mode in [Mode::Dense, Mode::Lexical, Mode::Fused, Mode::Ranked] {
        let options = SearchOptions::new().mode(mode);
        let mut next = queries.iter().cycle();
        group.bench_function(BenchmarkId::new(format!("{mode:?}"), NOTES), |bencher| {
            bencher.iter(|| {
                let query = next.next().map_or("", String::as_str);
                snapshot.search(query, &options).expect("an answer")
            });
        });
    }
    group.finish();
}
