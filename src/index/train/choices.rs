//! Feedback as judgments: what was chosen, weighed by how few look at the place it had.

use super::super::feedback::query_of;
use super::super::writer::Writer;
use super::judged::Judged;
use crate::error::Result;
use crate::rank::clicks::{Event, Propensity};
use crate::segment::load_feedback;
use index_format::EventRecord;
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

/// An event of a query, and the grades of all events of it.
type Asked<'a> = (&'a EventRecord, Vec<(&'a str, f32)>);

impl Writer {
    /// The feedback in the index as judgments: a choice counts the more, the fewer people look at where it stood.
    pub(in super::super) fn chosen(&self) -> Result<Vec<Judged>> {
        let storage = self.shared.storage.as_ref();
        let mut events = Vec::new();
        for file in &self.manifest.feedback {
            events.extend(load_feedback(storage, self.manifest.index_id, file)?.events);
        }
        events.extend(self.events.iter().cloned());
        let shown: Vec<Event<&str>> = events.iter().map(seen).collect();
        let propensity = Propensity::estimate(&shown, Propensity::default().greatest).unwrap_or_default();
        // Events of one query are one list: what learns from some of them must not be judged by the others.
        let mut queries: BTreeMap<u64, Asked<'_>> = BTreeMap::new();
        for (event, seen) in events.iter().zip(&shown) {
            let (_, grades) = queries.entry(seen.query).or_insert_with(|| (event, Vec::new()));
            grades.extend(seen.shown.iter().copied().zip(propensity.grades(seen)));
        }
        Ok(queries.into_values().map(|(event, grades)| Judged::new(query_of(event), means(grades))).collect())
    }
}

/// The mean grade of each note.
fn means(mut grades: Vec<(&str, f32)>) -> Vec<(&str, f32)> {
    grades.sort_by_key(|(id, _)| *id);
    let mean = |of: &[(&str, f32)]| of.iter().map(|(_, grade)| grade).sum::<f32>() / of.len() as f32;
    let notes = grades.chunk_by(|left, right| left.0 == right.0);
    notes.filter_map(|of| Some((of.first()?.0, mean(of)))).collect()
}

/// What somebody looked at. Equal queries have equal numbers.
fn seen(event: &EventRecord) -> Event<&str> {
    let mut hasher = DefaultHasher::new();
    format!("{:?}", event.terms).hash(&mut hasher);
    let chosen = event.chosen.iter().filter_map(|place| event.shown.get(*place as usize));
    Event {
        query: hasher.finish(),
        shown: event.shown.iter().map(String::as_str).collect(),
        chosen: chosen.map(String::as_str).collect(),
    }
}
