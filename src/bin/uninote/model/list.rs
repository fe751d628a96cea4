//! `uninote model list`: what is in the cache.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::output::{diagnostic, on_terminal, one_line, print, print_json};
use comfy_table::{CellAlignment, Table, presets};
use indicatif::BinaryBytes;
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;
use uninote::hub::{Cached, Hub};

#[derive(Serialize)]
struct ListJson<'a> {
    models: Vec<CachedJson<'a>>,
}

#[derive(Serialize)]
struct CachedJson<'a> {
    id: &'a str,
    revisions: &'a [String],
    commit: &'a str,
    bytes: u64,
    kind: Option<&'a str>,
    readable: bool,
    path: &'a Path,
}

/// Runs the command.
pub(super) fn run(place: &Place) -> Result<Outcome, Failure> {
    let models = Hub::from_env()?.list()?;
    if place.json {
        print_json(&ListJson { models: models.iter().map(json).collect() })?;
    } else if models.is_empty() {
        diagnostic("no models in the cache; fetch one with `uninote model pull ID`");
    } else if on_terminal() {
        print(&format!("{}\n", table(&models)))?;
    } else {
        print(&lines(&models))?;
    }
    Ok(Outcome::of(!models.is_empty()))
}

fn json(model: &Cached) -> CachedJson<'_> {
    CachedJson {
        id: &model.id,
        revisions: &model.revisions,
        commit: &model.commit,
        bytes: model.bytes,
        kind: model.kind.as_deref(),
        readable: model.readable,
        path: &model.path,
    }
}

/// Five cells: id, revision, size, kind, whether it can be read. `size` puts the number of bytes into words.
fn cells(model: &Cached, size: impl Fn(u64) -> String) -> [String; 5] {
    let names = if model.revisions.is_empty() { model.commit.clone() } else { model.revisions.join(",") };
    let kind = one_line(model.kind.as_deref().unwrap_or("unknown"));
    let readable = if model.readable { "readable" } else { "not readable" };
    [one_line(&model.id), one_line(&names), size(model.bytes), kind, readable.to_owned()]
}

fn lines(models: &[Cached]) -> String {
    let mut text = String::new();
    for model in models {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{}", cells(model, |bytes| bytes.to_string()).join("\t"));
    }
    text
}

fn table(models: &[Cached]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_header(["model", "revision", "size", "kind", "by uninote"]);
    for model in models {
        table.add_row(cells(model, |bytes| BinaryBytes(bytes).to_string()));
    }
    if let Some(size) = table.column_mut(2) {
        size.set_cell_alignment(CellAlignment::Right);
    }
    table
}
