//! Which files of a repository an encoder needs.

use super::HubError;

/// Files that are fetched wherever a model's files lie, besides weights.
const NEEDED: &[&str] = &[
    "added_tokens.json",
    "chat_template.jinja",
    "chat_template.json",
    "config.json",
    "config_sentence_transformers.json",
    "merges.txt",
    "modules.json",
    "open_clip_config.json",
    "preprocessor_config.json",
    "processor_config.json",
    "special_tokens_map.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.json",
    "vocab.txt",
];

/// What is wanted of the files of `id`, as indices into `names`, and in the order to show them in a snapshot: a folder has
/// its configuration only when it has everything else.
pub(super) fn needed(id: &str, names: &[&str], gguf: Option<&str>) -> Result<Vec<usize>, HubError> {
    let mut wanted: Vec<usize> = (0..names.len()).filter(|at| is_needed(names[*at])).collect();
    let mut weights = match gguf {
        Some(part) => vec![one_gguf(id, names, part)?],
        None => safetensors(names, ""),
    };
    let modules: std::collections::BTreeSet<&str> = names.iter().filter_map(|name| module(name)).collect();
    for module in modules {
        weights.extend(safetensors(names, module));
    }
    if weights.is_empty() {
        return Err(no_weights(id, names));
    }
    wanted.extend(weights);
    wanted.sort_by_key(|at| (marks(names[*at]), names[*at]));
    Ok(wanted)
}

/// Whether its presence makes a folder a model.
pub(super) fn marks(name: &str) -> bool {
    ["config.json", "modules.json", "open_clip_config.json"].contains(&name)
}

fn is_needed(name: &str) -> bool {
    let inside = match module(name) {
        Some(module) => &name[module.len()..],
        None => name,
    };
    NEEDED.contains(&inside)
        || (inside.starts_with("sentence_") && inside.ends_with("_config.json") && !inside.contains('/'))
}

/// The folder of a sentence-transformers module that a file lies in, such as `1_Pooling/`.
fn module(name: &str) -> Option<&str> {
    let (folder, file) = name.split_once('/')?;
    let (number, class) = folder.split_once('_')?;
    let numbered = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    let named = !class.is_empty() && class.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    (numbered && named && !file.contains('/')).then(|| &name[..=folder.len()])
}

/// The safetensors of one folder: one file, else shards with their index, else OpenCLIP's own.
fn safetensors(names: &[&str], folder: &str) -> Vec<usize> {
    let here = |at: &usize, wanted: &dyn Fn(&str) -> bool| names[*at].strip_prefix(folder).is_some_and(wanted);
    let all = |wanted: &dyn Fn(&str) -> bool| (0..names.len()).filter(|at| here(at, wanted)).collect::<Vec<_>>();
    let one = all(&|name| name == "model.safetensors");
    if !one.is_empty() {
        return one;
    }
    let shards = all(&|name| is_shard(name) || name == "model.safetensors.index.json");
    if shards.len() > 1 {
        return shards;
    }
    all(&|name| name == "open_clip_model.safetensors")
}

/// `model-00001-of-00003.safetensors`.
pub(super) fn is_shard(name: &str) -> bool {
    let number = |text: &str| text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = name.strip_prefix("model-").and_then(|rest| rest.strip_suffix(".safetensors"));
    numbers.and_then(|numbers| numbers.split_once("-of-")).is_some_and(|(at, of)| number(at) && number(of))
}

/// Whether the name of a file is one of a GGUF file.
pub(super) fn is_gguf(name: &str) -> bool {
    name.to_ascii_lowercase().ends_with(".gguf")
}

/// The GGUF file with this in its name.
pub(super) fn one_gguf(id: &str, names: &[&str], part: &str) -> Result<usize, HubError> {
    let all: Vec<usize> = (0..names.len()).filter(|at| is_gguf(names[*at]) && !names[*at].contains('/')).collect();
    let holds = |name: &str| name.to_ascii_lowercase().contains(&part.to_ascii_lowercase());
    let fitting: Vec<usize> = all.iter().copied().filter(|at| holds(names[*at])).collect();
    let exact = fitting.iter().copied().find(|at| names[*at] == part);
    let only = (fitting.len() == 1).then(|| fitting.first().copied()).flatten();
    match exact.or(only) {
        Some(one) => Ok(one),
        None => Err(HubError::NoWeights {
            id: id.to_owned(),
            wanted: format!("single GGUF file with {part:?} in its name"),
            found: in_words(&all.iter().map(|at| names[*at]).collect::<Vec<_>>()),
            remedy: "Name one of its GGUF files",
        }),
    }
}

