//! Imports from real folders on disk: order, pictures, bad input.

use std::{fs, io::Write, path::Path};

use flate2::{Compression, write::GzEncoder};
use tempfile::TempDir;

use super::*;
use crate::note::{PictureSource, Value};

mod real;

/// A complete 1 x 1 GIF.
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("made");
        fs::write(path, bytes).expect("written");
    }
    folder
}

fn import(path: &Path) -> Vec<Item> {
    open(path, &ImportOptions::default()).expect("opens").collect()
}

fn notes(items: Vec<Item>) -> Vec<Imported> {
    let note = |item| match item {
        Item::Note(imported) => *imported,
        Item::Skipped(problem) => panic!("skipped: {problem}"),
    };
    items.into_iter().map(note).collect()
}

fn only_note(path: &Path) -> Imported {
    let mut found = notes(import(path));
    assert_eq!(found.len(), 1);
    found.remove(0)
}

/// What is displayed for an item, with the folder's own path removed.
fn report(item: &Item, folder: &Path) -> String {
    let text = match item {
        Item::Note(imported) => imported.note.id.clone(),
        Item::Skipped(problem) => problem.to_string(),
    };
    text.replace(&format!("{}/", folder.display()), "")
}

fn warnings(imported: &Imported, folder: &Path) -> Vec<String> {
    let prefix = format!("{}/", folder.display());
    let shown = imported.warnings.iter().map(Problem::to_string);
    shown.map(|text| text.replace(&prefix, "")).collect()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("written");
    encoder.finish().expect("finished")
}

#[test]
fn a_folder_is_walked_in_order_and_hidden_names_are_left_out() {
    let folder = folder(&[
        ("b.md", b"b"),
        ("a/z.markdown", b"z"),
        ("a/y.TXT", b"y"),
        ("c.jsonl", b"{\"id\":\"c1\",\"text\":\"x\"}\n\n{\"id\":\"c2\",\"text\":\"x\"}"),
        (".hidden.md", b"no"),
        (".git/x.md", b"no"),
        ("code.rs", b"no"),
    ]);
    let items = import(folder.path());
    let ids: Vec<_> = items.iter().map(|item| report(item, folder.path())).collect();
    assert_eq!(ids, ["a/y.TXT", "a/z.markdown", "b.md", "c1", "c2"]);
}

#[test]
fn a_hidden_folder_named_outright_is_imported() {
    let folder = folder(&[(".notes/a.md", b"a")]);
    assert_eq!(only_note(&folder.path().join(".notes")).note.id, "a.md");
}

#[test]
fn a_single_file_has_its_name_as_id() {
    let folder = folder(&[("deep/down/a.md", b"![p](p.gif)"), ("deep/down/p.gif", GIF)]);
    let imported = only_note(&folder.path().join("deep/down/a.md"));
    assert_eq!(imported.note.id, "a.md");
    assert_eq!(imported.note.pictures.len(), 1);
    assert_eq!(imported.origin.line, None);
}

#[test]
fn linked_pictures_are_found_inside_the_folder() {
    let text = b"![One](../pix/a%20b.gif) ![Two](/pix/c.gif) ![again](../pix/../pix/c.gif)\n\
                 ![web](https://example.org/x.png) ![q](/pix/c.gif?raw=true)\n<img src=d.gif alt=D>";
    let folder = folder(&[("notes/n.md", text), ("pix/a b.gif", GIF), ("pix/c.gif", GIF), ("notes/d.gif", GIF)]);
    let imported = only_note(folder.path());
    assert_eq!(warnings(&imported, folder.path()), [""; 0]);
    let root = folder.path().canonicalize().expect("a path");
    let found: Vec<_> =
        imported.note.pictures.iter().map(|picture| (picture.source.clone(), picture.alt.as_str())).collect();
    let at = |path: &str| PictureSource::Path(root.join(path));
    assert_eq!(found, [(at("pix/a b.gif"), "One"), (at("pix/c.gif"), "Two"), (at("notes/d.gif"), "D")]);
}

