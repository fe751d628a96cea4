//! Deadlines and cancellation.

use super::oracle::{Shape, vectors};
use super::*;
use std::time::Duration;

#[test]
fn an_expired_deadline_is_an_error_whatever_the_index_holds() {
    let (index, _) = external(8);
    let late = SearchOptions::new().deadline(Duration::ZERO);
    let search = |options: &SearchOptions| index.search(Query::vector([1.0; 8]), options);
    assert!(matches!(search(&late), Err(Error::Deadline { deadline: Duration::ZERO })), "an empty index");
    for (number, row) in vectors(Shape::Uniform, 2_000, 8, 1).iter().enumerate() {
        put(&index, &number.to_string(), row);
    }
    index.commit().unwrap();
    for recall in [0.9, 1.0] {
        assert!(matches!(search(&late.clone().recall(recall)), Err(Error::Deadline { .. })));
        let roomy = SearchOptions::new().recall(recall).deadline(Duration::MAX);
        assert_eq!(search(&roomy).unwrap().hits.len(), 10);
    }
}

#[test]
fn a_cancelled_search_says_so() {
    let (index, _) = external(8);
    let cancel = Cancel::new();
    let options = SearchOptions::new().cancel(&cancel);
    assert!(index.search(Query::vector([1.0; 8]), &options).is_ok());
    cancel.cancel();
    assert!(matches!(index.search(Query::vector([1.0; 8]), &options), Err(Error::Cancelled)));
}
