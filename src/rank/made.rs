//! Made-up schemas, heads and lists for the tests of the room.

use super::random::Random;
use super::{Feature, Head, List, Schema, Shape, Squash, Table};

/// A schema of `width` features of all kinds.
pub(super) fn schema(width: usize) -> Schema {
    let kinds = [Squash::None, Squash::Log, Squash::Clamp { low: -3.0, high: 3.0 }];
    let feature = |number: usize| Feature::new(format!("made{number}"), kinds[number % 3], number % 2 == 1);
    Schema::new(3, (0..width).map(feature).collect()).unwrap()
}

/// Names of all features of a schema.
pub(super) fn names(schema: &Schema) -> Vec<String> {
    schema.features().iter().map(|feature| feature.name.clone()).collect()
}

/// An untrained head that reads all of a schema.
pub(super) fn untrained(schema: &Schema, shape: Shape, seed: u64) -> Head {
    Head::untrained(schema, &names(schema), shape, seed).unwrap()
}

/// A head with random weights everywhere.
pub(super) fn random_head(schema: &Schema, seed: u64) -> Head {
    let head = untrained(schema, Shape::default(), seed);
    let mut random = Random::new(seed, 50);
    let mut weights = head.weights().clone();
    for part in [&mut weights.first_bias, &mut weights.second_bias, &mut weights.last, &mut weights.skip] {
        part.iter_mut().for_each(|value| *value = random.normal() as f32 * 0.5);
    }
    head.with(head.reading().scalings.clone(), weights, head.about().clone())
}

/// A table of normal values, one in ten of them missing.
pub(super) fn table(random: &mut Random, rows: usize, width: usize) -> Table {
    let mut table = Table::with_capacity(width, rows);
    for _ in 0..rows {
        let cell = |random: &mut Random| if random.below(10) == 0 { f32::NAN } else { random.normal() as f32 };
        table.push(&(0..width).map(|_| cell(random)).collect::<Vec<_>>()).unwrap();
    }
    table
}

/// A list whose grades are those of `grade`, which sees a row of the table.
pub(super) fn list(table: Table, group: u32, mut grade: impl FnMut(&[f32]) -> f32) -> List {
    let grades = table.rows().map(&mut grade).collect();
    List { table, grades, unretrieved: Vec::new(), teacher: None, group }
}
