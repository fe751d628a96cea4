//! Collections that vectors of one width cannot answer.

use super::*;

/// A word that nobody has heard.
fn thing(number: usize) -> String {
    let first =
        ["bel", "cor", "dan", "fir", "gul", "hem", "jop", "kav", "lin", "mur", "nex", "pol", "quin", "rus", "sol"];
    let second = ["ama", "edo", "iro", "ola", "une", "abi", "eku", "ipo", "ofa", "uzi"];
    let third = ["ban", "der", "fin", "gop", "lum", "mat", "nik", "rov", "sen"];
    format!("{}{}{}", first[number % 15], second[number / 15 % 10], third[number / 150])
}

/// As Weller, Boratko, Naim and Lee (2025, "On the theoretical limitations of embedding-based retrieval", arXiv 2508.21038)
/// make their collection LIMIT: each of 50 people likes some things, each pair of people one that nobody else does, and it is
/// asked who likes it. Vectors would have to bring every pair of notes together before all others.
#[test]
fn every_pair_of_notes_is_the_answer_to_some_query() {
    let people = 50;
    let pairs: Vec<(usize, usize)> =
        (0..people).flat_map(|left| (left + 1..people).map(move |right| (left, right))).collect();
    assert_eq!(pairs.len(), 1_225);
    let index = Index::in_memory().unwrap();
    for person in 0..people {
        let likes = pairs.iter().enumerate().filter(|(_, pair)| pair.0 == person || pair.1 == person);
        let likes: Vec<String> = likes.map(|(number, _)| thing(number)).collect();
        let name = ["Ada", "Ben", "Cleo", "Dov", "Eve"][person % 5];
        let text = format!("{name} {person} likes {}.", likes.join(", "));
        index.add(Note::new(person.to_string()).title(format!("{name} {person}")).text(text)).unwrap();
    }
    index.commit().unwrap();
    let queries: Vec<String> = (0..pairs.len()).map(|number| format!("Who likes {}?", thing(number))).collect();
    let recall = |mode: Mode| {
        let options = SearchOptions::new().k(2).mode(mode);
        let answers = index.snapshot().search_batch(queries.iter().map(String::as_str), &options).unwrap();
        let found = answers.iter().zip(&pairs).map(|(answer, (left, right))| {
            let right = [left.to_string(), right.to_string()];
            answer.hits.iter().filter(|hit| right.contains(&hit.id)).count()
        });
        found.sum::<usize>() as f64 / (2 * pairs.len()) as f64
    };
    let (dense, default) = (recall(Mode::Dense), recall(Mode::Auto));
    assert!(dense < 0.5, "vectors alone: {dense}");
    assert!(default >= 0.9, "default: {default}, vectors alone: {dense}");
}
