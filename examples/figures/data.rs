//! Reading vectors and judged collections.

use crate::Outcome;
use candle_core::{DType, Tensor};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Rows of equal width.
pub(crate) struct Matrix<T> {
    pub(crate) width: usize,
    flat: Vec<T>,
}

impl<T> Matrix<T> {
    pub(crate) fn rows(&self) -> std::slice::ChunksExact<'_, T> {
        self.flat.chunks_exact(self.width)
    }

    pub(crate) fn len(&self) -> usize {
        self.flat.len() / self.width
    }
}

fn read(path: &Path, dtype: DType) -> Outcome<(usize, Tensor)> {
    let tensor = Tensor::read_npy(path)?;
    let (_, width) = tensor.dims2()?;
    Ok((width, tensor.to_dtype(dtype)?.flatten_all()?))
}

/// Vectors from a `.npy` file of 16- or 32-bit floats.
pub(crate) fn vectors(path: &Path) -> Outcome<Matrix<f32>> {
    let (width, tensor) = read(path, DType::F32)?;
    Ok(Matrix { width, flat: tensor.to_vec1()? })
}

/// Row numbers of the true neighbours, best first, from a `.npy` file.
pub(crate) fn truth(path: &Path) -> Outcome<Matrix<u32>> {
    let (width, tensor) = read(path, DType::U32)?;
    Ok(Matrix { width, flat: tensor.to_vec1()? })
}

/// A document or a query.
#[derive(Deserialize)]
pub(crate) struct Entry {
    #[serde(rename = "_id")]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) title: String,
    pub(crate) text: String,
}

/// A collection with queries and judgments, in the layout of BEIR (Thakur et al. 2021).
pub(crate) struct Judged {
    pub(crate) documents: Vec<Entry>,
    /// Those with at least one relevant document.
    pub(crate) queries: Vec<Entry>,
    /// Grade by query and document.
    pub(crate) grades: HashMap<String, HashMap<String, i32>>,
}

impl Judged {
    pub(crate) fn read(folder: &Path, split: &str) -> Outcome<Self> {
        let mut grades: HashMap<String, HashMap<String, i32>> = HashMap::new();
        for line in std::fs::read_to_string(folder.join("qrels").join(format!("{split}.tsv")))?.lines().skip(1) {
            let mut columns = line.split('\t');
            if let (Some(query), Some(document), Some(grade)) = (columns.next(), columns.next(), columns.next()) {
                grades.entry(query.to_owned()).or_default().insert(document.to_owned(), grade.trim().parse()?);
            }
        }
        let mut queries: Vec<Entry> = lines(&folder.join("queries.jsonl.gz"))?;
        queries.retain(|query| grades.get(&query.id).is_some_and(|found| found.values().any(|grade| *grade > 0)));
        Ok(Self { documents: lines(&folder.join("corpus.jsonl.gz"))?, queries, grades })
    }

    /// Judgments that nobody made: each title asks for the documents it was taken from.
    pub(crate) fn of_titles(folder: &Path) -> Outcome<Self> {
        let mut documents: Vec<Entry> = lines(&folder.join("corpus.jsonl.gz"))?;
        let mut grades: HashMap<String, HashMap<String, i32>> = HashMap::new();
        let mut queries = Vec::new();
        for document in &mut documents {
            let title = std::mem::take(&mut document.title);
            if title.is_empty() || document.text.is_empty() {
                continue;
            }
            let id = format!("title {title}");
            let found = grades.entry(id.clone()).or_default();
            if found.is_empty() {
                queries.push(Entry { id, title: String::new(), text: title });
            }
            found.insert(document.id.clone(), 1);
        }
        Ok(Self { documents, queries, grades })
    }
}

/// What the lines of a compressed file hold.
pub(crate) fn lines<T: DeserializeOwned>(path: &Path) -> Outcome<Vec<T>> {
    let lines = BufReader::new(GzDecoder::new(File::open(path)?)).lines();
    lines.map(|line| Ok(serde_json::from_str(&line?)?)).collect()
}
