//! Parts of pictures: rectangles, and the grid in which details are looked for.

use super::Pixels;
use std::ops::Range;

/// The shortest side of a cell in pixels: a smaller one holds nothing an encoder could tell from the whole.
const CELL_MIN: u32 = 64;

impl Pixels {
    /// Cells along one side of the grid of [`Pixels::regions`].
    pub const REGIONS_A_SIDE: usize = 3;

    /// A picture of these rows: `rgb` holds three bytes (red, green, blue; sRGB) a pixel, from the top left. `None` where its
    /// length is not `3 * width * height`.
    #[must_use]
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Option<Self> {
        let expected = u64::from(width).checked_mul(u64::from(height))?.checked_mul(3)?;
        (rgb.len() as u64 == expected).then_some(Self { width, height, rgb })
    }

    /// The cells of a grid of 3 x 3 that overlap by half, by rows: each is half as wide and half as high as the picture.
    ///
    /// So everything up to a quarter of the picture's width and height lies whole in at least one cell, wherever it is; four
    /// cells side by side would cut what lies on their borders. Empty for a picture so small that a cell would have a side
    /// of less than 64 pixels.
    #[must_use]
    pub fn regions(&self) -> Vec<Self> {
        if self.width.min(self.height) / 2 < CELL_MIN {
            return Vec::new();
        }
        let cells =
            |side: u32| (0..Self::REGIONS_A_SIDE as u32).map(move |cell| cell * side / 4..cell * side / 4 + side / 2);
        cells(self.height)
            .flat_map(|rows| cells(self.width).map(move |columns| self.crop(columns, rows.clone())))
            .collect()
    }

    /// The pixels in these columns and rows; what lies outside is left out.
    fn crop(&self, columns: Range<u32>, rows: Range<u32>) -> Self {
        let columns = columns.start.min(self.width)..columns.end.min(self.width);
        let rows = rows.start.min(self.height)..rows.end.min(self.height);
        let (width, height) = (columns.len() as u32, rows.len() as u32);
        let mut rgb = Vec::with_capacity(3 * width as usize * height as usize);
        for row in rows {
            let start = 3 * (row as usize * self.width as usize + columns.start as usize);
            rgb.extend_from_slice(self.rgb.get(start..start + 3 * width as usize).unwrap_or_default());
        }
        Self { width, height, rgb }
    }
}
