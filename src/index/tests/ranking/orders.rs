//! Orders, each computed again from what vectors and words say alone.

use super::*;
use crate::error::QueryError;
use crate::index::Judged;
use crate::note::Value;
use crate::query::Fusion;
use crate::rank::column;
use index_format::words::{length_code, length_of};

/// BM25 by the words of the paper over all notes ever committed, counts and lengths as an index keeps them.
fn bm25(notes: &[Note], query: &str) -> BTreeMap<String, f64> {
    let words = |note: &Note| -> Vec<String> {
        // A word of a title counts twice.
        [&note.title, &note.title, &note.text]
            .into_iter()
            .flat_map(|text| text.split_whitespace())
            .map(str::to_owned)
            .collect()
    };
    let all: Vec<(&str, Vec<String>)> = notes.iter().map(|note| (note.id.as_str(), words(note))).collect();
    let length = |words: &Vec<String>| f64::from(length_of(length_code(words.len() as u32)));
    let average = all.iter().map(|(_, words)| length(words)).sum::<f64>() / all.len() as f64;
    let mut scores = BTreeMap::new();
    for asked in query.split_whitespace() {
        let with = all.iter().filter(|(_, words)| words.iter().any(|word| word == asked)).count() as f64;
        let rarity = (1.0 + (all.len() as f64 - with + 0.5) / (with + 0.5)).ln();
        for (id, words) in &all {
            let count = words.iter().filter(|word| *word == asked).count() as f64;
            if count > 0.0 {
                let half = 1.2 * (0.25 + 0.75 * length(words) / average);
                *scores.entry((*id).to_owned()).or_default() += rarity * 2.2 * count / (count + half);
            }
        }
    }
    scores
}

/// Every ninth note.
fn deleted(notes: &[Note]) -> Vec<&str> {
    notes.iter().step_by(9).map(|note| note.id.as_str()).collect()
}

#[test]
fn by_words_comes_what_a_reader_of_every_note_would_count() {
    let notes = made(300, 4);
    let (index, _) = index_of(&notes, 110);
    let gone = deleted(&notes);
    gone.iter().for_each(|id| index.delete(id).unwrap());
    index.commit().unwrap();
    assert_eq!(index.snapshot().stats().segments, 3);
    let mut draw = Draw(8);
    for _ in 0..40 {
        let words = 1 + draw.below(4);
        let query = text(&mut draw, words);
        let answer = index.search(query.as_str(), &all(Mode::Lexical)).unwrap();
        let expected = bm25(&notes, &query).into_iter().filter(|(id, _)| !gone.contains(&id.as_str()));
        agrees(&answer.hits, &in_order(expected));
        assert_eq!((answer.mode, answer.next), (Mode::Lexical, None));
        let equal = |pair: &[Hit]| pair[0].score > pair[1].score || pair[0].id < pair[1].id;
        assert!(answer.hits.windows(2).all(equal), "equals by id");
        for k in [1, 7] {
            let pages = all_pages(&index, &Query::text(query.as_str()), &all(Mode::Lexical).k(k));
            assert_eq!(pages, answer.hits, "{query}, {k} a page");
        }
    }
    let strange = index.search("zzz", &all(Mode::Lexical)).unwrap();
    assert!(strange.hits.is_empty() && strange.next.is_none());
}

#[test]
fn what_has_no_words_cannot_be_ordered_by_words() {
    let notes = made(20, 5);
    let (index, _) = index_of(&notes, 20);
    for query in [Query::vector(vec![1.0; 16]), Query::text(" - ")] {
        let refused = index.search(query.clone(), &all(Mode::Lexical)).unwrap_err();
        assert!(matches!(refused, Error::Query(QueryError::NoWords)), "{refused}");
        for mode in [Mode::Auto, Mode::Fused] {
            assert_eq!(index.search(query.clone(), &all(mode)).unwrap().mode, Mode::Dense);
        }
    }
    assert_eq!(index.search("bababa", &SearchOptions::new()).unwrap().mode, Mode::Ranked);
    assert_eq!(index.similar(&notes[0].id, Like::Note, &SearchOptions::new()).unwrap().mode, Mode::Ranked);
}

