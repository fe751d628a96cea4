//! Values against those of `trec_eval` itself (`tests/fixtures/trec/make.py`), and files in TREC's form, in and out.

use crate::eval::{EvalError, Judgments, Metric, Report, Returned, Run};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/trec").join(name)
}

#[test]
fn values_equal_those_of_trec_eval() {
    let judgments = Judgments::read(&fixture("judgments.qrels")).unwrap();
    let run = Run::read(&fixture("system.run")).unwrap();
    let values = std::fs::read_to_string(fixture("values.json")).unwrap();
    let expected: BTreeMap<String, BTreeMap<String, f64>> = serde_json::from_str(&values).unwrap();
    // Our own file of the same run: whoever reads it must find the same order.
    let rewritten = Run::parse(run.to_trec().unwrap().as_bytes(), "rewritten").unwrap();
    for run in [run, rewritten] {
        let report = Report::of_runs("fixture", &judgments, vec![run]).unwrap();
        assert_eq!(report.queries.len(), expected.len());
        for metric in Metric::ALL {
            let found = report.systems[0].values(metric);
            for (query, value) in report.queries.iter().zip(found) {
                let expected = expected[query][metric.name()];
                assert!((value - expected).abs() < 1e-6, "{} of {query}: {value}, {expected}", metric.name());
            }
            let mean = expected.values().map(|of| of[metric.name()]).sum::<f64>() / expected.len() as f64;
            assert!((report.systems[0].interval(metric).mean - mean).abs() < 1e-6);
        }
        assert_eq!(report.systems[0].unanswered, 1);
    }
}

#[test]
fn ties_are_broken_as_trec_eval_breaks_them() {
    let run = Run::parse(b"q Q0 d1 1 2 s\nq Q0 d3 2 2.00000000001 s\nq Q0 d2 3 2 s\nq Q0 d4 9 5 s\n", "run").unwrap();
    let ids: Vec<&str> = run.of("q").iter().map(|returned| returned.id.as_str()).collect();
    assert_eq!(ids, ["d4", "d3", "d2", "d1"]);
    assert_eq!(run.name, "s");
    assert!(run.of("other").is_empty());
}

#[test]
fn scores_that_are_written_fall_strictly() {
    let returned = |id: &str, score: f32| Returned { id: id.to_owned(), score };
    let mut run = Run::new("my system");
    let order = ["c", "a", "b", "d", "e"];
    let scores = [0.5, 0.5, 0.7, f32::NAN, -1.0];
    run.insert("q", order.iter().zip(scores).map(|(id, score)| returned(id, score)).collect());
    let text = run.to_trec().unwrap();
    let scores: Vec<f32> = text.lines().map(|line| line.split(' ').nth(4).unwrap().parse().unwrap()).collect();
    assert!(scores.is_sorted_by(|a, b| a > b), "{scores:?}");
    let read = Run::parse(text.as_bytes(), "run").unwrap();
    assert_eq!(read.of("q").iter().map(|returned| returned.id.as_str()).collect::<Vec<_>>(), order);
    assert_eq!(read.name, "my-system");
}

#[test]
fn a_byte_order_mark_is_no_part_of_an_id() {
    let run = Run::parse(" \u{feff}q1 Q0 d1 1 0.5 s".as_bytes(), "run").unwrap();
    assert_eq!(run.of("q1").len(), 1);
    let again = Run::parse(run.to_trec().unwrap().as_bytes(), "again").unwrap();
    assert_eq!(again.of("q1").len(), 1);
    let mut named = Run::new("a\u{feff}name");
    named.insert("q", vec![Returned { id: "d".to_owned(), score: 1.0 }]);
    assert_eq!(Run::parse(named.to_trec().unwrap().as_bytes(), "named").unwrap().name, "a-name");
    let marked = Judgments::parse("q\td\t1\n\u{feff}q\td\t1\n".as_bytes(), "marked").unwrap();
    assert!(matches!(marked.to_trec(), Err(EvalError::Id { .. })));
}

#[test]
fn judgments_come_in_two_forms() {
    let trec = Judgments::parse(b"q1 0 d1 2\r\nq1\t0\td2 -1\n\nq2 0 d1 0", "a").unwrap();
    let beir = b"\xEF\xBB\xBFquery-id\tcorpus-id\tscore\nq1\td1\t2\nq1\td2\t-1\nq2\td1\t0\n";
    assert_eq!(Judgments::parse(beir, "b").unwrap(), trec);
    assert_eq!(Judgments::parse(b"q1\td1\t2\nq1\td2\t-1\nq2\td1\t0\n", "c").unwrap(), trec, "without a header");
    assert_eq!(Judgments::parse(trec.to_trec().unwrap().as_bytes(), "d").unwrap(), trec);
    let spaces = Judgments::parse(b"a query\ta note\t1\n", "e").unwrap();
    assert_eq!(spaces.of("a query").unwrap()["a note"], 1.0);
    assert!(matches!(spaces.to_trec(), Err(EvalError::Id { id }) if id == "a query"));
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    let judgments = |text: &str| Judgments::parse(text.as_bytes(), "q.tsv").unwrap_err().to_string();
    assert!(judgments("q 0 d 1\n\nq 0 d\n").starts_with("q.tsv:3: expected four cells"));
    assert!(judgments("q\td\t1\nq d 1\n").starts_with("q.tsv:2: expected query, note and grade with tabs"));
    assert!(judgments("q 0 d good\n").starts_with("q.tsv:1: the grade is \"good\""));
    assert!(judgments("q 0 d inf\n").starts_with("q.tsv:1: the grade is \"inf\""));
    assert!(judgments("h\th\th\nq\td\tx\n").starts_with("q.tsv:2: the grade is \"x\""), "one header, not two");
    assert!(judgments("q 0 d 1\nq 0 d 2\n").starts_with("q.tsv:2: note \"d\" of query \"q\" is judged a second time"));
    assert!(Judgments::parse(b"q 0 d 1\nq 0 d 1\n", "q.tsv").is_ok(), "the same twice says nothing new");
    let run = |bytes: &[u8]| Run::parse(bytes, "a.run").unwrap_err().to_string();
    assert!(run(b"q Q0 d 1 0.5 s\nq Q0 d 1 0.5\n").starts_with("a.run:2: expected six cells"));
    assert!(run(b"q Q0 d 1 NaN s\n").starts_with("a.run:1: the score is \"NaN\""));
    assert!(
        run(b"q Q0 d 1 1 s\nq Q0 d 2 0 s\n").starts_with("a.run:2: note \"d\" of query \"q\" is in the run a second")
    );
    assert!(run(b"q Q0 \xff 1 1 s\n").starts_with("a.run:1: the line is not UTF-8"));
}
