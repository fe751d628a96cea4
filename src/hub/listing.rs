//! What the server holds of a model: names, sizes and checksums, all checked before use.

use super::HubError;
use super::client::{Client, answer, header};
use super::name::{is_commit, is_lower_hex, stays_inside};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use ureq::http::HeaderMap;

/// What stands for itself in a path (RFC 3986), and the slashes between its parts.
const IN_PATH: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');
/// As above in the one part that names a revision.
const IN_PART: AsciiSet = IN_PATH.add(b'/');

/// One state of a model on the server.
pub(super) struct Listing {
    /// The commit that the revision stands for.
    pub(super) commit: String,
    /// All its files.
    pub(super) files: Vec<Listed>,
}

/// A file as the list has it.
pub(super) struct Listed {
    /// Its name, with slashes; it stays inside its folder.
    pub(super) name: String,
    /// Size and checksum, where the list tells them.
    known: Option<Expected>,
}

/// What a file must turn out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expected {
    /// Size in bytes.
    pub(super) size: u64,
    /// The checksum, which is also the name in the cache: 64 digits of SHA-256 for large files, for the others the 40
    /// digits that git gives a blob.
    pub(super) etag: String,
}

#[derive(Deserialize)]
struct Answer {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    #[serde(rename = "blobId")]
    blob_id: Option<String>,
    lfs: Option<Lfs>,
}

#[derive(Deserialize)]
struct Lfs {
    size: Option<u64>,
    sha256: Option<String>,
}

/// Asks for the list of one revision.
pub(super) fn ask(client: &Client<'_>, revision: &str) -> Result<Listing, HubError> {
    let (id, revision) = (client.id, utf8_percent_encode(revision, &IN_PART));
    let url = client.address(&format!("api/models/{id}/revision/{revision}?blobs=true"));
    let text = client.text(&url)?;
    let read: Answer = serde_json::from_slice(&text).map_err(|error| answer(&url, error.to_string()))?;
    if !is_commit(&read.sha) {
        return Err(answer(&url, format!("{:?} is no commit", read.sha)));
    }
    if let Some(hostile) = read.siblings.iter().find(|file| !stays_inside(&file.rfilename)) {
        return Err(HubError::HostileName { id: id.to_owned(), name: hostile.rfilename.clone() });
    }
    let files = read.siblings.into_iter().map(Listed::of).collect();
    Ok(Listing { commit: read.sha, files })
}

impl Listed {
    fn of(sibling: Sibling) -> Self {
        let expected = |size: Option<u64>, etag: Option<String>| {
            Some(Expected { size: size?, etag: etag.filter(|etag| is_checksum(etag))? })
        };
        let known = match sibling.lfs {
            // Git's own blob is only the pointer there.
            Some(lfs) => expected(lfs.size.or(sibling.size), lfs.sha256),
            None => expected(sibling.size, sibling.blob_id),
        };
        Self { name: sibling.rfilename, known }
    }

    /// The address of the file at a commit.
    pub(super) fn address(&self, client: &Client<'_>, commit: &str) -> String {
        client.address(&format!("{}/resolve/{commit}/{}", client.id, utf8_percent_encode(&self.name, &IN_PATH)))
    }

    /// Size and checksum; servers whose lists do not tell them are asked about the file.
    pub(super) fn expected(&self, client: &Client<'_>, commit: &str) -> Result<Expected, HubError> {
        if let Some(known) = &self.known {
            return Ok(known.clone());
        }
        let url = self.address(client, commit);
        let headers = client.head(&url)?;
        announced(&headers).ok_or_else(|| answer(&url, "no size and checksum to hold the file to".to_owned()))
    }
}

/// Size and checksum from the headers of a file.
pub(super) fn announced(headers: &HeaderMap) -> Option<Expected> {
    let etag = header(headers, "x-linked-etag").or_else(|| header(headers, "etag"))?;
    let etag = etag.trim_start_matches("W/").trim_matches('"');
    let size = header(headers, "x-linked-size").or_else(|| header(headers, "content-length"))?.parse().ok()?;
    is_checksum(etag).then(|| Expected { size, etag: etag.to_owned() })
}

/// Whether this is a checksum that can be computed; it becomes the name of a file.
fn is_checksum(text: &str) -> bool {
    (text.len() == 40 || text.len() == 64) && is_lower_hex(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_files_are_held_to_sha_256_and_small_ones_to_git() {
        let one = |json: &str| Listed::of(serde_json::from_str(json).unwrap()).known;
        let (git, sha) = ("a".repeat(40), "b".repeat(64));
        let small = one(&format!(r#"{{"rfilename":"a","size":3,"blobId":"{git}"}}"#));
        assert_eq!(small, Some(Expected { size: 3, etag: git.clone() }));
        let large = one(&format!(
            r#"{{"rfilename":"a","size":9,"blobId":"{git}","lfs":{{"sha256":"{sha}","size":9,"pointerSize":134}}}}"#
        ));
        assert_eq!(large, Some(Expected { size: 9, etag: sha }));
        for unknown in [r#"{"rfilename":"a"}"#, r#"{"rfilename":"a","size":3,"blobId":"../../x"}"#] {
            assert_eq!(one(unknown), None);
        }
    }

    #[test]
    fn headers_of_a_redirect_speak_for_what_it_leads_to() {
        let mut headers = HeaderMap::new();
        headers.insert("etag", "\"short\"".parse().unwrap());
        headers.insert("content-length", "17".parse().unwrap());
        assert_eq!(announced(&headers), None);
        headers.insert("x-linked-etag", format!("\"{}\"", "c".repeat(64)).parse().unwrap());
        headers.insert("x-linked-size", "1000".parse().unwrap());
        assert_eq!(announced(&headers), Some(Expected { size: 1000, etag: "c".repeat(64) }));
    }
}
