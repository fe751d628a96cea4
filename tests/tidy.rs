//! The house rules as tests: which room may use which, which crate lives where, how large things may grow.
//!
//! `docs/ARCHITECTURE.md` says why. A rule that no test holds does not hold.

#![allow(clippy::unwrap_used, reason = "a check that cannot read the sources has failed")]

#[path = "tidy/source.rs"]
mod source;

use source::{SourceFile, root, rust_files};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

/// What each room may use. `error` and `index-format` are open to every room above the ground floor.
const ROOMS: &[(&str, &[&str])] = &[
    ("note", &[]),
    ("vector", &[]),
    ("disk", &[]),
    ("measure", &[]),
    ("import", &["note"]),
    ("lexical", &[]),
    ("fields", &["note"]),
    ("rank", &["measure", "vector"]),
    ("hub", &["encode"]),
    ("encode", &["disk", "note", "vector"]),
    ("graph", &["vector"]),
    ("error", &["disk", "encode", "fields", "graph", "note", "rank", "vector"]),
    ("duplicates", &["error"]),
    ("segment", &["disk", "error", "note", "vector"]),
    ("query", &["duplicates", "error", "fields", "lexical", "note", "rank", "segment", "vector"]),
    (
        "index",
        &[
            "disk",
            "duplicates",
            "encode",
            "error",
            "fields",
            "graph",
            "lexical",
            "note",
            "query",
            "rank",
            "segment",
            "vector",
        ],
    ),
    ("eval", &["disk", "encode", "error", "import", "index", "measure", "note", "query", "vector"]),
];

/// Each package of the owner's card: its name in code, and the rooms that may name it.
const CARD: &[(&str, &str, &[&str])] = &[
    ("hnsw_rs", "hnsw_rs", &["graph"]),
    ("candle-core", "candle_core", &["encode", "rank"]),
    ("candle-transformers", "candle_transformers", &["encode"]),
    ("memmap2", "memmap2", &["disk"]),
    ("rkyv", "rkyv", &["index-format"]),
    ("crossbeam", "crossbeam", &["index"]),
    ("parking_lot", "parking_lot", &["index", "disk", "graph", "query"]),
    ("simsimd", "simsimd", &["vector"]),
    ("tokenizers", "tokenizers", &["encode"]),
    ("image", "image", &["note"]),
];

/// Packages of the card that come with a later feature, with the feature that docs/ARCHITECTURE.md promises them under.
const CARD_LATER: &[(&str, &str)] = &[];

/// Words that have one room: the word, and where it may stand.
const WORDS: &[(&str, &[&str])] = &[
    // `hub` fills a cache that it shares with other tools; its layout is theirs, and no index lies in it.
    ("std::fs", &["disk", "import", "hub"]),
    ("ureq::", &["hub/client.rs", "hub/listing.rs"]),
    ("unsafe {", &["vector/kernels/", "disk/bytes.rs"]),
    ("nalgebra", &["vector"]),
    ("println!", &["bin"]),
    ("clap", &["bin"]),
];

/// Lines a source file may have.
const FILE_LINES: usize = 300;
/// Lines a function may have.
const FUNCTION_LINES: usize = 70;
/// Files that were larger when the rule came: they may shrink, not grow.
const LARGE_FILES: &[(&str, usize)] = &[];

