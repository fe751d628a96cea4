//! `uninote model path`: where a model lies in the cache.

use super::Which;
use crate::Place;
use crate::failure::{Failure, Outcome};
use crate::output::{print, print_json};
use serde::Serialize;
use std::path::Path;
use uninote::hub::Hub;

/// Arguments of `uninote model path`.
#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    which: Which,
}

#[derive(Serialize)]
struct PathJson<'a> {
    id: &'a str,
    revision: &'a str,
    path: &'a Path,
}

impl Arguments {
    /// Runs the command.
    pub(super) fn run(&self, place: &Place) -> Result<Outcome, Failure> {
        let Which { id, revision, .. } = &self.which;
        let path = Hub::from_env()?.path(id, &self.which.options())?;
        if place.json {
            print_json(&PathJson { id, revision, path: &path })?
        } else {
            print(&format!("{}\n", path.display()))?
        }
        Ok(Outcome::Done)
    }
}
