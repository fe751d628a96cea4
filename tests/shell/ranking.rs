//! What orders answers: modes, explanations, languages; heads trained, used and taken away.

use crate::sandbox::{Sandbox, ids, keys};
use serde_json::json;
use uninote::Index;

#[test]
fn each_mode_orders_by_its_own_signals_and_says_so() {
    let sandbox = Sandbox::with_notes();
    for (asked, used) in [("auto", "ranked"), ("dense", "dense"), ("lexical", "lexical"), ("fused", "fused")] {
        let answer = sandbox.json(&["search", "tomatoes", "--mode", asked]);
        assert_eq!(answer["mode"], used, "{answer}");
        assert_eq!(ids(&answer)[0], "soup.md");
        assert_eq!(ids(&answer).len(), if used == "lexical" { 1 } else { 3 }, "words alone find notes with a word");
    }
    assert_eq!(sandbox.json(&["similar", "soup.md", "--mode", "dense"])["mode"], "dense");
    let by_places = sandbox.json(&["search", "tomatoes", "--mode", "fused", "--fusion", "ranks"]);
    assert_eq!((&by_places["mode"], ids(&by_places)[0]), (&"fused".into(), "soup.md"));
    sandbox.run(&["search", "tomatoes", "--fusion", "ranks"]).exits(2).says("--mode fused");
    sandbox.run(&["search", "tomatoes", "--mode", "best"]).exits(2).says("ranked");
}

#[test]
fn hits_are_explained_where_that_is_asked_for() {
    let sandbox = Sandbox::with_notes();
    let ranked = sandbox.json(&["search", "roast tomatoes", "--mode", "ranked", "--explain"]);
    let why = &ranked["hits"][0]["explanation"];
    assert_eq!(keys(why), ["baseline", "bm25", "coverage", "dense", "features", "fused", "lexical"]);
    assert_eq!((&why["dense"], &why["lexical"], &why["fused"]), (&0.into(), &0.into(), &0.into()));
    assert!(why["bm25"].as_f64().unwrap() > 0.0, "{why}");
    let dense = sandbox.json(&["search", "roast tomatoes", "--mode", "dense", "--explain"]);
    assert_eq!(dense["hits"][1]["explanation"]["dense"], 1);
    assert_eq!(dense["hits"][1]["explanation"]["features"], json!([]));
    assert!(sandbox.json(&["search", "roast tomatoes"])["hits"][0]["explanation"].is_null());
    let cells = |arguments: &[&str]| {
        let out = sandbox.run(&[&["search", "roast tomatoes"], arguments].concat()).exits(0).out;
        out.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect::<Vec<Vec<String>>>()
    };
    assert!(cells(&[]).iter().all(|line| line.len() == 5));
    let explained = cells(&["--explain"]);
    assert!(explained.iter().all(|line| line.len() == 11), "{explained:?}");
    assert_eq!(explained[0][5..8], ["0", "0", "0"]);
    let shares: Vec<f32> = explained[0][10]
        .split(' ')
        .map(|share| share.rsplit_once('=').unwrap().1.parse::<f32>().unwrap().abs())
        .collect();
    assert!(shares.len() > 5 && shares.is_sorted_by(|one, other| one >= other), "{shares:?}");
    assert!(explained.iter().any(|line| line[6] == "-"), "a note without the words has no place by words");
}

#[test]
fn words_are_read_in_the_language_the_index_was_created_for() {
    let sandbox = Sandbox::new();
    sandbox.file("notes/a.md", "# Tiere\n\nKatzen schlafen viel.\n");
    let refused = sandbox.run(&["add", "notes", "--language", "klingon"]).exits(2);
    refused.says("german");
    sandbox.run(&["add", "notes", "--language", "german"]).exits(0);
    assert_eq!(sandbox.json(&["stats"])["language"], "german");
    assert_eq!(ids(&sandbox.json(&["search", "Katze", "--mode", "lexical"])), ["a.md"]);
    assert_eq!(sandbox.run(&["add", "notes", "--language", "german"]).exits(0).err, "");
    sandbox.run(&["add", "notes", "--language", "english"]).exits(0).says("the index was created for german");
}

/// Four topics of three notes, of which the one with the field `good` is right, and queries for them in turn.
fn topics(sandbox: &Sandbox, count: usize) {
    let topics = ["apple orchard", "boat harbour", "candle wax", "desert dune"];
    let (mut corpus, mut queries, mut judged) = (String::new(), String::new(), "query\tnote\tgrade\n".to_owned());
    for (number, topic) in topics.iter().enumerate() {
        for place in 0..3 {
            let fields = json!({"good": usize::from(place == number % 3)});
            corpus += &format!("{}\n", json!({"_id": format!("{number}-{place}"), "text": topic, "fields": fields}));
        }
    }
    for (number, topic) in (0..count).map(|number| (number, number % topics.len())) {
        let text = format!("{} {number}", topics[topic]);
        queries += &format!("{}\n", json!({"_id": format!("q{number}"), "text": text}));
        judged += &format!("q{number}\t{topic}-{}\t1\n", topic % 3);
    }
    sandbox.file("judged/corpus.jsonl", corpus);
    sandbox.file("judged/queries.jsonl", queries);
    sandbox.file("judged/qrels/all.tsv", judged);
    sandbox.run(&["add", "judged/corpus.jsonl"]).exits(0);
}

