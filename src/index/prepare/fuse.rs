//! One vector of many: late fusion, where an encoder cannot read all parts of a note together.

use crate::vector::normalise;

/// The direction of the weighted mean of the mean text and the mean picture, both of unit length, so that a note with many
/// passages and one picture is not all text. `None` if there is neither.
pub(super) fn late<'a>(
    texts: impl Iterator<Item = &'a [f32]> + Clone,
    pictures: impl Iterator<Item = &'a [f32]> + Clone,
    (text, picture): (f32, f32),
) -> Option<Vec<f32>> {
    match (mean(texts, None), mean(pictures, None)) {
        (Some(texts), Some(pictures)) => mean([&*texts, &*pictures].into_iter(), Some([text, picture])),
        (texts, pictures) => texts.or(pictures),
    }
}

/// The direction of the mean. Vectors that cancel out exactly, or weights that leave nothing, have none: then the first
/// stands for all.
fn mean<'a>(vectors: impl Iterator<Item = &'a [f32]> + Clone, weights: Option<[f32; 2]>) -> Option<Vec<f32>> {
    let first = vectors.clone().next()?;
    let mut sum = vec![0.0; first.len()];
    for (number, vector) in vectors.enumerate() {
        let weight = weights.map_or(1.0, |weights| weights.get(number).copied().unwrap_or(0.0));
        for (total, value) in sum.iter_mut().zip(vector) {
            *total += weight * value;
        }
    }
    if normalise(&mut sum).is_err() {
        sum.copy_from_slice(first);
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_and_pictures_weigh_what_the_encoder_says_however_many_there_are() {
        let texts = [[1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 1.0, 0.0]];
        let pictures = [[0.0, 0.0, 1.0]];
        let fused =
            |weights| late(texts.iter().map(|row| &row[..]), pictures.iter().map(|row| &row[..]), weights).unwrap();
        let near = |found: Vec<f32>, expected: [f32; 3]| {
            assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{found:?}, not {expected:?}");
        };
        near(fused((1.0, 1.0)), [0.5, 0.5, 0.5_f32.sqrt()]);
        near(fused((3.0, 4.0)), [0.6 * 0.5_f32.sqrt(), 0.6 * 0.5_f32.sqrt(), 0.8]);
        near(fused((0.0, 1.0)), [0.0, 0.0, 1.0]);
        near(fused((f32::NAN, 1.0)), [0.5_f32.sqrt(), 0.5_f32.sqrt(), 0.0]);
    }

    #[test]
    fn what_cancels_out_is_stood_for_by_the_first_and_nothing_is_nothing() {
        let opposite = [[1.0, 0.0], [-1.0, 0.0]];
        let none = || std::iter::empty::<&[f32]>();
        assert_eq!(late(opposite.iter().map(|row| &row[..]), none(), (1.0, 1.0)), Some(vec![1.0, 0.0]));
        assert_eq!(late(none(), opposite.iter().map(|row| &row[..]), (1.0, 0.0)), Some(vec![1.0, 0.0]));
        assert_eq!(late(none(), none(), (1.0, 1.0)), None);
    }
}
