//! What the shell is connected to: closed pipes, a terminal, Ctrl-C.
#![cfg(unix)]

use crate::sandbox::{Ran, Sandbox};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let sandbox = Sandbox::with_notes();
    for arguments in [&["search", "food"][..], &["get", "soup.md"], &["stats"], &["--json", "similar", "soup.md"]] {
        let mut child = sandbox.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        Ran::of(child.wait_with_output().unwrap()).exits(0);
    }
}

#[test]
fn add_works_though_nobody_reads_its_reports() {
    let sandbox = Sandbox::new();
    sandbox.file("notes.jsonl", "{\"id\":\"a\",\"text\":\"one\"}\nbroken\n{\"id\":\"b\",\"text\":\"two\"}\n");
    let mut child =
        sandbox.command(&["add", "notes.jsonl"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert_eq!(sandbox.json(&["stats"])["notes"], 2);
}

#[test]
fn ctrl_c_keeps_the_last_commit_and_exits_with_130() {
    let sandbox = Sandbox::new();
    let text = "A sentence about ships and harbours that takes a moment to encode. ".repeat(20);
    let notes: String = (0..5000).map(|n| format!("{{\"id\":\"{n}\",\"text\":\"{text}\"}}\n")).collect();
    sandbox.file("notes.jsonl", notes);
    let mut child = sandbox
        .command(&["--json", "add", "notes.jsonl", "--commit-every", "50"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut reports = BufReader::new(child.stderr.take().unwrap());
    let mut first = String::new();
    reports.read_line(&mut first).unwrap();
    assert_eq!(first, "committed 50 notes (generation 1)\n");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut rest = String::new();
    reports.read_to_string(&mut rest).unwrap();
    let mut output = child.wait_with_output().unwrap();
    output.stderr = rest.into_bytes();
    let ran = Ran::of(output).exits(130).says("stopping");
    let report = ran.json();
    assert_eq!(report["interrupted"], true);
    let kept = 50 * (1 + ran.err.lines().filter(|line| line.starts_with("committed 50 notes")).count());
    assert!(kept < 5000);
    assert_eq!(report["added"], kept);
    assert_eq!(sandbox.json(&["stats"])["notes"], kept);
    sandbox.run(&["verify"]).exits(0);
}

/// Runs a command with a terminal of 80 columns as its output, through `script` of util-linux; none where that is missing.
fn on_a_terminal(sandbox: &Sandbox, arguments: &str) -> Option<String> {
    let line = format!("stty cols 80; {} {arguments}", env!("CARGO_BIN_EXE_uninote"));
    let ran = Command::new("script")
        .args(["-q", "-e", "-c", &line, "/dev/null"])
        .current_dir(sandbox.path())
        .env("TERM", "xterm")
        .env_remove("UNINOTE_INDEX")
        .stdin(Stdio::null())
        .output();
    let Ok(output) = ran.inspect_err(|error| println!("skipped: no `script` to make a terminal with: {error}")) else {
        return None;
    };
    let shown = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{shown}");
    Some(shown)
}

#[test]
#[cfg(target_os = "linux")]
fn on_a_terminal_hits_are_a_table_and_notes_cannot_command_it() {
    let sandbox = Sandbox::new();
    let long = "Row gently towards the lighthouse and keep the harbour behind you. ".repeat(9);
    let line = serde_json::json!({"id": "sea", "title": "A \u{1b}]0;owned\u{7}title", "text": long}).to_string();
    sandbox.file("notes.jsonl", line);
    let Some(added) = on_a_terminal(&sandbox, "add notes.jsonl") else { return };
    assert!(added.contains("1 added, 0 skipped, 0 warnings"), "{added:?}");
    let shown = on_a_terminal(&sandbox, "search lighthouse").unwrap();
    for part in ["score", "passage", "sea", "Row gently", "…"] {
        assert!(shown.contains(part), "{part:?} is not in {shown}");
    }
    assert!(!shown.contains("\u{1b}]0;"), "{shown:?}");
    assert!(shown.lines().all(|line| line.trim_end().chars().count() <= 80), "{shown}");
    let explained = on_a_terminal(&sandbox, "search lighthouse --explain").unwrap();
    for part in ["place: 1 by vectors, 1 by words, 1 by the rule", "words: BM25 "] {
        assert!(explained.contains(part), "{part:?} is not in {explained}");
    }
    let got = on_a_terminal(&sandbox, "get sea").unwrap();
    assert!(!got.contains("\u{1b}]0;") && got.contains("title: A \u{fffd}]0;owned\u{fffd}title"), "{got:?}");
}

#[test]
#[cfg(target_os = "linux")]
fn long_work_shows_progress_on_a_terminal_only() {
    let sandbox = Sandbox::new();
    let text = "A sentence about ships and harbours. ".repeat(40);
    let notes: String = (0..600).map(|n| format!("{{\"id\":\"{n}\",\"text\":\"{text}\"}}\n")).collect();
    sandbox.file("notes.jsonl", notes);
    let silent = sandbox.run(&["add", "notes.jsonl", "--index", "a"]).exits(0);
    assert!(!silent.err.contains("left") && !silent.err.contains("/s"), "{}", silent.err);
    let Some(shown) = on_a_terminal(&sandbox, "add notes.jsonl --index b") else { return };
    assert!(shown.contains("/s") && shown.contains(" left"), "a rate and the time left: {shown:?}");
}
