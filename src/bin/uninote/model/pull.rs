//! `uninote model pull`: a model into the cache.

use super::Which;
use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::output::{diagnostic, print, print_json};
use crate::progress::Progress;
use serde::Serialize;
use std::ops::ControlFlow;
use std::path::Path;
use uninote::hub::{Hub, Pulled};

/// Arguments of `uninote model pull`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct PulledJson<'a> {
    id: &'a str,
    revision: &'a str,
    commit: &'a str,
    path: &'a Path,
    fetched_files: usize,
    fetched_bytes: u64,
}

impl Arguments {
    /// Runs the command. Ctrl-C may end the process at any moment: the cache never holds half a file under its name.
    pub(super) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let Which { id, revision, .. } = &self.which;
        let hub = Hub::from_env()?;
        let progress = Progress::of_work(format!("asking for {id}"));
        let pulled = hub.pull(id, &self.which.options(), &mut |step| {
            progress.reached(step.done, step.total, step.file);
            ControlFlow::Continue(())
        });
        progress.clear();
        let Pulled { path, commit, fetched_files, fetched_bytes, .. } = &pulled?;
        if place.json {
            let (fetched_files, fetched_bytes) = (*fetched_files, *fetched_bytes);
            print_json(&PulledJson { id, revision, commit, path, fetched_files, fetched_bytes })?;
        } else {
            diagnostic(&match fetched_files {
                0 => format!("{id} is complete in the cache"),
                files => format!("fetched {files} files of {id}, {fetched_bytes} bytes"),
            });
            print(&format!("{}\n", path.display()))?;
        }
        Ok(Outcome::Done)
    }
}
