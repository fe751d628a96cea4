//! Token ids to rows of a table.

use super::super::problem::ModelProblem;
use super::super::weights::{Scope, Stored};
use super::own_way;
use candle_core::{DType, Device, Result, Tensor, bail};
use half::{bf16, f16};

/// A table of rows. On the CPU it stays in the mapped file, in its own precision: of a quarter of a million rows a text needs
/// a few dozen.
pub(in super::super) struct Embedding {
    table: Table,
    rows: usize,
    width: usize,
}

enum Table {
    Mapped(Stored),
    Loaded(Tensor),
}

impl Embedding {
    /// Loads a table of this shape under a name such as `weight`.
    pub(in super::super) fn load(
        scope: &Scope<'_>,
        name: &str,
        rows: usize,
        width: usize,
    ) -> std::result::Result<Self, ModelProblem> {
        let shape = [rows, width];
        let stored = scope.stored(name, &shape)?;
        let table = if own_way(scope.device()) && matches!(stored.dtype, DType::F32 | DType::F16 | DType::BF16) {
            Table::Mapped(stored)
        } else {
            Table::Loaded(scope.tensor(name, &shape)?)
        };
        Ok(Self { table, rows, width })
    }

    /// Number of rows.
    pub(in super::super) fn rows(&self) -> usize {
        self.rows
    }

    /// The rows with these numbers, `[ids, width]`.
    pub(in super::super) fn forward(&self, ids: &[u32]) -> Result<Tensor> {
        if let Some(id) = ids.iter().find(|id| **id as usize >= self.rows) {
            bail!("token {id} in a table of {} rows: tokenizer and weights do not belong together", self.rows);
        }
        match &self.table {
            Table::Loaded(table) => table.index_select(&Tensor::new(ids, table.device())?, 0),
            Table::Mapped(stored) => {
                let mut out = Vec::with_capacity(ids.len() * self.width);
                ids.iter().for_each(|id| read_row(stored, *id as usize, self.width, &mut out));
                Tensor::from_vec(out, (ids.len(), self.width), &Device::Cpu)
            }
        }
    }
}

/// Appends one row of a stored table.
fn read_row(stored: &Stored, row: usize, width: usize, out: &mut Vec<f32>) {
    let size = stored.dtype.size_in_bytes() * width;
    let bytes = stored.bytes().get(row * size..(row + 1) * size).unwrap_or_default();
    let (pairs, _) = bytes.as_chunks::<2>();
    match stored.dtype {
        DType::F16 => out.extend(pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32())),
        DType::BF16 => out.extend(pairs.iter().map(|pair| bf16::from_le_bytes(*pair).to_f32())),
        _ => out.extend(bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value))),
    }
}
