//! One writer process, which may be killed at any moment, and readers in threads and processes beside it: every answer is the
//! naive answer of a committed state, states only move forward, and nothing leaks.
//!
//! A few seconds by default. The long runs: `UNINOTE_STRESS=600 cargo test --release --test stress -- --nocapture` (seconds,
//! with 8 threads and 4 processes that read) and `UNINOTE_KILLS=2000 cargo test --release --test stress -- --nocapture`.
#![cfg(unix)]
#![expect(clippy::print_stderr, reason = "processes report to the test that started them")]
#![expect(clippy::unwrap_used, reason = "a test that cannot be set up panics")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use uninote::index::WriteOptions;
use uninote::{Index, IndexOptions, Note, Query, SearchOptions, Snapshot};

/// Ids there may be.
const IDS: u64 = 150;
/// The note that says which version a state is.
const MARK: &str = "version";
/// Which part a process plays, and for how many seconds.
const PART: &str = "UNINOTE_STRESS_PART";
const PLACE: &str = "UNINOTE_STRESS_PLACE";

/// What a note is in a version, if it is there: its title follows from the version it was last changed in.
fn note(id: u64, version: u64) -> Option<(String, [f32; 4])> {
    let changed = version - ((version + id) % (1 + id % 6)).min(version);
    let there = !(version / 3 + id * 7).is_multiple_of(5);
    let mut random = fastrand::Rng::with_seed(id * 1_000_003 + changed);
    let vector = std::array::from_fn(|_| random.f32() + 0.01);
    there.then(|| (format!("changed in {changed}"), vector))
}

fn state(version: u64) -> impl Iterator<Item = (u64, String, [f32; 4])> {
    (0..IDS).filter_map(move |id| note(id, version).map(|(title, vector)| (id, title, vector)))
}

/// Goes from one version to the next, in one commit.
fn step(index: &Index, version: u64) {
    for id in 0..IDS {
        let name = id.to_string();
        let before = note(id, version - 1).filter(|_| version > 1);
        match (before, note(id, version)) {
            (Some(_), None) => index.delete(&name).unwrap(),
            (before, Some((title, vector))) if before.as_ref().map(|(title, _)| title) != Some(&title) => {
                let note = Note::new(name).title(title).field("version", version as i64);
                index.put_with_vector(note, &vector).unwrap();
            }
            _ => {}
        }
    }
    index.put_with_vector(Note::new(MARK).title(version.to_string()), &[1.0, 0.0, 0.0, 0.0]).unwrap();
    index.commit().unwrap();
}

fn version_of(snapshot: &Snapshot) -> u64 {
    snapshot.get(MARK).unwrap().map_or(0, |note| note.title.parse().unwrap())
}

/// Holds a state against what its version says, and a search of it against comparing everything.
fn check(snapshot: &Snapshot, turn: u64) -> u64 {
    let version = version_of(snapshot);
    if version == 0 {
        return 0;
    }
    let mut random = fastrand::Rng::with_seed(turn);
    let query: [f32; 4] = std::array::from_fn(|_| random.f32() + 0.01);
    let mut naive: Vec<(f64, String)> = state(version)
        .chain([(IDS, version.to_string(), [1.0, 0.0, 0.0, 0.0])])
        .map(|(id, title, vector)| {
            let length = vector.iter().map(|x| f64::from(x * x)).sum::<f64>().sqrt();
            let product = vector.iter().zip(&query).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum::<f64>();
            (product / length, if id == IDS { MARK.to_owned() } else { format!("{id} {title}") })
        })
        .collect();
    naive.sort_by(|left, right| right.0.total_cmp(&left.0));
    let options = SearchOptions::new().k(1_000).recall(1.0);
    let answer = snapshot.search(Query::vector(query), &options).unwrap();
    let name = |id: &str, title: &str| if id == MARK { MARK.to_owned() } else { format!("{id} {title}") };
    let found: Vec<String> = answer.hits.iter().map(|hit| name(&hit.id, &hit.title)).collect();
    let places: std::collections::HashMap<&str, f64> = naive.iter().map(|(score, name)| (&**name, *score)).collect();
    assert_eq!(found.len(), naive.len(), "version {version}");
    for (found, (score, _)) in found.iter().zip(&naive) {
        // Equal but for rounding: two notes may change places.
        let of_found = places.get(&**found).unwrap_or_else(|| panic!("{found:?} is not in version {version}"));
        assert!((of_found - score).abs() < 1e-5, "version {version}: {found} at a place of score {score}");
    }
    version
}

