//! Hits grouped by a field, and in the order of one.

use super::*;
use crate::note::Value;
use crate::query::Mode;

/// Notes ever farther from the first axis, each with a kind (every seventh without) and a year.
fn fan(count: usize) -> Index {
    let (index, _) = external(3);
    for number in 0..count {
        let angle = number as f32 * 0.002;
        let mut note = Note::new(format!("n{number:04}")).text("a word").field("year", 2000 + (number as i64 * 7) % 23);
        if number % 7 != 3 {
            note = note.field("kind", format!("k{}", (number * number) % 5));
        }
        index.put_with_vector(note, &[angle.cos(), angle.sin(), 0.0]).unwrap();
        if number % 150 == 149 {
            index.commit().unwrap();
        }
    }
    index.commit().unwrap();
    index
}

fn ask(index: &Index, options: &SearchOptions) -> Answer {
    index.search(Query::vector([1.0, 0.0, 0.0]), &options.clone().mode(Mode::Dense).recall(1.0)).unwrap()
}

/// What grouping should give: all hits in their order, of each kind the first so many.
fn expected(index: &Index, best: usize) -> Vec<(String, Option<Value>)> {
    let mut counts: Vec<(Option<Value>, usize)> = Vec::new();
    let mut kept = Vec::new();
    for hit in ask(index, &SearchOptions::new().k(1_000)).hits {
        let kind = index.get(&hit.id).unwrap().unwrap().fields.get("kind").cloned();
        let count = match counts.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, count)) => count,
            None => {
                counts.push((kind.clone(), 0));
                &mut counts.last_mut().unwrap().1
            }
        };
        *count += 1;
        if *count <= best {
            kept.push((hit.id, kind));
        }
    }
    kept
}

#[test]
fn every_page_holds_the_first_of_each_group_and_pages_together_all_of_them() {
    let index = fan(700);
    for best in [1, 2, 40, 1_000] {
        let expected = expected(&index, best);
        for k in [1, 3, 50] {
            let mut options = SearchOptions::new().k(k).group_by("kind", best);
            let mut shown = Vec::new();
            loop {
                let answer = ask(&index, &options);
                assert!(answer.hits.len() == k || answer.next.is_none());
                shown.extend(answer.hits.into_iter().map(|hit| (hit.id, hit.group)));
                match answer.next {
                    Some(next) if shown.len() < 200 => options = options.after(next.to_string().parse().unwrap()),
                    next => break assert!(next.is_some() || shown.len() == expected.len()),
                }
            }
            assert_eq!(shown, expected[..shown.len()], "best {best}, k {k}");
        }
    }
}

#[test]
fn a_filter_leaves_its_groups_only_and_ids_are_groups_of_one() {
    let index = fan(300);
    let filter: crate::fields::Filter = "kind in (k1, k4)".parse().unwrap();
    let answer = ask(&index, &SearchOptions::new().k(10).filter(filter.clone()).group_by("kind", 2));
    assert_eq!((answer.hits.len(), answer.next.is_none()), (4, true));
    let by_id = ask(&index, &SearchOptions::new().k(10).filter(filter.clone()).group_by("id", 1));
    assert_eq!(ids(&by_id), ids(&ask(&index, &SearchOptions::new().k(10).filter(filter))));
    assert!(by_id.next.is_some());
    let by_words = SearchOptions::new().mode(Mode::Lexical).k(9).group_by("kind", 2);
    let words = index.search("word", &by_words).unwrap();
    assert_eq!((words.hits.len(), words.next.is_none()), (8, true), "three kinds and those without one, two of each");
}

#[test]
fn hits_are_sorted_after_they_were_chosen() {
    let index = fan(300);
    let plain = ask(&index, &SearchOptions::new().k(9));
    for descending in [false, true] {
        let sorted = ask(&index, &SearchOptions::new().k(9).sort_by("year", descending));
        let year = |hit: &crate::Hit| match index.get(&hit.id).unwrap().unwrap().fields["year"] {
            Value::Integer(year) => year,
            _ => panic!("no year"),
        };
        let years: Vec<i64> = sorted.hits.iter().map(year).collect();
        assert!(years.is_sorted_by(|left, right| if descending { left >= right } else { left <= right }), "{years:?}");
        let (mut one, mut other) = (ids(&plain), ids(&sorted));
        assert_ne!(one, other);
        one.sort_unstable();
        other.sort_unstable();
        assert_eq!((one, &plain.next), (other, &sorted.next));
    }
    let kinds = ask(&index, &SearchOptions::new().k(9).sort_by("kind", true));
    assert!(!index.get(&kinds.hits[8].id).unwrap().unwrap().fields.contains_key("kind"), "without a kind: last");
}

#[test]
fn a_field_that_no_note_has_is_named() {
    let index = fan(20);
    let options = [SearchOptions::new().group_by("knid", 1), SearchOptions::new().sort_by("knid", false)];
    for options in options {
        let error = index.search(Query::vector([1.0, 0.0, 0.0]), &options).unwrap_err().to_string();
        assert!(error.contains("\"knid\"") && error.contains("\"kind\""), "{error}");
    }
    let none = index.search(Query::vector([1.0, 0.0, 0.0]), &SearchOptions::new().group_by("kind", 0));
    assert!(none.unwrap_err().to_string().contains("hits of a group"));
}
