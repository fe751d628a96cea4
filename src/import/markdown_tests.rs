//! Tests of one Markdown file, from bytes.

use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Parsed {
    parse(text.as_bytes(), "folder/some-note.md").expect("a note")
}

#[test]
fn front_matter_becomes_title_fields_and_date() {
    let text = "---\ntitle: Pea soup\ndate: 2021-03-11\ntags: [soup, quick]\nserves: 4\n\
                rating: 4.5\nvegan: false\nsource:\n  book: Old one\nempty:\n---\n\nBody.\n";
    let Parsed { note, warnings, .. } = parsed(text);
    assert_eq!(note.title, "Pea soup");
    assert_eq!(note.text, "\nBody.\n");
    assert_eq!(note.created, Some(1_615_420_800_000));
    let expected = Note::default()
        .field("date", Value::DateTime(1_615_420_800_000))
        .field("tags", ["soup", "quick"])
        .field("serves", 4)
        .field("rating", 4.5)
        .field("vegan", false)
        .field("source.book", "Old one");
    assert_eq!(note.fields, expected.fields);
    assert_eq!(warnings, []);
}

#[test]
fn created_wins_over_date() {
    let text = "+++\ndate = 2021-03-11\ncreated = 1970-01-01T00:00:01Z\n+++\nx";
    assert_eq!(parsed(text).note.created, Some(1_000));
}

#[test]
fn the_title_is_found() {
    for (text, title) in [
        ("---\ntitle: 1984\n---\n# Other\n", "1984"),
        ("## Two\n\n# The `first` *one*\n\n# Next", "The first one"),
        ("Setext\ntitle\n======\n", "Setext title"),
        ("#\n\n# Second", "Second"),
        ("no heading", "some-note"),
        ("---\ntitle: ''\n---\nx", "some-note"),
        ("```\n# comment\n```", "some-note"),
    ] {
        assert_eq!(parsed(text).note.title, title, "{text:?}");
    }
    let bare = parse(b"x", ".md").expect("a note");
    assert_eq!(bare.note.title, ".md");
}

#[test]
fn images_are_found_with_their_lines() {
    let text = "---\na: 1\n---\n![One *pic*](a.png)\n\n<p>\n<img src=\"b.png\" alt=\"B\">\n</p>\n\n\
                text ![two][ref] and <img src=c.png>\n\n`![no](code.png)`\n\n[ref]: /pix/d.png\n";
    let found: Vec<_> = parsed(text).image_links.into_iter().map(|link| (link.target, link.alt, link.line)).collect();
    let link = |target: &str, alt: &str, line| (target.to_owned(), alt.to_owned(), line);
    assert_eq!(
        found,
        [link("a.png", "One pic", 4), link("b.png", "B", 7), link("/pix/d.png", "two", 10), link("c.png", "", 10),]
    );
}

#[test]
fn broken_front_matter_stays_text_with_a_warning() {
    let text = "---\ntitle: [unclosed\n---\n# Real title\n![x](p.png)\n";
    let Parsed { note, warnings, image_links, .. } = parsed(text);
    assert_eq!(note.text, text);
    assert_eq!(note.title, "Real title");
    assert!(note.fields.is_empty());
    assert_eq!(image_links[0].line, 5);
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].why.contains("kept as text"), "{warnings:?}");
}

#[test]
fn a_field_without_a_type_is_left_out_with_a_warning() {
    let text = "---\nx: [{a: 1}]\ny: .inf\ntitle: [a]\nz: 1\n---\nbody";
    let Parsed { note, warnings, .. } = parsed(text);
    assert_eq!(note.fields.keys().collect::<Vec<_>>(), ["z"]);
    assert_eq!(warnings.len(), 3, "{warnings:?}");
    assert_eq!(note.title, "some-note");
}

#[test]
fn a_name_given_twice_counts_last_with_a_warning() {
    let Parsed { note, warnings, .. } = parsed("---\ndate: 2020-01-01\ndate: 2021-03-11\n---\nx");
    assert_eq!(note.created, Some(1_615_420_800_000));
    assert_eq!(warnings.len(), 1);
    assert!(warnings[0].why.contains("\"date\" is given twice"));
}

#[test]
fn invalid_utf8_names_offset_and_line() {
    assert_eq!(parse(b"one\ntw\xFFo", "a").unwrap_err(), MarkdownError::NotUtf8 { offset: 6, line: 2 });
}

#[test]
fn blank_files_are_empty() {
    for bytes in [b"".as_slice(), b" \r\n\t", b"\xEF\xBB\xBF\n"] {
        assert_eq!(parse(bytes, "a").unwrap_err(), MarkdownError::Empty);
    }
}

#[test]
fn crlf_nul_emoji_and_byte_order_mark() {
    let note = parsed("\u{FEFF}---\r\ntitle: T\r\nn: 1\r\n---\r\nA\0b\r\n").note;
    assert_eq!((note.title.as_str(), note.text.as_str()), ("T", "A\0b\r\n"));
    assert_eq!(note.fields["n"], Value::Integer(1));
    assert_eq!(parsed("🎉🎊").note.text, "🎉🎊");
}

#[test]
fn too_many_images_are_cut_with_one_warning() {
    let text = "![](a.png)\n".repeat(MAX_PICTURES + 3);
    let Parsed { image_links, warnings, .. } = parsed(&text);
    assert_eq!(image_links.len(), MAX_PICTURES);
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].line, MAX_PICTURES as u64 + 1);
}

#[test]
fn nested_images_do_not_multiply_their_text() {
    let text = "![".repeat(5_000) + &"x".repeat(1_000) + &"](a.png)".repeat(5_000);
    let total: usize = parsed(&text).image_links.iter().map(|l| l.alt.len()).sum();
    assert!(total <= MAX_NESTED_IMAGES * text.len(), "{total}");
}

proptest! {
    #[test]
    fn any_bytes_parse_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = parse(&bytes, "a.md");
    }

    #[test]
    fn any_front_matter_parses_or_is_kept(
        mark in prop_oneof![Just("---"), Just("+++")],
        block in "[a-c:=&*!<>\\[\\]{}|>,'\"#0-9.\\-\\n\\t ~é]{0,200}",
        body in "\\PC{0,40}",
    ) {
        let text = format!("{mark}\n{block}\n{mark}\n{body}");
        let parsed = parse(text.as_bytes(), "a.md").expect("it is not blank");
        prop_assert!(text.ends_with(&parsed.note.text));
        prop_assert!(!parsed.note.title.is_empty());
    }

    #[test]
    fn any_markdown_parses(text in "[!\\[\\]()<>imgsrc=\"'#`*_\\\\\\n /-]{0,300}") {
        let _ = parse(text.as_bytes(), "a.md");
    }
}
