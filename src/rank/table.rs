//! The raw features of the candidates of one query.

use super::RankError;

/// A row a candidate, a column a feature of the [`super::Schema`]; what is no finite number is missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    width: usize,
    values: Vec<f32>,
}

impl Table {
    /// An empty table of `width` columns, with room for `rows` candidates.
    #[must_use]
    pub fn with_capacity(width: usize, rows: usize) -> Self {
        Self { width, values: Vec::with_capacity(width.saturating_mul(rows)) }
    }

    /// Adds a candidate: a raw value a column, NaN for what is missing.
    ///
    /// # Errors
    /// [`RankError::Width`]; the table is then unchanged.
    pub fn push(&mut self, row: &[f32]) -> Result<(), RankError> {
        if row.len() != self.width || row.is_empty() {
            return Err(RankError::Width { expected: self.width, got: row.len() });
        }
        self.values.extend_from_slice(row);
        Ok(())
    }

    /// Columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Candidates.
    #[must_use]
    pub fn len(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }

    /// Whether there are no candidates.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The raw values of a candidate.
    #[must_use]
    pub fn row(&self, candidate: usize) -> Option<&[f32]> {
        self.rows().nth(candidate)
    }

    /// The candidates in order.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f32> {
        self.values.chunks_exact(self.width.max(1))
    }

    /// The values of one column, candidate after candidate.
    pub(super) fn column(&self, column: usize) -> impl Iterator<Item = f32> + '_ {
        self.rows().map(move |row| row.get(column).copied().unwrap_or(f32::NAN))
    }
}