#[test]
fn rooms_use_only_the_rooms_below_them() {
    let mut wrong = Vec::new();
    let rooms: BTreeMap<&str, &[&str]> = ROOMS.iter().copied().collect();
    for file in rust_files("src") {
        let Some(room) = file.room().filter(|room| *room != "bin" && *room != "lib") else { continue };
        let Some(allowed) = rooms.get(room) else {
            wrong.push(format!("{}: room {room} is not in the table", file.path));
            continue;
        };
        for used in file.rooms_used() {
            if used != room && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{}: {room} must not know {used}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_shell_knows_the_public_api_only() {
    for file in rust_files("src/bin") {
        let code = file.code();
        assert!(!code.contains("index_format"), "{}: the shell goes through uninote's public names", file.path);
        assert!(!code.contains("#[path"), "{}: the shell borrows no source of the library", file.path);
    }
}

#[test]
fn each_package_of_the_card_has_a_room_that_uses_it() {
    let manifests = fs::read_to_string(root().join("Cargo.toml")).unwrap()
        + &fs::read_to_string(root().join("index-format/Cargo.toml")).unwrap();
    for (package, in_code, rooms) in CARD {
        assert!(manifests.contains(&format!("\n{package} = ")), "{package} is not a dependency");
        let users: BTreeSet<String> = all_files()
            .filter(|file| !file.is_test() && file.names_crate(in_code))
            .filter_map(|file| file.room().map(str::to_owned))
            .collect();
        let allowed: BTreeSet<String> = rooms.iter().map(|room| (*room).to_owned()).collect();
        assert!(!users.is_empty(), "{package} is used nowhere");
        assert!(users.is_subset(&allowed), "{package} belongs to {allowed:?}, found in {users:?}");
    }
    let architecture = fs::read_to_string(root().join("docs/ARCHITECTURE.md")).unwrap();
    for (package, feature) in CARD_LATER {
        assert!(!manifests.contains(&format!("\n{package} = ")), "{package} is here: move it to the card's list");
        assert!(architecture.contains(&format!("`{package}` joins with the feature `{feature}`")), "{package}");
    }
}

#[test]
fn words_stay_in_their_room() {
    let mut wrong = Vec::new();
    for file in rust_files("src").into_iter().filter(|file| !file.is_test()) {
        let code = file.code();
        for (word, places) in WORDS {
            let allowed = places.iter().any(|place| file.path.starts_with(&format!("src/{place}")));
            if code.contains(word) && !allowed {
                wrong.push(format!("{}: {word} belongs to {places:?}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn files_and_functions_stay_small() {
    let large: BTreeMap<&str, usize> = LARGE_FILES.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in all_files() {
        let limit = large.get(file.path.as_str()).copied().unwrap_or(FILE_LINES);
        let lines = file.text.lines().count();
        if lines > limit {
            wrong.push(format!("{}: {lines} lines, allowed {limit}", file.path));
        }
        for (name, lines) in file.functions() {
            if lines > FUNCTION_LINES {
                wrong.push(format!("{}: function {name} has {lines} lines, allowed {FUNCTION_LINES}", file.path));
            }
        }
    }
    for (path, _) in LARGE_FILES {
        if !root().join(path).exists() {
            wrong.push(format!("{path} is gone: take it off the list of large files"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_says_what_it_is_and_none_has_a_name_that_says_nothing() {
    let mut wrong = Vec::new();
    for file in all_files() {
        if !file.text.starts_with("//!") {
            wrong.push(format!("{}: does not start with a //! doc", file.path));
        }
        let stem = file.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        if ["util", "utils", "common", "helper", "helpers", "types", "manager", "misc"].contains(&stem) {
            wrong.push(format!("{}: a name that says nothing", file.path));
        }
        for (number, line) in file.text.lines().enumerate() {
            if line.contains(concat!("TO", "DO")) || line.contains(concat!("FIX", "ME")) {
                wrong.push(format!("{}:{}: an open end without an owner", file.path, number + 1));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_unsafe_block_has_its_argument_above_it() {
    for file in all_files() {
        let lines: Vec<&str> = file.text.lines().collect();
        for (number, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            if code.contains("unsafe {") && !file.path.starts_with("tests/") {
                let above = lines[number.saturating_sub(12)..number].join("\n");
                assert!(above.contains("SAFETY:"), "{}:{}: unsafe without its argument", file.path, number + 1);
            }
        }
    }
}

#[test]
fn the_root_of_the_library_stays_narrow() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let names: usize = lib
        .split("pub use ")
        .skip(1)
        .map(|statement| statement.split(';').next().unwrap_or_default())
        .map(|statement| statement.matches(',').count() + 1 - usize::from(statement.trim_end().ends_with(",}")))
        .sum();
    assert!((10..=24).contains(&names), "lib.rs exports {names} names; about 20 is the aim");
}

#[test]
fn nothing_unexplained_lies_at_the_root() {
    let known = [
        "Cargo.toml",
        "Cargo.lock",
        "README.md",
        "CHANGELOG.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "NOTICE",
        "deny.toml",
        "src",
        "index-format",
        "benches",
        "tests",
        "fuzz",
        "docs",
        "examples",
        "target",
    ];
    for entry in fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(
            name.starts_with('.') || known.contains(&name.as_str()),
            "{name} at the root is not in docs/ARCHITECTURE.md"
        );
    }
}

#[test]
fn links_between_documents_lead_somewhere() {
    for document in [
        "README.md",
        "docs/ARCHITECTURE.md",
        "docs/BENCHMARKS.md",
        "docs/ENCODERS.md",
        "docs/EVAL.md",
        "docs/FILTERS.md",
        "docs/MODELS.md",
        "docs/RANKING.md",
        "docs/SECURITY.md",
        "docs/SHELL.md",
        "index-format/SPEC.md",
    ] {
        let path = root().join(document);
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{document}: {error}"));
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let target = target.split('#').next().unwrap_or_default();
            if !target.is_empty() && !target.contains("://") {
                let file = path.parent().unwrap().join(target);
                assert!(file.exists(), "{document}: link to {target} leads nowhere");
            }
        }
    }
}

#[test]
fn each_promise_of_the_readme_names_a_test_that_exists() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let tests: String = rust_files("tests").into_iter().chain(rust_files("src")).map(|file| file.text).collect();
    let table =
        readme.split("## What it promises").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap_or_default();
    let last_cells = table.lines().filter_map(|line| line.strip_suffix(" |")?.rsplit(" | ").next());
    let quoted = last_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let promises: Vec<&str> = quoted.filter(|word| !word.contains('/') && !word.contains('.')).collect();
    assert!(promises.len() >= 8, "the README names {} tests", promises.len());
    for name in promises {
        assert!(tests.contains(&format!("fn {name}(")), "the README promises {name}, and no test has that name");
    }
}

fn all_files() -> impl Iterator<Item = SourceFile> {
    ["src", "index-format/src", "tests", "benches", "examples"].into_iter().flat_map(rust_files)
}