#[test]
fn bad_image_links_are_warnings_with_file_and_line() {
    let text = b"# T\n![](gone.png)\n![](../secret.gif)\n![](fake.png)\n![](sub)\n![](/../secret.gif)\n";
    let folder =
        folder(&[("in/n.md", text), ("in/fake.png", b"not a picture"), ("in/sub/x.gif", GIF), ("secret.gif", GIF)]);
    let imported = only_note(&folder.path().join("in"));
    assert!(imported.note.pictures.is_empty());
    let found = warnings(&imported, folder.path());
    let starts = [
        "in/n.md:2: picture \"gone.png\" is missing",
        "in/n.md:3: picture \"../secret.gif\" is outside the folder",
        "in/n.md:4: picture \"fake.png\" cannot be used: not a PNG",
        "in/n.md:5: picture \"sub\" is missing",
        "in/n.md:6: picture \"/../secret.gif\" is outside the folder",
    ];
    assert_eq!(found.len(), starts.len());
    for (warning, start) in found.iter().zip(starts) {
        assert!(warning.starts_with(start), "{warning}");
    }
}

#[cfg(unix)]
#[test]
fn symbolic_links_do_not_lead_out() {
    use std::os::unix::fs::symlink;
    let folder = folder(&[
        ("in/n.md", b"![](out.gif) ![](dir/secret.gif)"),
        ("out/secret.gif", GIF),
        ("out/other.md", b"other"),
    ]);
    let inside = folder.path().join("in");
    symlink(folder.path().join("out/secret.gif"), inside.join("out.gif")).expect("linked");
    symlink(folder.path().join("out"), inside.join("dir")).expect("linked");
    let imported = only_note(&inside);
    assert!(imported.note.pictures.is_empty());
    let found = warnings(&imported, folder.path());
    assert_eq!(found.len(), 2);
    assert!(found.iter().all(|warning| warning.contains("outside the folder")));
}

#[test]
fn bad_markdown_files_are_skipped_with_a_reason() {
    let folder = folder(&[("a-empty.md", b""), ("b-latin1.md", b"ok\ncaf\xE9"), ("c-fine.md", b"fine")]);
    let items = import(folder.path());
    let found: Vec<_> = items.iter().map(|item| report(item, folder.path())).collect();
    assert_eq!(found[0], "a-empty.md: the file is empty; write something into it or remove it");
    assert!(found[1].starts_with("b-latin1.md:2: the file is not UTF-8 text: bad byte at offset 6"));
    assert_eq!(found[2], "c-fine.md");
}

#[cfg(unix)]
#[test]
fn strange_file_names_are_skipped_or_kept() {
    use std::os::unix::ffi::OsStrExt;
    let long_name = format!("{}/{}/{}.md", "e".repeat(200), "f".repeat(200), "g".repeat(200));
    let too_long = ["h"; 6].map(|part| part.repeat(200)).join("/") + ".md";
    let folder = folder(&[("d\ne.md", b"a newline"), (&long_name, b"long"), (&too_long, b"too long")]);
    let not_utf8 = folder.path().join(std::ffi::OsStr::from_bytes(b"z\xFF.md"));
    fs::write(not_utf8, b"bytes").expect("written");
    let items = import(folder.path());
    let found: Vec<_> = items.iter().map(|item| report(item, folder.path())).collect();
    assert!(found[0].contains("control character '\\n'"), "{}", found[0]);
    assert_eq!(found[1], long_name);
    assert!(found[2].contains("the id is 1208 bytes long"), "{}", found[2]);
    assert!(found[3].contains("the file name is not UTF-8"), "{}", found[3]);
}

#[test]
fn a_file_beyond_the_limit_is_skipped() {
    let folder = folder(&[("a.md", &[b'x'; 101]), ("b.md", &[b'x'; 100])]);
    let options = ImportOptions { max_file_bytes: 100, ..ImportOptions::default() };
    let items: Vec<_> = open(folder.path(), &options).expect("opens").collect();
    let found: Vec<_> = items.iter().map(|item| report(item, folder.path())).collect();
    assert!(found[0].starts_with("a.md: the file is larger than 100 bytes"));
    assert_eq!(found[1], "b.md");
}

#[test]
fn ten_megabytes_of_text_are_one_note() {
    let text = "All work and no play. ".repeat(500_000);
    let folder = folder(&[("a.md", text.as_bytes())]);
    assert_eq!(only_note(folder.path()).note.text.len(), text.len());
}

