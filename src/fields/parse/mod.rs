//! Text to filter: recursive descent over words, quoted texts and signs.
//!
//! | file | what it does |
//! |---|---|
//! | `mod.rs` | the grammar |
//! | `lexer.rs` | a text to its pieces |

mod lexer;

use super::date::Span;
use super::error::FilterError;
use super::filter::{Check, End, Literal, Node, Place, Test};
use lexer::{Lexer, Piece, Sign};

pub(super) use lexer::is_bare;

/// Bytes of a filter.
const MAX_BYTES: usize = 64 << 10;
/// Values of a filter.
const MAX_VALUES: usize = 1_024;
/// Levels of parentheses and `not`.
const MAX_DEPTH: usize = 64;

/// Reads a whole filter.
pub(super) fn parse(text: &str) -> Result<Node, FilterError> {
    if text.len() > MAX_BYTES {
        return Err(FilterError::Limit { what: "too many bytes", most: MAX_BYTES });
    }
    let mut parser = Parser { pieces: Lexer::new(text).pieces()?, at: 0, values: 0, depth: 0 };
    let node = parser.any()?;
    match parser.piece() {
        Piece::End => Ok(node),
        _ => Err(parser.expected("`and`, `or` or the end")),
    }
}

struct Parser {
    /// Pieces and their columns; the last one is the end.
    pieces: Vec<(usize, Piece)>,
    at: usize,
    values: usize,
    depth: usize,
}

impl Parser {
    fn piece(&self) -> &Piece {
        self.pieces.get(self.at).map_or(&Piece::End, |(_, piece)| piece)
    }

    fn column(&self) -> usize {
        self.pieces.get(self.at).or(self.pieces.last()).map_or(1, |(column, _)| *column)
    }

    fn expected(&self, expected: &'static str) -> FilterError {
        FilterError::Syntax { column: self.column(), expected, found: self.piece().to_string() }
    }

    fn is_word(&self, word: &str) -> bool {
        matches!(self.piece(), Piece::Bare(text) if text.eq_ignore_ascii_case(word))
    }

    /// Goes past a word, if it stands here.
    fn skip_word(&mut self, word: &str) -> bool {
        let here = self.is_word(word);
        self.at += usize::from(here);
        here
    }

    fn skip_sign(&mut self, sign: Sign) -> bool {
        let here = *self.piece() == Piece::Sign(sign);
        self.at += usize::from(here);
        here
    }

    fn any(&mut self) -> Result<Node, FilterError> {
        self.chain("or", Self::all, Node::Or)
    }

    fn all(&mut self) -> Result<Node, FilterError> {
        self.chain("and", Self::one, Node::And)
    }

    fn chain(
        &mut self,
        word: &str,
        part: fn(&mut Self) -> Result<Node, FilterError>,
        together: fn(Vec<Node>) -> Node,
    ) -> Result<Node, FilterError> {
        let first = part(self)?;
        if !self.is_word(word) {
            return Ok(first);
        }
        let mut nodes = vec![first];
        while self.skip_word(word) {
            nodes.push(part(self)?);
        }
        Ok(together(nodes))
    }

