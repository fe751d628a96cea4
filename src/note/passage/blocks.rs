//! Lines into blocks: paragraphs between blank lines, and Markdown headings.
//!
//! Only what matters for cutting is recognised, in plain text and Markdown alike: ATX headings
//! (`## Tools`), setext headings (a line underlined with `===` or `---`) and fenced code, in which
//! `#` starts a comment and not a heading.

use std::ops::Range;

/// A paragraph or a heading.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub range: Range<usize>,
    pub heading: bool,
}

/// The blocks of `text` in order. Together they hold every visible character.
pub(super) fn blocks(text: &str) -> impl Iterator<Item = Block> {
    Blocks { text, at: 0, open: None, open_lines: 0, fence: None }
}

struct Blocks<'t> {
    text: &'t str,
    at: usize,
    /// Start of the paragraph being gathered; it ends where `at` stands.
    open: Option<usize>,
    open_lines: usize,
    fence: Option<Fence>,
}

#[derive(Clone, Copy)]
struct Fence {
    mark: char,
    length: usize,
}

impl Iterator for Blocks<'_> {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        while let Some(line) = self.line() {
            let (start, end) = (self.at, self.at + line.len());
            let visible = line.trim();
            if visible.is_empty() {
                let done = self.close();
                self.at = end;
                if done.is_some() {
                    return done;
                }
                continue;
            }
            if self.fence.is_none() {
                if is_atx_heading(line) {
                    // The paragraph above comes first; this line is met again on the next call.
                    if let Some(done) = self.close() {
                        return Some(done);
                    }
                    self.at = end;
                    return Some(Block { range: start..end, heading: true });
                }
                if self.open_lines == 1 && is_setext_underline(visible) {
                    self.at = end;
                    return self.close().map(|block| Block { heading: true, ..block });
                }
            }
            self.track_fence(visible);
            self.open.get_or_insert(start);
            self.open_lines += 1;
            self.at = end;
        }
        self.close()
    }
}

impl<'t> Blocks<'t> {
    fn line(&self) -> Option<&'t str> {
        self.text.get(self.at..)?.split_inclusive('\n').next()
    }

    fn close(&mut self) -> Option<Block> {
        self.open_lines = 0;
        let start = self.open.take()?;
        Some(Block { range: start..self.at, heading: false })
    }

    fn track_fence(&mut self, visible: &str) {
        let Some(mark) = visible.chars().next().filter(|c| matches!(c, '`' | '~')) else {
            return;
        };
        let length = visible.chars().take_while(|c| *c == mark).count();
        self.fence = match self.fence {
            None if length >= 3 => Some(Fence { mark, length }),
            Some(open) if open.mark == mark && length >= open.length => None,
            unchanged => unchanged,
        };
    }
}

fn is_atx_heading(line: &str) -> bool {
    let indent = line.bytes().take_while(|byte| *byte == b' ').count();
    let rest = line.trim_start_matches(' ');
    let marks = rest.bytes().take_while(|byte| *byte == b'#').count();
    let after = rest.as_bytes().get(marks);
    indent < 4 && (1..=6).contains(&marks) && matches!(after, None | Some(b' ' | b'\t' | b'\r' | b'\n'))
}

fn is_setext_underline(visible: &str) -> bool {
    let all = |mark: u8| visible.bytes().all(|byte| byte == mark);
    visible.len() >= 2 && (all(b'=') || all(b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, bool)> {
        blocks(text).map(|block| (text[block.range].trim(), block.heading)).collect()
    }

    #[test]
    fn paragraphs_and_headings() {
        let text = "# One\nfirst line\nsecond line\n\n \t\nnext\n## Two ##\nTitle\n=====\nend";
        assert_eq!(
            found(text),
            [
                ("# One", true),
                ("first line\nsecond line", false),
                ("next", false),
                ("## Two ##", true),
                ("Title\n=====", true),
                ("end", false),
            ]
        );
    }

    #[test]
    fn what_looks_like_a_heading_and_is_none() {
        for text in ["#tag", "####### seven", "    # code", "a\nb\n---\nc"] {
            assert_eq!(found(text), [(text.trim(), false)]);
        }
        let fenced = "```sh\n# comment\n````";
        assert_eq!(found(fenced), [(fenced, false)]);
        let closed = "~~~\n```\n~~~\n# real";
        assert_eq!(found(closed), [("~~~\n```\n~~~", false), ("# real", true)]);
    }

    #[test]
    fn crlf_and_blank_texts() {
        assert_eq!(found("# A\r\nb\r\n\r\nc\r\n"), [("# A", true), ("b", false), ("c", false)]);
        assert_eq!(found(""), []);
        assert_eq!(found("\n \r\n"), []);
    }
}
