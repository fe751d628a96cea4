//! Filters: answers hold just what is let through, all of it, as surely as was asked; notes by their fields alone.

use super::*;
use crate::fields::Filter;
use crate::note::Value;
use crate::oracle::{Shape as Cloud, vectors};
use std::collections::BTreeSet;

const GENRES: [&str; 5] = ["drama", "comedy", "crime", "western", "essay"];
const WORDS: [&str; 6] = ["river", "mountain", "train", "letter", "garden", "storm"];

/// A note whose fields follow from its number; some lack some.
fn note(number: usize) -> Note {
    let text = format!("A {} and a {} by the {}.", WORDS[number % 6], WORDS[number / 3 % 6], WORDS[number / 7 % 6]);
    let mut note = Note::new(format!("n{number:04}")).text(text).field("number", number as i64);
    if !number.is_multiple_of(4) {
        note = note.field("year", 1950 + (number * 7 % 70) as i64).created(number as i64 * 86_400_000);
    }
    if !number.is_multiple_of(5) {
        note = note.field("genre", [GENRES[number % 5], GENRES[number / 5 % 5]]);
    }
    note.field("seen", number.is_multiple_of(3)).field("rating", (number % 20) as f64 / 2.0)
}

/// A filter, and whether it lets through the note with a number.
type Lets = (&'static str, fn(usize) -> bool);

fn filters() -> Vec<Lets> {
    vec![
        ("seen = true", |number| number.is_multiple_of(3)),
        ("not seen = true", |number| !number.is_multiple_of(3)),
        ("year >= 2000", |number| !number.is_multiple_of(4) && number * 7 % 70 >= 50),
        ("year != 1957", |number| number.is_multiple_of(4) || number * 7 % 70 != 7),
        ("rating in 3..4 and year exists", |number| !number.is_multiple_of(4) && (6..=8).contains(&(number % 20))),
        ("genre in (western, essay) or rating > 9.4", |number| {
            let tagged = !number.is_multiple_of(5) && (number % 5 >= 3 || number / 5 % 5 >= 3);
            tagged || number % 20 == 19
        }),
        ("id ^= n01", |number| (100..200).contains(&number)),
        ("number = 7", |number| number == 7),
        ("number < 0", |_| false),
        ("created >= 1970-06 and created < 1970-07", |number| {
            !number.is_multiple_of(4) && (151..181).contains(&number)
        }),
    ]
}

/// Several segments, of which one note in eleven is deleted.
fn library(notes: usize) -> (Index, Vec<usize>) {
    let index = Index::in_memory().unwrap();
    for number in 0..notes {
        index.add(note(number)).unwrap();
        if number % 150 == 149 {
            index.commit().unwrap();
        }
    }
    let (gone, live): (Vec<usize>, Vec<usize>) = (0..notes).partition(|number| number.is_multiple_of(11));
    gone.iter().for_each(|number| index.delete(&format!("n{number:04}")).unwrap());
    index.commit().unwrap();
    (index, live)
}

fn number_of(id: &str) -> usize {
    id[1..].parse().unwrap()
}

#[test]
fn an_exact_answer_is_the_unfiltered_one_without_what_is_not_let_through() {
    let (index, live) = library(400);
    assert!(index.snapshot().stats().segments > 2);
    for (text, lets) in filters() {
        let matches = live.iter().filter(|number| lets(**number)).count();
        assert_eq!(index.count(&text.parse().unwrap()).unwrap(), matches, "{text}");
        for mode in [Mode::Dense, Mode::Lexical] {
            let options = SearchOptions::new().k(1_000).recall(1.0).mode(mode);
            let whole = index.search("a storm by the river", &options).unwrap();
            let expected: Vec<&str> = ids(&whole).into_iter().filter(|id| lets(number_of(id))).collect();
            let filtered = options.filter(text.parse().unwrap());
            let found = index.search("a storm by the river", &filtered).unwrap();
            assert_eq!(ids(&found), expected, "{text}, {mode:?}");
            assert!(mode == Mode::Lexical || found.hits.len() == matches);
            let few = index.search("a storm by the river", &filtered.clone().k(3)).unwrap();
            assert_eq!(ids(&few), expected[..expected.len().min(3)], "{text}, {mode:?}");
            assert_eq!(few.next.is_some(), expected.len() > 3, "{text}");
        }
    }
}

#[test]
fn never_fewer_than_are_wanted_or_let_through_in_any_mode() {
    let (index, live) = library(400);
    for (text, lets) in filters() {
        let matches: BTreeSet<usize> = live.iter().copied().filter(|number| lets(*number)).collect();
        for mode in [Mode::Auto, Mode::Dense, Mode::Fused, Mode::Ranked] {
            for k in [1, 10, 150, 1_000] {
                let options = SearchOptions::new().k(k).mode(mode).filter(text.parse().unwrap());
                let answer = index.search("letters from a train", &options).unwrap();
                assert_eq!(answer.hits.len(), k.min(matches.len()), "{text}, {mode:?}, {k}");
                assert!(answer.hits.iter().all(|hit| matches.contains(&number_of(&hit.id))), "{text}, {mode:?}");
            }
            let mut options = SearchOptions::new().k(7).mode(mode).filter(text.parse().unwrap());
            let mut shown = Vec::new();
            loop {
                let page = index.search("letters from a train", &options).unwrap();
                shown.extend(page.hits.iter().map(|hit| number_of(&hit.id)));
                let Some(next) = page.next else { break };
                options = options.after(next);
            }
            let once: BTreeSet<usize> = shown.iter().copied().collect();
            assert_eq!((shown.len(), once), (matches.len(), matches.clone()), "{text}, {mode:?}: pages");
        }
    }
}

#[test]
fn what_is_like_a_note_is_filtered_too() {
    let (index, live) = library(200);
    let options = SearchOptions::new().k(1_000).recall(1.0).filter("seen = true".parse().unwrap());
    let found = index.similar("n0003", Like::Note, &options).unwrap();
    assert_eq!(found.hits.len(), live.iter().filter(|number| number.is_multiple_of(3) && **number != 3).count());
}

/// The share of the true best ten among what is let through that was found, over queries.
fn recall(
    index: &Index,
    rows: &[Vec<f32>],
    queries: &[Vec<f32>],
    asked: f32,
    lets: &dyn Fn(usize) -> bool,
    filter: &str,
) -> f64 {
    let filter: Filter = filter.parse().unwrap();
    let (mut found, mut wanted) = (0, 0);
    for query in queries {
        let mut best: Vec<(usize, f32)> = (0..rows.len())
            .filter(|row| lets(*row))
            .map(|row| (row, rows[row].iter().zip(query).map(|(left, right)| left * right).sum()))
            .collect();
        best.sort_by(|left, right| right.1.total_cmp(&left.1));
        let best: BTreeSet<usize> = best.iter().take(10).map(|(row, _)| *row).collect();
        let options = SearchOptions::new().recall(asked).filter(filter.clone());
        let answer = index.search(Query::vector(query.clone()), &options).unwrap();
        assert_eq!(answer.hits.len(), best.len(), "as many as there are");
        found += answer.hits.iter().filter(|hit| best.contains(&number_of(&hit.id))).count();
        wanted += best.len();
    }
    found as f64 / wanted.max(1) as f64
}

#[test]
fn the_recall_asked_for_is_kept_whatever_share_a_filter_lets_through_and_wherever() {
    let (rows, queries) = (vectors(Cloud::Clustered, 12_000, 24, 5), vectors(Cloud::Clustered, 25, 24, 6));
    let (index, _) = external(24);
    // How near a row is to the first query makes filters that are for or against it.
    let nearness = |row: &[f32]| row.iter().zip(&queries[0]).map(|(left, right)| left * right).sum::<f32>();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|left, right| nearness(&rows[*right]).total_cmp(&nearness(&rows[*left])));
    let mut place = vec![0; rows.len()];
    order.iter().enumerate().for_each(|(at, row)| place[*row] = at);
    for (row, vector) in rows.iter().enumerate() {
        let spread = (row * 7_919) % rows.len();
        let note = Note::new(format!("n{row:05}")).field("spread", spread as i64).field("place", place[row] as i64);
        index.put_with_vector(note, vector).unwrap();
    }
    index.compact(None).unwrap();
    assert!(index.snapshot().stats().spaces[0].rows_in_graphs > 0);
    for asked in [0.95, 0.99] {
        let (mut nearest, mut farthest) = (Vec::new(), Vec::new());
        for share in [2, 5, 10, 25, 100, 1_000, 6_000] {
            let most = rows.len() / share;
            let even = |row: usize| (row * 7_919) % rows.len() < most;
            let reached = recall(&index, &rows, &queries, asked, &even, &format!("spread < {most}"));
            assert!(reached >= f64::from(asked) - 0.03, "asked {asked}, one in {share}: {reached}");
            let near = |row: usize| place[row] < most;
            nearest.push(recall(&index, &rows, &queries[..1], asked, &near, &format!("place < {most}")));
            let far = |row: usize| place[row] >= rows.len() - most;
            let text = format!("place >= {}", rows.len() - most);
            farthest.push(recall(&index, &rows, &queries[..1], asked, &far, &text));
        }
        // One query each: a miss of it is a tenth.
        for reached in [nearest, farthest] {
            let mean = reached.iter().sum::<f64>() / reached.len() as f64;
            assert!(mean >= f64::from(asked) - 0.05, "asked {asked}, for and against the query: {reached:?}");
        }
    }
}

