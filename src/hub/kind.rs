//! What kind of model a folder holds, by its configuration.

use super::choose;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// Longest configuration that is read.
const LONGEST: u64 = 1 << 20;
/// Longest index of shards that is read: a hundred thousand tensors have ten megabytes.
const LONGEST_INDEX: u64 = 32 << 20;
const SINGLE: &str = "model.safetensors";
const INDEX: &str = "model.safetensors.index.json";

#[derive(Deserialize)]
struct Shards {
    /// Files by tensor.
    weight_map: HashMap<String, String>,
}

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
    has_safetensors(folder) || names(folder).iter().any(|name| choose::is_gguf(name))
}

/// Whether there are whole weights in safetensors.
pub(super) fn has_safetensors(folder: &Path) -> bool {
    whole(folder) || modules(folder).any(|module| whole(&module))
}

/// Whether a folder's own safetensors are whole: one file, or all shards that their index names.
fn whole(folder: &Path) -> bool {
    let names = names(folder);
    if names.iter().any(|name| name == SINGLE) {
        return true;
    }
    if names.iter().any(|name| name == INDEX) {
        let shards = parsed::<Shards>(&folder.join(INDEX), LONGEST_INDEX).map(|index| index.weight_map);
        return shards.is_some_and(|shards| !shards.is_empty() && shards.values().all(|shard| names.contains(shard)));
    }
    names.iter().any(|name| name.ends_with(".safetensors") && !choose::is_shard(name))
}

/// The names of what lies in a folder.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().into_string().ok()).collect()
}

/// The folders of sentence-transformers modules, in order.
fn modules(folder: &Path) -> impl Iterator<Item = std::path::PathBuf> {
    let mut found: Vec<_> = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found.into_iter()
}

fn named(path: &Path) -> Option<String> {
    parsed::<Configuration>(path, LONGEST)?.model_type
}

fn parsed<T: DeserializeOwned>(path: &Path, longest: u64) -> Option<T> {
    let mut text = Vec::new();
    File::open(path).ok()?.take(longest).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_whole_with_all_their_shards() {
        let folder = tempfile::tempdir().unwrap();
        let shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
        let put = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        assert!(!has_weights(folder.path()));
        put(shards[0], "");
        assert!(!has_weights(folder.path()), "a shard without an index");
        let index = serde_json::json!({ "metadata": {}, "weight_map": { "a": shards[0], "b": shards[1] } });
        put(INDEX, &index.to_string());
        assert!(!has_weights(folder.path()), "one of two shards");
        put(shards[1], "");
        assert!(has_safetensors(folder.path()));
        put(INDEX, "{}");
        assert!(!has_weights(folder.path()), "an index of nothing");
        put("model-Q8_0.GGUF", "");
        assert!(has_weights(folder.path()) && !has_safetensors(folder.path()));
        put(SINGLE, "");
        assert!(has_safetensors(folder.path()));
    }
}
