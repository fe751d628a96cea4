//! How batches of notes go to the encoder, and what rows come of texts and pictures.

use super::seer::{BLUE, FAIL, GREEN, PANIC, RED, Seer, file, picture};
use super::*;
use crate::encode::{Fusion, Modalities};
use crate::note::Picture;
use image::ImageFormat;

const LATE: Fusion = Fusion::Late { text: 1.0, picture: 1.0 };

fn index_of(seer: &Arc<Seer>) -> Index {
    Index::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new().encoder(seer.clone())).unwrap()
}

/// The cosine of the whole note to a colour.
fn likeness(index: &Index, id: &str, colour: [f32; 3]) -> f32 {
    let options = SearchOptions::new().granularity(Granularity::Global).k(100).recall(1.0);
    let query: Vec<f32> = colour.into_iter().chain([0.0]).collect();
    let answer = index.search(Query::vector(query), &options).unwrap();
    answer.hits.iter().find(|hit| hit.id == id).unwrap_or_else(|| panic!("{id} is not found")).score
}

#[track_caller]
fn near(found: f32, expected: f32) {
    assert!((found - expected).abs() < 0.02, "{found}, not {expected}");
}

#[test]
fn texts_of_many_notes_go_to_the_encoder_in_one_call() {
    let seer = Seer::new("late", LATE);
    let index = index_of(&seer);
    for number in 0..64 {
        index.add(Note::new(number.to_string()).title("red").text("a thing of this colour")).unwrap();
    }
    index.commit().unwrap();
    let calls: Vec<usize> = seer.calls.lock().iter().map(|call| call.inputs.len()).collect();
    assert_eq!(calls, [32, 32]);
}

#[test]
fn a_long_note_goes_in_bounded_calls() {
    let seer = Seer::new("late", LATE);
    let index = index_of(&seer);
    index.add(Note::new("long").text("Seven words that are all about green. ".repeat(1_000))).unwrap();
    index.commit().unwrap();
    let calls = seer.calls.lock();
    assert!(calls.len() > 2 && calls.iter().all(|call| call.inputs.len() <= 256), "{} calls", calls.len());
    near(likeness(&index, "long", [0.0, 1.0, 0.0]), 1.0);
    let inputs: usize = calls.iter().map(|call| call.inputs.len()).sum();
    assert_eq!(index.snapshot().stats().spaces[1].rows, inputs as u64);
}

#[test]
fn only_the_note_at_fault_is_left_out_of_its_batch() {
    let storage = Arc::new(MemoryStorage::new());
    let index = Index::create_in(storage, IndexOptions::new().encoder(Fake::shared(8))).unwrap();
    for number in 0..32 {
        let text = match number {
            7 => "this one should FAIL",
            19 => "and this one PANIC",
            30 => "SHORT",
            _ => "all is well",
        };
        index.add(Note::new(format!("{number:02}")).text(text)).unwrap();
    }
    let commit = index.commit().unwrap();
    let skipped: Vec<&str> = commit.skipped.iter().map(|skipped| skipped.id.as_str()).collect();
    assert_eq!((commit.notes, skipped), (29, vec!["07", "19", "30"]));
    assert!(commit.skipped[0].why.contains("asked to") && commit.skipped[1].why.contains("asked to panic"));
}

#[test]
fn late_fusion_weighs_texts_and_pictures_as_the_encoder_says() {
    for (fusion, red, blue) in [
        (LATE, 0.5_f32.sqrt(), 0.5_f32.sqrt()),
        (Fusion::Late { text: 3.0, picture: 4.0 }, 0.6, 0.8),
        (Fusion::Late { text: 1.0, picture: 0.0 }, 1.0, 0.0),
    ] {
        let seer = Seer::new("late", fusion);
        let index = index_of(&seer);
        let text = "The first sentence is red. The second sentence is red. The third one is red as well.";
        index.add(Note::new("n").text(text).picture(picture(BLUE))).unwrap();
        index.commit().unwrap();
        assert!(seer.inputs().iter().all(|parts| parts.len() == 1), "each part is encoded alone");
        near(likeness(&index, "n", [1.0, 0.0, 0.0]), red);
        near(likeness(&index, "n", [0.0, 0.0, 1.0]), blue);
    }
}

