//! Duplicates of a whole index: what is found, what is not, and with which evidence.

use super::seer::{BLUE, GREEN, RED, Seer, file, picture};
use super::*;
use crate::duplicates::{By, DuplicateOptions, DuplicateReport, Matching};
use crate::encode::Fusion;
use crate::note::Picture;
use crate::query::Cancel;
use image::ImageFormat;

const SOUP: &str = "Roast the tomatoes with garlic, then blend them with stock, basil and a little cream.";
const HOT: &str = "Roast the tomatoes with garlic, then blend them with hot stock, basil and a little cream.";

fn found(index: &Index, options: &DuplicateOptions) -> DuplicateReport {
    index.duplicates(options, None, |_, _| ()).unwrap()
}

/// The ids of each cluster.
fn clusters(report: &DuplicateReport) -> Vec<Vec<&str>> {
    let clusters = report.clusters.iter().map(|cluster| cluster.members.iter());
    clusters.map(|members| members.map(|member| member.id.as_str()).collect()).collect()
}

#[test]
fn copies_in_several_segments_are_found_and_deleted_ones_are_not() {
    let index = Index::in_memory().unwrap();
    index.add(Note::new("soup").text(SOUP)).unwrap();
    index.add(Note::new("moon").text("The moon waxes from new to full and wanes again within a month.")).unwrap();
    index.commit().unwrap();
    index.add(Note::new("again").text(SOUP)).unwrap();
    index.add(Note::new("gone").text(SOUP)).unwrap();
    index.commit().unwrap();
    index.add(Note::new("louder").title("ROAST the tomatoes").text(&SOUP[18..])).unwrap();
    index.add(Note::new("hot").text(HOT)).unwrap();
    index.delete("gone").unwrap();
    index.commit().unwrap();
    let report = found(&index, &DuplicateOptions::new());
    assert_eq!((report.notes, report.surplus(), report.generation), (5, 3, 3));
    let cluster = &report.clusters[0];
    assert_eq!((report.clusters.len(), cluster.keep.as_str()), (1, "again"));
    let member = |id: &str| cluster.members.iter().find(|member| member.id == id).unwrap();
    let evidence = |id: &str| member(id).evidence.as_slice();
    let [soup] = evidence("soup") else { panic!("{cluster:?}") };
    assert_eq!((soup.with.as_str(), soup.matching, soup.exact), ("again", Matching::Note, true));
    let [louder] = evidence("louder") else { panic!("{cluster:?}") };
    assert_eq!((louder.matching, louder.similarity, louder.exact), (Matching::Text, 1.0, true));
    let [hot] = evidence("hot") else { panic!("{cluster:?}") };
    assert!(!hot.exact && hot.matching == Matching::Text && (0.85..0.95).contains(&hot.similarity), "{hot:?}");
    assert_eq!((member("hot").similarity, cluster.loosest), (hot.similarity, hot.similarity));
    assert_eq!(cluster.members.last().unwrap().id, "hot");
    index.compact(None).unwrap();
    assert_eq!(found(&index, &DuplicateOptions::new()).clusters, report.clusters);
}

#[test]
fn the_threshold_decides_and_one_finds_the_same_words_only() {
    let index = Index::in_memory().unwrap();
    for (id, text) in [("a", SOUP), ("b", HOT), ("c", SOUP)] {
        index.add(Note::new(id).text(text)).unwrap();
    }
    index.commit().unwrap();
    let at = |similarity| found(&index, &DuplicateOptions::new().text(similarity));
    assert_eq!(clusters(&at(1.0)), [["a", "c"]]);
    assert_eq!(clusters(&at(0.8)), [["a", "c", "b"]]);
    assert!(found(&index, &DuplicateOptions::new().by(By::Picture)).clusters.is_empty());
    for wrong in [0.0, -1.0, 1.5, f32::NAN] {
        let error = index.duplicates(&DuplicateOptions::new().text(wrong), None, |_, _| ()).unwrap_err();
        assert!(matches!(error, Error::Option { option: "similarity of texts", .. }), "{error}");
    }
}

