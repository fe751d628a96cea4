//! Reading the project's own sources as text, well enough to hold rules against them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// One source file.
pub(crate) struct SourceFile {
    /// Path from the root, with `/` between parts.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// All Rust files under a folder of the repository, in order.
pub(crate) fn rust_files(folder: &str) -> Vec<SourceFile> {
    let mut files = Vec::new();
    collect(&root().join(folder), &mut files);
    files.sort_by(|left, right| left.path.cmp(&right.path));
    files
}

fn collect(folder: &Path, files: &mut Vec<SourceFile>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for path in entries.map(|entry| entry.unwrap().path()) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if path.is_dir() && name != "target" && name != "compare" {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root()).unwrap().to_string_lossy().replace('\\', "/");
            files.push(SourceFile { path: relative, text: fs::read_to_string(&path).unwrap() });
        }
    }
}

impl SourceFile {
    /// The room a file of the library belongs to.
    pub(crate) fn room(&self) -> Option<&str> {
        if self.path.starts_with("index-format/") {
            return Some("index-format");
        }
        let first = self.path.strip_prefix("src/")?.split('/').next()?;
        Some(first.trim_end_matches(".rs"))
    }

    /// Whether the file holds tests only.
    pub(crate) fn is_test(&self) -> bool {
        let name = self.path.rsplit('/').next().unwrap_or_default();
        name.ends_with("tests.rs") || self.path.contains("/tests/") || self.path.starts_with("tests/")
    }

    /// The text without comments and without inline tests.
    pub(crate) fn code(&self) -> String {
        let end = self.text.find("#[cfg(test)]\nmod tests {").unwrap_or(self.text.len());
        let lines = self.text[..end].lines();
        lines.filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
    }

    /// The rooms this file names through `crate::`.
    pub(crate) fn rooms_used(&self) -> BTreeSet<String> {
        if self.is_test() {
            return BTreeSet::new();
        }
        let code = self.code();
        let word =
            |rest: &str| rest.split(|c: char| !(c.is_ascii_lowercase() || c == '_')).next().unwrap_or("").to_owned();
        code.split("crate::").skip(1).map(word).filter(|room| !room.is_empty()).collect()
    }

    /// Whether the file names a crate in a path.
    pub(crate) fn names_crate(&self, name: &str) -> bool {
        let code = self.code();
        code.match_indices(&format!("{name}::")).any(|(at, _)| {
            let before = code[..at].chars().next_back();
            before.is_none_or(|before| !before.is_alphanumeric() && before != '_' && before != ':')
        })
    }

    /// Names and lengths of the functions, by the indentation of their braces (the sources are formatted).
    pub(crate) fn functions(&self) -> Vec<(String, usize)> {
        let lines: Vec<&str> = self.text.lines().collect();
        let mut found = Vec::new();
        for (start, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let Some(at) = line.find("fn ").filter(|at| is_function_start(&line[..*at])) else { continue };
            let close = format!("{}}}", " ".repeat(indent));
            let Some(length) = lines[start..].iter().position(|line| *line == close) else { continue };
            let name = line[at + 3..].split(['(', '<']).next().unwrap_or_default();
            found.push((name.to_owned(), length + 1));
        }
        found
    }
}

fn is_function_start(before: &str) -> bool {
    let words: Vec<&str> = before.split_whitespace().collect();
    words.iter().all(|word| {
        word.starts_with("pub") || ["const", "async", "unsafe", "extern"].contains(word) || word.ends_with(')')
    })
}
