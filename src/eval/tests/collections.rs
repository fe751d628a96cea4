//! Collections from their files.

use super::Folder;
use crate::encode::builtin::Builtin;
use crate::encode::{EncodeError, Encoder, EncoderInfo, Input, Role};
use crate::eval::{Collection, Direction, EvalError, Evaluation, Metric};
use crate::vector::Vectors;
use std::io::Write;
use std::sync::Arc;

const CORPUS: &str = r#"{"_id": "d1", "title": "Tomato soup", "text": "Roast the tomatoes with garlic."}
{"_id": "d2", "title": "Mending a puncture", "text": "Take the tyre off the wheel."}
{"_id": "d3", "title": "", "text": ""}
"#;
const QUERIES: &str =
    "{\"_id\": \"q1\", \"text\": \"vegetable dinner\"}\n{\"_id\": \"q2\", \"text\": \"flat bicycle tire\"}\n";
const JUDGED: &str = "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n";

fn open(folder: &Folder, split: Option<&str>) -> Result<Collection, EvalError> {
    Collection::open(folder.path(), split, Direction::TextToPicture)
}

#[test]
fn beirs_layout_is_read_and_what_is_empty_is_counted() {
    let folder = Folder::with(&[("corpus.jsonl", CORPUS), ("queries.jsonl", QUERIES), ("qrels/dev.tsv", JUDGED)]);
    let report = Evaluation::new(&open(&folder, None).unwrap()).run(|_| ()).unwrap();
    assert_eq!((report.facts.notes, report.facts.left_out.count), (2, 1));
    assert!(report.facts.left_out.reasons[0].contains("corpus.jsonl:3"), "{:?}", report.facts.left_out);
    assert_eq!((report.facts.split.as_str(), report.facts.absent), ("dev", 0));
    assert_eq!(report.queries, ["q1", "q2"]);
    assert_eq!(report.systems[0].values(Metric::Ndcg10), [1.0, 1.0]);
}

#[test]
fn gzipped_files_are_read_alike() {
    let folder = Folder::with(&[("qrels/dev.tsv", JUDGED)]);
    for (name, content) in [("corpus.jsonl.gz", CORPUS), ("queries.jsonl.gz", QUERIES)] {
        let file = std::fs::File::create(folder.path().join(name)).unwrap();
        let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::default());
        gzip.write_all(content.as_bytes()).unwrap();
        gzip.finish().unwrap();
    }
    let report = Evaluation::new(&open(&folder, Some("dev")).unwrap()).run(|_| ()).unwrap();
    assert_eq!(report.systems[0].interval(Metric::Mrr10).mean, 1.0);
}

#[test]
fn splits_must_be_there_and_clear() {
    let files = [("corpus.jsonl", CORPUS), ("queries.jsonl", QUERIES), ("qrels/dev.tsv", JUDGED), ("qrels/x.tsv", "")];
    let folder = Folder::with(&files);
    let said = |split: Option<&str>| open(&folder, split).unwrap_err().to_string();
    assert!(said(None).contains("has the splits dev, x; say which"), "{}", said(None));
    assert!(said(Some("test")).contains("has the splits dev, x; name one"), "{}", said(Some("test")));
    assert!(said(Some("x")).contains("has no judgments"), "{}", said(Some("x")));
    let folder = Folder::with(&files[..2]);
    assert!(matches!(open(&folder, None), Err(EvalError::NoCollection { .. })));
    assert!(matches!(open(&Folder::with(&[]), None), Err(EvalError::NoCollection { .. })));
}

#[test]
fn a_query_without_text_is_a_note_or_an_error() {
    let judged = "d1\td2\t1\n";
    let folder = Folder::with(&[("corpus.jsonl", CORPUS), ("qrels/dev.tsv", judged)]);
    let report = Evaluation::new(&open(&folder, None).unwrap()).run(|_| ()).unwrap();
    let returned: Vec<&str> = report.systems[0].run.of("d1").iter().map(|note| note.id.as_str()).collect();
    assert_eq!(returned, ["d2"], "the note itself is not its own answer");
    let folder = Folder::with(&[("corpus.jsonl", CORPUS), ("qrels/dev.tsv", "nobody\td2\t1\n")]);
    let refused = Evaluation::new(&open(&folder, None).unwrap()).run(|_| ());
    assert!(matches!(refused, Err(EvalError::UnknownQuery { query, .. }) if query == "nobody"));
}

