//! A cache of its own for each test, and the binary run with it.

use crate::server::Server;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A temporary `HF_HOME`.
pub(crate) struct Sandbox {
    folder: tempfile::TempDir,
    endpoint: String,
}

/// How a command ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Sandbox {
    pub(crate) fn at(server: &Server) -> Self {
        Self { folder: tempfile::tempdir().unwrap(), endpoint: server.address() }
    }

    /// With a server that nobody should ask.
    pub(crate) fn alone() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), endpoint: "http://127.0.0.1:9".to_owned() }
    }

    /// The same cache with another server.
    pub(crate) fn now_at(mut self, server: &Server) -> Self {
        self.endpoint = server.address();
        self
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.folder.path().join("hf")
    }

    /// The folder of a model.
    pub(crate) fn model(&self, id: &str) -> PathBuf {
        self.home().join("hub").join(format!("models--{}", id.replace('/', "--")))
    }

    /// `uninote model …` with the environment of this sandbox and nothing of the machine's.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_uninote"));
        for (name, _) in std::env::vars_os() {
            let shown = name.to_string_lossy().to_ascii_uppercase();
            if ["HF_", "HUGGING", "TRANSFORMERS_"].iter().any(|prefix| shown.starts_with(prefix))
                || shown.ends_with("_PROXY")
            {
                command.env_remove(name);
            }
        }
        command.current_dir(self.folder.path()).arg("model").args(arguments).stdin(Stdio::null());
        command.env("HF_HOME", self.home()).env("HF_ENDPOINT", &self.endpoint);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&mut self.command(arguments))
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let ran = self.run(&[&["--json"], arguments].concat()).exits(0);
        serde_json::from_str(&ran.out).unwrap()
    }

    /// All files outside `.locks`, below the folder that holds `HF_HOME`, with their content.
    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut found = BTreeMap::new();
        collect(self.folder.path(), self.folder.path(), &mut found);
        found
    }
}

impl Ran {
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        let (out, err) = (text(output.stdout), text(output.stderr));
        assert!(!err.contains("panicked"), "{err}");
        Self { code: output.status.code(), out, err }
    }

    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    pub(crate) fn says(self, words: &[&str]) -> Self {
        for word in words {
            assert!(self.err.contains(word), "no {word:?} in: {}", self.err);
        }
        self
    }
}

fn collect(root: &Path, folder: &Path, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().is_some_and(|name| name == ".locks") {
            continue;
        }
        if path.is_dir() {
            collect(root, &path, found);
        } else {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
            found.insert(name, fs::read(&path).unwrap());
        }
    }
}
