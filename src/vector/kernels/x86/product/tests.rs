//! The product held to its twin in double precision, over shapes that fit no tile.

#![allow(clippy::float_cmp, reason = "the same sums in the same order are the same bits")]

use super::*;

fn values(count: usize, seed: u64) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(seed);
    (0..count).map(|_| random.f32() - 0.5).collect()
}

struct Case {
    matrix: PackedMatrix,
    weights: Vec<f32>,
    bias: Vec<f32>,
    rows: Vec<f32>,
    before: Vec<f32>,
}

/// None where this machine has no such kernel.
fn case(rows: usize, inputs: usize, outputs: usize) -> Option<Case> {
    let weights = values(outputs * inputs, 1);
    let Some(matrix) = PackedMatrix::pack(&weights, (outputs, inputs)) else {
        println!("skipped: no AVX-512 here");
        return None;
    };
    let (bias, rows, before) = (values(outputs, 2), values(rows * inputs, 3), values(rows * outputs, 4));
    Some(Case { matrix, weights, bias, rows, before })
}

fn check(rows: usize, inputs: usize, outputs: usize) {
    let Some(case) = case(rows, inputs, outputs) else { return };
    for (bias, add) in [(true, false), (false, false), (true, true), (false, true)] {
        let bias = if bias { case.bias.as_slice() } else { &[] };
        let mut out = case.before.clone();
        case.matrix.multiply(&case.rows, &mut out, bias, add);
        for (at, (got, before)) in out.iter().zip(&case.before).enumerate() {
            let (row, output) = (at / outputs, at % outputs);
            let row = &case.rows[row * inputs..][..inputs];
            let weights = &case.weights[output * inputs..][..inputs];
            let exact = row.iter().zip(weights).map(|(x, w)| f64::from(*x) * f64::from(*w)).sum::<f64>()
                + bias.get(output).map_or(0.0, |bias| f64::from(*bias))
                + if add { f64::from(*before) } else { 0.0 };
            let error = (f64::from(*got) - exact).abs();
            assert!(error < 1e-4, "{rows} x {inputs} x {outputs}: {got} at {at}, not {exact}");
        }
    }
}

#[test]
fn products_are_those_of_the_twin() {
    for rows in [0, 1, 2, 7, 8, 9, 17, 33] {
        for inputs in [0, 1, 3, 4, 5, 64, 385] {
            for outputs in [0, 1, 15, 16, 17, 31, 32, 33, 47, 48, 49, 100] {
                check(rows, inputs, outputs);
            }
        }
    }
}

#[test]
fn products_of_several_blocks_are_those_of_the_twin() {
    for (rows, inputs, outputs) in [(257, 385, 49), (600, 70, 130), (255, 769, 48), (40, 384, 384), (1, 1537, 777)] {
        check(rows, inputs, outputs);
    }
}

#[test]
fn threads_share_a_product_without_changing_it() {
    let many = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    for (rows, inputs, outputs) in [(9, 400, 500), (300, 130, 150), (2000, 50, 70), (1, 2000, 1000)] {
        let Some(case) = case(rows, inputs, outputs) else { return };
        let run = |mut out: Vec<f32>| {
            case.matrix.multiply(&case.rows, &mut out, &case.bias, true);
            out
        };
        let before = &case.before;
        assert!(many.install(|| run(before.clone())) == one.install(|| run(before.clone())), "{rows} rows");
    }
}

#[test]
fn a_row_is_the_same_alone_and_among_others() {
    let (inputs, outputs) = (500, 70);
    let Some(case) = case(29, inputs, outputs) else { return };
    let mut all = case.before.clone();
    case.matrix.multiply(&case.rows, &mut all, &case.bias, false);
    for (row, all) in case.rows.chunks(inputs).zip(all.chunks(outputs)) {
        let mut alone = vec![7.0; outputs];
        case.matrix.multiply(row, &mut alone, &case.bias, false);
        assert!(alone == all, "alone and among others");
    }
}

#[test]
#[should_panic(expected = "rows of another shape")]
fn rows_that_do_not_fit_are_refused() {
    match case(2, 8, 8) {
        Some(case) => case.matrix.multiply(&case.rows[1..], &mut [0.0; 16], &[], false),
        None => panic!("rows of another shape: no kernel here to ask"),
    }
}
