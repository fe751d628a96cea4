//! Inputs against their definition, computed the plain way, and what they must not depend on.

use super::super::Squash;
use super::super::random::Random;
use super::*;

fn reading(features: &[(Squash, bool)]) -> Reading {
    let feature =
        |(number, (squash, sparse)): (usize, &(Squash, bool))| Feature::new(format!("f{number}"), *squash, *sparse);
    Reading {
        features: features.iter().enumerate().map(feature).collect(),
        columns: (0..features.len()).collect(),
        scalings: vec![Scaling { shift: 0.5, scale: 2.0 }; features.len()],
    }
}

fn table(rows: &[&[f32]]) -> Table {
    let mut table = Table::with_capacity(rows[0].len(), rows.len());
    rows.iter().for_each(|row| table.push(row).unwrap());
    table
}

fn random_table(seed: u64, rows: usize, width: usize) -> Table {
    let mut random = Random::new(seed, 77);
    let mut table = Table::with_capacity(width, rows);
    for _ in 0..rows {
        let cell = |random: &mut Random| if random.below(5) == 0 { f32::NAN } else { random.normal() as f32 };
        table.push(&(0..width).map(|_| cell(&mut random)).collect::<Vec<_>>()).unwrap();
    }
    table
}

fn all(inputs: &Inputs) -> Vec<Vec<f32>> {
    (0..inputs.candidates).map(|candidate| inputs.of(candidate).collect()).collect()
}

#[test]
fn each_input_is_what_its_definition_says() {
    let reading = reading(&[(Squash::None, false), (Squash::None, true)]);
    let inputs = reading.inputs(&table(&[&[1.0, f32::NAN], &[3.0, 5.0], &[2.0, 5.0]]));
    let deviation = (2.0_f32 / 3.0).sqrt();
    let expected = [
        [1.0, -1.0 / deviation, -1.0, 0.0, 0.0, 0.0, 1.0],
        [5.0, 1.0 / deviation, 1.0, 8.0, 0.0, 0.0, 0.0],
        [3.0, 0.0, 0.0, 8.0, 0.0, 0.0, 0.0],
    ];
    for (row, expected) in all(&inputs).iter().zip(expected) {
        for (found, expected) in row.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{row:?}");
        }
    }
    for (found, expected) in inputs.context.iter().zip([3.0, 2.0 * deviation, 8.0, 0.0]) {
        assert!((found - expected).abs() < 1e-6, "{:?}", inputs.context);
    }
    assert_eq!((reading.width(), reading.context_width()), (7, 4));
    let spans: Vec<_> = reading.spans().map(|(_, span)| span).collect();
    assert_eq!(spans, [0..3, 3..7]);
}

#[test]
fn inputs_agree_with_plain_arithmetic() {
    let reading =
        reading(&[(Squash::None, false), (Squash::Log, true), (Squash::Clamp { low: -1.0, high: 1.0 }, false)]);
    let table = random_table(5, 100, 3);
    let rows = all(&reading.inputs(&table));
    for ((number, span), feature) in reading.spans().zip(&reading.features) {
        let values: Vec<f64> =
            table.column(number).filter_map(|raw| feature.squash.apply(raw)).map(f64::from).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let deviation = (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64).sqrt();
        for (raw, row) in table.column(number).zip(&rows) {
            let expected = feature.squash.apply(raw).map_or(0.0, |value| (f64::from(value) - mean) / deviation);
            assert!((f64::from(row[span.start + 1]) - expected).abs() < 1e-5);
        }
    }
}

#[test]
fn the_order_of_candidates_changes_no_bit() {
    let reading =
        reading(&[(Squash::None, true), (Squash::Log, true), (Squash::Clamp { low: -1.0, high: 1.0 }, false)]);
    let original = random_table(6, 101, 3);
    let mut order: Vec<usize> = (0..101).collect();
    Random::new(7, 7).shuffle(&mut order);
    let mut turned = Table::with_capacity(3, 101);
    order.iter().for_each(|&candidate| turned.push(original.row(candidate).unwrap()).unwrap());
    let (before, after) = (reading.inputs(&original), reading.inputs(&turned));
    assert_eq!(before.context, after.context);
    let (before, after) = (all(&before), all(&after));
    for (place, &candidate) in order.iter().enumerate() {
        assert_eq!(after[place], before[candidate]);
    }
}

#[test]
fn standardised_inputs_do_not_depend_on_the_scale_of_a_feature() {
    let reading = reading(&[(Squash::None, false)]);
    let original = random_table(8, 40, 1);
    for (shift, scale) in [(0.0, 1e-20), (0.0, 1e20), (100.0, 1.0)] {
        let mut other = Table::with_capacity(1, 40);
        original.rows().for_each(|row| other.push(&[row[0] * scale + shift]).unwrap());
        for (left, right) in all(&reading.inputs(&original)).iter().zip(all(&reading.inputs(&other))) {
            assert!((left[1] - right[1]).abs() < 1e-3 && (left[2] - right[2]).abs() < 1e-3, "{left:?} {right:?}");
        }
    }
}

#[test]
fn odd_columns_give_finite_inputs() {
    let reading = reading(&[(Squash::None, true)]);
    let columns: [&[f32]; 8] = [
        &[],
        &[1.0],
        &[f32::NAN, f32::NAN],
        &[f32::INFINITY, 1.0],
        &[f32::MAX, f32::MIN],
        &[0.0, f32::MIN_POSITIVE],
        &[1.0, 1.0 + f32::EPSILON],
        &[-0.0, 0.0],
    ];
    for column in columns {
        let mut table = Table::with_capacity(1, column.len());
        column.iter().for_each(|value| table.push(&[*value]).unwrap());
        let inputs = reading.inputs(&table);
        assert!(all(&inputs).iter().flatten().all(|value| value.abs() <= FARTHEST), "{column:?}: {inputs:?}");
        assert!(inputs.context.iter().all(|value| value.abs() <= FARTHEST), "{column:?}: {inputs:?}");
    }
    // One rounding step apart is the same value, not the greatest spread.
    assert_eq!(all(&reading.inputs(&table(&[&[1.0], &[1.0 + f32::EPSILON]])))[0][1..3], [0.0, 0.0]);
}

#[test]
fn measured_scalings_bring_features_to_mean_0_and_spread_1() {
    let mut reading = reading(&[(Squash::None, true), (Squash::Log, false)]);
    let tables = [random_table(1, 60, 2), random_table(2, 30, 2)];
    reading.scalings = reading.measure(tables.iter().map(|table| (table, 1.0)));
    let values: Vec<f32> = tables
        .iter()
        .flat_map(|table| {
            let inputs = reading.inputs(table);
            all(&inputs).into_iter().filter(|row| row[3] == 0.0).map(|row| row[0])
        })
        .collect();
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    let square = values.iter().map(|value| value * value).sum::<f32>() / values.len() as f32;
    assert!(mean.abs() < 1e-3 && (square - 1.0).abs() < 1e-3, "{mean} {square}");
    let constant = table(&[&[4.0, 4.0], &[4.0, 4.0]]);
    assert_eq!(reading.measure([(&constant, 1.0)].into_iter())[0], Scaling { shift: 4.0, scale: 0.0 });
}
