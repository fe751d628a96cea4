//! Rotations keep what they must keep and concentrate what they can.

use super::*;
use crate::vector::seeded::Seeded;
use crate::vector::{naive, prefix_unit};

fn mixed(rows: usize, width: usize, hidden: usize) -> Vectors {
    Seeded(7).mixed(rows, width, hidden)
}

#[test]
fn full_width_dot_products_stay() {
    let vectors = mixed(200, 48, 6);
    let rotation = Rotation::learn(&vectors);
    assert!(rotation.orthogonality_error() < 1e-5);
    let turned = rotation.prefixes(&vectors, 48).unwrap();
    for (a, b) in [(0, 1), (2, 150), (40, 40), (199, 7)] {
        let before = naive::dot(vectors.row(a), vectors.row(b));
        let after = naive::dot(turned.row(a), turned.row(b));
        assert!((before - after).abs() < 1e-5, "{before} {after}");
    }
}

#[test]
fn a_query_turns_nearly_as_rows_do() {
    let vectors = mixed(37, 20, 4);
    let rotation = Rotation::learn(&vectors);
    let turned = rotation.prefixes(&vectors, 20).unwrap();
    let short = rotation.prefixes(&vectors, 5).unwrap();
    for ((row, expected), short) in vectors.iter().zip(&turned).zip(&short) {
        let query = rotation.coarse_prefix(row, 5);
        assert_eq!(*short, expected[..5]);
        assert!(query.len() == 5 && query.iter().zip(short).all(|(near, exact)| (near - exact).abs() < 0.01));
    }
    assert_eq!(rotation.coarse_prefix(&[0.0; 20], 99), [0.0; 20]);
}

#[test]
fn a_rotated_prefix_keeps_more_neighbours_than_a_raw_one() {
    let vectors = mixed(400, 64, 10);
    let turned = Rotation::learn(&vectors).prefixes(&vectors, 64).unwrap();
    let kept = |rows: &Vectors| {
        let prefixes: Vec<f32> = rows.iter().flat_map(|row| prefix_unit(row, 10)).collect();
        let prefixes = Vectors::from_flat(10, prefixes).unwrap();
        let mut hits = 0;
        for query in 0..50 {
            let exact = naive::top_k(rows, rows.row(query), 10);
            let found = naive::top_k(&prefixes, prefixes.row(query), 10);
            let is_exact = |row| exact.iter().any(|&(other, _)| other == row);
            hits += found.iter().filter(|&&(row, _)| is_exact(row)).count();
        }
        hits
    };
    let (raw, rotated) = (kept(&vectors), kept(&turned));
    assert!(rotated > 400 && rotated > 2 * raw, "raw {raw}, rotated {rotated} of 500");
}

#[test]
fn axes_come_in_order_with_positive_largest_component() {
    let vectors = mixed(300, 24, 5);
    let rotation = Rotation::learn(&vectors);
    assert_eq!(rotation, Rotation::learn(&vectors));
    let turned = rotation.prefixes(&vectors, 24).unwrap();
    let moment = |axis: usize| turned.iter().map(|row| f64::from(row[axis]).powi(2)).sum::<f64>();
    for axis in 1..24 {
        assert!(moment(axis - 1) >= moment(axis) - 1e-6);
    }
    for axis in rotation.rows().chunks_exact(24) {
        let largest = axis.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
        assert!(largest > Some(0.0));
    }
}

#[test]
fn too_small_a_sample_still_gives_a_rotation() {
    let empty = Vectors::with_capacity(3, 0).unwrap();
    assert_eq!(Rotation::learn(&empty), Rotation::identity(3));
    let one = mixed(1, 16, 2);
    assert!(Rotation::learn(&one).orthogonality_error() < 1e-5);
    let zeros = Vectors::from_flat(4, vec![0.0; 12]).unwrap();
    assert!(Rotation::learn(&zeros).orthogonality_error() < 1e-5);
}

#[test]
fn rows_from_elsewhere_are_checked() {
    let skewed = vec![1.0, 0.0, 0.5, 1.0];
    assert!(matches!(
        Rotation::from_stored(2, skewed.clone()).unwrap().check(),
        Err(VectorError::NotOrthonormal { error, .. }) if error >= 0.25
    ));
    assert!(Rotation::from_stored(2, skewed).unwrap().orthogonality_error() >= 0.25);
    assert!(Rotation::from_stored(2, vec![0.0, 1.0, 1.0, 0.0]).unwrap().check().is_ok());
    let ragged = VectorError::Ragged { width: 2, length: 3 };
    assert_eq!(Rotation::from_stored(2, vec![0.0; 3]), Err(ragged));
    assert_eq!(Rotation::from_stored(0, vec![]), Err(VectorError::ZeroWidth));
    assert!(Rotation::from_stored(usize::MAX, vec![]).is_err());
    let nan = VectorError::NotFinite { position: 0 };
    assert_eq!(Rotation::from_stored(1, vec![f32::NAN]), Err(nan));
    let rotation = Rotation::identity(2);
    let wide = Vectors::from_flat(3, vec![1.0, 0.0, 0.0]).unwrap();
    assert!(rotation.prefixes(&wide, 2).is_err());
}
