//! One test for each promise of the README, named for it. Each is short enough to be read as its meaning; the tests of the
//! rooms and `crash.rs`, `model.rs` and `concurrency.rs` go through the cases.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

use oracle::{Shape, best, vectors};
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use uninote::disk::{DiskError, FaultKind, MemoryStorage, Storage, Survival};
use uninote::{Error, Granularity, Index, IndexOptions, Like, Mode, Note, Query, Row, SearchOptions};

#[path = "oracle/mod.rs"]
mod oracle;

fn external(width: usize) -> (Index, MemoryStorage) {
    let storage = MemoryStorage::new();
    let options = IndexOptions::new().external_vectors(width);
    (Index::create_in(Arc::new(storage.clone()), options).unwrap(), storage)
}

fn fill(index: &Index, rows: &[Vec<f32>]) {
    for (number, row) in rows.iter().enumerate() {
        index.put_with_vector(Note::new(number.to_string()).title("a title"), row).unwrap();
    }
    index.commit().unwrap();
}

const TIDES: &str = "The sea rises and falls twice a day because the moon pulls the water.";
const BREAD: &str = "Knead flour, water, salt and yeast, let the dough rise and bake the bread in a hot oven.";

fn two_subjects() -> Index {
    let index = Index::in_memory().unwrap();
    let filler = "Nothing much is said here about anything in particular, as far as one can tell. ".repeat(12);
    index.add(Note::new("mixed").title("Notes").text(format!("{TIDES}\n\n{filler}\n\n{BREAD}"))).unwrap();
    index.add(Note::new("chess").text("White moves first, and the knight jumps over other pieces.")).unwrap();
    index.commit().unwrap();
    index
}

#[test]
fn every_hit_says_which_part_won() {
    let index = two_subjects();
    let options = SearchOptions::new().granularity(Granularity::Local).mode(Mode::Dense);
    let hit = index.search("baking bread from dough", &options).unwrap().hits.remove(0);
    let Row::Passage { ordinal, start, end } = hit.row else { panic!("{hit:?}") };
    let text = index.get("mixed").unwrap().unwrap().text;
    assert_eq!(hit.id, "mixed");
    assert!(ordinal > 0 && text[start..end].contains("bake the bread"), "{:?}", &text[start..end]);
    assert_eq!(hit.passage.unwrap().text, text[start..end]);
    assert!((hit.score - hit.stages.full).abs() < 1e-6);
}

#[test]
fn one_passage_can_be_asked_for_its_like() {
    let index = two_subjects();
    index.add(Note::new("bakery").text("Yeast makes bread dough rise before it goes into the oven.")).unwrap();
    index.commit().unwrap();
    let bread = index.search("bread dough", &SearchOptions::new().granularity(Granularity::Local)).unwrap();
    let mixed = bread.hits.iter().find(|hit| hit.id == "mixed").unwrap();
    let ordinal = mixed.passage.as_ref().unwrap().ordinal;
    let alike = index.similar("mixed", Like::Passage(ordinal), &SearchOptions::new()).unwrap();
    assert_eq!(alike.hits[0].id, "bakery");
    assert!(alike.hits.iter().all(|hit| hit.id != "mixed"));
}

#[test]
fn a_caller_asks_for_recall_and_gets_it() {
    let mut rows = vectors(Shape::Clustered, 4_100, 32, 5);
    let queries = rows.split_off(4_000);
    let (index, _) = external(32);
    fill(&index, &rows);
    let names: Vec<String> = (0..rows.len()).map(|number| number.to_string()).collect();
    for asked in [0.8_f32, 0.95, 1.0] {
        let mut reached = 0.0;
        for query in &queries {
            let truth = best(names.iter().map(String::as_str).zip(rows.iter().map(Vec::as_slice)), query, 10);
            let options = SearchOptions::new().recall(asked);
            let answer = index.search(Query::vector(query.as_slice()), &options).unwrap();
            assert_eq!(answer.stages.exact, asked == 1.0, "{asked}");
            reached += oracle::recall(&truth, answer.hits.iter().map(|hit| f64::from(hit.score)));
        }
        reached /= queries.len() as f64;
        assert!(reached >= f64::from(asked) - 0.02, "asked {asked}, reached {reached}");
    }
}

