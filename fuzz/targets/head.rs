//! A ranking head's file: a typed error, or a head whose scores of any table are finite and the same when written and read.
//!
//! Byte 0 says how the input is used: bit 0 set, as patches of a sound file (two bytes of place, one of value), so that
//! checks behind the header are reached; otherwise as the file itself.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;
use uninote::rank::{Head, Schema, Shape, Table};

static SOUND: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let shape = Shape { first: 4, second: 4 };
    let names = ["dense", "lexical", "field:price"];
    Head::untrained(&Schema::built_in(), &names, shape, 1).expect("a head").to_bytes().expect("its file")
});

fuzz_target!(|bytes: &[u8]| {
    let [mode, rest @ ..] = bytes else { return };
    let file = if mode & 1 == 0 { rest.to_vec() } else { patched(rest) };
    match Head::from_bytes(&file, &Schema::built_in()) {
        Ok(head) => score(&head),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});

fn patched(patches: &[u8]) -> Vec<u8> {
    let mut file = SOUND.clone();
    for patch in patches.chunks_exact(3) {
        let place = (usize::from(patch[0]) << 8 | usize::from(patch[1])) % file.len();
        file[place] = patch[2];
    }
    file
}

fn score(head: &Head) {
    let width = head.schema().width();
    let mut table = Table::with_capacity(width, 9);
    for candidate in 0..9 {
        let cell = |column: usize| [0.5, f32::NAN, -3.0, 1e38, 0.0][(candidate * 3 + column) % 5];
        table.push(&(0..width).map(cell).collect::<Vec<_>>()).expect("a value a column");
    }
    let scores = head.scores(&table).expect("a table of the head's schema");
    assert!(scores.len() == 9 && scores.iter().all(|score| score.is_finite()), "{scores:?}");
    let again = Head::from_bytes(&head.to_bytes().expect("a file"), &Schema::built_in()).expect("what was written");
    assert_eq!(again.scores(&table).expect("a table of the head's schema"), scores);
}