#[test]
fn the_oldest_is_the_one_to_keep_and_the_order_of_writing_does_not_count() {
    let notes = || {
        let dated = |id: &str, created: Option<i64>, text: &str| {
            let mut note = Note::new(id).text(text);
            note.created = created;
            note
        };
        vec![
            dated("z", Some(5), SOUP),
            dated("a", Some(9), HOT),
            dated("m", None, SOUP),
            dated("b", Some(9), SOUP),
            dated("x", None, "Nothing like the others, and alone."),
        ]
    };
    let mut reports = Vec::new();
    for turn in 0..5 {
        let index = Index::in_memory().unwrap();
        let mut notes = notes();
        notes.rotate_left(turn);
        for note in notes {
            index.add(note).unwrap();
            index.commit().unwrap();
        }
        reports.push(found(&index, &DuplicateOptions::new()).clusters);
    }
    assert_eq!(reports[0][0].keep, "z");
    assert_eq!(reports[0][0].members.iter().map(|member| member.id.as_str()).collect::<Vec<_>>(), ["z", "b", "m", "a"]);
    assert!(reports.iter().all(|report| *report == reports[0]));
}

fn gallery() -> Index {
    let seer = Seer::new("seer", Fusion::default());
    Index::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new().encoder(seer)).unwrap()
}

#[test]
fn pictures_are_compared_by_bytes_and_by_their_vectors() {
    let index = gallery();
    let jpeg = Picture::bytes(file(RED, (16, 16), ImageFormat::Jpeg));
    index.add(Note::new("png").text("one").picture(picture(RED))).unwrap();
    index.add(Note::new("same").text("two").picture(picture(RED))).unwrap();
    index.commit().unwrap();
    index.add(Note::new("other file").text("three").picture(jpeg)).unwrap();
    index.add(Note::new("blue").text("four").picture(picture(BLUE))).unwrap();
    index.commit().unwrap();
    let report = found(&index, &DuplicateOptions::new().by(By::Picture));
    let cluster = &report.clusters[0];
    assert_eq!((report.clusters.len(), cluster.members.len()), (1, 3));
    let evidence = |id: &str| &cluster.members.iter().find(|member| member.id == id).unwrap().evidence[0];
    let part = Matching::Picture { ordinal: 0, with: 0 };
    assert_eq!((evidence("same").matching, evidence("same").exact), (part, true));
    assert!(!evidence("other file").exact && evidence("other file").similarity >= 0.95);
    assert!(found(&index, &DuplicateOptions::new().by(By::Text)).clusters.is_empty());
    assert_eq!(found(&index, &DuplicateOptions::new()).clusters, report.clusters);
}

#[test]
fn a_picture_that_stands_everywhere_makes_no_duplicates() {
    let index = gallery();
    let shade = |value: u8| picture([0, value, 255 - value]);
    for (id, own) in [("a", shade(10)), ("b", shade(120)), ("c", shade(240))] {
        index.add(Note::new(id).picture(picture(RED)).picture(own)).unwrap();
    }
    index.add(Note::new("d").picture(picture(RED)).picture(shade(10)).picture(picture(GREEN))).unwrap();
    index.commit().unwrap();
    let report = found(&index, &DuplicateOptions::new().by(By::Picture).picture(0.999));
    assert_eq!(clusters(&report), [["a", "d"]]);
}

#[test]
fn a_call_can_be_cancelled_and_tells_how_far_it_is() {
    let index = garden();
    let cancel = Cancel::new();
    let mut heard = Vec::new();
    index.duplicates(&DuplicateOptions::new(), Some(&cancel), |done, total| heard.push((done, total))).unwrap();
    assert!(heard.is_sorted() && heard.last() == Some(&(12, 12)), "{heard:?}");
    cancel.cancel();
    let stopped = index.duplicates(&DuplicateOptions::new(), Some(&cancel), |_, _| ());
    assert!(matches!(stopped, Err(Error::Cancelled)));
}
