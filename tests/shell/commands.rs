//! Every subcommand: what it does, what it prints as JSON, its exit code.

use crate::sandbox::{Sandbox, ids, keys};

#[test]
fn add_creates_an_index_and_search_finds_the_note_a_text_is_about() {
    let sandbox = Sandbox::new();
    sandbox.file("notes/soup.md", "# Tomato soup\n\nRoast the tomatoes with garlic, then blend them.\n");
    sandbox.file("notes/bike.md", "# Mending a puncture\n\nTake the tyre off and patch the tube.\n");
    let added = sandbox.run(&["add", "notes"]).exits(0).says("committed 2 notes (generation 1)");
    assert_eq!(added.out, "2 added, 0 skipped, 0 warnings\n");
    let found = sandbox.run(&["search", "flat bicycle tire", "-k", "1"]).exits(0);
    let cells: Vec<&str> = found.out.trim_end().split('\t').collect();
    assert_eq!(cells.len(), 5, "{}", found.out);
    assert!(cells[0].parse::<f32>().unwrap() > 0.0);
    assert_eq!(&cells[1..3], ["bike.md", "Mending a puncture"]);
    assert!(cells[4].contains("Take the tyre off"), "{}", found.out);
}

#[test]
fn add_prints_one_json_object_and_replaces_notes_of_an_earlier_run() {
    let sandbox = Sandbox::with_notes();
    sandbox.file("notes/moon.md", "# The moon\n\nTides follow it.\n");
    let report = sandbox.json(&["add", "notes"]);
    let expected = [
        "added",
        "commits",
        "compacted",
        "generation",
        "interrupted",
        "notes",
        "problems",
        "skipped",
        "unchanged",
        "updated",
        "warnings",
    ];
    assert_eq!(keys(&report), expected);
    let counts = ["added", "updated", "unchanged", "notes", "generation"].map(|key| report[key].as_u64().unwrap());
    assert_eq!(counts, [0, 1, 2, 3, 2]);
    let again = sandbox.run(&["add", "notes"]);
    assert_eq!((again.out.as_str(), again.code), ("0 added, 3 unchanged, 0 skipped, 0 warnings\n", 0));
    assert_eq!(sandbox.json(&["stats"])["generation"], 2, "nothing was written");
    assert_eq!(sandbox.json(&["get", "moon.md"])["title"], "The moon");
}

#[test]
fn search_json_has_the_documented_shape() {
    let sandbox = Sandbox::with_notes();
    let answer = sandbox.json(&["search", "tomato soup", "-k", "2"]);
    assert_eq!(keys(&answer), ["generation", "hits", "mode", "next", "stages"]);
    assert_eq!(keys(&answer["stages"]), ["coarse", "exact", "expected_recall", "rescored", "segments"]);
    assert_eq!(answer["generation"], 1);
    let hit = &answer["hits"][0];
    assert_eq!(keys(hit), ["id", "passage", "row", "score", "stages", "title"]);
    assert_eq!((&hit["id"], &hit["title"]), (&"soup.md".into(), &"Tomato soup".into()));
    assert_eq!(keys(&hit["stages"]), ["coarse", "full"]);
    assert_eq!(keys(&hit["passage"]), ["end", "matches", "ordinal", "score", "snippet", "start", "text"]);
    assert!(hit["passage"]["text"].as_str().unwrap().contains("Roast the tomatoes"));
    assert!(hit["score"].as_f64().unwrap() <= 1.0 + 1e-6);
}

#[test]
fn granularity_chooses_the_rows_and_the_row_says_which_won() {
    let sandbox = Sandbox::with_notes();
    let row = |which: &str| sandbox.json(&["search", "lunar cycle", "--granularity", which])["hits"][0]["row"].clone();
    assert_eq!(row("global"), serde_json::json!({"kind": "global"}));
    let local = row("local");
    assert_eq!(keys(&local), ["end", "kind", "ordinal", "start"]);
    assert_eq!((&local["kind"], &local["ordinal"]), (&"passage".into(), &0.into()));
}

#[test]
fn pages_neither_repeat_nor_skip_a_note() {
    let sandbox = Sandbox::with_notes();
    let all = sandbox.json(&["search", "food", "--recall", "1"]);
    assert_eq!(all["next"], serde_json::Value::Null);
    let mut paged = Vec::new();
    let mut page = sandbox.json(&["search", "food", "-k", "1"]);
    loop {
        paged.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next"].as_str() else { break };
        page = sandbox.json(&["search", "food", "-k", "1", "--after", next]);
    }
    assert_eq!(paged, ids(&all));
}

