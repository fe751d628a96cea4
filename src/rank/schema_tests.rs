//! Schemas that make sense and schemas that do not.

use super::*;

#[test]
fn the_built_in_schema_is_a_valid_one() {
    let schema = Schema::built_in();
    assert_eq!(Schema::new(VERSION, schema.features.clone()), Ok(schema));
}

#[test]
fn squashes_are_monotone_and_know_what_is_missing() {
    for squash in [Squash::None, Squash::Log, COSINE, SHARE, Squash::Clamp { low: 1.0, high: -1.0 }] {
        let values: Vec<f32> = (-50..50).map(|step| squash.apply(step as f32 / 7.0).unwrap()).collect();
        assert!(values.is_sorted(), "{squash:?}");
        for raw in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(squash.apply(raw), None);
        }
    }
    assert_eq!(Squash::Log.apply(-1.0), Some(-(2.0_f32.ln())));
    assert!(Squash::Log.apply(f32::MAX).unwrap() < 100.0);
}

#[test]
fn schemas_that_make_no_sense_are_refused() {
    let feature = |name: &str| Feature::new(name, Squash::None, false);
    assert!(Schema::new(1, vec![]).is_err());
    assert!(Schema::new(1, vec![feature("")]).is_err());
    assert!(Schema::new(1, vec![feature("a"), feature("b"), feature("a")]).is_err());
    assert!(Schema::new(1, (0..=MAX_FEATURES).map(|number| feature(&number.to_string())).collect()).is_err());
    assert!(Schema::built_in().with_fields(&["price", "price"]).is_err());
}

#[test]
fn fields_get_the_columns_after_the_built_in_ones() {
    let schema = Schema::built_in().with_fields(&["price", "stars"]).unwrap();
    let built_in = Schema::built_in().width();
    assert_eq!((schema.position("field:price"), schema.position("field:stars")), (Some(built_in), Some(built_in + 1)));
    assert_eq!(schema.features()[built_in].field(), Some("price"));
    let wanted = [Feature::of_field("stars"), Feature::new("length", Squash::Log, false)];
    let (bound, columns) = Schema::built_in().bound_to(&wanted).unwrap();
    assert_eq!(columns, [built_in, bound.position("length").unwrap()]);
}
