//! An index of a collection, in memory.

use super::{Collection, EvalError, Progress};
use crate::disk::MemoryStorage;
use crate::encode::SharedEncoder;
use crate::error::Error;
use crate::index::{Index, IndexOptions};
use crate::query::Cancel;
use std::sync::Arc;

/// Most reasons that are kept why a note was left out; how many were is counted in any case.
const REASONS_MAX: usize = 100;

/// What of a collection could not be indexed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftOut {
    /// Notes that are not in the index, and parts that are missing from notes.
    pub count: usize,
    /// The first reasons.
    pub reasons: Vec<String>,
}

impl LeftOut {
    fn add(&mut self, why: String) {
        self.count += 1;
        if self.reasons.len() < REASONS_MAX {
            self.reasons.push(why);
        }
    }
}

/// Builds the index, all of it in one segment.
pub(super) fn build(
    collection: &Collection,
    encoder: SharedEncoder,
    cancel: Option<&Cancel>,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<(Index, LeftOut), EvalError> {
    if collection.pictures && !encoder.info().modalities.picture {
        let remedy = "it reads no pictures, which this collection is about; give a model that does".to_owned();
        return Err(EvalError::Setting { option: "the encoder", given: encoder.info().name.clone(), remedy });
    }
    let doing = format!("indexing with {}", encoder.info().name);
    let index = Index::create_in(Arc::new(MemoryStorage::new()), IndexOptions::new().encoder(encoder))?;
    let mut left_out = LeftOut::default();
    for (number, item) in collection.items()?.enumerate() {
        if cancel.is_some_and(Cancel::is_cancelled) {
            return Err(Error::Cancelled.into());
        }
        match item.map(|note| index.add(note)) {
            Ok(Ok(())) => {}
            Ok(Err(refused @ (Error::DuplicateId { .. } | Error::Note { .. }))) => left_out.add(refused.to_string()),
            Ok(Err(other)) => return Err(other.into()),
            Err(why) => left_out.add(why),
        }
        progress(Progress { doing: &doing, done: number as u64 + 1, of: 0 });
    }
    let commit = index.commit()?;
    commit.skipped.into_iter().for_each(|skipped| left_out.add(format!("{}: {}", skipped.id, skipped.why)));
    let stats = index.snapshot().stats();
    if stats.segments > 1 {
        index.compact(cancel)?;
    }
    if stats.notes == 0 {
        let why = left_out.reasons.first().cloned().unwrap_or_else(|| "the corpus is empty".to_owned());
        return Err(EvalError::Empty { name: collection.name.clone(), why });
    }
    Ok((index, left_out))
}
