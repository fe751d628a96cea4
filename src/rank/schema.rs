//! Names of the features that a head can read, with a version: what those who fill tables and those who score agree on.
//!
//! Adding a feature is a line in [`BUILT_IN`]: heads name what they read, so older ones go on, and a build that lacks what a
//! head names refuses it. Redefining one is one more in [`VERSION`], which refuses all older heads.

use super::RankError;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Version of [`BUILT_IN`].
const VERSION: u32 = 1;

/// Features a schema may have.
pub(super) const MAX_FEATURES: usize = 256;
/// Bytes the name of a feature may have.
const MAX_NAME: usize = 256;
/// What the names of numeric fields that the user chose begin with.
pub(super) const FIELD: &str = "field:";
/// How fields are read: any scale, any sign, and many notes lack them.
const FIELD_KIND: (Squash, bool) = (Squash::Log, true);

/// Greatest size of a value that is read as it is: differences of such values stay finite.
const GREATEST: f32 = 1e30;

/// Cosines lie here.
const COSINE: Squash = Squash::Clamp { low: -1.0, high: 1.0 };
/// Shares lie here.
const SHARE: Squash = Squash::Clamp { low: 0.0, high: 1.0 };

macro_rules! built_in {
    ($($(#[$doc:meta])* $column:ident = $name:literal, $squash:expr, $sparse:literal;)*) => {
        /// Name, squash, and whether candidates often lack it.
        const BUILT_IN: &[(&str, Squash, bool)] = &[$(($name, $squash, $sparse)),*];

        /// The columns of the built-in features in a table.
        pub mod column {
            $($(#[$doc])* pub const $column: usize = super::column_of($name);)*
            /// How many there are; columns of fields come after them.
            pub const BUILT_IN: usize = super::BUILT_IN.len();
        }
    };
}

/// The column of a built-in feature; a name that is none does not compile.
const fn column_of(name: &str) -> usize {
    let mut column = 0;
    while !same(BUILT_IN[column].0.as_bytes(), name.as_bytes()) {
        column += 1;
    }
    column
}

/// Whether two names are the same, where the compiler asks.
const fn same(left: &[u8], right: &[u8]) -> bool {
    match (left, right) {
        ([], []) => true,
        ([one, left @ ..], [other, right @ ..]) => *one == *other && same(left, right),
        _ => false,
    }
}

built_in! {
    /// Vectors and words by the rule that needs no training.
    FUSED = "fused", SHARE, false;
    /// Cosine of the best row.
    DENSE = "dense", COSINE, true;
    /// Cosine of the note as a whole.
    WHOLE = "whole", COSINE, true;
    /// The same at a quarter of the width.
    WHOLE_QUARTER = "whole_quarter", COSINE, true;
    /// The same at half of the width.
    WHOLE_HALF = "whole_half", COSINE, true;
    /// Cosine of the best passage.
    BEST_PASSAGE = "best_passage", COSINE, true;
    /// Mean cosine of the three best passages.
    MEAN_PASSAGES = "mean_passages", COSINE, true;
    /// Cosine of the best picture.
    BEST_PICTURE = "best_picture", COSINE, true;
    /// Place by vectors, from 0.
    PLACE_DENSE = "place_dense", Squash::Log, true;
    /// BM25.
    LEXICAL = "lexical", Squash::Log, true;
    /// BM25 as a share of the most that any note could score.
    LEXICAL_SHARE = "lexical_share", SHARE, true;
    /// Share of the query's words that the note has, by what they are worth.
    COVERAGE = "coverage", SHARE, true;
    /// Place by words, from 0.
    PLACE_LEXICAL = "place_lexical", Squash::Log, true;
    /// Share of the query's words that the title has.
    TITLE_COVERAGE = "title_coverage", SHARE, true;
    /// Cosine with the query moved towards the first notes.
    FEEDBACK = "feedback", COSINE, true;
    /// BM25 of the words that the first notes have in common with few others.
    FEEDBACK_LEXICAL = "feedback_lexical", Squash::Log, true;
    /// What the rule gives the notes most like it.
    NEIGHBOURS = "neighbours", SHARE, true;
    /// Mean cosine with the first notes.
    AGREEMENT = "agreement", COSINE, true;
    /// Bytes of text.
    LENGTH = "length", Squash::Log, false;
    /// Days that it was made before the newest of the candidates.
    AGE = "age", Squash::Log, true;
    /// How far its cosine is above that of the next candidate.
    GAP_DENSE = "gap_dense", COSINE, true;
    /// How far its BM25 is above that of the next candidate.
    GAP_LEXICAL = "gap_lexical", Squash::Log, true;
    /// How many places better it is by words than by vectors.
    GAP_PLACES = "gap_places", Squash::Log, true;
}

/// A fixed monotone function that brings raw values of one kind to a scale a network can read.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Squash {
    /// As it is.
    None,
    /// The logarithm of 1 + |value|, with the value's sign: counts, ranks, lengths, prices.
    Log,
    /// Cut to a range: cosines, shares.
    Clamp {
        /// Least value.
        low: f32,
        /// Greatest value.
        high: f32,
    },
}

impl Squash {
    /// The squashed value; none for what is no finite number, which is how a table says that a value is missing.
    pub(super) fn apply(self, raw: f32) -> Option<f32> {
        if !raw.is_finite() {
            return None;
        }
        Some(match self {
            Self::None => raw.clamp(-GREATEST, GREATEST),
            Self::Log => raw.abs().ln_1p().copysign(raw),
            // Not `clamp`, which panics on bounds in the wrong order.
            Self::Clamp { low, high } => raw.min(high).max(low),
        })
    }
}

/// One feature: a column of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Feature {
    /// Its name.
    pub name: String,
    /// How raw values are brought to a scale.
    pub squash: Squash,
    /// Whether candidates often lack it; the network is then told which do.
    pub sparse: bool,
}

impl Feature {
    /// A feature.
    #[must_use]
    pub fn new(name: impl Into<String>, squash: Squash, sparse: bool) -> Self {
        Self { name: name.into(), squash, sparse }
    }

    /// The numeric field of notes that this feature is, if it is one.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.name.strip_prefix(FIELD)
    }

    /// A feature of a field of notes.
    fn of_field(name: &str) -> Self {
        Self::new(format!("{FIELD}{name}"), FIELD_KIND.0, FIELD_KIND.1)
    }

    /// Its kind in words, for messages.
    pub(super) fn kind(&self) -> String {
        let squash = match self.squash {
            Squash::None => "plain".to_owned(),
            Squash::Log => "logarithm".to_owned(),
            Squash::Clamp { low, high } => format!("within {low}..{high}"),
        };
        if self.sparse { squash + ", often missing" } else { squash }
    }
}

impl fmt::Display for Feature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.name)
    }
}

