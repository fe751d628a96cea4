//! `--memory`, held against a limit that the system sets the process.
#![cfg(target_os = "linux")]

use crate::sandbox::Sandbox;
use std::fmt::Write;
use std::process::Command;

/// What the system gives the process: kilobytes of data of its own.
const LIMIT: u32 = 150_000;

/// The shell's command with no more memory of its own than that.
fn limited(sandbox: &Sandbox, arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new("sh");
    command.current_dir(sandbox.path()).args(["-c", &format!("ulimit -d {LIMIT}; exec \"$0\" \"$@\"")]);
    // Glibc sets aside an arena for each thread, which counts.
    command.env("MALLOC_ARENA_MAX", "1").arg(env!("CARGO_BIN_EXE_uninote")).args(arguments);
    let output = command.output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), err)
}

#[test]
fn adding_compacting_and_searching_keep_to_a_budget_that_the_system_enforces() {
    let sandbox = Sandbox::new();
    let mut lines = String::new();
    for number in 0..100 {
        let long = format!("{number} ").repeat(1 << 19);
        writeln!(lines, r#"{{"id":"n{number}","title":"note {number}","fields":{{"long":"{long}"}}}}"#).unwrap();
    }
    sandbox.file("notes.jsonl", lines);
    let without = limited(&sandbox, &["--index", "without", "add", "notes.jsonl"]);
    assert_ne!(without.0, Some(0), "the limit is one");
    let within = |arguments: &[&str]| {
        let (code, err) = limited(&sandbox, arguments);
        assert_eq!(code, Some(0), "{arguments:?}: {err}");
    };
    within(&["add", "--memory", "32M", "notes.jsonl"]);
    within(&["compact", "--memory", "32M"]);
    within(&["search", "note 7"]);
    within(&["verify"]);
}
