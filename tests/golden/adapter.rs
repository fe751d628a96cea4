//! The adapter of the stored index: each component moves by three places, and the length doubles on the way.

use super::{INDEX, MILLIS, WIDTH};
use index_format::{AdapterRecord, AdapterView};

/// Number of its file.
pub(super) const NUMBER: u64 = 6;

/// What it makes of a vector of unit length.
pub(super) fn adapted(source: [f32; WIDTH]) -> [f32; WIDTH] {
    std::array::from_fn(|axis| source[(axis + 3) % WIDTH])
}

/// The adapter file as it was trained.
pub(super) fn file() -> Vec<u8> {
    let mut matrix = vec![0.0; WIDTH * WIDTH];
    for axis in 0..WIDTH {
        matrix[axis * WIDTH + (axis + 3) % WIDTH] = 2.0;
    }
    let record = AdapterRecord {
        encoder: "external".to_owned(),
        fingerprint: "external-8".to_owned(),
        made_ms: MILLIS,
        made_with: "by hand".to_owned(),
    };
    encode(&AdapterView { record, width: WIDTH, matrix: &matrix })
}

pub(crate) fn encode(view: &AdapterView<'_>) -> Vec<u8> {
    view.to_file(INDEX, NUMBER).unwrap().finish().unwrap().to_vec()
}
