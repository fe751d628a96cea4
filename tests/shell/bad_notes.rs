//! Notes that are broken, odd or huge: each is imported or reported with its place, and never stops the others.

use crate::sandbox::{Sandbox, ids};

/// Adds a folder and compares the last line.
#[track_caller]
fn add(sandbox: &Sandbox, summary: &str) -> String {
    let ran = sandbox.run(&["add", "notes"]);
    assert_eq!(ran.out.trim_end(), summary, "{}", ran.err);
    sandbox.run(&["verify"]).exits(0);
    ran.exits(0).err
}

#[track_caller]
fn has_line(err: &str, parts: &[&str]) {
    let found = err.lines().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(found, "no line with {parts:?} in:\n{err}");
}

#[test]
fn a_bad_line_in_the_middle_of_json_lines_is_skipped_with_its_number() {
    let sandbox = Sandbox::new();
    let lines = [
        r#"{"id":"a","text":"before"}"#,
        r#"{"id":"b","text":"unclosed}"#,
        r#"["not an object"]"#,
        r#"{"text":"no id"}"#,
        "",
        r#"{"id":"c","text":"after"}"#,
    ];
    sandbox.file("notes/some.jsonl", lines.join("\r\n"));
    let err = add(&sandbox, "2 added, 3 skipped, 0 warnings");
    has_line(&err, &["notes/some.jsonl:2: ", "JSON"]);
    has_line(&err, &["notes/some.jsonl:3: ", "a JSON object"]);
    has_line(&err, &["notes/some.jsonl:4: ", "id is missing"]);
}

#[test]
fn the_json_report_lists_what_was_skipped_and_what_was_left_out() {
    let sandbox = Sandbox::new();
    sandbox.file("notes/some.jsonl", "{\"id\":\"a\",\"text\":\"x\",\"image\":\"gone.png\"}\noops\n");
    let report = sandbox.json(&["add", "notes"]);
    assert_eq!((&report["added"], &report["skipped"], &report["warnings"]), (&1.into(), &1.into(), &1.into()));
    let problems = report["problems"].as_array().unwrap();
    let kinds: Vec<_> = problems.iter().map(|problem| (&problem["kind"], &problem["line"])).collect();
    assert_eq!(kinds, [(&"warning".into(), &1.into()), (&"skipped".into(), &2.into())]);
    assert_eq!(problems[1]["file"], "notes/some.jsonl");
    assert!(problems[0]["why"].as_str().unwrap().contains("gone.png"));
}

#[test]
fn broken_front_matter_is_named_with_its_line_and_kept_as_text() {
    let sandbox = Sandbox::new();
    sandbox.file("notes/bad.md", "---\ntitle: fine\ntags: [one, two\n---\n\nText.\n");
    sandbox.file("notes/good.md", "---\ntitle: fine\n---\n\nText.\n");
    let err = add(&sandbox, "2 added, 0 skipped, 1 warnings");
    has_line(&err, &["notes/bad.md:3: warning: ", "front matter"]);
    assert!(sandbox.json(&["get", "bad.md"])["text"].as_str().unwrap().contains("tags: [one, two"));
    assert_eq!(sandbox.json(&["get", "good.md"])["title"], "fine");
}

#[test]
fn pictures_that_are_missing_outside_or_no_pictures_are_left_out_with_a_warning() {
    let sandbox = Sandbox::new();
    sandbox.file("outside.png", include_bytes!("../../examples/notes/pictures/bread.png"));
    sandbox.file("notes/text.png", "this is no picture");
    let links = ["gone.png", "../outside.png", "text.png", "/../outside.png"];
    let text: String = links.iter().map(|link| format!("![]({link})\n\n")).collect();
    sandbox.file("notes/links.md", format!("# Links\n\n{text}"));
    let err = add(&sandbox, "1 added, 0 skipped, 4 warnings");
    has_line(&err, &["notes/links.md:3: warning: ", "gone.png", "missing"]);
    has_line(&err, &["notes/links.md:5: warning: ", "../outside.png", "outside the folder"]);
    has_line(&err, &["notes/links.md:7: warning: ", "text.png", "not a PNG"]);
    has_line(&err, &["notes/links.md:9: warning: ", "/../outside.png", "outside the folder"]);
}

