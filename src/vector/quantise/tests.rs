//! Codes stand for what they are made of, within what their bits allow.

use super::*;
use crate::vector::naive;
use crate::vector::seeded::Seeded;
use proptest::prelude::*;

fn random(rows: usize, width: usize) -> Vectors {
    let mut seeded = Seeded(3);
    let data = (0..rows * width).map(|_| seeded.uniform()).collect();
    Vectors::from_flat(width, data).unwrap()
}

fn worst_error(params: CodeParams, vectors: &Vectors) -> f64 {
    let codes = params.encode_all(vectors);
    let pairs = [(0, 1), (5, 5), (17, 250), (250, 17)];
    let error = |(a, b): (usize, usize)| {
        let prefixes = [a, b].map(|row| prefix_unit(vectors.row(row), params.dims));
        let exact = naive::dot(&prefixes[0], &prefixes[1]);
        let query = params.query(vectors.row(a));
        let score = query.score(&codes[b * params.bytes()..][..params.bytes()]);
        (f64::from(query.cosine(score)) - exact).abs()
    };
    pairs.into_iter().map(error).fold(0.0, f64::max)
}

#[test]
fn scores_stand_for_cosines_of_prefixes() {
    let vectors = random(300, 160);
    let eight = worst_error(CodeParams::eight(&vectors, 64), &vectors);
    assert!(eight < 0.02, "{eight}");
    let four = worst_error(CodeParams::four(128).unwrap(), &vectors);
    assert!(four < 0.05, "{four}");
}

#[test]
fn four_bits_suit_components_of_very_different_spread() {
    let mut seeded = Seeded(9);
    let width = 256;
    let component = |place: usize, seeded: &mut Seeded| seeded.uniform() / (1 + place) as f32;
    let data = (0..300 * width).map(|at| component(at % width, &mut seeded)).collect();
    let vectors = Vectors::from_flat(width, data).unwrap();
    let four = worst_error(CodeParams::four(width).unwrap(), &vectors);
    assert!(four < 0.05, "{four}");
}

#[test]
fn halves_of_a_byte_hold_components_half_a_prefix_apart() {
    let params = CodeParams::four(4).unwrap();
    let mut code = [0; 2];
    params.encode(&[1.0, 2.0, -3.0, 0.5], &mut code);
    let spread = params.prepared(&[1.0, 2.0, -3.0, 0.5]);
    let level = |at: usize| (spread[at] * params.scale).floor().clamp(-8.0, 7.0) as i32 + 8;
    let held = |byte: i8| [i32::from(byte.cast_unsigned() & 15), i32::from(byte.cast_unsigned() >> 4)];
    assert_eq!([held(code[0]), held(code[1])], [[level(0), level(2)], [level(1), level(3)]]);
}

#[test]
fn only_powers_of_two_are_spread() {
    assert!([0, 1, 3, 96, 384].iter().all(|dims| CodeParams::four(*dims).is_none()));
    assert_eq!(CodeParams::four(256).map(|params| params.bytes()), Some(128));
}

#[test]
fn the_scale_uses_the_range() {
    let params = CodeParams::eight(&random(300, 96), 96);
    let codes = params.encode_all(&random(300, 96));
    assert_eq!(codes.iter().map(|code| code.unsigned_abs()).max(), Some(127));
    assert!(codes.iter().filter(|code| code.unsigned_abs() == 127).count() < 40);
}

#[test]
fn zero_and_empty_input_have_a_defined_code() {
    let params = CodeParams::eight(&Vectors::with_capacity(8, 0).unwrap(), 4);
    assert_eq!(params, CodeParams { bits: Bits::Eight, dims: 4, scale: 127.0 });
    let mut code = [9; 4];
    params.encode(&[0.0, 0.0, 0.0, 0.0, 1.0], &mut code);
    assert_eq!(code, [0; 4]);
    let zeros = Vectors::from_flat(2, vec![0.0; 8]).unwrap();
    assert_eq!(CodeParams::eight(&zeros, 99), CodeParams { bits: Bits::Eight, dims: 2, scale: 127.0 });
    let four = CodeParams::four(4).unwrap();
    let mut code = [1; 2];
    four.encode(&[0.0; 4], &mut code);
    assert_eq!(code, [0x88_u8.cast_signed(); 2]);
    assert_eq!(four.query(&[0.0; 4]).cosine(0), 0.0);
}

proptest! {
    #[test]
    fn rounding_is_to_the_nearest_integer(value in -300.0_f32..300.0) {
        let exact = value.clamp(-127.0, 127.0);
        prop_assert!((f32::from(round_to_code(value)) - exact).abs() <= 0.5);
    }
}
