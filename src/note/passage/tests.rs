//! Behaviour of the splitter, and the promises it keeps on any text at all.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;

const SMALL: PassageBudget = PassageBudget { tokens: 12, overlap_tokens: 4 };

fn parts(text: &str, budget: PassageBudget) -> Vec<&str> {
    split(text, budget).iter().map(|passage| passage.of(text).expect("a span of the text")).collect()
}

#[test]
fn a_short_text_is_one_trimmed_passage() {
    let text = "\n  First part.\n\nSecond part.\r\n";
    let whole = PassageBudget::default();
    assert_eq!(parts(text, whole), ["First part.\n\nSecond part."]);
    assert_eq!(parts(" \n\t", whole), [""; 0]);
    assert_eq!(parts("", whole), [""; 0]);
    assert_eq!(parts("🎉🎊", whole), ["🎉🎊"]);
}

#[test]
fn a_split_paragraph_repeats_its_last_short_sentence() {
    let text = "One two three four five six. Seven eight. Nine ten eleven twelve. More words here.";
    assert_eq!(
        parts(text, SMALL),
        ["One two three four five six. Seven eight.", "Seven eight. Nine ten eleven twelve. More words here.",]
    );
    let without = PassageBudget { overlap_tokens: 0, ..SMALL };
    assert_eq!(
        parts(text, without),
        ["One two three four five six. Seven eight.", "Nine ten eleven twelve. More words here.",]
    );
}

#[test]
fn nothing_is_repeated_across_paragraphs() {
    let text = "One two three four five. Seven eight.\n\nNine ten eleven twelve more words.";
    assert_eq!(parts(text, SMALL), ["One two three four five. Seven eight.", "Nine ten eleven twelve more words.",]);
}

#[test]
fn a_heading_begins_a_passage_and_stays_with_its_text() {
    let text = "Intro words go here today.\n\n## Tools\n\nHammer saw drill plane chisel level.";
    assert_eq!(parts(text, SMALL), ["Intro words go here today.", "## Tools\n\nHammer saw drill plane chisel level.",]);
    let short = "Intro.\n\n## Tools\n\nHammer.";
    assert_eq!(parts(short, SMALL), [short]);
}

#[test]
fn a_small_tail_joins_the_passage_before() {
    let text = "One two three four five six seven eight nine ten eleven.\n\nEnd.";
    assert_eq!(parts(text, SMALL), [text]);
}

#[test]
fn a_long_sentence_is_cut_between_words() {
    let text = "word ".repeat(100);
    let found = parts(&text, SMALL);
    assert!(found.len() >= 8);
    assert!(found.iter().all(|part| part.split(' ').all(|w| w == "word")));
}

#[test]
fn japanese_without_spaces_is_cut_into_sentences() {
    let text = "東京は夜も明るい。空に星は見えない。山へ行けば星が見える。";
    assert_eq!(parts(text, SMALL), ["東京は夜も明るい。", "空に星は見えない。", "山へ行けば星が見える。"]);
}

#[test]
fn no_shape_of_text_is_slow() {
    // One megabyte in an unoptimised build; `ten_megabytes_take_moments` is the full size.
    let bytes = 1 << 20;
    let shapes = [
        "The quick brown fox jumps over the lazy dog. ",
        "word\n",
        "a",
        " ",
        ".",
        ")",
        "( . ",
        "!\n",
        "# h\n",
        "\u{301}",
        "e\u{301}",
        "\u{93e})",
        "\u{200d}🎉",
        "🇩🇪",
        "\0",
        "東",
        "a'",
        "1.",
        "`\n",
        "д, ",
    ];
    for shape in shapes {
        let text = format!("x.{}", shape.repeat(bytes / shape.len()));
        assert_quick(&text, shape);
    }
}

#[test]
fn ten_megabytes_take_moments() {
    let text = "The quick brown fox jumps over the lazy dog. ".repeat((10 << 20) / 45);
    assert_quick(&text, "prose");
}

/// Many times what an unoptimised build on a busy machine needs; a quadratic step takes hours.
fn assert_quick(text: &str, shape: &str) {
    let begun = Instant::now();
    let passages = split(text, PassageBudget::default());
    let taken = begun.elapsed();
    println!("{shape:?}: {} passages, {taken:?}", passages.len());
    assert!(taken < Duration::from_secs(60), "{shape:?}: {taken:?}");
}

/// Text with the structure the splitter looks at, and characters that often break such code.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[a-z]{1,9} ",
        2 => "[A-Z][a-z]{1,7}[.!?:;] ",
        1 => Just("\n".to_owned()),
        1 => Just("\r\n\r\n".to_owned()),
        1 => Just("\n## Heading\n".to_owned()),
        1 => Just("\nTitle\n---\n".to_owned()),
        1 => Just("\n- item\n".to_owned()),
        1 => Just("\n```\n".to_owned()),
        1 => "[東京夜星。、]{1,20}",
        1 => "[🎉🇩🇪👩\u{200d}\u{301}\u{93e}]{1,9}",
        1 => "[a-z]{50,200}",
        1 => "\\PC{0,8}",
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(piece, 0..120).prop_map(|pieces| pieces.concat())
}

fn any_budget() -> impl Strategy<Value = PassageBudget> {
    (0_usize..60, 0_usize..30).prop_map(|(tokens, overlap_tokens)| PassageBudget { tokens, overlap_tokens })
}

proptest! {
    #[test]
    fn passages_keep_their_promises(text in any_text(), budget in any_budget()) {
        let passages = split(&text, budget);
        let limit = budget.tokens.max(MIN_BUDGET_TOKENS);
        let mut covered = vec![false; text.len()];
        let mut starts = None;
        for (index, passage) in passages.iter().enumerate() {
            let part = passage.of(&text).expect("on character boundaries");
            prop_assert!(!part.is_empty() && part.trim() == part);
            prop_assert!(starts < Some(passage.start), "starts are not in order");
            starts = Some(passage.start);
            let last = index + 1 == passages.len();
            let limit = if last { limit + limit / 4 } else { limit };
            prop_assert!(estimated_tokens(part) <= limit);
            covered[passage.start..passage.end].fill(true);
        }
        for (at, character) in text.char_indices() {
            prop_assert!(character.is_whitespace() || covered[at], "byte {at} is lost");
        }
        prop_assert_eq!(&passages, &split(&text, budget));
    }

    #[test]
    fn passages_are_few(text in any_text(), budget in any_budget()) {
        let limit = budget.tokens.max(MIN_BUDGET_TOKENS);
        let tokens = estimated_tokens(&text);
        let count = split(&text, budget).len();
        prop_assert!(count <= 4 * tokens / limit + 2, "{count} passages of {tokens} tokens");
    }
}
