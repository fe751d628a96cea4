//! Matrices of vectors, prefixes and lengths.

use super::*;
use proptest::prelude::*;

#[test]
fn constructors_refuse_what_is_not_a_matrix() {
    assert_eq!(Vectors::from_flat(0, vec![]), Err(VectorError::ZeroWidth));
    assert_eq!(Vectors::from_flat(2, vec![1.0; 3]), Err(VectorError::Ragged { width: 2, length: 3 }));
    assert_eq!(Vectors::from_flat(2, vec![1.0, 0.0, f32::NAN, 0.0]), Err(VectorError::NotFinite { position: 2 }));
    assert_eq!(Vectors::with_capacity(0, 9), Err(VectorError::ZeroWidth));
}

#[test]
fn rows_come_back_as_pushed() {
    let mut vectors = Vectors::with_capacity(2, 2).unwrap();
    assert!(vectors.is_empty());
    vectors.push(&[1.0, 2.0]).unwrap();
    vectors.push(&[3.0, 4.0]).unwrap();
    let wrong = VectorError::WrongWidth { expected: 2, got: 1 };
    assert_eq!(vectors.push(&[5.0]), Err(wrong));
    let infinite = VectorError::NotFinite { position: 1 };
    assert_eq!(vectors.push(&[5.0, f32::INFINITY]), Err(infinite));
    assert_eq!((vectors.len(), vectors.width()), (2, 2));
    assert_eq!(vectors.row(1), [3.0, 4.0]);
    assert_eq!(vectors.get(2), None);
    assert_eq!(vectors.iter().count(), 2);
    assert_eq!(vectors.into_flat(), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn rows_move_in_place_as_they_would_by_copying() {
    for rows in 0..40 {
        // Any step without a common divisor visits all rows, in cycles of many lengths.
        for step in (1..2 * rows + 2).filter(|step| (2..=rows).all(|d| step % d != 0 || rows % d != 0)) {
            let order: Vec<u32> = (0..rows).map(|row| ((row * step + 3) % rows) as u32).collect();
            let mut vectors = Vectors::from_flat(2, (0..2 * rows).map(|value| value as f32).collect()).unwrap();
            let copied: Vec<f32> = order.iter().flat_map(|row| vectors.row(*row as usize)).copied().collect();
            vectors.reorder(&order);
            assert_eq!(vectors.flat(), copied);
        }
    }
}

#[test]
fn zero_and_non_finite_vectors_have_no_direction() {
    assert_eq!(normalise(&mut [0.0; 3]), Err(VectorError::Zero));
    assert_eq!(normalise(&mut []), Err(VectorError::Zero));
    let nan = VectorError::NotFinite { position: 1 };
    assert_eq!(normalise(&mut [0.0, f32::NAN]), Err(nan));
    assert_eq!(prefix_unit(&[0.0, 0.0, 1.0], 2), [0.0, 0.0]);
}

#[test]
fn extreme_lengths_normalise() {
    for tiny_or_huge in [f32::MAX, f32::MIN_POSITIVE, 1.0e-45] {
        let mut vector = [tiny_or_huge, tiny_or_huge];
        normalise(&mut vector).unwrap();
        assert!((vector[0] - std::f32::consts::FRAC_1_SQRT_2).abs() < 1e-6);
    }
}

proptest! {
    #[test]
    fn prefixes_are_units_in_the_same_direction(
        vector in proptest::collection::vec(-1.0_f32..1.0, 1..40),
        dims in 1_usize..60,
    ) {
        let prefix = prefix_unit(&vector, dims);
        let kept = dims.min(vector.len());
        prop_assert_eq!(prefix.len(), kept);
        let original = length(&vector[..kept]);
        prop_assume!(original > 1e-3);
        prop_assert!((length(&prefix) - 1.0).abs() < 1e-5);
        for (unit, component) in prefix.iter().zip(&vector) {
            prop_assert!((f64::from(*unit) * original - f64::from(*component)).abs() < 1e-5);
        }
    }
}
