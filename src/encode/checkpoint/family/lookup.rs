//! Static models: a table with a row for every token, and a text is the mean of its tokens' rows. Model2Vec (Tulkens and van
//! Dongen 2024) and the `StaticEmbedding` of sentence-transformers.

use super::super::directory::{Directory, Fingerprint};
use super::super::layers::Embedding;
use super::super::model::{Model, joined};
use super::super::problem::ModelProblem;
use super::super::settings::Settings;
use super::super::tokens::Tokens;
use super::super::weights::{Scope, Weights};
use super::numbers;
use crate::encode::Input;
use candle_core::Device;
use serde::Deserialize;

/// The table as sentence-transformers and as Model2Vec name it.
const TABLES: [&str; 2] = ["embedding.weight", "embeddings"];

#[derive(Deserialize)]
struct Config {
    model_type: Option<String>,
    /// None if it is `null`: then texts are not cut.
    #[serde(default = "most")]
    max_length: Option<usize>,
}

#[expect(clippy::unnecessary_wraps, reason = "the default of an optional setting")]
fn most() -> Option<usize> {
    Some(512)
}

struct Lookup {
    tokens: Tokens,
    /// Left out wherever it turns up.
    unknown: Option<u32>,
    /// Characters after which a text is cut before it is split into tokens.
    characters: Option<usize>,
    table: Embedding,
    width: usize,
    /// Rows by token, where tokens share rows.
    rows: Option<Vec<u32>>,
    /// Weights by token.
    weights: Option<Vec<f32>>,
}

pub(super) fn load(
    directory: &Directory,
    settings: &Settings,
    device: &Device,
    fingerprint: &mut Fingerprint,
) -> Result<Box<dyn Model>, ModelProblem> {
    if let Some(dense) = settings.dense.first() {
        return Err(ModelProblem::Unsupported {
            what: "module after a static table",
            found: dense.clone(),
            supported: "Normalize".to_owned(),
        });
    }
    let config: Option<Config> = directory.json("config.json")?;
    let folder = match &settings.table {
        Some(folder) => settings.root.folder(folder)?,
        None => directory.clone(),
    };
    let weights = Weights::open(&folder, device, fingerprint)?;
    let (table, size, width) = table(&weights.root())?;
    let (mut tokens, mut unknown) = Tokens::bare(&folder, fingerprint)?;
    let mut characters = None;
    match config.filter(|config| config.model_type.as_deref() == Some("model2vec")) {
        // The other library does not know these two rules.
        None => unknown = None,
        Some(config) => {
            if let Some(most) = config.max_length {
                numbers::check(&[("max_length", most)])?;
                characters = Some(most.saturating_mul(tokens.median_length()));
            }
            tokens.cut(config.max_length, fingerprint)?;
        }
    }
    let by_token = |name: &str| list(&weights.root(), name);
    let rows = by_token("mapping")?.map(|rows| mapping(rows, size)).transpose()?;
    Ok(Box::new(Lookup { tokens, unknown, characters, table, width, rows, weights: by_token("weights")? }))
}

/// The table, the number of its rows, and their width.
fn table(root: &Scope<'_>) -> Result<(Embedding, usize, usize), ModelProblem> {
    let [_, usual] = TABLES;
    let name = TABLES.into_iter().find(|name| root.has(name)).unwrap_or(usual);
    match root.shape_of(name) {
        None => Err(root.lost(name)),
        Some(&[rows, width]) if rows > 0 && width > 0 => Ok((Embedding::load(root, name, rows, width)?, rows, width)),
        Some(other) => Err(damaged(format!("{name} has shape {other:?}, which is no table"))),
    }
}

fn damaged(why: String) -> ModelProblem {
    ModelProblem::Damaged { file: "model.safetensors".to_owned(), why }
}

/// A list of numbers, one a token, if it is there.
fn list(root: &Scope<'_>, name: &str) -> Result<Option<Vec<f32>>, ModelProblem> {
    let Some(length) = root.shape_of(name).map(|shape| shape.iter().product()) else { return Ok(None) };
    Ok(root.optional(name, &[length])?.map(|list| list.to_vec1()).transpose()?)
}

/// Numbers of rows, checked. Whole numbers of this size are exact in f32.
fn mapping(rows: Vec<f32>, size: usize) -> Result<Vec<u32>, ModelProblem> {
    match rows.iter().find(|row| !(0.0..size as f32).contains(*row)) {
        Some(row) => Err(damaged(format!("mapping names row {row} of {size}"))),
        None => Ok(rows.into_iter().map(|row| row as u32).collect()),
    }
}

impl Lookup {
    fn ids_of(&self, text: &str) -> Result<Vec<u32>, ModelProblem> {
        let end = self.characters.and_then(|most| text.char_indices().nth(most)).map_or(text.len(), |(at, _)| at);
        let mut ids = self.tokens.ids(text.get(..end).unwrap_or(text))?;
        ids.retain(|id| Some(*id) != self.unknown);
        Ok(ids)
    }

    /// The sum of the rows of a text, which points where their mean does; zero for a text without tokens.
    fn row(&self, text: &str) -> Result<Vec<f32>, ModelProblem> {
        let ids = self.ids_of(text)?;
        let mut sum = vec![0.0; self.width];
        if ids.is_empty() {
            return Ok(sum);
        }
        let rows = ids.iter().map(|id| self.rows.as_ref().map_or(Ok(*id), |rows| of_token(rows, *id)));
        let rows = self.table.forward(&rows.collect::<Result<Vec<_>, _>>()?)?.flatten_all()?.to_vec1::<f32>()?;
        for (row, id) in rows.chunks_exact(self.width).zip(&ids) {
            let weight = self.weights.as_ref().map_or(Ok(1.0), |weights| of_token(weights, *id))?;
            sum.iter_mut().zip(row).for_each(|(sum, value)| *sum += weight * value);
        }
        Ok(sum)
    }
}

fn of_token<T: Copy>(list: &[T], id: u32) -> Result<T, ModelProblem> {
    list.get(id as usize).copied().ok_or_else(|| ModelProblem::Runtime {
        why: format!("token {id} in a list of {}: tokenizer and weights do not belong together", list.len()),
    })
}

impl Model for Lookup {
    fn width(&self) -> usize {
        self.width
    }

    fn limit(&self) -> usize {
        self.tokens.limit()
    }

    #[cfg(test)]
    fn ids(&self, text: &str) -> Result<Vec<u32>, ModelProblem> {
        self.ids_of(text)
    }

    fn embed(&self, prompt: &str, inputs: &[Input<'_>]) -> Result<Vec<Vec<f32>>, ModelProblem> {
        inputs.iter().map(|input| self.row(&joined(prompt, input))).collect()
    }
}