    fn one(&mut self) -> Result<Node, FilterError> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(FilterError::Limit { what: "too many levels", most: MAX_DEPTH });
        }
        let node = if self.skip_word("not") {
            Node::Not(Box::new(self.one()?))
        } else if self.skip_sign(Sign::Open) {
            let inner = self.any()?;
            if !self.skip_sign(Sign::Close) {
                return Err(self.expected("`)`, `and` or `or`"));
            }
            inner
        } else {
            self.test()?
        };
        self.depth -= 1;
        Ok(node)
    }

    fn test(&mut self) -> Result<Node, FilterError> {
        let place = Place(Some(self.column()));
        let is_reserved = ["and", "or", "in", "exists"].into_iter().any(|word| self.is_word(word));
        let field = match self.piece() {
            Piece::Bare(name) if !is_reserved => name.clone(),
            Piece::Quoted(name) => name.clone(),
            _ => return Err(self.expected("the name of a field, `not` or `(`")),
        };
        self.at += 1;
        let test = |check| Node::Test(Test { field, check, place });
        let open = |literal, inside| Some(End { literal, inside });
        if self.skip_word("exists") {
            return Ok(test(Check::Exists));
        }
        if self.skip_word("in") {
            return self.set().map(test);
        }
        let Piece::Sign(sign) = self.piece().clone() else {
            return Err(self.expected("`=`, `!=`, `<`, `<=`, `>`, `>=`, `^=`, `in` or `exists`"));
        };
        self.at += 1;
        Ok(match sign {
            Sign::Equal => test(Check::OneOf(vec![self.literal()?])),
            Sign::Unequal => Node::Not(Box::new(test(Check::OneOf(vec![self.literal()?])))),
            Sign::Less => test(Check::Range { low: None, high: open(self.literal()?, false) }),
            Sign::AtMost => test(Check::Range { low: None, high: open(self.literal()?, true) }),
            Sign::Greater => test(Check::Range { low: open(self.literal()?, false), high: None }),
            Sign::AtLeast => test(Check::Range { low: open(self.literal()?, true), high: None }),
            Sign::Prefix => test(Check::Prefix(self.text()?)),
            _ => {
                self.at -= 1;
                return Err(self.expected("`=`, `!=`, `<`, `<=`, `>`, `>=`, `^=`, `in` or `exists`"));
            }
        })
    }

    /// What comes after `in`: values in parentheses, or a range.
    fn set(&mut self) -> Result<Check, FilterError> {
        if self.skip_sign(Sign::Open) {
            let mut values = Vec::new();
            while !self.skip_sign(Sign::Close) {
                if !values.is_empty() && !self.skip_sign(Sign::Comma) {
                    return Err(self.expected("`,` or `)`"));
                }
                values.push(self.literal()?);
            }
            return Ok(Check::OneOf(values));
        }
        let low = self.literal()?;
        if !self.skip_sign(Sign::Range) {
            return Err(self.expected("`..`"));
        }
        let high = self.literal()?;
        let end = |literal| Some(End { literal, inside: true });
        Ok(Check::Range { low: end(low), high: end(high) })
    }

    fn literal(&mut self) -> Result<Literal, FilterError> {
        let literal = match self.piece() {
            Piece::Quoted(text) => Literal::Text(text.clone()),
            Piece::Bare(word) => meaning(word),
            _ => return Err(self.expected("a value")),
        };
        self.count()?;
        Ok(literal)
    }

    fn text(&mut self) -> Result<String, FilterError> {
        let (Piece::Quoted(text) | Piece::Bare(text)) = self.piece() else { return Err(self.expected("a word")) };
        let text = text.clone();
        self.count()?;
        Ok(text)
    }

    fn count(&mut self) -> Result<(), FilterError> {
        (self.at, self.values) = (self.at + 1, self.values + 1);
        if self.values > MAX_VALUES {
            return Err(FilterError::Limit { what: "too many values", most: MAX_VALUES });
        }
        Ok(())
    }
}

/// What a value without quotes stands for.
fn meaning(word: &str) -> Literal {
    if let Ok(number) = word.parse::<i64>() {
        return Literal::Integer(number);
    }
    // Rust's numbers may be `inf`, `nan` and `infinity`: here these are words.
    let numeric = word.bytes().any(|byte| byte.is_ascii_digit());
    if let Some(number) = word.parse::<f64>().ok().filter(|_| numeric) {
        return Literal::Float(number);
    }
    match word.to_ascii_lowercase().as_str() {
        "true" => Literal::Bool(true),
        "false" => Literal::Bool(false),
        _ => Span::parse(word).map_or_else(|| Literal::Text(word.to_owned()), Literal::Date),
    }
}
