//! What can go wrong between a model id and its folder, with the facts and the remedy in each message.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A failure of a [`Hub`](super::Hub).
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HubError {
    /// Not an id of a model.
    #[error("{id:?} is no model id: {why}; ids look like sentence-transformers/all-MiniLM-L6-v2")]
    Id {
        /// What was given.
        id: String,
        /// What does not hold.
        why: &'static str,
    },
    /// Not a name of a revision.
    #[error("{revision:?} is no revision; give a branch, a tag or a commit, such as main")]
    Revision {
        /// What was given.
        revision: String,
    },
    /// Not an address that models can be fetched from.
    #[error(
        "the endpoint {endpoint:?} is no address; set HF_ENDPOINT to one like https://huggingface.co, or to nothing"
    )]
    Endpoint {
        /// What was given.
        endpoint: String,
    },
    /// Neither the environment nor the system says where the cache is.
    #[error("no home directory is known; set HF_HOME to the folder that shall hold models")]
    NoHome,
    /// The model is not in the cache, and nobody asked the network.
    #[error(
        "{id} at revision {revision}{} is not in the cache {cache}; fetch it with `uninote model pull {id}{}`",
        in_words(.gguf.as_deref()), .gguf.as_ref().map_or_else(String::new, |part| format!(" --gguf {part}"))
    )]
    NotCached {
        /// The model.
        id: String,
        /// The revision.
        revision: String,
        /// What the name of the one GGUF file should hold, where one is asked for.
        gguf: Option<String>,
        /// Where was looked.
        cache: PathBuf,
    },
    /// The model is not in the cache, and the network may not be used.
    #[error(
        "{id} at revision {revision}{} is not in the cache {cache}, and HF_HUB_OFFLINE forbids the network; unset it, or \
         copy the model's folder there from another machine",
        in_words(.gguf.as_deref())
    )]
    Offline {
        /// The model.
        id: String,
        /// The revision.
        revision: String,
        /// What the name of the one GGUF file should hold, where one is asked for.
        gguf: Option<String>,
        /// Where was looked.
        cache: PathBuf,
    },
    /// The server wants to know who asks, or does not give it to this one.
    #[error(
        "the server refused {id} (status {status}): {} and set HF_TOKEN to a token that may read it",
        if *.gated { "accept its licence on its page" } else { "ask its owner for access" }
    )]
    Denied {
        /// The model.
        id: String,
        /// 401 or 403.
        status: u16,
        /// Whether the server says that a licence has to be accepted first.
        gated: bool,
    },
    /// The server knows no such model, revision or file.
    #[error("{endpoint} has no {what}; check the spelling (a private model needs HF_TOKEN as well)")]
    NotFound {
        /// The model, revision or file.
        what: String,
        /// The server.
        endpoint: String,
    },
    /// No connection, or one that broke again and again.
    #[error("cannot fetch {url}: {why}; check the network, then try again: what has arrived is kept")]
    Unreachable {
        /// What was asked for.
        url: String,
        /// What the system or the client said.
        why: String,
    },
    /// The server could not prove who it is.
    #[error(
        "the certificate of {url} is not trusted: {why}; check the machine's clock, and where a proxy or HF_ENDPOINT has a \
         certificate of its own, add its authority to those that the system trusts"
    )]
    Untrusted {
        /// What was asked for.
        url: String,
        /// What is wrong with the certificate.
        why: String,
    },
    /// An answer that is no answer.
    #[error("unexpected answer for {url}: {why}; check HF_ENDPOINT, or try again later")]
    Answer {
        /// What was asked for.
        url: String,
        /// What was wrong with it.
        why: String,
    },
    /// The server's list holds a name that leads out of the model's folder.
    #[error(
        "the files of {id} include {name:?}, which leads out of its folder; nothing was fetched, do not trust this source"
    )]
    HostileName {
        /// The model.
        id: String,
        /// The name.
        name: String,
    },
    /// The repository holds no weights that can be read.
    #[error("{id} holds no {wanted}; it has {found}. {remedy}")]
    NoWeights {
        /// The model.
        id: String,
        /// What was looked for.
        wanted: String,
        /// The weights that it has, in words.
        found: String,
        /// What could be done.
        remedy: &'static str,
    },
    /// What arrived is not what the server announced.
    #[error("{file} arrived damaged: expected {expected}, got {found}; it was thrown away, try again")]
    Mismatch {
        /// The file.
        file: String,
        /// Size or checksum that was announced.
        expected: String,
        /// Size or checksum that came.
        found: String,
    },
    /// The disk has no room.
    #[error("{path} has room for {available} bytes, {needed} are needed; make room, or set HF_HOME to another disk")]
    DiskFull {
        /// Where the model would go.
        path: PathBuf,
        /// Bytes still to fetch.
        needed: u64,
        /// Bytes that are free.
        available: u64,
    },
    /// Another process fetches the same file.
    #[error("another process is fetching {file}; wait for it, then try again")]
    Busy {
        /// The file.
        file: String,
    },
    /// The system refused.
    #[error("cannot {op} {path}: {source}; check the permissions of the cache")]
    Io {
        /// What was tried, as a verb.
        op: &'static str,
        /// The file or folder it was tried on.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The caller's watcher said stop.
    #[error("cancelled by the caller; what has arrived is kept")]
    Cancelled,
}

/// Which weights are meant.
fn in_words(gguf: Option<&str>) -> String {
    gguf.map_or_else(String::new, |part| format!(", with one GGUF file with {part:?} in its name,"))
}

impl HubError {
    /// Wraps what the system said about a file or folder.
    pub(super) fn io(op: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| match source.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
                let available = fs4::available_space(path.parent().unwrap_or(&path)).unwrap_or(0);
                Self::DiskFull { path, needed: available + 1, available }
            }
            _ => Self::Io { op, path, source },
        }
    }

    /// Whether trying again soon may help.
    pub(super) const fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