/// Open files and maps of index files of this process, where Linux tells.
fn handles() -> (usize, usize) {
    let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    (files, maps.lines().filter(|line| line.contains(".uni")).count())
}

/// Reads for a while and prints how often; fails if anything is not as it should be.
fn read(place: &Path, time: Duration) -> u64 {
    let index = Index::open(place).unwrap();
    let until = Instant::now() + time;
    let (mut last, mut turns) = (0, 0);
    while Instant::now() < until || turns == 0 {
        index.refresh().unwrap();
        let version = check(&index.snapshot(), turns);
        assert!(version >= last, "version {version} after {last}");
        (last, turns) = (version, turns + 1);
    }
    turns
}

/// Writes until it is killed, and reports each commit.
fn write(place: &Path) {
    let index = Index::open(place).unwrap();
    index.set_write_options(WriteOptions::new().wait(Duration::from_secs(60)));
    let mut version = version_of(&index.snapshot());
    loop {
        version += 1;
        step(&index, version);
        eprintln!("committed {version}");
        if version.is_multiple_of(17) {
            index.compact(None).unwrap();
        }
    }
}

/// Not a test of its own: what the processes run that the tests below start.
#[test]
fn part() {
    let (Ok(part), Ok(place)) = (std::env::var(PART), std::env::var(PLACE)) else { return };
    match part.parse().ok() {
        Some(seconds) => {
            // Here and not in the tests below: nothing else runs in this process.
            let before = handles();
            let answers = read(Path::new(&place), Duration::from_secs_f64(seconds));
            let after = handles();
            assert!(after.0 <= before.0 && after.1 <= before.1, "{before:?} before, {after:?} after");
            eprintln!("answers {answers}");
        }
        None => write(Path::new(&place)),
    }
}

fn start(place: &Path, part: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "part", "--nocapture"]).env(PART, part).env(PLACE, place);
    command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
}

/// The last number that a process reported on lines of this kind.
fn reported(child: &mut Child, kind: &str) -> Option<u64> {
    let lines: Vec<String> = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok).collect();
    assert!(!lines.iter().any(|line| line.contains("panicked")), "{lines:?}");
    lines.iter().filter_map(|line| line.strip_prefix(kind)?.trim().parse().ok()).next_back()
}

fn fresh() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("index");
    Index::create_with(&place, IndexOptions::new().external_vectors(4)).unwrap();
    (folder, place)
}

fn asked(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().and_then(|value| value.parse().ok())
}

#[test]
fn readers_beside_a_writer_see_committed_states_in_order() {
    let (_folder, place) = fresh();
    let (seconds, threads, processes) = asked("UNINOTE_STRESS").map_or((2, 2, 1), |seconds| (seconds, 8, 4));
    let time = Duration::from_secs(seconds);
    let mut writer = start(&place, "writer");
    let readers: Vec<Child> = (0..processes).map(|_| start(&place, &seconds.to_string())).collect();
    let mut answers: u64 = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..threads).map(|_| scope.spawn(|| read(&place, time))).collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    });
    for mut reader in readers {
        answers += reported(&mut reader, "answers ").expect("the process has read to its end");
        assert!(reader.wait().unwrap().success());
    }
    writer.kill().unwrap();
    let commits = reported(&mut writer, "committed ").unwrap();
    writer.wait().unwrap();
    let index = Index::open(&place).unwrap();
    assert!(index.verify().unwrap().is_sound());
    println!("{commits} commits, {answers} answers of {threads} threads and {processes} processes in {seconds} s");
}

#[test]
fn a_writer_killed_at_any_moment_leaves_the_last_commit_or_the_one_before_its_report() {
    let (_folder, place) = fresh();
    let kills = asked("UNINOTE_KILLS").unwrap_or(6);
    let (mut last, mut unreported) = (0, 0);
    let mut random = fastrand::Rng::with_seed(asked("UNINOTE_SEED").unwrap_or(1));
    for kill in 0..kills {
        let mut writer = start(&place, "writer");
        std::thread::sleep(Duration::from_micros(random.u64(10_000..200_000)));
        writer.kill().unwrap();
        let known = reported(&mut writer, "committed ").unwrap_or(last);
        writer.wait().unwrap();
        let index = Index::open(&place).unwrap();
        let version = check(&index.snapshot(), kill);
        assert!(version == known || version == known + 1, "{version} is there, {known} was reported");
        unreported += version - known;
        let sound = index.verify().unwrap();
        assert!(sound.is_sound(), "{:?}", sound.damages);
        last = version;
    }
    println!("{kills} kills, {last} commits, {unreported} of them between a commit and its report");
}