#[test]
fn a_bad_line_in_the_middle_is_skipped_and_the_rest_goes_on() {
    let lines = b"\xEF\xBB\xBF{\"id\":1,\"text\":\"a\"}\r\n{\"id\":2,\"text\":\n  \n{\"id\":3}\n\
        {\"id\":4,\"text\":\"d\",\"when\":{\"read_at\":\"2021-03-11\"}}\n{\"id\":\"x\\ny\",\"text\":\"e\"}";
    for (name, bytes) in [("n.ndjson", lines.to_vec()), ("n.jsonl.gz", gzip(lines))] {
        let folder = folder(&[(name, &bytes)]);
        let items = import(&folder.path().join(name));
        let found: Vec<_> = items.iter().map(|item| report(item, folder.path())).collect();
        assert_eq!(found.len(), 5, "{found:?}");
        assert_eq!((found[0].as_str(), found[3].as_str()), ("1", "4"));
        assert!(found[1].starts_with(&format!("{name}:2: the line is not valid JSON")));
        assert!(found[2].starts_with(&format!("{name}:4: note \"3\" has no title")));
        assert!(found[4].starts_with(&format!("{name}:6: the id")));
        let Item::Note(four) = &items[3] else {
            panic!("a note");
        };
        assert_eq!(four.origin.line, Some(5));
        let instant = Value::DateTime(1_615_420_800_000);
        assert_eq!(four.note.fields["when.read_at"], instant);
    }
}

#[test]
fn pictures_of_json_lines_lie_beside_the_file() {
    let lines = br#"{"id":1,"image":"p/a.gif"}
{"id":2,"text":"t","pictures":["../b.gif",{"path":"/p/a.gif","alt":"A"}]}
{"id":3,"pictures":["gone.gif"]}"#;
    let folder = folder(&[("in/n.jsonl", lines), ("in/p/a.gif", GIF), ("b.gif", GIF)]);
    let mut items = import(folder.path());
    let last = items.pop().expect("three items");
    let found = notes(items);
    assert_eq!(found[0].note.pictures.len(), 1);
    assert_eq!(found[1].note.pictures[0].alt, "A");
    let warning = &warnings(&found[1], folder.path())[0];
    assert!(warning.starts_with("in/n.jsonl:2: picture \"../b.gif\" is outside"));
    let skipped = report(&last, folder.path());
    assert!(skipped.contains("no picture") && skipped.contains("\"gone.gif\" is missing"));
}

#[test]
fn a_line_beyond_the_limit_is_skipped() {
    let lines = format!("{{\"id\":1,\"text\":\"{}\"}}\n{{\"id\":2,\"text\":\"x\"}}", "y".repeat(99));
    let folder = folder(&[("a.jsonl", lines.as_bytes())]);
    let options = ImportOptions { max_line_bytes: 50, ..ImportOptions::default() };
    let items: Vec<_> = open(folder.path(), &options).expect("opens").collect();
    let found: Vec<_> = items.iter().map(|item| report(item, folder.path())).collect();
    assert!(found[0].starts_with("a.jsonl:1: the line is longer than 50 bytes"));
    assert_eq!(found[1], "2");
}

#[test]
fn a_cut_gzip_file_gives_what_it_still_holds() {
    let lines: String = (0..5_000).map(|n| format!("{{\"id\":{n},\"text\":\"number {}\"}}\n", n * n)).collect();
    let whole = gzip(lines.as_bytes());
    let folder = folder(&[("a.jsonl.gz", &whole[..whole.len() / 2])]);
    let items = import(folder.path());
    assert!(items.len() > 100);
    let (last, rest) = items.split_last().expect("items");
    assert!(rest.iter().all(|item| matches!(item, Item::Note(_))));
    assert!(report(last, folder.path()).contains("the rest of the file is lost"));
}

#[test]
fn sources_that_cannot_be_opened_are_errors() {
    let folder = folder(&[("a.pdf", b"%PDF"), ("plain.gz", b"")]);
    let open = |name: &str| match open(&folder.path().join(name), &ImportOptions::default()) {
        Ok(_) => panic!("{name} opened"),
        Err(error) => error,
    };
    assert!(matches!(open("none.md"), ImportError::Missing { .. }));
    for name in ["a.pdf", "plain.gz"] {
        let error = open(name);
        assert!(matches!(error, ImportError::Unsupported { .. }));
        assert!(error.to_string().contains(".jsonl.gz"), "{error}");
    }
}

#[test]
fn an_empty_folder_gives_nothing() {
    assert_eq!(import(folder(&[]).path()).len(), 0);
}
