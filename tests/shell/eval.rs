//! `uninote eval`: collections, indexes that are given, runs in and out, the page.

use crate::sandbox::{Sandbox, keys};

const CORPUS: &str = r#"{"_id": "soup.md", "title": "Tomato soup", "text": "Roast the tomatoes with garlic."}
{"_id": "bike.md", "title": "Mending a puncture", "text": "Take the tyre off the wheel and patch the tube."}
{"_id": "moon.md", "title": "Phases of the moon", "text": "The moon waxes from new to full within two weeks."}
"#;
const QUERIES: &str =
    "{\"_id\": \"q1\", \"text\": \"vegetable dinner\"}\n{\"_id\": \"q2\", \"text\": \"lunar cycle\"}\n";
const JUDGED: &str = "query-id\tcorpus-id\tscore\nq1\tsoup.md\t1\nq2\tmoon.md\t2\n";

fn with_collection() -> Sandbox {
    let sandbox = Sandbox::with_notes();
    sandbox.file("judged/corpus.jsonl", CORPUS);
    sandbox.file("judged/queries.jsonl", QUERIES);
    sandbox.file("judged/qrels/dev.tsv", JUDGED);
    sandbox
}

#[test]
fn a_collection_is_evaluated_in_each_setting() {
    let sandbox = with_collection();
    let report =
        sandbox.json(&["eval", "judged", "--mode", "dense", "--width", "64,256", "--recall", "1", "--html", "r.html"]);
    assert_eq!((&report["schema"], &report["split"]), (&"uninote-eval/1".into(), &"dev".into()));
    assert_eq!((&report["notes"], &report["judged_queries"]), (&3.into(), &2.into()));
    let names: Vec<&str> =
        report["systems"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["dense 64 exact", "dense 256 exact"]);
    assert_eq!(report["systems"][1]["metrics"]["nDCG@10"]["mean"], 1.0);
    assert_eq!(keys(&report["systems"][0]["latency"]), ["p50_us", "p95_us", "p99_us", "queries"]);
    let page = std::fs::read_to_string(sandbox.path().join("r.html")).unwrap();
    assert!(page.contains("dense 64 exact") && page.contains("<svg"));
}

#[test]
fn lines_in_a_pipe_have_six_cells() {
    let ran = with_collection().run(&["eval", "judged"]).exits(0);
    assert!(ran.out.starts_with("mean\tauto\tnDCG@10\t1.000000\t1.000000\t1.000000\n"), "{}", ran.out);
    assert!(ran.out.lines().all(|line| line.split('\t').count() == 6), "{}", ran.out);
    assert!(ran.out.contains("milliseconds\tauto\tp50 p95 p99\t"));
}

#[test]
fn an_index_that_is_named_is_searched_and_no_other() {
    let sandbox = with_collection();
    sandbox.run(&["delete", "moon.md"]).exits(0);
    let built = sandbox.json(&["eval", "judged"]);
    assert_eq!((&built["notes"], &built["absent"]), (&3.into(), &0.into()));
    let ran = sandbox.run(&["--index", ".uninote", "--json", "eval", "judged"]).exits(0);
    let given = ran.json();
    assert_eq!((&given["notes"], &given["absent"]), (&2.into(), &1.into()));
    ran.says("1 relevant notes are not in the index");
    let refused = sandbox.run(&["--index", ".uninote", "eval", "judged", "--width", "64"]).exits(2);
    refused.says("leave out the width, or the index");
}

#[test]
fn runs_go_out_and_come_in_with_the_same_numbers() {
    let sandbox = with_collection();
    let first = sandbox.json(&["eval", "judged", "--width", "32,256", "--run-out", "out.run"]);
    for name in ["out.auto-32.run", "out.auto-256.run"] {
        assert!(sandbox.path().join(name).exists(), "{name}");
    }
    let qrels = sandbox.file("judged.qrels", "q1 0 soup.md 1\nq2 0 moon.md 2\n");
    let qrels = qrels.to_str().unwrap();
    let runs = ["eval", "--runs", "out.auto-32.run", "out.auto-256.run", "--qrels", qrels, "--html", "runs.html"];
    let again = sandbox.json(&runs);
    for system in 0..2 {
        assert_eq!(first["systems"][system]["metrics"], again["systems"][system]["metrics"]);
    }
    assert_eq!(again["differences"][0]["metric"], "nDCG@10");
    let compared = sandbox.json(&["eval", "judged", "--baseline", "out.auto-32.run", "--run-out", "one.run"]);
    assert_eq!(compared["differences"][0]["baseline"], "auto-32");
    assert!(sandbox.path().join("one.run").exists());
}

#[test]
fn what_cannot_be_evaluated_is_told() {
    let sandbox = with_collection();
    sandbox.run(&["eval", "notes"]).exits(2).says("is no collection");
    sandbox.run(&["eval", "nowhere"]).exits(2).says("does not exist");
    sandbox.run(&["eval", "judged", "--split", "test"]).exits(2).says("has the splits dev");
    sandbox.run(&["eval"]).exits(2).says("COLLECTION");
    sandbox.run(&["eval", "judged", "--recall", "0"]).exits(2).says("a share above 0");
    sandbox.run(&["eval", "--runs", "a.run"]).exits(2).says("--qrels");
    sandbox.file("bad.run", "q1 Q0 soup.md 1 high s\n");
    let qrels = sandbox.file("judged.qrels", "q1 0 soup.md 1\n");
    let ran = sandbox.run(&["eval", "--runs", "bad.run", "--qrels", qrels.to_str().unwrap()]);
    ran.exits(2).says("bad.run:1: the score is \"high\"");
}

#[test]
fn both_rules_of_fusing_are_settings_of_their_own() {
    let sandbox = with_collection();
    let report = sandbox.json(&["eval", "judged", "--mode", "dense,fused", "--fusion", "scores,ranks"]);
    let systems = report["systems"].as_array().unwrap();
    let names: Vec<&str> = systems.iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["dense", "fused", "fused-ranks"]);
    assert_eq!(
        (&systems[0]["setting"]["fusion"], &systems[2]["setting"]["fusion"]),
        (&serde_json::Value::Null, &"ranks".into())
    );
    sandbox.run(&["eval", "judged", "--fusion", "ranks"]).exits(2).says("--mode fused");
}
