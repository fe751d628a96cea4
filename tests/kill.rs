//! Kill -9 at random moments during `add`: what was reported as committed is there, whole, and nothing else is.
//!
//! A handful of kills by default; `UNINOTE_KILLS=200 cargo test --test kill -- --nocapture` for the full number.
#![cfg(all(unix, feature = "shell"))]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up panics")]

use std::hash::{BuildHasher, RandomState};
use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use uninote::{Error, Index};

/// Kills where nothing else is asked for.
const KILLS: usize = 8;
/// Notes of one `add`, and notes of one commit: enough commits for the merge at the end to take place, too.
const NOTES: usize = 360;
const COMMIT_EVERY: usize = 20;

/// What the killed process had printed.
#[derive(Debug, Default)]
struct Printed {
    /// Notes of all commits reported.
    notes: usize,
    commits: usize,
    lines: Vec<String>,
}

/// One version of all notes. Ids are in the order of the file, which is the order of the commits.
fn write_notes(path: &Path, version: u32) {
    let filler = "It was raining over the harbour and the boats stayed in. ".repeat(8);
    let lines =
        (0..NOTES).map(|n| format!("{{\"id\":\"{n:04}\",\"text\":\"Version {version} of note {n}. {filler}\"}}\n"));
    std::fs::write(path, lines.collect::<String>()).unwrap();
}

fn start(folder: &Path, notes: &str) -> Child {
    Command::new(env!("CARGO_BIN_EXE_uninote"))
        .current_dir(folder)
        .args(["add", notes, "--index", "index", "--commit-every", &COMMIT_EVERY.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Runs an `add` and kills it after a while; none if it was done before that.
fn killed(folder: &Path, notes: &str, after: Duration) -> Option<Printed> {
    let mut child = start(folder, notes);
    let reports = BufReader::new(child.stderr.take().unwrap());
    // Read beside the wait, so that a full pipe never holds the process up.
    let reader = std::thread::spawn(move || reports.lines().map_while(Result::ok).collect::<Vec<_>>());
    std::thread::sleep(after);
    child.kill().unwrap();
    let status = child.wait().unwrap();
    let mut printed = Printed { lines: reader.join().unwrap(), ..Printed::default() };
    for line in &printed.lines {
        if let Some(rest) = line.strip_prefix("committed ") {
            printed.notes += rest.split(' ').next().unwrap().parse::<usize>().unwrap();
            printed.commits += 1;
        }
    }
    if status.signal().is_none() {
        assert!(status.success(), "{printed:?}");
        return None;
    }
    assert_eq!(status.signal(), Some(9), "{printed:?}");
    Some(printed)
}

/// The texts in the index by position in the file; none if there is no index yet.
fn stored(index: &Path) -> Option<Vec<Option<String>>> {
    let index = match Index::open(index) {
        Ok(index) => index,
        Err(Error::NoIndex { .. } | Error::Disk(uninote::disk::DiskError::NotFound { .. })) => return None,
        Err(error) => panic!("{error}"),
    };
    let snapshot = index.snapshot();
    let mut texts = vec![None; NOTES];
    for id in snapshot.ids() {
        let place = texts.get_mut(id.parse::<usize>().unwrap()).unwrap();
        assert_eq!(place.replace(snapshot.get(&id).unwrap().unwrap().text), None, "{id} is there twice");
    }
    Some(texts)
}

/// How many notes at the front are of the new version; all behind them must be as they were before.
fn replaced(texts: &[Option<String>], before: Option<&str>) -> usize {
    let new = |text: &Option<String>| text.as_deref().is_some_and(|text| text.starts_with("Version 2 "));
    let count = texts.iter().take_while(|text| new(text)).count();
    for (n, text) in texts.iter().enumerate() {
        let expected = if n < count {
            Some(format!("Version 2 of note {n}."))
        } else {
            before.map(|version| format!("{version} of note {n}."))
        };
        let same = match (text, &expected) {
            (Some(text), Some(start)) => text.starts_with(start),
            (None, None) => true,
            _ => false,
        };
        assert!(same, "note {n} after {count} new ones: {text:?}, expected {expected:?}");
    }
    count
}

fn verified(folder: &Path) {
    let verify = Command::new(env!("CARGO_BIN_EXE_uninote"))
        .current_dir(folder)
        .args(["verify", "--index", "index"])
        .output()
        .unwrap();
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stderr));
}

/// A fresh folder: every other time with an index that holds version 1 of every note.
fn prepare(folder: &Path, template: Option<&Path>) {
    write_notes(&folder.join("new.jsonl"), 2);
    let Some(template) = template else { return };
    std::fs::create_dir(folder.join("index")).unwrap();
    for entry in std::fs::read_dir(template.join("index")).unwrap() {
        let from = entry.unwrap().path();
        std::fs::copy(&from, folder.join("index").join(from.file_name().unwrap())).unwrap();
    }
}

#[test]
fn a_killed_add_leaves_exactly_the_commits_it_reported() {
    let kills = std::env::var("UNINOTE_KILLS").map_or(KILLS, |kills| kills.parse().unwrap());
    let template = tempfile::tempdir().unwrap();
    write_notes(&template.path().join("old.jsonl"), 1);
    assert!(start(template.path(), "old.jsonl").wait_with_output().unwrap().status.success());
    // How long the whole takes, so that the moments cover all of it.
    let full = tempfile::tempdir().unwrap();
    prepare(full.path(), Some(template.path()));
    let started = Instant::now();
    assert!(start(full.path(), "new.jsonl").wait_with_output().unwrap().status.success());
    let whole = started.elapsed();

    let (mut done, mut after_a_commit, mut unreported, mut merging, mut attempts) = (0, 0, 0, 0, 0_u32);
    while done < kills {
        attempts += 1;
        assert!((attempts as usize) < 4 * kills + 20, "the process is always done before it can be killed");
        let share = RandomState::new().hash_one(attempts) as f64 / u64::MAX as f64;
        let folder = tempfile::tempdir().unwrap();
        let old = attempts.is_multiple_of(2);
        prepare(folder.path(), old.then_some(template.path()));
        let Some(printed) = killed(folder.path(), "new.jsonl", whole.mul_f64(share)) else { continue };
        done += 1;
        after_a_commit += usize::from(printed.commits > 0);
        merging += usize::from(printed.notes == NOTES);
        let Some(texts) = stored(&folder.path().join("index")) else {
            assert_eq!(printed.notes, 0, "reported commits are gone: {printed:?}");
            continue;
        };
        verified(folder.path());
        let found = replaced(&texts, old.then_some("Version 1"));
        // A commit may have happened whose report was not printed any more.
        let one_more = (printed.notes + COMMIT_EVERY).min(NOTES);
        assert!(found == printed.notes || found == one_more, "{found} notes are there: {printed:?}");
        unreported += usize::from(found != printed.notes);
        if done.is_multiple_of(10) {
            // The next writer clears up and finishes the work.
            assert!(start(folder.path(), "new.jsonl").wait_with_output().unwrap().status.success());
            assert_eq!(replaced(&stored(&folder.path().join("index")).unwrap(), None), NOTES);
            verified(folder.path());
        }
    }
    println!(
        "{done} kills in {attempts} runs of {whole:?}: {after_a_commit} after a reported commit, {unreported} between a \
         commit and its report, {merging} during or after the merge at the end, {} before the first commit",
        done - after_a_commit
    );
    assert!(2 * after_a_commit >= done, "{after_a_commit} of {done} kills came after a commit");
}
