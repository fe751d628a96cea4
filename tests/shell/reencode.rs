//! `reencode`, and which encoder an index is created and opened with.

use crate::sandbox::{Sandbox, ids, keys};

#[test]
fn an_index_moves_to_the_encoder_inside_and_says_so() {
    let sandbox = Sandbox::with_notes();
    let before = sandbox.json(&["stats"]);
    let moved = sandbox.json(&["reencode", "--builtin"]);
    assert_eq!(keys(&moved), ["encoder", "encoder_before", "generation", "notes", "warnings", "width"]);
    assert_eq!((&moved["notes"], &moved["warnings"]), (&3.into(), &0.into()));
    assert_eq!((&moved["encoder"], &moved["encoder_before"]), (&before["encoder"], &before["encoder"]));
    assert_eq!(moved["generation"].as_u64(), before["generation"].as_u64().map(|generation| generation + 1));
    assert_eq!(ids(&sandbox.json(&["search", "lunar cycle"]))[0], "moon.md");
    let text = sandbox.run(&["reencode", "--builtin"]).exits(0);
    assert!(text.out.contains("3 notes (generation ") && text.out.lines().count() == 1, "{}", text.out);
    sandbox.run(&["verify"]).exits(0);
}

#[test]
fn a_model_that_is_not_there_changes_nothing() {
    let sandbox = Sandbox::with_notes();
    let before = sandbox.json(&["stats"]);
    for arguments in [&["reencode"][..], &["reencode", "--builtin", "--model", "x"], &["reencode", "--model", "nowhere"]] {
        sandbox.run(arguments).exits(2);
    }
    sandbox.run(&["add", "--model", "nowhere", "notes"]).exits(2);
    assert_eq!(sandbox.json(&["stats"]), before);
    let fresh = Sandbox::new();
    fresh.file("notes/a.md", "# A note\n");
    fresh.run(&["add", "--model", "nowhere", "notes"]).exits(2).says("nowhere");
    let ran = fresh.command(&["add", "notes"]).env("UNINOTE_MODEL", "nowhere").output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert!(!fresh.index().join("manifest.uni").exists(), "no index of another encoder is left behind");
}
