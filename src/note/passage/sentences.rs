//! A block into sentences, by the boundaries of Unicode UAX #29 with two changes.
//!
//! UAX #29 ends a sentence at every line break, but prose is often wrapped by hand: a line that
//! ends without closing punctuation is joined with the next, unless that one starts a list item,
//! table row or quotation. And the rule that decides about `. ` before a lower-case letter (SB8)
//! looks ahead without a bound, which makes a long run of brackets quadratic: such runs are cut.

use std::{iter, ops::Range};

use unicode_segmentation::UnicodeSegmentation;

/// Most characters in a row without an ASCII letter, a digit or closing punctuation before a white
/// space or bracket counts as a boundary. Real sentences end long before.
const MAX_LOOSE_RUN: usize = 64;

/// Joined lines stay under this many bytes for each token of the budget, so that a text without
/// any punctuation (a log, a poem) is still cut between its lines.
const MAX_JOINED_BYTES_PER_TOKEN: usize = 3;

/// The sentences of one block, in order and without gaps.
pub(super) fn sentences(text: &str, block: Range<usize>, budget_tokens: usize) -> impl Iterator<Item = Range<usize>> {
    let max_joined_bytes = budget_tokens.saturating_mul(MAX_JOINED_BYTES_PER_TOKEN);
    let mut raw = stretches(text, block)
        .flat_map(move |stretch| {
            let part = text.get(stretch.clone()).unwrap_or_default();
            part.split_sentence_bound_indices().map(move |(at, sentence)| {
                let start = stretch.start + at;
                start..start + sentence.len()
            })
        })
        .peekable();
    iter::from_fn(move || {
        let mut sentence = raw.next()?;
        while let Some(next) = raw.peek() {
            let joined_bytes = next.end - sentence.start;
            if joined_bytes > max_joined_bytes || !continues(text, &sentence, next) {
                break;
            }
            sentence.end = next.end;
            raw.next();
        }
        Some(sentence)
    })
}

/// Cuts a block so that no part holds a loose run longer than [`MAX_LOOSE_RUN`].
fn stretches(text: &str, block: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = block.start;
    iter::from_fn(move || {
        let rest = text.get(at..block.end).filter(|rest| !rest.is_empty())?;
        let start = at;
        at = start + loose_run_end(rest).unwrap_or(rest.len());
        Some(start..at)
    })
}

fn loose_run_end(text: &str) -> Option<usize> {
    let mut run = 0_usize;
    for (at, character) in text.char_indices() {
        let ends_run = character.is_ascii_alphanumeric() || is_terminator(character);
        if ends_run {
            run = 0;
        } else if !character.is_alphanumeric() {
            run += 1;
            if run > MAX_LOOSE_RUN {
                return Some(at + character.len_utf8());
            }
        }
    }
    None
}

/// True where two raw sentences are one: the line was only wrapped, or the first is a list number.
fn continues(text: &str, sentence: &Range<usize>, next: &Range<usize>) -> bool {
    let before = text.get(sentence.clone()).unwrap_or_default();
    let after = text.get(next.clone()).unwrap_or_default();
    let wrapped = before.ends_with('\n');
    is_bare_number(before) || (wrapped && !is_closed(before) && !starts_item(after))
}

/// `1. ` by itself: the mark of a list item, which belongs to the item's first sentence.
fn is_bare_number(line: &str) -> bool {
    let number = line.trim().strip_suffix('.').unwrap_or_default();
    !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_closed(line: &str) -> bool {
    let closers = ['"', '\'', ')', ']', '*', '_', '`', '»', '”', '’', '」', '』'];
    let words = line.trim_end().trim_end_matches(closers);
    words.chars().next_back().is_none_or(|last| is_terminator(last) || matches!(last, ':' | ';' | '|'))
}

fn is_terminator(character: char) -> bool {
    matches!(character, '.' | '!' | '?' | '…' | '。' | '！' | '？' | '।' | '؟')
}

/// List items, table rows, quotations, headings, code fences, pictures.
fn starts_item(line: &str) -> bool {
    let line = line.trim_start();
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    let after_digits = line.as_bytes().get(digits);
    let numbered = digits > 0 && matches!(after_digits, Some(b'.' | b')'));
    let marked = matches!(
        line.as_bytes(),
        [b'-' | b'*' | b'+', b' ' | b'\t', ..] | [b'|' | b'>' | b'#' | b'`' | b'~', ..] | [b'!', b'[', ..]
    );
    numbered || marked
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        sentences(text, 0..text.len(), 160).map(|range| text[range].trim()).collect()
    }

    #[test]
    fn sentences_end_where_they_should() {
        assert_eq!(
            found("It rains. Does it? Yes! See e.g. the roof."),
            ["It rains.", "Does it?", "Yes!", "See e.g. the roof."]
        );
        assert_eq!(found("雨です。傘を持って行く。"), ["雨です。", "傘を持って行く。"]);
    }

    #[test]
    fn a_wrapped_line_is_one_sentence() {
        assert_eq!(
            found("A line that\ngoes on\r\nand ends.\nThe next."),
            ["A line that\ngoes on\r\nand ends.", "The next."]
        );
    }

    #[test]
    fn list_items_stay_apart() {
        assert_eq!(
            found("You need\n- eggs\n* flour\n1. Mix\n12) Bake\n| a | b |\n> said"),
            ["You need", "- eggs", "* flour", "1. Mix", "12) Bake", "| a | b |", "> said"]
        );
    }

    #[test]
    fn unpunctuated_lines_are_joined_only_so_far() {
        let text = "some words without an end\n".repeat(100);
        let longest = sentences(&text, 0..text.len(), 100).map(|r| r.len()).max();
        assert!(longest <= Some(300), "{longest:?}");
    }

    #[test]
    fn sentences_leave_no_gap() {
        let text = format!("x.{} (y) {}z.", ")".repeat(500), " .".repeat(300));
        let mut at = 0;
        for range in sentences(&text, 0..text.len(), 160) {
            assert_eq!(range.start, at);
            at = range.end;
        }
        assert_eq!(at, text.len());
    }
}
