//! Many inputs to the encoder at once. If that fails, each owner's inputs alone, so that the fault is laid at the right door.

use super::super::guarded;
pub(super) use super::super::guarded::INPUTS;
use crate::encode::{EncodeError, Encoder, Input, Part, Role};
use crate::error::Error;
use std::collections::BTreeMap;

/// An input and whose it is. Inputs of one owner stand side by side.
pub(super) struct Owned<'a> {
    pub(super) owner: usize,
    pub(super) parts: Vec<Part<'a>>,
}

/// Vectors in the order of the inputs, and why there are none of some owners.
#[derive(Default)]
pub(super) struct Vectors {
    pub(super) vectors: Vec<Option<Vec<f32>>>,
    pub(super) faults: BTreeMap<usize, EncodeError>,
}

/// Encodes up to [`INPUTS`] inputs. An owner with a fault gets no vector at all.
pub(super) fn encode(encoder: &dyn Encoder, inputs: &[Owned<'_>]) -> Vectors {
    let mut all = Vectors::default();
    if inputs.is_empty() {
        return all;
    }
    if let Ok(vectors) = attempt(encoder, inputs) {
        all.vectors = vectors;
        return all;
    }
    for of_one in inputs.chunk_by(|a, b| a.owner == b.owner) {
        match attempt(encoder, of_one) {
            Ok(vectors) => all.vectors.extend(vectors),
            Err(fault) => {
                all.vectors.extend(of_one.iter().map(|_| None));
                all.faults.extend(of_one.first().map(|input| (input.owner, fault)));
            }
        }
    }
    all
}

fn attempt(encoder: &dyn Encoder, inputs: &[Owned<'_>]) -> Result<Vec<Option<Vec<f32>>>, EncodeError> {
    let inputs: Vec<Input<'_>> = inputs.iter().map(|input| Input { parts: &input.parts }).collect();
    let encoded = guarded::encode(encoder, Role::Document, &inputs)?;
    Ok(encoded.iter().map(|vector| Some(vector.to_vec())).collect())
}

/// An error of the encoder of an index, or of what makes notes ready for it.
pub(in super::super) fn failed(why: String) -> Error {
    Error::Encode(EncodeError::Failed { encoder: "of this index".to_owned(), why })
}
