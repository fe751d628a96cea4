//! Training of a head on the notes of an index: what a cancelled one leaves.

use super::*;
use crate::query::Cancel;

#[test]
fn cancelled_training_leaves_the_head_there_is() {
    let index = garden();
    let judged = [Judged::new("soup", [("tomato", 1.0)]), Judged::new("puncture", [("bike", 1.0)])];
    let (cancel, generation) = (Cancel::new(), index.snapshot().generation());
    let trained = index.train(&judged, &TrainOptions::new(), Some(&cancel)).unwrap();
    assert!(!trained.installed && trained.unused == 0, "{trained:?}");
    cancel.cancel();
    index.feedback("soup", &["bike".to_owned(), "tomato".to_owned()], &["tomato".to_owned()]).unwrap();
    let stopped = index.train(&judged, &TrainOptions::new(), Some(&cancel));
    assert!(matches!(stopped, Err(Error::Cancelled)), "{stopped:?}");
    assert!(matches!(index.train_on_feedback(&TrainOptions::new(), Some(&cancel)), Err(Error::Cancelled)));
    let stats = index.snapshot().stats();
    assert!(stats.head.is_some_and(|head| !head.own));
    assert_eq!(stats.generation, generation + 1, "what was written is committed, and nothing else");
    assert_eq!(index.feedback_events().unwrap(), 1);
}