/// The features of a table, in the order of its columns.
#[derive(Debug, Clone, PartialEq)]
pub struct Schema {
    version: u32,
    features: Vec<Feature>,
}

impl Schema {
    /// The features of this build.
    #[must_use]
    pub fn built_in() -> Self {
        let features = BUILT_IN.iter().map(|(name, squash, sparse)| Feature::new(*name, *squash, *sparse)).collect();
        Self { version: VERSION, features }
    }

    /// A schema of other features.
    ///
    /// # Errors
    /// [`RankError::Schema`] if there are none or too many, or if a name is empty, too long or there twice.
    pub fn new(version: u32, features: Vec<Feature>) -> Result<Self, RankError> {
        let refuse = |why: String| Err(RankError::Schema { why });
        if features.is_empty() || features.len() > MAX_FEATURES {
            return refuse(format!("{} in number: 1 to {MAX_FEATURES} will do", features.len()));
        }
        for (number, feature) in features.iter().enumerate() {
            if feature.name.is_empty() || feature.name.len() > MAX_NAME {
                return refuse(format!("named with {} bytes: 1 to {MAX_NAME} will do", feature.name.len()));
            }
            if features.iter().take(number).any(|other| other.name == feature.name) {
                return refuse(format!("named {:?} twice", feature.name));
            }
        }
        Ok(Self { version, features })
    }

    /// This schema with more columns after its own: the numeric fields of notes with these names.
    ///
    /// # Errors
    /// As [`Schema::new`].
    pub fn with_fields(mut self, names: &[impl AsRef<str>]) -> Result<Self, RankError> {
        self.features.extend(names.iter().map(|name| Feature::of_field(name.as_ref())));
        Self::new(self.version, self.features)
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The features in the order of columns.
    #[must_use]
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// Number of columns.
    #[must_use]
    pub fn width(&self) -> usize {
        self.features.len()
    }

    /// The column of a feature.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.features.iter().position(|feature| feature.name == name)
    }

    /// This schema as a head sees it that reads `wanted`: with the fields it names, and the column of each feature.
    ///
    /// # Errors
    /// [`RankError::UnknownFeature`], [`RankError::ChangedFeature`], or as [`Schema::new`].
    pub(super) fn bound_to(&self, wanted: &[Feature]) -> Result<(Self, Vec<usize>), RankError> {
        let missing = |feature: &&Feature| self.position(&feature.name).is_none();
        let fields: Vec<&str> = wanted.iter().filter(missing).filter_map(Feature::field).collect();
        let schema = self.clone().with_fields(&fields)?;
        let column = |feature: &Feature| {
            let unknown = || RankError::UnknownFeature { name: feature.name.clone(), version: schema.version };
            let position = schema.position(&feature.name).ok_or_else(unknown)?;
            match schema.features.get(position) {
                Some(here) if here != feature => {
                    let (head, here) = (feature.kind(), here.kind());
                    Err(RankError::ChangedFeature { name: feature.name.clone(), head, here })
                }
                _ => Ok(position),
            }
        };
        let columns = wanted.iter().map(column).collect::<Result<_, _>>()?;
        Ok((schema, columns))
    }
}

#[cfg(test)]
#[path = "schema_tests.rs"]
mod tests;