fn no_weights(id: &str, names: &[&str]) -> HubError {
    let ends = |endings: &[&str]| -> Vec<&str> {
        let fits = |name: &&str| endings.iter().any(|end| name.to_ascii_lowercase().ends_with(end));
        names.iter().copied().filter(fits).collect()
    };
    let gguf = ends(&[".gguf"]);
    let remedy = if !gguf.is_empty() {
        "Name one of its GGUF files (shell: --gguf PART)"
    } else if !ends(&[".bin", ".pt", ".pth", ".ckpt", ".pkl"]).is_empty() {
        "Pickle files are never fetched, they run code when they are read; many models have safetensors in a proposed change \
         (shell: --revision refs/pr/1, see the model's community page)"
    } else {
        "Look for a copy in safetensors"
    };
    let found = ends(&[".gguf", ".bin", ".pt", ".pth", ".ckpt", ".pkl", ".onnx", ".safetensors", ".h5", ".msgpack"]);
    HubError::NoWeights { id: id.to_owned(), wanted: "model.safetensors".to_owned(), found: in_words(&found), remedy }
}

/// The first few names.
fn in_words(names: &[&str]) -> String {
    match names {
        [] => "none".to_owned(),
        few if few.len() <= 12 => few.join(", "),
        many => format!("{}, and {} more", many[..12].join(", "), many.len() - 12),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen<'a>(names: &[&'a str], gguf: Option<&str>) -> Vec<&'a str> {
        needed("a/b", names, gguf).unwrap().into_iter().map(|at| names[at]).collect()
    }

    #[test]
    fn an_encoder_gets_its_files_and_nothing_else() {
        let names = [
            ".gitattributes",
            "1_Pooling/config.json",
            "README.md",
            "config.json",
            "config_sentence_transformers.json",
            "data_config.json",
            "model.safetensors",
            "modules.json",
            "onnx/model.onnx",
            "onnx/config.json",
            "openvino/openvino_model.bin",
            "pytorch_model.bin",
            "rust_model.ot",
            "sentence_bert_config.json",
            "special_tokens_map.json",
            "tf_model.h5",
            "tokenizer.json",
            "tokenizer_config.json",
            "train_script.py",
            "vocab.txt",
        ];
        assert_eq!(
            chosen(&names, None),
            [
                "1_Pooling/config.json",
                "config_sentence_transformers.json",
                "model.safetensors",
                "sentence_bert_config.json",
                "special_tokens_map.json",
                "tokenizer.json",
                "tokenizer_config.json",
                "vocab.txt",
                "config.json",
                "modules.json",
            ]
        );
    }

    #[test]
    fn shards_heads_and_modules_come_along() {
        let shards = [
            "config.json",
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
            "model-extra.safetensors",
            "2_Dense/model.safetensors",
            "2_Dense/pytorch_model.bin",
            "2_Dense/config.json",
        ];
        assert_eq!(chosen(&shards, None).len(), 6);
        let both =
            ["config.json", "model.safetensors", "model-00001-of-00001.safetensors", "model.safetensors.index.json"];
        assert_eq!(chosen(&both, None), ["model.safetensors", "config.json"]);
        let open_clip = ["open_clip_config.json", "open_clip_model.safetensors", "open_clip_pytorch_model.bin"];
        assert_eq!(chosen(&open_clip, None), ["open_clip_model.safetensors", "open_clip_config.json"]);
        let modules = ["modules.json", "0_CLIPModel/config.json", "0_CLIPModel/model.safetensors"];
        assert_eq!(chosen(&modules, None).len(), 3);
    }

    #[test]
    fn a_quantised_file_is_named() {
        let names = ["config.json", "m-Q8_0.gguf", "m-f16.gguf", "model.safetensors"];
        assert_eq!(chosen(&names, Some("q8_0")), ["m-Q8_0.gguf", "config.json"]);
        for part in ["m-", "Q4"] {
            let error = needed("a/b", &names, Some(part)).unwrap_err().to_string();
            assert!(error.contains("m-Q8_0.gguf, m-f16.gguf"), "{error}");
        }
    }

    #[test]
    fn pickle_is_refused_with_its_reason() {
        let error = needed("a/b", &["config.json", "pytorch_model.bin"], None).unwrap_err().to_string();
        assert!(error.contains("pytorch_model.bin") && error.contains("Pickle"), "{error}");
    }
}
