//! Questions of several terms, and vectors of the user's own.

use crate::sandbox::{Sandbox, ids, keys};

#[test]
fn search_takes_texts_notes_and_what_to_turn_away_from() {
    let sandbox = Sandbox::with_notes();
    let first = |arguments: &[&str]| ids(&sandbox.json(&[arguments, &["-k", "1"]].concat()))[0].to_owned();
    assert_eq!(first(&["search", "tomatoes and tyres", "--not", "tomato soup with garlic"]), "bike.md");
    assert_eq!(first(&["search", "tomatoes and tyres", "--unlike", "bike.md"]), "soup.md");
    let near = sandbox.json(&["search", "--like", "soup.md", "--like", "moon.md"]);
    assert_eq!(ids(&near), ["bike.md"], "notes that are named are no hits");
    let near = sandbox.json(&["similar", "soup.md", "--unlike", "moon.md"]);
    assert_eq!(ids(&near), ["bike.md"]);
    sandbox.run(&["search"]).exits(2);
    sandbox.run(&["search", "--unlike", "soup.md"]).exits(2);
    sandbox.run(&["search", "--like", "nothing"]).exits(1).says("no note \"nothing\"");
    sandbox.file("x.png", "no picture");
    sandbox.run(&["search", "--picture", "x.png", "soup"]).exits(2).says("picture");
    let bread = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/notes/pictures/bread.png");
    assert!(!ids(&sandbox.json(&["search", "--picture", bread, "soup"])).is_empty());
}

#[test]
fn vectors_come_with_json_lines_and_are_compared_in_their_space() {
    let sandbox = Sandbox::new();
    let lines = [
        r#"{"id":"a","text":"thunder","vectors":{"audio":[3,4]}}"#,
        r#"{"id":"b","text":"rain","vectors":{"audio":[[0,1],[1,0]]}}"#,
        r#"{"id":"c","text":"silence"}"#,
        r#"{"id":"d","text":"noise","vectors":{"audio":[1,2,3]}}"#,
        r#"{"id":"e","text":"odour","vectors":{"smell":[1]}}"#,
    ];
    sandbox.file("sounds.jsonl", lines.join("\n"));
    let added = sandbox.run(&["add", "sounds.jsonl", "--space", "audio:2"]).exits(0);
    assert_eq!(added.out.trim(), "3 added, 2 skipped, 0 warnings");
    assert!(added.err.contains("space \"audio\"") && added.err.contains("it has audio"), "{}", added.err);
    let note = sandbox.json(&["get", "a"]);
    assert!((note["vectors"]["audio"][0][0].as_f64().unwrap() - 0.6).abs() < 1e-6, "{note}");
    assert!(sandbox.run(&["get", "b"]).exits(0).out.contains("vectors: 2 in audio"));
    let answer = sandbox.json(&["similar", "a", "--space", "audio"]);
    assert_eq!(ids(&answer), ["b"]);
    assert_eq!(keys(&answer["hits"][0]["row"]), ["kind", "ordinal", "space"]);
    let line = sandbox.run(&["similar", "a", "--space", "audio"]).exits(0).out;
    assert!(line.contains("\tvector:audio:0\t"), "{line}");
    sandbox.run(&["similar", "c", "--space", "audio"]).exits(1).says("no vector in space audio");
    sandbox.run(&["similar", "a", "--space", "smell"]).exits(2).says("it has audio");
    sandbox.run(&["add", "sounds.jsonl", "--space", "audio:2", "--space", "smell:1"]).exits(0);
    assert_eq!(sandbox.json(&["stats"])["spaces"][3]["name"], "smell");
    sandbox.run(&["add", "sounds.jsonl", "--space", "audio:3"]).exits(2).says("audio");
    sandbox.run(&["add", "sounds.jsonl", "--space", "audio"]).exits(2);
    sandbox.run(&["verify"]).exits(0);
}
