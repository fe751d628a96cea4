//! Notes to the words of a segment.
//!
//! While notes come, each is a few numbers a term: which terms it has, by number, and how often. At the end the terms are
//! sorted, and postings are made for a stretch of them at a time, each by one pass over all notes. So the whole takes a
//! fraction of the memory of the texts themselves, however many notes there are.

use super::Language;
use super::analysis::Analyser;
use index_format::words::{MOST_COUNTED, Posting, Words, WordsBuilder, length_code};
use index_format::{FormatError, Record};
use std::collections::HashMap;
use std::ops::Range;

/// What a term in a title counts: part of what the name of a language means, since it lies in every index.
const TITLE: u32 = 2;
/// Postings made at once, at least.
const STRETCH: usize = 1 << 22;
/// At most one in so many postings is made at once, where there are many.
const STRETCHES: usize = 8;
/// Words as they stand in texts that are remembered with their terms: others are taken apart again.
const REMEMBERED: usize = 1 << 20;

/// Collects the words of notes, in their order.
pub(crate) struct Gatherer {
    analyser: Analyser,
    /// Words as they stand in texts, with the number of their term.
    words: HashMap<Box<str>, Option<u32>>,
    /// Terms and their numbers.
    terms: HashMap<Box<str>, u32>,
    /// By term, how many notes have it.
    notes_of: Vec<u32>,
    /// By note: how many terms, then for each the distance from the one before and the count.
    counts: Vec<u8>,
    lengths: Vec<u8>,
    /// The terms of one note, as often as they stand in it.
    now: Vec<u32>,
}

impl Gatherer {
    pub(crate) fn new(language: Language) -> Self {
        Self {
            analyser: Analyser::new(language),
            words: HashMap::new(),
            terms: HashMap::new(),
            notes_of: Vec::new(),
            counts: Vec::new(),
            lengths: Vec::new(),
            now: Vec::new(),
        }
    }

    /// Adds the next note: its title, its text, and the texts that stand for its pictures.
    pub(crate) fn add(&mut self, record: &Record) {
        self.now.clear();
        self.read(&record.title);
        for _ in 1..TITLE {
            self.now.extend_from_within(..);
        }
        self.read(&record.text);
        for picture in &record.pictures {
            self.read(&picture.alt);
        }
        self.lengths.push(length_code(u32::try_from(self.now.len()).unwrap_or(u32::MAX)));
        let mut now = std::mem::take(&mut self.now);
        now.sort_unstable();
        let runs = || now.chunk_by(|left, right| left == right);
        write_number(runs().count() as u32, &mut self.counts);
        let mut before = 0;
        for run in runs() {
            let Some(term) = run.first().copied() else { continue };
            write_number(term - before, &mut self.counts);
            write_number(u32::try_from(run.len()).unwrap_or(u32::MAX), &mut self.counts);
            before = term;
            if let Some(notes) = self.notes_of.get_mut(term as usize) {
                *notes += 1;
            }
        }
        self.now = now;
    }

    fn read(&mut self, text: &str) {
        let analyser = self.analyser;
        for span in analyser.words(text) {
            let word = text.get(span).unwrap_or_default();
            let term = match self.words.get(word) {
                Some(term) => *term,
                None => {
                    let term = analyser.term(word).map(|term| self.number_of(term));
                    if self.words.len() < REMEMBERED {
                        self.words.insert(word.into(), term);
                    }
                    term
                }
            };
            self.now.extend(term);
        }
    }

    fn number_of(&mut self, term: String) -> u32 {
        let next = self.notes_of.len() as u32;
        let number = *self.terms.entry(term.into()).or_insert(next);
        if number == next {
            self.notes_of.push(0);
        }
        number
    }

    /// The words of all notes.
    pub(crate) fn finish(self) -> Result<Words, FormatError> {
        let total: usize = self.notes_of.iter().map(|notes| *notes as usize).sum();
        self.finish_in(STRETCH.max(total / STRETCHES))
    }

    /// The same, with at most so many postings made at once.
    pub(super) fn finish_in(self, most: usize) -> Result<Words, FormatError> {
        let Self { words, terms, notes_of, counts, lengths, .. } = self;
        drop(words);
        let mut sorted: Vec<(Box<str>, u32)> = terms.into_iter().collect();
        sorted.sort_unstable();
        let mut builder = WordsBuilder::new(lengths);
        let mut rest = sorted.as_slice();
        while !rest.is_empty() {
            let stretch = Stretch::of(rest, &notes_of, most);
            let postings = stretch.postings(&counts);
            let (now, later) = rest.split_at(stretch.terms);
            for ((term, _), range) in now.iter().zip(&stretch.starts) {
                builder.term(term.as_bytes(), postings.get(range.clone()).unwrap_or_default())?;
            }
            rest = later;
        }
        Ok(builder.finish())
    }
}

/// Some terms, one after the other, whose postings are made together.
struct Stretch {
    terms: usize,
    /// By term, where its postings lie.
    starts: Vec<Range<usize>>,
    /// By number of a term, where its next posting goes.
    places: Vec<Option<usize>>,
}

impl Stretch {
    /// The first terms, with so many postings together, or one term with more.
    fn of(terms: &[(Box<str>, u32)], notes_of: &[u32], most: usize) -> Self {
        let mut places = vec![None; notes_of.len()];
        let (mut starts, mut end) = (Vec::new(), 0);
        for (_, term) in terms {
            let notes = notes_of.get(*term as usize).map_or(0, |notes| *notes as usize);
            if end > 0 && end + notes > most {
                break;
            }
            if let Some(place) = places.get_mut(*term as usize) {
                *place = Some(end);
            }
            starts.push(end..end + notes);
            end += notes;
        }
        Self { terms: starts.len(), starts, places }
    }

    /// Their postings, by term and then by note.
    fn postings(&self, counts: &[u8]) -> Vec<Posting> {
        let mut places = self.places.clone();
        let size = self.starts.last().map_or(0, |last| last.end);
        let mut postings = vec![Posting { note: 0, count: 0 }; size];
        let mut bytes = counts.iter();
        let mut note = 0;
        while let Some(terms) = read_number(&mut bytes) {
            let mut term = 0;
            for _ in 0..terms {
                let (gap, count) = read_number(&mut bytes).zip(read_number(&mut bytes)).unwrap_or_default();
                term += gap;
                let Some(Some(place)) = places.get_mut(term as usize) else { continue };
                if let Some(posting) = postings.get_mut(*place) {
                    *posting = Posting { note, count: count.min(u32::from(MOST_COUNTED)) as u8 };
                }
                *place += 1;
            }
            note += 1;
        }
        postings
    }
}

/// Appends a number in as many bytes as it needs, seven bits in each (LEB128).
fn write_number(mut number: u32, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read_number<'a>(bytes: &mut impl Iterator<Item = &'a u8>) -> Option<u32> {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = u32::from(*bytes.next()?);
        number |= (byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}
