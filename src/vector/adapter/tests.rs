//! An adapter against the plain product in double precision, and what it refuses.

use super::*;
use crate::vector::seeded::Seeded;

fn matrix(width: usize, seed: u64) -> Adapter {
    let mut seeded = Seeded(seed);
    let mut rows: Vec<f32> = (0..width * width).map(|_| 0.2 * seeded.uniform()).collect();
    rows.iter_mut().step_by(width + 1).for_each(|diagonal| *diagonal += 1.0);
    Adapter::from_stored(width, rows).unwrap()
}

fn naive(adapter: &Adapter, vector: &[f32]) -> Vec<f64> {
    let axes = adapter.rows().chunks(vector.len());
    let product: Vec<f64> =
        axes.map(|axis| axis.iter().zip(vector).map(|(a, v)| f64::from(*a) * f64::from(*v)).sum()).collect();
    let length = product.iter().map(|value| value * value).sum::<f64>().sqrt();
    product.iter().map(|value| value / length).collect()
}

#[test]
fn each_vector_becomes_the_product_at_unit_length_alone_and_among_others() {
    for (width, rows) in [(1, 3), (7, 40), (64, 33), (100, 16)] {
        let adapter = matrix(width, width as u64);
        let vectors = Seeded(5).clustered(rows, width, rows.min(8), 0.3);
        let all = adapter.apply_all(&vectors).unwrap();
        assert_eq!(all.len(), rows);
        for (vector, adapted) in vectors.iter().zip(&all) {
            assert_eq!(adapter.apply(vector).unwrap(), adapted);
            for (found, expected) in adapted.iter().zip(naive(&adapter, vector)) {
                assert!((f64::from(*found) - expected).abs() < 1e-6, "{width}: {found} instead of {expected}");
            }
        }
    }
}

#[test]
fn what_would_vanish_stays_as_it_is() {
    let flat = Adapter::from_stored(2, vec![1.0, 0.0, 0.0, 0.0]).unwrap();
    assert_eq!(flat.apply(&[0.6, 0.8]).unwrap(), [1.0, 0.0]);
    assert_eq!(flat.apply(&[0.0, -1.0]).unwrap(), [0.0, -1.0]);
    let tiny = Adapter::from_stored(1, vec![-9e-4]).unwrap();
    assert_eq!(tiny.apply(&[1.0]).unwrap(), [1.0]);
    let largest = Adapter::from_stored(2, vec![1e3; 4]).unwrap();
    let half = 0.5_f32.sqrt();
    assert_eq!(largest.apply(&[half, half]).unwrap(), [half, half]);
}

#[test]
fn matrices_that_are_none_are_refused() {
    let refused = |width, rows: Vec<f32>| Adapter::from_stored(width, rows).unwrap_err();
    assert!(matches!(refused(0, Vec::new()), VectorError::ZeroWidth));
    assert!(matches!(refused(2, vec![1.0; 3]), VectorError::Ragged { width: 2, length: 3 }));
    assert!(matches!(refused(4_097, Vec::new()), VectorError::TooWide { .. }));
    assert!(matches!(refused(usize::MAX, Vec::new()), VectorError::TooWide { .. }));
    assert!(matches!(refused(1, vec![f32::NAN]), VectorError::NotFinite { position: 0 }));
    assert!(matches!(refused(1, vec![-1_001.0]), VectorError::TooLarge { position: 0, .. }));
    let adapter = matrix(3, 1);
    assert!(matches!(adapter.apply(&[1.0, 0.0]), Err(VectorError::WrongWidth { expected: 3, got: 2 })));
    let narrow = Vectors::from_flat(2, vec![1.0, 0.0]).unwrap();
    assert!(matches!(adapter.apply_all(&narrow), Err(VectorError::WrongWidth { expected: 3, got: 2 })));
}