#[test]
fn an_interleaving_encoder_reads_a_note_in_one_go() {
    let seer = Seer::new("whole", Fusion::Interleaved);
    let index = index_of(&seer);
    index.add(Note::new("both").title("red").text("A red one.").picture(picture(BLUE)).picture(picture(BLUE))).unwrap();
    index.add(Note::new("text").title("red").text("One passage only.")).unwrap();
    index.add(Note::new("long").text("It is green it says. And green it is too.")).unwrap();
    index.add(Note::new("picture").picture(picture(GREEN))).unwrap();
    index.add(Note::new("broken").title("red").text("Only text is left.").picture(Picture::bytes(*b"none"))).unwrap();
    index.commit().unwrap();
    let inputs = seer.inputs();
    assert_eq!(inputs.iter().filter(|parts| *parts == "tpp").count(), 1, "{inputs:?}");
    assert!(inputs.iter().all(|parts| ["t", "p", "tpp"].contains(&parts.as_str())), "{inputs:?}");
    // Passages: one each of both, text and broken, two of long; and long as a whole.
    assert_eq!(inputs.iter().filter(|parts| *parts == "t").count(), 6, "{inputs:?}");
    near(likeness(&index, "both", [1.0, 0.0, 0.0]), 0.5_f32.sqrt());
    for (id, colour) in [("text", [1.0, 0.0, 0.0]), ("long", [0.0, 1.0, 0.0]), ("picture", [0.0, 1.0, 0.0])] {
        near(likeness(&index, id, colour), 1.0);
    }
    near(likeness(&index, "broken", [1.0, 0.0, 0.0]), 1.0);
}

#[test]
fn one_forward_pass_reads_a_bounded_part_of_a_note() {
    let seer = Seer::new("whole", Fusion::Interleaved);
    let index = index_of(&seer);
    let mut note = Note::new("much").text("Green is the first of all these words. ".repeat(200));
    for _ in 0..9 {
        note = note.picture(picture(GREEN));
    }
    index.add(note).unwrap();
    index.commit().unwrap();
    let inputs = seer.inputs();
    assert_eq!(inputs.iter().filter(|parts| *parts == "tpppp").count(), 1, "{inputs:?}");
    assert_eq!(inputs.iter().filter(|parts| *parts == "p").count(), 9);
    assert!(inputs.iter().all(|parts| parts.len() <= 5));
}

#[test]
fn an_encoder_of_pictures_alone_finds_notes_by_their_pictures() {
    let seer = Seer::with("eyes", |info| {
        info.modalities = Modalities::TEXT_AND_PICTURE;
        info.modalities.text = false;
    });
    let index = index_of(&seer);
    index.add(Note::new("red").title("blue").text("It is blue, says the text.").picture(picture(RED))).unwrap();
    index.add(Note::new("words").text("Nothing but words.")).unwrap();
    let commit = index.commit().unwrap();
    assert_eq!((commit.notes, commit.skipped.len()), (2, 1), "{:?}", commit.skipped);
    assert!(commit.skipped[0].id == "words" && commit.skipped[0].why.contains("by its id only"));
    assert!(seer.inputs().iter().all(|parts| parts == "p"));
    near(likeness(&index, "red", [1.0, 0.0, 0.0]), 1.0);
    assert!(index.get("words").unwrap().is_some());
}

#[test]
fn pictures_that_cannot_be_used_are_reported_one_by_one_and_the_rest_counts() {
    let seer = Seer::new("late", LATE);
    let index = index_of(&seer);
    let folder = tempfile::tempdir().unwrap();
    let on_disk = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        Picture::path(path)
    };
    let jpeg = file(BLUE, (64, 48), ImageFormat::Jpeg);
    let mut bomb = file(BLUE, (8, 8), ImageFormat::Gif);
    bomb[6..10].copy_from_slice(&[0xFF; 4]);
    let note = Note::new("n")
        .title("red")
        .picture(on_disk("really-a.png", &jpeg))
        .picture(on_disk("page.jpg", b"<!DOCTYPE html><html>404</html>"))
        .picture(on_disk("cut.jpg", &jpeg[..jpeg.len() - 20]))
        .picture(Picture::bytes(bomb))
        .picture(picture(FAIL))
        .picture(picture(PANIC))
        .picture(on_disk("empty.png", b""))
        .picture(picture(BLUE));
    index.add(note).unwrap();
    let commit = index.commit().unwrap();
    let why: Vec<&str> = commit.skipped.iter().map(|skipped| skipped.why.as_str()).collect();
    assert!(commit.skipped.iter().all(|skipped| !skipped.whole && skipped.id == "n"), "{why:#?}");
    for (number, word) in
        [(1, "HTML"), (2, "cut short"), (3, "65535"), (4, "asked to"), (5, "asked to panic"), (6, "empty")]
    {
        let start = format!("picture {number}: ");
        let found: Vec<_> = why.iter().filter(|why| why.starts_with(&start)).collect();
        assert!(found.len() == 1 && found[0].contains(word), "picture {number} ({word}): {why:#?}");
    }
    assert_eq!(why.len(), 6, "{why:#?}");
    near(likeness(&index, "n", [0.0, 0.0, 1.0]), 0.5_f32.sqrt());
    let seventh = index.similar("n", Like::Picture(7), &SearchOptions::new());
    assert!(seventh.is_ok(), "pictures keep their numbers");
    assert!(matches!(index.similar("n", Like::Picture(5), &SearchOptions::new()), Err(Error::NoSuchPart { .. })));
    assert_eq!(index.get("n").unwrap().unwrap().pictures.len(), 8);
}

