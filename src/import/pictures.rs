//! Image links into picture files, inside one folder only.

use std::{
    collections::HashSet,
    fs::File,
    io::{self, Read},
    path::{Component, Path, PathBuf},
};

use super::ImageLink;
use crate::note::{MAX_PICTURES, Note, Picture, PictureError, PictureLimits, picture};

/// Finds the pictures that notes of one folder link to.
#[derive(Debug, Clone)]
pub(super) struct PictureFolder {
    /// Canonical path; nothing outside it is ever opened.
    root: PathBuf,
    limits: PictureLimits,
}

/// Why a link gave no picture.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("picture {target:?} is outside the folder; copy it into the folder")]
    Outside { target: String },
    #[error("picture {target:?} is missing; restore it or remove the link")]
    Missing { target: String },
    #[error("picture {target:?} cannot be read: {source}")]
    Unreadable { target: String, source: io::Error },
    #[error("picture {target:?} cannot be used: {source}")]
    Unusable { target: String, source: PictureError },
}

impl PictureFolder {
    /// # Errors
    /// Where the folder cannot be resolved.
    pub(super) fn new(root: &Path, limits: PictureLimits) -> io::Result<Self> {
        Ok(Self { root: root.canonicalize()?, limits })
    }

    /// Adds the linked pictures to `note`, whose file lies in `folder` (relative to the root). Web
    /// addresses are passed over; a file linked twice counts once. Returns what went wrong, by
    /// line.
    pub(super) fn attach(&self, note: &mut Note, folder: &Path, links: Vec<ImageLink>) -> Vec<(u64, String)> {
        let mut problems = Vec::new();
        let (mut tried, mut found) = (HashSet::new(), HashSet::new());
        let local = links.into_iter().filter(|link| is_local(&link.target));
        for link in local.take(MAX_PICTURES) {
            if !tried.insert(link.target.clone()) {
                continue;
            }
            match self.find(folder, &link.target) {
                Ok(path) if found.insert(path.clone()) => {
                    note.pictures.push(Picture::path(path).alt(link.alt));
                }
                Ok(_) => {}
                Err(error) => problems.push((link.line, error.to_string())),
            }
        }
        problems
    }

    /// The canonical path of a link's picture, which was read and is one.
    fn find(&self, folder: &Path, target: &str) -> Result<PathBuf, LinkError> {
        let outside = || LinkError::Outside { target: target.to_owned() };
        let missing = || LinkError::Missing { target: target.to_owned() };
        let unreadable = |source| LinkError::Unreadable { target: target.to_owned(), source };
        let mut found = None;
        for spelling in spellings(target) {
            let inside = within(folder, &spelling).ok_or_else(outside)?;
            match self.root.join(inside).canonicalize() {
                Ok(path) => found = Some(path),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    return Err(unreadable(error));
                }
                Err(_) => continue,
            }
            break;
        }
        let path = found.ok_or_else(missing)?;
        // A symbolic link may have led out.
        if !path.starts_with(&self.root) {
            return Err(outside());
        }
        // A pipe would block for ever.
        if !path.is_file() {
            return Err(missing());
        }
        let bytes = read(&path, self.limits.bytes).map_err(unreadable)?;
        match picture::inspect(&bytes, &self.limits) {
            Ok(_) => Ok(path),
            Err(source) => Err(LinkError::Unusable { target: target.to_owned(), source }),
        }
    }
}

/// The bytes of a file, one more than the limit at most.
fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path)?;
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// False for web addresses, `data:` and other schemes, and links inside the page.
fn is_local(target: &str) -> bool {
    let scheme = target.split_once(':').map(|(scheme, _)| scheme);
    // One letter is a Windows drive, and a drive is outside.
    let has_scheme = scheme.is_some_and(|scheme| {
        scheme.len() > 1
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    });
    !(has_scheme || target.is_empty() || target.starts_with('#') || target.starts_with("//"))
}

/// The file names a target may mean, best first: as written, with its `%20` decoded, and without
/// `?query` and `#fragment`.
fn spellings(target: &str) -> Vec<String> {
    let bare = target.split(['?', '#']).next().unwrap_or(target);
    let mut names = vec![target.to_owned()];
    for name in [percent_decoded(target), percent_decoded(bare)] {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn percent_decoded(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let byte = match rest {
            [b'%', high, low, ..] => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        match byte {
            Some((high, low)) => {
                decoded.push(high << 4 | low);
                rest = rest.get(3..).unwrap_or_default();
            }
            None => {
                decoded.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(decoded).unwrap_or_else(|_| text.to_owned())
}

fn hex_digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// A target as a path relative to the root, without `.` and `..`; `None` where it leads out. A
/// leading `/` means the root.
fn within(folder: &Path, target: &str) -> Option<PathBuf> {
    let from_root = target.trim_start_matches('/');
    let mut path = if from_root.len() < target.len() { PathBuf::new() } else { folder.to_path_buf() };
    for component in Path::new(from_root).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_stay_within_the_root() {
        let folder = Path::new("a/b");
        let within = |target| within(folder, target).map(|path| path.display().to_string());
        assert_eq!(within("p.png").as_deref(), Some("a/b/p.png"));
        assert_eq!(within("./../p.png").as_deref(), Some("a/p.png"));
        assert_eq!(within("/pix/p.png").as_deref(), Some("pix/p.png"));
        assert_eq!(within("../../p.png").as_deref(), Some("p.png"));
        for target in ["../../../p.png", "/../p.png", "../../../a/b/p.png"] {
            assert_eq!(within(target), None, "{target}");
        }
    }

    #[test]
    fn web_addresses_are_not_local() {
        for target in ["https://a.b/c.png", "data:image/png;base64,AA", "//a.b/c.png", "#x", ""] {
            assert!(!is_local(target), "{target}");
        }
        for target in ["a.png", "/pix/a.png", "C:\\a.png", "a b:c/d.png"] {
            assert!(is_local(target), "{target}");
        }
    }

    #[test]
    fn percent_signs_are_decoded() {
        assert_eq!(percent_decoded("a%20b%C3%A9.png"), "a bé.png");
        for kept in ["100%", "%zz", "%+1", "%ff"] {
            assert_eq!(percent_decoded(kept), kept);
        }
        assert_eq!(spellings("a%20b.png?raw=1"), ["a%20b.png?raw=1", "a b.png?raw=1", "a b.png"]);
    }
}
