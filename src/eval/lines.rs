//! Lines of files of judgments and runs: their numbers, their cells, and what is wrong with them.

use super::EvalError;

/// Largest file of judgments, or run, that is read.
pub(super) const BYTES_MAX: u64 = 1 << 30;

/// One line that is not empty, with its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line<'a> {
    file: &'a str,
    number: u64,
    /// Without its line break.
    pub(super) text: &'a str,
}

impl<'a> Line<'a> {
    /// The lines that are not empty.
    pub(super) fn all(bytes: &'a [u8], file: &'a str) -> impl Iterator<Item = Result<Self, EvalError>> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let numbered = (1_u64..).zip(bytes.split(|byte| *byte == b'\n'));
        numbered.filter(|(_, line)| !line.trim_ascii().is_empty()).map(move |(number, line)| {
            let text = std::str::from_utf8(line.strip_suffix(b"\r").unwrap_or(line));
            let why = || "the line is not UTF-8 text; save the file as UTF-8".to_owned();
            let text = text.map_err(|_| EvalError::Line { file: file.to_owned(), line: number, why: why() })?;
            Ok(Self { file, number, text })
        })
    }

    /// The line is not what it should be.
    pub(super) fn wrong(&self, why: impl Into<String>) -> EvalError {
        EvalError::Line { file: self.file.to_owned(), line: self.number, why: why.into() }
    }

    /// A cell that holds a finite number.
    pub(super) fn number(&self, cell: &str, what: &str) -> Result<f32, EvalError> {
        let number = cell.trim().parse::<f32>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| self.wrong(format!("{what} is {}, expected a finite number", shown(cell))))
    }

    /// As many cells as expected, with white space between them.
    pub(super) fn cells<const N: usize>(&self) -> Option<[&'a str; N]> {
        let mut words = self.text.split(is_space).filter(|word| !word.is_empty());
        let mut cells = [""; N];
        for cell in &mut cells {
            *cell = words.next()?;
        }
        words.next().is_none().then_some(cells)
    }
}

/// The beginning of a piece of a file, quoted for a message.
pub(super) fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(64).collect::<String>())
}

/// An id as a cell of a file in TREC's form.
pub(super) fn cell(id: &str) -> Result<&str, EvalError> {
    let fits = !id.is_empty() && !id.contains(is_space);
    fits.then_some(id).ok_or_else(|| EvalError::Id { id: id.to_owned() })
}

/// What ends a column: the white space of C, as `trec_eval` sees it, and the byte order mark, which a file may begin with.
pub(super) const fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || matches!(c, '\u{b}' | '\u{feff}')
}