#[test]
fn a_batch_answers_as_one_by_one() {
    let (index, _) = external(16);
    let rows = vectors(Shape::Clustered, 3_000, 16, 5);
    fill(&index, &rows);
    let options = SearchOptions::new().k(5);
    let queries = || rows.iter().step_by(40).map(|row| Query::vector(row.as_slice()));
    let together = index.snapshot().search_batch(queries(), &options).unwrap();
    let apart: Vec<_> = queries().map(|query| index.search(query, &options).unwrap()).collect();
    assert_eq!(together, apart);
    assert!(index.snapshot().search_batch([Query::vector([1.0])], &options).is_err());
    assert!(index.snapshot().search_batch(Vec::<Query>::new(), &options).unwrap().is_empty());
}

#[test]
fn a_commit_is_all_or_nothing() {
    let (index, storage) = external(2);
    fill(&index, &[vec![1.0, 0.0]]);
    index.delete("0").unwrap();
    index.put_with_vector(Note::new("new").title("new"), &[0.0, 1.0]).unwrap();
    assert_eq!(index.snapshot().ids().collect::<Vec<_>>(), ["0"], "nobody sees it before");
    storage.fail_after(4, FaultKind::Error(ErrorKind::StorageFull));
    assert!(index.commit().is_err());
    assert_eq!(index.snapshot().ids().collect::<Vec<_>>(), ["0"], "nobody sees half of it");
}

#[test]
fn nothing_is_lost_after_a_crash() {
    let (index, storage) = external(2);
    fill(&index, &[vec![1.0, 0.0], vec![0.0, 1.0]]);
    index.delete("0").unwrap();
    for survival in [Survival::DurableOnly, Survival::Everything, Survival::Torn(1), Survival::Torn(2)] {
        let left = Index::open_in(Arc::new(storage.crash_image(survival))).unwrap();
        assert_eq!(left.snapshot().len(), 2, "{survival:?}");
        assert!(left.verify().unwrap().is_sound());
    }
}

#[test]
fn a_second_writer_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let first = Index::create_with(folder.path(), IndexOptions::new().external_vectors(2)).unwrap();
    fill(&first, &[vec![1.0, 0.0]]);
    let second = Index::open(folder.path()).unwrap();
    assert_eq!(second.snapshot().len(), 1, "reading needs no lock");
    let refused = second.delete("0").unwrap_err().to_string();
    assert!(refused.contains(&format!("({})", std::process::id())), "{refused}");
}

/// A storage that counts the files it hands out.
#[derive(Debug)]
struct Counting(MemoryStorage, std::sync::atomic::AtomicUsize);

impl Storage for Counting {
    fn map(&self, name: &str) -> Result<uninote::disk::Bytes, DiskError> {
        self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        self.0.map(name)
    }

    fn publish(
        &self,
        name: &str,
        write: &mut dyn FnMut(&mut dyn uninote::disk::WriteSeek) -> std::io::Result<()>,
    ) -> Result<u64, DiskError> {
        self.0.publish(name, write)
    }

    fn list(&self) -> Result<Vec<String>, DiskError> {
        self.0.list()
    }

    fn sweep(&self) -> Result<usize, DiskError> {
        self.0.sweep()
    }

    fn remove(&self, name: &str) -> Result<(), DiskError> {
        self.0.remove(name)
    }

    fn lock(&self) -> Result<uninote::disk::Lock, DiskError> {
        self.0.lock()
    }

    fn location(&self) -> String {
        self.0.location()
    }
}

#[test]
fn open_is_constant_time() {
    for rows in [10, 3_000] {
        let (index, storage) = external(8);
        fill(&index, &vectors(Shape::Uniform, rows, 8, 1));
        drop(index);
        // What opening does not look at cannot make it slow: the bulk of the segment may be anything.
        let name = storage.list().unwrap().into_iter().find(|name| name.starts_with("segment-")).unwrap();
        let mut bytes = storage.map(&name).unwrap().to_vec();
        let bulk = bytes.len() - rows * 8 * 4 / 2;
        bytes[bulk..].fill(0xa5);
        storage.publish(&name, &mut |out| out.write_all(&bytes)).unwrap();
        let counting = Arc::new(Counting(storage, 0.into()));
        let opened = Index::open_in(counting.clone()).unwrap();
        assert_eq!(counting.1.load(std::sync::atomic::Ordering::Relaxed), 2, "manifest and segment, {rows} rows");
        assert!(!opened.verify().unwrap().is_sound(), "and verification finds what opening passed over");
    }
}

