//! A filter's text to its pieces, each with its column.

use super::FilterError;
use std::fmt;

/// One piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    /// Without quotes.
    Bare(String),
    /// With quotes, which are gone.
    Quoted(String),
    Sign(Sign),
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Open,
    Close,
    Comma,
    Range,
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Prefix,
}

/// Longer ones first.
const SIGNS: [(&str, Sign); 12] = [
    ("..", Sign::Range),
    ("==", Sign::Equal),
    ("!=", Sign::Unequal),
    ("<=", Sign::AtMost),
    (">=", Sign::AtLeast),
    ("^=", Sign::Prefix),
    ("(", Sign::Open),
    (")", Sign::Close),
    (",", Sign::Comma),
    ("=", Sign::Equal),
    ("<", Sign::Less),
    (">", Sign::Greater),
];

/// Characters that end a word without quotes.
fn ends_word(character: char) -> bool {
    character.is_whitespace() || character.is_control() || "()=!<>^,\"'".contains(character)
}

/// Whether a text is read back as the name of a field without quotes.
pub(in super::super) fn is_bare(text: &str) -> bool {
    let reserved = ["and", "or", "not", "in", "exists"].into_iter().any(|word| text.eq_ignore_ascii_case(word));
    !text.is_empty() && !reserved && !text.contains("..") && !text.contains(ends_word)
}

impl fmt::Display for Piece {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bare(text) => write!(formatter, "`{text}`"),
            Self::Quoted(text) => write!(formatter, "{text:?}"),
            Self::Sign(sign) => {
                let text = SIGNS.iter().rev().find(|(_, known)| known == sign).map_or("", |(text, _)| text);
                write!(formatter, "`{text}`")
            }
            Self::End => formatter.write_str("the end"),
        }
    }
}

pub(super) struct Lexer<'a> {
    rest: &'a str,
    /// Column of what comes next, from 1.
    column: usize,
}

impl<'a> Lexer<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { rest: text, column: 1 }
    }

    pub(super) fn pieces(mut self) -> Result<Vec<(usize, Piece)>, FilterError> {
        let mut pieces = Vec::new();
        loop {
            let (blank, rest) = self.rest.split_at(self.rest.len() - self.rest.trim_start().len());
            self.column += blank.chars().count();
            self.rest = rest;
            let column = self.column;
            let piece = self.next()?;
            let ended = piece == Piece::End;
            pieces.push((column, piece));
            if ended {
                return Ok(pieces);
            }
        }
    }

    fn next(&mut self) -> Result<Piece, FilterError> {
        if let Some((text, sign)) = SIGNS.into_iter().find(|(text, _)| self.rest.starts_with(text)) {
            self.go_past(text.len());
            return Ok(Piece::Sign(sign));
        }
        match self.rest.chars().next() {
            None => Ok(Piece::End),
            Some(quote @ ('"' | '\'')) => self.quoted(quote),
            Some(first) if ends_word(first) => Err(self.unexpected(first)),
            Some(_) => {
                let end = self.rest.find(ends_word).unwrap_or(self.rest.len());
                let end = self.rest.find("..").map_or(end, |range| range.min(end));
                Ok(Piece::Bare(self.go_past(end).to_owned()))
            }
        }
    }

    fn quoted(&mut self, quote: char) -> Result<Piece, FilterError> {
        let (start, mut text) = (self.column, String::new());
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            if character == quote {
                self.go_past(at + quote.len_utf8());
                return Ok(Piece::Quoted(text));
            }
            if character == '\\' {
                match characters.next() {
                    Some((_, escaped @ ('\\' | '"' | '\''))) => text.push(escaped),
                    Some((at, other)) => {
                        self.go_past(at);
                        return Err(self.unexpected_as("`\\` or a quote after `\\`", &format!("{other:?}")));
                    }
                    None => break,
                }
            } else {
                text.push(character);
            }
        }
        self.column = start;
        Err(self.unexpected_as("a closing quote", "none"))
    }

    /// Takes bytes that end between two characters.
    fn go_past(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at_checked(bytes).unwrap_or((self.rest, ""));
        self.column += taken.chars().count();
        self.rest = rest;
        taken
    }

    fn unexpected(&self, character: char) -> FilterError {
        self.unexpected_as("a field, a value or a sign such as `=`", &format!("{character:?}"))
    }

    fn unexpected_as(&self, expected: &'static str, found: &str) -> FilterError {
        FilterError::Syntax { column: self.column, expected, found: found.to_owned() }
    }
}
