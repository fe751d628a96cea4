//! Kernels against the exact twin, at extremes and at random.

use super::*;
use crate::vector::naive;
use crate::vector::seeded::Seeded;
use proptest::prelude::*;

#[test]
fn codes_at_their_extremes_are_exact() {
    for width in [0, 1, 31, 32, 33, 63, 64, 65, 384, 4096] {
        for (a, b) in [(127, 127), (-128, -128), (-128, 127), (127, -127)] {
            let (a, b) = (vec![a; width], vec![b; width]);
            assert_eq!(i64::from(dot_i8(&a, &b)), naive::dot_codes(&a, &b));
        }
    }
}

#[test]
fn many_rows_score_as_one_by_one() {
    let mut seeded = Seeded(1);
    let codes: Vec<i8> = (0..50 * 70).map(|_| seeded.bits() as i8).collect();
    let query = &codes[..70];
    let ids = [3, 49, 0, 50, 3, u32::MAX];
    let mut scores = vec![1];
    dot_i8_many(query, &codes, &ids, &mut scores);
    let one = |id: usize| dot_i8(query, &codes[id * 70..][..70]);
    assert_eq!(scores, [one(3), one(49), one(0), i32::MIN, one(3), i32::MIN]);
}

#[test]
fn prefetch_takes_any_slice() {
    prefetch::<f32>(&[]);
    prefetch(&[1_u8]);
    prefetch(&[0.0_f32; 1000]);
}

#[test]
fn half_bytes_at_their_extremes_are_exact() {
    for half in [0, 1, 15, 16, 17, 31, 32, 33, 64, 128, 192, 256, 2048] {
        for (component, byte) in [(127, -1), (-128, -1), (-128, 0x0F), (1, 0x70)] {
            let (query, code) = (vec![component; 2 * half], vec![byte; half]);
            assert_eq!(i64::from(dot_i4(&query, &code)), naive::dot_nibbles(&query, &code));
        }
    }
}

#[test]
fn many_rows_of_half_bytes_score_as_one_by_one() {
    let mut seeded = Seeded(2);
    let codes: Vec<i8> = (0..50 * 64).map(|_| seeded.bits() as i8).collect();
    let query: Vec<i8> = (0..128).map(|_| seeded.bits() as i8).collect();
    let mut scores = vec![1];
    dot_i4_many(&query, &codes, &[3, 49, 0, 50, u32::MAX], &mut scores);
    let one = |id: usize| dot_i4(&query, &codes[id * 64..][..64]);
    assert_eq!(scores, [one(3), one(49), one(0), i32::MIN, i32::MIN]);
}

proptest! {
    #[test]
    fn half_bytes_agree_exactly_with_the_twin(
        parts in proptest::collection::vec((any::<i8>(), any::<i8>(), any::<i8>()), 0..300),
    ) {
        let (low, high): (Vec<i8>, Vec<i8>) = parts.iter().map(|(low, high, _)| (*low, *high)).unzip();
        let code: Vec<i8> = parts.iter().map(|(_, _, byte)| *byte).collect();
        let exact = naive::dot_nibbles(&[low.as_slice(), &high].concat(), &code);
        prop_assert_eq!(i64::from(dot_i4(&[low.as_slice(), &high].concat(), &code)), exact);
        prop_assert_eq!(i64::from(dot_i4_halves((&low, &high), &code)), exact);
    }

    #[test]
    fn f32_agrees_with_the_exact_twin(
        pairs in proptest::collection::vec((-1.0_f32..1.0, -1.0_f32..1.0), 0..500),
    ) {
        let (a, b): (Vec<f32>, Vec<f32>) = pairs.into_iter().unzip();
        let exact = naive::dot(&a, &b);
        prop_assert!((f64::from(dot_f32(&a, &b)) - exact).abs() < 1e-4);
    }

    #[test]
    fn codes_agree_exactly_with_the_twin(
        pairs in proptest::collection::vec((any::<i8>(), any::<i8>()), 0..500),
    ) {
        let (a, b): (Vec<i8>, Vec<i8>) = pairs.into_iter().unzip();
        let exact = naive::dot_codes(&a, &b);
        prop_assert_eq!(i64::from(dot_i8(&a, &b)), exact);
        prop_assert_eq!(i64::from(dot_i8_portable(&a, &b)), exact);
    }
}
