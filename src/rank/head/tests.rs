//! Heads: scores against a plain computation, what scores must not depend on, and files.

use super::super::made::{names, random_head, schema, table, untrained};
use super::super::random::Random;
use super::super::{Feature, Squash};
use super::*;
use proptest::prelude::*;

/// A head's scores in double precision, candidate by candidate.
fn plain(head: &Head, table: &Table) -> Vec<f64> {
    let inputs = head.reading.inputs(table);
    let weights = &head.weights;
    let wide = |values: &[f32]| -> Vec<f64> { values.iter().map(|value| f64::from(*value)).collect() };
    let times = |inputs: &[f64], matrix: &[f32], units: usize| -> Vec<f64> {
        (0..units)
            .map(|unit| inputs.iter().enumerate().map(|(row, x)| x * f64::from(matrix[row * units + unit])).sum())
            .collect()
    };
    let bend = |x: f64| (x + (x * x + 4.0).sqrt()) / 2.0 - 1.0;
    let Shape { first, second } = weights.shape;
    (0..table.len())
        .map(|candidate| {
            let x = wide(&inputs.of(candidate).collect::<Vec<_>>());
            let query = times(&wide(&inputs.context), &weights.context, first);
            let own = times(&x, &weights.first, first);
            let units: Vec<f64> =
                (0..first).map(|unit| bend(query[unit] + own[unit] + f64::from(weights.first_bias[unit]))).collect();
            let units: Vec<f64> = times(&units, &weights.second, second)
                .into_iter()
                .zip(wide(&weights.second_bias))
                .map(|(sum, bias)| bend(sum + bias))
                .collect();
            times(&units, &weights.last, 1)[0] + times(&x, &weights.skip, 1)[0]
        })
        .collect()
}

#[test]
fn scores_are_those_of_plain_arithmetic() {
    let head = random_head(&schema(7), 1);
    for rows in [0, 1, 7, 8, 9, 100] {
        let table = table(&mut Random::new(rows as u64, 1), rows, 7);
        let scores = head.scores(&table).unwrap();
        assert_eq!(scores.len(), rows);
        for (score, expected) in scores.iter().zip(plain(&head, &table)) {
            assert!((f64::from(*score) - expected).abs() < 1e-4 * (1.0 + expected.abs()), "{score} {expected}");
        }
    }
}

#[test]
fn the_default_head_has_about_ten_thousand_parameters() {
    let schema = Schema::built_in();
    let head = untrained(&schema, Shape::default(), 1);
    assert!((4_000..16_000).contains(&head.parameters()), "{}", head.parameters());
    let table = table(&mut Random::new(1, 1), 20, schema.width());
    assert_eq!(head.scores(&table).unwrap(), [0.0; 20], "an untrained head prefers nothing");
}

#[test]
fn a_candidate_has_the_same_score_in_any_order_and_on_any_thread() {
    let head = random_head(&schema(9), 2);
    let original = table(&mut Random::new(3, 1), 101, 9);
    let expected = head.scores(&original).unwrap();
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (head, original, expected) = (&head, &original, &expected);
            scope.spawn(move || {
                let mut order: Vec<usize> = (0..101).collect();
                Random::new(seed, 8).shuffle(&mut order);
                let mut turned = Table::with_capacity(9, 101);
                order.iter().for_each(|&candidate| turned.push(original.row(candidate).unwrap()).unwrap());
                for (score, &candidate) in head.scores(&turned).unwrap().iter().zip(&order) {
                    assert_eq!(score.to_bits(), expected[candidate].to_bits());
                }
            });
        }
    });
}

