//! Imports of real collections: the notes of `examples`, and, where they are at hand, those under the folder named by
//! `UNINOTE_DATA` or else `../shared/data`.

use std::path::PathBuf;

use super::*;

fn data(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("UNINOTE_DATA").unwrap_or("../shared/data".into());
    let path = PathBuf::from(root).join(name);
    if !path.exists() {
        println!("skipped: {} is not there; set UNINOTE_DATA", path.display());
        return None;
    }
    Some(path)
}

#[test]
fn the_example_notes() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/notes");
    let found = notes(import(&path));
    assert!(found.len() >= 30, "{} notes", found.len());
    let pictures: usize = found.iter().map(|f| f.note.pictures.len()).sum();
    assert!(pictures >= 12, "{pictures} pictures");
    for imported in &found {
        let Imported { note, warnings, .. } = imported;
        assert_eq!(warnings, &[], "{}", note.id);
        assert!(note.created.is_some() && !note.title.is_empty(), "{}", note.id);
        assert!(matches!(note.fields["tags"], Value::Tags(_)), "{}", note.id);
        assert!(note.pictures.iter().all(|picture| !picture.alt.is_empty()), "{}", note.id);
    }
}

#[test]
fn a_real_folder_of_recipes() {
    let Some(path) = data("recipes") else { return };
    let found = notes(import(&path));
    let recipes: Vec<_> = found.iter().filter(|f| f.note.id.ends_with(".md")).collect();
    assert_eq!(recipes.len(), 349);
    let pictures: usize = recipes.iter().map(|f| f.note.pictures.len()).sum();
    let with = |name: &str| recipes.iter().filter(|f| f.note.fields.contains_key(name)).count();
    let dated = recipes.iter().filter(|f| f.note.created.is_some()).count();
    println!("{pictures} pictures, {} tagged, {dated} dated", with("tags"));
    for imported in &found {
        for warning in &imported.warnings {
            println!("{warning}");
        }
    }
    assert!(pictures >= 130, "{pictures} pictures");
    assert!(with("tags") >= 348 && dated >= 349);
    let macaroni = recipes.iter().find(|f| f.note.id == "aelplermagronen.md");
    let macaroni = &macaroni.expect("the first recipe").note;
    assert_eq!(macaroni.title, "Älplermagronen (Alpine macaroni)");
    assert_eq!(macaroni.created, Some(1_615_420_800_000));
    let tags = Value::from(["swiss", "pork", "potato", "pasta"]);
    assert_eq!(macaroni.fields["tags"], tags);
    assert_eq!(macaroni.pictures[0].alt, "Älplermagronen");
}

#[test]
fn real_scientific_abstracts() {
    let Some(path) = data("scifact/corpus.jsonl.gz") else {
        return;
    };
    let found = notes(import(&path));
    assert_eq!(found.len(), 5_183);
    let complete = |f: &Imported| !f.note.title.is_empty() && !f.note.text.is_empty();
    assert!(found.iter().all(|f| complete(f) && f.warnings.is_empty()));
}

#[test]
fn real_package_descriptions() {
    let Some(path) = data("debian-descriptions/packages.jsonl.gz") else {
        return;
    };
    let items = open(&path, &ImportOptions::default()).expect("opens");
    let (mut count, mut with_size) = (0, 0);
    for item in items {
        let Item::Note(imported) = item else {
            panic!("{}", report(&item, &path));
        };
        count += 1;
        let sized = imported.note.fields.get("installed_size_kb");
        with_size += usize::from(matches!(sized, Some(Value::Integer(_))));
    }
    assert_eq!(count, 63_666);
    assert!(with_size > 60_000, "{with_size}");
}
