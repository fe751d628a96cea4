//! Codes of fixed vectors, by the words of `SPEC.md` and nothing of the engine.

use super::WIDTH;

/// Codes of 8 bits of whole vectors.
pub(crate) fn codes(vectors: &[f32], width: usize, scale: f32) -> Vec<i8> {
    let mut codes = Vec::new();
    for vector in vectors.chunks_exact(width) {
        let length = vector.iter().map(|value| value * value).sum::<f32>().sqrt();
        codes.extend(vector.iter().map(|value| if length == 0.0 { 0 } else { (value / length * scale).round() as i8 }));
    }
    codes
}

/// Levels a unit of a component that was spread: sixteen of them within three standard deviations to each side.
pub(crate) const LEVELS: f32 = 8.0 / 3.0;

/// Codes of 4 bits of the first four components. All four signs change: the sequence they come from starts with ...AF.
pub(crate) fn half_bytes(vectors: &[f32]) -> Vec<i8> {
    let mut codes = Vec::new();
    for vector in vectors.chunks_exact(WIDTH) {
        let length = vector[..4].iter().map(|value| value * value).sum::<f32>().sqrt();
        let [a, b, c, d] = [0, 1, 2, 3].map(|place| if length == 0.0 { 0.0 } else { -vector[place] / length });
        let spread = [a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d];
        let [w, x, y, z] = spread.map(|value| ((value * LEVELS).floor() + 8.0).clamp(0.0, 15.0) as u8);
        codes.extend([(y << 4 | w).cast_signed(), (z << 4 | x).cast_signed()]);
    }
    codes
}
