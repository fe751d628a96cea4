//! Any bytes as a file of judgments, and as a run: values or a typed error that names a line, and what is written is read again.

#![no_main]

use libfuzzer_sys::fuzz_target;
use uninote::eval::{EvalError, Judgments, Metric, Report, Run};

/// Scores below this have no room for smaller ones under them.
const LOWEST: f32 = -1e38;

fuzz_target!(|bytes: &[u8]| {
    let lines = bytes.split(|byte| *byte == b'\n').count() as u64;
    let names_a_line = |error: EvalError| {
        assert!(matches!(error, EvalError::Line { line, .. } if (1..=lines).contains(&line)), "{error}");
    };
    let judgments = Judgments::parse(bytes, "file").map_err(names_a_line).unwrap_or_default();
    for (_, grades) in judgments.iter() {
        assert!(grades.values().all(|grade| grade.is_finite()));
    }
    if let Ok(text) = judgments.to_trec() {
        let again = Judgments::parse(text.as_bytes(), "again").expect("what was written can be read");
        assert_eq!(again.len(), judgments.len());
    }
    let Ok(run) = Run::parse(bytes, "file").map_err(names_a_line) else { return };
    if run.iter().any(|(_, returned)| returned.iter().any(|one| one.score < LOWEST)) {
        return;
    }
    let text = run.to_trec().expect("what was read has no white space in its ids");
    let again = Run::parse(text.as_bytes(), "again").expect("what was written can be read");
    for (query, returned) in run.iter() {
        assert!(returned.iter().all(|one| one.score.is_finite()));
        assert!(returned.iter().map(|one| &one.id).eq(again.of(query).iter().map(|one| &one.id)), "the order stays");
    }
    let mut asked = judgments;
    run.iter().take(3).for_each(|(query, _)| {
        let _ = asked.insert(query, "note", 1.0);
    });
    if let Ok(report) = Report::of_runs("fuzz", &asked, vec![run]) {
        for metric in Metric::ALL {
            assert!(report.systems[0].values(metric).iter().all(|value| (0.0..=1.0 + 1e-9).contains(value)));
        }
    }
});
