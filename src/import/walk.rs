//! From a path on disk to a stream of items.

use std::{
    fs::{self, File},
    io::{self, BufRead, BufReader, Read},
    iter,
    path::{Path, PathBuf},
};

use flate2::bufread::MultiGzDecoder;
use walkdir::{DirEntry, WalkDir};

use super::{
    ImportError, ImportOptions, Imported, Item, Items, Origin, Parsed, Problem, jsonl,
    lines::{Line, LineReader},
    markdown,
    pictures::PictureFolder,
};

/// The extensions that are read, for messages.
pub(super) const SUPPORTED: &str = ".md, .markdown, .txt, .jsonl, .ndjson, .jsonl.gz or .ndjson.gz";

const MARKDOWN: [&str; 3] = [".md", ".markdown", ".txt"];
const JSON_LINES: [&str; 2] = [".jsonl", ".ndjson"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Markdown,
    JsonLines { gzip: bool },
}

impl Kind {
    fn of(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
        if MARKDOWN.iter().any(|end| name.ends_with(end)) {
            return Some(Self::Markdown);
        }
        let (name, gzip) = match name.strip_suffix(".gz") {
            Some(name) => (name, true),
            None => (name.as_str(), false),
        };
        let json_lines = JSON_LINES.iter().any(|end| name.ends_with(end));
        json_lines.then_some(Self::JsonLines { gzip })
    }
}

/// See [`super::open`].
pub(super) fn open(path: &Path, options: &ImportOptions) -> Result<Items, ImportError> {
    let unreadable = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => ImportError::Missing { path: path.to_owned() },
        _ => ImportError::Unreadable { path: path.to_owned(), source },
    };
    let metadata = fs::metadata(path).map_err(unreadable)?;
    if metadata.is_dir() {
        // Seen now, an unreadable folder is an error and not an empty import.
        fs::read_dir(path).map_err(unreadable)?;
        let folder = Folder::new(path, path, options).map_err(unreadable)?;
        return Ok(folder.items());
    }
    let kind = Kind::of(path).filter(|_| metadata.is_file());
    let Some(kind) = kind else {
        return Err(ImportError::Unsupported { path: path.to_owned() });
    };
    File::open(path).map_err(unreadable)?;
    let parent = path.parent().unwrap_or(Path::new(""));
    let picture_root = match parent.as_os_str().is_empty() {
        true => Path::new("."),
        false => parent,
    };
    let folder = Folder::new(parent, picture_root, options).map_err(unreadable)?;
    Ok(folder.file(path, kind))
}

/// One import: the folder that ids and pictures are relative to.
struct Folder {
    root: PathBuf,
    pictures: PictureFolder,
    options: ImportOptions,
}

impl Folder {
    fn new(root: &Path, picture_root: &Path, options: &ImportOptions) -> io::Result<Self> {
        Ok(Self {
            root: root.to_owned(),
            pictures: PictureFolder::new(picture_root, options.pictures)?,
            options: options.clone(),
        })
    }

    /// All files under the root.
    fn items(self) -> Items {
        let walk = WalkDir::new(&self.root).sort_by_file_name();
        let mut entries = walk.into_iter().filter_entry(is_visible);
        let mut current: Items = Box::new(iter::empty());
        Box::new(iter::from_fn(move || {
            loop {
                if let Some(item) = current.next() {
                    return Some(item);
                }
                let entry = match entries.next()? {
                    Ok(entry) => entry,
                    Err(error) => return Some(Item::Skipped(self.walk_problem(&error))),
                };
                if let Some(kind) = Kind::of(entry.path()).filter(|_| entry.file_type().is_file()) {
                    current = self.file(entry.path(), kind);
                }
            }
        }))
    }

    fn file(&self, path: &Path, kind: Kind) -> Items {
        match kind {
            Kind::Markdown => Box::new(iter::once(self.markdown(path))),
            Kind::JsonLines { gzip } => match self.json_lines(path, gzip) {
                Ok(lines) => Box::new(lines),
                Err(error) => Box::new(iter::once(skipped(path, None, unreadable(&error)))),
            },
        }
    }

    fn markdown(&self, path: &Path) -> Item {
        let inside = path.strip_prefix(&self.root).unwrap_or(path);
        let Some(id) = id(inside) else {
            let why = "the file name is not UTF-8; rename the file".to_owned();
            return skipped(path, None, why);
        };
        let bytes = match self.read(path) {
            Ok(bytes) => bytes,
            Err(why) => return skipped(path, None, why),
        };
        match markdown::parse(&bytes, &id) {
            Ok(parsed) => {
                let folder = inside.parent().unwrap_or(Path::new(""));
                finish(parsed, &self.pictures, folder, place(path, None))
            }
            Err(error) => skipped(path, error.line(), error.to_string()),
        }
    }

