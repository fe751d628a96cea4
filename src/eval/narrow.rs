//! An encoder cut to the first components of its vectors, so that any width can be evaluated like an encoder of its own.

use crate::encode::{EncodeError, Encoder, EncoderInfo, Input, Part, Role, SharedEncoder, encode_checked};
use crate::vector::{Vectors, prefix_unit};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use xxhash_rust::xxh3::Xxh3;

/// Bytes of vectors that are remembered; beyond them content is encoded anew for each width.
const REMEMBERED_BYTES: usize = 1 << 30;

/// What an encoder made of contents, by a hash of each: widths differ in what is cut off, not in what is encoded.
pub(super) struct Remembering {
    encoder: SharedEncoder,
    vectors: Mutex<HashMap<u128, Arc<[f32]>>>,
}

impl Remembering {
    pub(super) fn new(encoder: SharedEncoder) -> Arc<Self> {
        Arc::new(Self { encoder, vectors: Mutex::default() })
    }

    /// The vector of each input, in full width.
    fn encode(&self, role: Role, inputs: &[Input<'_>]) -> Result<Vec<Arc<[f32]>>, EncodeError> {
        let keys: Vec<u128> = inputs.iter().map(|input| key(role, input)).collect();
        let mut found: Vec<Option<Arc<[f32]>>> = {
            let known = self.vectors.lock().unwrap_or_else(PoisonError::into_inner);
            keys.iter().map(|key| known.get(key).cloned()).collect()
        };
        let missing = || inputs.iter().zip(&found).filter(|(_, found)| found.is_none());
        let inputs: Vec<Input<'_>> = missing().map(|(input, _)| *input).collect();
        if !inputs.is_empty() {
            let encoded = encode_checked(self.encoder.as_ref(), role, &inputs)?;
            let mut known = self.vectors.lock().unwrap_or_else(PoisonError::into_inner);
            let room = REMEMBERED_BYTES / (size_of::<f32>() * encoded.width());
            let gaps = keys.iter().zip(&mut found).filter(|(_, found)| found.is_none());
            for ((key, gap), vector) in gaps.zip(encoded.iter()) {
                let vector: Arc<[f32]> = vector.into();
                if known.len() < room {
                    known.insert(*key, Arc::clone(&vector));
                }
                *gap = Some(vector);
            }
        }
        Ok(found.into_iter().flatten().collect())
    }
}

/// A hash of an input and its role.
fn key(role: Role, input: &Input<'_>) -> u128 {
    let mut hash = Xxh3::new();
    hash.update(&[role as u8]);
    for part in input.parts {
        // The length before the bytes: pieces that are cut otherwise are other inputs.
        match part {
            Part::Text(text) => {
                hash.update(&(text.len() as u64).to_le_bytes());
                hash.update(text.as_bytes());
            }
            Part::Picture(pixels) => {
                hash.update(&[u8::MAX]);
                hash.update(&pixels.width.to_le_bytes());
                hash.update(&pixels.height.to_le_bytes());
                hash.update(&pixels.rgb);
            }
        }
    }
    hash.digest128()
}

/// An encoder whose vectors are the first components of another's, brought back to unit length.
pub(super) struct Narrow {
    whole: Arc<Remembering>,
    info: EncoderInfo,
}

impl Narrow {
    /// The first `width` components; all of them where that is none.
    pub(super) fn new(whole: &Arc<Remembering>, width: Option<usize>) -> Self {
        let mut info = whole.encoder.info().clone();
        if let Some(width) = width.filter(|width| *width < info.width) {
            info.name = format!("{}, first {width}", info.name);
            info.fingerprint = format!("{}-first-{width}", info.fingerprint);
            info.prefixes.retain(|prefix| *prefix <= width);
            info.width = width;
            info.location = String::new();
        }
        Self { whole: Arc::clone(whole), info }
    }
}

impl Encoder for Narrow {
    fn info(&self) -> &EncoderInfo {
        &self.info
    }

    fn encode(&self, role: Role, inputs: &[Input<'_>]) -> Result<Vectors, EncodeError> {
        let width = self.info.width;
        let failed = |why: String| EncodeError::Failed { encoder: self.info.name.clone(), why };
        let mut flat = Vec::with_capacity(inputs.len() * width);
        for vector in self.whole.encode(role, inputs)? {
            let start = flat.len();
            flat.extend(prefix_unit(&vector, width));
            // A prefix of zeros has no direction; it gets that of the first axis, as odd content gets a defined vector.
            if let Some(part) = flat.get_mut(start..).filter(|part| part.iter().all(|value| *value == 0.0)) {
                part.iter_mut().take(1).for_each(|first| *first = 1.0);
            }
        }
        Vectors::from_flat(width, flat).map_err(|error| failed(error.to_string()))
    }
}
