//! The tower for pictures: decoded pictures to rows, a few at a time.

use super::super::pixels::{Planes, Preprocess};
use super::super::problem::ModelProblem;
use crate::note::Pixels;
use candle_core::{Result, Tensor};

/// Pictures computed together: their rows and inputs stay small whatever a batch holds.
const GROUP: usize = 8;

/// A network over pictures of one size.
pub(in super::super) trait PictureTower: Send + Sync {
    /// Width of its rows.
    fn width(&self) -> usize;

    /// One row a picture, `[pictures, width]`. All have the size the tower was made for.
    fn forward(&self, pictures: &[Planes]) -> Result<Tensor>;
}

/// A tower and what a picture goes through before it.
pub(in super::super) struct Pictures {
    preprocess: Preprocess,
    tower: Box<dyn PictureTower>,
}

impl Pictures {
    /// Joins the two, if the steps give the size (width and height) that the tower reads.
    pub(in super::super) fn new(
        preprocess: Preprocess,
        tower: Box<dyn PictureTower>,
        (width, height): (usize, usize),
    ) -> std::result::Result<Self, ModelProblem> {
        match preprocess.input_size() {
            Some(found) if found == (width, height) => Ok(Self { preprocess, tower }),
            found => Err(ModelProblem::Setting {
                file: "preprocessor_config.json".to_owned(),
                setting: "size of pictures",
                found: found
                    .map_or("one that differs by picture".to_owned(), |(width, height)| format!("{width} x {height}")),
                expected: "expected the image_size of the model's configuration",
            }),
        }
    }

    pub(super) fn width(&self) -> usize {
        self.tower.width()
    }

    /// One row a picture.
    pub(super) fn rows<'a>(
        &self,
        pictures: impl Iterator<Item = &'a Pixels>,
    ) -> std::result::Result<Vec<Vec<f32>>, ModelProblem> {
        let pictures: Vec<&Pixels> = pictures.collect();
        let mut rows = Vec::with_capacity(pictures.len());
        for group in pictures.chunks(GROUP) {
            let planes = group.iter().map(|picture| self.preprocess.planes(picture));
            let planes = planes.collect::<std::result::Result<Vec<_>, _>>()?;
            rows.extend(self.tower.forward(&planes)?.to_vec2()?);
        }
        Ok(rows)
    }
}
