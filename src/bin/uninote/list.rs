//! `uninote list` and `uninote facets`: notes and values by fields alone, without a query.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::get::NoteJson;
use crate::output::{diagnostic, on_terminal, one_line, print, print_json};
use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;
use std::fmt::Write;
use uninote::fields::{FacetCount, Filter};
use uninote::index::Listing;
use uninote::{Note, Value};

/// Arguments of `uninote list`.
#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// Only notes with such fields, as in `year >= 2000 and tags in (travel, food)`
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    filter: Option<Filter>,
    /// In the order of this field, or of `id` or `created`; otherwise in that of the index
    #[arg(long, value_name = "FIELD")]
    sort: Option<String>,
    /// With `--sort`: the greatest value first
    #[arg(long, requires = "sort")]
    descending: bool,
    /// Notes to pass over
    #[arg(long, value_name = "N", default_value_t = 0)]
    skip: usize,
    /// Most notes
    #[arg(short = 'k', long, value_name = "N", default_value_t = 100)]
    take: usize,
}

#[derive(Serialize)]
struct ListJson<'a> {
    notes: Vec<NoteJson<'a>>,
    matching: usize,
}

impl List {
    /// Runs the command.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let snapshot = place.open_without_encoder()?.snapshot();
        let mut listing = Listing::new().skip(self.skip).take(self.take);
        listing.filter = self.filter.clone();
        listing.sort = self.sort.clone();
        listing.descending = self.descending;
        let notes = snapshot.list(&listing)?;
        let matching = self.filter.as_ref().map_or(Ok(snapshot.len()), |filter| snapshot.count(filter))?;
        if place.json {
            print_json(&ListJson { notes: notes.iter().map(NoteJson::of).collect(), matching })?;
        } else if on_terminal() {
            print(&format!("{}\n{} of {matching}\n", table(&notes), notes.len()))?;
        } else {
            print(&lines(&notes))?;
        }
        Ok(Outcome::of(!notes.is_empty()))
    }
}

fn table(notes: &[Note]) -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(["note", "fields"]);
    for note in notes {
        let (id, title) = (one_line(&note.id), one_line(&note.title));
        let named = if title.is_empty() { id } else { format!("{title}\n{id}") };
        let fields: Vec<String> =
            note.fields.iter().map(|(name, value)| one_line(&format!("{name}: {}", shown(value)))).collect();
        table.add_row([named, fields.join("\n")]);
    }
    table
}

/// One line a note: id, title, fields as a JSON object, with tabs between them.
fn lines(notes: &[Note]) -> String {
    let mut lines = String::new();
    for note in notes {
        let fields = serde_json::to_string(&note.fields).unwrap_or_default();
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{}\t{}\t{}", one_line(&note.id), one_line(&note.title), one_line(&fields));
    }
    lines
}

/// A value as a person writes it: text without quotes.
fn shown(value: &Value) -> String {
    match value {
        Value::Keyword(text) => text.clone(),
        Value::Tags(tags) => tags.join(", "),
        other => serde_json::to_string(other).unwrap_or_default().trim_matches('"').to_owned(),
    }
}

/// Arguments of `uninote facets`.
#[derive(Debug, clap::Args)]
pub(crate) struct Facets {
    /// The field whose values are counted
    field: String,
    /// Only among notes with such fields
    #[arg(long, value_name = "FILTER", allow_hyphen_values = true)]
    filter: Option<Filter>,
    /// Most values
    #[arg(short = 'k', long, value_name = "N", default_value_t = 100)]
    take: usize,
}

#[derive(Serialize)]
struct FacetsJson<'a> {
    field: &'a str,
    values: usize,
    counts: Vec<FacetJson>,
}

#[derive(Serialize)]
struct FacetJson {
    value: Value,
    notes: u64,
}

impl Facets {
    /// Runs the command.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let facets = place.open_without_encoder()?.facets(&self.field, self.filter.as_ref())?;
        let counts = facets.get(..self.take).unwrap_or(&facets);
        if place.json {
            let count = |facet: &FacetCount| FacetJson { value: facet.value.clone(), notes: facet.notes };
            let counts = counts.iter().map(count).collect();
            print_json(&FacetsJson { field: &self.field, values: facets.len(), counts })?;
        } else {
            let mut lines = String::new();
            for facet in counts {
                // Writing to a string cannot fail.
                let _ = writeln!(lines, "{}\t{}", facet.notes, one_line(&shown(&facet.value)));
            }
            print(&lines)?;
            if counts.len() < facets.len() {
                diagnostic(&format!("{} of {} values; -k N shows more", counts.len(), facets.len()));
            }
        }
        Ok(Outcome::of(!facets.is_empty()))
    }
}
