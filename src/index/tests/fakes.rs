//! An encoder whose faults a test can ask for by what it writes into a note.

use crate::encode::{EncodeError, Encoder, EncoderInfo, Input, Modalities, Part, Role, SharedEncoder};
use crate::vector::Vectors;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Encodes a text by its bytes. `PANIC`, `FAIL` and `SHORT` in a text make it panic, fail, and break its contract.
pub(super) struct Fake {
    info: EncoderInfo,
    /// Bytes of text it was given so far.
    pub(super) read: AtomicUsize,
}

impl Fake {
    pub(super) fn new(width: usize) -> Self {
        let mut info = EncoderInfo::new("fake", format!("fake-{width}"), width);
        info.modalities = Modalities::TEXT_AND_PICTURE;
        Self { info, read: AtomicUsize::new(0) }
    }

    pub(super) fn shared(width: usize) -> SharedEncoder {
        Arc::new(Self::new(width))
    }
}

impl Encoder for Fake {
    fn info(&self) -> &EncoderInfo {
        &self.info
    }

    fn encode(&self, _role: Role, inputs: &[Input<'_>]) -> Result<Vectors, EncodeError> {
        let mut vectors = Vectors::with_capacity(self.info.width, inputs.len()).unwrap();
        for input in inputs {
            let mut vector = vec![0.001; self.info.width];
            for part in input.parts {
                let Part::Text(text) = part else { continue };
                self.read.fetch_add(text.len(), Ordering::Relaxed);
                assert!(!text.contains("PANIC"), "asked to panic");
                if text.contains("FAIL") {
                    return Err(EncodeError::Failed { encoder: "fake".to_owned(), why: "asked to".to_owned() });
                }
                for byte in text.bytes().take(1_000) {
                    vector[usize::from(byte) % self.info.width] += 1.0;
                }
                if text.contains("SHORT") {
                    vector.fill(0.5);
                }
            }
            if !input.parts.iter().any(|part| matches!(part, Part::Text(text) if text.contains("SHORT"))) {
                crate::vector::normalise(&mut vector).unwrap();
            }
            vectors.push(&vector).unwrap();
        }
        Ok(vectors)
    }
}
