//! The folder of one model in the cache, and the list of all.
//!
//! ```text
//! models--ORG--NAME/blobs/CHECKSUM               the bytes, each once; CHECKSUM.incomplete while they arrive
//! models--ORG--NAME/snapshots/COMMIT/config.json  a link to a blob; a copy where links are not allowed
//! models--ORG--NAME/refs/main                     the commit that a branch or tag stood for when it was last asked
//! .locks/models--ORG--NAME/CHECKSUM.lock          held while a blob is fetched
//! ```

use super::name::{check_id, is_commit};
use super::{Cached, HubError, choose, kind};
use std::fs::{self, File, TryLockError};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How the folders of models begin; those of data sets begin otherwise.
const PREFIX: &str = "models--";
/// Stands for the slash of an id.
const SLASH: &str = "--";
/// How deep a snapshot's folders may lie, so that a circle of links ends.
const DEPTH: usize = 4;
/// How long to wait for another process that fetches the same file.
const PATIENCE: Duration = Duration::from_secs(15);

/// The folder of one model.
pub(super) struct Repo {
    folder: PathBuf,
    locks: PathBuf,
}

impl Repo {
    /// That of an id, there or not.
    pub(super) fn of(cache: &Path, id: &str) -> Result<Self, HubError> {
        check_id(id)?;
        let name = format!("{PREFIX}{}", id.replace('/', SLASH));
        Ok(Self { folder: cache.join(&name), locks: cache.join(".locks").join(name) })
    }

    /// The file of a checksum.
    pub(super) fn blob(&self, etag: &str) -> PathBuf {
        self.folder.join("blobs").join(etag)
    }

    /// The folder of a commit.
    pub(super) fn snapshot(&self, commit: &str) -> PathBuf {
        self.folder.join("snapshots").join(commit)
    }

    /// The commit that a revision stands for here.
    pub(super) fn commit(&self, revision: &str) -> Option<String> {
        if is_commit(revision) {
            return Some(revision.to_owned());
        }
        let commit = fs::read_to_string(self.folder.join("refs").join(revision)).ok()?;
        Some(commit.trim().to_owned()).filter(|commit| is_commit(commit))
    }

    /// What a model is opened from: the folder of a commit, or the GGUF file in it with this in its name; none where that
    /// is not there, or not whole.
    pub(super) fn opened(&self, commit: &str, gguf: Option<&str>) -> Option<PathBuf> {
        let folder = self.complete_snapshot(commit)?;
        let Some(part) = gguf else { return Some(folder) };
        let names = kind::names(&folder);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let one = choose::one_gguf("", &names, part).ok()?;
        names.get(one).map(|name| folder.join(name))
    }

    /// The folder of a commit, if it is a model with whole weights and no link in it leads nowhere.
    fn complete_snapshot(&self, commit: &str) -> Option<PathBuf> {
        let folder = self.snapshot(commit);
        let files = files(&folder, DEPTH).ok()?;
        let marked = files.iter().any(|(path, _)| path.file_name().and_then(|name| name.to_str()).is_some_and(is_mark));
        let whole = marked && kind::has_weights(&folder) && files.iter().all(|(_, size)| size.is_some());
        whole.then_some(folder)
    }

    /// Makes the folders that a blob needs.
    pub(super) fn prepare(&self) -> Result<(), HubError> {
        for folder in [&self.folder.join("blobs"), &self.locks] {
            fs::create_dir_all(folder).map_err(HubError::io("make", folder))?;
        }
        Ok(())
    }

