//! Indexes a folder in memory and answers one question about it.
//!
//! ```text
//! cargo run --release --example quickstart -- [FOLDER] [QUESTION]
//! ```
//!
//! Without arguments: `examples/notes`, and a question about a tap. Nothing is written to disk.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example that shows its answer")]

use std::path::{Path, PathBuf};
use std::time::Instant;
use uninote::import::{self, ImportOptions, Item};
use uninote::{Index, SearchOptions};

/// Characters of a passage shown.
const SHOWN: usize = 160;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let notes = || Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/notes");
    let folder = arguments.next().map_or_else(notes, PathBuf::from);
    let question = arguments.next().unwrap_or_else(|| "how do I stop water leaking in the bathroom".to_owned());

    let started = Instant::now();
    let index = Index::in_memory()?;
    for item in import::open(&folder, &ImportOptions::default())? {
        match item {
            Item::Note(imported) => index.put(imported.note)?,
            Item::Skipped(problem) => eprintln!("{problem}"),
            _ => {}
        }
    }
    let commit = index.commit()?;
    println!("{} notes from {} in {:.1?}", commit.notes, folder.display(), started.elapsed());

    let started = Instant::now();
    let answer = index.search(question.as_str(), &SearchOptions::new().k(5))?;
    println!("{question:?} in {:.1?}\n", started.elapsed());
    for hit in &answer.hits {
        println!("{:.3}  {} ({})", hit.score, hit.title.escape_debug(), hit.id.escape_debug());
        if let Some(passage) = &hit.passage {
            let words: Vec<&str> = passage.text.split_whitespace().collect();
            let shown: String = words.join(" ").chars().filter(|c| !c.is_control()).take(SHOWN).collect();
            println!("       {shown}");
        }
    }
    Ok(())
}
