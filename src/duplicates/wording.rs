//! A text as the set of its words and pairs of words.

use unicode_segmentation::UnicodeSegmentation;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// Shingles kept of one text: those with the lowest hashes, which are a random sample and the same one in every text (Broder
/// 1997). Texts of up to about 250 words are kept whole.
pub(crate) const SAMPLE: usize = 512;

/// What is kept of a text, at most 2 KiB.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wording {
    /// Hashes of its shingles, or of a sample of them, in ascending order.
    pub(crate) sample: Box<[u32]>,
    /// How many it has.
    pub(crate) count: usize,
    /// Hash of the sequence of its words; none where there is no word.
    pub(crate) sequence: Option<u128>,
}

impl Wording {
    /// Of a note's title and text.
    pub(crate) fn of(title: &str, text: &str) -> Self {
        let (mut shingles, sequence) = read(title, text);
        let count = shingles.len();
        shingles.truncate(SAMPLE);
        Self { sample: shingles.into_boxed_slice(), count, sequence }
    }
}

/// Hashes of all shingles of a note's title and text, in ascending order, each once.
pub(crate) fn shingles(title: &str, text: &str) -> Vec<u32> {
    read(title, text).0
}

/// Shingles, and the hash of the sequence of words.
fn read(title: &str, text: &str) -> (Vec<u32>, Option<u128>) {
    let mut shingles = Vec::new();
    let mut sequence = Xxh3::new();
    let mut before = None;
    let mut lower = String::new();
    // A word of Chinese or Thai is one character here; pairs make up for that.
    for word in title.unicode_words().chain(text.unicode_words()) {
        lower.clear();
        lower.extend(word.chars().flat_map(char::to_lowercase));
        let hash = xxh3_64(lower.as_bytes());
        sequence.update(&hash.to_le_bytes());
        shingles.push(high(hash));
        if let Some(before) = before.replace(hash) {
            let pair = (u128::from(before) << 64 | u128::from(hash)).to_le_bytes();
            shingles.push(high(xxh3_64(&pair)));
        }
    }
    shingles.sort_unstable();
    shingles.dedup();
    (shingles, before.map(|_| sequence.digest128()))
}

/// Two of a billion pairs of different shingles share these bits: too few to move a similarity.
const fn high(hash: u64) -> u32 {
    (hash >> 32) as u32
}

/// How many hashes two ascending lists share; fewer than `least` may be reported as any such number.
pub(crate) fn common(one: &[u32], other: &[u32], least: usize) -> usize {
    let (mut at, mut against, mut shared) = (0, 0, 0);
    while let (Some(left), Some(right)) = (one.get(at), other.get(against)) {
        // What is left cannot make up for what is missing.
        if shared + (one.len() - at).min(other.len() - against) < least {
            break;
        }
        shared += usize::from(left == right);
        at += usize::from(left <= right);
        against += usize::from(right <= left);
    }
    shared
}

/// Dice's coefficient of two ascending lists: twice what they share by what they hold; 0 of two empty ones.
pub(crate) fn dice(one: &[u32], other: &[u32]) -> f64 {
    let sizes = (one.len() + other.len()).max(1) as f64;
    2.0 * common(one, other, 0) as f64 / sizes
}