#[test]
fn a_head_finds_its_features_whatever_the_order_of_columns() {
    let schema = schema(5);
    let head = random_head(&schema, 3);
    let mut turned: Vec<Feature> = schema.features().to_vec();
    turned.reverse();
    turned.push(Feature::new("new", Squash::None, false));
    let turned = Schema::new(3, turned).unwrap();
    let other = Head::from_bytes(&head.to_bytes().unwrap(), &turned).unwrap();
    let table = table(&mut Random::new(4, 1), 30, 5);
    let mut wide = Table::with_capacity(6, 30);
    table.rows().for_each(|row| wide.push(&[row[4], row[3], row[2], row[1], row[0], 9.0]).unwrap());
    assert_eq!(other.scores(&wide).unwrap(), head.scores(&table).unwrap());
    assert_eq!(head.over(&turned).unwrap().scores(&wide), head.scores(&table));
    assert!(matches!(head.over(&super::super::made::schema(4)), Err(RankError::UnknownFeature { .. })));
    assert_eq!(head.scores(&wide).unwrap_err(), RankError::Width { expected: 5, got: 6 });
}

#[test]
fn heads_for_other_features_are_refused_by_name() {
    let old = schema(3);
    let bytes = random_head(&old, 1).to_bytes().unwrap();
    let read = |version, features: Vec<Feature>| {
        Head::from_bytes(&bytes, &Schema::new(version, features).unwrap()).map(|_| ()).unwrap_err()
    };
    assert_eq!(read(4, old.features().to_vec()), RankError::Version { head: 3, here: 4 });
    let gone = read(3, old.features()[..2].to_vec());
    assert_eq!(gone, RankError::UnknownFeature { name: "made2".to_owned(), version: 3 });
    assert!(gone.to_string().contains("train the head again"), "{gone}");
    let mut changed = old.features().to_vec();
    changed[1].squash = Squash::None;
    assert!(matches!(read(3, changed), RankError::ChangedFeature { name, .. } if name == "made1"));
}

#[test]
fn fields_follow_the_columns_of_the_build() {
    let schema = schema(2);
    let head = Head::untrained(&schema, &["field:price", "made1"], Shape::default(), 1).unwrap();
    let again = Head::from_bytes(&head.to_bytes().unwrap(), &schema).unwrap();
    for head in [&head, &again] {
        assert_eq!(names(head.schema()), ["made0", "made1", "field:price"]);
        assert_eq!(head.features().collect::<Vec<_>>(), ["field:price", "made1"]);
    }
    let unknown = Head::untrained(&schema, &["price"], Shape::default(), 1).unwrap_err();
    assert_eq!(unknown, RankError::UnknownFeature { name: "price".to_owned(), version: 3 });
    let units = |first, second| Head::untrained(&schema, &["made0"], Shape { first, second }, 1);
    assert!(units(0, 4).is_err() && units(4, 6).is_err() && units(260, 4).is_err() && units(4, 256).is_ok());
}

#[test]
fn files_keep_everything_and_are_the_same_for_the_same_head() {
    let schema = schema(6);
    let made = random_head(&schema, 5);
    let about = About { data: vec!["a".to_owned()], stages: vec!["{\"seed\":1}".to_owned()] };
    let scaling = |number: usize| Scaling { shift: number as f32, scale: 0.5 };
    let head = made.with((0..6).map(scaling).collect(), made.weights.clone(), about.clone());
    let bytes = head.to_bytes().unwrap();
    assert_eq!(bytes, head.clone().to_bytes().unwrap());
    let again = Head::from_bytes(&bytes, &schema).unwrap();
    assert_eq!((again.about(), &again.reading, &again.weights), (&about, &head.reading, &head.weights));
    assert_eq!(again.to_bytes().unwrap(), bytes);
}

#[test]
fn contributions_add_up_to_the_score() {
    let schema = schema(8);
    for seed in 0..20 {
        let head = random_head(&schema, seed);
        let table = table(&mut Random::new(seed, 1), 40, 8);
        let scores = head.scores(&table).unwrap();
        for candidate in [0, 7, 39] {
            let explanation = head.explain(&table, candidate).unwrap().unwrap();
            assert_eq!(explanation.contributions.len(), 8);
            let sum: f32 = explanation.contributions.iter().sum();
            let difference = explanation.score - explanation.baseline;
            assert!((sum - difference).abs() < 1e-4 * (1.0 + difference.abs()), "{sum} of {difference}");
            assert!((explanation.score - scores[candidate]).abs() < 1e-4 * (1.0 + scores[candidate].abs()));
        }
        assert_eq!(head.explain(&table, 40).unwrap(), None);
    }
}