#[test]
fn similar_compares_with_a_note_or_a_part_and_leaves_the_note_itself_out() {
    let sandbox = Sandbox::with_notes();
    for part in [&[][..], &["--passage", "0"]] {
        let answer = sandbox.json(&[&["similar", "soup.md"], part].concat());
        let mut others = ids(&answer);
        others.sort_unstable();
        assert_eq!(others, ["bike.md", "moon.md"]);
        assert_eq!(keys(&answer), ["generation", "hits", "mode", "next", "stages"]);
    }
    sandbox.run(&["similar", "no-such-note"]).exits(1).says("no note \"no-such-note\"");
    sandbox.run(&["similar", "soup.md", "--passage", "99"]).exits(1).says("no passage number 99");
    sandbox.run(&["similar", "soup.md", "--picture", "0"]).exits(1).says("no picture number 0");
    sandbox.run(&["similar", "soup.md", "--picture", "0", "--passage", "0"]).exits(2);
}

#[test]
fn get_prints_a_note_as_it_was_stored() {
    let sandbox = Sandbox::new();
    let line = r#"{"id":"a b","title":"T","text":"first\nsecond","created":"2021-03-11","fields":{"year":2021,"tags":["x","y"]}}"#;
    sandbox.file("notes.jsonl", line);
    sandbox.run(&["add", "notes.jsonl"]).exits(0);
    let note = sandbox.json(&["get", "a b"]);
    let expected = serde_json::json!({
        "id": "a b", "title": "T", "text": "first\nsecond", "created": "2021-03-11T00:00:00Z",
        "fields": {"tags": ["x", "y"], "year": 2021}, "pictures": [], "vectors": {},
    });
    assert_eq!(note, expected);
    let text = sandbox.run(&["get", "a b"]).exits(0).out;
    let expected =
        "id: a b\ntitle: T\ncreated: 2021-03-11T00:00:00Z\ntags: [\"x\",\"y\"]\nyear: 2021\n\nfirst\nsecond\n";
    assert_eq!(text, expected);
    sandbox.run(&["get", "b"]).exits(1).says("no note \"b\" in the index");
}

#[test]
fn delete_takes_what_is_there_and_names_what_is_not() {
    let sandbox = Sandbox::with_notes();
    let ran = sandbox.run(&["--json", "delete", "soup.md", "nothing", "bike.md"]).exits(1).says("no note \"nothing\"");
    let expected = serde_json::json!({
        "deleted": ["soup.md", "bike.md"], "missing": ["nothing"], "notes": 1, "generation": 2,
    });
    assert_eq!(ran.json(), expected);
    assert_eq!(ids(&sandbox.json(&["search", "tomato soup"])), ["moon.md"]);
    let last = sandbox.run(&["delete", "moon.md"]).exits(0);
    assert_eq!(last.out, "1 deleted, 0 left (generation 3)\n");
    let empty = sandbox.run(&["--json", "search", "anything"]).exits(1);
    assert!(ids(&empty.json()).is_empty());
    sandbox.run(&["search", "anything"]).exits(1).says("nothing found");
}

#[test]
fn stats_verify_and_compact_report_the_index_as_a_whole() {
    let sandbox = Sandbox::with_notes();
    sandbox.run(&["delete", "moon.md"]).exits(0);
    let stats = sandbox.json(&["stats"]);
    let expected = "adapter bytes deleted encoder feedback fingerprint generation head head_unusable language notes \
                    prefixes segments spaces width";
    assert_eq!(keys(&stats).join(" "), expected);
    assert_eq!(stats["prefixes"], serde_json::json!([32, 64, 128, 256]));
    assert_eq!((&stats["notes"], &stats["deleted"], &stats["segments"]), (&2.into(), &1.into(), &1.into()));
    assert_eq!(keys(&stats["spaces"][0]), ["hot_bytes", "name", "rows", "rows_in_graphs", "width"]);
    assert!(sandbox.run(&["stats"]).exits(0).out.starts_with("notes\t2\ndeleted\t1\n"));

    let verified = sandbox.json(&["verify"]);
    assert_eq!(keys(&verified), ["bytes", "damages", "files", "sound"]);
    assert_eq!((&verified["sound"], &verified["damages"]), (&true.into(), &serde_json::json!([])));
    assert!(sandbox.run(&["verify"]).exits(0).out.starts_with("sound: 3 files, "));

    let compacted = sandbox.json(&["compact"]);
    let expected = ["bytes", "bytes_before", "generation", "notes", "segments", "segments_before"];
    assert_eq!(keys(&compacted), expected);
    assert!(compacted["bytes"].as_u64() < compacted["bytes_before"].as_u64(), "{compacted}");
    assert_eq!(sandbox.json(&["stats"])["deleted"], 0);
    sandbox.run(&["compact"]).exits(0);
}

