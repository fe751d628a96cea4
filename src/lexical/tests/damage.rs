//! Words whose numbers are anything: a search over them ends, and finds notes that exist or says what is wrong.

use super::*;
use index_format::words::{PostingBlock, TermEntry};

fn search(words: &Words, query: &WordsQuery) {
    let view = words.view();
    let Ok(bound) = Bound::new(query, &[view, view], 9) else { return };
    let _ = bound.best();
    let notes = words.lengths.len() as u32;
    if let Ok(found) = bound.top(7, &|_, note| note % 5 != 1, &|| false) {
        assert!(found.iter().all(|found| found.segment < 2 && found.note < notes && found.score > 0.0), "{found:?}");
    }
    let _ = bound.score(&[(0, 3), (1, 2_600), (1, u32::MAX), (0, 0), (9, 0)]);
}

/// Puts a number in the place of another, somewhere in an array.
fn bend(words: &mut Words, [array, at, field]: [usize; 3], number: u32) {
    let byte = number as u8;
    match array % 5 {
        0 => {
            let entries = words.terms.len();
            let entry: &mut TermEntry = &mut words.terms[at % entries];
            match field % 5 {
                0 => entry.start = number,
                1 => entry.notes = number,
                2 => entry.first = number,
                3 => entry.most = byte,
                _ => entry.shortest = byte,
            }
        }
        1 if !words.blocks.is_empty() => {
            let blocks = words.blocks.len();
            let block: &mut PostingBlock = &mut words.blocks[at % blocks];
            match field % 6 {
                0 => block.start = u64::from(number),
                1 => block.last = number,
                2 => block.gap_bits = byte,
                3 => block.count_bits = byte,
                4 => block.most = byte,
                _ => block.shortest = byte,
            }
        }
        2 => change(&mut words.postings, at, byte),
        3 => change(&mut words.lengths, at, byte),
        _ => change(&mut words.term_bytes, at, byte),
    }
}

fn change(bytes: &mut [u8], at: usize, byte: u8) {
    let len = bytes.len().max(1);
    if let Some(place) = bytes.get_mut(at % len) {
        *place = byte;
    }
}

#[test]
fn a_search_over_damaged_words_ends_without_a_panic() {
    let sound = gathered(&many(5_000));
    let query = asked("common1 seldom0 unique common5");
    search(&sound, &query);
    let mut state = 7_u64;
    let mut next = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as u32
    };
    let edges = [0, 1, 127, 255, 0x7fff_ffff, u32::MAX];
    for _ in 0..1_000 {
        let mut words = sound.clone();
        for _ in 0..=next() % 3 {
            let number = if next() % 2 == 0 { edges[next() as usize % edges.len()] } else { next() };
            let place = [next() as usize, next() as usize, next() as usize];
            bend(&mut words, place, number);
        }
        match next() % 6 {
            0 => words.postings.truncate(next() as usize % words.postings.len()),
            1 => words.lengths.truncate(next() as usize % words.lengths.len()),
            2 => words.blocks.truncate(next() as usize % words.blocks.len()),
            _ => {}
        }
        search(&words, &query);
    }
}
