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
    for arguments in
        [&["reencode"][..], &["reencode", "--builtin", "--model", "x"], &["reencode", "--model", "nowhere"]]
    {
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

#[test]
#[cfg(feature = "checkpoints")]
fn an_index_made_with_a_model_directory_finds_its_model_again() {
    let fixtures = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/checkpoints");
    let sandbox = Sandbox::new();
    let model = |name: &str| {
        for entry in ["", "1_Pooling"] {
            for file in std::fs::read_dir(fixtures.join(name).join(entry)).unwrap().map(|file| file.unwrap().path()) {
                if file.is_file() {
                    let place = format!("models/{name}/{entry}/{}", file.file_name().unwrap().to_str().unwrap());
                    sandbox.file(&place, std::fs::read(&file).unwrap());
                }
            }
        }
        format!("models/{name}")
    };
    let (first, second) = (model("bert"), model("bert-cls"));
    sandbox.file("notes/a.md", "# A first note\n\nIt has a few words.\n");
    sandbox.file("notes/b.md", "# Another\n\nWith other words.\n");
    sandbox.run(&["add", "--model", &first, "notes"]).exits(0);
    let made = sandbox.json(&["stats"]);
    assert!(made["encoder"].as_str().unwrap().contains("bert"), "{made}");
    assert_eq!(ids(&sandbox.json(&["search", "words"])).len(), 2);
    // From another folder, too.
    let elsewhere = sandbox.command(&["search", "words"]).current_dir("/").arg("--index").arg(sandbox.index()).output();
    assert_eq!(elsewhere.unwrap().status.code(), Some(0));
    sandbox.run(&["add", "--model", &second, "notes"]).exits(2).says("uninote reencode");
    let moved = sandbox.json(&["reencode", "--model", &second]);
    assert_eq!((&moved["encoder_before"], &moved["notes"]), (&made["encoder"], &2.into()));
    assert_ne!(sandbox.json(&["stats"])["fingerprint"], made["fingerprint"]);
    assert_eq!(ids(&sandbox.json(&["search", "words"])).len(), 2);
    sandbox.run(&["add", "notes"]).exits(0);
    std::fs::remove_dir_all(sandbox.path().join("models")).unwrap();
    sandbox.run(&["search", "words"]).exits(2).says(&second);
    assert_eq!(ids(&sandbox.json(&["similar", "a.md"])), ["b.md"], "stored vectors need no model");
    sandbox.run(&["similar", "a.md", "--not", "words"]).exits(2).says(&second);
    sandbox.run(&["get", "a.md"]).exits(0);
    sandbox.run(&["delete", "b.md"]).exits(0);
    sandbox.run(&["reencode", "--builtin"]).exits(0);
    assert_eq!(ids(&sandbox.json(&["search", "words"])), ["a.md"]);
}
