//! English words that say nothing about what a text is about. They are in the index like all others, and queries do without
//! them where they have other words.

/// Ascending.
#[rustfmt::skip]
const WORDS: [&str; 135] = [
    "a", "about", "after", "again", "against", "all", "also", "am", "an", "and", "any", "are", "aren't", "as", "at",
    "be", "because", "been", "before", "being", "below", "between", "both", "but", "by", "can", "can't", "cannot",
    "could", "couldn't", "did", "didn't", "do", "does", "doesn't", "doing", "don't", "down", "during", "each",
    "few", "for", "from", "further", "had", "has", "have", "having", "he", "her", "here", "hers", "him", "himself",
    "his", "how", "i", "if", "in", "into", "is", "isn't", "it", "it's", "its", "itself", "just", "me", "might",
    "more", "most", "must", "my", "myself", "no", "nor", "not", "of", "off", "on", "once", "only", "or", "other",
    "our", "ours", "out", "over", "own", "same", "she", "should", "so", "some", "such", "than", "that", "that's",
    "the", "their", "theirs", "them", "themselves", "then", "there", "these", "they", "this", "those", "through",
    "to", "too", "under", "until", "up", "us", "very", "was", "we", "were", "what", "when", "where", "which",
    "while", "who", "whom", "whose", "why", "will", "with", "would", "you", "your", "yours",
];

/// Whether a word, in any case, is one of them.
pub(super) fn is_stop_word(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    WORDS.binary_search(&lower.as_str()).is_ok()
}