#[test]
fn bytes_that_are_no_text_are_skipped_and_odd_text_is_kept_as_it_is() {
    let sandbox = Sandbox::new();
    sandbox.file("notes/latin1.md", b"caf\xe9 au lait\n");
    sandbox.file("notes/nul.md", b"before\0after\n");
    sandbox.file("notes/crlf.md", b"# Title\r\n\r\nFirst.\r\n\r\nSecond.\r\n");
    sandbox.file("notes/emoji.md", "🍋🍋🍋\n");
    sandbox.file("notes/empty.md", "");
    sandbox.file("notes/blank.md", " \n\t\n");
    sandbox.file("notes/bad.jsonl", b"{\"id\":\"x\",\"text\":\"\xff\xfe\"}\n");
    sandbox.file("notes/empty.jsonl", "");
    sandbox
        .file("notes/none.jsonl", "{\"id\":\"nothing\",\"text\":\"\"}\n{\"id\":\"untitled\",\"text\":\"just text\"}\n");
    let ran = sandbox.run(&["add", "notes"]).exits(0);
    has_line(&ran.err, &["notes/latin1.md", "UTF-8"]);
    has_line(&ran.err, &["notes/bad.jsonl:1: ", "UTF-8"]);
    has_line(&ran.err, &["notes/none.jsonl:1: ", "no title, no text, no picture and no vector"]);
    assert_eq!(sandbox.json(&["get", "nul.md"])["text"].as_str().map(|text| text.contains('\0')), Some(true));
    assert_eq!(sandbox.json(&["get", "crlf.md"])["title"], "Title");
    assert_eq!(sandbox.json(&["get", "untitled"])["text"], "just text");
    let found = sandbox.json(&["search", "🍋", "-k", "1000"]);
    assert!(ids(&found).contains(&"emoji.md"), "{found}");
    sandbox.run(&["get", "nul.md"]).exits(0).out.chars().for_each(|c| assert!(!c.is_control() || c == '\n'));
}

#[test]
fn ids_that_cannot_be_are_skipped() {
    let sandbox = Sandbox::new();
    let lines = [
        serde_json::json!({"id": "two\nlines", "text": "x"}),
        serde_json::json!({"id": "i".repeat(10_000), "text": "x"}),
        serde_json::json!({"id": "", "text": "x"}),
        serde_json::json!({"id": "i".repeat(1024), "text": "as long as it may be"}),
    ];
    sandbox.file("notes/ids.jsonl", lines.map(|line| line.to_string()).join("\n"));
    let err = add(&sandbox, "1 added, 3 skipped, 0 warnings");
    has_line(&err, &["ids.jsonl:1: ", "control character"]);
    has_line(&err, &["ids.jsonl:2: ", "10000 bytes long"]);
    has_line(&err, &["ids.jsonl:3: ", "empty id"]);
    sandbox.run(&["get", &"i".repeat(1024)]).exits(0);
    sandbox.run(&["get", &"i".repeat(10_000)]).exits(1);
}

#[test]
fn a_second_note_with_the_same_id_in_one_run_is_skipped() {
    let sandbox = Sandbox::new();
    sandbox.file("notes/twice.jsonl", "{\"id\":\"a\",\"text\":\"first\"}\n{\"id\":\"a\",\"text\":\"second\"}\n");
    sandbox.file("more/b.md", "one b\n");
    sandbox.file("other/b.md", "another b\n");
    let err = add(&sandbox, "1 added, 1 skipped, 0 warnings");
    has_line(&err, &["notes/twice.jsonl:2: ", "\"a\" came earlier"]);
    assert_eq!(sandbox.json(&["get", "a"])["text"], "first");
    // Ids are relative to the folder given, so two folders can clash.
    let ran = sandbox.run(&["add", "more", "other"]).exits(0);
    has_line(&ran.err, &["other/b.md: ", "\"b.md\" came earlier"]);
}

#[test]
fn ten_megabytes_of_text_are_one_note() {
    let sandbox = Sandbox::new();
    let mut text = "word ".repeat(2 << 20);
    text.push_str("\n\nThe lighthouse keeper rows home at dusk.\n");
    sandbox.file("notes/long.md", &text);
    sandbox.file("notes/short.md", "A short one about bread.\n");
    add(&sandbox, "2 added, 0 skipped, 0 warnings");
    let stored = sandbox.json(&["get", "long.md"]);
    assert_eq!(stored["text"].as_str().map(str::len), Some(text.len()));
    let answer = sandbox.json(&["search", "lighthouse keeper in a boat", "-k", "1"]);
    assert!(answer["hits"][0]["passage"]["text"].as_str().unwrap().contains("lighthouse"), "{answer}");
}

#[test]
fn sources_that_cannot_be_opened_exit_with_2_and_leave_no_index() {
    let sandbox = Sandbox::new();
    sandbox.file("picture.png", "x");
    sandbox.file("good.md", "text\n");
    sandbox.run(&["add", "good.md", "missing"]).exits(2).says("does not exist");
    sandbox.run(&["add", "picture.png"]).exits(2).says("cannot be imported");
    assert!(!sandbox.index().exists());
    std::fs::create_dir(sandbox.path().join("nothing")).unwrap();
    sandbox.run(&["add", "nothing"]).exits(1);
}