#[test]
fn a_feature_that_changes_nothing_contributes_nothing_and_a_linear_one_its_part() {
    let schema = schema(3);
    let head = untrained(&schema, Shape::default(), 1);
    let mut weights = head.weights.clone();
    // Only the plain value of the first feature counts.
    weights.skip[0] = 2.0;
    let head = head.with(head.reading.scalings.clone(), weights, About::default());
    let mut table = Table::with_capacity(3, 2);
    table.push(&[1.0, 5.0, 1.0]).unwrap();
    table.push(&[2.0, 1.0, f32::NAN]).unwrap();
    let explanation = head.explain(&table, 1).unwrap().unwrap();
    assert_eq!(explanation.contributions, [1.0, 0.0, 0.0]);
    assert_eq!((explanation.baseline, explanation.score), (3.0, 4.0));
}

/// A sound file, changed: `cut` bytes are left, then some bytes are set.
fn changed(cut: usize, patches: &[(usize, u8)]) -> Vec<u8> {
    let mut bytes = random_head(&schema(3), 1).to_bytes().unwrap();
    bytes.truncate(cut);
    for (at, value) in patches {
        let length = bytes.len().max(1);
        if let Some(byte) = bytes.get_mut(at % length) {
            *byte = *value;
        }
    }
    bytes
}

proptest! {
    #[test]
    fn damaged_files_are_refused_or_score_finitely(
        cut in prop_oneof![Just(usize::MAX), 0_usize..40_000],
        patches in prop::collection::vec((prop_oneof![0_usize..1600, any::<usize>()], any::<u8>()), 0..4),
    ) {
        let schema = schema(3);
        if let Ok(head) = Head::from_bytes(&changed(cut, &patches), &schema) {
            let scores = head.scores(&table(&mut Random::new(1, 1), 10, 3)).unwrap();
            prop_assert!(scores.iter().all(|score| score.is_finite()));
        }
    }

    #[test]
    fn scores_are_finite_for_any_table_and_the_greatest_weights(
        cells in prop::collection::vec(any::<f32>(), 30),
        signs in any::<u64>(),
    ) {
        let schema = schema(3);
        let head = untrained(&schema, Shape { first: 256, second: 256 }, 1);
        let mut random = Random::new(signs, 1);
        let parts: Vec<Vec<f32>> = head.weights.parts()
            .map(|(_, part)| part.iter().map(|_| if random.below(2) == 0 { 1e3 } else { -1e3 }).collect()).collect();
        let weights = Weights::of_parts(head.weights.shape, parts.try_into().unwrap());
        let scalings = vec![Scaling { shift: -1e30, scale: 1e30 }; 3];
        let head = head.with(scalings, weights, About::default());
        let head = Head::from_bytes(&head.to_bytes().unwrap(), &schema).unwrap();
        let mut table = Table::with_capacity(3, 10);
        cells.chunks(3).for_each(|row| table.push(row).unwrap());
        prop_assert!(head.scores(&table).unwrap().iter().all(|score| score.is_finite()));
        let explanation = head.explain(&table, 4).unwrap().unwrap();
        prop_assert!(explanation.contributions.iter().all(|part| part.is_finite()));
    }
}

#[test]
fn weights_that_are_no_numbers_or_too_great_are_refused() {
    let schema = schema(3);
    let head = random_head(&schema, 1);
    for wrong in [f32::NAN, f32::INFINITY, -1.1e3] {
        let mut weights = head.weights.clone();
        weights.second[5] = wrong;
        let bytes = head.with(head.reading.scalings.clone(), weights, About::default()).to_bytes().unwrap();
        let refused = Head::from_bytes(&bytes, &schema).map(|_| ()).unwrap_err();
        assert!(refused.to_string().contains("second.weight"), "{refused}");
    }
    assert!(matches!(Head::from_bytes(&vec![0; 5 << 20], &schema), Err(RankError::Damaged { .. })));
    assert!(matches!(Head::from_bytes(b"", &schema), Err(RankError::Damaged { .. })));
}