    /// The whole file, or why not.
    fn read(&self, path: &Path) -> Result<Vec<u8>, String> {
        let limit = self.options.max_file_bytes;
        let mut bytes = Vec::new();
        let read = File::open(path).and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes));
        match read {
            Ok(_) if bytes.len() as u64 > limit => {
                Err(format!("the file is larger than {limit} bytes; split it into several notes"))
            }
            Ok(_) => Ok(bytes),
            Err(error) => Err(unreadable(&error)),
        }
    }

    fn json_lines(&self, path: &Path, gzip: bool) -> io::Result<JsonLines> {
        let file = BufReader::with_capacity(1 << 16, File::open(path)?);
        let reader: Box<dyn BufRead + Send> = match gzip {
            true => Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(file))),
            false => Box::new(file),
        };
        let parent = path.parent().filter(|parent| *parent != Path::new(""));
        Ok(JsonLines {
            lines: LineReader::new(reader, self.options.max_line_bytes),
            max_line_bytes: self.options.max_line_bytes,
            pictures: PictureFolder::new(parent.unwrap_or(Path::new(".")), self.options.pictures)?,
            path: path.to_owned(),
            line: 0,
            ended: false,
        })
    }

    fn walk_problem(&self, error: &walkdir::Error) -> Problem {
        let why = match error.io_error() {
            Some(io) => unreadable(io),
            None => error.to_string(),
        };
        Problem { origin: place(error.path().unwrap_or(&self.root), None), why }
    }
}

/// The notes of one JSON Lines file.
struct JsonLines {
    lines: LineReader<Box<dyn BufRead + Send>>,
    max_line_bytes: usize,
    pictures: PictureFolder,
    path: PathBuf,
    line: u64,
    ended: bool,
}

impl Iterator for JsonLines {
    type Item = Item;

    fn next(&mut self) -> Option<Item> {
        while !self.ended {
            self.line += 1;
            let line = Some(self.line);
            let bytes = match self.lines.next_line() {
                Ok(None) => break,
                Ok(Some(Line::Whole(bytes))) => bytes,
                Ok(Some(Line::TooLong)) => {
                    let limit = self.max_line_bytes;
                    let why = format!("the line is longer than {limit} bytes; split the note");
                    return Some(skipped(&self.path, line, why));
                }
                Err(error) => {
                    self.ended = true;
                    let why = format!("{}; the rest of the file is lost", unreadable(&error));
                    return Some(skipped(&self.path, line, why));
                }
            };
            let bytes = match self.line {
                1 => bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes),
                _ => bytes,
            };
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            return Some(match jsonl::parse_line(bytes, self.line) {
                Ok(parsed) => {
                    let origin = place(&self.path, line);
                    finish(parsed, &self.pictures, Path::new(""), origin)
                }
                Err(error) => skipped(&self.path, line, error.to_string()),
            });
        }
        None
    }
}

/// Pictures and validation: what makes a parsed note an item.
fn finish(parsed: Parsed, pictures: &PictureFolder, folder: &Path, origin: Origin) -> Item {
    let Parsed { mut note, image_links, vector, warnings } = parsed;
    let remarks = warnings.into_iter().map(|remark| (remark.line, remark.why));
    let broken_links = pictures.attach(&mut note, folder, image_links);
    let warnings: Vec<Problem> = remarks
        .chain(broken_links)
        .map(|(line, why)| Problem { origin: place(&origin.path, Some(line)), why })
        .collect();
    if let Err(error) = note.validate_with(vector.is_some()) {
        // A note whose only content was a broken picture: say that, too.
        let also = warnings.iter().map(|warning| format!(" ({})", warning.why));
        let why = error.to_string() + &also.take(1).collect::<String>();
        return Item::Skipped(Problem { origin, why });
    }
    Item::Note(Box::new(Imported { note, vector, origin, warnings }))
}

fn is_visible(entry: &DirEntry) -> bool {
    let hidden = entry.file_name().as_encoded_bytes().starts_with(b".");
    entry.depth() == 0 || !hidden
}

/// A relative path with `/` between its parts.
fn id(inside: &Path) -> Option<String> {
    let parts: Option<Vec<&str>> = inside.iter().map(|part| part.to_str()).collect();
    parts.map(|parts| parts.join("/"))
}

fn place(path: &Path, line: Option<u64>) -> Origin {
    let path = path.to_owned();
    Origin { path, line }
}

fn skipped(path: &Path, line: Option<u64>, why: String) -> Item {
    let origin = place(path, line);
    Item::Skipped(Problem { origin, why })
}

fn unreadable(error: &io::Error) -> String {
    format!("cannot be read: {error}")
}