#[test]
fn notes_are_listed_counted_and_deleted_by_their_fields() {
    let (index, live) = library(100);
    let listing = Listing::new().filter("year exists".parse().unwrap()).sort_by("year").descending().take(1_000);
    let listed: Vec<i64> = index.list(&listing).unwrap().iter().map(year).collect();
    assert_eq!(listed.len(), live.iter().filter(|number| !number.is_multiple_of(4)).count());
    assert!(listed.is_sorted_by(|left, right| left >= right));
    let all = index.list(&Listing::new().sort_by("year").take(1_000)).unwrap();
    assert_eq!(all.len(), live.len());
    assert!(all[all.len() - 5..].iter().all(|note| !note.fields.contains_key("year")), "those without come last");
    let page = index.list(&Listing::new().sort_by("id").skip(10).take(5)).unwrap();
    let expected: Vec<String> = live[10..15].iter().map(|number| format!("n{number:04}")).collect();
    assert_eq!(page.iter().map(|note| note.id.clone()).collect::<Vec<_>>(), expected);
    let seen = index.facets("seen", None).unwrap();
    let count = |flag: bool| live.iter().filter(|number| number.is_multiple_of(3) == flag).count() as u64;
    assert_eq!((seen[0].value.clone(), seen[0].notes), (Value::Bool(false), count(false)));
    assert_eq!((seen[1].value.clone(), seen[1].notes), (Value::Bool(true), count(true)));
    let genres = index.facets("genre", Some(&"seen = true".parse().unwrap())).unwrap();
    assert!(genres.is_sorted_by(|left, right| left.notes >= right.notes) && genres.len() == 5);
    for wrong in ["yaer", "nothing"] {
        assert!(matches!(index.facets(wrong, None), Err(Error::Filter(_))));
        assert!(matches!(index.list(&Listing::new().sort_by(wrong)), Err(Error::Filter(_))));
    }

    index.add(note(901)).unwrap();
    index.add(note(900)).unwrap();
    let before = index.snapshot().len();
    let gone = index.delete_matching(&"number >= 900 or seen = true".parse().unwrap()).unwrap();
    assert_eq!(gone, count(true) + 2);
    assert_eq!(index.snapshot().len(), before, "nothing is gone before the commit");
    index.commit().unwrap();
    assert_eq!(index.snapshot().len(), live.len() - count(true) as usize);
    assert_eq!(index.count(&"seen = true".parse().unwrap()).unwrap(), 0);
    index.compact(None).unwrap();
    assert!(index.verify().unwrap().is_sound());
}

