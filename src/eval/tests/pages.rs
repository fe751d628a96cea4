//! What reports hold: JSON of a fixed form, a page that needs nothing and trusts nothing.

use crate::eval::{Collection, Evaluation, Judgments, Report, Returned, Run, Setting};
use crate::note::Note;
use crate::query::Mode;
use serde_json::Value;

fn runs() -> Report {
    let judgments = Judgments::parse(b"q1 0 a 2\nq1 0 b 1\nq2 0 c 1\nq3 0 c 0\n", "judged").unwrap();
    let run = |name: &str, notes: [&str; 2]| {
        let mut run = Run::new(name);
        for query in ["q1", "q2"] {
            let returned = |(id, score): (&str, f32)| Returned { id: id.to_owned(), score };
            run.insert(query, notes.into_iter().zip([2.0, 1.0]).map(returned).collect());
        }
        run
    };
    let all = vec![run("one", ["a", "c"]), run("two", ["c", "x"]), run("two", ["x", "b"])];
    Report::of_runs("judged", &judgments, all).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn json_has_the_documented_form() {
    let report = runs();
    let json: Value = serde_json::from_str(&report.to_json()).unwrap();
    let mut found = keys(&json);
    found.sort_unstable();
    let expected = [
        "absent",
        "bootstrap",
        "collection",
        "depth",
        "differences",
        "encoder",
        "judged_queries",
        "left_out",
        "notes",
        "queries",
        "schema",
        "split",
        "systems",
        "worst",
    ];
    assert_eq!(found, expected);
    assert_eq!(json["schema"], "uninote-eval/1");
    assert_eq!(json["bootstrap"], serde_json::json!({"draws": 10_000, "seed": 0, "level": 0.95}));
    let systems = json["systems"].as_array().unwrap();
    let names: Vec<&str> = systems.iter().map(|system| system["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["one", "two", "two (2)"]);
    assert_eq!(systems[0]["values"]["MRR@10"], serde_json::json!([1.0, 0.5, 0.0]));
    assert_eq!(systems[0]["metrics"]["MRR@10"]["mean"], 0.5);
    assert_eq!(systems[0]["unanswered"], 1);
    let mut measures = keys(&systems[0]["metrics"]);
    measures.sort_unstable();
    assert_eq!(measures, ["MAP", "MRR@10", "P@10", "nDCG@10", "recall@10", "recall@100"]);
    assert_eq!(json["differences"].as_array().unwrap().len(), 2 * measures.len());
    let difference = &json["differences"][0];
    assert_eq!((&difference["system"], &difference["baseline"]), (&"two".into(), &"one".into()));
    let worst = &json["worst"][0];
    assert_eq!(worst["why"], "lost");
    assert_eq!(worst["expected"][0]["grade"], 1.0);
    assert!(json["worst"].as_array().unwrap().iter().all(|worst| worst["query"] != "q3"), "q3 has no right answer");
}

#[test]
fn the_page_is_whole_and_fetches_nothing() {
    let page = runs().to_html();
    for part in ["<!DOCTYPE html>", "nDCG@10", "<svg", "</html>", "Recall by rank", "two (2)", "right: 2"] {
        assert!(page.contains(part), "{part}");
    }
    for never in ["<script", "http://", "https://", "@import", "url(", "NaN", "inf"] {
        assert!(!page.contains(never), "{never}");
    }
    for tag in ["svg", "table", "div", "figure", "ol", "ul", "p"] {
        let (open, close) = (page.matches(&format!("<{tag}")).count(), page.matches(&format!("</{tag}>")).count());
        // `<p` also begins `<path` and `<polyline`, which close themselves.
        let inside = if tag == "p" { page.matches("<pa").count() + page.matches("<po").count() } else { 0 };
        assert_eq!(open - inside, close, "{tag}");
    }
}

#[test]
fn no_text_becomes_markup() {
    let bad = "<script>alert('x')</script>\" onload=\"&\u{1b}\u{202e}";
    let notes = vec![Note::new(format!("id{bad}").replace('\u{1b}', "")).title(bad).text("words")];
    let mut judgments = Judgments::new();
    judgments.insert(bad, &notes[0].id, 1.0);
    let collection = Collection::new(bad, notes, judgments).query(bad, bad);
    let evaluation = Evaluation::new(&collection).setting(Setting::new(Mode::Dense));
    let mut baseline = Run::new(bad);
    baseline.insert(bad, Vec::new());
    let page = evaluation.baseline(baseline).run(|_| ()).unwrap().to_html();
    assert!(!page.contains("<script") && !page.contains("\" onload") && !page.contains('\u{1b}'), "{page}");
    assert!(!page.contains('\u{202e}'));
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)"));
}
