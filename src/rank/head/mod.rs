//! The ranking head: a network of two hidden layers beside a linear path, about 10,000 numbers in all.
//!
//! A candidate's score is `skip · x + last · a(second · a(first · x + context · q + b) + c)`, where `x` are the candidate's
//! inputs and `q` those of the query ([`super::inputs`]) and `a` is squareplus less its value at 0 (Barron 2021, "Squareplus:
//! a softplus-like algebraic rectifier", arXiv 2112.11687). Squareplus is built from operations that every processor
//! rounds alike, and no sum here depends on how many candidates are computed side by side: a score is the same to the last
//! bit in any order of candidates and on any number of threads. The linear path makes an untrained head a linear model that
//! training starts from; scores mean nothing across queries.

mod explain;
mod file;
mod forward;
mod weights;

pub use explain::Explanation;
pub use file::About;

pub(super) use weights::Weights;

use super::inputs::{Inputs, Reading, Scaling};
use super::random::Random;
use super::{RankError, Schema, Table};
use forward::Packed;

/// Sizes of the two hidden layers: multiples of 4, up to 256.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Units of the first hidden layer.
    pub first: usize,
    /// Units of the second one.
    pub second: usize,
}

impl Default for Shape {
    fn default() -> Self {
        Self { first: 48, second: 32 }
    }
}

/// A trained network that orders the candidates of a query, with the features it reads.
#[derive(Debug, Clone)]
pub struct Head {
    /// Columns of the tables it is given: the schema of the build and the fields it names.
    schema: Schema,
    reading: Reading,
    weights: Weights,
    packed: Packed,
    about: About,
}

impl Head {
    /// A head that has learned nothing, for [`super::train`]: it scores all candidates alike.
    ///
    /// It reads the features named, of `schema` and of fields (`field:NAME`), in the order given.
    ///
    /// # Errors
    /// [`RankError::UnknownFeature`], [`RankError::Schema`], or [`RankError::Setting`] for a shape that is not allowed.
    pub fn untrained(schema: &Schema, names: &[impl AsRef<str>], shape: Shape, seed: u64) -> Result<Self, RankError> {
        let fields: Vec<&str> = names
            .iter()
            .map(AsRef::as_ref)
            .filter(|name| schema.position(name).is_none())
            .filter_map(|name| name.strip_prefix(super::schema::FIELD))
            .collect();
        let wide = schema.clone().with_fields(&fields)?;
        let find = |name: &str| {
            let unknown = || RankError::UnknownFeature { name: name.to_owned(), version: schema.version() };
            wide.features().iter().find(|feature| feature.name == name).cloned().ok_or_else(unknown)
        };
        let features = names.iter().map(|name| find(name.as_ref())).collect::<Result<Vec<_>, _>>()?;
        let features = Schema::new(schema.version(), features)?.features().to_vec();
        let scalings = vec![Scaling::NONE; features.len()];
        let (schema, columns) = schema.bound_to(&features)?;
        let reading = Reading { features, columns, scalings };
        let weights = Weights::random(&reading, shape, &mut Random::new(seed, 1))?;
        Ok(Self::assembled(schema, reading, weights, About::default()))
    }

    fn assembled(schema: Schema, reading: Reading, weights: Weights, about: About) -> Self {
        let packed = Packed::of(&weights);
        Self { schema, reading, weights, packed, about }
    }

    /// This head for tables of another schema, for example one with more fields.
    ///
    /// # Errors
    /// As [`Head::from_bytes`], for a schema that lacks what the head reads.
    pub fn over(&self, schema: &Schema) -> Result<Self, RankError> {
        if schema.version() != self.schema.version() {
            return Err(RankError::Version { head: self.schema.version(), here: schema.version() });
        }
        let (schema, columns) = schema.bound_to(&self.reading.features)?;
        let reading = Reading { columns, ..self.reading.clone() };
        Ok(Self { schema, reading, ..self.clone() })
    }

    /// Adds a name to the collections that the head says it was trained on.
    #[must_use]
    pub fn trained_on(mut self, data: &str) -> Self {
        if !self.about.data.iter().any(|known| known == data) {
            self.about.data.push(data.to_owned());
        }
        self
    }

    /// This head with other scalings and weights.
    pub(super) fn with(&self, scalings: Vec<Scaling>, weights: Weights, about: About) -> Self {
        let reading = Reading { scalings, ..self.reading.clone() };
        Self::assembled(self.schema.clone(), reading, weights, about)
    }

    /// The columns of the tables this head is given: those of the build's schema, then the fields the head names.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// Names of the features it reads, in its own order.
    pub fn features(&self) -> impl Iterator<Item = &str> {
        self.reading.features.iter().map(|feature| feature.name.as_str())
    }

    /// What is recorded about its making.
    #[must_use]
    pub fn about(&self) -> &About {
        &self.about
    }

    /// How many numbers training sets.
    #[must_use]
    pub fn parameters(&self) -> usize {
        self.weights.parts().map(|(_, values)| values.len()).sum()
    }

    /// Scores of the candidates, greater is better; all are finite, whatever the table holds.
    ///
    /// # Errors
    /// [`RankError::Width`] if the table has not the columns of [`Head::schema`].
    pub fn scores(&self, table: &Table) -> Result<Vec<f32>, RankError> {
        Ok(self.packed.scores(&self.inputs(table)?))
    }

    /// The inputs of a table's candidates.
    pub(super) fn inputs(&self, table: &Table) -> Result<Inputs, RankError> {
        if table.width() != self.schema.width() {
            return Err(RankError::Width { expected: self.schema.width(), got: table.width() });
        }
        Ok(self.reading.inputs(table))
    }

    pub(super) fn reading(&self) -> &Reading {
        &self.reading
    }

    pub(super) fn weights(&self) -> &Weights {
        &self.weights
    }
}

#[cfg(test)]
mod tests;
