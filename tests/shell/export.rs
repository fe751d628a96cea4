//! `export`, and what `add` makes of it; `list` and `facets`; hits by group and in the order of a field.

use crate::sandbox::{Sandbox, ids};
use serde_json::Value;

fn picture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/fixtures/pictures/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Two pictures that decode.
fn pictures() -> [Vec<u8>; 2] {
    let folder = format!("{}/tests/fixtures/pictures", env!("CARGO_MANIFEST_DIR"));
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.ends_with(".png"))
        .collect();
    names.sort();
    [picture(&names[0]), picture(&names[1])]
}

const LINES: &str = r#"{"id":"heat","title":"Heat","text":"A quiet film about work.","fields":{"year":1995,"genre":["crime","drama"],"date":"x"},"pictures":[{"path":"a.png","alt":"a poster"}],"vectors":{"sound":[1,0.1]}}
{"id":"ran","text":"A loud film about a king.","created":"1985-05-31T00:00:00Z","fields":{"year":1985,"genre":["drama"]},"image":"b.png"}
{"id":"up","text":"A film about a house.","fields":{"year":2009,"genre":["comedy"],"seen":true,"stars":4.0}}
"#;

fn films() -> Sandbox {
    let sandbox = Sandbox::new();
    let [one, other] = pictures();
    sandbox.file("films/a.png", one);
    sandbox.file("films/b.png", other);
    sandbox.file("films/films.jsonl", LINES);
    sandbox.run(&["add", "--space", "sound:2", "--keep-pictures", "films/films.jsonl"]).exits(0);
    sandbox
}

/// A note as `get` gives it, without where its pictures lie.
fn note(sandbox: &Sandbox, index: &str, id: &str) -> Value {
    let mut note = sandbox.json(&["--index", index, "get", id]);
    for picture in note["pictures"].as_array_mut().unwrap() {
        picture.as_object_mut().unwrap().retain(|key, _| key == "alt");
    }
    note
}

#[test]
fn what_is_exported_and_added_again_is_the_same_and_answers_the_same() {
    let sandbox = films();
    let exported = sandbox.json(&["export", "out"]);
    assert_eq!((exported["notes"].as_u64(), exported["pictures"].as_u64()), (Some(3), Some(2)));
    sandbox.run(&["--index", "again", "add", "--space", "sound:2", "--keep-pictures", "out"]).exits(0);
    for id in ["heat", "ran", "up"] {
        assert_eq!(note(&sandbox, "again", id), note(&sandbox, ".uninote", id));
    }
    assert_eq!(note(&sandbox, "again", "heat")["pictures"][0]["alt"], "a poster");
    let hits =
        |index: &str| sandbox.json(&["--index", index, "search", "a loud film", "--recall", "1"])["hits"].clone();
    assert_eq!(hits("again"), hits(".uninote"));
    // The one exports as the other did, to the byte.
    sandbox.run(&["--index", "again", "export", "out2"]).exits(0);
    let lines = |folder: &str| std::fs::read(sandbox.path().join(folder).join("notes.jsonl")).unwrap();
    assert_eq!(lines("out"), lines("out2"));
    sandbox.run(&["export", "out"]).exits(2).says("out is not empty");
}