/// What vectors say of each note: the mean of the whole and the best passage where it has both.
fn close(index: &Index, query: &str) -> BTreeMap<String, f64> {
    let by = |granularity| scores(&index.search(query, &all(Mode::Dense).granularity(granularity)).unwrap());
    let (mut close, passages) = (by(Granularity::Global), by(Granularity::Local));
    for (id, score) in &mut close {
        *score = passages.get(id).map_or(*score, |passage| (*score + passage) / 2.0);
    }
    close
}

#[test]
fn the_rules_are_what_they_say() {
    // Fewer than the pool takes, so that all of them are in it.
    let notes = made(90, 6);
    for per_commit in [90, 25] {
        let (index, _) = index_of(&notes, per_commit);
        let mut draw = Draw(9);
        for _ in 0..20 {
            let query = text(&mut draw, 3);
            let (close, words) = (close(&index, &query), bm25(&notes, &query));
            let most = |scores: &BTreeMap<String, f64>| scores.values().copied().fold(0.0, f64::max);
            let (best, most) = (most(&close), most(&words));
            let share = |id: &String| words.get(id).map_or(0.0, |score| score / most);
            let fused = close.iter().map(|(id, score)| (id.clone(), 0.5 * score.max(0.0) / best + 0.5 * share(id)));
            let answer = index.search(query.as_str(), &all(Mode::Fused)).unwrap();
            agrees(&answer.hits, &in_order(fused));
            // By places: those that either way alone would have.
            let ranks = all(Mode::Fused).fusion(Fusion::Ranks);
            let dense = index.search(query.as_str(), &all(Mode::Dense)).unwrap();
            let lexical = index.search(query.as_str(), &all(Mode::Lexical)).unwrap();
            let mut reciprocal: BTreeMap<String, f64> = BTreeMap::new();
            for answer in [&dense, &lexical] {
                for (place, hit) in answer.hits.iter().enumerate() {
                    *reciprocal.entry(hit.id.clone()).or_default() += 1.0 / (61.0 + place as f64);
                }
            }
            agrees(&index.search(query.as_str(), &ranks).unwrap().hits, &in_order(reciprocal));
        }
    }
}

#[test]
fn a_head_orders_by_what_it_reads() {
    let notes = made(90, 7);
    let (index, _) = index_of(&notes, 40);
    let logistic = |score: f64| 1.0 / (1.0 + (-score).exp());
    index.install_head(&by_feature("length", -1.0)).unwrap();
    let shortest = notes.iter().map(|note| (note.id.clone(), logistic(-(note.text.len() as f64).ln_1p())));
    let answer = index.search("bababa kobaba", &all(Mode::Auto)).unwrap();
    assert_eq!(answer.mode, Mode::Ranked);
    agrees(&answer.hits, &in_order(shortest));
    // Far from 0 the logistic function cannot tell scores apart; the order still does.
    index.install_head(&by_feature("length", 20.0)).unwrap();
    let answer = index.search("bababa kobaba", &all(Mode::Ranked)).unwrap();
    let length = |id: &str| notes.iter().find(|note| note.id == id).unwrap().text.len();
    let lengths: Vec<usize> = answer.hits.iter().map(|hit| length(&hit.id)).collect();
    assert!(lengths.is_sorted_by(|left, right| left >= right), "{lengths:?}");
    assert_eq!(answer.hits[0].score, answer.hits[1].score);
    // The other modes do not ask it.
    let fused = index.search("bababa kobaba", &all(Mode::Fused)).unwrap();
    assert_ne!(
        fused.hits.iter().map(|hit| &hit.id).collect::<Vec<_>>(),
        answer.hits.iter().map(|hit| &hit.id).collect::<Vec<_>>()
    );
}

