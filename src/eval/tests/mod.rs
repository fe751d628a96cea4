//! Tests of the room: values against `trec_eval`, collections from files, evaluations, what reports hold, hostile text.

mod collections;
mod evaluating;
mod hostile;
mod pages;
mod real;
mod trec;

use crate::note::Note;

/// A small folder of files.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, content).unwrap();
        }
        folder
    }

    fn path(&self) -> &std::path::Path {
        self.0.path()
    }
}

/// Notes about things that have little to do with each other.
fn notes() -> Vec<Note> {
    let note = |id: &str, title: &str, text: &str| Note::new(id).title(title).text(text);
    vec![
        note("soup", "Tomato soup", "Roast the tomatoes with garlic, then blend them with basil."),
        note("bike", "Mending a puncture", "Take the tyre off the wheel and patch the tube."),
        note("moon", "Phases of the moon", "The moon waxes from new to full within two weeks."),
        note("tax", "Income tax", "File the return before the end of July and keep the receipts."),
    ]
}