#[test]
fn a_better_head_is_installed_named_and_taken_away() {
    let sandbox = Sandbox::new();
    topics(&sandbox, 120);
    assert_ne!(sandbox.json(&["stats"])["head"]["own"], true);
    let train = ["--json", "train", "head", "judged", "--field", "good", "--data", "topics"];
    let report = sandbox.run(&train).exits(0).json();
    assert_eq!(keys(&report), ["generation", "installed", "report", "trained", "unused", "words"]);
    assert_eq!(
        (&report["trained"], &report["installed"], &report["unused"]),
        (&"head".into(), &true.into(), &0.into())
    );
    assert!(report["words"].as_str().unwrap().contains("better beyond chance"), "{report}");
    assert!(report["report"]["verdict"]["held_out"].as_array().unwrap().len() >= 20);
    assert_eq!(report["report"]["stages"].as_array().unwrap().len(), 2);
    let stats = sandbox.json(&["stats"]);
    assert_eq!(stats["head"]["own"], true);
    assert!(stats["head"]["data"].as_array().unwrap().contains(&json!("topics")), "{stats}");
    assert!(sandbox.run(&["stats"]).exits(0).out.contains("head\tof this index, trained on "));
    explained(&sandbox);
    let right = ids(&sandbox.json(&["search", "boat harbour", "-k", "1"]))[0].to_owned();
    let note = sandbox.json(&["get", &right]);
    assert_eq!(note["fields"]["good"], 1, "{note}");
    let removed = sandbox.run(&["--json", "train", "remove", "head"]).exits(0).json();
    assert_eq!((&removed["removed"], &removed["was_there"]), (&"head".into(), &true.into()));
    assert_ne!(sandbox.json(&["stats"])["head"]["own"], true);
    sandbox.run(&["train", "remove", "head"]).exits(1);
    sandbox.run(&["verify"]).exits(0);
}

/// What a head that looks at the field `good` says of its best hit.
fn explained(sandbox: &Sandbox) {
    let answer = sandbox.json(&["search", "boat harbour", "--explain"]);
    let features = answer["hits"][0]["explanation"]["features"].as_array().unwrap();
    assert_eq!(keys(&features[0]), ["contribution", "name", "value"]);
    let good = features.iter().find(|feature| feature["name"] == "field:good").unwrap();
    assert!(good["value"] == 1.0 && good["contribution"].as_f64().unwrap() > 0.0, "{good}");
    let line = sandbox.run(&["search", "boat harbour", "--explain"]).exits(0).out;
    let cell = line.lines().next().unwrap().split('\t').nth(10).unwrap();
    let share = |share: &str| share.rsplit_once('=').unwrap().1.parse::<f32>().unwrap().abs();
    let shares: Vec<f32> = cell.split(' ').map(share).collect();
    assert!(shares.len() == features.len() && shares.is_sorted_by(|one, other| one >= other), "{cell}");
    assert!(cell.contains("field:good="), "{cell}");
}

#[test]
fn what_proves_nothing_is_not_used() {
    let sandbox = Sandbox::new();
    topics(&sandbox, 4);
    let before = sandbox.json(&["stats"]);
    let ran = sandbox.run(&["train", "head", "judged"]).exits(1);
    assert!(ran.out.contains("by grades: ") && ran.out.contains("by reward: "), "{}", ran.out);
    assert!(ran.out.contains("judge more queries") && ran.out.contains("the new head is not used"), "{}", ran.out);
    let adapter = sandbox.run(&["--json", "train", "adapter", "judged"]).exits(1).json();
    assert_eq!((&adapter["trained"], &adapter["installed"]), (&"adapter".into(), &false.into()));
    assert_eq!(sandbox.json(&["stats"])["head"], before["head"]);
    sandbox.run(&["train", "head", "nowhere"]).exits(2).says("does not exist");
    sandbox.run(&["train", "head", "judged", "--split", "test"]).exits(2).says("has the splits all");
    sandbox.run(&["train", "head", "judged", "--field", "a", "--field", "a"]).exits(2);
    for what in ["head", "adapter", "feedback"] {
        sandbox.run(&["train", "remove", what]).exits(1);
    }
}

#[test]
fn feedback_is_counted_learned_from_and_erased() {
    let sandbox = Sandbox::with_notes();
    assert_eq!(sandbox.json(&["stats"])["feedback"], 0);
    sandbox.run(&["train", "feedback"]).exits(1).says("no feedback");
    let shown = ["soup.md", "bike.md", "moon.md"].map(str::to_owned);
    let index = Index::open(sandbox.index()).unwrap();
    for (query, chosen) in [("tomato soup", "soup.md"), ("puncture", "bike.md"), ("lunar cycle", "moon.md")] {
        index.feedback(query, &shown, &[chosen.to_owned()]).unwrap();
    }
    index.commit().unwrap();
    drop(index);
    assert_eq!(sandbox.json(&["stats"])["feedback"], 3);
    sandbox.run(&["train", "feedback"]).exits(1);
    let removed = sandbox.json(&["train", "remove", "feedback"]);
    assert_eq!(removed["was_there"], true);
    assert!(sandbox.run(&["stats"]).exits(0).out.contains("feedback\t0 answers\n"));
}