#[test]
fn what_a_head_reads_is_what_a_reader_would_compute() {
    let notes = made(80, 11);
    let (index, _) = index_of(&notes, 30);
    let query = "bababa dubaba gibaba";
    // A grade of its own for each note tells which row is whose.
    let grades = notes.iter().enumerate().map(|(number, note)| (note.id.as_str(), number as f32 + 1.0));
    let lists = index.snapshot().lists(&[Judged::new(query, grades)], &["stars".to_owned()], 3).unwrap();
    let list = &lists[0];
    assert_eq!((lists.len(), list.group, list.grades.len()), (1, 3, notes.len()));
    let by = |granularity| scores(&index.search(query, &all(Mode::Dense).granularity(granularity)).unwrap());
    let (whole, passage, words) = (by(Granularity::Global), by(Granularity::Local), bm25(&notes, query));
    let rarest = bm25(&notes, query).len();
    assert!(rarest > 3 && rarest < notes.len(), "{rarest} notes have a word of the query");
    let place = |mode, id: &str| {
        let answer = index.search(query, &all(mode)).unwrap();
        answer.hits.iter().position(|hit| hit.id == id).map(|place| place as f64)
    };
    for (row, grade) in list.table.rows().zip(&list.grades) {
        let note = &notes[*grade as usize - 1];
        let is = |column: usize, expected: Option<f64>| match expected {
            Some(expected) => {
                assert!((f64::from(row[column]) - expected).abs() < 1e-4, "column {column} of {}: {row:?}", note.id);
            }
            None => assert!(row[column].is_nan(), "column {column} of {}: {row:?}", note.id),
        };
        let (whole, passage) = (whole[&note.id], passage.get(&note.id).copied());
        is(column::WHOLE, Some(whole));
        is(column::BEST_PASSAGE, passage);
        is(column::MEAN_PASSAGES, passage);
        is(column::BEST_PICTURE, None);
        is(column::DENSE, Some(passage.map_or(whole, |passage| (whole + passage) / 2.0)));
        is(column::LEXICAL, Some(words.get(&note.id).copied().unwrap_or(0.0)));
        is(column::PLACE_DENSE, place(Mode::Dense, &note.id));
        is(column::PLACE_LEXICAL, place(Mode::Lexical, &note.id));
        is(column::LENGTH, Some(note.text.len() as f64));
        let Value::Integer(stars) = note.fields["stars"] else { panic!("{note:?}") };
        is(column::BUILT_IN, Some(stars as f64));
        let has = |text: &str, asked: &str| text.split_whitespace().any(|word| word == asked);
        let full = query.split_whitespace().all(|asked| has(&note.title, asked) || has(&note.text, asked));
        assert_eq!(row[column::COVERAGE] > 0.999, full, "{note:?}");
        assert_eq!(row[column::COVERAGE] > 0.0, words.contains_key(&note.id), "{note:?}");
        let titled = query.split_whitespace().any(|asked| has(&note.title, asked));
        assert_eq!(row[column::TITLE_COVERAGE] > 0.0, titled, "{note:?}");
    }
}

#[test]
fn weights_count_between_texts_only() {
    let notes = made(60, 12);
    let (index, _) = index_of(&notes, 60);
    for mode in [Mode::Lexical, Mode::Fused, Mode::Ranked] {
        let plain = index.search("bababa dubaba", &all(mode)).unwrap();
        for weight in [0.01, 7.0, 3e38] {
            let weighted = Query::text("bababa dubaba").weight(weight);
            assert_eq!(index.search(weighted, &all(mode)).unwrap().hits, plain.hits, "{mode:?}, weight {weight}");
        }
    }
    let heavy = Query::text("bababa").weight(50.0).and(Query::text("dubaba"));
    let first = index.search(heavy, &all(Mode::Lexical)).unwrap().hits.remove(0);
    let note = notes.iter().find(|note| note.id == first.id).unwrap();
    assert!(format!("{} {}", note.title, note.text).contains("bababa"), "{note:?}");
}

