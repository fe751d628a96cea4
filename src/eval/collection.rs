//! Judged collections: what is searched through, what is asked, what is right.

use super::{EvalError, Judgments, captions};
use crate::disk::{DiskError, list_source};
use crate::import::{self, ImportOptions, Item};
use crate::note::Note;
use crate::query::{Query, Sought, Term};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The endings of a JSON Lines file, as [`import::open`] takes them.
const ENDINGS: [&str; 4] = [".jsonl", ".jsonl.gz", ".ndjson", ".ndjson.gz"];

/// Which way captions and pictures are asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Direction {
    /// Captions are the queries, pictures the notes.
    #[default]
    TextToPicture,
    /// Pictures are the queries, captions the notes.
    PictureToText,
}

/// A judged collection.
#[derive(Debug, Clone)]
pub struct Collection {
    pub(super) name: String,
    pub(super) split: String,
    pub(super) corpus: Corpus,
    pub(super) queries: BTreeMap<String, Query>,
    pub(super) judgments: Judgments,
    /// Whether it is about pictures, so that an encoder must read them.
    pub(super) pictures: bool,
}

/// What is searched through.
#[derive(Debug, Clone)]
pub(super) enum Corpus {
    /// A source of notes, read when it is wanted.
    Source(PathBuf),
    /// Notes.
    Notes(Vec<Note>),
}

impl Collection {
    /// A collection of the caller's own: notes, and what is right for which query. [`Collection::query`] adds what queries ask;
    /// one that is judged and not added is the note with its id.
    #[must_use]
    pub fn new(name: impl Into<String>, notes: Vec<Note>, judgments: Judgments) -> Self {
        let (name, corpus) = (name.into(), Corpus::Notes(notes));
        Self { name, split: String::new(), corpus, queries: BTreeMap::new(), judgments, pictures: false }
    }

    /// Adds what a query asks.
    #[must_use]
    pub fn query(mut self, id: impl Into<String>, query: impl Into<Query>) -> Self {
        self.queries.insert(id.into(), query.into());
        self
    }

    /// Opens a collection from its directory. Lines are checked here, the corpus is read when an index of it is built.
    ///
    /// With a file `captions` (JSON Lines, also gzipped; `id`, `image`, and `caption` or `captions` a line) it is pictures with
    /// captions: each caption is judged right for its own picture alone. `split` keeps the lines whose `split` says so.
    ///
    /// Otherwise it has the layout of the BEIR collections (Thakur et al. 2021, arXiv 2104.08663): `corpus` and `queries`
    /// (JSON Lines, also gzipped; `_id`, `title`, `text` a line) and `qrels/SPLIT.tsv` ([`Judgments::parse`]). Without `split`
    /// there must be only one. A judged query that is not in `queries` is the note with its id: the question is what is
    /// like it. `direction` says nothing there.
    ///
    /// # Errors
    /// [`EvalError`] for what is missing or cannot be read, with file and line where there is one.
    pub fn open(directory: &Path, split: Option<&str>, direction: Direction) -> Result<Self, EvalError> {
        let names = list_source(directory)?;
        let file = |stem: &str| {
            let named = |name: &&String| ENDINGS.iter().any(|ending| name.strip_suffix(ending) == Some(stem));
            names.iter().find(named).map(|name| directory.join(name))
        };
        let name = directory.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = name.unwrap_or_else(|| directory.display().to_string());
        if let Some(corpus) = file("corpus") {
            let (judgments, split) = judgments(directory, split)?;
            let queries = file("queries").map(|path| texts(&path)).transpose()?.unwrap_or_default();
            let corpus = Corpus::Source(corpus);
            return Ok(Self { name, split, corpus, queries, judgments, pictures: false });
        }
        let captions = file("captions").ok_or_else(|| EvalError::NoCollection { path: directory.to_owned() })?;
        captions::collection(name, &captions, split, direction)
    }

    /// Name of the collection.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its judgments.
    #[must_use]
    pub const fn judgments(&self) -> &Judgments {
        &self.judgments
    }

    /// Exchanges the judgments, as for evaluating a part of the queries.
    #[must_use]
    pub fn judged(mut self, judgments: Judgments) -> Self {
        self.judgments = judgments;
        self
    }

    /// What a judged query asks, in words.
    pub(super) fn asked(&self, query: &str) -> String {
        let Some(asked) = self.queries.get(query) else { return format!("like note {query}") };
        let words = |term: &Term| match &term.sought {
            Sought::Text(text) => text.clone(),
            Sought::Picture(_) => "a picture".to_owned(),
            Sought::Vector { .. } => "a vector".to_owned(),
            Sought::Note { id, .. } | Sought::NoteIn { id, .. } => format!("like note {id}"),
        };
        asked.terms.iter().map(words).collect::<Vec<_>>().join("; ")
    }

    /// The notes, and what could not be read.
    pub(super) fn items(&self) -> Result<Box<dyn Iterator<Item = Result<Note, String>> + '_>, EvalError> {
        match &self.corpus {
            Corpus::Notes(notes) => Ok(Box::new(notes.iter().cloned().map(Ok))),
            Corpus::Source(path) => {
                let items = import::open(path, &ImportOptions::default())?;
                Ok(Box::new(items.map(|item| match item {
                    Item::Note(imported) => Ok(imported.note),
                    Item::Skipped(problem) => Err(problem.to_string()),
                })))
            }
        }
    }
}

/// The judgments of a split, and its name.
fn judgments(directory: &Path, split: Option<&str>) -> Result<(Judgments, String), EvalError> {
    let folder = directory.join("qrels");
    let files = match list_source(&folder) {
        Err(DiskError::NotFound { .. }) => return Err(EvalError::NoCollection { path: directory.to_owned() }),
        files => files?,
    };
    let splits: Vec<&str> = files.iter().filter_map(|name| name.strip_suffix(".tsv")).collect();
    let refused = |found: String, remedy| EvalError::Split { path: folder.clone(), found, remedy };
    let split = match (split, splits.as_slice()) {
        (Some(split), _) if splits.contains(&split) => split,
        (None, [only]) => only,
        (_, []) => return Err(refused("no file of judgments".to_owned(), "add qrels/SPLIT.tsv")),
        (Some(_), _) => return Err(refused(format!("the splits {}", splits.join(", ")), "name one of them")),
        (None, _) => return Err(refused(format!("the splits {}", splits.join(", ")), "say which is meant (--split)")),
    };
    let path = folder.join(format!("{split}.tsv"));
    let judgments = Judgments::read(&path)?;
    if judgments.is_empty() {
        return Err(EvalError::NothingJudged { name: path.display().to_string() });
    }
    Ok((judgments, split.to_owned()))
}

/// The queries of a file: the text of each, after its title where it has one.
fn texts(path: &Path) -> Result<BTreeMap<String, Query>, EvalError> {
    let mut queries = BTreeMap::new();
    for item in import::open(path, &ImportOptions::default())? {
        let note = match item {
            Item::Note(imported) => imported.note,
            Item::Skipped(problem) => return Err(EvalError::Source(problem)),
        };
        let text = format!("{} {}", note.title, note.text).trim().to_owned();
        queries.insert(note.id, Query::text(text));
    }
    Ok(queries)
}
