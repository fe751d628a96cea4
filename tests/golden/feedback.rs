//! The feedback of the stored index.

use super::{INDEX, MILLIS, vector};
use index_format::{EventRecord, Feedback, SoughtRecord, TermRecord};

/// One answer of which the second note was chosen.
pub(super) fn encode() -> Vec<u8> {
    let sought = SoughtRecord::Vector(String::new(), vector(3).to_vec());
    let event = EventRecord {
        terms: vec![TermRecord { sought, weight: 1.0, wanted: true }],
        shown: vec!["a".to_owned(), "b".to_owned()],
        chosen: vec![1],
        at_ms: MILLIS + 1,
    };
    Feedback { events: vec![event] }.to_file(INDEX, 5).unwrap()
}
