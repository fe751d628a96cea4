//! Case, accents and forms of letters to one.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::decompose_canonical;

/// A word in lower case and in the composed compatibility form (NFKC: full-width letters, ligatures and such are the plain
/// ones), without possessive ending, apostrophes, and the signs that only structure it.
pub(super) fn plain(word: &str) -> String {
    let mut plain: String = if word.is_ascii() {
        word.to_ascii_lowercase()
    } else {
        word.nfkc()
            .flat_map(char::to_lowercase)
            .map(|letter| if letter == '\u{2019}' { '\'' } else { letter })
            .collect()
    };
    if let Some(owner) = plain.strip_suffix("'s") {
        plain.truncate(owner.len());
    }
    let numeric = plain.bytes().any(|byte| byte.is_ascii_digit());
    plain.retain(|letter| match letter {
        '\'' | ',' | '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' => false,
        '.' => numeric,
        _ => true,
    });
    plain
}

/// Letters without accents in scripts where those are often left out (Latin, Greek). In others a mark makes another letter.
pub(super) fn accents(word: String) -> String {
    if word.is_ascii() {
        return word;
    }
    let mut folded = String::with_capacity(word.len());
    for letter in word.chars() {
        match letter {
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            'þ' => folded.push_str("th"),
            'ø' => folded.push('o'),
            'đ' | 'ð' => folded.push('d'),
            'ł' => folded.push('l'),
            'ħ' => folded.push('h'),
            'ı' => folded.push('i'),
            'ς' => folded.push('σ'),
            '\u{300}'..='\u{36f}' if folded.chars().next_back().is_some_and(takes_accents) => {}
            _ => {
                let base = base(letter);
                folded.push(if takes_accents(base) { base } else { letter });
            }
        }
    }
    folded
}

/// The letter that an accented one is made of.
fn base(letter: char) -> char {
    let mut first = None;
    decompose_canonical(letter, |part| first = first.or(Some(part)));
    first.unwrap_or(letter)
}

fn takes_accents(letter: char) -> bool {
    matches!(letter, 'a'..='z' | 'α'..='ω')
}
