//! Indexes that are missing, locked, read-only, damaged or foreign, and disks that are full.

use crate::sandbox::{Ran, Sandbox};
use std::path::{Path, PathBuf};
use uninote::disk::{FileStorage, Storage};

const READERS: [&[&str]; 5] =
    [&["search", "soup"], &["similar", "soup.md"], &["get", "soup.md"], &["stats"], &["verify"]];

#[test]
fn without_an_index_every_command_but_add_says_so() {
    let sandbox = Sandbox::new();
    sandbox.file("a_file", "x");
    std::fs::create_dir(sandbox.path().join("empty")).unwrap();
    let writers: [&[&str]; 2] = [&["delete", "x"], &["compact"]];
    for command in READERS.iter().chain(&writers) {
        let at = |index| sandbox.run(&[command, &["--index", index][..]].concat()).exits(2);
        at("missing").says("does not exist");
        at("empty").says("no index at");
        at("a_file").says("is not a directory");
    }
    assert!(!sandbox.path().join("missing").exists());
    assert_eq!(std::fs::read_dir(sandbox.path().join("empty")).unwrap().count(), 0);
    sandbox.file("note.md", "text\n");
    sandbox.run(&["add", "note.md", "--index", "a_file"]).exits(2).says("is not a directory");
}

#[test]
fn a_second_writer_is_told_who_holds_the_lock_and_readers_go_on() {
    let sandbox = Sandbox::with_notes();
    let lock = FileStorage::open(sandbox.index()).unwrap().lock().unwrap();
    let holder = format!("process {}", std::process::id());
    for command in [&["add", "notes"][..], &["delete", "soup.md"], &["compact"]] {
        sandbox.run(command).exits(2).says(&holder);
    }
    for command in READERS {
        sandbox.run(command).exits(0);
    }
    drop(lock);
    sandbox.run(&["delete", "soup.md"]).exits(0);
}

#[test]
fn a_writer_waits_for_another_as_many_seconds_as_it_is_told() {
    let sandbox = Sandbox::with_notes();
    let lock = FileStorage::open(sandbox.index()).unwrap().lock().unwrap();
    let start = std::time::Instant::now();
    sandbox.run(&["delete", "soup.md", "--wait", "1"]).exits(2).says(&format!("process {}", std::process::id()));
    assert!(start.elapsed().as_secs() >= 1);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| sandbox.run(&["--wait", "600", "delete", "soup.md"]));
        std::thread::sleep(std::time::Duration::from_millis(100));
        drop(lock);
        waiting.join().unwrap().exits(0);
    });
}

/// The index files, largest first, so that the segment comes before the manifest.
fn files(index: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(index).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|end| end == "uni")).collect();
    files.sort_by_key(|path| std::cmp::Reverse(path.metadata().unwrap().len()));
    files
}

/// `verify` names the damage; the readers answer or say what is wrong.
#[track_caller]
fn is_reported(sandbox: &Sandbox, file: &Path, what: &str) {
    let name = file.file_name().unwrap().to_str().unwrap();
    let verified = sandbox.run(&["verify"]);
    assert!(verified.code == 1 && verified.err.contains(name), "{name} {what}: {} {}", verified.code, verified.err);
    for command in [&["search", "soup"][..], &["get", "soup.md"]] {
        let ran = sandbox.run(command);
        assert!([0, 1, 2].contains(&ran.code), "{name} {what}: {}", ran.err);
        assert!(ran.code == 0 || !ran.err.is_empty(), "{name} {what}: an error without a word");
    }
}

#[test]
fn damaged_files_are_named_by_verify_and_crash_nothing() {
    let sandbox = Sandbox::with_notes();
    sandbox.run(&["delete", "moon.md"]).exits(0);
    let files = files(&sandbox.index());
    assert_eq!(files.len(), 3, "segment, tombstones, manifest: {files:?}");
    for file in files {
        let sound = std::fs::read(&file).unwrap();
        let damages: [(&str, Vec<u8>); 5] = [
            ("empty", Vec::new()),
            ("cut in half", sound[..sound.len() / 2].to_vec()),
            ("foreign", b"\x89PNG\r\n\x1a\n and so on, which is no index file at all".repeat(20)),
            ("with a flipped bit in the header", flipped(&sound, 9)),
            ("with a flipped bit near the end", flipped(&sound, sound.len() - 9)),
        ];
        for (what, bytes) in damages {
            std::fs::write(&file, bytes).unwrap();
            is_reported(&sandbox, &file, what);
        }
        std::fs::remove_file(&file).unwrap();
        if !file.ends_with("manifest.uni") {
            is_reported(&sandbox, &file, "missing");
        }
        std::fs::write(&file, sound).unwrap();
    }
    sandbox.run(&["verify"]).exits(0);
    sandbox.run(&["search", "soup"]).exits(0);
}

