//! Where a text says what a query asks, and which part of it says most.

use super::query::WordsQuery;
use std::collections::HashMap;
use std::ops::Range;

/// A word of a text that a query asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    /// Its bytes in the text. Pairs of letters of scripts without spaces may overlap.
    pub(crate) span: Range<usize>,
    /// Number of the term among those of [`WordsQuery::terms`].
    pub(crate) term: usize,
}

impl WordsQuery {
    /// The words of a text that are asked for, in order.
    pub(crate) fn matches(&self, text: &str) -> Vec<Match> {
        let numbers: HashMap<&str, usize> =
            self.terms().enumerate().map(|(number, term)| (term.term.as_str(), number)).collect();
        let analyser = self.analyser();
        let found = analyser.words(text).filter_map(|span| {
            let term = analyser.term(text.get(span.clone())?)?;
            numbers.get(term.as_str()).map(|term| Match { span, term: *term })
        });
        found.collect()
    }
}

/// The part of a text, at most `bytes` long, that has the most of what is asked for: each term counts `weight` once;
/// of equal parts the one with more of its repetitions, then the first. It starts and ends between words where the text has spaces.
pub(crate) fn best_window(text: &str, matches: &[Match], weight: &dyn Fn(usize) -> f32, bytes: usize) -> Range<usize> {
    let mut counts: HashMap<usize, usize> = HashMap::new();
    let (mut sum, mut first) = (0.0_f32, 0);
    let (mut best, mut most) = (0..0, (0.0_f32, 0));
    for (number, last) in matches.iter().enumerate() {
        let count = counts.entry(last.term).or_default();
        sum += if *count == 0 { weight(last.term) } else { 0.0 };
        *count += 1;
        let left = loop {
            let left = matches.get(first..=number).and_then(<[Match]>::first);
            let Some(far) = left.filter(|left| last.span.end.saturating_sub(left.span.start) > bytes) else {
                break left;
            };
            let count = counts.entry(far.term).or_default();
            *count = count.saturating_sub(1);
            sum -= if *count == 0 { weight(far.term) } else { 0.0 };
            first += 1;
        };
        let Some(left) = left else { continue };
        // Adding weights and taking them away again leaves rounding behind.
        let words = number + 1 - first;
        if sum > most.0 * 1.000_1 || (sum > most.0 * 0.999_9 && words > most.1) {
            (best, most) = (left.span.start..last.span.end, (sum, words));
        }
    }
    around(text, &best, bytes)
}

/// A part of a text with as much before it as after it, up to so many bytes.
fn around(text: &str, part: &Range<usize>, bytes: usize) -> Range<usize> {
    let room = bytes.saturating_sub(part.len());
    let mut start = part.start.saturating_sub(room / 2);
    let end = text.len().min(start + bytes.max(part.len()));
    start = start.min(end.saturating_sub(bytes));
    let (start, end) = (text.ceil_char_boundary(start), text.floor_char_boundary(end));
    let (head, tail) = (text.get(start..part.start), text.get(part.end..end));
    let cut = |place: usize, in_text: bool| if in_text { place } else { 0 };
    let after_space = head.and_then(|head| head.char_indices().find(|(_, letter)| letter.is_whitespace()));
    let skipped = cut(after_space.map_or(0, |(at, letter)| at + letter.len_utf8()), start > 0);
    let before_space = tail.and_then(|tail| tail.rfind(char::is_whitespace));
    let dropped = before_space.map_or(0, |at| tail.map_or(0, str::len) - at);
    (start + skipped).min(end)..(end - cut(dropped, end < text.len())).max(start + skipped)
}
