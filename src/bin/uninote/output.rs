//! Standard output and error that survive a closed pipe, and text made harmless for a terminal.

use crate::failure::Failure;
use serde::Serialize;
use std::borrow::Cow;
use std::io::{self, ErrorKind, IsTerminal, Write};

/// Whether standard output is a terminal.
pub(crate) fn on_terminal() -> bool {
    io::stdout().is_terminal()
}

/// Writes text to standard output. A reader that went away (`| head`) is no error: it had what it wanted.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}

/// Writes a value to standard output as one line of JSON.
pub(crate) fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    print(&format!("{}\n", serde_json::to_string(value)?))
}

/// Writes one line to standard error, control characters neutralised. Where nobody reads it there is nobody to tell.
pub(crate) fn diagnostic(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", plain(line));
}

/// One line of text that cannot command a terminal: white space of any kind becomes one space, every other control
/// character, and those that turn the direction of text, become U+FFFD.
pub(crate) fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    plain(&words.join(" ")).into_owned()
}

/// Text in lines that cannot command a terminal: as [`one_line`], but line breaks, tabs and runs of spaces stay.
pub(crate) fn plain(text: &str) -> Cow<'_, str> {
    let harmless = |c: char| c == '\n' || c == '\t' || !commands(c);
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let text = text.replace("\r\n", "\n");
    Cow::Owned(text.chars().map(|c| if harmless(c) { c } else { char::REPLACEMENT_CHARACTER }).collect())
}

/// Control characters, and the marks that reorder what is shown (Boucher and Anderson, "Trojan Source", 2021).
fn commands(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_printed_commands_the_terminal() {
        assert_eq!(one_line("a\u{1b}[31mred\r\nnext\tcell  end\0"), "a\u{fffd}[31mred next cell end\u{fffd}");
        assert_eq!(plain("one\r\ntwo\tthree\u{7}"), "one\ntwo\tthree\u{fffd}");
        assert_eq!(plain("abc\u{202e}gpj"), "abc\u{fffd}gpj");
        assert!(matches!(plain("日本語 🍋 naïve\n"), Cow::Borrowed(_)));
    }
}
