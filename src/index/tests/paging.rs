//! Order, pages and counts of answers.

use super::oracle::{Draw, Shape, vectors};
use super::*;
use crate::query::Cursor;

/// All pages of a search, as ids.
fn pages(index: &Index, query: &[f32], options: &SearchOptions) -> Vec<String> {
    let snapshot = index.snapshot();
    let mut options = options.clone();
    let mut all = Vec::new();
    loop {
        let answer = snapshot.search(Query::vector(query), &options).unwrap();
        all.extend(answer.hits.iter().map(|hit| hit.id.clone()));
        let Some(next) = answer.next else { return all };
        assert_eq!(answer.hits.len(), options.k, "only the last page may be short");
        let printed: Cursor = next.to_string().parse().unwrap();
        assert_eq!(printed, next);
        options = options.after(printed);
    }
}

#[test]
fn exact_pages_are_the_whole_list_cut_up() {
    let (index, _) = external(4);
    let rows = vectors(Shape::Duplicated, 500, 4, 3);
    for (number, row) in rows.iter().enumerate() {
        put(&index, &format!("{:03}", (number * 37) % 500), row);
        if number % 200 == 199 {
            index.commit().unwrap();
        }
    }
    index.commit().unwrap();
    let query = &rows[5];
    let whole = index.search(Query::vector(query.as_slice()), &SearchOptions::new().k(1_000_000_000)).unwrap();
    assert_eq!((whole.hits.len(), whole.next), (500, None));
    for pair in whole.hits.windows(2) {
        assert!(pair[0].score > pair[1].score || (pair[0].score == pair[1].score && pair[0].id < pair[1].id));
    }
    let whole: Vec<String> = whole.hits.into_iter().map(|hit| hit.id).collect();
    for k in [1, 7, 100, 499] {
        assert_eq!(pages(&index, query, &SearchOptions::new().k(k).recall(1.0)), whole, "k = {k}");
    }
}

#[test]
fn pages_of_an_approximate_search_do_not_repeat() {
    let (index, _) = external(16);
    for (number, row) in vectors(Shape::Clustered, 3_000, 16, 4).iter().enumerate() {
        put(&index, &format!("n{number}"), row);
    }
    index.commit().unwrap();
    let mut all = pages(&index, &Draw(9).unit(16), &SearchOptions::new().k(150).recall(0.8));
    let shown = all.len();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), shown);
    assert!(shown > 2_700, "{shown} of 3,000");
}

#[test]
fn ten_thousand_equal_notes_come_in_the_order_of_their_ids() {
    let (index, _) = external(8);
    let vector = Draw(1).unit(8);
    for number in 0..10_000 {
        put(&index, &format!("{:05}", (number * 7_919) % 10_000), &vector);
    }
    for (number, other) in vectors(Shape::Uniform, 2_000, 8, 2).iter().enumerate() {
        put(&index, &format!("other{number}"), other);
    }
    index.commit().unwrap();
    let first = index.search(Query::vector(vector.as_slice()), &SearchOptions::new()).unwrap();
    let expected: Vec<String> = (0..10).map(|number| format!("{number:05}")).collect();
    assert_eq!(ids(&first), expected);
    let options = SearchOptions::new().after(first.next.unwrap());
    let second = index.search(Query::vector(vector.as_slice()), &options).unwrap();
    assert_eq!((second.hits[0].id.as_str(), second.hits[9].id.as_str()), ("00010", "00019"));
    let alike = index.similar("00003", Like::Note, &SearchOptions::new().k(5)).unwrap();
    assert_eq!(ids(&alike), ["00000", "00001", "00002", "00004", "00005"]);
}

#[test]
fn an_answer_is_never_short_however_many_notes_are_deleted() {
    let (index, _) = external(8);
    let rows = vectors(Shape::Clustered, 5_000, 8, 5);
    for (number, row) in rows.iter().enumerate() {
        put(&index, &format!("{number}"), row);
    }
    index.commit().unwrap();
    for number in (0..5_000).filter(|number| number % 200 != 0) {
        index.delete(&number.to_string()).unwrap();
    }
    assert_eq!(index.commit().unwrap().notes, 25);
    let near_deleted = SearchOptions::new().k(20);
    let answer = index.search(Query::vector(rows[1].as_slice()), &near_deleted).unwrap();
    assert_eq!(answer.hits.len(), 20);
    assert!(answer.hits.iter().all(|hit| hit.id.parse::<usize>().unwrap() % 200 == 0));
    let all = index.search(Query::vector(rows[1].as_slice()), &SearchOptions::new().k(100)).unwrap();
    assert_eq!((all.hits.len(), all.next), (25, None));
}

#[test]
fn a_page_after_deletions_starts_where_the_last_one_ended() {
    let (index, _) = external(2);
    for number in 0..40 {
        put(&index, &format!("{number:02}"), &[1.0, number as f32 / 10.0]);
    }
    index.commit().unwrap();
    let query = Query::vector([1.0, 0.0]);
    let first = index.search(query.clone(), &SearchOptions::new().k(20)).unwrap();
    for number in 0..30 {
        index.delete(&format!("{number:02}")).unwrap();
    }
    index.commit().unwrap();
    let second = index.search(query, &SearchOptions::new().k(20).after(first.next.unwrap())).unwrap();
    assert_eq!((ids(&second).first(), second.hits.len()), (Some(&"30"), 10));
}

#[test]
fn odd_requests_get_defined_answers() {
    let (index, _) = external(2);
    let query = Query::vector([1.0, 0.0]);
    let on_empty = index.search(query.clone(), &SearchOptions::new()).unwrap();
    assert!(on_empty.hits.is_empty() && on_empty.next.is_none() && on_empty.stages.exact);
    put(&index, "a", &[1.0, 0.0]);
    put(&index, "b.c", &[0.5, 0.5]);
    index.commit().unwrap();
    let none = index.search(query.clone(), &SearchOptions::new().k(0)).unwrap();
    assert!(none.hits.is_empty() && none.next.is_none());
    for recall in [0.0, -1.0, 1.1, f32::NAN] {
        let refused = index.search(query.clone(), &SearchOptions::new().recall(recall));
        assert!(matches!(refused, Err(Error::Option { option: "recall", .. })));
    }
    for text in ["", "x", "1.2", "zz.3f800000.a", "1.7fc00000.a", "1.7f800000.a"] {
        assert!(matches!(text.parse::<Cursor>(), Err(Error::Option { option: "cursor", .. })), "{text}");
    }
    let far: Cursor = "ffffffff.3f000000.b.c".parse().unwrap();
    assert!(index.search(query, &SearchOptions::new().after(far)).unwrap().hits.is_empty());
}