fn year(note: &Note) -> i64 {
    match note.fields["year"] {
        Value::Integer(year) => year,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn an_answer_ends_before_the_first_hit_that_scores_too_little() {
    let index = garden();
    let options = SearchOptions::new().mode(Mode::Dense);
    let all = index.search("soup from tomatoes", &options).unwrap();
    let least = all.hits[1].score;
    let some = index.search("soup from tomatoes", &options.clone().min_score(least)).unwrap();
    assert_eq!((some.hits.as_slice(), some.next.is_none()), (&all.hits[..2], true));
    let paged = index.search("soup from tomatoes", &options.clone().min_score(least).k(1)).unwrap();
    assert!(paged.next.is_some());
    let second = index.search("soup from tomatoes", &options.clone().min_score(least).k(1).after(paged.next.unwrap()));
    assert_eq!(second.unwrap().hits, all.hits[1..2]);
    assert!(matches!(index.search("a", &options.min_score(f32::NAN)), Err(Error::Option { .. })));
}

#[test]
fn an_unknown_field_is_an_error_and_none_where_there_is_no_note() {
    let empty = Index::in_memory().unwrap();
    let options = SearchOptions::new().filter("year > 5".parse().unwrap());
    assert!(empty.search("anything", &options).unwrap().hits.is_empty());
    let wrong = garden().search("anything", &options).unwrap_err();
    assert!(wrong.to_string().contains("no note has a field \"year\""), "{wrong}");
}

#[test]
fn a_filter_asked_again_is_answered_from_the_state_it_is_asked_of() {
    let (index, _) = external(2);
    let note = |id: &str, year: i64| Note::new(id).field("year", year);
    for (id, year) in [("a", 1990), ("b", 2000), ("c", 2010)] {
        index.put_with_vector(note(id, year), &[1.0, year as f32 / 2000.0]).unwrap();
    }
    index.commit().unwrap();
    let filter: Filter = "year >= 2000".parse().unwrap();
    let asked = |snapshot: &Snapshot| {
        let options = SearchOptions::new().filter(filter.clone());
        let answer = snapshot.search(Query::vector([1.0, 0.0]), &options).unwrap();
        let mut found: Vec<String> = answer.hits.into_iter().map(|hit| hit.id).collect();
        found.sort_unstable();
        found.join(" ")
    };
    let before = index.snapshot();
    assert_eq!([asked(&before), asked(&before)], ["b c", "b c"]);
    index.delete("b").unwrap();
    index.put_with_vector(note("a", 2020), &[1.0, 0.5]).unwrap();
    index.commit().unwrap();
    assert_eq!([asked(&index.snapshot()), asked(&before)], ["a c", "b c"]);
    // Many others push it out, and it is found as before.
    for year in 0..40 {
        let other = SearchOptions::new().filter(format!("year > {year}").parse().unwrap());
        assert_eq!(index.search(Query::vector([1.0, 0.0]), &other).unwrap().hits.len(), 2);
    }
    assert_eq!(asked(&index.snapshot()), "a c");
}