#[test]
fn add_commits_as_often_as_asked_and_merges_many_segments_at_the_end() {
    let notes: String = (0..34).map(|n| format!("{{\"id\":\"{n}\",\"text\":\"note number {n}\"}}\n")).collect();
    for (extra, segments, compacted) in [(&["--no-compact"][..], 17, false), (&[], 1, true)] {
        let sandbox = Sandbox::new();
        sandbox.file("notes.jsonl", &notes);
        let ran = sandbox.run(&[&["--json", "add", "notes.jsonl", "--commit-every", "2"], extra].concat());
        let report = ran.exits(0).says("committed 2 notes (generation 17)").json();
        assert_eq!((&report["added"], &report["commits"]), (&34.into(), &17.into()));
        assert_eq!(report["compacted"], compacted);
        let stats = sandbox.json(&["stats"]);
        assert_eq!((&stats["segments"], &stats["notes"]), (&segments.into(), &34.into()));
    }
}

#[test]
fn the_index_is_where_the_option_the_variable_or_the_default_says() {
    let sandbox = Sandbox::new();
    sandbox.file("a.md", "# A\n\nSome text.\n");
    sandbox.run(&["add", "a.md"]).exits(0);
    assert!(sandbox.index().is_dir());
    sandbox.run(&["add", "a.md", "--index", "by/option"]).exits(0);
    assert!(sandbox.path().join("by/option").is_dir());
    let by_variable =
        |arguments: &[&str]| sandbox.command(arguments).env("UNINOTE_INDEX", "by/variable").status().unwrap();
    assert!(by_variable(&["add", "a.md"]).success());
    assert!(sandbox.path().join("by/variable").is_dir());
    let help = sandbox.run(&["--help"]).exits(0).out;
    assert!(help.contains("UNINOTE_INDEX") && help.contains(".uninote"), "{help}");
}

#[test]
fn wrong_usage_exits_with_2() {
    let sandbox = Sandbox::with_notes();
    let wrong: [&[&str]; 10] = [
        &[],
        &["frobnicate"],
        &["add"],
        &["search"],
        &["search", "x", "-k", "0"],
        &["search", "x", "-k", "many"],
        &["search", "x", "--recall", "0"],
        &["search", "x", "--recall", "NaN"],
        &["search", "x", "--after", "not a cursor"],
        &["add", "notes", "--commit-every", "0"],
    ];
    for arguments in wrong {
        let ran = sandbox.run(arguments).exits(2);
        assert!(!ran.err.is_empty() && ran.out.is_empty(), "{arguments:?}");
    }
}

#[test]
fn a_billion_hits_are_all_there_are() {
    let sandbox = Sandbox::with_notes();
    let answer = sandbox.json(&["search", "food", "-k", "1000000000"]);
    assert_eq!(ids(&answer).len(), 3);
}

#[test]
fn add_keeps_pictures_where_the_index_was_created_so() {
    let picture = include_bytes!("../../examples/notes/pictures/bread.png");
    for keep in [true, false] {
        let sandbox = Sandbox::new();
        let path = sandbox.file("notes/bread.png", picture);
        sandbox.file("notes/bread.md", "# Bread\n\n![a loaf](bread.png)\n\nFlour, water, salt.\n");
        let arguments: &[&str] = if keep { &["add", "notes", "--keep-pictures"] } else { &["add", "notes"] };
        sandbox.run(arguments).exits(0);
        let note = sandbox.json(&["get", "bread.md"]);
        let shown = &note["pictures"][0];
        assert_eq!(keys(shown), ["alt", "kept_bytes", "path"]);
        assert_eq!(shown["alt"], "a loaf");
        if keep {
            assert_eq!((&shown["kept_bytes"], &shown["path"]), (&picture.len().into(), &serde_json::Value::Null));
        } else {
            let real = path.canonicalize().unwrap();
            assert_eq!((&shown["kept_bytes"], shown["path"].as_str()), (&serde_json::Value::Null, real.to_str()));
        }
    }
}
