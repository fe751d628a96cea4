//! A model's id to a folder of its files: the Hugging Face cache, filled when asked.
//!
//! ```text
//! settings (environment) ─► Hub ─┬─ path, list ─► cache                       never the network
//!                                └─ pull ─► listing ─► choose ─► fetch ─► cache   only through client
//! ```
//!
//! The layout is that of Python's `huggingface_hub` (`models--ORG--NAME/{blobs,refs,snapshots}`), so that both share what
//! either fetched. Only what an encoder needs is fetched: configuration, tokenizer and safetensors, never pickle, which runs
//! code when it is read. Each file is held to the size and checksum that the server announced before it gets its name.
//! Names from the server are checked before they become paths; the token goes to the endpoint's own origin only.
//!
//! Nothing else in uninote speaks to a network, and of this room [`Hub::pull`] alone does.

mod cache;
mod choose;
mod client;
mod error;
mod fetch;
mod kind;
mod listing;
mod name;
mod pull;
mod settings;

pub use error::HubError;

use cache::Repo;
use settings::Token;
use std::ops::ControlFlow;
use std::path::PathBuf;

/// The cache on this machine, and the server that fills it.
#[derive(Debug, Clone)]
pub struct Hub {
    cache: PathBuf,
    endpoint: String,
    token: Option<Token>,
    offline: bool,
}

impl Hub {
    /// As the environment says: `HF_HUB_CACHE`, else `hub` in `HF_HOME`, else in `XDG_CACHE_HOME/huggingface`, else in
    /// `~/.cache/huggingface`; `HF_ENDPOINT`; `HF_TOKEN`, else the file that `hf auth login` writes; `HF_HUB_OFFLINE`.
    ///
    /// # Errors
    /// [`HubError::NoHome`] where no variable and no home directory says where the cache is; [`HubError::Endpoint`].
    pub fn from_env() -> Result<Self, HubError> {
        settings::read(&|name| std::env::var_os(name), std::env::home_dir())
    }

    /// Keeps models in this folder, with one subfolder a model.
    #[must_use]
    pub fn cache(mut self, folder: impl Into<PathBuf>) -> Self {
        self.cache = folder.into();
        self
    }

    /// Asks this server, such as `https://huggingface.co`.
    ///
    /// # Errors
    /// [`HubError::Endpoint`] if it is no `http` or `https` address.
    pub fn endpoint(mut self, address: impl Into<String>) -> Result<Self, HubError> {
        let address = address.into();
        match client::Origin::of(&address) {
            Some(_) => self.endpoint = address.trim_end_matches('/').to_owned(),
            None => return Err(HubError::Endpoint { endpoint: address }),
        }
        Ok(self)
    }

    /// Shows this token to the server; an empty one is none.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.token = settings::clean(token);
        self
    }

    /// Whether the network is forbidden: [`Hub::pull`] then finds what the cache holds, or fails.
    #[must_use]
    pub const fn offline(mut self, offline: bool) -> Self {
        self.offline = offline;
        self
    }

    /// Fetches what the cache lacks of a model, and says where it lies.
    ///
    /// What arrives is kept: a pull that was ended at any moment goes on where it stopped, and no file has its name before
    /// it is complete and checked. `watch` is told each step and may break off.
    ///
    /// # Errors
    /// [`HubError`], each with what to do about it.
    pub fn pull(
        &self,
        id: &str,
        options: &Pull,
        watch: &mut dyn FnMut(Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Pulled, HubError> {
        pull::run(self, id, options, watch)
    }

    /// What [`encode::from_dir`](crate::encode::from_dir) opens of a model in the cache: its folder, or the GGUF file that is
    /// asked for. Never touches the network.
    ///
    /// # Errors
    /// [`HubError::NotCached`]; [`HubError::Id`] and [`HubError::Revision`] for what cannot be a name.
    pub fn path(&self, id: &str, options: &Pull) -> Result<PathBuf, HubError> {
        let repo = Repo::of(&self.cache, id)?;
        name::check_revision(&options.revision)?;
        let cached = repo.commit(&options.revision).and_then(|commit| repo.opened(&commit, options.gguf.as_deref()));
        cached.ok_or_else(|| HubError::NotCached {
            id: id.to_owned(),
            revision: options.revision.clone(),
            gguf: options.gguf.clone(),
            cache: self.cache.clone(),
        })
    }

    /// The models in the cache, by id and commit, also those that other tools fetched. Never touches the network.
    ///
    /// # Errors
    /// [`HubError::Io`] if the cache is there and cannot be read.
    pub fn list(&self) -> Result<Vec<Cached>, HubError> {
        cache::list(&self.cache)
    }
}

/// Which state and which weights of a model to fetch, or to look for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pull {
    /// Branch, tag or commit; `main` unless set.
    pub revision: String,
    /// Instead of safetensors, the one GGUF file whose name holds this, such as `Q8_0`.
    pub gguf: Option<String>,
}

impl Pull {
    /// The newest state, with safetensors.
    #[must_use]
    pub fn new() -> Self {
        Self { revision: "main".to_owned(), gguf: None }
    }

    /// At this branch, tag or commit.
    #[must_use]
    pub fn revision(mut self, revision: impl Into<String>) -> Self {
        self.revision = revision.into();
        self
    }

    /// With the one GGUF file whose name holds `part`, in place of safetensors.
    #[must_use]
    pub fn gguf(mut self, part: impl Into<String>) -> Self {
        self.gguf = Some(part.into());
        self
    }
}

impl Default for Pull {
    fn default() -> Self {
        Self::new()
    }
}

/// How far a pull is.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Progress<'a> {
    /// The file that is being fetched.
    pub file: &'a str,
    /// Bytes of the model that are in the cache.
    pub done: u64,
    /// Bytes of the model.
    pub total: u64,
}

/// A model that is in the cache now.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pulled {
    /// Its folder, or the GGUF file in it that was asked for: what [`encode::from_dir`](crate::encode::from_dir) opens.
    pub path: PathBuf,
    /// The commit that the revision stands for.
    pub commit: String,
    /// How many files were fetched; the others were there.
    pub fetched_files: usize,
    /// Bytes that went over the network for them.
    pub fetched_bytes: u64,
}

/// One state of a model in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cached {
    /// Id of the model.
    pub id: String,
    /// Branches and tags that stand for this commit here.
    pub revisions: Vec<String>,
    /// The commit.
    pub commit: String,
    /// Its folder.
    pub path: PathBuf,
    /// Size of its files in bytes.
    pub bytes: u64,
    /// The kind of model that its configuration names, such as `bert`.
    pub kind: Option<String>,
    /// Whether uninote has an encoder for this kind and the weights are in a form it reads.
    pub readable: bool,
}