    /// Keeps other processes from fetching the same blob, for as long as the file is open.
    pub(super) fn lock(&self, etag: &str, name: &str) -> Result<File, HubError> {
        let path = self.locks.join(format!("{etag}.lock"));
        let file = File::options().create(true).append(true).open(&path).map_err(HubError::io("open", &path))?;
        let until = Instant::now() + PATIENCE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(file),
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Err(TryLockError::WouldBlock) => return Err(HubError::Busy { file: name.to_owned() }),
                // Some network file systems have no locks. The checksum catches what two writers did to one file.
                Err(TryLockError::Error(_)) => return Ok(file),
            }
        }
    }

    /// Gives a blob its name in a snapshot.
    pub(super) fn show(&self, commit: &str, name: &str, etag: &str) -> Result<(), HubError> {
        let blob = self.blob(etag);
        let path = self.snapshot(commit).join(name);
        let size = fs::metadata(&blob).map_err(HubError::io("look at", &blob))?.len();
        if fs::metadata(&path).is_ok_and(|there| there.len() == size) {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder).map_err(HubError::io("make", folder))?;
        let made = beside(&path);
        // What an interrupted run left would be in the way.
        let _ = fs::remove_file(&made);
        let up = "../".repeat(name.matches('/').count() + 2);
        link(&blob, Path::new(&format!("{up}blobs/{etag}")), &made).map_err(HubError::io("make", &made))?;
        fs::rename(&made, &path).map_err(HubError::io("make", &path))
    }

    /// Notes which commit a branch or tag stands for.
    pub(super) fn note(&self, revision: &str, commit: &str) -> Result<(), HubError> {
        if is_commit(revision) || self.commit(revision).as_deref() == Some(commit) {
            return Ok(());
        }
        let path = self.folder.join("refs").join(revision);
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder).map_err(HubError::io("make", folder))?;
        let made = beside(&path);
        let written = File::create(&made).and_then(|mut file| {
            file.write_all(commit.as_bytes())?;
            file.sync_all()
        });
        written.map_err(HubError::io("write", &made))?;
        fs::rename(&made, &path).map_err(HubError::io("write", &path))
    }
}

/// A name in the same folder for what is not ready.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}

/// A relative link, so that the cache can be moved; where the system forbids links, a second name or a copy.
fn link(blob: &Path, relative: &Path, path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    let linked = std::os::unix::fs::symlink(relative, path);
    #[cfg(windows)]
    let linked = std::os::windows::fs::symlink_file(relative, path);
    linked.or_else(|_| fs::hard_link(blob, path)).or_else(|_| fs::copy(blob, path).map(|_| ()))
}

fn is_mark(name: &str) -> bool {
    choose::marks(name) || choose::is_gguf(name)
}

/// All files under a folder with their sizes; none for a link that leads nowhere.
fn files(folder: &Path, depth: usize) -> io::Result<Vec<(PathBuf, Option<u64>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match fs::metadata(&path) {
            Ok(about) if about.is_dir() && depth > 0 => found.extend(files(&path, depth - 1)?),
            Ok(about) => found.push((path, Some(about.len()))),
            Err(_) => found.push((path, None)),
        }
    }
    Ok(found)
}

/// All models of a cache; an empty list where there is none yet.
pub(super) fn list(cache: &Path) -> Result<Vec<Cached>, HubError> {
    let mut all = Vec::new();
    for folder in entries(cache).map_err(HubError::io("read", cache))? {
        let name = folder.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_prefix(PREFIX));
        let Some(id) = name.map(|name| name.replace(SLASH, "/")).filter(|id| check_id(id).is_ok()) else { continue };
        let refs = folder.join("refs");
        let names = files(&refs, DEPTH).unwrap_or_default();
        let snapshots = folder.join("snapshots");
        for path in entries(&snapshots).map_err(HubError::io("read", &snapshots))? {
            let commit = path.file_name().and_then(|name| name.to_str()).filter(|name| is_commit(name));
            let Some(commit) = commit.map(str::to_owned) else { continue };
            let here = |file: &Path| fs::read_to_string(file).is_ok_and(|text| text.trim() == commit);
            let mut revisions: Vec<String> = names
                .iter()
                .filter(|(file, _)| here(file))
                .filter_map(|(file, _)| Some(file.strip_prefix(&refs).ok()?.to_str()?.replace('\\', "/")))
                .collect();
            revisions.sort();
            let files = files(&path, DEPTH).map_err(HubError::io("read", &path))?;
            let bytes = files.iter().filter_map(|(_, size)| *size).sum();
            let kind = kind::of(&path);
            let readable = kind.as_deref().is_some_and(kind::is_known) && kind::has_weights(&path);
            all.push(Cached { id: id.clone(), revisions, commit, path, bytes, kind, readable });
        }
    }
    all.sort_by(|a, b| (&a.id, &a.commit).cmp(&(&b.id, &b.commit)));
    Ok(all)
}

/// What lies in a folder; nothing where there is no folder.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Ok(entries) => entries.map(|entry| Ok(entry?.path())).collect(),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}
