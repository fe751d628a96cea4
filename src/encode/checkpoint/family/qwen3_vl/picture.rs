//! Pictures to rows of patches: each at a size of its own, cut into squares in the order in which they are merged later.

use super::super::super::directory::Directory;
use super::super::super::pixels::{Kind, Preprocess, settings_of_pictures};
use super::super::super::problem::ModelProblem;
use super::super::numbers;
use crate::note::Pixels;
use serde::Deserialize;

/// Merged patches of a picture at most: what the authors of the embedding models work with. A file may allow ten times more,
/// for conversations about what is on a page.
const MOST_PATCHES: usize = 1800;
/// Pixels at least and at most where no file says so.
const PIXELS: (usize, usize) = (56 * 56, 28 * 28 * 1280);
/// How much longer one side may be than the other; a thinner picture is drawn thicker.
const RATIO: u32 = 200;
/// Colour channels.
pub(super) const CHANNELS: usize = 3;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config {
    size: Size,
    min_pixels: Option<usize>,
    max_pixels: Option<usize>,
}

#[derive(Default, Deserialize)]
struct Size {
    shortest_edge: Option<usize>,
    longest_edge: Option<usize>,
}

/// How many patches a picture has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grid {
    pub(super) rows: usize,
    pub(super) columns: usize,
    /// Patches a side that become one.
    pub(super) merge: usize,
}

impl Grid {
    /// Row and column of each patch, those that become one next to each other.
    pub(super) fn patches(self) -> impl Iterator<Item = (usize, usize)> {
        let Self { rows, columns, merge } = self;
        let blocks = (0..rows / merge).flat_map(move |row| (0..columns / merge).map(move |column| (row, column)));
        let inner = move |(row, column)| {
            (0..merge * merge).map(move |at| (row * merge + at / merge, column * merge + at % merge))
        };
        blocks.flat_map(inner)
    }

    /// Rows and columns after merging.
    pub(super) fn merged(self) -> (usize, usize) {
        (self.rows / self.merge, self.columns / self.merge)
    }

    /// Tokens that stand for the picture in a text.
    pub(super) fn tokens(self) -> usize {
        let (rows, columns) = self.merged();
        rows * columns
    }
}

/// A picture as patches, each `[channel, row, column]`.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Patches {
    pub(super) grid: Grid,
    pub(super) values: Vec<f32>,
}

/// The way from pictures to patches.
pub(super) struct Patcher {
    steps: Preprocess,
    patch: usize,
    merge: usize,
    /// Pixels at least and at most.
    pixels: (usize, usize),
}

impl Patcher {
    /// Reads what the files of a model say; `patch` and `merge` are pixels a side of a patch, and patches a side of a token.
    pub(super) fn read(directory: &Directory, patch: usize, merge: usize) -> Result<Self, ModelProblem> {
        numbers::check(&[("patch_size", patch), ("spatial_merge_size", merge)])?;
        let config: Config = settings_of_pictures(directory)?;
        let least = config.min_pixels.or(config.size.shortest_edge).unwrap_or(PIXELS.0);
        let most = config.max_pixels.or(config.size.longest_edge).unwrap_or(PIXELS.1);
        let token = (patch * merge).saturating_pow(2);
        let most = most.clamp(token, MOST_PATCHES.saturating_mul(token));
        let steps = Preprocess::read(directory, Kind::Dynamic, patch * merge)?;
        Ok(Self { steps, patch, merge, pixels: (least.min(most), most) })
    }

    /// Width and height a picture is brought to: whole tokens, in proportion as far as that goes, within the limits.
    fn size(&self, picture: &Pixels) -> (usize, usize) {
        let thin = picture.width.max(picture.height).div_ceil(RATIO);
        let (width, height) = (f64::from(picture.width.max(thin)), f64::from(picture.height.max(thin)));
        let (least, most) = (self.pixels.0 as f64, self.pixels.1 as f64);
        let factor = (self.patch * self.merge) as f64;
        let near = |side: f64| (side / factor).round_ties_even() * factor;
        let (wide, high) = (near(width), near(height));
        let (wide, high) = if wide * high > most {
            let by = (height * width / most).sqrt();
            let below = |side: f64| ((side / by / factor).floor() * factor).max(factor);
            (below(width), below(height))
        } else if wide * high < least {
            let by = (least / (height * width)).sqrt();
            let above = |side: f64| (side * by / factor).ceil() * factor;
            (above(width), above(height))
        } else {
            (wide, high)
        };
        (wide as usize, high as usize)
    }

    /// How many patches a picture gets.
    pub(super) fn grid(&self, picture: &Pixels) -> Grid {
        let (width, height) = self.size(picture);
        Grid { rows: height / self.patch, columns: width / self.patch, merge: self.merge }
    }

    /// The patches of a picture.
    pub(super) fn patches(&self, picture: &Pixels) -> Result<Patches, ModelProblem> {
        let (width, height) = self.size(picture);
        let planes = self.steps.at_size(picture, width, height)?;
        let grid = self.grid(picture);
        let mut values = Vec::with_capacity(planes.values.len());
        for (row, column) in grid.patches() {
            for plane in planes.values.chunks_exact((width * height).max(1)) {
                let lines = plane.chunks_exact(width.max(1)).skip(row * self.patch).take(self.patch);
                let part = column * self.patch..(column + 1) * self.patch;
                lines.for_each(|line| values.extend_from_slice(line.get(part.clone()).unwrap_or_default()));
            }
        }
        Ok(Patches { grid, values })
    }
}
