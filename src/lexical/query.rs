//! Texts to weighted terms.

use super::Language;
use super::analysis::Analyser;
use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

/// The terms that are asked for, each with a weight.
#[derive(Clone)]
pub(crate) struct WordsQuery {
    analyser: Analyser,
    terms: Vec<QueryTerm>,
    places: HashMap<String, usize>,
}

/// A term that is asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct QueryTerm {
    pub(crate) term: String,
    /// Weight of its texts, as often as it stands in them.
    pub(crate) weight: f32,
    /// Whether queries do without it where they have others.
    stop: bool,
}

impl WordsQuery {
    /// Of no terms yet, for an index whose words are read in this language.
    pub(crate) fn new(language: Language) -> Self {
        Self { analyser: Analyser::new(language), terms: Vec::new(), places: HashMap::new() }
    }

    /// Adds the words of a text with a weight above 0. A word that comes again counts again.
    pub(crate) fn add(&mut self, text: &str, weight: f32) {
        for span in self.analyser.words(text) {
            let word = text.get(span).unwrap_or_default();
            let Some(term) = self.analyser.term(word) else { continue };
            match self.places.entry(term) {
                Entry::Occupied(place) => {
                    if let Some(known) = self.terms.get_mut(*place.get()) {
                        known.weight += weight;
                    }
                }
                Entry::Vacant(place) => {
                    let stop = self.analyser.is_stop_word(word);
                    self.terms.push(QueryTerm { term: place.key().clone(), weight, stop });
                    place.insert(self.terms.len() - 1);
                }
            }
        }
    }

    /// Takes the words of a text away again.
    pub(crate) fn without(&mut self, text: &str) {
        let unwanted: HashSet<String> =
            self.analyser.words(text).filter_map(|span| self.analyser.term(text.get(span)?)).collect();
        self.terms.retain(|term| !unwanted.contains(&term.term));
        let places = self.terms.iter().enumerate();
        self.places = places.map(|(place, term)| (term.term.clone(), place)).collect();
    }

    /// The terms to search for, in the order they came in: without those that say nothing, unless there are no others.
    pub(crate) fn terms(&self) -> impl Iterator<Item = &QueryTerm> {
        let telling = self.terms.iter().any(|term| !term.stop);
        self.terms.iter().filter(move |term| !term.stop || !telling)
    }

    /// Whether it asks for nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    pub(super) const fn analyser(&self) -> Analyser {
        self.analyser
    }
}
