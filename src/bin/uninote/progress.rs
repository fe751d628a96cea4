//! Progress on standard error, only where that is a terminal.

use crate::output;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::time::Duration;
use uninote::import::{self, ImportOptions};

/// How often a spinner moves.
const TICK: Duration = Duration::from_millis(120);
/// While the number of notes is being counted.
const COUNTING: &str = "{spinner} {pos} notes, {per_sec}, {elapsed}";
/// Once it is known.
const COUNTED: &str = "{bar:30} {pos}/{len} notes, {per_sec}, {eta} left";
/// While files arrive.
#[cfg(feature = "hub")]
const ARRIVING: &str = "{bar:30} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left, {msg}";
/// Work of several kinds, one after the other.
const STEPS: &str = "{spinner} {msg}: {pos}/{len}, {elapsed}";
/// A kind of it that does not know its end.
const STEPS_OPEN: &str = "{spinner} {msg}: {pos}, {elapsed}";
/// Work that does not say how far it is.
const WORKING: &str = "{spinner} {msg}, {elapsed}";

/// A bar or spinner. Draws nothing where standard error is no terminal.
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Progress of an import. The notes are counted by a second, quicker pass beside the work, so that a rate is shown at
    /// once and the time left soon.
    pub(crate) fn of_import(paths: &[PathBuf]) -> Self {
        let progress = Self::start(COUNTING);
        if io::stderr().is_terminal() {
            let (counted, paths) = (progress.0.clone(), paths.to_vec());
            std::thread::spawn(move || {
                counted.set_length(count(&paths));
                counted.set_style(style(COUNTED));
            });
        }
        progress
    }

    /// A bar for work on so many notes.
    pub(crate) fn of_notes(notes: u64) -> Self {
        let progress = Self::start(COUNTED);
        progress.0.set_length(notes);
        progress
    }

    /// A spinner for work that does not say how far it is.
    pub(crate) fn of_work(message: String) -> Self {
        let progress = Self::start(WORKING);
        progress.0.set_message(message);
        progress
    }

    /// So many bytes of all are there, and this file is arriving.
    #[cfg(feature = "hub")]
    pub(crate) fn reached(&self, done: u64, total: u64, file: &str) {
        if self.0.length() != Some(total) {
            self.0.set_length(total);
            self.0.set_style(style(ARRIVING));
            // What was there already says nothing about the rate.
            self.0.set_position(done);
            self.0.reset_eta();
        }
        self.0.set_message(output::one_line(file));
        self.0.set_position(done);
    }

    /// So much is done of one kind of work; `of` is 0 where its end is not known.
    pub(crate) fn at(&self, doing: &str, done: u64, of: u64) {
        if self.0.message() != doing {
            self.0.set_style(style(if of == 0 { STEPS_OPEN } else { STEPS }));
            self.0.set_message(doing.to_owned());
            self.0.set_length(of);
        }
        self.0.set_position(done);
    }

    fn start(template: &str) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_style(style(template));
        if !bar.is_hidden() {
            bar.enable_steady_tick(TICK);
        }
        Self(bar)
    }

    /// One more item is done.
    pub(crate) fn step(&self) {
        self.0.inc(1);
    }

    /// Writes a line to standard error, above the bar if there is one.
    pub(crate) fn line(&self, line: &str) {
        self.0.suspend(|| output::diagnostic(line));
    }

    /// Takes the bar away.
    pub(crate) fn clear(&self) {
        self.0.finish_and_clear();
    }
}

/// Whatever ends the work, an error too: the bar does not stay behind.
impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// The items in all sources; those that cannot be opened have none.
fn count(paths: &[PathBuf]) -> u64 {
    let mut options = ImportOptions::default();
    // Pictures do not count, so there is no need to read them.
    options.pictures.bytes = 0;
    paths.iter().filter_map(|path| import::open(path, &options).ok()).map(|items| items.count() as u64).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_valid() {
        for template in [COUNTING, COUNTED, WORKING, STEPS, STEPS_OPEN] {
            ProgressStyle::with_template(template).unwrap();
        }
        #[cfg(feature = "hub")]
        ProgressStyle::with_template(ARRIVING).unwrap();
    }
}