#[test]
fn vectors_of_the_caller_travel() {
    let sandbox = Sandbox::new();
    let lines = r#"{"id":"x","title":"east","vector":[2,0,0]}
{"id":"y","title":"north","vector":[0,1,0.25]}
{"id":"z","vector":[1,2]}
{"id":"bare","vector":[0.5,1,0]}
{"id":"nothing"}
"#;
    sandbox.file("notes.jsonl", lines);
    let added = sandbox.run(&["add", "--vectors", "3", "notes.jsonl"]);
    let said = added.exits(0);
    assert!(said.err.contains("notes.jsonl:3: ") && said.err.contains("notes.jsonl:5: "), "{}", said.err);
    sandbox.run(&["export", "out"]).exits(0);
    sandbox.run(&["--index", "again", "add", "--vectors", "3", "out"]).exits(0);
    let similar = |index: &str| sandbox.json(&["--index", index, "similar", "x"])["hits"].clone();
    assert_eq!(similar("again"), similar(".uninote"));
    assert_eq!((&similar("again")[0]["id"], &similar("again")[1]["id"]), (&"bare".into(), &"y".into()));
    let encoded = films();
    encoded.run(&["add", "--vectors", "3", "films/films.jsonl"]).says("--vectors 3 changes nothing");
    encoded.run(&["export", "--vectors", "out"]).exits(0);
    let line = std::fs::read_to_string(encoded.path().join("out/notes.jsonl")).unwrap();
    let first: Value = serde_json::from_str(line.lines().next().unwrap()).unwrap();
    assert_eq!(first["vector"].as_array().unwrap().len(), 256);
}

#[test]
fn a_picture_that_is_gone_is_named_and_the_rest_is_exported() {
    let sandbox = Sandbox::new();
    let [one, other] = pictures();
    sandbox.file("films/a.png", one);
    let gone = sandbox.file("films/b.png", other);
    sandbox.file("films/films.jsonl", LINES.replace(r#","vectors":{"sound":[1,0.1]}"#, ""));
    sandbox.run(&["add", "films/films.jsonl"]).exits(0);
    std::fs::remove_file(gone).unwrap();
    sandbox.run(&["export", "out"]).exits(1).says("ran: the picture").says("cannot be read");
    let lines = std::fs::read_to_string(sandbox.path().join("out/notes.jsonl")).unwrap();
    assert_eq!(lines.lines().count(), 3);
}

#[test]
fn lists_facets_groups_and_sorted_hits() {
    let sandbox = films();
    let listed = |arguments: &[&str]| {
        let answer = sandbox.json(&[&["list"], arguments].concat());
        let notes = answer["notes"].as_array().unwrap().iter();
        notes.map(|note| note["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed(&["--sort", "year"]), ["ran", "heat", "up"]);
    assert_eq!(listed(&["--sort", "year", "--descending", "--skip", "1", "-k", "1"]), ["heat"]);
    assert_eq!(listed(&["--filter", "genre = drama", "--sort", "id"]), ["heat", "ran"]);
    assert_eq!(sandbox.json(&["list", "-k", "1"])["matching"], 3);
    sandbox.run(&["list", "--filter", "year < 1900"]).exits(1);
    sandbox
        .run(&["list", "--sort", "yaer"])
        .exits(2)
        .says("uninote: no note has a field \"yaer\"; did you mean \"year\"?");
    sandbox.run(&["list", "--descending"]).exits(2).says("--sort");
    let facets = sandbox.run(&["facets", "genre"]);
    assert_eq!(facets.out, "2\tdrama\n1\tcomedy\n1\tcrime\n");
    let facets = sandbox.json(&["facets", "year", "--filter", "genre = drama", "-k", "1"]);
    assert_eq!((&facets["values"], &facets["counts"][0]["value"]), (&2.into(), &1985.into()));
    sandbox.run(&["facets", "gerne"]).exits(2).says("did you mean \"genre\"?");
    let grouped = sandbox.json(&["search", "a film about", "--group-by", "seen"]);
    assert_eq!(grouped["hits"].as_array().unwrap().len(), 2, "one that was seen, one of those that do not say");
    let all = sandbox.json(&["search", "a film about", "--group-by", "seen:2", "--sort", "year", "--descending"]);
    assert_eq!(ids(&all), ["up", "heat", "ran"]);
    sandbox.run(&["delete", "--filter", "year < 2000"]).exits(0);
    assert_eq!(listed(&[]), ["up"]);
    sandbox.run(&["delete", "--filter", "year < 2000"]).exits(1);
    sandbox.run(&["delete", "up", "--filter", "year < 2000"]).exits(1);
}