#[test]
fn damage_is_named_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::create_with(folder.path(), IndexOptions::new().external_vectors(4)).unwrap();
    fill(&index, &vectors(Shape::Uniform, 50, 4, 1));
    drop(index);
    let segment = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let segment = segment.into_iter().find(|path| path.to_string_lossy().contains("segment-")).unwrap();
    let whole = std::fs::read(&segment).unwrap();
    for cut in [0, 10, whole.len() / 2, whole.len() - 1] {
        replace(&segment, &whole[..cut]);
        let refused = Index::open(folder.path()).unwrap_err();
        assert!(matches!(&refused, Error::Damaged { file, .. } if file.starts_with("segment-")), "{refused}");
        let report = Index::verify_at(folder.path()).unwrap();
        assert!(report.damages.iter().any(|damage| damage.file.starts_with("segment-")), "{report:?}");
    }
    for at in (0..whole.len()).step_by(41) {
        let mut bent = whole.clone();
        bent[at] ^= 0x10;
        replace(&segment, &bent);
        assert!(!Index::verify_at(folder.path()).unwrap().is_sound(), "byte {at}");
        if let Ok(index) = Index::open(folder.path()) {
            let _any_answer_or_error = index.search(Query::vector([1.0; 4]), &SearchOptions::new().k(50));
            let _any_note_or_error = index.get("7");
        }
    }
}

/// Puts other bytes in a file's place, as a restore from a bad backup would.
fn replace(path: &Path, bytes: &[u8]) {
    let other = path.with_extension("other");
    std::fs::write(&other, bytes).unwrap();
    std::fs::rename(&other, path).unwrap();
}

#[test]
fn space_of_deleted_notes_comes_back() {
    let (index, storage) = external(16);
    fill(&index, &vectors(Shape::Uniform, 2_000, 16, 1));
    let bytes = |storage: &MemoryStorage| -> usize {
        storage.list().unwrap().iter().map(|name| storage.map(name).unwrap().len()).sum()
    };
    let before = bytes(&storage);
    for number in 0..1_900 {
        index.delete(&number.to_string()).unwrap();
    }
    index.compact(None).unwrap();
    assert_eq!(index.snapshot().len(), 100);
    assert!(bytes(&storage) < before / 8, "{} of {before}", bytes(&storage));
}

#[test]
fn recall_after_churn_equals_that_of_a_fresh_build() {
    let rows = vectors(Shape::Clustered, 2_400, 16, 6);
    let (churned, _) = external(16);
    for round in 0..3 {
        for (number, row) in rows.iter().enumerate().skip(round * 400).take(1_600) {
            churned.put_with_vector(Note::new(number.to_string()).title("t"), row).unwrap();
        }
        churned.commit().unwrap();
        for number in 0..round * 400 {
            churned.delete(&number.to_string()).ok();
        }
        churned.compact(None).unwrap();
    }
    let names: Vec<String> = churned.snapshot().ids().collect();
    let live = || names.iter().map(|name| (name.as_str(), rows[name.parse::<usize>().unwrap()].as_slice()));
    let reached: f64 = (0..100)
        .map(|number| {
            let query = &rows[number * 24];
            let answer = churned.search(Query::vector(query.as_slice()), &SearchOptions::new()).unwrap();
            oracle::recall(&best(live(), query, 10), answer.hits.iter().map(|hit| f64::from(hit.score)))
        })
        .sum();
    assert!(reached / 100.0 >= 0.94, "{reached}");
}

#[test]
fn no_network_client_is_compiled_in() {
    // The lock file names what any feature could bring; what counts is what the default features do bring.
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none", "--package", "uninote"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let packages = String::from_utf8(tree.stdout).unwrap();
    assert!(packages.contains("candle-core "), "{}", String::from_utf8_lossy(&tree.stderr));
    for client in ["reqwest", "ureq", "hyper", "curl", "hf-hub", "openssl", "native-tls", "rustls"] {
        let named = packages.lines().any(|line| line.split(' ').next() == Some(client));
        assert!(!named, "{client} is among the dependencies");
    }
}

#[test]
fn an_index_refuses_vectors_of_another_encoder() {
    let (index, storage) = external(8);
    drop(index);
    let builtin = uninote::encode::builtin::Builtin::shared();
    let refused = Index::open_in_with(Arc::new(storage), builtin).unwrap_err();
    assert!(matches!(refused, Error::WrongEncoder { .. }), "{refused}");
}