#[test]
fn a_query_that_is_a_note_word_for_word_is_not_its_own_answer_and_one_that_shares_its_id_is() {
    let queries = r#"{"_id": "d1", "text": "Tomato soup  Roast the tomatoes with garlic."}
{"_id": "d2", "text": "what to do with a flat tyre on a wheel"}
"#;
    let judged = "d1\td2\t1\nd2\td2\t1\n";
    let folder = Folder::with(&[("corpus.jsonl", CORPUS), ("queries.jsonl", queries), ("qrels/dev.tsv", judged)]);
    let report = Evaluation::new(&open(&folder, None).unwrap()).run(|_| ()).unwrap();
    let returned = |query: &str| report.systems[0].run.of(query).iter().map(|note| note.id.clone()).collect::<Vec<_>>();
    assert_eq!(returned("d1"), ["d2"]);
    assert_eq!(returned("d2"), ["d2", "d1"]);
}

#[test]
fn bad_queries_are_told_with_file_and_line() {
    let bad = format!("{QUERIES}{{\"text\": \"no id\"}}\n");
    let folder = Folder::with(&[("corpus.jsonl", CORPUS), ("queries.jsonl", &bad), ("qrels/dev.tsv", JUDGED)]);
    let said = open(&folder, None).unwrap_err().to_string();
    assert!(said.contains("queries.jsonl:3: id is missing"), "{said}");
}

/// An encoder of texts alone.
struct Blind(EncoderInfo);

impl Encoder for Blind {
    fn info(&self) -> &EncoderInfo {
        &self.0
    }

    fn encode(&self, role: Role, inputs: &[Input<'_>]) -> Result<Vectors, EncodeError> {
        Builtin::shared().encode(role, inputs)
    }
}

#[test]
fn captions_go_both_ways() {
    let lines = r#"{"id": "p1", "image": "red.png", "captions": ["red", "a red thing"], "split": "dev"}
{"id": "p2", "image": "red.png", "caption": "red again", "split": "dev"}
{"id": "p3", "image": "red.png", "caption": "red for training", "split": "train"}
"#;
    let folder = Folder::with(&[("captions.jsonl", lines)]);
    std::fs::copy(picture(), folder.path().join("red.png")).unwrap();
    let there = Collection::open(folder.path(), Some("dev"), Direction::TextToPicture).unwrap();
    let judged: Vec<&str> = there.judgments().iter().map(|(query, _)| query).collect();
    assert_eq!(judged, ["p1#0", "p1#1", "p2#0"]);
    let notes: Vec<_> = there.items().unwrap().map(Result::unwrap).collect();
    assert_eq!(notes.len(), 2);
    assert!(notes.iter().all(|note| note.pictures.len() == 1 && !note.fields.contains_key("captions")));
    let back = Collection::open(folder.path(), Some("dev"), Direction::PictureToText).unwrap();
    assert_eq!(back.judgments().of("p1").unwrap().len(), 2);
    assert_eq!(back.items().unwrap().count(), 3);
    // The encoder inside sees both ways; for one that does not, a row of zeros would be a lie.
    for way in [&there, &back] {
        let report = Evaluation::new(way).run(|_| ()).unwrap();
        let found = report.systems[0].values(Metric::Mrr10);
        assert_eq!(found.len(), report.queries.len());
        assert!(found.iter().all(|found| *found >= 1.0 / 3.0), "of two or three notes: {found:?}");
    }
    let refused = Evaluation::new(&there)
        .encoder(Arc::new(Blind(EncoderInfo::new("blind", "blind", 256))))
        .run(|_| ())
        .unwrap_err();
    assert!(refused.to_string().contains("reads no pictures"), "{refused}");
    let none = Collection::open(folder.path(), Some("test"), Direction::TextToPicture);
    assert!(matches!(none, Err(EvalError::NothingJudged { .. })));
}

#[test]
fn captions_without_a_picture_or_a_text_are_told_with_file_and_line() {
    for (line, why) in [
        (r#"{"id": "a", "image": "gone.png", "caption": "x"}"#, "gone.png"),
        (r#"{"id": "a", "image": "red.png"}"#, "there is no caption"),
        (r#"{"id": "a", "image": "red.png", "caption": 5}"#, "caption is no text"),
    ] {
        let folder = Folder::with(&[("captions.jsonl", line)]);
        std::fs::copy(picture(), folder.path().join("red.png")).unwrap();
        let said = open(&folder, None).unwrap_err().to_string();
        assert!(said.contains("captions.jsonl:1: ") && said.contains(why), "{said}");
    }
}

fn picture() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/pictures/clear.png")
}
