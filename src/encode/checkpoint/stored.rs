//! A tensor as it lies in its file: plain numbers, or, in GGUF files, blocks of small integers with common scales.

use crate::disk::Bytes;
use candle_core::quantized::{GgmlDType, QStorage, QTensor};
use candle_core::{DType, Device};
use std::borrow::Cow;
use std::ops::Range;

/// How the elements of a tensor are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// One by one, little-endian: F32, F16 or BF16; F64, I64 or I32 in lists that some models keep besides.
    Plain(DType),
    /// In blocks along the last dimension.
    Blocks(GgmlDType),
}

impl Format {
    /// Bytes of a tensor of this shape; none if it cannot be.
    pub(super) fn size(self, shape: &[usize]) -> Option<usize> {
        let elements = shape.iter().try_fold(1_usize, |product, side| product.checked_mul(*side))?;
        match self {
            Self::Plain(dtype) => elements.checked_mul(dtype.size_in_bytes()),
            Self::Blocks(kind) => {
                let whole = shape.last()?.is_multiple_of(kind.block_size());
                (elements / kind.block_size()).checked_mul(kind.type_size()).filter(|_| whole)
            }
        }
    }
}

/// A tensor as it lies in its file.
#[derive(Clone)]
pub(super) struct Stored {
    file: Bytes,
    range: Range<usize>,
    pub(super) format: Format,
}

impl Stored {
    pub(super) fn new(file: Bytes, range: Range<usize>, format: Format) -> Self {
        Self { file, range, format }
    }

    /// Its bytes, row-major.
    pub(super) fn bytes(&self) -> &[u8] {
        self.file.get(self.range.clone()).unwrap_or_default()
    }
}

/// Blocks of this kind as a tensor of this shape that stays as small as they are.
pub(super) fn blocks(kind: GgmlDType, bytes: &[u8], shape: &[usize], device: &Device) -> candle_core::Result<QTensor> {
    let aligned = |bytes: &[u8]| bytes.as_ptr().cast::<u64>().is_aligned();
    let bytes = if aligned(bytes) { Cow::Borrowed(bytes) } else { Cow::Owned(bytes.to_vec()) };
    if !aligned(&bytes) || Format::Blocks(kind).size(shape) != Some(bytes.len()) {
        candle_core::bail!("{} bytes cannot be read as blocks of {kind:?} of shape {shape:?}", bytes.len());
    }
    QTensor::new(QStorage::from_data(bytes, device, kind)?, shape)
}
