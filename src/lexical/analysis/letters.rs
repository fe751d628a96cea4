//! What kind a letter is, for finding words.

use unicode_normalization::char::is_combining_mark;

/// Kinds of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A letter of a script that puts spaces between words.
    Letter,
    /// A digit.
    Digit,
    /// A letter of a script whose words stand together, or (Hangul) grow endings that no stemmer here cuts off.
    Dense,
    /// Belongs to the letter before it.
    Mark,
    /// Between words.
    Other,
}

pub(super) fn kind(letter: char) -> Kind {
    match letter {
        'a'..='z' | 'A'..='Z' => Kind::Letter,
        '0'..='9' => Kind::Digit,
        '\0'..='\u{7f}' => Kind::Other,
        _ if is_mark(letter) => Kind::Mark,
        _ if is_dense(letter) => Kind::Dense,
        _ if letter.is_numeric() => Kind::Digit,
        _ if letter.is_alphabetic() => Kind::Letter,
        _ => Kind::Other,
    }
}

/// Combining marks, joiners, the soft hyphen, and the half-width voice marks of Katakana.
fn is_mark(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{ff9e}' | '\u{ff9f}')
        || is_combining_mark(letter)
}

/// Han, Kana, Bopomofo, Hangul, Thai, Lao, Burmese, Khmer: blocks of the Unicode standard.
fn is_dense(letter: char) -> bool {
    let block = matches!(
        letter,
        '\u{e00}'..='\u{eff}'
            | '\u{1000}'..='\u{109f}'
            | '\u{1100}'..='\u{11ff}'
            | '\u{1780}'..='\u{17ff}'
            | '\u{2e80}'..='\u{2fdf}'
            | '\u{3005}'..='\u{3007}'
            | '\u{3021}'..='\u{3029}'
            | '\u{3031}'..='\u{3035}'
            | '\u{3038}'..='\u{303b}'
            | '\u{3041}'..='\u{318f}'
            | '\u{31a0}'..='\u{31bf}'
            | '\u{31f0}'..='\u{31ff}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{a960}'..='\u{a97f}'
            | '\u{aa60}'..='\u{aa7f}'
            | '\u{ac00}'..='\u{d7ff}'
            | '\u{f900}'..='\u{faff}'
            | '\u{ff66}'..='\u{ffdc}'
            | '\u{1aff0}'..='\u{1b16f}'
            | '\u{20000}'..='\u{3ffff}'
    );
    block && letter.is_alphabetic()
}
