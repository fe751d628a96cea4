//! Names that come from a user or a server, checked before any of them becomes a path.

use super::HubError;

/// Longest id; the hub's own limit.
const LONGEST_ID: usize = 96;

/// Checks a model id: `ORG/NAME`, or `NAME` alone for the oldest models.
pub(super) fn check_id(id: &str) -> Result<(), HubError> {
    let wrong = |why| Err(HubError::Id { id: id.to_owned(), why });
    if id.len() > LONGEST_ID {
        return wrong("it is longer than 96 bytes");
    }
    if id.split('/').count() > 2 {
        return wrong("it has more than one slash");
    }
    if id.contains("--") || id.contains("..") {
        return wrong("it holds -- or ..");
    }
    for part in id.split('/') {
        if part.is_empty() {
            return wrong("a part is empty");
        }
        if !part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
            return wrong("only letters, digits, - _ and . are allowed");
        }
        if part.starts_with(['-', '.']) || part.ends_with(['-', '.']) {
            return wrong("a part begins or ends with - or .");
        }
    }
    Ok(())
}

/// Checks the name of a revision: it becomes a file under `refs`.
pub(super) fn check_revision(revision: &str) -> Result<(), HubError> {
    let characters = revision.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_./+".contains(&byte));
    if characters && revision.len() <= 200 && !revision.starts_with('-') && stays_inside(revision) {
        Ok(())
    } else {
        Err(HubError::Revision { revision: revision.to_owned() })
    }
}

/// Whether a name of the form `a/b/c` stays inside the folder it is put under, on any system.
pub(super) fn stays_inside(name: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    name.split('/').all(part) && !name.chars().any(|c| c.is_control() || c == '\\' || c == ':')
}

/// Whether this is the hash of a commit.
pub(super) fn is_commit(text: &str) -> bool {
    text.len() == 40 && is_lower_hex(text)
}

/// Whether all of it is lower-case hexadecimal.
pub(super) fn is_lower_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_names_and_nothing_else() {
        for id in ["gpt2", "sentence-transformers/all-MiniLM-L6-v2", "nomic-ai/nomic-embed-text-v1.5", "a/_b"] {
            assert!(check_id(id).is_ok(), "{id}");
        }
        let long = "x".repeat(97);
        for id in ["", "/", "a/", "/a", "a/b/c", "../a", "a/..", "a--b", "a/.b", "-a", "a b", "a\\b", "C:a", "ä", &long]
        {
            assert!(matches!(check_id(id), Err(HubError::Id { .. })), "{id}");
        }
    }

    #[test]
    fn revisions_stay_under_refs() {
        for revision in ["main", "v1.0", "refs/pr/1", "0123abc"] {
            assert!(check_revision(revision).is_ok(), "{revision}");
        }
        for revision in ["", "..", "../main", "a/../b", "/main", "a//b", "a\\b", "-x", "a b", "main\n"] {
            assert!(check_revision(revision).is_err(), "{revision}");
        }
    }

    #[test]
    fn names_that_leave_their_folder_are_told() {
        for name in ["config.json", "1_Pooling/config.json", "...", ".gitattributes"] {
            assert!(stays_inside(name), "{name}");
        }
        for name in ["../x", "a/../../x", "/etc/passwd", "a/./b", "a//b", "..\\x", "C:x", "a\0b", ""] {
            assert!(!stays_inside(name), "{name}");
        }
    }
}
