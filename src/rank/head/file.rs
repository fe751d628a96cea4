//! A head as bytes: a safetensors file whose one entry of metadata says which features it reads and how it was made.

use super::super::inputs::{Reading, Scaling};
use super::super::schema::{Feature, Schema};
use super::weights::GREATEST;
use super::{Head, RankError, Shape, Weights};
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// Version of the layout of the file and of the arithmetic from features to scores.
const FORMAT: u32 = 1;
/// The entry of metadata.
const ENTRY: &str = "uninote.head";
/// Bytes a file may have: the largest network allowed takes less.
const MAX_BYTES: usize = 4 << 20;
/// Greatest size of a shift or a scale.
const GREATEST_SCALING: f32 = 1e30;
const SHIFT: &str = "features.shift";
const SCALE: &str = "features.scale";

/// What is recorded about the making of a head. It changes no score.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// Names of the collections it was trained on.
    #[serde(default)]
    pub data: Vec<String>,
    /// Settings, seeds and outcome of each stage of training, as JSON, in the order they were run.
    #[serde(default)]
    pub stages: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    schema: u32,
    features: Vec<Feature>,
    about: About,
}

impl Head {
    /// The file. The same head gives the same bytes.
    ///
    /// # Errors
    /// [`RankError::Damaged`] if the library for such files fails, which it does not for a sound head.
    pub fn to_bytes(&self) -> Result<Vec<u8>, RankError> {
        let Reading { features, scalings, .. } = &self.reading;
        let header = Header {
            format: FORMAT,
            schema: self.schema.version(),
            features: features.clone(),
            about: self.about.clone(),
        };
        let header = serde_json::to_string(&header).map_err(|error| damaged(error.to_string()))?;
        let shift: Vec<f32> = scalings.iter().map(|scaling| scaling.shift).collect();
        let scale: Vec<f32> = scalings.iter().map(|scaling| scaling.scale).collect();
        let sizes = Weights::sizes(&self.reading, self.weights.shape);
        let weights = self.weights.parts().map(|(_, values)| values);
        let tensors = Weights::NAMES.into_iter().zip(sizes).zip(weights);
        let tensors = tensors.map(|((name, size), values)| (name, shape_of(size), values));
        let scalings = [(SHIFT, vec![shift.len()], &shift), (SCALE, vec![scale.len()], &scale)];
        let bytes: Vec<(&str, Vec<usize>, Vec<u8>)> = tensors
            .chain(scalings)
            .map(|(name, shape, values)| (name, shape, values.iter().flat_map(|value| value.to_le_bytes()).collect()))
            .collect();
        let views = bytes
            .iter()
            .map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.clone(), bytes)?)))
            .collect::<Result<Vec<_>, SafeTensorError>>();
        let metadata = HashMap::from([(ENTRY.to_owned(), header)]);
        views
            .and_then(|views| safetensors::serialize(views, Some(metadata)))
            .map_err(|error| damaged(error.to_string()))
    }

    /// Reads a head for tables of `schema` (and of the fields that the head names).
    ///
    /// # Errors
    /// [`RankError::Damaged`] for what is no head or none that this build can compute; [`RankError::Version`],
    /// [`RankError::UnknownFeature`] or [`RankError::ChangedFeature`] for one that was made for other features.
    pub fn from_bytes(bytes: &[u8], schema: &Schema) -> Result<Self, RankError> {
        if bytes.len() > MAX_BYTES {
            return Err(damaged(format!("{} bytes, heads have up to {MAX_BYTES}", bytes.len())));
        }
        let (_, metadata) = SafeTensors::read_metadata(bytes).map_err(|error| damaged(error.to_string()))?;
        let header = metadata.metadata().as_ref().and_then(|entries| entries.get(ENTRY));
        let header = header.ok_or_else(|| damaged(format!("its metadata has no {ENTRY}")))?;
        let header: Header = serde_json::from_str(header).map_err(|error| damaged(format!("{ENTRY}: {error}")))?;
        if header.format != FORMAT {
            return Err(damaged(format!("its format is {}, this build reads {FORMAT}", header.format)));
        }
        if header.schema != schema.version() {
            return Err(RankError::Version { head: header.schema, here: schema.version() });
        }
        // The same rules as for any schema: some features, not too many, none twice.
        Schema::new(header.schema, header.features.clone())?;
        let (schema, columns) = schema.bound_to(&header.features)?;
        let file = File(SafeTensors::deserialize(bytes).map_err(|error| damaged(error.to_string()))?);
        let count = header.features.len();
        let shifts = file.numbers(SHIFT, &[count], GREATEST_SCALING)?;
        let scales = file.numbers(SCALE, &[count], GREATEST_SCALING)?;
        let scalings = shifts.into_iter().zip(scales).map(|(shift, scale)| Scaling { shift, scale }).collect();
        let reading = Reading { features: header.features, columns, scalings };
        let weights = file.weights(&reading)?;
        Ok(Self::assembled(schema, reading, weights, header.about))
    }
}

fn damaged(why: String) -> RankError {
    RankError::Damaged { why }
}

/// The shape of a tensor in the file.
fn shape_of((rows, columns): (usize, usize)) -> Vec<usize> {
    if rows == 1 { vec![columns] } else { vec![rows, columns] }
}

struct File<'a>(SafeTensors<'a>);

impl File<'_> {
    /// The sizes of the hidden layers are those of their biases; all else must fit them and the features.
    fn weights(&self, reading: &Reading) -> Result<Weights, RankError> {
        let [_, _, first, _, second, ..] = Weights::NAMES;
        let shape = Shape { first: self.length(first)?, second: self.length(second)? };
        Weights::check_shape(shape).map_err(|error| damaged(error.to_string()))?;
        let mut parts = <[Vec<f32>; 7]>::default();
        for ((part, name), size) in parts.iter_mut().zip(Weights::NAMES).zip(Weights::sizes(reading, shape)) {
            *part = self.numbers(name, &shape_of(size), GREATEST)?;
        }
        Ok(Weights::of_parts(shape, parts))
    }

    fn tensor(&self, name: &str) -> Result<TensorView<'_>, RankError> {
        self.0.tensor(name).map_err(|error| damaged(format!("{name}: {error}")))
    }

    fn length(&self, name: &str) -> Result<usize, RankError> {
        Ok(self.tensor(name)?.shape().iter().product())
    }

    /// The numbers of a tensor of this shape, none of greater size than `greatest`.
    fn numbers(&self, name: &str, shape: &[usize], greatest: f32) -> Result<Vec<f32>, RankError> {
        let tensor = self.tensor(name)?;
        if tensor.shape() != shape || tensor.dtype() != Dtype::F32 {
            let found = format!("{:?} of {:?}", tensor.dtype(), tensor.shape());
            return Err(damaged(format!("{name} is {found}, expected F32 of {shape:?}")));
        }
        let numbers: Vec<f32> = tensor.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
        match numbers.iter().find(|number| !(-greatest..=greatest).contains(*number)) {
            Some(number) => Err(damaged(format!("{name} has the number {number}; up to {greatest} in size will do"))),
            None => Ok(numbers),
        }
    }
}