fn flipped(bytes: &[u8], at: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at] ^= 0x10;
    bytes
}

#[test]
fn an_index_of_a_future_version_is_refused_with_a_word_about_versions() {
    let sandbox = Sandbox::with_notes();
    let manifest = sandbox.index().join("manifest.uni");
    let mut bytes = std::fs::read(&manifest).unwrap();
    // The version of the writer and the lowest version that may read, after the magic number.
    bytes[8..12].fill(0xFF);
    std::fs::write(&manifest, bytes).unwrap();
    for command in READERS {
        let ran = sandbox.run(command);
        assert!(ran.code == 2 || command[0] == "verify" && ran.code == 1, "{command:?}: {}", ran.err);
        assert!(ran.err.contains("version"), "{command:?}: {}", ran.err);
    }
}

#[test]
#[cfg(unix)]
fn a_read_only_index_is_searched_and_not_written() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let sandbox = Sandbox::with_notes();
    // Permissions do not stop root, so root runs a copy of the binary as a user without rights.
    let binary = sandbox.path().join("uninote");
    std::fs::copy(env!("CARGO_BIN_EXE_uninote"), &binary).unwrap();
    let allow = |path: &Path, mode| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    allow(sandbox.path(), 0o755);
    for entry in std::fs::read_dir(sandbox.index()).unwrap() {
        allow(&entry.unwrap().path(), 0o444);
    }
    allow(&sandbox.index(), 0o555);
    let root = std::fs::write(sandbox.index().join("probe"), "").is_ok();
    let run = |arguments: &[&str]| {
        let mut command = std::process::Command::new(&binary);
        command.current_dir(sandbox.path()).env_remove("UNINOTE_INDEX").args(arguments);
        if root {
            command.uid(65_534).gid(65_534);
        }
        Ran::of(command.output().unwrap())
    };
    for command in READERS {
        run(command).exits(0);
    }
    for command in [&["add", "notes"][..], &["delete", "soup.md"], &["compact"]] {
        run(command).exits(2).says("read-only");
    }
    run(&["add", "notes", "--index", "elsewhere"]).exits(2);
    allow(&sandbox.index(), 0o755);
    sandbox.run(&["verify"]).exits(0);
    sandbox.run(&["delete", "soup.md"]).exits(0);
}

/// Enough notes that their segment does not fit into what the tests below allow.
#[cfg(target_os = "linux")]
fn many_notes() -> String {
    let text = "A sentence about ships and harbours and bread. ".repeat(12);
    (0..400).map(|n| format!("{{\"id\":\"{n}\",\"text\":\"{text} {n}\"}}\n")).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_reported_and_the_last_commit_stays() {
    let sandbox = Sandbox::with_notes();
    sandbox.file("many.jsonl", many_notes());
    std::fs::create_dir(sandbox.path().join("small")).unwrap();
    // A file system of 256 KiB in a mount namespace of its own needs no root where user namespaces are allowed.
    let script = "mount -t tmpfs -o size=256k none small || exit 77\n\
                  \"$0\" add notes --index small || exit 78\n\
                  \"$0\" add many.jsonl --index small; code=$?\n\
                  \"$0\" verify --index small && \"$0\" --json stats --index small && exit $code";
    let ran = std::process::Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, env!("CARGO_BIN_EXE_uninote")])
        .current_dir(sandbox.path())
        .output();
    let Ok(output) = ran else { return println!("skipped: there is no `unshare`") };
    if !matches!(output.status.code(), Some(0..=2 | 78..))
        || String::from_utf8_lossy(&output.stderr).contains("unshare")
    {
        return println!("skipped: no small file system: {}", String::from_utf8_lossy(&output.stderr));
    }
    let ran = Ran::of(output).exits(2).says("no space left");
    assert!(ran.out.contains("sound: ") && ran.out.contains("\"notes\":3"), "{}", ran.out);
}

#[test]
#[cfg(target_os = "linux")]
fn a_write_that_the_system_cuts_short_is_reported_and_the_last_commit_stays() {
    let sandbox = Sandbox::with_notes();
    sandbox.file("many.jsonl", many_notes());
    let limited = "trap '' XFSZ; ulimit -f 128; exec \"$0\" add many.jsonl";
    let output = std::process::Command::new("bash")
        .args(["-c", limited, env!("CARGO_BIN_EXE_uninote")])
        .current_dir(sandbox.path())
        .env_remove("UNINOTE_INDEX")
        .output();
    let Ok(output) = output else { return println!("skipped: there is no `bash`") };
    Ran::of(output).exits(2).says("cannot write").says("0 added");
    sandbox.run(&["verify"]).exits(0);
    assert_eq!(sandbox.json(&["stats"])["notes"], 3);
    sandbox.run(&["add", "many.jsonl"]).exits(0);
    assert_eq!(sandbox.json(&["stats"])["notes"], 403);
}
