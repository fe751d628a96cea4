//! `uninote repair`: what is left of a damaged index, as a sound one in another place.

use crate::failure::{Failure, Outcome};
use crate::output::{diagnostic, one_line, print, print_json};
use crate::progress::Progress;
use crate::{Place, encoder};
use serde::Serialize;
use std::path::PathBuf;
use uninote::Index;
use uninote::index::FileDamage;

/// Arguments of `uninote repair`.
#[derive(Debug, clap::Args)]
pub(crate) struct Repair {
    /// Directory of the new index, in which there is none
    #[arg(value_name = "DIR")]
    target: PathBuf,
    /// Directory of the model that the index was made with [default: the encoder inside]
    #[arg(long, value_name = "DIR")]
    model: Option<PathBuf>,
}

#[derive(Serialize)]
struct Repaired<'a> {
    notes: u64,
    saved: u64,
    reencoded: u64,
    damages: usize,
    lost: Vec<Lost<'a>>,
}

#[derive(Serialize)]
struct Lost<'a> {
    file: &'a str,
    what: &'a str,
    why: &'a str,
}

impl Repair {
    /// Runs the command. The damaged index stays as it is.
    pub(crate) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let progress = Progress::of_work("reading what can be read".to_owned());
        let repaired = match &self.model {
            Some(model) => Index::repair_with(place.directory(), &self.target, encoder::load(model)?),
            None => Index::repair(place.directory(), &self.target),
        };
        progress.clear();
        let report = repaired?;
        let lost = |lost: &'_ FileDamage| one_line(&format!("{}: lost: {}: {}", lost.file, lost.section, lost.why));
        report.lost.iter().for_each(|damage| diagnostic(&lost(damage)));
        let lost = report.lost.iter().map(|lost| Lost { file: &lost.file, what: &lost.section, why: &lost.why });
        let done = Repaired {
            notes: report.notes,
            saved: report.saved,
            reencoded: report.reencoded,
            damages: report.damages.len(),
            lost: lost.collect(),
        };
        if place.json {
            print_json(&done)?;
        } else {
            let Repaired { notes, saved, reencoded, damages, lost } = &done;
            print(&format!(
                "{notes} notes, {saved} of them from damaged files ({damages} damages), {reencoded} encoded anew, \
                 {} losses\n",
                lost.len()
            ))?;
        }
        Ok(Outcome::of(report.lost.is_empty()))
    }
}