#[test]
fn a_note_is_like_another_by_its_words_too() {
    let (index, _) = index_of(&[], 1);
    for (id, text) in [("asked", "abc jojojo"), ("words", "xxyyzz jojojo"), ("letters", "cab ojojoj")] {
        index.add(Note::new(id).text(text)).unwrap();
    }
    index.commit().unwrap();
    let dense = index.similar("asked", Like::Note, &all(Mode::Dense)).unwrap();
    let fused = index.similar("asked", Like::Note, &all(Mode::Fused)).unwrap();
    assert_eq!(ids(&dense), ["letters", "words"], "the encoder sees letters only");
    assert_eq!(ids(&fused), ["words", "letters"]);
    let lexical = index.similar("asked", Like::Passage(0), &all(Mode::Lexical)).unwrap();
    assert_eq!(ids(&lexical), ["words"]);
}

#[test]
fn vectors_of_the_callers_own_and_words() {
    let (index, _) = external(2);
    index.add_space("sound", 2).unwrap();
    for (id, text, vector) in
        [("a", "tides of the sea", [1.0, 0.0]), ("b", "the moon", [0.9, 0.1]), ("c", "bread", [0.0, 1.0])]
    {
        index.put_with_vector(Note::new(id).text(text).vector("sound", vector), &vector).unwrap();
    }
    index.commit().unwrap();
    let east = || Query::vector([1.0, 0.0]);
    assert_eq!(index.search(east(), &SearchOptions::new()).unwrap().mode, Mode::Dense);
    assert_eq!(ids(&index.search("bread and tides", &all(Mode::Lexical)).unwrap()), ["c", "a"]);
    for refused in [Mode::Auto, Mode::Dense, Mode::Fused, Mode::Ranked] {
        assert!(matches!(index.search("bread", &all(refused)), Err(Error::NoEncoder { .. })), "{refused:?}");
    }
    assert!(matches!(index.search(east().and("bread"), &all(Mode::Dense)), Err(Error::NoEncoder { .. })));
    let both = index.search(east().and("moon"), &all(Mode::Fused)).unwrap();
    assert_eq!((ids(&both)[0], both.hits.len()), ("b", 3));
    let there = Query::vector_in("sound", [1.0, 0.0]).and("moon");
    assert_eq!(ids(&index.search(there, &all(Mode::Fused)).unwrap())[0], "b");
    assert!(matches!(index.search(east().unlike("moon"), &all(Mode::Fused)), Err(Error::NoEncoder { .. })));
    assert_eq!(index.similar("a", Like::Note, &all(Mode::Auto)).unwrap().mode, Mode::Ranked);
}

#[test]
fn a_space_of_the_callers_beside_a_text() {
    let storage = Arc::new(MemoryStorage::new());
    let options = IndexOptions::new().encoder(Fake::shared(16)).language(Language::Neutral).space("sound", 2);
    let index = Index::create_in(storage, options).unwrap();
    for (id, text, vector) in [("a", "bababa", [1.0, 0.0]), ("b", "bababa", [0.0, 1.0]), ("c", "kobaba", [0.0, 1.0])] {
        index.add(Note::new(id).text(text).vector("sound", vector)).unwrap();
    }
    index.commit().unwrap();
    let query = Query::text("bababa").and(Query::vector_in("sound", [0.0, 1.0]));
    for mode in [Mode::Fused, Mode::Ranked] {
        let answer = index.search(query.clone(), &all(mode)).unwrap();
        assert_eq!(ids(&answer)[0], "b", "{mode:?}: {:?}", answer.hits);
        assert_eq!((answer.hits.len(), answer.hits[0].aims.len()), (3, 2));
    }
}

#[test]
fn an_index_whose_encoder_is_gone_is_still_searched_by_words() {
    let notes = made(30, 13);
    let (index, storage) = index_of(&notes, 30);
    let with = index.search("bababa", &all(Mode::Lexical)).unwrap();
    drop(index);
    let index = Index::open_in_without_encoder(Arc::new(storage)).unwrap();
    let without = index.search("bababa", &all(Mode::Lexical)).unwrap();
    assert_eq!(scores(&without), scores(&with));
    assert!(matches!(index.search("bababa", &all(Mode::Fused)), Err(Error::EncoderAbsent { .. })));
}
