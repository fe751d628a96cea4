//! What a model's sentence-transformers files say: pooling, further layers, prompts, trained prefixes, longest input.
//!
//! The files are those that the library of that name (Reimers and Gurevych 2019) writes beside a model; a directory without
//! them gets the defaults of its family.

use super::directory::Directory;
use super::known;
use super::pool::Pooling;
use super::problem::ModelProblem;
use crate::encode::Prompts;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Component, Path};

const MODULES: &str = "modules.json";

/// Everything beside the transformer itself.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    /// The directory that folders lie in.
    pub(super) root: Directory,
    /// The directory of the transformer: a folder of the root where `modules.json` says so, else the root.
    pub(super) model: Directory,
    /// How the rows of a text's tokens become one; none where no file says so.
    pub(super) pooling: Option<Pooling>,
    /// The folder of a table of rows by token that stands in place of a transformer.
    pub(super) table: Option<String>,
    /// Folders of the dense layers that follow, in order.
    pub(super) dense: Vec<String>,
    /// The longest input in tokens that the authors used.
    pub(super) limit: Option<usize>,
    /// Text before the content, by role.
    pub(super) prompts: Prompts,
    /// Prefix lengths that were trained, as far as any file or the list of known models says.
    pub(super) prefixes: Vec<usize>,
}

#[derive(Deserialize)]
struct Module {
    path: String,
    #[serde(rename = "type")]
    class: String,
}

#[derive(Default, Deserialize)]
struct SentenceBert {
    max_seq_length: Option<usize>,
}

#[derive(Default, Deserialize)]
struct SentenceTransformers {
    prompts: Option<BTreeMap<String, String>>,
    default_prompt_name: Option<String>,
    truncate_dim: Option<usize>,
    matryoshka_dimensions: Option<Vec<usize>>,
}

#[derive(Default, Deserialize)]
struct ModelConfig {
    matryoshka_dimensions: Option<Vec<usize>>,
}

impl Settings {
    /// Reads them from a directory.
    pub(super) fn read(directory: &Directory) -> Result<Self, ModelProblem> {
        let mut pooling = None;
        let (mut table, mut dense) = (None, Vec::new());
        let mut model = directory.clone();
        for module in directory.json::<Vec<Module>>(MODULES)?.unwrap_or_default() {
            let class = module.class.rsplit('.').next().unwrap_or_default();
            if Path::new(&module.path)
                .components()
                .any(|part| !matches!(part, Component::Normal(_) | Component::CurDir))
            {
                let why = format!("it names {:?}, which is no folder of the directory", module.path);
                return Err(ModelProblem::Damaged { file: MODULES.to_owned(), why });
            }
            match class {
                "Pooling" => pooling = Some(Pooling::read(directory, &module.path)?),
                "Dense" => dense.push(module.path),
                "StaticEmbedding" => table = Some(module.path),
                // Vectors are brought to unit length whatever the model says: an index compares nothing else.
                "Normalize" => {}
                "Transformer" | "CLIPModel" if directory.weights().is_some() || is_root(&module.path) => {}
                "Transformer" | "CLIPModel" => model = directory.folder(&module.path)?,
                _ => {
                    return Err(ModelProblem::Unsupported {
                        what: "module of modules.json",
                        found: module.class,
                        supported: "Transformer, Pooling, Dense, Normalize, StaticEmbedding, CLIPModel".to_owned(),
                    });
                }
            }
        }
        let limit = longest(&model)?;
        let own: SentenceTransformers = directory.json("config_sentence_transformers.json")?.unwrap_or_default();
        let config: ModelConfig = model.json("config.json")?.unwrap_or_default();
        let known = known::of(&directory.name());
        let prompts = prompts(&own).or_else(|| known.map(known::Known::prompts)).unwrap_or_default();
        let mut prefixes = config.matryoshka_dimensions.unwrap_or_default();
        prefixes.extend(own.matryoshka_dimensions.unwrap_or_default());
        prefixes.extend(own.truncate_dim);
        if prefixes.is_empty() {
            prefixes.extend(known.map(known::Known::prefixes).unwrap_or_default());
        }
        prefixes.sort_unstable();
        prefixes.dedup();
        Ok(Self { root: directory.clone(), model, pooling, table, dense, limit, prompts, prefixes })
    }
}

/// Whether a module lies in the directory itself.
fn is_root(path: &str) -> bool {
    Path::new(path).components().all(|part| part == Component::CurDir)
}

/// The longest input in tokens, from a file whose name holds that of the family in older models, such as
/// `sentence_roberta_config.json`.
fn longest(model: &Directory) -> Result<Option<usize>, ModelProblem> {
    let mut names = model.files()?;
    names.retain(|name| name.starts_with("sentence_") && name.ends_with("_config.json"));
    let usual = names.iter().find(|name| *name == "sentence_bert_config.json");
    let Some(name) = usual.or(names.first()) else { return Ok(None) };
    Ok(model.json::<SentenceBert>(name)?.unwrap_or_default().max_seq_length)
}

/// The prompts a model names, if it names any.
fn prompts(own: &SentenceTransformers) -> Option<Prompts> {
    let named = own.prompts.as_ref().filter(|named| !named.is_empty())?;
    let first = |names: &[&str]| names.iter().find_map(|name| named.get(*name));
    let default = own.default_prompt_name.as_ref().and_then(|name| named.get(name));
    let query = first(&["query", "search_query", "web_search_query", "Retrieval-query", "s2p_query"]).or(default);
    let document = first(&["document", "passage", "search_document", "corpus", "Retrieval-document"]).or(default);
    let item = first(&["STS", "sts", "similarity", "s2s_query", "clustering", "Clustering"]).or(document);
    let text = |prompt: Option<&String>| prompt.cloned().unwrap_or_default();
    Some(Prompts { query: text(query), document: text(document), item: text(item) })
}