#[test]
fn pictures_are_decoded_in_groups_of_bounded_size() {
    for fusion in [LATE, Fusion::Interleaved] {
        let seer = Seer::new("seer", fusion);
        let index = index_of(&seer);
        // Three MiB of pixels each, and one larger than a group.
        let large = file(GREEN, (1024, 1024), ImageFormat::Png);
        let huge = file(GREEN, (3072, 3072), ImageFormat::Png);
        for number in 0..5 {
            let mut note = Note::new(number.to_string()).title("green");
            for _ in 0..4 {
                note = note.picture(Picture::bytes(large.clone()));
            }
            index.add(note.picture(Picture::bytes(if number == 2 { huge.clone() } else { large.clone() }))).unwrap();
        }
        index.commit().unwrap();
        let calls = seer.calls.lock();
        let most = calls.iter().map(|call| call.pixels).max().unwrap();
        assert!(most <= 48 << 20, "{most} bytes of pixels in one call");
        let alone = calls.iter().flat_map(|call| &call.inputs).filter(|parts| *parts == "p").count();
        assert_eq!(alone, 25);
        near(likeness(&index, "2", [0.0, 1.0, 0.0]), 1.0);
    }
}

#[test]
fn nothing_is_encoded_any_more_for_what_was_rolled_back() {
    let seer = Seer::new("late", LATE);
    let index = index_of(&seer);
    for number in 0..200 {
        index.add(Note::new(number.to_string()).title("red")).unwrap();
    }
    index.rollback().unwrap();
    let before = seer.calls.lock().len();
    index.add(Note::new("kept").title("red")).unwrap();
    assert_eq!(index.commit().unwrap().notes, 1);
    assert!(seer.calls.lock().len() <= before + 1);
}

#[test]
fn a_detail_of_a_picture_is_found_in_its_region() {
    let mut canvas = image::RgbImage::from_pixel(256, 256, image::Rgb(BLUE));
    for (x, y) in (0..60).flat_map(|x| (0..60).map(move |y| (x, y))) {
        canvas.put_pixel(130 + x, 2 + y, image::Rgb(RED));
    }
    let mut bytes = std::io::Cursor::new(Vec::new());
    canvas.write_to(&mut bytes, ImageFormat::Png).unwrap();
    for regions in [true, false] {
        let storage = Arc::new(MemoryStorage::new());
        let options = IndexOptions::new().encoder(Seer::new("late", LATE)).picture_regions(regions);
        let index = Index::create_in(storage.clone(), options).unwrap();
        let note =
            Note::new("n").title("blue").picture(picture(GREEN)).picture(Picture::bytes(bytes.get_ref().clone()));
        index.add(note).unwrap();
        index.commit().unwrap();
        drop(index);
        let index = Index::open_in_with(storage, Seer::new("late", LATE)).unwrap();
        let options = SearchOptions::new().granularity(Granularity::Local).recall(1.0);
        let hit = index.search("red", &options).unwrap().hits.remove(0);
        if regions {
            assert_eq!(hit.row, Row::Region { ordinal: 1, cell: 1, side: 3 }, "the upper middle cell: {hit:?}");
            let again = index.similar("n", Like::Region { picture: 1, cell: 8 }, &options);
            assert!(again.is_ok());
            assert_eq!(index.snapshot().stats().spaces[1].rows, 2 + 9, "a picture of 8 x 8 pixels has no regions");
            index.add(Note::new("more").picture(Picture::bytes(bytes.get_ref().clone()))).unwrap();
            index.commit().unwrap();
            index.compact(None).unwrap();
            assert_eq!(index.snapshot().stats().spaces[1].rows, 2 + 9 + 10);
            assert!(index.verify().unwrap().is_sound());
        } else {
            assert_eq!(hit.row, Row::Picture { ordinal: 1 });
            assert!(matches!(
                index.similar("n", Like::Region { picture: 1, cell: 8 }, &options),
                Err(Error::NoSuchPart { .. })
            ));
        }
    }
}
