//! `uninote verify`: every byte of the index, and every damage by name.

use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::output::{diagnostic, print, print_json};
use crate::progress::Progress;
use serde::Serialize;
use uninote::Index;

#[derive(Serialize)]
struct Verified<'a> {
    sound: bool,
    files: u64,
    bytes: u64,
    damages: Vec<DamageJson<'a>>,
}

#[derive(Serialize)]
struct DamageJson<'a> {
    file: &'a str,
    section: &'a str,
    offset: u64,
    why: &'a str,
}

/// Runs the command. It works where the index is too damaged to open.
pub(crate) fn run(place: &Place) -> Result<Outcome, Failure> {
    let progress = Progress::of_work("reading every byte".to_owned());
    let report = Index::verify_at(place.directory());
    progress.clear();
    let report = report?;
    let damages = report.damages.iter().map(|damage| DamageJson {
        file: &damage.file,
        section: &damage.section,
        offset: damage.offset,
        why: &damage.why,
    });
    let verified =
        Verified { sound: report.is_sound(), files: report.files, bytes: report.bytes, damages: damages.collect() };
    if place.json {
        print_json(&verified)?;
    } else {
        for DamageJson { file, section, offset, why } in &verified.damages {
            diagnostic(&format!("{file}: {section} at byte {offset}: {why}"));
        }
        let verdict = if verified.sound { "sound" } else { "DAMAGED" };
        let (files, bytes, damages) = (verified.files, verified.bytes, verified.damages.len());
        print(&format!("{verdict}: {files} files, {bytes} bytes, {damages} damages\n"))?;
    }
    Ok(Outcome::of(verified.sound))
}
