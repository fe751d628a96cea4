//! Any bytes as judgments and runs: a value or a typed error that names the line.

use crate::eval::{EvalError, Judgments, Run};
use proptest::prelude::*;

/// Pieces of which such files are made, and pieces that do not belong there.
fn pieces() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(&b" "[..]),
        Just(&b"\t"[..]),
        Just(&b"\n"[..]),
        Just(&b"\r\n"[..]),
        Just(&b"q 0 d 1\n"[..]),
        Just(&b"q Q0 d 1 0.5 s\n"[..]),
        Just(&b"q\td\t1\n"[..]),
        Just(&b"\xEF\xBB\xBF"[..]),
        Just(&b"\xff\xfe"[..]),
        Just(&b"-1e39"[..]),
        Just(&b"nan"[..]),
        Just("\u{2028}日本".as_bytes()),
        Just(&b"\0"[..]),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
}

fn names_a_line(error: &EvalError, bytes: &[u8]) -> bool {
    let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
    matches!(error, EvalError::Line { line, .. } if (1..=lines).contains(line))
}

proptest! {
    #[test]
    fn any_bytes_are_judgments_or_a_line_that_is_wrong(bytes in prop_oneof![pieces(), prop::collection::vec(any::<u8>(), 0..200)]) {
        match Judgments::parse(&bytes, "file") {
            Ok(judgments) => for (_, grades) in judgments.iter() {
                prop_assert!(!grades.is_empty() && grades.values().all(|grade| grade.is_finite()));
            },
            Err(error) => prop_assert!(names_a_line(&error, &bytes)),
        }
    }

    #[test]
    fn any_bytes_are_a_run_that_can_be_written_or_a_line_that_is_wrong(bytes in pieces()) {
        match Run::parse(&bytes, "file") {
            Ok(run) => {
                let again = Run::parse(run.to_trec().unwrap().as_bytes(), "again").unwrap();
                for (query, returned) in run.iter() {
                    let order = |list: &[crate::eval::Returned]| list.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
                    prop_assert_eq!(order(returned), order(again.of(query)));
                }
            }
            Err(error) => prop_assert!(names_a_line(&error, &bytes)),
        }
    }
}
