//! What an `add` tells: problems while they come up, commits as they happen, and the end result.

use crate::output::{one_line, print, print_json};
use crate::progress::Progress;
use crate::{Place, failure::Failure};
use serde::Serialize;
use uninote::import::Origin;

/// Most problems listed in the JSON object; standard error has them all.
const PROBLEMS_MAX: usize = 1000;

/// The running totals of an `add`, in the form that `--json` prints.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Notes with new ids, committed by this run.
    added: u64,
    /// Notes that took the place of an older version.
    updated: u64,
    /// Notes that were in the index exactly so.
    unchanged: u64,
    /// Items that became no note.
    skipped: u64,
    /// Parts left out of notes that were added.
    warnings: u64,
    /// Commits that changed the index.
    commits: u64,
    /// Live notes in the index.
    notes: u64,
    /// Number of the last commit.
    generation: u64,
    /// Whether segments were merged at the end.
    compacted: bool,
    /// Whether the run was interrupted.
    pub(crate) interrupted: bool,
    /// The first problems.
    problems: Vec<ProblemEntry>,
}

#[derive(Debug, Serialize)]
struct ProblemEntry {
    kind: &'static str,
    file: String,
    line: Option<u64>,
    why: String,
}

impl Report {
    /// An item that became no note.
    pub(crate) fn skip(&mut self, origin: Origin, why: String, progress: &Progress) {
        self.skipped += 1;
        progress.line(&one_line(&format!("{origin}: {why}")));
        self.keep("skipped", origin, why);
    }

    /// A part that was left out of a note.
    pub(crate) fn warn(&mut self, origin: Origin, why: String, progress: &Progress) {
        self.warnings += 1;
        progress.line(&one_line(&format!("{origin}: warning: {why}")));
        self.keep("warning", origin, why);
    }

    fn keep(&mut self, kind: &'static str, Origin { path, line }: Origin, why: String) {
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(ProblemEntry { kind, file: path.display().to_string(), line, why });
        }
    }

    /// The state an index is in without this run.
    pub(crate) fn start(&mut self, generation: u64, notes: u64) {
        (self.generation, self.notes) = (generation, notes);
    }

    /// A commit.
    pub(crate) fn committed(&mut self, commit: &uninote::Commit, progress: &Progress) {
        self.notes = commit.notes;
        self.unchanged += commit.unchanged;
        if commit.generation == self.generation {
            return;
        }
        self.generation = commit.generation;
        self.commits += 1;
        self.added += commit.added;
        self.updated += commit.updated;
        let notes = commit.added + commit.updated;
        progress.line(&format!("committed {notes} notes (generation {})", commit.generation));
    }

    /// Segments were merged.
    pub(crate) fn merged(&mut self, generation: u64, (before, after): (u64, u64), progress: &Progress) {
        (self.compacted, self.generation) = (true, generation);
        progress.line(&format!("merged segments, {before} -> {after} (generation {generation})"));
    }

    /// The last line.
    pub(crate) fn summary(&self) -> String {
        let Self { added, updated, unchanged, skipped, warnings, .. } = self;
        let known = [(updated, "updated"), (unchanged, "unchanged")].into_iter().filter(|(count, _)| **count > 0);
        let known: String = known.map(|(count, what)| format!(" {count} {what},")).collect();
        format!("{added} added,{known} {skipped} skipped, {warnings} warnings")
    }

    /// Whether the index holds any of what was given.
    pub(crate) const fn found_notes(&self) -> bool {
        self.added + self.updated + self.unchanged > 0
    }

    /// Prints the end result.
    pub(crate) fn print(&self, place: &Place) -> Result<(), Failure> {
        if place.json { print_json(self) } else { print(&format!("{}\n", self.summary())) }
    }
}
