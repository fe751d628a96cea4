//! Every layer's own way against the same in candle's own operations.

#![allow(clippy::unwrap_used, reason = "tests")]

use super::attention::{Attention, Bias, Heads, Mask};
use super::{Activation, FeedForward, Linear, Norm, Ragged, Rope};
use candle_core::quantized::{GgmlDType, QMatMul, QTensor};
use candle_core::{DType, Device, Tensor};

/// Values in -1..1, the same at every run.
fn values(rows: usize, width: usize, seed: f64) -> Tensor {
    let count = (rows * width) as u32;
    let ramp = Tensor::arange(0_u32, count, &Device::Cpu).unwrap().to_dtype(DType::F64).unwrap();
    let waves = ((ramp + seed).unwrap() * 12.9898).unwrap().sin().unwrap();
    waves.to_dtype(DType::F32).unwrap().reshape((rows, width)).unwrap()
}

#[track_caller]
fn close(left: &Tensor, right: &Tensor, most: f32) {
    assert_eq!(left.dims(), right.dims());
    let far = (left - right).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
    let far = far.to_scalar::<f32>().unwrap();
    assert!(far <= most, "{far}");
}

#[test]
fn products_are_those_of_plain_matrices() {
    let (weight, bias) = (values(70, 33, 1.0), values(1, 70, 2.0).flatten_all().unwrap());
    let linear = Linear::new(&weight, Some(bias.clone())).unwrap();
    for rows in [1, 2, 7, 130] {
        let x = values(rows, 33, 3.0);
        let plain = x.matmul(&weight.t().unwrap()).unwrap().broadcast_add(&bias).unwrap();
        close(&linear.forward(&x).unwrap(), &plain, 1e-5);
        let residual = values(rows, 70, 4.0);
        close(&linear.onto(&x, &residual).unwrap(), &(&plain + &residual).unwrap(), 1e-5);
        let curved = linear.activated(&x, Activation::Gelu).unwrap();
        close(&curved, &plain.gelu_erf().unwrap(), 1e-5);
    }
}

#[test]
fn a_row_is_the_same_alone_and_among_others() {
    let linear = Linear::new(&values(384, 384, 1.0), None).unwrap();
    let x = values(97, 384, 3.0);
    let all = linear.forward(&x).unwrap();
    for row in [0, 50, 96] {
        let alone = linear.forward(&x.narrow(0, row, 1).unwrap()).unwrap();
        close(&alone, &all.narrow(0, row, 1).unwrap(), 1e-6);
    }
}

#[test]
fn curves_are_those_of_candle() {
    let x = (values(3, 50, 1.0) * 6.0).unwrap();
    let curves = [
        Activation::Identity,
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::QuickGelu,
        Activation::Silu,
        Activation::Relu,
        Activation::Tanh,
    ];
    for curve in curves {
        let mut own = x.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        curve.apply(&mut own);
        close(&Tensor::from_vec(own, (3, 50), &Device::Cpu).unwrap(), &curve.forward(&x).unwrap(), 3e-6);
    }
}

#[test]
fn networks_in_slices_are_those_of_whole_products() {
    // More than one slice of columns and block of rows, neither whole.
    let (inner, width) = (300, 24);
    let bias = |count: usize| Some(values(1, count, 8.0).flatten_all().unwrap());
    let x = values(260, width, 1.0);
    let (gate, up, down) =
        (values(inner, width, 2.0), values(inner, width, 3.0), (values(width, inner, 4.0) * 0.02).unwrap());
    let product = |x: &Tensor, weight: &Tensor, bias: &Option<Tensor>| {
        let product = x.matmul(&weight.t().unwrap()).unwrap();
        bias.as_ref().map_or_else(|| product.clone(), |bias| product.broadcast_add(bias).unwrap())
    };
    for (of_inner, of_width) in [(bias(inner), bias(width)), (None, None)] {
        let curved = Activation::Silu.forward(&product(&x, &gate, &of_inner)).unwrap();
        let ups = vec![(gate.clone(), of_inner.clone()), (up.clone(), of_inner.clone())];
        for (ups, middle) in [
            (ups.clone(), (&curved * product(&x, &up, &of_inner)).unwrap()),
            (ups.into_iter().take(1).collect(), curved.clone()),
        ] {
            let whole = product(&middle, &down, &of_width);
            let network = FeedForward::new(ups, (down.clone(), of_width.clone()), Activation::Silu).unwrap();
            assert!(matches!(network, FeedForward::Sliced(_)));
            close(&network.forward(&x).unwrap(), &whole, 5e-5);
            close(&network.onto(&x, &x).unwrap(), &(&whole + &x).unwrap(), 5e-5);
        }
    }
}

#[test]
fn norms_are_those_of_plain_operations() {
    let (x, weight) = (values(5, 48, 1.0), values(1, 48, 2.0).flatten_all().unwrap());
    for (bias, centred) in [(Some(weight.clone()), true), (None, true), (None, false)] {
        let norm = Norm::new(weight.clone(), bias, centred, 1e-5).unwrap();
        close(&norm.forward(&x).unwrap(), &norm.plain(&x).unwrap(), 1e-5);
    }
}

#[test]
fn attention_is_that_of_plain_operations_over_every_kind_of_layer() {
    let batch = Ragged::of([&[0_u32; 3] as &[u32], &[0; 1], &[0; 300]]);
    let turns = Rope::new(10_000.0, 16).turns(&batch.positions(0));
    let weight = values(1, 16, 9.0).flatten_all().unwrap();
    let norm = Norm::new(weight, None, false, 1e-6).unwrap();
    let bias = Bias { by_head: vec![(0..11).map(|at| at as f32 * 0.1).collect(); 4], reach: 5 };
    for keys in [4, 2, 1] {
        let heads = Heads { queries: 4, keys, width: 16, scale: 0.25 };
        let rows = values(304, heads.row(), 5.0);
        for mask in [Mask::Full, Mask::Causal, Mask::Window(7, 7), Mask::Window(200, 0)] {
            for with in [false, true] {
                let attention = Attention {
                    heads,
                    mask,
                    norms: with.then_some((&norm, &norm)),
                    turns: with.then_some(&turns),
                    bias: with.then_some(&bias),
                    starts: &batch.starts,
                };
                let plain = attention.plain(&rows).unwrap();
                close(&attention.forward(rows.copy().unwrap()).unwrap(), &plain, 1e-5);
            }
        }
    }
}

#[test]
fn products_in_blocks_are_those_of_the_matrices_they_stand_for() {
    let weight = values(64, 256, 1.0);
    let x = values(5, 256, 2.0);
    for kind in [GgmlDType::Q8_0, GgmlDType::Q4K, GgmlDType::Q6K] {
        let blocks = QTensor::quantize(&weight, kind).unwrap();
        let plain = x.matmul(&blocks.dequantize(&Device::Cpu).unwrap().t().unwrap()).unwrap();
        let linear = Linear::of_blocks(vec![QMatMul::from_qtensor(blocks).unwrap()], (256, 64));
        let all = linear.forward(&x).unwrap();
        // Rows are rounded to eight bits, at most one part in 254 of the largest of a block.
        close(&all, &plain, 0.15);
        let two = linear.forward(&x.narrow(0, 3, 2).unwrap()).unwrap();
        close(&two, &all.narrow(0, 3, 2).unwrap(), 1e-6);
        let residual = values(5, 64, 4.0);
        close(&linear.onto(&x, &residual).unwrap(), &(&all + &residual).unwrap(), 1e-6);
    }
}
