//! Token ids to rows of a table.

use super::super::problem::ModelProblem;
use super::super::stored::{Format, Stored, blocks};
use super::super::weights::Scope;
use super::own_way;
use candle_core::{DType, Device, Result, Tensor, bail};
use half::{bf16, f16};

/// A table of rows. On the CPU, and in blocks anywhere, it stays in the mapped file, in its own precision: of a quarter of a
/// million rows a text needs a few dozen.
pub(in super::super) struct Embedding {
    table: Table,
    device: Device,
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
        let mapped = match stored.format {
            Format::Blocks(_) => true,
            Format::Plain(dtype) => own_way(scope.device()) && matches!(dtype, DType::F32 | DType::F16 | DType::BF16),
        };
        let table = if mapped { Table::Mapped(stored) } else { Table::Loaded(scope.tensor(name, &shape)?) };
        Ok(Self { table, device: scope.device().clone(), rows, width })
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
            Table::Mapped(stored) => read_rows(stored, ids, self.rows, self.width)?.to_device(&self.device),
        }
    }
}

/// Some rows of a stored table.
fn read_rows(stored: &Stored, ids: &[u32], rows: usize, width: usize) -> Result<Tensor> {
    let size = stored.bytes().len() / rows.max(1);
    let row = |id: &u32| stored.bytes().get(*id as usize * size..(*id as usize + 1) * size).unwrap_or_default();
    let shape = [ids.len(), width];
    match stored.format {
        Format::Plain(dtype) => {
            let mut out = Vec::with_capacity(ids.len() * width);
            ids.iter().for_each(|id| widen(row(id), dtype, &mut out));
            Tensor::from_vec(out, &shape, &Device::Cpu)
        }
        Format::Blocks(kind) => {
            let bytes: Vec<u8> = ids.iter().flat_map(row).copied().collect();
            blocks(kind, &bytes, &shape, &Device::Cpu)?.dequantize(&Device::Cpu)
        }
    }
}

/// Appends stored elements.
fn widen(bytes: &[u8], dtype: DType, out: &mut Vec<f32>) {
    let (pairs, _) = bytes.as_chunks::<2>();
    match dtype {
        DType::F16 => out.extend(pairs.iter().map(|pair| f16::from_le_bytes(*pair).to_f32())),
        DType::BF16 => out.extend(pairs.iter().map(|pair| bf16::from_le_bytes(*pair).to_f32())),
        _ => out.extend(bytes.as_chunks::<4>().0.iter().map(|value| f32::from_le_bytes(*value))),
    }
}
