//! What kind of model a folder holds, by its configuration.

use serde::Deserialize;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// Longest configuration that is read.
const LONGEST: u64 = 1 << 20;
#[derive(Deserialize)]
struct Configuration {
    model_type: Option<String>,
}

/// The kind that the configuration in a folder names, or in its first module's folder; `open_clip` for a folder that has
/// OpenCLIP's configuration only.
pub(super) fn of(folder: &Path) -> Option<String> {
    named(&folder.join("config.json")).or_else(|| {
        let module = modules(folder).find_map(|module| named(&module.join("config.json")));
        module.or_else(|| folder.join("open_clip_config.json").is_file().then(|| "open_clip".to_owned()))
    })
}

/// Whether uninote has an encoder for this kind.
pub(super) fn is_known(kind: &str) -> bool {
    crate::encode::model_types().any(|known| known == kind)
}

/// Whether there are weights in a form that uninote reads.
pub(super) fn has_weights(folder: &Path) -> bool {
    let here = |folder: &Path| {
        let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.file_name());
        names.into_iter().any(|name| {
            let name = name.to_string_lossy();
            name.ends_with(".safetensors") || name.ends_with(".gguf")
        })
    };
    here(folder) || modules(folder).any(|module| here(&module))
}

/// The folders of sentence-transformers modules, in order.
fn modules(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found.into_iter()
}

fn named(path: &Path) -> Option<String> {
    let mut text = Vec::new();
    File::open(path).ok()?.take(LONGEST).read_to_end(&mut text).ok()?;
    serde_json::from_slice::<Configuration>(&text).ok()?.model_type
}
